//! A command once a row: the rows one after the other, each with its own process tree, deadline,
//! journaled intent and outcome, and its own row in the answer.

use std::sync::Arc;
use std::time::Duration;

use hailer_exec::{End, How, Program, Running};
use hailer_protocol::envelope::Envelope;
use hailer_protocol::error::ErrorCode;
use hailer_protocol::limits::{EACH_OUTPUT_MAX, OUTPUT_CHUNK_MAX};
use hailer_protocol::message::{
    Batch, Done, EachRow, Failed, Message as _, Probe, Run, Started, Usage,
};
use hailer_protocol::state::State;
use hailer_protocol::table::{Column, Table};
use hailer_protocol::time::Mono;
use hailer_protocol::value::{DataType, Value};

use super::command::{DRAIN, DRAIN_MAX, until};
use super::kept::BYTES_PER_RUN_MAX;
use super::pipe::Pipe;
use super::spec::spec;
use super::{Carried, Order, ended_without_process};
use crate::clock;
use crate::core::{Entry, OutputDigests, Permit, RunEnd};
use crate::host::{Host, Told};
use crate::net::Outbound;

/// Runs the command for every row, answers, and says how it ended.
pub(super) async fn carry_out(
    host: &Arc<Host>,
    order: &Order,
    told: Told,
    outbound: &mut Outbound,
) -> Carried {
    let begun = clock::mono();
    let run = &*order.run;
    let started = Started {
        pid: None,
        again: false,
    };
    let _ = outbound.push(&started);
    outbound.flush().await;
    let mut each = Each {
        host,
        run,
        permit: &order.permit,
        told,
        outbound,
        done: Done {
            notes: Vec::new(),
            ..ended_without_process(State::Ok, Duration::ZERO, "")
        },
        kept: Vec::new(),
        kept_bytes: 0,
    };
    let failed = each.all().await.err();
    let wall = clock::mono().since(begun);
    let Each { mut done, kept, .. } = each;
    done.wall_us = micros(wall);
    let mut answer: Vec<Envelope> = Started {
        again: true,
        ..started
    }
    .to_envelope()
    .into_iter()
    .collect();
    answer.extend(kept);
    let last = match &failed {
        Some(failed) => failed.to_envelope(),
        None => done.to_envelope(),
    };
    if let Ok(last) = last {
        outbound.push_envelope(&last);
        answer.push(last);
    }
    outbound.flush().await;
    outbound.finish().await;
    Carried {
        end: RunEnd {
            state: failed.is_none().then_some(done.state),
            rc: done.rc,
            wall,
            bytes: Some(done.out_bytes + done.err_bytes),
            digests: None,
            failure: failed.map(|f| (f.code, f.text)),
        },
        answer: Some(answer),
    }
}

fn micros(d: Duration) -> u64 {
    u64::try_from(d.as_micros()).unwrap_or(u64::MAX)
}

/// The rows under way, and what has come of those that are over.
struct Each<'a> {
    host: &'a Arc<Host>,
    run: &'a Run,
    permit: &'a Permit,
    told: Told,
    outbound: &'a mut Outbound,
    /// The sum of all rows.
    done: Done,
    kept: Vec<Envelope>,
    kept_bytes: usize,
}

/// How one row's command ended.
struct Step {
    state: State,
    rc: Option<i32>,
    wall: Duration,
    out: Vec<u8>,
    err: Vec<u8>,
    is_cut: bool,
    digests: Option<OutputDigests>,
}

impl Step {
    /// A row that nothing ran for, and why.
    fn without_process(state: State, why: &str) -> Self {
        Self {
            state,
            rc: None,
            wall: Duration::ZERO,
            out: Vec::new(),
            err: why.as_bytes().to_vec(),
            is_cut: false,
            digests: None,
        }
    }
}

