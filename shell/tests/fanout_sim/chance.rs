//! Chance: everything that a schedule draws, from one seed.

use std::time::Duration;

use hailer_shell::fleet::policy::{Limits, Staging};

/// `SplitMix64`.
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    pub(crate) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) const fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    pub(crate) const fn percent(&mut self, p: u64) -> bool {
        self.below(100) < p
    }

    pub(crate) const fn millis(&mut self, max: u64) -> Duration {
        Duration::from_millis(self.below(max + 1))
    }
}

/// Stages of a third of all schedules.
pub(crate) fn staging(chance: &mut Chance, n: u64) -> Staging {
    let mut ends = Vec::new();
    if chance.percent(35) {
        let mut end = 0;
        for _ in 0..chance.below(4) {
            end += chance.below(n) + 1;
            if end < n {
                ends.push(u32::try_from(end).expect("small"));
            }
        }
    }
    Staging {
        ends,
        wait: chance.millis(5_000),
        is_gated: chance.percent(50),
    }
}

pub(crate) fn limits(chance: &mut Chance) -> Limits {
    let limit = |chance: &mut Chance| {
        let n = usize::try_from(chance.below(5)).expect("small");
        chance.percent(25).then_some(n)
    };
    Limits {
        failures: limit(chance),
        unreachable: limit(chance),
    }
}
