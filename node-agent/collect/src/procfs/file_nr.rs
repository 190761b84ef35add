//! `/proc/sys/fs/file-nr`: open files of the whole machine.

use super::next_number;

/// One reading of `/proc/sys/fs/file-nr`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FileNr {
    /// Open files.
    pub open: Option<u64>,
    /// The kernel's bound on them.
    pub limit: Option<u64>,
}

/// Parses `/proc/sys/fs/file-nr`.
#[must_use]
pub fn parse(text: &str) -> FileNr {
    let mut words = text.split_ascii_whitespace();
    let allocated = next_number(&mut words);
    // Allocated but unused: always zero since Linux 2.6.
    let unused = next_number(&mut words).unwrap_or(0);
    FileNr {
        open: allocated.map(|n| n.saturating_sub(unused)),
        limit: next_number(&mut words),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_files_and_the_bound_are_read() {
        let expected = FileNr {
            open: Some(521),
            limit: Some(2_466_177),
        };
        assert_eq!(parse("521\t0\t2466177\n"), expected);
        assert_eq!(parse("521").limit, None);
    }
}
