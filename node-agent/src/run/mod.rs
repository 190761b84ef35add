//! Carrying out a run: the probe, the row plan, the answer.

mod alone;
mod answer;
mod asked;
mod automations;
mod capture;
mod command;
mod each;
mod environment;
mod held;
mod keep;
mod kept;
mod launch;
mod line_rows;
mod orphan;
mod pipe;
mod probe;
mod room;
mod rows;
mod runs;
mod shelf;
mod spec;

use std::sync::Arc;
use std::time::Duration;

use hailer_protocol::envelope::Envelope;
use hailer_protocol::error::ErrorCode;
use hailer_protocol::ids::RunId;
use hailer_protocol::message::{Done, Failed, Held, Message as _, Probe, Run, Usage};
use hailer_protocol::role::Identity;
use hailer_protocol::state::State;

pub(crate) use alone::{Alone, AloneError, alone};
pub(crate) use environment::own_user;
pub(crate) use kept::Kept;
pub(crate) use launch::launch;
pub(crate) use orphan::end_orphan;
pub(crate) use probe::rows_of;
pub(crate) use room::Room;
pub(crate) use rows::row;
pub(crate) use shelf::Shelf;

use kept::Stage;

use crate::core::{Entry, KillReason, Permit, RunEnd, Vouch};
use crate::host::{Host, Told};
use crate::journal::JournalError;
use crate::net::Outbound;

/// How a run came out.
struct Carried {
    end: RunEnd,
    /// What is kept for who asks again; nothing where asking again runs it again.
    answer: Option<Vec<Envelope>>,
}

/// What is to be done, for whom, and how it may be done.
#[derive(Debug)]
pub(crate) struct Order {
    /// What was asked.
    pub(crate) run: Arc<Run>,
    /// Who asked.
    pub(crate) who: Identity,
    /// How the node's policy lets it be done.
    pub(crate) permit: Permit,
    /// What vouches for what it puts in force.
    pub(crate) vouch: Option<Box<Vouch>>,
}

/// Carries a run out and answers on its stream.
pub(crate) async fn carry_out(host: &Arc<Host>, order: &Order, outbound: &mut Outbound) {
    let run = &*order.run;
    let mut told = host.told(run.run);
    let carried = match told_while_late(host, &mut told).await {
        Some(why) => never_begun(why, outbound).await,
        None => match run.probe {
            Probe::Shell(_) | Probe::Argv(_) => {
                command::carry_out(host, order, told, outbound).await
            }
            Probe::Each { .. } => each::carry_out(host, order, told, outbound).await,
            Probe::Metric(_)
            | Probe::Facts(_)
            | Probe::Runs
            | Probe::Audit { .. }
            | Probe::AuditHead(_)
            | Probe::Apply(_)
            | Probe::Stow(_)
            | Probe::Automations
            | Probe::Events { .. }
            | Probe::Control(_)
            | Probe::Replay { .. }
            | Probe::Attach(_)
            | Probe::Cancel(_) => probe::carry_out(host, order, told, outbound).await,
        },
    };
    host.conclude(run.run, carried.end, carried.answer).await;
}

/// Waits as long as a slow node does, and says whether the run was told to end before it began.
async fn told_while_late(host: &Host, told: &mut Told) -> Option<KillReason> {
    if let Some(delay) = host.config().delay {
        tokio::select! {
            _ = told.end() => {}
            () = tokio::time::sleep(delay) => {}
        }
    }
    told.why()
}

/// Answers a run that was told to end before anything of it was done.
async fn never_begun(why: KillReason, outbound: &mut Outbound) -> Carried {
    let done = ended_without_process(why.state(), Duration::ZERO, "it ended before it began");
    let envelope = done.to_envelope().ok();
    if let Some(envelope) = &envelope {
        outbound.push_envelope(envelope);
    }
    outbound.finish().await;
    Carried {
        end: RunEnd {
            state: Some(done.state),
            rc: None,
            wall: Duration::ZERO,
            bytes: None,
            digests: None,
            failure: None,
        },
        answer: Some(envelope.into_iter().collect()),
    }
}

