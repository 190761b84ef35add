//! Which parts of the file system a sandboxed command may read: all but the hidden places.
//!
//! Landlock grants and never takes back, so the view is a list of grants: a folder with nothing
//! hidden below is granted whole; one with something hidden below is opened up, and its entries
//! are looked at one by one. An entry that appears later in an opened folder is not in the view.

use std::fs;
use std::path::{Path, PathBuf};

/// A part of the view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Grant {
    /// A folder and everything below it.
    Tree(PathBuf),
    /// One regular file.
    File(PathBuf),
}

/// Returns the grants that show everything under `root` but `hidden`, all paths absolute.
///
/// What cannot be looked at is not granted. Symbolic links are not granted either: what counts
/// is the place to which they lead.
pub(crate) fn view(root: &Path, hidden: &[PathBuf]) -> Vec<Grant> {
    let hidden: Vec<PathBuf> = hidden.iter().map(|path| real(path)).collect();
    let mut grants = Vec::new();
    let mut open = vec![root.to_owned()];
    while let Some(folder) = open.pop() {
        if hidden.iter().any(|place| folder.starts_with(place)) {
            continue;
        }
        if !hidden.iter().any(|place| place.starts_with(&folder)) {
            grants.push(Grant::Tree(folder));
            continue;
        }
        let Ok(entries) = fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries.flatten() {
            let path = entry.path();
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => open.push(path),
                Ok(kind) if kind.is_file() && !hidden.contains(&path) => {
                    grants.push(Grant::File(path));
                }
                Ok(_) | Err(_) => {}
            }
        }
    }
    grants
}

/// Resolves the links of a path as far as it exists; the rest stays as it is.
fn real(path: &Path) -> PathBuf {
    for known in path.ancestors() {
        if let Ok(real) = fs::canonicalize(known) {
            let rest = path.strip_prefix(known).unwrap_or_else(|_| Path::new(""));
            // Joining an empty rest would add a slash.
            return if rest.as_os_str().is_empty() {
                real
            } else {
                real.join(rest)
            };
        }
    }
    path.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn tree() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in ["a/x", "a/y", "a/deep/z", "b/x", "c"] {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        symlink("a", folder.path().join("link")).unwrap();
        folder
    }

    fn check(hidden: &[&str], expected: &[&str]) {
        let folder = tree();
        let root = fs::canonicalize(folder.path()).unwrap();
        let hidden: Vec<PathBuf> = hidden.iter().map(|path| root.join(path)).collect();
        let mut shown: Vec<String> = view(&root, &hidden)
            .iter()
            .map(|grant| {
                let (path, end) = match grant {
                    Grant::Tree(path) => (path, "/"),
                    Grant::File(path) => (path, ""),
                };
                format!("{}{end}", path.strip_prefix(&root).unwrap().display())
            })
            .collect();
        shown.sort();
        assert_eq!(shown, expected, "{hidden:?}");
    }

    #[test]
    fn what_is_not_hidden_is_granted_in_the_largest_pieces() {
        check(&[], &["/"]);
        check(&["b"], &["a/", "c"]);
        check(&["a/x"], &["a/deep/", "a/y", "b/", "c"]);
        check(&["a/deep/z", "c"], &["a/x", "a/y", "b/"]);
        check(&["."], &[]);
    }

    #[test]
    fn a_hidden_place_is_found_behind_a_link_and_where_it_does_not_exist_yet() {
        check(&["link/x"], &["a/deep/", "a/y", "b/", "c"]);
        check(&["a/later"], &["a/deep/", "a/x", "a/y", "b/", "c"]);
        check(&["a/later/key"], &["a/deep/", "a/x", "a/y", "b/", "c"]);
        check(&["link/deep"], &["a/x", "a/y", "b/", "c"]);
    }

    #[test]
    fn what_lies_outside_hides_nothing() {
        check(&["../elsewhere/a"], &["/"]);
    }
}
