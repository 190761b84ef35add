//! The last readings of one source, for what is measured between two of them.
//!
//! Several askers share a history: a watcher every second and an operator at any moment. Two
//! readings are kept, at least an interval apart, so that once there are two, everybody finds one
//! to compare with at once and nobody can push anybody else's wait further off.

use std::time::Duration;

use hailer_protocol::time::Mono;

use crate::collector::Readiness;

/// An older reading says too little about now to be compared with.
pub(crate) const BASE_AGE_MAX: Duration = Duration::from_secs(10);

/// The last readings of one source.
#[derive(Debug)]
pub(crate) struct History<T> {
    newer: Option<Stamped<T>>,
    older: Option<Stamped<T>>,
}

#[derive(Debug)]
struct Stamped<T> {
    at: Mono,
    reading: T,
}

/// Two readings of one source.
#[derive(Debug)]
pub(crate) struct Between<'a, T> {
    pub(crate) earlier: &'a T,
    pub(crate) later: &'a T,
    pub(crate) elapsed: Duration,
}

impl<T> Default for History<T> {
    fn default() -> Self {
        Self {
            newer: None,
            older: None,
        }
    }
}

impl<T> History<T> {
    /// Compares a new reading with the youngest one that is at least `interval` old, and keeps
    /// the new one; or says how long to wait until there is something to compare with. Calling
    /// again too early is harmless.
    pub(crate) fn compare<R>(
        &mut self,
        now: Mono,
        interval: Duration,
        later: T,
        compared: impl FnOnce(&Between<'_, T>) -> R,
    ) -> Readiness<R> {
        let age = |stamped: &&Stamped<T>| now.since(stamped.at);
        let base = [&self.newer, &self.older]
            .into_iter()
            .flatten()
            .find(|stamped| (interval..=BASE_AGE_MAX).contains(&age(stamped)));
        let readiness = match base {
            Some(base) => Readiness::Ready(compared(&Between {
                earlier: &base.reading,
                later: &later,
                elapsed: now.since(base.at),
            })),
            None => {
                let waited = self.newer.as_ref().map_or(Duration::ZERO, |s| age(&s));
                let left = interval.checked_sub(waited).unwrap_or(interval);
                Readiness::NeedsSecondReading(left)
            }
        };
        if self.newer.as_ref().is_none_or(|s| age(&s) >= interval) {
            self.older = self.newer.replace(Stamped {
                at: now,
                reading: later,
            });
        }
        readiness
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVAL: Duration = Duration::from_millis(200);

    fn at(ms: u64) -> Mono {
        Mono(Duration::from_millis(ms))
    }

    /// Asks at each moment with the moment as reading: the base's moment, or the wait.
    fn ask(history: &mut History<u64>, ms: u64) -> Result<u64, u64> {
        let readiness = history.compare(at(ms), INTERVAL, ms, |b| {
            assert_eq!(b.elapsed, Duration::from_millis(b.later - b.earlier));
            *b.earlier
        });
        match readiness {
            Readiness::Ready(earlier) => Ok(earlier),
            Readiness::NeedsSecondReading(wait) => {
                Err(u64::try_from(wait.as_millis()).expect("it is short"))
            }
        }
    }

    #[test]
    fn the_second_reading_comes_an_interval_after_the_first() {
        let mut history = History::default();
        assert_eq!(ask(&mut history, 1000), Err(200));
        assert_eq!(ask(&mut history, 1050), Err(150), "too early is harmless");
        assert_eq!(ask(&mut history, 1200), Ok(1000));
    }

    #[test]
    fn askers_do_not_push_each_others_wait_off() {
        let mut history = History::default();
        assert_eq!(ask(&mut history, 1000), Err(200));
        assert_eq!(ask(&mut history, 1190), Err(10));
        assert_eq!(ask(&mut history, 1200), Ok(1000));
        for ms in 1201..1400 {
            assert_eq!(ask(&mut history, ms), Ok(1000), "at {ms}");
        }
        assert_eq!(ask(&mut history, 1400), Ok(1200));
        assert_eq!(ask(&mut history, 1401), Ok(1200));
    }

    #[test]
    fn a_reading_older_than_ten_seconds_is_not_compared_with() {
        let mut history = History::default();
        assert_eq!(ask(&mut history, 1000), Err(200));
        assert_eq!(ask(&mut history, 11_001), Err(200));
        assert_eq!(ask(&mut history, 11_201), Ok(11_001));
    }

    #[test]
    fn a_clock_that_seems_to_go_back_makes_one_wait() {
        let mut history = History::default();
        assert_eq!(ask(&mut history, 1000), Err(200));
        assert_eq!(ask(&mut history, 900), Err(200));
        assert_eq!(ask(&mut history, 1200), Ok(1000));
    }
}
