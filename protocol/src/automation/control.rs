//! What an operator tells automations that are in force: to be quiet, to go on, to act this once.

use serde::{Deserialize, Serialize};

use super::spec::AutomationName;
use crate::limits::SIGNED_REASON_MAX;
use crate::time::Wall;
use crate::units::display_value;
use crate::value::Value;

/// An order. Each wants a signature, and the grant to automate; the run's reason goes with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Control {
    /// No deeds and no pages of these; they go on watching.
    Mute {
        /// Which.
        of: Muted,
        /// Until when, by the node's clock; until somebody unmutes them without.
        until: Option<Wall>,
    },
    /// Takes back a [`Control::Mute`] of exactly these.
    Unmute(Muted),
    /// No deed of any automation on this node, also after a restart.
    Pause {
        /// Until when, by the node's clock; until somebody resumes without.
        until: Option<Wall>,
    },
    /// Takes back [`Control::Pause`].
    Resume,
    /// Answers an automation that asks before it acts.
    Answer {
        /// Which automation.
        automation: AutomationName,
        /// For which patient; empty for the node itself.
        key: String,
        /// Whether it may.
        yes: bool,
    },
    /// Somebody has looked at what is escalated, ambiguous or held there: it starts anew.
    Settle(Muted),
}

/// One automation, or one patient of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Muted {
    /// Which automation.
    pub automation: AutomationName,
    /// Which patient; all of them without.
    pub key: Option<String>,
}

/// The longest reason of a mute or a pause that is kept, in bytes.
pub const CONTROL_REASON_MAX: usize = SIGNED_REASON_MAX;

impl std::fmt::Display for Control {
    /// Prints the words that would be typed, without flags that are nodes' own matter. Keys are
    /// nodes' text: whoever shows it cleans it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let until = |f: &mut std::fmt::Formatter<'_>, at: &Option<Wall>| match at {
            None => Ok(()),
            Some(at) => write!(f, " until {}", display_value(&Value::Time(at.0))),
        };
        match self {
            Self::Mute { of, until: at } => {
                write!(f, "mute {of}")?;
                until(f, at)
            }
            Self::Unmute(of) => write!(f, "unmute {of}"),
            Self::Pause { until: at } => {
                f.write_str("pause --all")?;
                until(f, at)
            }
            Self::Resume => f.write_str("resume --all"),
            Self::Answer {
                automation,
                key,
                yes,
            } => {
                let word = if *yes { "approve" } else { "reject" };
                write!(f, "{word} {automation} {key:?}")
            }
            Self::Settle(of) => write!(f, "settle {of}"),
        }
    }
}

impl std::fmt::Display for Muted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.key {
            None => write!(f, "{}", self.automation),
            Some(key) => write!(f, "{} {key:?}", self.automation),
        }
    }
}
