//! `/proc/vmstat`: swapping and out-of-memory kills.

/// One reading of `/proc/vmstat`; counts since boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct VmStat {
    /// Pages read back from swap.
    pub swapped_in: Option<u64>,
    /// Pages written to swap.
    pub swapped_out: Option<u64>,
    /// Processes killed for want of memory, since Linux 4.13.
    pub oom_kills: Option<u64>,
}

/// Parses `/proc/vmstat`.
#[must_use]
pub fn parse(text: &str) -> VmStat {
    let mut stat = VmStat::default();
    for line in text.lines() {
        let Some((key, count)) = line.split_once(' ') else {
            continue;
        };
        let field = match key {
            "pswpin" => &mut stat.swapped_in,
            "pswpout" => &mut stat.swapped_out,
            "oom_kill" => &mut stat.oom_kills,
            _ => continue,
        };
        *field = count.trim().parse().ok();
    }
    stat
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_read_and_absent_ones_are_none() {
        let stat = parse("nr_free_pages 1\npswpin 7\npswpout 9\n");
        assert_eq!(stat.swapped_in, Some(7));
        assert_eq!(stat.swapped_out, Some(9));
        assert_eq!(stat.oom_kills, None);
        assert_eq!(parse("oom_kill 3").oom_kills, Some(3));
    }
}
