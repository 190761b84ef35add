//! Files of tables on the operator's machine: read whole within a bound, written whole or not at all.
//!
//! A file is written beside its place under a name of its own, and takes its place when all of it is
//! on the disk. Whoever looks sees the old file or the new one; a disk that is full leaves the old
//! one as it was.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use hailer_protocol::clean::Clean;
use hailer_protocol::table::Column;
use hailer_protocol::units::size_text;
use hailer_protocol::value::{DataType, Value};
use hailer_table::file::FILE_BYTES_MAX;
use hailer_table::{Frame, FrameColumn, FrameRow, TableError};
use rustix::fs::{Access, CWD, RenameFlags, access, renameat_with};

/// A file that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedFile {
    /// Where it is.
    pub path: PathBuf,
    /// How many rows it holds.
    pub rows: u64,
    /// How long it is.
    pub bytes: u64,
}

/// Describes a file that was written as a table of one row: `file`, `rows`, `bytes`.
///
/// # Errors
/// When the engine fails.
pub fn described(saved: &SavedFile) -> Result<Frame, TableError> {
    let columns = [
        Column::new("file", DataType::Str),
        Column::new("rows", DataType::Int),
        Column::new("bytes", DataType::Size),
    ];
    let row = FrameRow {
        node: None,
        values: vec![
            Value::Str(saved.path.display().to_string()),
            Value::Int(clamped(saved.rows)),
            Value::Size(clamped(saved.bytes)),
        ],
    };
    let columns = columns.map(FrameColumn::shown).to_vec();
    Ok(Frame::from_rows(columns, vec![row])?.0)
}

/// Why a file could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("{doing} `{path}`: {reason}", path = Clean::line(&path.display().to_string()))]
pub struct FileError {
    /// What was tried.
    doing: &'static str,
    /// With which file.
    path: PathBuf,
    reason: Reason,
    /// What to do next.
    pub hint: Option<String>,
}

