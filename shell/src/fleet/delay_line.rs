//! Timers that all last equally long, in the order in which they were started.
//!
//! Because the delay is the same for all of them, the one that was started first is due first: a
//! queue is enough, and starting, expiring and forgetting a timer each cost O(1).

use std::collections::VecDeque;
use std::time::Duration;

use hailer_protocol::time::Mono;

use super::fanout::{Attempt, Target};

/// Timers of one delay, each for one try of one target.
#[derive(Debug)]
pub(super) struct DelayLine {
    delay: Duration,
    timers: VecDeque<Timer>,
}

/// One timer: for that target's that-many-th try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Timer {
    due: Mono,
    pub(super) target: Target,
    pub(super) attempt: Attempt,
}

impl DelayLine {
    pub(super) const fn new(delay: Duration) -> Self {
        Self {
            delay,
            timers: VecDeque::new(),
        }
    }

    /// Starts a timer. A clock that went back makes it due no earlier than the one before it.
    pub(super) fn start(&mut self, now: Mono, target: Target, attempt: Attempt) {
        let before = self.timers.back().map(|t| t.due).unwrap_or_default();
        let due = (now + self.delay).max(before);
        self.timers.push_back(Timer {
            due,
            target,
            attempt,
        });
    }

    /// Takes out the next timer that is due.
    pub(super) fn expired(&mut self, now: Mono) -> Option<Timer> {
        self.timers.pop_front_if(|t| t.due <= now)
    }

    /// Forgets timers at the front that mean nothing any more, so that nobody wakes for them.
    pub(super) fn trim(&mut self, is_void: impl Fn(Timer) -> bool) {
        while self.timers.front().is_some_and(|t| is_void(*t)) {
            self.timers.pop_front();
        }
    }

    /// Returns when the next timer is due.
    pub(super) fn next_due(&self) -> Option<Mono> {
        self.timers.front().map(|t| t.due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(secs: u64) -> Mono {
        Mono(Duration::from_secs(secs))
    }

    #[test]
    fn timers_expire_in_the_order_they_were_started_and_not_early() {
        let mut line = DelayLine::new(Duration::from_secs(5));
        line.start(at(1), 7, 0);
        line.start(at(2), 8, 0);
        assert_eq!(line.next_due(), Some(at(6)));
        assert_eq!(line.expired(at(5)), None);
        assert_eq!(line.expired(at(6)).map(|t| t.target), Some(7));
        assert_eq!(line.expired(at(6)), None);
        line.trim(|t| t.target == 8);
        assert_eq!(line.next_due(), None);
    }

    #[test]
    fn a_clock_that_goes_back_does_not_disturb_the_order() {
        let mut line = DelayLine::new(Duration::from_secs(5));
        line.start(at(9), 1, 0);
        line.start(at(2), 2, 0);
        assert_eq!(line.expired(at(14)).map(|t| t.target), Some(1));
        assert_eq!(line.expired(at(14)).map(|t| t.target), Some(2));
    }
}
