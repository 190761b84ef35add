//! Entries: what the fan-out knows of each target.

use super::Attempt;
use crate::fleet::delay_line::Timer;

/// How far the targets of a run are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Without a connection.
    pub waiting: usize,
    /// Connected, waiting for their turn.
    pub ready: usize,
    /// Asked.
    pub in_flight: usize,
    /// Over.
    pub ended: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Waiting,
    Ready,
    InFlight,
    Ended,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) phase: Phase,
    /// Stands in the queue of the ready; stays there, to be skipped, if its phase changes.
    pub(super) queued: bool,
    /// Counts towards `max_in_flight`.
    pub(super) slot: bool,
    pub(super) started: bool,
    pub(super) stop: Option<Stop>,
    pub(super) attempt: Attempt,
}

/// Who asked a target to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    Operator,
    Deadline,
}

/// Whether a timer was started for a try that is over.
pub(super) fn is_void(entries: &[Entry], timer: Timer) -> bool {
    let entry = entries[timer.target as usize];
    entry.phase != Phase::InFlight || entry.attempt != timer.attempt
}

pub(super) fn is_stall_void(entries: &[Entry], timer: Timer) -> bool {
    let entry = entries[timer.target as usize];
    is_void(entries, timer) || entry.started || !entry.slot
}
