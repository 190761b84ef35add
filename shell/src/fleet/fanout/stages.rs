//! Stages: which targets may be asked yet, and what stands between two stages.
//!
//! Targets are asked in their order, and a stage is a stretch of it. The next one opens when every
//! target of those before has ended, somebody has ended ok, the wait is over, and the gate, where
//! there is one, has been passed. A stage in which nobody was asked (all its nodes are down) wants
//! no wait and no gate: nothing has changed since the one before.

use std::time::Duration;

use hailer_protocol::time::Mono;

use super::Target;
use crate::fleet::policy::Staging;

/// How far a staged run is.
#[derive(Debug)]
pub(super) struct Stages {
    /// Where each stage ends; ascending, and the last one ends with the last target.
    ends: Vec<Target>,
    /// Ready targets of stages that are not open yet.
    held: Vec<Vec<Target>>,
    wait: Duration,
    is_gated: bool,
    at: usize,
    /// Targets of the open stage that have not ended.
    left: usize,
    has_asked: bool,
    between: Between,
}

/// What the open stage waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Between {
    /// Its targets.
    Targets,
    /// The wait behind it.
    Wait(Mono),
    /// The gate behind it.
    Gate,
}

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// Nothing for now.
    Nothing,
    /// The stage is over, and the operator's gate decides.
    AskGate,
    /// The stage is over, and nobody at all has ended ok.
    NobodyOk,
    /// The next stage.
    Open,
}

impl Stages {
    pub(super) fn new(staging: &Staging, targets: usize) -> Self {
        let last = Target::try_from(targets).unwrap_or(Target::MAX);
        let mut ends: Vec<Target> = Vec::new();
        for end in staging.ends.iter().copied().filter(|end| *end < last) {
            if end > ends.last().copied().unwrap_or(0) {
                ends.push(end);
            }
        }
        ends.push(last);
        Self {
            held: vec![Vec::new(); ends.len()],
            left: ends[0] as usize,
            ends,
            wait: staging.wait,
            is_gated: staging.is_gated,
            at: 0,
            has_asked: false,
            between: Between::Targets,
        }
    }

    /// Which stage is open, counted from 0.
    pub(super) fn open(&self) -> u32 {
        u32::try_from(self.at).unwrap_or(u32::MAX)
    }

    /// Whether a target may be asked; if not, it is kept until its stage opens.
    pub(super) fn admits(&mut self, target: Target) -> bool {
        let stage = self.ends.partition_point(|end| *end <= target);
        let is_open = stage <= self.at;
        if !is_open {
            self.held[stage].push(target);
        }
        is_open
    }

    /// Takes note that a target was asked.
    pub(super) const fn asked(&mut self) {
        self.has_asked = true;
    }

    /// Takes note that a target has ended.
    pub(super) fn ended(&mut self, target: Target) {
        if target < self.ends[self.at] {
            self.left -= 1;
        }
    }

    /// Says what comes next. `n_ok` counts the targets that have ended ok in the whole run.
    pub(super) fn next(&mut self, now: Mono, n_ok: usize) -> Next {
        if self.left > 0 || self.at + 1 == self.ends.len() {
            return Next::Nothing;
        }
        if self.between == Between::Targets {
            if n_ok == 0 {
                return Next::NobodyOk;
            }
            if !self.has_asked {
                return Next::Open;
            }
            self.between = Between::Wait(now + self.wait);
        }
        match self.between {
            Between::Wait(until) if until > now => Next::Nothing,
            Between::Wait(_) if self.is_gated => {
                self.between = Between::Gate;
                Next::AskGate
            }
            Between::Wait(_) => Next::Open,
            Between::Targets | Between::Gate => Next::Nothing,
        }
    }

    /// Whether the gate behind this stage is being asked.
    pub(super) fn is_at_gate(&self, stage: u32) -> bool {
        self.between == Between::Gate && stage == self.open()
    }

    /// Opens the next stage, of whose targets so many have ended already; returns those that are
    /// ready.
    pub(super) fn open_next(&mut self, is_ended: impl Fn(Target) -> bool) -> Vec<Target> {
        let begin = self.ends[self.at];
        self.at += 1;
        let end = self.ends[self.at];
        self.left = (begin..end).filter(|target| !is_ended(*target)).count();
        self.has_asked = false;
        self.between = Between::Targets;
        std::mem::take(&mut self.held[self.at])
    }

    /// When the wait behind the open stage is over.
    pub(super) const fn due(&self) -> Option<Mono> {
        match self.between {
            Between::Wait(until) => Some(until),
            Between::Targets | Between::Gate => None,
        }
    }
}
