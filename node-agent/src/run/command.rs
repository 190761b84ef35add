//! Commands: a process tree, its output on the way to the asker, its end.
//!
//! Nothing is read from the command's pipes faster than the asker takes it: QUIC's flow control
//! reaches down to the child. Killing does not wait for that; it goes through [`Host::kill`].

use std::sync::Arc;
use std::time::Duration;

use hailer_exec::{Control, End, How, Program, Rlimits, Running, Spec, Stdin};
use hailer_protocol::clean::NodeBytes;
use hailer_protocol::envelope::Envelope;
use hailer_protocol::error::ErrorCode;
use hailer_protocol::eval::Evaluator;
use hailer_protocol::limits::{OUTPUT_CHUNK_MAX, PARSE_INPUT_MAX};
use hailer_protocol::message::{
    Done, Failed, Held, Life, Message, Output, Probe, Run, Started, Usage,
};
use hailer_protocol::state::State;
use hailer_protocol::table::{Column, Table};
use hailer_protocol::time::Mono;
use hailer_protocol::value::{DataType, Value};
use tokio::net::unix::pipe;

use super::answer::batches;
use super::capture::Capture;
use super::environment::environment;
use super::kept::BYTES_PER_RUN_MAX;
use crate::clock;
use crate::core::{KillReason, RunEnd};
use crate::host::Host;
use crate::net::Outbound;

/// What waits this long is written out: short enough to follow output live, long enough that the
/// answer of a quick command leaves in one packet.
const FLUSH_AFTER: Duration = Duration::from_millis(5);

/// Output that waits is written out at this size.
const FLUSH_AT: usize = OUTPUT_CHUNK_MAX;

/// How long pipes that somebody still holds open are listened to after the command's own end.
const DRAIN: Duration = Duration::from_millis(100);

/// How long an asker may take to accept the last of a killed command's answer.
const LAST_WORDS: Duration = Duration::from_secs(10);

/// What is said of a command that the kernel does not let die: it waits for a device.
const UNKILLABLE: &str = "the command was killed and has not died: it waits in the kernel (state D), probably for a disk or a network filesystem";

/// Runs the command, answers, and says how it ended.
pub(super) async fn carry_out(host: &Arc<Host>, run: &Run, outbound: &mut Outbound) -> RunEnd {
    let begun = clock::mono();
    host.enter(run.run);
    host.kept().begin(run.run);
    let evaluator = match plan_of(run) {
        Ok(evaluator) => evaluator,
        Err(failed) => return refuse(host, run, begun, failed, outbound).await,
    };
    let running = match host.spawner().spawn(&spec(host, run)).await {
        Ok(running) => running,
        Err(e) => {
            let failed = Failed {
                code: ErrorCode::SPAWN,
                text: e.to_string(),
            };
            return refuse(host, run, begun, failed, outbound).await;
        }
    };
    host.arm(run.run, running.control.killer());
    let mut command = Command::new(run, running, outbound, evaluator.is_some());
    let ended = command.follow().await;
    let (answer, end) = command.conclude(host, run, begun, ended, evaluator).await;
    host.leave(run.run);
    host.kept().end(run.run, answer);
    end
}

fn plan_of(run: &Run) -> Result<Option<Evaluator>, Failed> {
    if run.row_plan.steps.is_empty() {
        return Ok(None);
    }
    Evaluator::new(&run.row_plan).map(Some).map_err(|e| Failed {
        code: ErrorCode::PLAN,
        text: e.to_string(),
    })
}

fn spec(host: &Host, run: &Run) -> Spec {
    let config = host.config();
    let program = match &run.probe {
        Probe::Argv(argv) => Program::Argv(argv.clone()),
        Probe::Shell(line) => Program::Shell(line.clone()),
        // The core hands only commands to this file.
        Probe::Metric(name) => Program::Shell(format!("exit 70 # metric {name}")),
        Probe::Facts(_) => Program::Shell("exit 70 # facts".to_owned()),
    };
    let defaults = Rlimits::default();
    Spec {
        program,
        env: environment(&config.node, run.run, &run.env),
        cwd: config.workdir.clone(),
        stdin: Stdin::Null,
        detached: matches!(run.life, Life::Detached),
        kill_grace: config.kill_grace,
        limits: Rlimits {
            address_space_bytes: run.caps.memory_bytes,
            cpu_seconds: run.caps.cpu_seconds,
            ..defaults
        },
    }
}

