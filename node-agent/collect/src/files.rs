//! Reading of whole small files under `/proc`, `/sys` and `/etc`, wherever these are.

use std::borrow::Cow;
use std::fs::{File, ReadDir};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::error::CollectError;

/// A longer file is refused. `/proc/stat` of the largest machines and the mount table of a node
/// with tens of thousands of containers stay below it.
pub(crate) const READ_MAX: usize = 16 << 20;

/// Where a node's files are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roots {
    /// In place of `/proc`.
    pub proc: PathBuf,
    /// In place of `/sys`.
    pub sys: PathBuf,
    /// In place of `/etc`.
    pub etc: PathBuf,
    /// A folder whose `proc/…`, `sys/…` and `etc/…`, where present, are read for facts before the
    /// three above, so that simulated nodes on one machine can differ. Metrics do not look here.
    pub overlay: Option<PathBuf>,
}

impl Default for Roots {
    fn default() -> Self {
        Self {
            proc: "/proc".into(),
            sys: "/sys".into(),
            etc: "/etc".into(),
            overlay: None,
        }
    }
}

/// One of the three roots.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Tree {
    Proc,
    Sys,
    Etc,
}

impl Tree {
    const fn name(self) -> &'static str {
        match self {
            Self::Proc => "proc",
            Self::Sys => "sys",
            Self::Etc => "etc",
        }
    }
}

/// The roots with a path and a buffer that are used again for every file.
#[derive(Debug)]
pub(crate) struct Files {
    roots: Roots,
    path: PathBuf,
    bytes: Vec<u8>,
}

impl Files {
    pub(crate) const fn new(roots: Roots) -> Self {
        Self {
            roots,
            path: PathBuf::new(),
            bytes: Vec::new(),
        }
    }

    /// Returns the whole text of a file; bytes that are not UTF-8 come as replacement characters.
    pub(crate) fn text(&mut self, tree: Tree, file: &str) -> Result<Cow<'_, str>, CollectError> {
        self.point_at(tree, file);
        match read_whole(&self.path, &mut self.bytes) {
            Ok(true) => Ok(String::from_utf8_lossy(&self.bytes)),
            Ok(false) => Err(CollectError::TooLong {
                path: self.path.clone(),
            }),
            Err(error) => Err(CollectError::Read {
                path: self.path.clone(),
                error,
            }),
        }
    }

    /// Returns the trimmed text of a file for a fact: from the overlay where it has one. Any
    /// failure, and a file that is blank, is none.
    pub(crate) fn fact(&mut self, tree: Tree, file: &str) -> Option<Cow<'_, str>> {
        let mut found = false;
        if let Some(overlay) = &self.roots.overlay {
            self.path.clear();
            self.path.push(overlay);
            self.path.push(tree.name());
            self.path.push(file);
            found = read_whole(&self.path, &mut self.bytes).is_ok_and(|is_whole| is_whole);
        }
        if !found {
            self.point_at(tree, file);
            found = read_whole(&self.path, &mut self.bytes).is_ok_and(|is_whole| is_whole);
        }
        // A device tree's texts end with a NUL.
        let text = match String::from_utf8_lossy(&self.bytes) {
            Cow::Borrowed(text) => Cow::Borrowed(text.trim_matches(is_blank)),
            Cow::Owned(text) => Cow::Owned(text.trim_matches(is_blank).to_owned()),
        };
        Some(text).filter(|text| found && !text.is_empty())
    }

    /// Lists a folder.
    pub(crate) fn list(&mut self, tree: Tree, folder: &str) -> Result<ReadDir, CollectError> {
        self.point_at(tree, folder);
        std::fs::read_dir(&self.path).map_err(|error| CollectError::Read {
            path: self.path.clone(),
            error,
        })
    }

    /// Whether there is a file or folder of this name.
    pub(crate) fn exists(&mut self, tree: Tree, file: &str) -> bool {
        self.point_at(tree, file);
        self.path.exists()
    }

    fn point_at(&mut self, tree: Tree, file: &str) {
        let root = match tree {
            Tree::Proc => &self.roots.proc,
            Tree::Sys => &self.roots.sys,
            Tree::Etc => &self.roots.etc,
        };
        self.path.clear();
        self.path.push(root);
        self.path.push(file);
    }
}

fn is_blank(c: char) -> bool {
    c.is_whitespace() || c == '\0'
}

/// Reads a file into the buffer; false where it is longer than [`READ_MAX`].
fn read_whole(path: &Path, bytes: &mut Vec<u8>) -> io::Result<bool> {
    bytes.clear();
    let limit = READ_MAX as u64 + 1;
    File::open(path)?.take(limit).read_to_end(bytes)?;
    Ok(bytes.len() <= READ_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(dir: &Path, overlay: Option<PathBuf>) -> Files {
        Files::new(Roots {
            proc: dir.join("proc"),
            sys: dir.join("sys"),
            etc: dir.join("etc"),
            overlay,
        })
    }

    #[test]
    fn a_file_that_does_not_end_within_reason_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("proc")).unwrap();
        let endless = File::create(dir.path().join("proc/stat")).unwrap();
        endless.set_len(READ_MAX as u64 + 1).unwrap();
        let mut files = files(dir.path(), None);
        let error = files.text(Tree::Proc, "stat").map(Cow::into_owned);
        assert!(
            matches!(error, Err(CollectError::TooLong { .. })),
            "{error:?}"
        );
    }

    #[test]
    fn facts_prefer_the_overlay_and_metrics_do_not_look_there() {
        let dir = tempfile::tempdir().unwrap();
        let overlay = dir.path().join("over");
        for (folder, text) in [("etc", "base"), ("over/etc", "laid over\n\0")] {
            std::fs::create_dir_all(dir.path().join(folder)).unwrap();
            std::fs::write(dir.path().join(folder).join("x"), text).unwrap();
        }
        let mut files = files(dir.path(), Some(overlay));
        assert_eq!(files.fact(Tree::Etc, "x").as_deref(), Some("laid over"));
        assert_eq!(files.text(Tree::Etc, "x").unwrap(), "base");
    }

    #[test]
    fn a_blank_or_absent_fact_is_none() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("sys")).unwrap();
        std::fs::write(dir.path().join("sys/blank"), " \n").unwrap();
        let mut files = files(dir.path(), Some(dir.path().join("none")));
        assert_eq!(files.fact(Tree::Sys, "blank"), None);
        assert_eq!(files.fact(Tree::Sys, "absent"), None);
    }
}
