//! The budget: how many bytes of answers one run may keep in memory, over all its nodes.

use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes kept for one run, unless its job says otherwise. Enough for ten thousand answers of
/// 22 KiB that are all different; equal ones count once when they are complete. With a thousand
/// connections whose nodes all send as fast as they can, the whole shell stays below 512 MiB.
pub const KEPT_BYTES_DEFAULT: u64 = 224 << 20;

/// A number of bytes that many collectors share.
#[derive(Debug)]
pub struct Budget {
    total: u64,
    used: AtomicU64,
}

impl Budget {
    /// Makes a budget of that many bytes.
    #[must_use]
    pub const fn new(total: u64) -> Self {
        Self {
            total,
            used: AtomicU64::new(0),
        }
    }

    /// Takes up to `wanted` bytes and returns how many were left to take.
    #[must_use]
    pub fn take(&self, wanted: u64) -> u64 {
        let mut granted = 0;
        self.change(|used| {
            granted = wanted.min(self.total.saturating_sub(used));
            used + granted
        });
        granted
    }

    /// Takes exactly `wanted` bytes, or none; returns whether it did.
    #[must_use]
    pub fn take_all(&self, wanted: u64) -> bool {
        let mut granted = false;
        self.change(|used| {
            granted = wanted <= self.total.saturating_sub(used);
            if granted { used + wanted } else { used }
        });
        granted
    }

    /// Gives bytes back.
    pub fn give_back(&self, bytes: u64) {
        self.change(|used| used.saturating_sub(bytes));
    }

    /// Returns how many bytes are taken.
    #[must_use]
    pub fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    // Relaxed: the number stands for nothing but itself, no other memory is read because of it.
    fn change(&self, mut f: impl FnMut(u64) -> u64) {
        let mut used = self.used();
        while let Err(now) =
            self.used
                .compare_exchange_weak(used, f(used), Ordering::Relaxed, Ordering::Relaxed)
        {
            used = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_granted_than_is_left() {
        let budget = Budget::new(10);
        assert_eq!(budget.take(7), 7);
        assert_eq!(budget.take(7), 3);
        assert_eq!(budget.take(1), 0);
        budget.give_back(4);
        assert!(!budget.take_all(5));
        assert!(budget.take_all(4));
        assert_eq!(budget.used(), 10);
    }

    #[test]
    fn many_takers_never_get_more_than_there_is() {
        let budget = Budget::new(1_000);
        let granted: u64 = std::thread::scope(|scope| {
            let takers: Vec<_> = (0..4)
                .map(|_| scope.spawn(|| (0..1_000).map(|_| budget.take(3)).sum::<u64>()))
                .collect();
            takers
                .into_iter()
                .map(|t| t.join().expect("no panic"))
                .sum()
        });
        assert_eq!((granted, budget.used()), (1_000, 1_000));
    }
}
