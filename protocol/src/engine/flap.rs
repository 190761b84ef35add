//! Whether a patient fires and clears over and over.

use std::collections::VecDeque;
use std::time::Duration;

use crate::time::Mono;

/// The changes between firing and clear of one patient.
#[derive(Debug, Default)]
pub(super) struct Flap {
    turns: VecDeque<Mono>,
    is_on: bool,
}

impl Flap {
    /// Takes one change.
    pub(super) fn turned(&mut self, now: Mono, more_than: usize) {
        // One more than is allowed tells; older ones add nothing.
        if self.turns.len() > more_than {
            self.turns.pop_front();
        }
        self.turns.push_back(now);
    }

    /// Looks anew, and returns what it is from now on if that changed. It ends at half of what it
    /// began at, so that the flag itself does not flap.
    pub(super) fn judge(&mut self, now: Mono, more_than: usize, within: Duration) -> Option<bool> {
        while self.turns.front().is_some_and(|t| now.since(*t) >= within) {
            self.turns.pop_front();
        }
        let is_on = if self.is_on {
            self.turns.len() > more_than / 2
        } else {
            self.turns.len() > more_than
        };
        let is_new = is_on != self.is_on;
        self.is_on = is_on;
        is_new.then_some(is_on)
    }

    /// It was so when the process ended.
    pub(super) fn restore(&mut self, now: Mono, more_than: usize) {
        self.is_on = true;
        for _ in 0..=more_than {
            self.turned(now, more_than);
        }
    }

    /// An operator has looked at it: what was so far counts no longer.
    pub(super) fn settle(&mut self) {
        self.turns.clear();
    }

    pub(super) fn is_on(&self) -> bool {
        self.is_on
    }

    /// Whether there is nothing to remember.
    pub(super) fn is_blank(&self) -> bool {
        self.turns.is_empty() && !self.is_on
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_begins_after_so_many_turns_and_ends_at_half_of_them() {
        let at = |s| Mono(Duration::from_secs(s));
        let within = Duration::from_secs(100);
        let mut flap = Flap::default();
        for s in 0..4 {
            flap.turned(at(s), 4);
            assert_eq!(flap.judge(at(s), 4, within), None, "{s}");
        }
        flap.turned(at(50), 4);
        assert_eq!(flap.judge(at(50), 4, within), Some(true));
        assert_eq!(flap.judge(at(101), 4, within), None, "3 are left");
        assert_eq!(flap.judge(at(102), 4, within), Some(false));
        assert!(!flap.is_blank());
        assert_eq!(flap.judge(at(150), 4, within), None);
        assert!(flap.is_blank());
    }
}
