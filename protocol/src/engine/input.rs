//! What the driver tells the engine: moments, readings, ends of deeds, answers to asks for a share.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::message::{FleetLeaseDenied, FleetLeaseGranted};
use crate::time::{Mono, Wall};

/// One moment by both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// By the clock that nobody sets.
    pub mono: Mono,
    /// By the wall's.
    pub wall: Wall,
}

/// An automation in force. One that was changed has another handle: what was looked at for the one
/// before is no reading of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Handle {
    pub(super) slot: u32,
    pub(super) serial: u32,
}

/// What a look came to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Reading<'a> {
    /// The probe answered.
    Rows {
        /// The patients that it told of, each once; one that is not among them is well.
        seen: &'a [Seen<'a>],
        /// How many patients were looked at, firing or not: what a storm is a share of. Never less
        /// than those in `seen`.
        looked_at: u32,
    },
    /// The probe failed (126, 127, its time was up, no such metric): nothing is known.
    NoData {
        /// Why, for people.
        why: &'a str,
    },
}

/// One patient as a look found it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen<'a> {
    /// Its key, at most [`AUTOMATION_KEY_MAX`](crate::limits::AUTOMATION_KEY_MAX) bytes; empty for
    /// the node itself.
    pub key: &'a str,
    /// What the row says of it.
    pub verdict: Verdict,
    /// The row's columns as environment variables, named and checked.
    pub env: &'a [(String, String)],
}

/// What one look says of one patient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// `when` has a row of it.
    Fires,
    /// It does not fire, and `clear` does not call it well either.
    Between,
    /// It is well.
    Well,
}

/// How a deed ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeedOutcome {
    /// It ran to its end.
    Exited {
        /// With this exit code.
        rc: i32,
    },
    /// It was killed at its timeout.
    TimedOut,
    /// It was killed because the engine said so.
    Killed,
    /// It was never started, for sure: the node is as it was.
    NotStarted {
        /// Why, for people.
        why: String,
    },
    /// Nobody knows: it may have been done, in part or whole.
    Unknown,
}

/// An answer to [`Effect::AskLease`](super::Effect::AskLease) or
/// [`Effect::RenewLease`](super::Effect::RenewLease).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LeaseAnswer {
    /// Yes.
    Granted(FleetLeaseGranted),
    /// Not now.
    Denied(FleetLeaseDenied),
    /// No keeper can be reached.
    NoKeeper,
}

/// Which ask is answered. The driver hands it back as it got it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LeaseRef {
    /// The attempt's number, which rises on a node; goes into
    /// [`FleetLeaseAsk::attempt`](crate::message::FleetLeaseAsk::attempt).
    pub number: u32,
    pub(super) asked_at: Mono,
}

/// What one engine takes on, and when it calls something odd.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Patients of one automation; those beyond are counted and told, and not acted on.
    pub keys: usize,
    /// Patients of all automations together.
    pub keys_all: usize,
    /// More changes between firing and clear than this within [`Bounds::flap_within`] are flapping.
    pub flap_turns: usize,
    /// See [`Bounds::flap_turns`].
    pub flap_within: Duration,
    /// How long an automation that asks waits for an operator.
    pub approval: Duration,
    /// After how long an ask for a share that nobody answered is made again, and the keeper counts as
    /// out of reach.
    pub lease_patience: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            keys: 1_000,
            keys_all: 100_000,
            flap_turns: 6,
            flap_within: Duration::from_secs(600),
            approval: Duration::from_secs(3600),
            lease_patience: Duration::from_secs(5),
        }
    }
}