/// The end of a run that was told to end and has no process to tell about.
fn ended_without_process(state: State, wall: Duration, note: &str) -> Done {
    Done {
        state,
        rc: None,
        wall_us: u64::try_from(wall.as_micros()).unwrap_or(u64::MAX),
        usage: Usage::default(),
        out_bytes: 0,
        err_bytes: 0,
        cut_bytes: 0,
        cut_rows: 0,
        held: Held::default(),
        left_behind: 0,
        notes: vec![note.to_owned()],
    }
}

/// Answers that the run was not carried out because it could not be written down.
pub(crate) async fn not_recorded(
    host: &Arc<Host>,
    entry: &Entry,
    error: &JournalError,
    outbound: &mut Outbound,
) {
    let failed = match error {
        JournalError::Damaged(_) => Failed::new(ErrorCode::RECORD, error.to_string()),
        JournalError::Spent(why) => Failed::new(ErrorCode::DENIED, (*why).to_owned()),
        JournalError::Write(_) if is_about_another(entry) => Failed::new(
            ErrorCode::RECORD,
            format!("the node could not write down what it was asked: {error}"),
        ),
        JournalError::Write(_) | JournalError::Read(_) => Failed::new(
            ErrorCode::RECORD,
            format!("the node could not write down what it was asked, so it did nothing: {error}"),
        ),
    };
    let failure = Some((failed.code, failed.text.clone()));
    let _ = outbound.push(&failed);
    outbound.finish().await;
    let run = match entry {
        // Nothing began under this request's own id; whatever runs under it is somebody else's.
        Entry::Authorised { permit: None, .. } => None,
        Entry::Authorised { statement, .. } => Some(statement.run),
        Entry::Intent { run, .. } => Some(*run),
        Entry::Outcome { .. }
        | Entry::Revocations { .. }
        | Entry::Authorities { .. }
        | Entry::Mark(_)
        | Entry::Marks(_)
        | Entry::Told(_)
        | Entry::Countersigned { .. }
        | Entry::StepIntent { .. }
        | Entry::StepOutcome { .. }
        | Entry::Refusal { .. }
        | Entry::Probe { .. }
        | Entry::Killed { .. }
        | Entry::Repeated { .. }
        | Entry::AgentStarted { .. }
        | Entry::AgentStopped
        | Entry::Gap { .. } => None,
    };
    if let Some(run) = run {
        let end = RunEnd {
            state: None,
            rc: None,
            wall: Duration::ZERO,
            bytes: None,
            digests: None,
            failure,
        };
        let answer = failed.to_envelope().into_iter().collect();
        host.conclude(run, end, Some(answer)).await;
    }
}

/// Whether an entry is about a run that was there before: to wait for it, or to end it.
const fn is_about_another(entry: &Entry) -> bool {
    matches!(entry, Entry::Authorised { permit: None, .. })
}

/// Returns the answer of a run that is over, if it is still held; may wait for a disk.
async fn kept(host: &Arc<Host>, run: RunId) -> Option<Vec<Envelope>> {
    if let Some(answer) = host.kept().answer(run) {
        return Some(answer);
    }
    let host = Arc::clone(host);
    let read = tokio::task::spawn_blocking(move || host.shelf().answer(run));
    read.await.ok().flatten()
}

/// Answers a request whose run was begun before, from what is there.
pub(crate) async fn answer_again(host: &Arc<Host>, run: RunId, outbound: &mut Outbound) {
    let waiting = host.kept().wait_for(run);
    if let Some(mut ended) = waiting {
        // The sender lives in the run's entry; it is gone once the run is.
        let _ = ended.wait_for(|stage| *stage == Stage::Over).await;
    }
    let kept = kept(host, run).await;
    match kept {
        Some(envelopes) => envelopes.iter().for_each(|e| outbound.push_envelope(e)),
        None => {
            let _ = outbound.push(&Failed::new(
                ErrorCode::UNKNOWN,
                format!("run {run} was begun here before; its answer is no longer held"),
            ));
        }
    }
    outbound.finish().await;
}
