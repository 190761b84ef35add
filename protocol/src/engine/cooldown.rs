//! Local limits: when attempts were reserved, and whether one more fits into the rates.
//!
//! Within one life of the process only the monotonic clock counts, which nobody sets. Attempts of
//! lives before are as old as the wall's clock says when they are read, at least nothing; a clock that
//! was set meanwhile while the engine ran is corrected for (see [`Record::ClockMoved`](super::Record)).

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::input::Now;
use super::record::Whose;
use crate::automation::{AutomationName, Rate, RateScope};
use crate::time::{Mono, Wall};

/// What no rate asks for is remembered so long, for a later version that has one.
const REMEMBERED: Duration = Duration::from_secs(24 * 3600);

/// What no rate asks for is remembered so often.
const REMEMBERED_MAX: usize = 64;

/// One reserved attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    /// Its age at `base`.
    age: Duration,
    base: Mono,
}

impl Stamp {
    fn age(self, now: Mono) -> Duration {
        self.age + now.since(self.base)
    }
}

/// All attempts that still count.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    // By name, so that an automation that is changed, or removed and put back, has its past.
    stamps: BTreeMap<AutomationName, BTreeMap<String, VecDeque<Stamp>>>,
}

impl Ledger {
    /// Whether one more attempt fits into the local rates.
    pub(super) fn has_room(
        &self,
        now: Mono,
        whose: (&AutomationName, &str),
        rates: &[Rate],
    ) -> bool {
        self.free_at(now, whose, rates).is_none()
    }

    /// Returns when one more attempt fits; none where it does now.
    pub(super) fn free_at(
        &self,
        now: Mono,
        (name, key): (&AutomationName, &str),
        rates: &[Rate],
    ) -> Option<Mono> {
        let keys = self.stamps.get(name)?;
        let wait = |rate: &Rate| {
            let within = |s: &&VecDeque<Stamp>| -> Vec<Duration> {
                let ages = s.iter().map(|s| s.age(now));
                ages.filter(|age| *age < rate.per).collect()
            };
            let mut ages: Vec<Duration> = match rate.scope {
                RateScope::Key => keys.get(key).iter().flat_map(within).collect(),
                RateScope::Node => keys.values().flat_map(|s| within(&s)).collect(),
                RateScope::Fleet => return None,
            };
            let n = usize::try_from(rate.n.max(1)).unwrap_or(usize::MAX);
            ages.sort_unstable();
            // The n-th youngest has to leave the window.
            ages.get(n - 1)
                .map(|age| now + (rate.per.saturating_sub(*age)))
        };
        rates.iter().filter_map(wait).max()
    }

    /// Reserves an attempt.
    pub(super) fn reserve(&mut self, now: Mono, name: &AutomationName, key: &str, rates: &[Rate]) {
        self.enter(name, key, Duration::ZERO, now);
        self.prune(now, name, rates);
    }

    /// Enters an attempt of an earlier life.
    pub(super) fn remember(&mut self, now: Now, whose: &Whose, at: Wall) {
        let ms = u64::try_from(now.wall.0.saturating_sub(at.0)).unwrap_or(0);
        self.enter(
            &whose.automation,
            &whose.key,
            Duration::from_millis(ms),
            now.mono,
        );
    }

    fn enter(&mut self, name: &AutomationName, key: &str, age: Duration, base: Mono) {
        let keys = match self.stamps.get_mut(name) {
            Some(keys) => keys,
            None => self.stamps.entry(name.clone()).or_default(),
        };
        let stamps = keys.entry(key.to_owned()).or_default();
        stamps.push_back(Stamp { age, base });
    }

    /// Forgets what counts no longer.
    fn prune(&mut self, now: Mono, name: &AutomationName, rates: &[Rate]) {
        let longest = rates.iter().map(|r| r.per).max().unwrap_or_default();
        let Some(keys) = self.stamps.get_mut(name) else {
            return;
        };
        keys.retain(|_, stamps| {
            while stamps.front().is_some_and(|s| {
                let age = s.age(now);
                age >= longest && (age >= REMEMBERED || stamps.len() > REMEMBERED_MAX)
            }) {
                stamps.pop_front();
            }
            !stamps.is_empty()
        });
    }

    /// Returns every attempt that some rate may still ask for, with when it was, as the wall's clock is
    /// now. `longest` is the longest window of any rate.
    pub(super) fn all(&self, now: Now, longest: Duration) -> impl Iterator<Item = (Whose, Wall)> {
        let longest = longest.max(REMEMBERED);
        self.stamps.iter().flat_map(move |(name, keys)| {
            keys.iter().flat_map(move |(key, stamps)| {
                let counts = move |s: &&Stamp| s.age(now.mono) < longest;
                stamps.iter().filter(counts).map(move |s| {
                    let whose = Whose {
                        automation: name.clone(),
                        key: key.clone(),
                    };
                    let age = i64::try_from(s.age(now.mono).as_millis()).unwrap_or(i64::MAX);
                    (whose, Wall(now.wall.0.saturating_sub(age)))
                })
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(s: u64) -> Now {
        Now {
            mono: Mono(Duration::from_secs(s)),
            wall: Wall(i64::try_from(s).unwrap() * 1000),
        }
    }

    fn rate(n: u32, s: u64, scope: RateScope) -> Rate {
        let per = Duration::from_secs(s);
        Rate { n, per, scope }
    }

    #[test]
    fn a_window_slides_and_counts_keys_or_the_node() {
        let name = AutomationName::new("a").unwrap();
        let (key, node) = (rate(1, 60, RateScope::Key), rate(2, 100, RateScope::Node));
        let mut ledger = Ledger::default();
        ledger.reserve(at(0).mono, &name, "x", &[key, node]);
        ledger.reserve(at(10).mono, &name, "y", &[key, node]);
        for (s, k, rates, free) in [
            (11, "x", vec![key], Some(60)),
            (59, "x", vec![key], Some(60)),
            (60, "x", vec![key], None),
            (11, "z", vec![key], None),
            (11, "z", vec![node], Some(100)),
            (99, "z", vec![key, node], Some(100)),
            (100, "z", vec![key, node], None),
            (11, "y", vec![key, node], Some(100)),
        ] {
            let got = ledger.free_at(at(s).mono, (&name, k), &rates);
            assert_eq!(got, free.map(|s| at(s).mono), "at {s} for {k}: {rates:?}");
        }
        let other = AutomationName::new("b").unwrap();
        assert!(ledger.has_room(at(11).mono, (&other, "x"), &[key, node]));
    }

    #[test]
    fn an_attempt_from_a_time_that_lies_ahead_is_new() {
        let name = AutomationName::new("a").unwrap();
        let mut ledger = Ledger::default();
        let whose = Whose {
            automation: name.clone(),
            key: String::new(),
        };
        ledger.remember(at(100), &whose, Wall(86_400_000));
        let rates = [rate(1, 60, RateScope::Key)];
        let free = ledger.free_at(at(100).mono, (&name, ""), &rates);
        assert_eq!(free, Some(at(160).mono));
    }
}
