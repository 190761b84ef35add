//! `/proc/meminfo`: memory and swap.

/// One reading of `/proc/meminfo`, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MemInfo {
    /// `MemTotal`.
    pub total: Option<u64>,
    /// `MemFree`.
    pub free: Option<u64>,
    /// `MemAvailable`, since Linux 3.14.
    pub available_told: Option<u64>,
    /// `Buffers`.
    pub buffers: Option<u64>,
    /// `Cached`, which holds `Shmem` too.
    pub cached: Option<u64>,
    /// `Shmem`.
    pub shared: Option<u64>,
    /// `SReclaimable`.
    pub slab_reclaimable: Option<u64>,
    /// `SwapTotal`.
    pub swap_total: Option<u64>,
    /// `SwapFree`.
    pub swap_free: Option<u64>,
}

impl MemInfo {
    /// Returns what new work could have without swapping: as the kernel tells, or, where it does
    /// not, all free memory and every cache that can be dropped (an estimate that is too high by
    /// the low watermarks).
    #[must_use]
    pub fn available(&self) -> Option<u64> {
        self.available_told.or_else(|| {
            let droppable = self
                .buffers
                .unwrap_or(0)
                .saturating_add(self.cached.unwrap_or(0))
                .saturating_add(self.slab_reclaimable.unwrap_or(0))
                .saturating_sub(self.shared.unwrap_or(0));
            let available = self.free?.saturating_add(droppable);
            Some(available.min(self.total.unwrap_or(u64::MAX)))
        })
    }

    /// Returns what is neither free nor a cache.
    #[must_use]
    pub fn used(&self) -> Option<u64> {
        let rest = self
            .free?
            .saturating_add(self.buffers.unwrap_or(0))
            .saturating_add(self.cached.unwrap_or(0))
            .saturating_add(self.slab_reclaimable.unwrap_or(0));
        Some(self.total?.saturating_sub(rest))
    }
}

/// Parses `/proc/meminfo`.
#[must_use]
pub fn parse(text: &str) -> MemInfo {
    let mut info = MemInfo::default();
    for line in text.lines() {
        let Some((key, rest)) = line.split_once(':') else {
            continue;
        };
        let field = match key {
            "MemTotal" => &mut info.total,
            "MemFree" => &mut info.free,
            "MemAvailable" => &mut info.available_told,
            "Buffers" => &mut info.buffers,
            "Cached" => &mut info.cached,
            "Shmem" => &mut info.shared,
            "SReclaimable" => &mut info.slab_reclaimable,
            "SwapTotal" => &mut info.swap_total,
            "SwapFree" => &mut info.swap_free,
            _ => continue,
        };
        *field = bytes(rest);
    }
    info
}

/// Reads `24684092 kB`; the kernel's kB is 1024 bytes.
fn bytes(text: &str) -> Option<u64> {
    let kib: u64 = text.split_ascii_whitespace().next()?.parse().ok()?;
    kib.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_own_estimate_is_taken_where_it_tells() {
        let info = parse(
            "MemTotal:       1000 kB\nMemFree:  300 kB\nMemAvailable:    500 kB\nBuffers: 10 kB\n\
             Cached: 200 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n",
        );
        assert_eq!(info.available(), Some(500 * 1024));
        assert_eq!(info.used(), Some((1000 - 300 - 10 - 200) * 1024));
        assert_eq!(info.swap_total, Some(0));
    }

    #[test]
    fn an_old_kernels_available_is_free_and_droppable_caches() {
        let info = parse(
            "MemTotal: 1000 kB\nMemFree: 100 kB\nBuffers: 10 kB\nCached: 200 kB\nShmem: 50 kB\n\
             SReclaimable: 5 kB\n",
        );
        assert_eq!(info.available(), Some((100 + 10 + 200 + 5 - 50) * 1024));
    }

    #[test]
    fn absent_and_absurd_fields_are_none() {
        let info = parse("MemTotal: many kB\nMemFree: 18446744073709551615 kB\nnonsense");
        assert_eq!(info, MemInfo::default());
        assert_eq!(info.available(), None);
        assert_eq!(info.used(), None);
    }
}
