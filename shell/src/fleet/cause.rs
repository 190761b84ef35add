//! Causes: why a target ended as it did, where not the node itself said so.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Why a target ended. Its text never holds the node's name, so that nodes that failed alike
/// print as one group.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Cause {
    /// The node said how it ended.
    Answered,
    /// There was no connection, and none came about.
    NoConnection(Arc<str>),
    /// No attempt to connect got anywhere for that long.
    ConnectWait(Duration),
    /// The node did not let us in, and has taken nothing.
    TurnedAway(Arc<str>),
    /// The connection ended after the request was sent, or the answer could not be understood.
    LinkLost(Arc<str>),
    /// The node did not confirm a cancel within that time.
    NotConfirmed(Duration),
    /// The operator halted the run first.
    Halted,
    /// The run's deadline came first.
    Deadline,
    /// So many targets had failed, and only so many may.
    Failures(usize, usize),
    /// So many targets could not be asked, and only so many may.
    Unreachable(usize, usize),
    /// The stages before ended without one target that was ok.
    NobodyOk,
    /// The gate behind a stage was not passed.
    Gate(Arc<str>),
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answered => f.write_str("the node answered"),
            Self::NoConnection(reason) => write!(f, "no connection: {reason}"),
            Self::ConnectWait(waited) => {
                write!(f, "no connection: none came about within {waited:?}")
            }
            Self::TurnedAway(reason) => f.write_str(reason),
            Self::LinkLost(reason) => write!(f, "outcome unknown: {reason}"),
            Self::NotConfirmed(waited) => {
                write!(
                    f,
                    "outcome unknown: the cancel was not confirmed within {waited:?}"
                )
            }
            Self::Halted => f.write_str("the run was halted first"),
            Self::Deadline => f.write_str("the run's deadline came first"),
            Self::Failures(n, limit) => {
                write!(f, "the run was halted: {n} failed, at most {limit} may")
            }
            Self::Unreachable(n, limit) => {
                write!(
                    f,
                    "the run was halted: {n} could not be reached, at most {limit} may"
                )
            }
            Self::NobodyOk => {
                f.write_str("the run was halted: nobody in the stages before ended ok")
            }
            Self::Gate(reason) => {
                write!(f, "the run was halted: the gate did not pass: {reason}")
            }
        }
    }
}
