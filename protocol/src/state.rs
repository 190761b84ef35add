//! States: how one target's part of a run ended. Every target ends in exactly one.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The end of one target. The names are the same in rows, selectors, summaries and documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum State {
    /// The command ran and ended with 0; or the probe answered.
    Ok,
    /// The command ran and did not end with 0.
    Failed,
    /// No connection at dispatch.
    Unreachable,
    /// Dispatched, outcome unknown. Never merged with failed.
    Lost,
    /// The agent is too old for the request, or cannot carry it out.
    Undeliverable,
    /// Cancelled before it ended.
    Cancelled,
    /// Killed at its deadline.
    TimedOut,
    /// The run was halted before this target's turn.
    NotStarted,
    /// The node's policy refused.
    Denied,
}

impl State {
    /// Every state, in the order in which summaries list them.
    pub const ALL: [Self; 9] = [
        Self::Ok,
        Self::Failed,
        Self::TimedOut,
        Self::Unreachable,
        Self::Lost,
        Self::Undeliverable,
        Self::Cancelled,
        Self::NotStarted,
        Self::Denied,
    ];

    /// Returns the state's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
            Self::Unreachable => "unreachable",
            Self::Lost => "lost",
            Self::Undeliverable => "undeliverable",
            Self::Cancelled => "cancelled",
            Self::TimedOut => "timed_out",
            Self::NotStarted => "not_started",
            Self::Denied => "denied",
        }
    }

    /// Finds a state by its name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == name)
    }

    /// Returns the exit code that a run with such a target has; the highest of all targets counts.
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Failed => 1,
            Self::Unreachable | Self::Lost | Self::Undeliverable | Self::Cancelled => 4,
            Self::TimedOut => 5,
            Self::NotStarted => 6,
            Self::Denied => 7,
        }
    }

    /// Whether the node's command or probe ran to its own end.
    #[must_use]
    pub const fn is_answer(self) -> bool {
        matches!(self, Self::Ok | Self::Failed)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ok_is_exit_code_zero() {
        for s in State::ALL {
            assert_eq!(s.exit_code() == 0, s == State::Ok, "{s}");
            assert_eq!(State::by_name(s.as_str()), Some(s));
        }
    }
}
