//! `/proc/stat`: processor time by mode, boot time, processes started.

use super::next_number;

/// One reading of `/proc/stat`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stat {
    /// All processors together; none where the line is absent.
    pub all: Option<CpuTimes>,
    /// Each processor that is online, by its number.
    pub each: Vec<(u32, CpuTimes)>,
    /// When the kernel started, in seconds since 1970.
    pub boot_time: Option<u64>,
    /// Processes and threads started since boot.
    pub created: Option<u64>,
}

/// Ticks spent in each mode since boot. Modes that an old kernel does not tell are zero.
///
/// The time of guests is part of `user` and `nice` already, and is left out here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CpuTimes {
    /// Normal processes in user mode.
    pub user: u64,
    /// Niced processes in user mode.
    pub nice: u64,
    /// The kernel on behalf of processes.
    pub system: u64,
    /// Nothing to do.
    pub idle: u64,
    /// Nothing to do but wait for a disk.
    pub iowait: u64,
    /// Hardware interrupts.
    pub interrupt: u64,
    /// Software interrupts.
    pub softirq: u64,
    /// Taken by the hypervisor.
    pub steal: u64,
}

impl CpuTimes {
    /// Returns the modes by name, in the order of the file.
    #[must_use]
    pub const fn by_mode(&self) -> [(&'static str, u64); 8] {
        [
            ("user", self.user),
            ("nice", self.nice),
            ("system", self.system),
            ("idle", self.idle),
            ("iowait", self.iowait),
            ("interrupt", self.interrupt),
            ("softirq", self.softirq),
            ("steal", self.steal),
        ]
    }

    /// Returns what was spent since `earlier`. A mode that went backwards, as `iowait` and `idle`
    /// may, counts as nothing spent.
    #[must_use]
    pub const fn since(&self, earlier: &Self) -> Self {
        Self {
            user: self.user.saturating_sub(earlier.user),
            nice: self.nice.saturating_sub(earlier.nice),
            system: self.system.saturating_sub(earlier.system),
            idle: self.idle.saturating_sub(earlier.idle),
            iowait: self.iowait.saturating_sub(earlier.iowait),
            interrupt: self.interrupt.saturating_sub(earlier.interrupt),
            softirq: self.softirq.saturating_sub(earlier.softirq),
            steal: self.steal.saturating_sub(earlier.steal),
        }
    }

    /// Returns the ticks of all modes.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.by_mode()
            .iter()
            .fold(0, |sum, (_, ticks)| sum.saturating_add(*ticks))
    }

    /// Returns the ticks that were neither idle nor waiting.
    #[must_use]
    pub fn busy(&self) -> u64 {
        self.total()
            .saturating_sub(self.idle.saturating_add(self.iowait))
    }
}

/// Parses `/proc/stat`.
#[must_use]
pub fn parse(text: &str) -> Stat {
    let mut stat = Stat::default();
    for line in text.lines() {
        let mut words = line.split_ascii_whitespace();
        match words.next() {
            Some("cpu") => stat.all = Some(cpu_times(&mut words)),
            Some("btime") => stat.boot_time = next_number(&mut words),
            Some("processes") => stat.created = next_number(&mut words),
            Some(word) => {
                if let Some(cpu) = word.strip_prefix("cpu").and_then(|n| n.parse().ok()) {
                    stat.each.push((cpu, cpu_times(&mut words)));
                }
            }
            None => {}
        }
    }
    stat
}

fn cpu_times<'a>(words: &mut impl Iterator<Item = &'a str>) -> CpuTimes {
    let mut next = || next_number(words).unwrap_or(0);
    CpuTimes {
        user: next(),
        nice: next(),
        system: next(),
        idle: next(),
        iowait: next(),
        interrupt: next(),
        softirq: next(),
        steal: next(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_processors_boot_time_and_forks_are_read() {
        let stat = parse(
            "cpu  41431 1 7586 129852 431 2 76 1525 9 9\n\
             cpu0 20678 0 3527 65386 107 0 3 711 0 0\n\
             cpu7 20752 0 4059 64465 324 0 73 813 0 0\n\
             intr 252711 0 0\nbtime 1795446654\nprocesses 9542\nprocs_blocked 0\n",
        );
        let all = stat.all.expect("the line is there");
        assert_eq!(all.steal, 1525);
        assert_eq!(
            all.total(),
            41431 + 1 + 7586 + 129_852 + 431 + 2 + 76 + 1525
        );
        assert_eq!(all.busy(), 41431 + 1 + 7586 + 2 + 76 + 1525);
        let numbers: Vec<u32> = stat.each.iter().map(|(n, _)| *n).collect();
        assert_eq!(numbers, [0, 7]);
        assert_eq!(stat.boot_time, Some(1_795_446_654));
        assert_eq!(stat.created, Some(9542));
    }

    #[test]
    fn an_old_kernel_without_steal_has_none() {
        let stat = parse("cpu  1 2 3 4\n");
        assert_eq!(
            stat.all.map(|t| (t.idle, t.iowait, t.steal)),
            Some((4, 0, 0))
        );
        assert_eq!(stat.created, None);
    }

    #[test]
    fn a_mode_that_went_backwards_counts_as_nothing_spent() {
        let earlier = CpuTimes {
            iowait: 10,
            user: 1,
            ..CpuTimes::default()
        };
        let later = CpuTimes {
            iowait: 9,
            user: 5,
            ..CpuTimes::default()
        };
        let spent = later.since(&earlier);
        assert_eq!((spent.iowait, spent.user), (0, 4));
    }
}