async fn refuse(
    host: &Arc<Host>,
    run: &Run,
    begun: Mono,
    failed: Failed,
    outbound: &mut Outbound,
) -> RunEnd {
    let end = RunEnd {
        state: None,
        rc: None,
        wall: clock::mono().since(begun),
        failure: Some((failed.code, failed.text.clone())),
    };
    host.leave(run.run);
    let envelope = failed.to_envelope().ok();
    if let Some(envelope) = &envelope {
        outbound.push_envelope(envelope);
    }
    host.kept().end(run.run, envelope.into_iter().collect());
    outbound.finish().await;
    end
}

/// A command under way and what has come of it.
struct Command<'a> {
    outbound: &'a mut Outbound,
    control: Control,
    out: Pipe,
    err: Pipe,
    started: Started,
    /// Standard output is collected for the row plan instead of travelling.
    collects: bool,
    collected: Vec<u8>,
    kept: Vec<Output>,
    kept_bytes: usize,
}

/// One of the command's output streams.
struct Pipe {
    receiver: Option<pipe::Receiver>,
    capture: Capture,
    is_stderr: bool,
}

impl Pipe {
    /// Waits until bytes or the end are there; for ever once the end was read.
    async fn readable(&self) {
        match &self.receiver {
            Some(receiver) => {
                let _ = receiver.readable().await;
            }
            None => std::future::pending().await,
        }
    }
}

/// What ends [`Command::follow`].
enum Ended {
    /// The process tree has ended or was left behind.
    Command(End),
    /// The supervisor is gone; what became of the command cannot be told.
    Unknown(String),
}

impl<'a> Command<'a> {
    fn new(run: &Run, running: Running, outbound: &'a mut Outbound, collects: bool) -> Self {
        let Running {
            pid,
            stdout,
            stderr,
            control,
            ..
        } = running;
        let out_max = if collects {
            PARSE_INPUT_MAX as u64
        } else {
            run.caps.output_bytes
        };
        let pipe = |receiver, max, is_stderr| Pipe {
            receiver: Some(receiver),
            capture: Capture::new(max),
            is_stderr,
        };
        Self {
            outbound,
            control,
            out: pipe(stdout, out_max, false),
            err: pipe(stderr, run.caps.output_bytes, true),
            started: Started {
                pid: Some(pid),
                again: false,
            },
            collects,
            collected: Vec::new(),
            kept: Vec::new(),
            kept_bytes: 0,
        }
    }

    /// Passes output on until the command has ended and its pipes have nothing more to say.
    async fn follow(&mut self) -> Ended {
        let started = self.started.clone();
        let _ = self.outbound.push(&started);
        let mut flush_at = Some(clock::mono() + FLUSH_AFTER);
        let mut ended: Option<Ended> = None;
        let mut quiet_at: Option<Mono> = None;
        loop {
            if ended.is_some() && self.out.receiver.is_none() && self.err.receiver.is_none() {
                break;
            }
            tokio::select! {
                biased;
                () = self.out.readable() => self.take(false),
                () = self.err.readable() => self.take(true),
                end = self.control.wait(), if ended.is_none() => {
                    ended = Some(match end {
                        Ok(end) => Ended::Command(end),
                        Err(e) => Ended::Unknown(e.to_string()),
                    });
                    quiet_at = Some(clock::mono() + DRAIN);
                    continue;
                }
                () = until(flush_at) => {
                    flush_at = None;
                    self.outbound.flush().await;
                    continue;
                }
                () = until(quiet_at) => break,
            }
            quiet_at = quiet_at.map(|_| clock::mono() + DRAIN);
            if self.outbound.waiting() >= FLUSH_AT {
                flush_at = None;
                self.outbound.flush().await;
            } else if self.outbound.waiting() > 0 && flush_at.is_none() {
                flush_at = Some(clock::mono() + FLUSH_AFTER);
            }
        }
        ended.unwrap_or_else(|| Ended::Unknown("the command was not waited for".to_owned()))
    }

