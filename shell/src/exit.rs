//! Exit codes, one meaning each. When several apply the highest counts.
//!
//! | code | meaning |
//! |---|---|
//! | 0 | every target answered and was ok |
//! | 1 | some commands ended with another code than 0; or `--fail-if-rows` found rows |
//! | 2 | usage or language, or nothing to carry out: nothing ran |
//! | 3 | the selector matched nothing, or fewer nodes than `--expect` |
//! | 4 | some targets are unreachable, lost, cancelled, or could not carry it out; or a count, a file or a deed is of answers that were cut |
//! | 5 | some targets ran into their deadline |
//! | 6 | the run was halted before some targets had their turn |
//! | 7 | some targets denied it |
//! | 8 | hailer itself failed |
//! | 130 | interrupted |

/// An exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Exit(pub u8);

impl Exit {
    /// Everything was as asked for.
    pub const OK: Self = Self(0);
    /// Some commands failed, or rows were found that should not be.
    pub const FAILED: Self = Self(1);
    /// The line or the arguments are wrong.
    pub const USAGE: Self = Self(2);
    /// No target, or too few.
    pub const NO_TARGETS: Self = Self(3);
    /// Not every target answered, or not whole.
    pub const INCOMPLETE: Self = Self(4);
    /// The run was halted before all targets had their turn.
    pub const HALTED: Self = Self(6);
    /// Denied.
    pub const DENIED: Self = Self(7);
    /// hailer itself failed.
    pub const OWN_FAILURE: Self = Self(8);
    /// Ctrl-C.
    pub const INTERRUPTED: Self = Self(130);

    /// Returns the worse of two.
    #[must_use]
    pub fn worst(self, other: Self) -> Self {
        self.max(other)
    }
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.0)
    }
}
