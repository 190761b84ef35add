//! The authority's files: made once, closed to others, never found half written.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use crate::error::ShellError;

/// A key, or a store: its owner's alone.
pub(crate) const SECRET: u32 = 0o600;
/// A certificate: anybody may read it.
pub(crate) const PUBLIC: u32 = 0o644;

fn failed(what: &str, path: &Path) -> impl FnOnce(io::Error) -> ShellError {
    let place = format!("{what} {}", path.display());
    move |e| ShellError::own(format!("{place}: {e}"))
}

/// Makes a directory for its owner alone, with those above it, if it is not there.
pub(crate) fn make_dir(path: &Path) -> Result<(), ShellError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true).mode(0o700);
    builder.create(path).map_err(failed("create", path))
}

/// Refuses a file or directory of keys that others can get at.
pub(crate) fn check_closed(path: &Path, what: &str, wanted: &str) -> Result<(), ShellError> {
    let found = fs::metadata(path).map_err(failed("read", path))?;
    let mode = found.permissions().mode() & 0o777;
    if mode & 0o077 == 0 {
        return Ok(());
    }
    let path = path.display();
    Err(ShellError::own(format!(
        "the {what} {path} is open to others (mode {mode:o})"
    ))
    .hint(format!("run `chmod {wanted} {path}`")))
}

/// Reads a text.
pub(crate) fn read(path: &Path) -> Result<String, ShellError> {
    fs::read_to_string(path).map_err(failed("read", path))
}

/// Reads a key that nobody else can.
pub(crate) fn read_secret(path: &Path) -> Result<String, ShellError> {
    check_closed(path, "key", "600")?;
    read(path)
}

/// Writes a file that is not there.
pub(crate) fn write_new(path: &Path, text: &str, mode: u32) -> Result<(), ShellError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(mode);
    let written = options.open(path).and_then(|file| fill(file, text));
    written.map_err(|e| {
        if e.kind() == io::ErrorKind::AlreadyExists {
            let path = path.display();
            ShellError::usage(format!("{path} is there, and is not overwritten"))
        } else {
            failed("write", path)(e)
        }
    })
}

/// Writes a file in the place of whatever is there: readers see the old one or the new one.
pub(crate) fn replace(path: &Path, text: &str, mode: u32) -> Result<(), ShellError> {
    let mut next = path.as_os_str().to_owned();
    next.push(".new");
    let next = Path::new(&next);
    // One that an earlier try has left may have another mode.
    let _ = fs::remove_file(next);
    write_new(next, text, mode)?;
    // The name, too, is on the disk when this returns: a list that was made longer stays so.
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty());
    fs::rename(next, path)
        .and_then(|()| File::open(dir.unwrap_or_else(|| Path::new(".")))?.sync_all())
        .map_err(failed("write", path))
}

fn fill(mut file: File, text: &str) -> io::Result<()> {
    file.write_all(text.as_bytes())?;
    file.sync_all()
}
