//! When which condition is looked at.
//!
//! Conditions on metrics are looked at on whole seconds of the monotonic clock, together, since all
//! metrics are sampled then; those that look less often than once a second are spread over the seconds.
//! Commands cost a process each: they are spread over their whole interval, in steps of 100 ms.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use super::effect::Part;
use super::input::Handle;
use crate::time::Mono;

/// No condition is looked at more often.
const EVERY_MIN: Duration = Duration::from_millis(100);

/// What is due when. An entry of a handle that is no longer in force is dropped by who takes it.
#[derive(Debug, Default)]
pub(super) struct Schedule {
    queue: BinaryHeap<Reverse<(Mono, Handle, Part)>>,
}

impl Schedule {
    pub(super) fn push(&mut self, at: Mono, automation: Handle, part: Part) {
        self.queue.push(Reverse((at, automation, part)));
    }

    /// Takes one that is due.
    pub(super) fn pop(&mut self, now: Mono) -> Option<(Mono, Handle, Part)> {
        let due = self.next()? <= now;
        if due {
            self.queue.pop().map(|Reverse(entry)| entry)
        } else {
            None
        }
    }

    pub(super) fn next(&self) -> Option<Mono> {
        self.queue.peek().map(|Reverse((at, ..))| *at)
    }
}

/// Returns when something is first looked at. The same seed has the same phase in every life, and so
/// nodes do not look all at once either, if the node's name is in it.
pub(super) fn first(now: Mono, every: Duration, is_metric: bool, seed: u64) -> Mono {
    let every = every.max(EVERY_MIN).as_millis();
    let grain = if is_metric { 1000 } else { 100 };
    let steps = (every / grain).max(1);
    let phase = (u128::from(seed) % steps) * grain;
    let now = now.0.as_millis();
    // The first moment after `now` that is the phase away from a multiple of the interval; metrics
    // that are looked at several times a second keep to their own multiples.
    let k = (now + every - phase % every) / every;
    let at = k * every + phase % every;
    let at = if at <= now { at + every } else { at };
    Mono(Duration::from_millis(u64::try_from(at).unwrap_or(u64::MAX)))
}

/// Returns when the next look is and how many were missed, if the one that was due at `at` is taken
/// at `now`.
pub(super) fn next(at: Mono, now: Mono, every: Duration) -> (Mono, u64) {
    let every = every.max(EVERY_MIN);
    let missed = now.since(at).as_nanos() / every.as_nanos();
    let missed = u64::try_from(missed).unwrap_or(u64::MAX);
    let skip = every.as_nanos().saturating_mul(u128::from(missed) + 1);
    let skip = Duration::from_nanos(u64::try_from(skip).unwrap_or(u64::MAX));
    (at + skip, missed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Mono {
        Mono(Duration::from_millis(ms))
    }

    #[test]
    fn looks_at_metrics_fall_on_seconds_and_commands_are_spread() {
        let ten = Duration::from_secs(10);
        let moments = |every, is_metric| {
            let all = (0..1000).map(|seed| first(ms(12_345), every, is_metric, seed));
            let mut all: Vec<Mono> = all.collect();
            all.sort_unstable();
            all.dedup();
            all
        };
        assert_eq!(moments(Duration::from_secs(1), true), [ms(13_000)]);
        let metrics = moments(ten, true);
        assert_eq!(metrics.len(), 10);
        assert!(metrics.iter().all(|m| m.0.subsec_nanos() == 0));
        assert_eq!(moments(ten, false).len(), 100);
        let all = moments(ten, false);
        assert!(all[0] > ms(12_345) && all[99] <= ms(22_345), "{all:?}");
    }

    #[test]
    fn a_late_look_is_taken_once_and_the_missed_ones_are_counted() {
        let every = Duration::from_secs(1);
        for (now, next_at, missed) in [
            (10_000, 11_000, 0),
            (10_999, 11_000, 0),
            (11_000, 12_000, 1),
            (15_500, 16_000, 5),
        ] {
            assert_eq!(
                next(ms(10_000), ms(now), every),
                (ms(next_at), missed),
                "{now}"
            );
        }
    }
}
