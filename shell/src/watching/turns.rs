//! Turns: when a line that is watched is asked again. One turn never overlaps the next.

use std::time::Duration;

use hailer_protocol::time::Mono;

/// The turns of a watch.
#[derive(Debug)]
pub struct Turns {
    every: Duration,
    number: u64,
    begun: Mono,
}

impl Turns {
    /// Makes turns that begin this far apart.
    #[must_use]
    pub const fn new(every: Duration) -> Self {
        Self {
            every,
            number: 0,
            begun: Mono(Duration::ZERO),
        }
    }

    /// Begins the next turn and returns its number; the first is 1.
    pub const fn begin(&mut self, now: Mono) -> u64 {
        self.number += 1;
        self.begun = now;
        self.number
    }

    /// Returns when the turn after this one begins, if this one is over by `now`: at its time, or
    /// at once where this one took longer. Turns that were missed are not made up for.
    #[must_use]
    pub fn next(&self, now: Mono) -> Mono {
        Mono((self.begun.0 + self.every).max(now.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: u64) -> Mono {
        Mono(Duration::from_secs(seconds))
    }

    #[test]
    fn a_quick_turn_waits_for_its_time_and_a_slow_one_delays_the_next() {
        let mut turns = Turns::new(Duration::from_secs(2));
        assert_eq!(turns.begin(at(10)), 1);
        assert_eq!(turns.next(at(11)), at(12));
        assert_eq!(turns.begin(at(12)), 2);
        assert_eq!(turns.next(at(19)), at(19), "at once, and once only");
        assert_eq!(turns.begin(at(19)), 3);
        assert_eq!(turns.next(at(19)), at(21));
    }
}