#[derive(Debug, thiserror::Error)]
enum Reason {
    #[error("there is no such file")]
    Missing,
    #[error("it is a directory")]
    Directory,
    #[error("it is no regular file")]
    Odd,
    #[error("there is such a file already")]
    Exists,
    #[error("the directory `{0}` is not there")]
    NoDirectory(Clean),
    #[error("nothing may be written in the directory `{0}`")]
    ClosedDirectory(Clean),
    #[error("it has {size}, at most {max} can be opened", size = size_text(clamped(*.0)), max = size_text(clamped(FILE_BYTES_MAX)))]
    TooLong(u64),
    #[error("{}", plainly(.0))]
    Io(#[from] io::Error),
}

/// What the system says without its number.
fn plainly(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    text.to_lowercase()
}

fn clamped(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

impl FileError {
    fn of(doing: &'static str, path: &Path, reason: impl Into<Reason>) -> Self {
        Self {
            doing,
            path: path.to_owned(),
            reason: reason.into(),
            hint: None,
        }
    }

    fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// Returns the path that a file is named by: a leading `~/` is the home directory.
#[must_use]
pub fn path_of(named: &str, home: Option<&Path>) -> PathBuf {
    let behind = match named.strip_prefix('~') {
        Some("") => Some(""),
        Some(rest) => rest.strip_prefix('/'),
        None => None,
    };
    match (behind, home) {
        (Some(behind), Some(home)) => home.join(behind),
        (Some(_) | None, _) => PathBuf::from(named),
    }
}

/// Reads a whole file.
///
/// # Errors
/// When it is not there, no regular file, too long, or cannot be read.
pub fn read(path: &Path) -> Result<Vec<u8>, FileError> {
    let failed = |reason: Reason| FileError::of("open", path, reason);
    let about = match fs::metadata(path) {
        Ok(about) => about,
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            let error = failed(Reason::Missing);
            let named = path.to_string_lossy();
            return Err(if named.starts_with('/') || named.starts_with('~') {
                error
            } else {
                let here = std::env::current_dir().unwrap_or_default();
                error.hint(format!(
                    "files are named from {}",
                    Clean::line(&here.display().to_string())
                ))
            });
        }
        Err(e) => return Err(failed(e.into())),
    };
    // Reading a pipe or a device might never end.
    if about.is_dir() {
        return Err(failed(Reason::Directory));
    }
    if !about.is_file() {
        return Err(failed(Reason::Odd));
    }
    let too_long = |bytes: u64| {
        failed(Reason::TooLong(bytes)).hint("make a smaller one: fewer rows, or .parquet")
    };
    if about.len() > FILE_BYTES_MAX {
        return Err(too_long(about.len()));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(about.len()).unwrap_or(0));
    let file = File::open(path).map_err(|e| failed(e.into()))?;
    // It may grow while it is read.
    let mut bounded = file.take(FILE_BYTES_MAX + 1);
    bounded
        .read_to_end(&mut bytes)
        .map_err(|e| failed(e.into()))?;
    match bytes.len() as u64 {
        n if n > FILE_BYTES_MAX => Err(too_long(n)),
        _ => Ok(bytes),
    }
}

/// Says before anything runs why a file will not be written, as far as that can be known.
///
/// # Errors
/// When it is there and is not to be replaced, or its directory is not there or closed.
pub fn check(path: &Path, force: bool) -> Result<(), FileError> {
    let failed = |reason: Reason| FileError::of("save", path, reason);
    match fs::metadata(path) {
        Ok(about) if about.is_dir() => return Err(failed(Reason::Directory)),
        Ok(about) if !about.is_file() => return Err(failed(Reason::Odd)),
        Ok(_) if !force => return Err(exists(path)),
        Ok(_) | Err(_) => {}
    }
    let directory = directory_of(path);
    let named = || Clean::line(&directory.display().to_string());
    if !directory.is_dir() {
        return Err(failed(Reason::NoDirectory(named()))
            .hint(format!("make it with `!mkdir -p {}`", named())));
    }
    if access(&directory, Access::WRITE_OK | Access::EXEC_OK).is_err() {
        return Err(failed(Reason::ClosedDirectory(named())));
    }
    Ok(())
}

fn exists(path: &Path) -> FileError {
    FileError::of("save", path, Reason::Exists)
        .hint("take another name, or replace it with `save --force FILE`")
}

fn directory_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        Some(_) | None => PathBuf::from("."),
    }
}

/// Writes a whole file, or nothing. One that is there is replaced only where `force` says so, and
/// then keeps its permissions.
///
/// # Errors
/// As [`check`], and when it cannot be written.
pub fn write(path: &Path, bytes: &[u8], force: bool) -> Result<(), FileError> {
    check(path, force)?;
    // A link stays one; what it leads to is replaced.
    let path = &fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let failed = |e: io::Error| FileError::of("save", path, e);
    let (mut file, beside) = begin(path).map_err(failed)?;
    let written = (|| {
        file.write_all(bytes)?;
        if let (true, Ok(before)) = (force, fs::metadata(path)) {
            file.set_permissions(before.permissions())?;
        }
        file.sync_all()?;
        place(&beside, path, force)
    })();
    written.map_err(|e| {
        // The reason is told; that the rest could not be cleared away as well would only hide it.
        let _ = fs::remove_file(&beside);
        if e.kind() == io::ErrorKind::AlreadyExists {
            exists(path)
        } else {
            failed(e)
        }
    })
}

/// Creates the file that is to take a place, beside it: a move between file systems is none.
fn begin(path: &Path) -> io::Result<(File, PathBuf)> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let directory = directory_of(path);
    let mut n: u32 = 0;
    loop {
        let beside = directory.join(format!(".{name}.{}-{n}.part", std::process::id()));
        match OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&beside)
        {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists && n < 1000 => n += 1,
            Err(e) => return Err(e),
            Ok(file) => return Ok((file, beside)),
        }
    }
}

