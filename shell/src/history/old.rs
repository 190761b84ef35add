//! The plain file in which lines were kept before: one a line, `<\n>` for a line break.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use super::LINE_BYTES_MAX;

/// More of a plain file is not read: it never grew larger.
const FILE_MAX: u64 = 64 << 20;

/// Returns the last `n` lines of the file, oldest first; none where there is no such file.
pub(super) fn lines(path: &Path, n: usize) -> Vec<String> {
    let Ok(text) = read(path) else {
        return Vec::new();
    };
    let text = String::from_utf8_lossy(&text);
    let all: Vec<&str> = text.lines().filter(|l| !l.trim().is_empty()).collect();
    all[all.len().saturating_sub(n)..]
        .iter()
        .map(|l| l.replace("<\\n>", "\n"))
        .filter(|l| l.len() <= LINE_BYTES_MAX)
        .collect()
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(FILE_MAX).read_to_end(&mut bytes)?;
    Ok(bytes)
}
