//! Commands that are run to their end with nobody who reads along: what an automation looks at, takes
//! as evidence and does.

use std::future::Future;
use std::time::Duration;

use hailer_exec::{How, Program, Running};
use hailer_protocol::ids::{LeaseId, RunId};
use hailer_protocol::limits::OUTPUT_CHUNK_MAX;
use hailer_protocol::message::{Caps, Life, OutputMode, Probe, Run};
use hailer_protocol::row_plan::RowPlan;

use super::command::{DRAIN, DRAIN_MAX, until};
use super::pipe::Pipe;
use super::spec::spec;
use crate::clock;
use crate::core::Permit;
use crate::host::Host;

/// What is to be run.
#[derive(Debug, Clone)]
pub(crate) struct Alone {
    /// Names it in the command's environment.
    pub(crate) id: RunId,
    /// For `/bin/sh -c`.
    pub(crate) command: String,
    /// Environment variables beside the documented minimum.
    pub(crate) env: Vec<(String, String)>,
    /// After how long it is killed.
    pub(crate) timeout: Duration,
    /// How much of each output stream is kept, in bytes; the rest is counted.
    pub(crate) output_max: u64,
}

impl Alone {
    /// Returns it as a run that nobody waits for.
    fn run(&self) -> Run {
        Run {
            run: self.id,
            probe: Probe::Shell(self.command.clone()),
            row_plan: RowPlan::default(),
            timeout_ms: None,
            life: Life::Attached(LeaseId([0; 16])),
            output: OutputMode::Stream,
            caps: Caps {
                output_bytes: self.output_max,
                rows: 0,
                memory_bytes: None,
                cpu_seconds: None,
            },
            env: self.env.clone(),
        }
    }
}

/// How it ended.
#[derive(Debug, Clone)]
pub(crate) struct Ran {
    /// The exit code; 128 and the signal where one ended it; none where the kernel holds it.
    pub(crate) rc: Option<i32>,
    /// Its time was up.
    pub(crate) is_overdue: bool,
    /// It was told to end.
    pub(crate) is_told: bool,
    /// What it wrote to standard output, as far as it is kept.
    pub(crate) out: Vec<u8>,
    /// What it wrote to standard error, as far as it is kept.
    pub(crate) err: Vec<u8>,
    /// How many bytes it wrote.
    pub(crate) bytes: u64,
    /// How many of them are not kept.
    pub(crate) cut: u64,
    /// How long it took.
    pub(crate) wall: Duration,
}

/// Why nobody can say how it ended.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum AloneError {
    /// It never started, for sure.
    #[error("not started: {0}")]
    NotStarted(String),
    /// It may have run, in part or whole.
    #[error("its end is unknown: {0}")]
    Unknown(String),
}

/// Runs a command to its end, or until `told` comes to be; then its whole tree is killed. It does not
/// outlive the agent.
pub(crate) async fn alone(
    host: &Host,
    what: Alone,
    permit: &Permit,
    told: impl Future<Output = ()>,
) -> Result<Ran, AloneError> {
    let begun = clock::mono();
    let run = what.run();
    let spec = spec(host, &run, permit, Program::Shell(what.command))
        .await
        .map_err(|failed| AloneError::NotStarted(failed.text))?;
    let running = host.spawner().spawn(&spec).await.map_err(|e| {
        if e.may_have_run() {
            AloneError::Unknown(e.to_string())
        } else {
            AloneError::NotStarted(e.to_string())
        }
    })?;
    let Running {
        stdout,
        stderr,
        mut control,
        ..
    } = running;
    let mut pipes = Pipes {
        out: (Pipe::new(stdout, what.output_max), Vec::new()),
        err: (Pipe::new(stderr, what.output_max), Vec::new()),
    };
    let deadline = begun + what.timeout;
    let (mut is_overdue, mut is_told) = (false, false);
    let mut told = std::pin::pin!(told);
    let end = loop {
        tokio::select! {
            biased;
            ended = control.wait() => break ended,
            () = until(Some(deadline)), if !is_overdue => {
                is_overdue = true;
                control.killer().kill();
            }
            () = &mut told, if !is_told => {
                is_told = true;
                control.killer().kill();
            }
            () = pipes.out.0.readable() => pipes.take(),
            () = pipes.err.0.readable() => pipes.take(),
        }
    };
    let end = end.map_err(|e| AloneError::Unknown(e.to_string()))?;
    pipes.drain().await;
    let (out, err) = (pipes.out.0.capture(), pipes.err.0.capture());
    Ok(Ran {
        rc: match end.how {
            How::Exited(code) => Some(code),
            How::Signalled(signal) => Some(128 + signal),
            How::Unkillable => None,
        },
        is_overdue: is_overdue && end.killed,
        is_told: is_told && end.killed,
        bytes: out.total() + err.total(),
        cut: out.cut() + err.cut(),
        out: pipes.out.1,
        err: pipes.err.1,
        wall: clock::mono().since(begun),
    })
}

/// Both streams, with what is kept of them.
struct Pipes {
    out: (Pipe, Vec<u8>),
    err: (Pipe, Vec<u8>),
}

impl Pipes {
    fn take(&mut self) {
        let mut scratch = [0; OUTPUT_CHUNK_MAX];
        for (pipe, kept) in [&mut self.out, &mut self.err] {
            if let Some((_, passed)) = pipe.take(&mut scratch) {
                kept.extend_from_slice(passed);
            }
        }
    }

    /// Reads what the command left in its pipes, and listens a moment to who still holds them.
    async fn drain(&mut self) {
        self.out.0.note_end();
        self.err.0.note_end();
        let last_at = clock::mono() + DRAIN_MAX;
        while self.out.0.is_open() || self.err.0.is_open() {
            let is_paid = self.out.0.is_paid() && self.err.0.is_paid();
            if is_paid && clock::mono() >= last_at {
                return;
            }
            tokio::select! {
                biased;
                () = self.out.0.readable() => self.take(),
                () = self.err.0.readable() => self.take(),
                () = tokio::time::sleep(DRAIN) => return,
            }
        }
    }
}
