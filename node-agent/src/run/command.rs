//! Commands: a process tree, its output on the way to the asker, its end.
//!
//! Nothing is read from the command's pipes faster than the asker takes it: QUIC's flow control
//! reaches down to the child. Killing does not wait for that; it goes through [`Host::kill`].

use std::sync::Arc;
use std::time::Duration;

use hailer_exec::{Control, End, How, Running};
use hailer_protocol::clean::NodeBytes;
use hailer_protocol::envelope::Envelope;
use hailer_protocol::error::ErrorCode;
use hailer_protocol::eval::Evaluator;
use hailer_protocol::limits::{OUTPUT_CHUNK_MAX, PARSE_INPUT_MAX};
use hailer_protocol::message::{Done, Failed, Life, Message, Output, Run, Started, Usage};
use hailer_protocol::state::State;
use hailer_protocol::time::Mono;

use super::asked::{plan_of, program_of};
use super::held::{held, sandboxed};
use super::keep::Keep;
use super::line_rows::LineRows;
use super::pipe::Pipe;
use super::rows::{evaluate, row_of};
use super::spec::spec;
use super::{Carried, Order};
use super::{kept, room, shelf};
use crate::clock;
use crate::core::{KillReason, OutputDigests, RunEnd};
use crate::host::{Host, Told};
use crate::net::Outbound;

/// What waits this long is written out: short enough to follow output live, long enough that the
/// answer of a quick command leaves in one packet.
const FLUSH_AFTER: Duration = Duration::from_millis(5);

/// Output that waits is written out at this size.
const FLUSH_AT: usize = OUTPUT_CHUNK_MAX;

/// How long pipes that somebody still holds open must be silent, after the command's own end, to
/// be listened to no longer.
pub(super) const DRAIN: Duration = Duration::from_millis(100);

/// How long they are listened to at most. What the command itself wrote is always read.
pub(super) const DRAIN_MAX: Duration = Duration::from_secs(1);

/// What is said when that time is up and there is no silence.
const STILL_WRITES: &str =
    "the command has ended, and what it left behind goes on writing; that is not shown";

/// What is said of output that is not parsed to its end since other runs' output fills the room.
const NO_ROOM: &str =
    "this agent has no room for more output to parse: the output of other runs fills it";

/// What is said of a command that the kernel does not let die: it waits for a device.
const UNKILLABLE: &str = "the command was killed and has not died: it waits in the kernel (state D), probably for a disk or a network filesystem";

/// Runs the command, answers, and says how it ended.
pub(super) async fn carry_out(
    host: &Arc<Host>,
    order: &Order,
    told: Told,
    outbound: &mut Outbound,
) -> Carried {
    let begun = clock::mono();
    let run = &*order.run;
    let (evaluator, each_line) = match plan_of(run) {
        Ok(planned) => planned,
        Err(failed) => return refuse(begun, failed, outbound).await,
    };
    let Some(program) = program_of(&run.probe) else {
        let failed = Failed::new(ErrorCode::INTERNAL, "a probe is no command".to_owned());
        return refuse(begun, failed, outbound).await;
    };
    let spec = match spec(host, run, &order.permit, program).await {
        Ok(spec) => spec,
        Err(failed) => return refuse(begun, failed, outbound).await,
    };
    let running = match host.spawner().spawn(&spec).await {
        Ok(running) => running,
        Err(e) => {
            // What may have run is not told as what did not.
            let code = if e.may_have_run() {
                ErrorCode::UNKNOWN
            } else {
                ErrorCode::SPAWN
            };
            let failed = Failed::new(code, e.to_string());
            return refuse(begun, failed, outbound).await;
        }
    };
    host.arm(run.run, running.pid, running.control.killer());
    let mut command = Command::new(
        host,
        run,
        running,
        told,
        outbound,
        evaluator.is_some(),
        each_line,
    );
    if let (Some(_), Some(user)) = (&order.permit.reading, &order.permit.run_as) {
        let note = format!("a reading: as {user}, without a shell, in the sandbox");
        command.notes.push(note);
    }
    let ended = command.follow().await;
    command.conclude(run, begun, ended, evaluator).await
}

async fn refuse(begun: Mono, failed: Failed, outbound: &mut Outbound) -> Carried {
    let end = RunEnd {
        state: None,
        rc: None,
        wall: clock::mono().since(begun),
        bytes: None,
        digests: None,
        failure: Some((failed.code, failed.text.clone())),
    };
    let envelope = failed.to_envelope().ok();
    if let Some(envelope) = &envelope {
        outbound.push_envelope(envelope);
    }
    outbound.finish().await;
    let answer = Some(envelope.into_iter().collect());
    Carried { end, answer }
}

/// A command under way and what has come of it.
struct Command<'a> {
    outbound: &'a mut Outbound,
    told: Told,
    last_words: Duration,
    control: Control,
    out: Pipe,
    err: Pipe,
    started: Started,
    /// Standard output is collected for the row plan instead of travelling.
    collects: bool,
    collected: Vec<u8>,
    /// What `collected` takes of the room that all runs share.
    room: room::Held,
    /// Rows are made of standard output line by line, as it comes.
    each_line: Option<LineRows>,
    /// Rows of single lines have left, of which nothing is kept.
    rows_left: bool,
    keep: Keep,
    notes: Vec<String>,
}