impl Each<'_> {
    /// Runs all rows. An error is that nobody can tell any more what ran.
    async fn all(&mut self) -> Result<(), Failed> {
        let Probe::Each {
            command,
            rows,
            timeout_ms,
            stops_at_failure,
        } = &self.run.probe
        else {
            return Err(Failed::new(ErrorCode::INTERNAL, "a probe is no command"));
        };
        let mut stopped: Option<(State, &str)> = None;
        for (number, row) in (1..).zip(rows) {
            if let Some(why) = self.told.why() {
                stopped = Some((why.state(), "it ended before it began"));
            }
            let step = match stopped {
                Some((state, why)) => Step::without_process(state, why),
                None => self.step(number, command, row, *timeout_ms).await?,
            };
            if *stops_at_failure && stopped.is_none() && step.state != State::Ok {
                stopped = Some((State::NotStarted, "a row before it was not ok"));
            }
            self.tell(number, step).await;
        }
        Ok(())
    }

    /// Runs one row's command between its intent and its outcome.
    async fn step(
        &mut self,
        number: u32,
        command: &str,
        row: &EachRow,
        timeout_ms: Option<u64>,
    ) -> Result<Step, Failed> {
        let run = self.run.run;
        let intent = Entry::StepIntent {
            run,
            step: number,
            command: command.to_owned(),
        };
        if let Err(error) = self.host.record(&intent).await {
            let text = format!("not run: the node could not write down what it was asked: {error}");
            return Ok(Step::without_process(State::Denied, &text));
        }
        let begun = clock::mono();
        let program = Program::Shell(command.to_owned());
        let mut spec = match spec(self.host, self.run, self.permit, program).await {
            Ok(spec) => spec,
            Err(failed) => return Ok(Step::without_process(State::Denied, &failed.text)),
        };
        let added = row.env.iter().map(|(k, v)| (k.into(), v.into()));
        spec.env.extend(added);
        let step = match self.host.spawner().spawn(&spec).await {
            Ok(running) => {
                self.host.arm(run, running.pid, running.control.killer());
                let deadline = timeout_ms.map(|ms| begun + Duration::from_millis(ms));
                self.follow(running, deadline, begun).await
            }
            Err(e) if e.may_have_run() => Err(Failed::new(ErrorCode::UNKNOWN, e.to_string())),
            Err(e) => Ok(Step::without_process(State::Failed, &e.to_string())),
        };
        let outcome = Entry::StepOutcome {
            run,
            step: number,
            state: step.as_ref().ok().map(|step| step.state),
            rc: step.as_ref().ok().and_then(|step| step.rc),
            digests: step.as_ref().ok().and_then(|step| step.digests),
        };
        if let Err(error) = self.host.record(&outcome).await {
            tracing::error!(%error, "an entry of the journal is lost");
        }
        step
    }

    /// Reads what the command writes until it and its pipes have ended.
    async fn follow(
        &mut self,
        running: Running,
        deadline: Option<Mono>,
        begun: Mono,
    ) -> Result<Step, Failed> {
        let Running {
            stdout,
            stderr,
            mut control,
            ..
        } = running;
        let max = self.run.caps.output_bytes.min(EACH_OUTPUT_MAX as u64);
        let mut pipes = Pipes {
            out: (Pipe::new(stdout, max), Vec::new()),
            err: (Pipe::new(stderr, max), Vec::new()),
        };
        let mut is_overdue = false;
        let end = loop {
            tokio::select! {
                biased;
                ended = control.wait() => break ended,
                () = until(deadline), if !is_overdue => {
                    is_overdue = true;
                    control.killer().kill();
                }
                () = pipes.out.0.readable() => pipes.take(),
                () = pipes.err.0.readable() => pipes.take(),
            }
        };
        let end = end.map_err(|e| Failed::new(ErrorCode::UNKNOWN, e.to_string()))?;
        pipes.drain(&mut self.done.notes).await;
        let rc = match end.how {
            How::Exited(code) => Some(code),
            How::Signalled(signal) => Some(128 + signal),
            How::Unkillable => None,
        };
        let state = match self.told.why() {
            Some(why) if end.killed => why.state(),
            Some(_) | None if is_overdue && end.killed => State::TimedOut,
            Some(_) | None if rc == Some(0) => State::Ok,
            Some(_) | None => State::Failed,
        };
        Ok(self.sum_up(&end, state, rc, pipes, clock::mono().since(begun)))
    }

    fn sum_up(
        &mut self,
        end: &End,
        state: State,
        rc: Option<i32>,
        pipes: Pipes,
        wall: Duration,
    ) -> Step {
        let (out, err) = (pipes.out.0.capture(), pipes.err.0.capture());
        let usage: &mut Usage = &mut self.done.usage;
        usage.user_us += micros(end.user);
        usage.system_us += micros(end.system);
        usage.max_rss_bytes = usage.max_rss_bytes.max(end.max_rss_bytes);
        self.done.held.rlimits = end.held.rlimits;
        self.done.held.cgroup = end.held.cgroup;
        self.done.left_behind += end.left_behind;
        let cut = out.cut() + err.cut();
        self.done.out_bytes += out.total();
        self.done.err_bytes += err.total();
        self.done.cut_bytes += cut;
        Step {
            state,
            rc,
            wall,
            is_cut: cut > 0,
            digests: Some(OutputDigests {
                out: out.digest(),
                err: err.digest(),
            }),
            out: pipes.out.1,
            err: pipes.err.1,
        }
    }

    /// Sends one row's answer, and adds it to the sum.
    async fn tell(&mut self, number: u32, step: Step) {
        let (worst, rc) = worse((self.done.state, self.done.rc), (step.state, step.rc));
        (self.done.state, self.done.rc) = (worst, rc);
        let batch = Batch {
            table: table_of(number, &step),
        };
        match batch.to_envelope() {
            Ok(envelope) => {
                self.outbound.push_envelope(&envelope);
                if self.kept_bytes + envelope.body.len() <= BYTES_PER_RUN_MAX {
                    self.kept_bytes += envelope.body.len();
                    self.kept.push(envelope);
                }
            }
            Err(error) => {
                tracing::error!(%error, "a row's answer fits no envelope");
                self.done.cut_rows += 1;
            }
        }
        let given_up = async {
            self.told.end().await;
            tokio::time::sleep(self.host.config().bounds.last_words).await;
        };
        let is_given_up = tokio::select! {
            biased;
            () = self.outbound.flush() => false,
            () = given_up => true,
        };
        if is_given_up {
            self.outbound.abandon();
        }
    }
}

