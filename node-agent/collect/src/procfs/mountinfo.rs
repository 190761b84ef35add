//! `/proc/self/mountinfo`: what is mounted where.

/// One mount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// `major:minor` of the filesystem; the same for every mount of one filesystem.
    pub device_id: String,
    /// The directory within the filesystem that is mounted; `/` unless it is a bind mount.
    pub root: String,
    /// Where it is mounted, unescaped.
    pub mountpoint: String,
    /// The filesystem's type.
    pub fstype: String,
    /// What is mounted: mostly a device's path.
    pub device: String,
    /// Whether the mount or its filesystem is read-only.
    pub read_only: bool,
}

/// Parses `/proc/self/mountinfo`, in the file's order; lines with too few fields are left out.
#[must_use]
pub fn parse(text: &str) -> Vec<Mount> {
    text.lines().filter_map(line).collect()
}

fn line(line: &str) -> Option<Mount> {
    // id parent major:minor root mountpoint options [optional fields] - fstype device options
    let mut words = line.split_ascii_whitespace().skip(2);
    let device_id = words.next()?.to_owned();
    let root = unescaped(words.next()?);
    let mountpoint = unescaped(words.next()?);
    let options = words.next()?;
    words.by_ref().find(|word| *word == "-")?;
    let fstype = unescaped(words.next()?);
    let device = unescaped(words.next()?);
    let super_options = words.next().unwrap_or("");
    Some(Mount {
        device_id,
        root,
        mountpoint,
        fstype,
        device,
        read_only: is_read_only(options) || is_read_only(super_options),
    })
}

fn is_read_only(options: &str) -> bool {
    options.split(',').any(|option| option == "ro")
}

/// Undoes the kernel's `\040` for a blank and its like; any other backslash stands for itself.
fn unescaped(word: &str) -> String {
    if !word.contains('\\') {
        return word.to_owned();
    }
    let mut out = Vec::with_capacity(word.len());
    let mut rest = word.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let octal = tail
            .get(..3)
            .filter(|_| first == b'\\')
            .and_then(octal_byte);
        if let Some(byte) = octal {
            out.push(byte);
            rest = &tail[3..];
        } else {
            out.push(first);
            rest = tail;
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn octal_byte(digits: &[u8]) -> Option<u8> {
    let text = std::str::from_utf8(digits).ok()?;
    // from_str_radix would take a sign.
    if !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    u8::from_str_radix(text, 8).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_behind_any_number_of_optional_ones_are_read() {
        let mounts = parse(
            "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard\n\
             36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 shared:7 - ext3 /dev/root ro,errors=continue\n",
        );
        assert_eq!(mounts.len(), 2);
        assert_eq!(mounts[0].mountpoint, "/");
        assert_eq!(mounts[0].device, "/dev/vda");
        assert!(!mounts[0].read_only);
        assert_eq!(mounts[1].root, "/mnt1");
        assert_eq!(mounts[1].device_id, "98:0");
        assert_eq!(mounts[1].fstype, "ext3");
        assert!(mounts[1].read_only, "its filesystem is, if not its mount");
    }

    #[test]
    fn escapes_are_undone_and_other_backslashes_stay() {
        let check = |word: &str, expected: &str| assert_eq!(unescaped(word), expected, "{word}");
        check("/mnt/my\\040disk", "/mnt/my disk");
        check("/a\\011b\\012c\\134d\\043", "/a\tb\nc\\d#");
        check("\\303\\244", "ä");
        check("\\04", "\\04");
        check("\\999x", "\\999x");
        check("\\+12", "\\+12");
        check("\\777", "\\777");
        check("\\ä0", "\\ä0");
        check("\\", "\\");
    }

    #[test]
    fn a_line_without_a_dash_is_left_out() {
        assert_eq!(
            parse("27 1 254:0 / / rw,relatime ext4 /dev/vda rw\n\n27"),
            []
        );
    }
}