    /// Takes what a pipe holds at this moment, at most one chunk.
    fn take(&mut self, is_stderr: bool) {
        let pipe = if is_stderr {
            &mut self.err
        } else {
            &mut self.out
        };
        let Some(receiver) = &pipe.receiver else {
            return;
        };
        let mut scratch = [0; OUTPUT_CHUNK_MAX];
        let bytes = match receiver.try_read(&mut scratch) {
            Ok(0) => {
                pipe.receiver = None;
                return;
            }
            Ok(n) => &scratch[..n],
            Err(e) if e.kind() == std::io::ErrorKind::WouldBlock => return,
            Err(e) => {
                tracing::debug!(error = %e, "a pipe broke");
                pipe.receiver = None;
                return;
            }
        };
        let (offset, passed) = pipe.capture.take(bytes);
        if passed.is_empty() {
            return;
        }
        if self.collects && !pipe.is_stderr {
            self.collected.extend_from_slice(passed);
            return;
        }
        let output = Output {
            is_stderr: pipe.is_stderr,
            offset,
            bytes: NodeBytes(passed.to_vec()),
        };
        let _ = self.outbound.push(&output);
        let room = BYTES_PER_RUN_MAX.saturating_sub(self.kept_bytes);
        if room > 0 {
            let mut output = output;
            output.bytes.0.truncate(room);
            self.kept_bytes += output.bytes.0.len();
            self.kept.push(output);
        }
    }

    /// Sends the end, and returns the answer that is kept and how the run ended.
    async fn conclude(
        mut self,
        host: &Host,
        run: &Run,
        begun: Mono,
        ended: Ended,
        evaluator: Option<Evaluator>,
    ) -> (Vec<Envelope>, RunEnd) {
        let wall = clock::mono().since(begun);
        let end = match ended {
            Ended::Command(end) => end,
            Ended::Unknown(text) => return self.fail(wall, ErrorCode::INTERNAL, text).await,
        };
        let mut done = self.done(&end, host.why_killed(run.run), wall);
        let mut rows = Vec::new();
        if let Some(evaluator) = evaluator {
            let table = self.collected_table(&done);
            match evaluate(evaluator, table, run.caps.rows).await {
                Ok((made, cut_rows, notes)) => {
                    rows = made;
                    done.cut_rows = cut_rows;
                    done.notes.extend(notes);
                }
                Err(text) => return self.fail(wall, ErrorCode::PLAN, text).await,
            }
        }
        rows.iter().for_each(|e| self.outbound.push_envelope(e));
        let _ = self.outbound.push(&done);
        self.last_words(end.killed).await;
        let run_end = RunEnd {
            state: Some(done.state),
            rc: done.rc,
            wall,
            failure: None,
        };
        (self.to_keep(rows, done), run_end)
    }

    fn done(&self, end: &End, why: Option<KillReason>, wall: Duration) -> Done {
        let rc = match end.how {
            How::Exited(code) => Some(code),
            How::Signalled(signal) => Some(128 + signal),
            How::Unkillable => None,
        };
        let state = match why {
            Some(why) if end.killed => why.state(),
            Some(_) | None if rc == Some(0) => State::Ok,
            Some(_) | None => State::Failed,
        };
        let micros = |d: Duration| u64::try_from(d.as_micros()).unwrap_or(u64::MAX);
        Done {
            state,
            rc,
            wall_us: micros(wall),
            usage: Usage {
                user_us: micros(end.user),
                system_us: micros(end.system),
                max_rss_bytes: end.max_rss_bytes,
            },
            out_bytes: self.out.capture.total(),
            err_bytes: self.err.capture.total(),
            cut_bytes: self.out.capture.cut() + self.err.capture.cut(),
            cut_rows: 0,
            held: Held {
                rlimits: end.held.rlimits,
                cgroup: end.held.cgroup,
            },
            left_behind: end.left_behind,
            notes: match end.how {
                How::Unkillable => vec![UNKILLABLE.to_owned()],
                How::Exited(_) | How::Signalled(_) => Vec::new(),
            },
        }
    }

