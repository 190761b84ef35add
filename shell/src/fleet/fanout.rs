//! The fan-out: which target is asked when, and in which one state each of them ends.
//!
//! A pure machine. The driver feeds it [`Input`]s and the time, carries out its [`Output`]s, and
//! never decides anything itself. Every target takes this way, and ends exactly once:
//!
//! ```text
//! waiting (no connection) ──▶ ready (connected) ──▶ in flight (asked) ──▶ ended
//!    │  ▲                        │                     │  │
//!    │  └────── unsent: nothing left this machine ─────┘  │
//!    └─▶ unreachable, not_started ◀┘                      └─▶ as the node says, or lost
//! ```
//!
//! - Once asked, a target is never asked again unless the driver knows that nothing was sent.
//! - Waiting for a connection takes no place in flight; nobody waits for a dead node.
//! - `cancelled` and `timed_out` are said only where the node confirms that it stopped, or where
//!   nothing had been sent. A node that was asked and confirms nothing is `lost`: it may still be
//!   at work. A stop that the run's deadline asked for and the node confirms is `timed_out`.
//! - A staged run asks nobody of a stage before those of the stages before it have ended; one with
//!   limits asks nobody else once they are exceeded (see [`Policy`]). Connections come about all
//!   the same, so that whoever cannot be reached is known before its stage.
//! - Late, early and repeated inputs are harmless. Every input costs O(1); halt, cancel and the
//!   deadline, which concern all targets, cost O(targets) once.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use hailer_protocol::state::State;
use hailer_protocol::time::Mono;

use super::cause::Cause;
use super::delay_line::{DelayLine, Timer};
use super::policy::Policy;
pub use entry::Counts;
use entry::{Entry, Phase, Stop, is_stall_void, is_void};
pub use signals::{Input, LinkAtStart, Output};
use stages::{Next, Stages};
use tally::Tally;

mod entry;
mod signals;
mod stages;
mod tally;

/// A target: its position in the run's list of nodes.
pub type Target = u32;

/// Which try of a target it is: a second one comes only after one that is known to be unsent.
pub type Attempt = u8;

/// How often a target may turn out not to have been sent its request before it is given up.
const ATTEMPTS_MAX: Attempt = 3;

/// The fan-out of one run.
#[derive(Debug)]
pub struct Fanout {
    policy: Policy,
    entries: Vec<Entry>,
    ready: VecDeque<Target>,
    counts: Counts,
    slots_taken: usize,
    /// Why nobody else is asked.
    halted: Option<Cause>,
    stages: Stages,
    tally: Tally,
    deadline: Option<Mono>,
    last_connect: Mono,
    /// Why those that are waited for all the same could not be reached so far.
    unreached: BTreeMap<Target, Arc<str>>,
    stalled: DelayLine,
    overdue: DelayLine,
    unconfirmed: DelayLine,
    outputs: VecDeque<Output>,
    has_ended: bool,
}

impl Fanout {
    /// Makes the fan-out of a run over these targets, in the order in which they are asked. Poll
    /// its outputs at once.
    #[must_use]
    pub fn new(links: impl IntoIterator<Item = LinkAtStart>, policy: Policy, now: Mono) -> Self {
        let links: Vec<LinkAtStart> = links.into_iter().collect();
        let answer_within = policy.answer_within.unwrap_or_default() + policy.confirm_grace;
        let mut fanout = Self {
            entries: Vec::new(),
            ready: VecDeque::new(),
            counts: Counts::default(),
            slots_taken: 0,
            halted: None,
            stages: Stages::new(&policy.staging, links.len()),
            tally: Tally::new(policy.limits),
            deadline: policy.deadline.map(|d| now + d),
            last_connect: now,
            unreached: BTreeMap::new(),
            stalled: DelayLine::new(policy.stalled_after.unwrap_or_default()),
            overdue: DelayLine::new(answer_within),
            unconfirmed: DelayLine::new(policy.confirm_grace),
            outputs: VecDeque::new(),
            has_ended: false,
            policy,
        };
        for (target, link) in (0..).zip(links) {
            fanout.entries.push(Entry {
                phase: Phase::Waiting,
                queued: false,
                slot: false,
                started: false,
                stop: None,
                attempt: 0,
            });
            fanout.counts.waiting += 1;
            match link {
                LinkAtStart::Up => fanout.make_ready(target),
                LinkAtStart::Connecting => fanout.outputs.push_back(Output::Connect(target)),
                LinkAtStart::Down { reason } => fanout.not_reached(target, reason),
            }
        }
        fanout.settle(now);
        fanout
    }

