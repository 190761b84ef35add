//! Back-off: how long to wait before a node is dialled again.

use std::time::Duration;

/// The first wait. Doubled with every failure, up to [`LONGEST`].
const SHORTEST: Duration = Duration::from_millis(500);

/// The longest wait, so that a node that comes back is found within half a minute.
const LONGEST: Duration = Duration::from_secs(30);

/// Counts failures in a row.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// Takes note of a failure and returns how long to wait: at least half of the current step, the
    /// rest by `jitter`, so that nodes that failed together are not dialled together.
    pub(super) fn failed(&mut self, jitter: u32) -> Duration {
        let factor = 1_u32.checked_shl(self.failures).unwrap_or(u32::MAX);
        let step = SHORTEST.saturating_mul(factor).min(LONGEST);
        self.failures = self.failures.saturating_add(1);
        let half = step / 2;
        half + half.mul_f64(f64::from(jitter) / f64::from(u32::MAX))
    }

    /// Takes note of a success.
    pub(super) const fn succeeded(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_half_a_minute_and_shrink_after_a_success() {
        let mut backoff = Backoff::default();
        assert_eq!(backoff.failed(u32::MAX), SHORTEST);
        assert_eq!(backoff.failed(0), SHORTEST);
        for _ in 0..100 {
            let wait = backoff.failed(1 << 31);
            assert!(wait <= LONGEST && wait >= SHORTEST);
        }
        assert_eq!(backoff.failed(u32::MAX), LONGEST);
        backoff.succeeded();
        assert_eq!(backoff.failed(0), SHORTEST / 2);
    }
}
