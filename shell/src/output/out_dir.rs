//! A directory of answers: one file a node and stream, and lists of who ended how, written as the
//! answers come.
//!
//! `NAME.out` and `NAME.err` are a node's bytes as they are kept, `NAME.csv` its rows; `nodes.ok`,
//! `nodes.failed` and so on name the nodes of each state, one a line, `nodes.truncated` those whose
//! answer is not whole. A name of a node is a safe name of a file: it holds no `/` and begins with a
//! letter or digit. A directory that holds an earlier run's lists is refused.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use hailer_protocol::state::State;
use hailer_protocol::table::Table;
use hailer_table::export::csv;

use super::Names;
use crate::fleet::Answer;

/// The list of nodes whose answer is not whole.
const TRUNCATED: &str = "truncated";

/// What follows a node's name in the names of its files.
const ENDINGS: [&str; 3] = ["out", "err", "csv"];

/// Why answers cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum OutDirError {
    /// The directory holds what an earlier run left.
    #[error("write answers to {0}: it holds those of an earlier run")]
    Used(PathBuf),
    /// It, or what it would be in, is a file.
    #[error("write answers to {dir}: {file} is no directory")]
    NoDirectory {
        /// The directory that was wanted.
        dir: PathBuf,
        /// The file.
        file: PathBuf,
    },
    /// Something in it could not be read, written or removed.
    #[error("write answers to {path}: {source}")]
    Io {
        /// Which file or directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// A directory that one run's answers go to.
pub struct OutDir {
    dir: PathBuf,
    names: Names,
}

impl std::fmt::Debug for OutDir {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OutDir")
            .field("dir", &self.dir)
            .finish_non_exhaustive()
    }
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> OutDirError {
    let path = path.to_owned();
    move |source| OutDirError::Io { path, source }
}

/// The names of all lists.
fn lists() -> impl Iterator<Item = &'static str> {
    State::ALL.into_iter().map(State::as_str).chain([TRUNCATED])
}

/// The lists that an earlier run left in a directory.
fn old_lists(dir: &Path) -> Vec<PathBuf> {
    lists()
        .map(|list| dir.join(format!("nodes.{list}")))
        .filter(|path| path.exists())
        .collect()
}

impl OutDir {
    /// Says whether answers may go there, and changes nothing.
    ///
    /// # Errors
    /// When it holds an earlier run's lists and they may not go, or is no directory.
    pub fn check(dir: &Path, force: bool) -> Result<(), OutDirError> {
        // The directory may be one in a file's place.
        let file = dir.ancestors().find(|path| path.exists());
        if let Some(file) = file.filter(|path| !path.is_dir()) {
            return Err(OutDirError::NoDirectory {
                dir: dir.to_owned(),
                file: file.to_owned(),
            });
        }
        if !force && !old_lists(dir).is_empty() {
            return Err(OutDirError::Used(dir.to_owned()));
        }
        Ok(())
    }

    /// Makes the directory ready. `force` removes what the lists of an earlier run name, and the
    /// lists; nothing else in it is touched.
    ///
    /// # Errors
    /// When it holds an earlier run's lists, or cannot be written.
    pub fn begin(dir: &Path, force: bool, names: Names) -> Result<Self, OutDirError> {
        Self::check(dir, force)?;
        fs::create_dir_all(dir).map_err(failed(dir))?;
        for list in old_lists(dir) {
            let text = fs::read_to_string(&list).map_err(failed(&list))?;
            // A list is only believed where it names what could be a node.
            let is_name = |name: &&str| hailer_protocol::ids::Name::new(*name).is_ok();
            for name in text.lines().filter(is_name) {
                for ending in ENDINGS {
                    let path = dir.join(format!("{name}.{ending}"));
                    match fs::remove_file(&path) {
                        Err(e) if e.kind() != io::ErrorKind::NotFound => {
                            return Err(failed(&path)(e));
                        }
                        Ok(()) | Err(_) => {}
                    }
                }
            }
            fs::remove_file(&list).map_err(failed(&list))?;
        }
        Ok(Self {
            dir: dir.to_owned(),
            names,
        })
    }

    /// Writes one answer.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn on_answer(&mut self, answer: &Answer) -> Result<(), OutDirError> {
        let name = self.names.name(answer.node.0).to_owned();
        let plain = answer.rows.is_none();
        if plain && (answer.state.is_answer() || !answer.out.0.is_empty()) {
            self.write(&name, "out", &answer.out.0)?;
        }
        if !answer.err.0.is_empty() {
            self.write(&name, "err", &answer.err.0)?;
        }
        if let Some(rows) = &answer.rows {
            self.write(&name, "csv", csv_of(rows).as_bytes())?;
        }
        self.list(answer.state.as_str(), &name)?;
        if answer.is_truncated() {
            self.list(TRUNCATED, &name)?;
        }
        Ok(())
    }

    fn write(&self, name: &str, ending: &str, bytes: &[u8]) -> Result<(), OutDirError> {
        let path = self.dir.join(format!("{name}.{ending}"));
        let written = File::create(&path).and_then(|mut file| file.write_all(bytes));
        written.map_err(failed(&path))
    }

    fn list(&self, list: &str, name: &str) -> Result<(), OutDirError> {
        let path = self.dir.join(format!("nodes.{list}"));
        let mut options = OpenOptions::new();
        let file = options.append(true).create(true).open(&path);
        let written = file.and_then(|mut file| file.write_all(format!("{name}\n").as_bytes()));
        written.map_err(failed(&path))
    }
}

fn csv_of(table: &Table) -> String {
    let header = table.columns.iter().map(|c| c.name.clone());
    let mut text = csv::line(header);
    for row in &table.rows {
        text.push_str(&csv::line(row.iter().map(csv::field)));
    }
    text
}