    /// Takes one input. Poll outputs and the timeout afterwards.
    pub fn handle_input(&mut self, now: Mono, input: Input) {
        match input {
            Input::Connected(target) => {
                if self.phase(target) == Some(Phase::Waiting) {
                    self.last_connect = self.last_connect.max(now);
                    self.make_ready(target);
                }
            }
            Input::ConnectFailed(target, reason) => {
                if self.phase(target) == Some(Phase::Waiting) {
                    self.last_connect = self.last_connect.max(now);
                    self.not_reached(target, reason);
                }
            }
            Input::Unsent(target, attempt, reason) => self.unsent(now, target, attempt, reason),
            Input::Started(target) => self.started(target),
            Input::Ended(target, state) => {
                if self.phase(target) == Some(Phase::InFlight) {
                    let stop = self.entries[target as usize].stop;
                    let by_deadline = stop == Some(Stop::Deadline) && state == State::Cancelled;
                    let state = if by_deadline { State::TimedOut } else { state };
                    self.end(target, state, Cause::Answered);
                }
            }
            Input::TurnedAway(target, state, reason) => {
                self.cut_off(target, state, Cause::TurnedAway(reason));
            }
            Input::Lost(target, reason) => {
                self.cut_off(target, State::Lost, Cause::LinkLost(reason));
            }
            Input::Gate(stage, passed) => {
                if self.halted.is_none() && self.stages.is_at_gate(stage) {
                    match passed {
                        Ok(()) => self.open_next_stage(),
                        Err(reason) => self.halt(&Cause::Gate(reason)),
                    }
                }
            }
            Input::Halt => self.halt(&Cause::Halted),
            Input::Cancel => {
                self.halt(&Cause::Halted);
                self.stop_all(now, Stop::Operator);
            }
        }
        self.settle(now);
    }

    /// Takes note of the time. Poll outputs and the timeout afterwards.
    pub fn handle_timeout(&mut self, now: Mono) {
        if self.deadline.is_some_and(|at| at <= now) {
            self.deadline = None;
            self.halt(&Cause::Deadline);
            self.stop_all(now, Stop::Deadline);
        }
        if self.connect_by().is_some_and(|at| at <= now) {
            let cause = Cause::ConnectWait(self.policy.connect_wait);
            self.end_all(Phase::Waiting, State::Unreachable, &cause);
        }
        while let Some(timer) = self.stalled.expired(now) {
            if !self.is_stall_void(timer) {
                self.entries[timer.target as usize].slot = false;
                self.slots_taken -= 1;
            }
        }
        while let Some(timer) = self.overdue.expired(now) {
            if !self.is_void(timer) {
                self.stop(now, timer.target, Stop::Deadline);
            }
        }
        while let Some(timer) = self.unconfirmed.expired(now) {
            if !self.is_void(timer) {
                let cause = Cause::NotConfirmed(self.policy.confirm_grace);
                self.end(timer.target, State::Lost, cause);
            }
        }
        self.settle(now);
    }

