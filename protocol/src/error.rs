//! Error codes: why a peer did not do what it was asked.

use serde::{Deserialize, Serialize};

use crate::limits::ERROR_TEXT_MAX;
use crate::state::State;

/// A reason as a program reads it: a number that is never reused. One that this version does not
/// know is kept as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ErrorCode(pub u16);

impl ErrorCode {
    /// The bytes were no message, or not one that may stand there.
    pub const MALFORMED: Self = Self(1);
    /// The peer does not know this message, stream or probe.
    pub const UNSUPPORTED: Self = Self(2);
    /// The node's policy, or the peer's role, does not allow it.
    pub const DENIED: Self = Self(3);
    /// A bound of the node is reached; later it may go through.
    pub const BUSY: Self = Self(4);
    /// The peers speak different versions.
    pub const VERSION: Self = Self(5);
    /// The row plan cannot be evaluated over what the probe returned.
    pub const PLAN: Self = Self(6);
    /// The metric or fact cannot be read on this node.
    pub const PROBE: Self = Self(7);
    /// The command could not be started.
    pub const SPAWN: Self = Self(8);
    /// The node could not write down what it was about to do, and therefore did not do it.
    pub const RECORD: Self = Self(9);
    /// The run id belongs to another request.
    pub const RUN_ID: Self = Self(10);
    /// What became of that run, or its output, cannot be told here.
    pub const UNKNOWN: Self = Self(11);
    /// A mistake of the agent itself.
    pub const INTERNAL: Self = Self(12);

    const TABLE: &'static [(Self, &'static str, State)] = &[
        (Self::MALFORMED, "malformed", State::Undeliverable),
        (Self::UNSUPPORTED, "unsupported", State::Undeliverable),
        (Self::DENIED, "denied", State::Denied),
        (Self::BUSY, "busy", State::Undeliverable),
        (Self::VERSION, "version", State::Undeliverable),
        (Self::PLAN, "plan", State::Failed),
        (Self::PROBE, "probe", State::Failed),
        (Self::SPAWN, "spawn", State::Failed),
        (Self::RECORD, "record", State::Undeliverable),
        (Self::RUN_ID, "run_id", State::Undeliverable),
        (Self::UNKNOWN, "unknown", State::Lost),
        (Self::INTERNAL, "internal", State::Undeliverable),
    ];

    /// Returns the code's name, or `None` if this version does not know it.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        Self::TABLE.iter().find(|e| e.0 == self).map(|e| e.1)
    }

    /// Returns the state in which a target ends that failed for this reason.
    #[must_use]
    pub fn state(self) -> State {
        Self::TABLE
            .iter()
            .find(|e| e.0 == self)
            .map_or(State::Undeliverable, |e| e.2)
    }
}

impl std::fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "error {}", self.0),
        }
    }
}

/// Cuts a text to what may cross the wire, and says that it did.
#[must_use]
pub fn bounded(mut text: String) -> String {
    const CUT: &str = " (cut)";
    if text.len() > ERROR_TEXT_MAX {
        text.truncate(text.floor_char_boundary(ERROR_TEXT_MAX - CUT.len()));
        text.push_str(CUT);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_is_too_long_is_cut_between_characters_and_says_so() {
        let whole = "é".repeat(ERROR_TEXT_MAX / 2);
        assert_eq!(bounded(whole.clone()), whole);
        let cut = bounded(format!("{whole}é"));
        assert!(
            cut.len() <= ERROR_TEXT_MAX && cut.ends_with("é (cut)"),
            "{cut}"
        );
    }

    #[test]
    fn a_code_from_a_newer_peer_is_undeliverable_and_prints_its_number() {
        let newer = ErrorCode(999);
        assert_eq!(newer.state(), State::Undeliverable);
        assert_eq!(newer.to_string(), "error 999");
    }

    #[test]
    fn no_failure_ends_as_ok() {
        assert!(ErrorCode::TABLE.iter().all(|e| e.2 != State::Ok));
    }
}