    /// The one row that `parse` and `where` start from.
    fn collected_table(&mut self, done: &Done) -> Table {
        let text = String::from_utf8_lossy(&std::mem::take(&mut self.collected)).into_owned();
        let int = |n: u64| Value::Int(i64::try_from(n).unwrap_or(i64::MAX));
        let (columns, row) = [
            ("state", DataType::Str, Value::from(done.state.as_str())),
            ("rc", DataType::Int, Value::from(done.rc.map(i64::from))),
            ("ms", DataType::Int, int(done.wall_us / 1000)),
            (
                "bytes",
                DataType::Size,
                Value::Size(i64::try_from(done.out_bytes + done.err_bytes).unwrap_or(i64::MAX)),
            ),
            ("truncated", DataType::Bool, Value::Bool(done.cut_bytes > 0)),
            ("out", DataType::Str, Value::Str(text)),
        ]
        .into_iter()
        .map(|(name, data_type, value)| (Column::new(name, data_type), value))
        .unzip();
        Table {
            columns,
            rows: vec![row],
        }
    }

    async fn fail(self, wall: Duration, code: ErrorCode, text: String) -> (Vec<Envelope>, RunEnd) {
        let failed = Failed {
            code,
            text: text.clone(),
        };
        let envelope = failed.to_envelope().ok();
        if let Some(envelope) = &envelope {
            self.outbound.push_envelope(envelope);
        }
        self.outbound.finish().await;
        let end = RunEnd {
            state: None,
            rc: None,
            wall,
            failure: Some((code, text)),
        };
        (envelope.into_iter().collect(), end)
    }

    /// Ends the stream. Who killed the command cannot make the agent wait for ever to hear of it.
    async fn last_words(&mut self, killed: bool) {
        if !killed {
            return self.outbound.finish().await;
        }
        let finished = tokio::time::timeout(LAST_WORDS, self.outbound.finish()).await;
        if finished.is_err() {
            self.outbound.abandon();
        }
    }

    /// The answer for a request that arrives again: what was kept, with the rest counted as cut.
    fn to_keep(self, rows: Vec<Envelope>, mut done: Done) -> Vec<Envelope> {
        let started = Started {
            again: true,
            ..self.started
        };
        let kept: u64 = self.kept.iter().map(|o| o.bytes.0.len() as u64).sum();
        let collected = if self.collects {
            self.out.capture.total() - self.out.capture.cut()
        } else {
            0
        };
        done.cut_bytes = done.out_bytes + done.err_bytes - kept - collected;
        let rows_bytes: usize = rows.iter().map(|e| e.body.len()).sum();
        let mut answer: Vec<Envelope> = started.to_envelope().into_iter().collect();
        answer.extend(self.kept.iter().filter_map(|o| o.to_envelope().ok()));
        if rows_bytes <= BYTES_PER_RUN_MAX {
            answer.extend(rows);
        } else {
            done.notes.push("the rows are no longer held".to_owned());
        }
        answer.extend(done.to_envelope());
        answer
    }
}

async fn until(at: Option<Mono>) {
    match at {
        Some(at) => tokio::time::sleep_until(clock::deadline(at)).await,
        None => std::future::pending().await,
    }
}

/// Evaluates off the runtime where it could take long.
async fn evaluate(
    evaluator: Evaluator,
    table: Table,
    rows_max: u64,
) -> Result<(Vec<Envelope>, u64, Vec<String>), String> {
    let large = table.rows.iter().flatten().any(|v| match v {
        Value::Str(text) => text.len() > 64 << 10,
        Value::Null
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Float(_)
        | Value::Duration(_)
        | Value::Size(_)
        | Value::Percent(_)
        | Value::Time(_) => false,
    });
    let work = move || {
        let evaluated = evaluator.run(table).map_err(|e| e.to_string())?;
        let notes = evaluated.notes.iter().map(ToString::to_string).collect();
        let made = batches(evaluated.table, rows_max).map_err(|e| e.to_string())?;
        Ok((made.envelopes, made.cut_rows, notes))
    };
    if large {
        tokio::task::spawn_blocking(work)
            .await
            .map_err(|e| format!("the evaluation broke off: {e}"))?
    } else {
        work()
    }
}
