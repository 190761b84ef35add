//! How a run is spread over its targets: how many at once, and how long is waited for what.

use std::time::Duration;

/// Targets that are asked at the same time, unless the operator says otherwise. With no bound a
/// burst of answers overflows socket buffers, and the slowest node waits for QUIC's loss timers.
pub const MAX_IN_FLIGHT_DEFAULT: usize = 1_000;

/// The rules of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// How many targets may be asked at the same time; at least 1 is taken.
    pub max_in_flight: usize,
    /// After how long the whole run ends, counted from its start. What is in flight then is
    /// cancelled, what had no turn is not started.
    pub deadline: Option<Duration>,
    /// After how long a node kills its part by itself. A node that has not answered by then, and
    /// for [`Policy::confirm_grace`] more, is cancelled.
    pub answer_within: Option<Duration>,
    /// How long targets without a connection wait while nothing becomes of *any* attempt to
    /// connect. As long as attempts succeed or fail the rest waits for its turn: ten thousand
    /// handshakes take longer than any one of them may.
    pub connect_wait: Duration,
    /// How long a cancelled target has to confirm, before it counts as lost.
    pub confirm_grace: Duration,
    /// After how long a target that was asked and shows no sign of life stops counting towards
    /// `max_in_flight`, so that dead machines whose connections have not been noticed to be dead
    /// do not hold up the others. `None` counts it to its end: the strict bound that a rolling
    /// change wants.
    pub stalled_after: Option<Duration>,
    /// Targets that cannot be reached are waited for as long as the run lasts, and asked when they
    /// can be.
    pub is_patient: bool,
    /// The stages in which targets are asked.
    pub staging: Staging,
    /// How many targets may end badly.
    pub limits: Limits,
}

/// The stages of a run: stretches of its list of targets, one after the other.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Staging {
    /// How many targets are asked up to the end of each stage, ascending; the rest is the last
    /// stage. Empty asks all at once.
    pub ends: Vec<u32>,
    /// How long nobody else is asked after a stage.
    pub wait: Duration,
    /// After each stage somebody else decides whether the next one may begin.
    pub is_gated: bool,
}

/// How many targets may end badly before nobody else is asked. Those in flight at that moment go
/// on to their end: a run may count as many more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    /// Targets that failed, timed out, denied it, or were lost.
    pub failures: Option<usize>,
    /// Targets that could not be asked.
    pub unreachable: Option<usize>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            max_in_flight: MAX_IN_FLIGHT_DEFAULT,
            deadline: None,
            answer_within: None,
            connect_wait: Duration::from_secs(10),
            confirm_grace: Duration::from_secs(5),
            stalled_after: Some(Duration::from_secs(3)),
            is_patient: false,
            staging: Staging::default(),
            limits: Limits::default(),
        }
    }
}

impl Policy {
    /// Returns the rules of a run over commands that do not end by themselves: every target has its
    /// place, and whoever cannot be reached yet is waited for.
    #[must_use]
    pub fn endless() -> Self {
        Self {
            max_in_flight: usize::MAX,
            is_patient: true,
            ..Self::default()
        }
    }

    /// Returns the rules of a run that never asks more than `n` targets at once, whatever they do.
    #[must_use]
    pub fn strictly(n: usize) -> Self {
        Self {
            max_in_flight: n,
            stalled_after: None,
            ..Self::default()
        }
    }
}
