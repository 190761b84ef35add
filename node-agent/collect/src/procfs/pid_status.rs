//! `/proc/PID/status`: whose process it is.

/// Returns the effective user id.
#[must_use]
pub fn effective_uid(text: &str) -> Option<u32> {
    let ids = text.lines().find_map(|line| line.strip_prefix("Uid:"))?;
    // real, effective, saved, filesystem
    ids.split_ascii_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_effective_id_is_taken() {
        let text = "Name:\tcat\nUmask:\t0022\nUid:\t1000\t33\t33\t33\nGid:\t0\t0\t0\t0\n";
        assert_eq!(effective_uid(text), Some(33));
    }

    #[test]
    fn a_process_whose_status_is_gone_has_none() {
        assert_eq!(effective_uid(""), None);
        assert_eq!(effective_uid("Uid:\t1000"), None);
    }
}
