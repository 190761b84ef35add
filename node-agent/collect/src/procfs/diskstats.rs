//! `/proc/diskstats`: what each block device has done.

use super::next_number;

/// One block device's counters since boot.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DiskStat {
    /// The kernel's name, `sda` or `nvme0n1p1`.
    pub device: String,
    /// Reads finished.
    pub reads: Option<u64>,
    /// Bytes read.
    pub read_bytes: Option<u64>,
    /// Writes finished.
    pub writes: Option<u64>,
    /// Bytes written.
    pub written_bytes: Option<u64>,
    /// Operations under way now.
    pub pending: Option<u64>,
    /// Milliseconds with at least one operation under way.
    pub io_time_ms: Option<u64>,
}

/// The file counts in these, whatever the device's own sectors are.
const SECTOR_BYTES: u64 = 512;

/// Parses `/proc/diskstats`; lines without a device name are left out.
#[must_use]
pub fn parse(text: &str) -> Vec<DiskStat> {
    text.lines().filter_map(line).collect()
}

fn line(line: &str) -> Option<DiskStat> {
    let mut words = line.split_ascii_whitespace().skip(2);
    let device = words.next()?.to_owned();
    let mut numbers = [None; 10];
    for number in &mut numbers {
        *number = next_number(&mut words);
    }
    let [
        reads,
        _,
        read_sectors,
        _,
        writes,
        _,
        written_sectors,
        _,
        pending,
        io_time_ms,
    ] = numbers;
    Some(DiskStat {
        device,
        reads,
        read_bytes: read_sectors.and_then(|n| n.checked_mul(SECTOR_BYTES)),
        writes,
        written_bytes: written_sectors.and_then(|n| n.checked_mul(SECTOR_BYTES)),
        pending,
        io_time_ms,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kernel_with_discards_and_flushes_is_read() {
        let text = " 254       0 vda 14521 5565 3039738 14393 3575 43323 4378256 16812 2 7280 \
                    31882 4448 38 177736 674 28 1\n";
        let expected = DiskStat {
            device: "vda".into(),
            reads: Some(14521),
            read_bytes: Some(3_039_738 * 512),
            writes: Some(3575),
            written_bytes: Some(4_378_256 * 512),
            pending: Some(2),
            io_time_ms: Some(7280),
        };
        assert_eq!(parse(text), [expected]);
    }

    #[test]
    fn a_short_line_has_none_where_it_ends() {
        let disks = parse("8 1 sda1 5 6\n8\n\n");
        assert_eq!(disks.len(), 1);
        assert_eq!(disks[0].reads, Some(5));
        assert_eq!(disks[0].writes, None);
    }
}