/// Both streams of one row's command, with what passed.
struct Pipes {
    out: (Pipe, Vec<u8>),
    err: (Pipe, Vec<u8>),
}

impl Pipes {
    fn take(&mut self) {
        let mut scratch = [0; OUTPUT_CHUNK_MAX];
        for (pipe, taken) in [&mut self.out, &mut self.err] {
            if let Some((_, passed)) = pipe.take(&mut scratch) {
                taken.extend_from_slice(passed);
            }
        }
    }

    /// Reads what the command left in its pipes, and listens a moment to who still holds them.
    async fn drain(&mut self, notes: &mut Vec<String>) {
        self.out.0.note_end();
        self.err.0.note_end();
        let last_at = clock::mono() + DRAIN_MAX;
        while self.out.0.is_open() || self.err.0.is_open() {
            let is_paid = self.out.0.is_paid() && self.err.0.is_paid();
            if is_paid && clock::mono() >= last_at {
                notes.push("what a row's command left behind goes on writing".to_owned());
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

/// Returns the worse of two ends: the sum is ok where all rows are.
fn worse(a: (State, Option<i32>), b: (State, Option<i32>)) -> (State, Option<i32>) {
    let rank = |state: State| match state {
        State::Ok => 0,
        State::NotStarted => 1,
        State::Failed => 2,
        State::Denied => 3,
        State::TimedOut => 4,
        State::Cancelled => 5,
        State::Unreachable | State::Lost | State::Undeliverable => 6,
    };
    // Only the shell can tell who had no turn, and a node whose policy failed has failed.
    let state = |state: State| {
        if matches!(state, State::NotStarted | State::Denied) {
            State::Failed
        } else {
            state
        }
    };
    if rank(b.0) > rank(a.0) || (a.1.is_none() && rank(b.0) == rank(a.0)) {
        (state(b.0), b.1)
    } else {
        a
    }
}

fn table_of(number: u32, step: &Step) -> Table {
    let text = |bytes: &[u8]| Value::Str(String::from_utf8_lossy(bytes).into_owned());
    let ms = i64::try_from(step.wall.as_millis()).unwrap_or(i64::MAX);
    let (columns, row) = [
        ("row", DataType::Int, Value::Int(i64::from(number))),
        ("state", DataType::Str, Value::from(step.state.as_str())),
        ("rc", DataType::Int, Value::from(step.rc.map(i64::from))),
        ("ms", DataType::Int, Value::Int(ms)),
        ("truncated", DataType::Bool, Value::Bool(step.is_cut)),
        ("out", DataType::Str, text(&step.out)),
        ("err", DataType::Str, text(&step.err)),
    ]
    .into_iter()
    .map(|(name, data_type, value)| (Column::new(name, data_type), value))
    .unzip();
    Table {
        columns,
        rows: vec![row],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_of_rows_is_its_worst_and_only_the_shell_says_not_started() {
        let ok = (State::Ok, Some(0));
        for (rows, expected) in [
            (vec![ok, ok], ok),
            (
                vec![ok, (State::Failed, Some(3)), ok],
                (State::Failed, Some(3)),
            ),
            (
                vec![(State::Failed, Some(3)), (State::NotStarted, None)],
                (State::Failed, Some(3)),
            ),
            (
                vec![(State::TimedOut, Some(137)), (State::Failed, Some(1))],
                (State::TimedOut, Some(137)),
            ),
        ] {
            let sum = rows.into_iter().fold((State::Ok, None), worse);
            assert_eq!(sum, expected);
        }
    }
}