/// Gives a finished file its name, at once.
fn place(beside: &Path, path: &Path, force: bool) -> io::Result<()> {
    if force {
        return fs::rename(beside, path);
    }
    match renameat_with(CWD, beside, CWD, path, RenameFlags::NOREPLACE) {
        Ok(()) => Ok(()),
        // A file system that cannot do so: a second name is refused where there is one already.
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => {
            fs::hard_link(beside, path)?;
            fs::remove_file(beside)
        }
        Err(e) => Err(e.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(directory).expect("a directory");
        let name = |e: io::Result<fs::DirEntry>| {
            e.expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        };
        let mut names: Vec<String> = entries.map(name).collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_is_written_whole_and_never_over_another() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("a.csv");
        write(&path, b"one", false).expect("there is none");
        let error = write(&path, b"two", false).expect_err("there is one");
        assert!(
            error
                .to_string()
                .ends_with("a.csv`: there is such a file already")
        );
        assert!(error.hint.is_some_and(|h| h.contains("--force")));
        assert_eq!(fs::read(&path).expect("it is there"), b"one");
        write(&path, b"three", true).expect("it may be replaced");
        assert_eq!(fs::read(&path).expect("it is there"), b"three");
        assert_eq!(names(directory.path()), ["a.csv"]);
    }

    #[test]
    fn what_comes_between_check_and_place_is_not_replaced() {
        let directory = tempfile::tempdir().expect("a directory");
        let (beside, path) = (directory.path().join("new"), directory.path().join("a.csv"));
        fs::write(&beside, "new").expect("it can be written");
        fs::write(&path, "old").expect("it can be written");
        let error = place(&beside, &path, false).expect_err("there is one");
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).expect("it is there"), b"old");
    }

    #[test]
    fn a_replaced_file_keeps_its_permissions_and_a_link_stays_one() {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = tempfile::tempdir().expect("a directory");
        let (path, link) = (
            directory.path().join("a.csv"),
            directory.path().join("l.csv"),
        );
        write(&path, b"one", false).expect("there is none");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("it is ours");
        std::os::unix::fs::symlink("a.csv", &link).expect("a link");
        write(&link, b"two", true).expect("it may be replaced");
        assert!(
            fs::symlink_metadata(&link)
                .expect("it is there")
                .is_symlink()
        );
        assert_eq!(fs::read(&path).expect("it is there"), b"two");
        let mode = fs::metadata(&path)
            .expect("it is there")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o640);
    }

    #[test]
    fn what_cannot_be_written_is_known_before_anything_runs() {
        let directory = tempfile::tempdir().expect("a directory");
        let there = |name: &str| directory.path().join(name);
        let check = |path: &Path, expected: &str| {
            let error = check(path, false).expect_err("it cannot be written");
            assert!(error.to_string().contains(expected), "{error}");
        };
        check(&there("no/a.csv"), "no` is not there");
        check(directory.path(), "it is a directory");
        check(Path::new("/dev/null"), "it is no regular file");
        fs::write(there("a.csv"), "").expect("it can be written");
        check(&there("a.csv"), "there is such a file already");
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        let directory = tempfile::tempdir().expect("a directory");
        let check = |path: &Path, expected: &str| {
            let error = read(path).expect_err("it cannot be read");
            assert!(error.to_string().contains(expected), "{error}");
        };
        check(&directory.path().join("a.csv"), "there is no such file");
        check(directory.path(), "it is a directory");
        check(Path::new("/dev/zero"), "it is no regular file");
        let long = directory.path().join("long.csv");
        File::create(&long)
            .and_then(|f| f.set_len(FILE_BYTES_MAX + 1))
            .expect("a file of nothing");
        check(&long, "at most 256MiB can be opened");
    }

    #[test]
    fn a_tilde_is_the_home_directory() {
        let home = Path::new("/somebody");
        for (named, expected) in [
            ("~/a.csv", "/somebody/a.csv"),
            ("~", "/somebody"),
            ("~other/a.csv", "~other/a.csv"),
            ("a~.csv", "a~.csv"),
        ] {
            assert_eq!(path_of(named, Some(home)), Path::new(expected));
        }
        assert_eq!(path_of("~/a.csv", None), Path::new("~/a.csv"));
    }
}
