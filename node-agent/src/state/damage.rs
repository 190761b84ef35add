//! A log that is damaged: what is sound of it goes on, the rest is moved aside, and a mark stands
//! until a person has looked at it.
//!
//! The file in which the damage begins and those after it are moved into a folder of their own
//! (`damaged-000001`) and never deleted; the sound records before the damage stay where they are, so
//! the chain goes on from the last of them. The mark (`log-damaged`, one line a break) is on the disk
//! before anything is moved, and `accept-damage`, which `hailerd journal accept` writes, takes it away.
//! A crash at any step is finished by the next opening.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::frame::SEGMENT_HEAD_BYTES;
use super::log::{Log, LogConfig, LogError, segment_path};
use super::opening::{segment_number, segment_numbers};
use super::{StateError, sync_dir};

/// Somebody's word that they know of the damage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acceptance {
    /// Who says so: a user of the machine.
    pub who: String,
    /// Why the node may go on.
    pub reason: String,
}

/// Opens the log; where it is damaged, moves what is not sound aside first. Returns it with the bytes
/// cut off its end, and what is known of damage that nobody has accepted.
pub(super) fn open_log(
    dir: &Path,
    config: LogConfig,
) -> Result<(Log, u64, Option<String>), StateError> {
    finish_cut(dir)?;
    let (log, torn_bytes) = match Log::open(dir, config) {
        Err(e @ (LogError::Damaged { .. } | LogError::Missing(_))) => {
            set_aside(dir, &e)?;
            Log::open(dir, config)?
        }
        opened => opened?,
    };
    Ok((log, torn_bytes, mark(dir)?))
}

/// What is known of damage that nobody has accepted.
///
/// # Errors
/// When the mark cannot be read.
pub fn mark(dir: &Path) -> Result<Option<String>, StateError> {
    let text = read_if_there(&dir.join(MARK))?;
    Ok(text.map(|text| {
        let lines: Vec<&str> = text.lines().collect();
        lines.join("; ")
    }))
}

/// Leaves word for the agent of this directory that its damage is known.
///
/// # Errors
/// When the file cannot be written.
pub fn accept(dir: &Path, acceptance: &Acceptance) -> Result<(), StateError> {
    let one_line = |text: &str| text.replace(['\n', '\r'], " ");
    let text = format!(
        "{}\n{}\n",
        one_line(&acceptance.who),
        one_line(&acceptance.reason)
    );
    write_whole(dir, ACCEPTED, &text)
}

/// Returns the word that was left, if any.
pub(super) fn acceptance(dir: &Path) -> Result<Option<Acceptance>, StateError> {
    let Some(text) = read_if_there(&dir.join(ACCEPTED))? else {
        return Ok(None);
    };
    let (who, reason) = text.split_once('\n').unwrap_or((&text, ""));
    Ok(Some(Acceptance {
        who: who.to_owned(),
        reason: reason.trim_end().to_owned(),
    }))
}

/// Takes the mark away, and then the word.
pub(super) fn clear(dir: &Path) -> Result<(), StateError> {
    for name in [MARK, ACCEPTED] {
        let path = dir.join(name);
        match fs::remove_file(&path) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => {
                return Err(io_error("remove", &path)(e));
            }
            Ok(()) | Err(_) => {}
        }
        sync_dir(dir).map_err(io_error("sync", dir))?;
    }
    Ok(())
}