    /// Returns what to do next. Poll until `None` after every `handle_*`.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Returns when [`Fanout::handle_timeout`] has something to do, and why.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<(Mono, &'static str)> {
        [
            (self.deadline.filter(|_| !self.has_ended), "run deadline"),
            (self.connect_by(), "connect wait"),
            (self.stalled.next_due(), "no sign of life"),
            (self.overdue.next_due(), "no answer in time"),
            (self.unconfirmed.next_due(), "cancel not confirmed"),
            (
                self.stages.due().filter(|_| !self.is_halted()),
                "wait between stages",
            ),
        ]
        .into_iter()
        .filter_map(|(at, why)| Some((at?, why)))
        .min()
    }

    /// Returns how far the targets are.
    #[must_use]
    pub const fn counts(&self) -> Counts {
        self.counts
    }

    /// Whether nobody else will be asked.
    #[must_use]
    pub const fn is_halted(&self) -> bool {
        self.halted.is_some()
    }

    /// Returns which stage is open, counted from 0.
    #[must_use]
    pub fn stage(&self) -> u32 {
        self.stages.open()
    }

    fn phase(&self, target: Target) -> Option<Phase> {
        self.entries.get(target as usize).map(|e| e.phase)
    }

    fn connect_by(&self) -> Option<Mono> {
        let is_bounded = self.counts.waiting > 0 && !self.policy.is_patient;
        is_bounded.then(|| self.last_connect + self.policy.connect_wait)
    }

    const fn count_of(&mut self, phase: Phase) -> &mut usize {
        match phase {
            Phase::Waiting => &mut self.counts.waiting,
            Phase::Ready => &mut self.counts.ready,
            Phase::InFlight => &mut self.counts.in_flight,
            Phase::Ended => &mut self.counts.ended,
        }
    }

    /// Every change of phase goes through here, so that the counts are right.
    fn enter(&mut self, target: Target, phase: Phase) {
        let before = std::mem::replace(&mut self.entries[target as usize].phase, phase);
        *self.count_of(before) -= 1;
        *self.count_of(phase) += 1;
        if phase != Phase::InFlight && std::mem::take(&mut self.entries[target as usize].slot) {
            self.slots_taken -= 1;
        }
    }

    /// An attempt to connect failed.
    fn not_reached(&mut self, target: Target, reason: Arc<str>) {
        if self.policy.is_patient && self.halted.is_none() {
            self.unreached.insert(target, Arc::clone(&reason));
            self.outputs.push_back(Output::Await(target, reason));
        } else {
            self.end(target, State::Unreachable, Cause::NoConnection(reason));
        }
    }

    fn make_ready(&mut self, target: Target) {
        self.unreached.remove(&target);
        self.enter(target, Phase::Ready);
        if !std::mem::replace(&mut self.entries[target as usize].queued, true) {
            self.enqueue(target);
        }
    }

    fn enqueue(&mut self, target: Target) {
        if self.stages.admits(target) {
            self.ready.push_back(target);
        }
    }

    /// Ends a target whose connection ended before its answer did.
    fn cut_off(&mut self, target: Target, state: State, cause: Cause) {
        if self.phase(target) == Some(Phase::InFlight) {
            self.end(target, state, cause);
        }
    }

    fn unsent(&mut self, now: Mono, target: Target, attempt: Attempt, reason: Arc<str>) {
        let Some(entry) = self.entries.get_mut(target as usize) else {
            return;
        };
        if entry.phase != Phase::InFlight || entry.attempt != attempt {
            return;
        }
        entry.attempt += 1;
        match (entry.started, entry.stop) {
            // A node that has begun was sent something: the driver contradicts itself.
            (true, _) => self.end(target, State::Lost, Cause::LinkLost(reason)),
            (false, Some(Stop::Operator)) => self.end(target, State::Cancelled, Cause::Halted),
            (false, Some(Stop::Deadline)) => {
                self.end(target, State::Unreachable, Cause::NoConnection(reason));
            }
            (false, None) if self.halted.is_some() => {
                let cause = self.halted.clone().unwrap_or(Cause::Halted);
                self.end(target, State::NotStarted, cause);
            }
            (false, None) if entry.attempt >= ATTEMPTS_MAX => {
                self.end(target, State::Unreachable, Cause::NoConnection(reason));
            }
            (false, None) => {
                if self.counts.waiting == 0 {
                    self.last_connect = self.last_connect.max(now);
                }
                self.enter(target, Phase::Waiting);
                self.outputs.push_back(Output::Connect(target));
            }
        }
    }

    fn started(&mut self, target: Target) {
        if self.phase(target) != Some(Phase::InFlight) {
            return;
        }
        let entry = &mut self.entries[target as usize];
        entry.started = true;
        // It had been given up as stalled: it takes its place again, even if that is one too many.
        if !std::mem::replace(&mut entry.slot, true) {
            self.slots_taken += 1;
        }
    }

    /// Ends all that had no turn.
    fn halt(&mut self, cause: &Cause) {
        if self.halted.is_some() {
            return;
        }
        self.halted = Some(cause.clone());
        for (target, reason) in std::mem::take(&mut self.unreached) {
            self.end(target, State::Unreachable, Cause::NoConnection(reason));
        }
        let waiting = if *cause == Cause::Deadline {
            State::Unreachable
        } else {
            State::NotStarted
        };
        self.end_all(Phase::Waiting, waiting, cause);
        self.end_all(Phase::Ready, State::NotStarted, cause);
    }

    fn end_all(&mut self, phase: Phase, state: State, cause: &Cause) {
        for target in self.all_in(phase) {
            self.end(target, state, cause.clone());
        }
    }

    fn stop_all(&mut self, now: Mono, why: Stop) {
        for target in self.all_in(Phase::InFlight) {
            self.stop(now, target, why);
        }
    }

    fn all_in(&self, phase: Phase) -> Vec<Target> {
        let numbered = (0..).zip(&self.entries);
        let found = numbered.filter(|(_, entry)| entry.phase == phase);
        found.map(|(target, _)| target).collect()
    }

    /// Asks a target in flight to stop; only the first request counts.
    fn stop(&mut self, now: Mono, target: Target, why: Stop) {
        let entry = &mut self.entries[target as usize];
        if entry.stop.is_none() {
            entry.stop = Some(why);
            self.unconfirmed.start(now, target, entry.attempt);
            self.outputs.push_back(Output::Cancel(target));
        }
    }

    fn end(&mut self, target: Target, state: State, cause: Cause) {
        self.enter(target, Phase::Ended);
        self.stages.ended(target);
        self.tally.add(state);
        self.outputs
            .push_back(Output::TargetEnded(target, state, cause));
    }

    /// Whether all that is left to a patient run is to wait: whoever could be asked has ended.
    fn waits_in_vain(&self) -> bool {
        let is_idle = self.counts.in_flight == 0 && self.counts.ready == 0;
        is_idle && self.counts.ended > 0 && self.counts.waiting == self.unreached.len()
    }

    /// What every change may make possible: the next dispatches, the end of the run.
    fn settle(&mut self, now: Mono) {
        if let Some(cause) = self.tally.exceeded() {
            self.halt(&cause);
        }
        self.advance(now);
        if self.waits_in_vain() {
            for (target, reason) in std::mem::take(&mut self.unreached) {
                self.end(target, State::Unreachable, Cause::NoConnection(reason));
            }
        }
        while self.halted.is_none() && self.slots_taken < self.policy.max_in_flight.max(1) {
            let Some(target) = self.ready.pop_front() else {
                break;
            };
            let entry = &mut self.entries[target as usize];
            entry.queued = false;
            if entry.phase == Phase::Ready {
                entry.slot = true;
                self.slots_taken += 1;
                self.dispatch(now, target);
            }
        }
        let (entries, stalled, overdue) = (&self.entries, &mut self.stalled, &mut self.overdue);
        stalled.trim(|t| is_stall_void(entries, t));
        overdue.trim(|t| is_void(entries, t));
        self.unconfirmed.trim(|t| is_void(entries, t));
        if self.counts.ended == self.entries.len() && !std::mem::replace(&mut self.has_ended, true)
        {
            self.outputs.push_back(Output::RunEnded);
        }
    }

    /// Opens as many stages as may be opened now.
    fn advance(&mut self, now: Mono) {
        while self.halted.is_none() && self.counts.ended < self.entries.len() {
            match self.stages.next(now, self.tally.ok()) {
                Next::Nothing => return,
                Next::AskGate => {
                    let stage = self.stages.open();
                    self.outputs.push_back(Output::AskGate(stage));
                    return;
                }
                Next::NobodyOk => self.halt(&Cause::NobodyOk),
                Next::Open => self.open_next_stage(),
            }
        }
    }

    fn open_next_stage(&mut self) {
        let entries = &self.entries;
        let ready = self
            .stages
            .open_next(|target| entries[target as usize].phase == Phase::Ended);
        self.ready.extend(ready);
        let stage = self.stages.open();
        self.outputs.push_back(Output::StageBegins(stage));
    }

    fn dispatch(&mut self, now: Mono, target: Target) {
        self.enter(target, Phase::InFlight);
        self.stages.asked();
        let attempt = self.entries[target as usize].attempt;
        if self.policy.stalled_after.is_some() {
            self.stalled.start(now, target, attempt);
        }
        if self.policy.answer_within.is_some() {
            self.overdue.start(now, target, attempt);
        }
        self.outputs.push_back(Output::Dispatch(target, attempt));
    }

    fn is_void(&self, timer: Timer) -> bool {
        is_void(&self.entries, timer)
    }

    fn is_stall_void(&self, timer: Timer) -> bool {
        is_stall_void(&self.entries, timer)
    }
}

#[cfg(test)]
#[path = "fanout/tests.rs"]
mod tests;
