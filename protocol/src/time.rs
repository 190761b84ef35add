//! Time as two types that cannot be mixed up: the wall's and the machine's own.
//!
//! Deadlines travel as durations and are kept in [`Mono`], which no clock setting moves. What must
//! mean the same on two machines (a certificate's end, a signature's not-after) is [`Wall`], and is
//! judged with [`ALLOWED_SKEW`].

use std::ops::{Add, Sub};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How far two machines' wall clocks may differ before a not-after is judged.
pub const ALLOWED_SKEW: Duration = Duration::from_secs(30);

/// A moment of the wall clock: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Wall(pub i64);

/// A moment of one machine's monotonic clock: time since an origin of its own. It is never sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Mono(pub Duration);

impl Mono {
    /// Returns how long ago `earlier` was; zero if it lies ahead.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<Duration> for Mono {
    type Output = Self;
    fn add(self, d: Duration) -> Self {
        Self(self.0.saturating_add(d))
    }
}

impl Sub<Self> for Mono {
    type Output = Duration;
    fn sub(self, earlier: Self) -> Duration {
        self.since(earlier)
    }
}

impl Wall {
    /// Whether `not_after` has passed at this moment, granting [`ALLOWED_SKEW`].
    #[must_use]
    pub fn is_past(self, not_after: Self) -> bool {
        let skew = i64::try_from(ALLOWED_SKEW.as_millis()).unwrap_or(i64::MAX);
        self.0 > not_after.0.saturating_add(skew)
    }
}

impl Add<Duration> for Wall {
    type Output = Self;
    fn add(self, d: Duration) -> Self {
        Self(
            self.0
                .saturating_add(i64::try_from(d.as_millis()).unwrap_or(i64::MAX)),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_not_after_is_granted_thirty_seconds_of_skew() {
        assert!(!Wall(30_000).is_past(Wall(0)));
        assert!(Wall(30_001).is_past(Wall(0)));
    }

    #[test]
    fn a_moment_ahead_is_no_time_ago() {
        let later = Mono(Duration::from_secs(5));
        assert_eq!(Mono::default().since(later), Duration::ZERO);
    }
}
