//! Chance: everything that a schedule draws, from one seed.

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

    /// Between the two, in microseconds, given in milliseconds.
    pub(crate) const fn millis(&mut self, from: u64, to: u64) -> u64 {
        from * 1000 + self.below((to - from) * 1000 + 1)
    }
}