/// Until when pipes are listened to after the command's own end.
struct Drain {
    /// Until here, if they stay silent.
    quiet_at: Mono,
    /// Until here, if they do not.
    last_at: Mono,
}

impl From<Mono> for Drain {
    fn from(end: Mono) -> Self {
        Self {
            quiet_at: end + DRAIN,
            last_at: end + DRAIN_MAX,
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
    fn new(
        host: &Host,
        run: &Run,
        running: Running,
        told: Told,
        outbound: &'a mut Outbound,
        has_plan: bool,
        each_line: Option<LineRows>,
    ) -> Self {
        let Running {
            pid,
            stdout,
            stderr,
            control,
            ..
        } = running;
        let out_max = match &each_line {
            Some(_) => u64::MAX,
            None if has_plan => PARSE_INPUT_MAX as u64,
            None => run.caps.output_bytes,
        };
        Self {
            outbound,
            told,
            last_words: host.config().bounds.last_words,
            control,
            out: Pipe::new(stdout, out_max),
            err: Pipe::new(stderr, run.caps.output_bytes),
            started: Started {
                pid: Some(pid),
                again: false,
            },
            collects: has_plan || each_line.is_some(),
            collected: Vec::new(),
            room: host.room().hold(),
            each_line,
            rows_left: false,
            keep: Keep::new(match run.life {
                Life::Attached(_) => kept::BYTES_PER_RUN_MAX,
                Life::Detached => shelf::BYTES_PER_RUN_MAX,
            }),
            notes: Vec::new(),
        }
    }

    /// Passes output on until the command has ended and its pipes have nothing more to say.
    async fn follow(&mut self) -> Ended {
        let started = self.started.clone();
        let _ = self.outbound.push(&started);
        let mut flush_at = Some(clock::mono() + FLUSH_AFTER);
        let mut end: Option<(Ended, Drain)> = None;
        loop {
            let quiet_at = match &end {
                Some(_) if !self.out.is_open() && !self.err.is_open() => break,
                Some((_, drain)) if self.is_drained(drain) => {
                    self.notes.push(STILL_WRITES.to_owned());
                    break;
                }
                Some((_, drain)) => Some(drain.quiet_at),
                None => None,
            };
            // The end comes first, or a child that writes for ever would hide it.
            tokio::select! {
                biased;
                ended = self.control.wait(), if end.is_none() => {
                    self.out.note_end();
                    self.err.note_end();
                    let ended = ended.map_or_else(|e| Ended::Unknown(e.to_string()), Ended::Command);
                    end = Some((ended, Drain::from(clock::mono())));
                    continue;
                }
                () = self.out.readable() => {
                    self.take(false);
                    self.take(true);
                }
                () = self.err.readable() => self.take(true),
                () = until(flush_at) => {
                    flush_at = None;
                    self.flush().await;
                    continue;
                }
                () = until(quiet_at) => break,
            }
            if self.outbound.waiting() >= FLUSH_AT {
                flush_at = None;
                self.flush().await;
            } else if self.outbound.waiting() > 0 && flush_at.is_none() {
                flush_at = Some(clock::mono() + FLUSH_AFTER);
            }
            if let Some((_, drain)) = &mut end {
                drain.quiet_at = clock::mono() + DRAIN;
            }
        }
        end.map_or_else(
            || Ended::Unknown("the command was not waited for".to_owned()),
            |(ended, _)| ended,
        )
    }

    /// Whether the command's own output is read and nobody else's need be waited for any longer.
    fn is_drained(&self, drain: &Drain) -> bool {
        self.out.is_paid() && self.err.is_paid() && clock::mono() >= drain.last_at
    }

    /// Writes what waits, as slowly as the asker reads. One who does not take the output of a run
    /// that was told to end is given up.
    async fn flush(&mut self) {
        let Self {
            outbound,
            told,
            last_words,
            ..
        } = self;
        let given_up = async {
            told.end().await;
            tokio::time::sleep(*last_words).await;
        };
        let is_given_up = tokio::select! {
            biased;
            () = outbound.flush() => false,
            () = given_up => true,
        };
        if is_given_up {
            self.outbound.abandon();
        }
    }

    /// Takes what a pipe holds at this moment, at most one chunk.
    fn take(&mut self, is_stderr: bool) {
        let pipe = if is_stderr {
            &mut self.err
        } else {
            &mut self.out
        };
        let mut scratch = [0; OUTPUT_CHUNK_MAX];
        let Some((offset, passed)) = pipe.take(&mut scratch) else {
            return;
        };
        if self.collects && !is_stderr {
            if let Some(each_line) = &mut self.each_line {
                let rows = each_line.take(passed);
                self.rows_left |= !rows.is_empty();
                rows.iter().for_each(|e| self.outbound.push_envelope(e));
                return;
            }
            let length = passed.len();
            if self.room.grow(length) {
                self.collected.extend_from_slice(passed);
            } else {
                self.notes.push(NO_ROOM.to_owned());
                self.out.close(length as u64);
            }
            return;
        }
        let output = Output {
            is_stderr,
            offset,
            bytes: NodeBytes(passed.to_vec()),
        };
        let _ = self.outbound.push(&output);
        self.keep.take(output);
    }

    /// Sends the end, and returns the answer that is kept and how the run ended.
    async fn conclude(
        mut self,
        run: &Run,
        begun: Mono,
        ended: Ended,
        evaluator: Option<Evaluator>,
    ) -> Carried {
        let wall = clock::mono().since(begun);
        let end = match ended {
            Ended::Command(end) => end,
            Ended::Unknown(text) => return self.fail(wall, ErrorCode::UNKNOWN, text).await,
        };
        let mut done = self.done(&end, self.told.why(), wall);
        let mut rows = Vec::new();
        if let Some(evaluator) = evaluator {
            let table = row_of(&done, &std::mem::take(&mut self.collected));
            match evaluate(evaluator, table, run.caps.rows).await {
                Ok((made, cut_rows, notes)) => {
                    rows = made;
                    done.cut_rows = cut_rows;
                    done.notes.extend(notes);
                }
                Err(text) => return self.fail(wall, ErrorCode::PLAN, text).await,
            }
        }
        if let Some(each_line) = self.each_line.take() {
            let (last, ended) = each_line.end();
            last.iter().for_each(|e| self.outbound.push_envelope(e));
            self.rows_left |= !last.is_empty();
            done.cut_rows = ended.cut_rows;
            done.notes.extend(ended.notes);
        }
        rows.iter().for_each(|e| self.outbound.push_envelope(e));
        let sandboxed = sandboxed(end.held).and_then(|s| s.to_envelope().ok());
        sandboxed
            .iter()
            .for_each(|e| self.outbound.push_envelope(e));
        let _ = self.outbound.push(&done);
        self.finish().await;
        let end = RunEnd {
            state: Some(done.state),
            rc: done.rc,
            wall,
            bytes: Some(done.out_bytes.saturating_add(done.err_bytes)),
            digests: self.digests(),
            failure: None,
        };
        let answer = Some(self.into_kept(rows, sandboxed, done));
        Carried { end, answer }
    }

    fn done(&mut self, end: &End, why: Option<KillReason>, wall: Duration) -> Done {
        let rc = match end.how {
            How::Exited(code) => Some(code),
            How::Signalled(signal) => Some(128 + signal),
            How::Unkillable => None,
        };
        let mut notes = std::mem::take(&mut self.notes);
        if end.how == How::Unkillable {
            notes.push(UNKILLABLE.to_owned());
        }
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
            out_bytes: self.out.capture().total(),
            err_bytes: self.err.capture().total(),
            cut_bytes: self.out.capture().cut() + self.err.capture().cut(),
            cut_rows: 0,
            held: held(end.held),
            left_behind: end.left_behind,
            notes,
        }
    }

    async fn fail(mut self, wall: Duration, code: ErrorCode, text: String) -> Carried {
        let failed = Failed::new(code, text);
        let envelope = failed.to_envelope().ok();
        if let Some(envelope) = &envelope {
            self.outbound.push_envelope(envelope);
        }
        self.finish().await;
        let end = RunEnd {
            state: None,
            rc: None,
            wall,
            bytes: None,
            digests: self.digests(),
            failure: Some((failed.code, failed.text)),
        };
        let answer = Some(envelope.into_iter().collect());
        Carried { end, answer }
    }

    /// What it wrote, as the audit tells it.
    #[expect(clippy::unnecessary_wraps, reason = "as an end has it")]
    fn digests(&self) -> Option<OutputDigests> {
        Some(OutputDigests {
            out: self.out.capture().digest(),
            err: self.err.capture().digest(),
        })
    }

    /// Ends the stream.
    async fn finish(&mut self) {
        self.flush().await;
        self.outbound.finish().await;
    }

    /// The answer for a request that arrives again: what was kept, with the rest counted as cut.
    fn into_kept(
        self,
        rows: Vec<Envelope>,
        sandboxed: Option<Envelope>,
        mut done: Done,
    ) -> Vec<Envelope> {
        let started = Started {
            again: true,
            ..self.started
        };
        let collected = if self.collects {
            self.out.capture().total() - self.out.capture().cut()
        } else {
            0
        };
        done.cut_bytes = done.out_bytes + done.err_bytes - self.keep.bytes() - collected;
        let rows_bytes: usize = rows.iter().map(|e| e.body.len()).sum();
        let mut answer: Vec<Envelope> = started.to_envelope().into_iter().collect();
        answer.extend(self.keep.outputs().filter_map(|o| o.to_envelope().ok()));
        if rows_bytes <= self.keep.max() && !self.rows_left {
            answer.extend(rows);
        } else {
            done.notes.push("the rows are no longer held".to_owned());
        }
        answer.extend(sandboxed);
        answer.extend(done.to_envelope());
        answer
    }
}

pub(super) async fn until(at: Option<Mono>) {
    match at {
        Some(at) => tokio::time::sleep_until(clock::deadline(at)).await,
        None => std::future::pending().await,
    }
}
