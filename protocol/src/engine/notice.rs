//! What the engine tells people: changes of state, what is held and why, what was lost.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::effect::{AttemptId, PageWhy};
use super::input::DeedOutcome;
use crate::automation::AutomationName;

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Notice {
    /// To which automation; none where all are concerned.
    pub automation: Option<AutomationName>,
    /// To which patient; none where the whole automation is concerned.
    pub key: Option<Arc<str>>,
    /// In which episode; 0 outside of any.
    pub episode: u64,
    /// What.
    pub what: What,
}

/// Where a patient stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum State {
    /// It is well.
    Clear,
    /// It fires, and not for long enough yet.
    Pending,
    /// It fires, and is before the gate: evidence, limits, leave to act.
    Firing,
    /// A deed is being done.
    Acting,
    /// A deed was done and has to show that it helped.
    Verifying,
    /// There is nothing more to do here but for a human.
    Escalated,
}

impl State {
    /// Returns its word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Clear => "clear",
            Self::Pending => "pending",
            Self::Firing => "firing",
            Self::Acting => "acting",
            Self::Verifying => "verifying",
            Self::Escalated => "escalated",
        }
    }
}

/// Why a deed is not begun though its patient fires.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Held {
    /// All deeds are paused.
    Paused,
    /// It is muted.
    Muted,
    /// It is not known yet whether it is in force on what runs here.
    VersionUnknown,
    /// It is not in force on what runs here.
    OtherVersion,
    /// Too much fires at once.
    Storm,
    /// It fires and clears over and over.
    Flapping,
    /// Looks have no answer.
    NoData,
    /// The last look did not fire.
    NotNow,
    /// It may not act, only watch.
    Observe,
    /// It waits for an operator's answer.
    Approval,
    /// A rate is used up.
    Rate,
    /// It waits for the keeper's answer.
    LeaseAsked,
    /// The keeper said not now; its text.
    LeaseDenied(String),
    /// No keeper can be reached, and it may not act without.
    NoKeeper,
    /// No keeper can be reached, and this node did not draw the lot.
    NotDrawn,
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Paused => "all deeds are paused",
            Self::Muted => "it is muted",
            Self::VersionUnknown => "whether it is in force on what runs here is not known yet",
            Self::OtherVersion => "it is not in force on what runs here",
            Self::Storm => "too much fires at once",
            Self::Flapping => "it fires and clears over and over",
            Self::NoData => "its looks have no answer",
            Self::NotNow => "its last look did not fire",
            Self::Observe => "it may only watch",
            Self::Approval => "it waits for an operator's answer",
            Self::Rate => "a rate is used up",
            Self::LeaseAsked => "it waits for the keeper's answer",
            Self::LeaseDenied(text) => return write!(f, "the keeper said not now: {text}"),
            Self::NoKeeper => "no keeper can be reached",
            Self::NotDrawn => "no keeper can be reached, and this node did not draw the lot",
        })
    }
}

/// What can happen.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// A patient changed its state.
    Turned {
        /// From this one.
        from: State,
        /// To this one.
        to: State,
    },
    /// A deed that would be due is not begun.
    Held(Held),
    /// It would have run this deed, were it allowed to act.
    WouldRun {
        /// Which.
        step: u16,
    },
    /// It asks an operator whether it may run this deed.
    ApprovalWanted {
        /// Which.
        step: u16,
    },
    /// An operator answered.
    Answered {
        /// What.
        yes: bool,
    },
    /// Evidence was not there in time; the deed goes on without.
    EvidenceLate,
    /// A deed ended.
    Ended {
        /// Which attempt.
        attempt: AttemptId,
        /// How.
        outcome: DeedOutcome,
    },
    /// It is a human's turn.
    Escalated(PageWhy),
    /// Looks have had no answer for a while.
    NoData {
        /// Why the last one had none.
        why: String,
    },
    /// Looks have answers again.
    DataBack,
    /// It fires and clears over and over, or does so no longer.
    Flapping(bool),
    /// Too much fires at once.
    StormBegan {
        /// So many newly fired.
        firing: u32,
        /// Of so many.
        of: u32,
    },
    /// It does so no longer.
    StormEnded,
    /// There are more patients than are kept; so many looks at others were dropped.
    KeysOver {
        /// So many at this look.
        dropped: u64,
    },
    /// So many looks did not take place.
    TicksMissed {
        /// So many.
        n: u64,
    },
    /// The automation is in force, in this version.
    Added,
    /// Another version of it is in force.
    Changed,
    /// It is in force no longer.
    Removed,
    /// Its text is the same, but it cannot be in force: too many automations.
    Refused,
    /// It was muted, or is so no longer.
    Muted(bool),
    /// All deeds were paused, or are so no longer.
    Paused(bool),
    /// An operator has looked at it: it starts anew.
    Settled,
    /// The wall's clock was set by so many milliseconds.
    ClockMoved {
        /// Positive towards the future.
        by_ms: i64,
    },
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Turned { from, to } => write!(f, "{} to {}", from.as_str(), to.as_str()),
            Self::Held(why) => write!(f, "held: {why}"),
            Self::WouldRun { step } => write!(f, "would have run deed {}", step + 1),
            Self::ApprovalWanted { step } => write!(f, "asks to run deed {}", step + 1),
            Self::Answered { yes: true } => f.write_str("an operator said yes"),
            Self::Answered { yes: false } => f.write_str("an operator said no"),
            Self::EvidenceLate => f.write_str("evidence was not there in time"),
            Self::Ended { attempt, outcome } => {
                write!(f, "attempt {attempt} ")?;
                match outcome {
                    DeedOutcome::Exited { rc } => write!(f, "exited with {rc}"),
                    DeedOutcome::TimedOut => f.write_str("was killed at its timeout"),
                    DeedOutcome::Killed => f.write_str("was killed"),
                    DeedOutcome::NotStarted { why } => write!(f, "was not started: {why}"),
                    DeedOutcome::Unknown => f.write_str("has no known end"),
                }
            }
            Self::Escalated(why) => write!(f, "escalated: {}", why.as_str()),
            Self::NoData { why } => write!(f, "no data: {why}"),
            Self::DataBack => f.write_str("data is back"),
            Self::Flapping(true) => f.write_str("fires and clears over and over"),
            Self::Flapping(false) => f.write_str("no longer fires and clears over and over"),
            Self::StormBegan { firing, of } => {
                write!(f, "{firing} of {of} fired at once: deeds are held")
            }
            Self::StormEnded => f.write_str("no longer too much fires at once"),
            Self::KeysOver { dropped } => write!(f, "{dropped} patients are too many to keep"),
            Self::TicksMissed { n } => write!(f, "{n} looks did not take place"),
            Self::Added => f.write_str("in force"),
            Self::Changed => f.write_str("in force in another version"),
            Self::Removed => f.write_str("in force no longer"),
            Self::Refused => f.write_str("not in force: there are too many automations"),
            Self::Muted(true) => f.write_str("muted"),
            Self::Muted(false) => f.write_str("no longer muted"),
            Self::Paused(true) => f.write_str("all deeds are paused"),
            Self::Paused(false) => f.write_str("deeds are no longer paused"),
            Self::Settled => f.write_str("settled by an operator"),
            Self::ClockMoved { by_ms } => write!(f, "the wall's clock moved by {by_ms} ms"),
        }
    }
}
