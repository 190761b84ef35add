//! Whether so much of one automation fires at once that it is not what it was written for.

use std::collections::VecDeque;

use crate::automation::Storm as Rule;
use crate::time::Mono;

/// What newly fired, and whether it is a storm.
#[derive(Debug, Default)]
pub(super) struct Storm {
    fired: VecDeque<Mono>,
    /// Its episode, while there is one.
    pub(super) episode: Option<u64>,
    calm_since: Option<Mono>,
}

/// A change.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Turn {
    Began { firing: u32 },
    Ended,
}

impl Storm {
    /// Takes one patient that newly fires.
    pub(super) fn fired(&mut self, now: Mono) {
        self.fired.push_back(now);
    }

    /// Judges after a look. `n_firing` fire now, new or not, of those that were looked at.
    ///
    /// It begins when enough fire newly within the time, and ends when less than that have been
    /// firing for the same time: the patients that it held must not all act when it ends.
    pub(super) fn judge(&mut self, now: Mono, rule: &Rule, n_firing: u32, of: u32) -> Option<Turn> {
        while self
            .fired
            .front()
            .is_some_and(|t| now.since(*t) > rule.within)
        {
            self.fired.pop_front();
        }
        if rule.basis_points == 0 {
            self.fired.clear();
            return self.end();
        }
        let n_new = u32::try_from(self.fired.len()).unwrap_or(u32::MAX);
        let is_many = |n: u32| {
            n >= rule.at_least.max(1)
                && u64::from(n) * 10_000 > u64::from(rule.basis_points) * u64::from(of.max(n))
        };
        if self.episode.is_none() {
            return is_many(n_new).then_some(Turn::Began { firing: n_new });
        }
        if is_many(n_firing) || is_many(n_new) {
            self.calm_since = None;
            return None;
        }
        let since = *self.calm_since.get_or_insert(now);
        if now.since(since) < rule.within {
            return None;
        }
        self.end()
    }

    fn end(&mut self) -> Option<Turn> {
        self.calm_since = None;
        self.episode.take().map(|_| Turn::Ended)
    }

    /// An operator has looked at it.
    pub(super) fn settle(&mut self) -> Option<Turn> {
        self.fired.clear();
        self.end()
    }

    pub(super) fn is_on(&self) -> bool {
        self.episode.is_some()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const RULE: Rule = Rule {
        basis_points: 5000,
        within: Duration::from_secs(60),
        at_least: 3,
    };

    fn at(s: u64) -> Mono {
        Mono(Duration::from_secs(s))
    }

    #[test]
    fn more_than_the_share_and_at_least_so_many_within_the_time_are_a_storm() {
        for (fired, of, is_storm) in [
            (vec![0, 0], 2, false),
            (vec![0, 0, 0], 4, true),
            (vec![0, 0, 0], 6, false),
            (vec![0, 0, 0, 0], 7, true),
            (vec![0, 30, 60], 4, true),
            (vec![0, 30, 61], 4, false),
        ] {
            let mut storm = Storm::default();
            let last = *fired.last().unwrap();
            for s in &fired {
                storm.fired(at(*s));
            }
            let n = u32::try_from(fired.len()).unwrap();
            let turn = storm.judge(at(last), &RULE, n, of);
            assert_eq!(turn.is_some(), is_storm, "{fired:?} of {of}");
        }
    }

    #[test]
    fn it_ends_when_few_have_been_firing_for_the_time() {
        let mut storm = Storm {
            episode: Some(1),
            ..Storm::default()
        };
        assert_eq!(storm.judge(at(0), &RULE, 3, 4), None);
        assert_eq!(storm.judge(at(500), &RULE, 3, 4), None, "they still fire");
        assert_eq!(storm.judge(at(501), &RULE, 2, 4), None);
        assert_eq!(
            storm.judge(at(560), &RULE, 3, 4),
            None,
            "not for long enough"
        );
        assert_eq!(storm.judge(at(561), &RULE, 2, 4), None);
        assert_eq!(storm.judge(at(621), &RULE, 2, 4), Some(Turn::Ended));
        assert!(!storm.is_on());
    }
}
