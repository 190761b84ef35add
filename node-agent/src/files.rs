//! Files of keys, certificates and authorities: closed where they must be, and replaced in one step
//! each, so that whoever starts finds the old one or the new one.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use crate::error::AgentError;

/// A key: its owner's alone.
pub(crate) const SECRET: u32 = 0o600;
/// Anybody may read it.
pub(crate) const PUBLIC: u32 = 0o644;

/// Reads a text.
pub(crate) fn read(path: &Path) -> Result<String, AgentError> {
    fs::read_to_string(path).map_err(|e| AgentError::file("read", path, e))
}

/// Writes a file in the place of whatever is there.
pub(crate) fn replace(path: &Path, text: &str, mode: u32) -> Result<(), AgentError> {
    let next = beside(path);
    // One that an earlier try has left may have another mode.
    let _ = fs::remove_file(&next);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(mode);
    let written = options.open(&next).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&next, path)?;
        // The name, too, is on the disk when this returns.
        let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty());
        File::open(dir.unwrap_or_else(|| Path::new(".")))?.sync_all()
    });
    written.map_err(|e| AgentError::file("write", path, e))
}

fn beside(path: &Path) -> PathBuf {
    let mut next = path.as_os_str().to_owned();
    next.push(".new");
    next.into()
}

/// A key that others can read is no key.
pub(crate) fn check_key_mode(path: &Path) -> Result<(), AgentError> {
    let mode = fs::metadata(path)
        .map_err(|e| AgentError::file("read", path, e))?
        .permissions()
        .mode();
    if mode & 0o077 != 0 {
        return Err(AgentError::Tls(format!(
            "the key {} can be read by others (mode {:o}); run `chmod 600 {}`",
            path.display(),
            mode & 0o777,
            path.display()
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_with_its_own_mode() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("ca.pem");
        let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
        for (text, wanted) in [("one", PUBLIC), ("two", SECRET), ("three", PUBLIC)] {
            // What an earlier try has left is not in the way.
            fs::write(beside(&path), "half").expect("written");
            replace(&path, text, wanted).expect("replaced");
            assert_eq!(read(&path).expect("read"), text);
            assert_eq!(mode(&path) & !wanted, 0, "{text}");
        }
        assert_eq!(fs::read_dir(dir.path()).expect("read").count(), 1);
        assert!(replace(&dir.path().join("none/ca.pem"), "x", PUBLIC).is_err());
    }

    #[test]
    fn a_key_that_others_can_read_is_refused() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("node.key");
        replace(&path, "key", SECRET).expect("written");
        assert!(check_key_mode(&path).is_ok());
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("mode");
        let why = check_key_mode(&path).expect_err("open").to_string();
        assert!(why.contains("chmod 600"), "{why}");
    }
}