/// Moves the files aside from the one on in which the damage begins.
fn set_aside(dir: &Path, error: &LogError) -> Result<(), StateError> {
    let (path, sound_bytes) = match error {
        LogError::Damaged { path, offset, .. } => (path, *offset),
        LogError::Missing(path) => (path, 0),
        LogError::Config { .. }
        | LogError::Io { .. }
        | LogError::Elsewhere { .. }
        | LogError::TooLong { .. }
        | LogError::Broken => return Ok(()),
    };
    let folder = free_folder(dir)?;
    let line = format!(
        "{error}; that and what came after it is in `{}`\n",
        folder.display()
    );
    let before = read_if_there(&dir.join(MARK))?.unwrap_or_default();
    write_whole(dir, MARK, &(before + &line))?;
    let made = DirBuilder::new().mode(0o700).create(&folder);
    made.map_err(io_error("make", &folder))?;

    let has_sound = sound_bytes > SEGMENT_HEAD_BYTES as u64;
    if has_sound {
        keep_sound(path, sound_bytes)?;
    }
    // The damaged one first: after a crash in between, what is left does not follow on what is sound,
    // and is moved aside then.
    let first = segment_number(path).unwrap_or(0);
    for number in segment_numbers(dir)? {
        if number >= first {
            let from = segment_path(dir, number);
            let to = folder.join(from.file_name().unwrap_or_default());
            fs::rename(&from, &to).map_err(io_error("move aside", &from))?;
        }
    }
    sync_dir(&folder).map_err(io_error("sync", &folder))?;
    sync_dir(dir).map_err(io_error("sync", dir))?;
    finish_cut(dir)
}

/// Writes the sound front of a damaged file beside it.
fn keep_sound(path: &Path, bytes: u64) -> Result<(), StateError> {
    let part = path.with_extension(PART);
    let copy = || {
        let mut from = File::open(path)?.take(bytes);
        let mut to = private(&part)?;
        io::copy(&mut from, &mut to)?;
        to.sync_all()
    };
    copy().map_err(io_error("copy what is sound of", path))
}

/// Puts the sound front of a damaged file in its place once that was moved aside.
fn finish_cut(dir: &Path) -> Result<(), StateError> {
    for entry in fs::read_dir(dir).map_err(io_error("list", dir))? {
        let part = entry.map_err(io_error("list", dir))?.path();
        if part.extension().is_some_and(|e| e == PART) {
            let whole = part.with_extension("");
            let done = if whole.exists() {
                // The damaged file is still there, and is judged again.
                fs::remove_file(&part)
            } else {
                fs::rename(&part, &whole)
            };
            done.and_then(|()| sync_dir(dir))
                .map_err(io_error("finish", &part))?;
        }
    }
    Ok(())
}

fn free_folder(dir: &Path) -> Result<PathBuf, StateError> {
    for number in 1..=FOLDERS_MAX {
        let folder = dir.join(format!("damaged-{number:06}"));
        if !folder.exists() {
            return Ok(folder);
        }
    }
    let full = io::Error::other(format!(
        "there are {FOLDERS_MAX} of them already; look at them and take some away"
    ));
    Err(io_error("make another `damaged-` folder in", dir)(full))
}

fn read_if_there(path: &Path) -> Result<Option<String>, StateError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(io_error("read", path)(e)),
    }
}

/// Writes a file that is there whole, and on the disk, or not at all.
fn write_whole(dir: &Path, name: &str, text: &str) -> Result<(), StateError> {
    let (path, draft) = (dir.join(name), dir.join(format!("{name}.new")));
    let write = || {
        let mut file = private(&draft)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&draft, &path)?;
        sync_dir(dir)
    };
    write().map_err(io_error("write", &path))
}

fn private(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
}

fn io_error(what: &'static str, path: &Path) -> impl Fn(io::Error) -> StateError {
    let path = path.to_owned();
    move |source| StateError::Io {
        what,
        path: path.clone(),
        source,
    }
}

/// The name of the mark.
const MARK: &str = "log-damaged";
/// The name of the word that it is known.
const ACCEPTED: &str = "accept-damage";
/// How the sound front of a damaged file is called until it takes that file's place.
const PART: &str = "sound";
/// How many times a log may be damaged until somebody clears up.
const FOLDERS_MAX: u32 = 100;

#[cfg(test)]
#[path = "damage_tests.rs"]
mod tests;
