//! What the engine asks of its driver.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::input::{DeedOutcome, Handle, LeaseRef};
use super::notice::Notice;
use super::record::Record;
use crate::automation::AutomationSpec;
use crate::ids::Digest;
use crate::time::{Mono, Wall};

/// What is to be done. Effects are carried out in order.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Look, and answer with [`Engine::reading`](super::Engine::reading) or, for
    /// [`Part::Version`], [`Engine::version_seen`](super::Engine::version_seen). Looks of one moment
    /// that share a probe follow each other and have one number of it, so that it is asked once.
    Look(Look),
    /// Write this down, durably, before anything after it is done. If that fails, the effects after
    /// it are not carried out, and a deed among them is told as
    /// [`DeedOutcome::NotStarted`].
    Record(Record),
    /// Carry out a deed, once, and tell its end with [`Engine::deed_ended`](super::Engine::deed_ended).
    Begin(Begin),
    /// Kill the deed with all that it started, and tell its end.
    Kill {
        /// Which.
        attempt: AttemptId,
        /// Why.
        why: KillWhy,
    },
    /// Run the spec's `collect` commands, keep what they print with the episode's events, and tell
    /// with [`Engine::collected`](super::Engine::collected) that it is done.
    Collect(Evidence),
    /// Ask the keeper for a share; answer with [`Engine::lease_answer`](super::Engine::lease_answer).
    AskLease {
        /// Goes back with the answer.
        lease: LeaseRef,
        /// The automation's version.
        automation: Digest,
        /// The patient.
        key: Arc<str>,
    },
    /// Ask the keeper to keep a share; answered alike.
    RenewLease {
        /// Goes back with the answer.
        lease: LeaseRef,
        /// The share.
        fencing_token: u64,
    },
    /// The keeper keeps the share for longer: the deed has to be dead by then, not before.
    ExtendLease {
        /// The deed.
        attempt: AttemptId,
        /// Until when it may run.
        until: Mono,
    },
    /// Give a share back.
    ReleaseLease {
        /// The share.
        fencing_token: u64,
    },
    /// Call a human. It may be told again after a restart, then with the same incident: whoever takes
    /// pages takes one of an incident.
    Page(Box<Page>),
    /// What a human was called for is over.
    Resolve {
        /// The page's.
        incident: String,
    },
    /// Something that a person may want to know of.
    Event(Notice),
}

/// One look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Look {
    /// For which automation.
    pub automation: Handle,
    /// Which of its conditions.
    pub part: Part,
    /// Looks with the same number have equal probes.
    pub probe: u32,
}

/// A condition of an automation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Part {
    /// `when`, and `clear` with it.
    When,
    /// `version`.
    Version,
}

/// A deed that is to be done.
#[derive(Debug, Clone, PartialEq)]
pub struct Begin {
    /// The attempt.
    pub attempt: AttemptId,
    /// What it is of.
    pub spec: Arc<AutomationSpec>,
    /// The version of that.
    pub version: Digest,
    /// Which of its deeds.
    pub step: u16,
    /// The patient.
    pub key: Arc<str>,
    /// The patient's row, for the environment.
    pub env: Env,
    /// The share of a fleet-wide limit that it acts under, and when it has to be dead unless
    /// [`Effect::ExtendLease`] said a later moment meanwhile: a driver that hangs must not outlive it.
    pub lease: Option<(u64, Mono)>,
}

/// Evidence that is to be taken.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// Of which automation.
    pub automation: Handle,
    /// What it is of.
    pub spec: Arc<AutomationSpec>,
    /// The patient.
    pub key: Arc<str>,
    /// Its episode.
    pub episode: u64,
    /// Its row, for the environment.
    pub env: Env,
}

/// A row's columns as environment variables.
pub type Env = Arc<[(String, String)]>;

/// Why a deed is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KillWhy {
    /// All deeds were paused.
    Paused,
    /// Its automation is no longer in force.
    Removed,
    /// Its share of a fleet-wide limit was not renewed in time.
    LeaseLost,
}

/// One attempt of one deed. The same attempt has the same id, also after a restart.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AttemptId(pub [u8; 16]);

impl fmt::Display for AttemptId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|b| write!(f, "{b:02x}"))
    }
}

impl fmt::Debug for AttemptId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AttemptId({self})")
    }
}

/// A call for a human.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// What makes pages one: fleet, automation, node, key and episode.
    pub incident: String,
    /// Why.
    pub why: PageWhy,
    /// Of which automation; whom to call is in there.
    pub spec: Arc<AutomationSpec>,
    /// The patient; none where it is of the whole automation.
    pub key: Option<Arc<str>>,
    /// Since when it fires.
    pub since: Wall,
    /// The patient's row, newest.
    pub env: Env,
    /// What was tried, oldest first.
    pub tried: Vec<Tried>,
}

/// One attempt that is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tried {
    /// Which of the deeds.
    pub step: u16,
    /// The how manieth attempt of it, from 1.
    pub attempt: u16,
    /// How it ended.
    pub outcome: DeedOutcome,
}

/// Why a human is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum PageWhy {
    /// It fires, and there is nothing to do about it but to call.
    Fires,
    /// All was tried, and it still fires.
    Exhausted,
    /// A deed was begun and nobody knows how it ended.
    Ambiguous,
    /// It asked whether it may act, and nobody answered.
    Unanswered,
    /// It asks whether it may act.
    Approval,
    /// It fires and clears over and over.
    Flapping,
    /// More fires at once than it was written for.
    Storm,
    /// An operator said no. Nobody is called for it.
    Rejected,
}

impl PageWhy {
    /// Returns what to say.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fires => "fires",
            Self::Exhausted => "still fires after everything was tried",
            Self::Ambiguous => "a deed was begun and its end is unknown",
            Self::Unanswered => "asked whether it may act, and nobody answered",
            Self::Approval => "asks whether it may act",
            Self::Flapping => "fires and clears over and over; deeds are held",
            Self::Storm => "too much fires at once; deeds are held",
            Self::Rejected => "an operator said no",
        }
    }
}
