//! Files on the operator's machine, for `open`, `save`, `join` and `source`. One folder is read when
//! Tab asks for it, and no further than a bound.

use std::path::{Path, PathBuf};

use hailer_lang::file_format::{FileFormat, FileUse};

use super::place::FileFor;
use super::{Candidate, rank};

/// Entries of a folder that are looked at.
const ENTRIES_MAX: usize = 5_000;

/// Returns the files and folders that what was typed may become, quoted where they must be.
pub(super) fn files(typed: &str, wanted: FileFor) -> Vec<Candidate> {
    let home = std::env::var_os("HOME").map(PathBuf::from);
    files_from(typed, wanted, home.as_deref())
}

fn files_from(typed: &str, wanted: FileFor, home: Option<&Path>) -> Vec<Candidate> {
    let text = typed.strip_prefix(['\'', '"']).unwrap_or(typed);
    let (folder, name) = match text.rfind('/') {
        Some(at) => text.split_at(at + 1),
        None => ("", text),
    };
    let path = crate::files::path_of(if folder.is_empty() { "." } else { folder }, home);
    let mut found = listed(&path, wanted);
    found.retain(|c| name.starts_with('.') || !c.value.starts_with('.'));
    found.sort_by(|a, b| a.value.cmp(&b.value));
    let mut found = rank::rank(found, name);
    if wanted == FileFor::Save && found.is_empty() {
        found = named_anew(name);
    }
    let found = found.into_iter();
    let named = found.filter_map(|c| {
        let value = quoted(&format!("{folder}{}", c.value))?;
        Some(Candidate { value, ..c })
    });
    named.collect()
}

/// The folders of a folder, and those of its files that are wanted.
fn listed(path: &Path, wanted: FileFor) -> Vec<Candidate> {
    // A folder that cannot be read has nothing to offer.
    let entries = std::fs::read_dir(path).into_iter().flatten();
    let entries = entries.take(ENTRIES_MAX).filter_map(Result::ok);
    let candidate = |entry: std::fs::DirEntry| {
        let name = entry.file_name().into_string().ok()?;
        // What a link leads to counts.
        let is_folder = match entry.file_type().ok()? {
            kind if kind.is_symlink() => entry.path().is_dir(),
            kind => kind.is_dir(),
        };
        if is_folder {
            return Some(Candidate::part(format!("{name}/"), "folder"));
        }
        let about = match wanted {
            FileFor::Rows => FileFormat::of_file(&name, FileUse::Open).ok()?.name(),
            FileFor::Save => match FileFormat::of_file(&name, FileUse::Save) {
                Ok(_) => "is there: --force replaces it",
                Err(_) => return None,
            },
            FileFor::Lines => "",
        };
        Some(Candidate::word(name, about))
    };
    entries.filter_map(candidate).collect()
}

/// A name of a file that is not there, with the endings that say its format.
fn named_anew(name: &str) -> Vec<Candidate> {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    if stem.is_empty() {
        return Vec::new();
    }
    let endings = ["csv", "parquet", "ndjson", "json"].into_iter();
    let named = endings.filter_map(|ending| {
        let file = format!("{stem}.{ending}");
        let format = FileFormat::of_file(&file, FileUse::Save).ok()?;
        Some(Candidate::word(file, format.name()))
    });
    rank::rank(named.collect(), name)
}

/// A name as the language reads it: up to a blank, or quoted. `None` where no quoting holds it.
fn quoted(name: &str) -> Option<String> {
    let is_plain = |c: char| !c.is_whitespace() && !matches!(c, '|' | '\'' | '"' | '\\' | '#');
    if name.chars().all(is_plain) && !name.starts_with("--") {
        return Some(name.to_owned());
    }
    // Single quotes are verbatim: a name with one in it stands in double ones.
    match name.contains('\'') {
        false => Some(format!("'{name}'")),
        true if !name.contains(['"', '\\']) => Some(format!("\"{name}\"")),
        true => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_gets_the_files_that_it_can_do_something_with() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["a.csv", "b c.json", "notes.txt", ".hidden.csv", "it's.csv"] {
            std::fs::write(folder.path().join(name), "").expect("is written");
        }
        std::fs::create_dir(folder.path().join("sub")).expect("is made");
        let at = folder.path().display().to_string();
        let check = |typed: &str, wanted, expected: &[&str]| {
            let found = files_from(&format!("{at}/{typed}"), wanted, None);
            let found: Vec<String> = found
                .into_iter()
                .map(|c| c.value.replace(&format!("{at}/"), ""))
                .collect();
            assert_eq!(found, expected, "{typed:?} for {wanted:?}");
        };
        let rows = ["a.csv", "'b c.json'", "\"it's.csv\"", "sub/"];
        check("", FileFor::Rows, &rows);
        check("a", FileFor::Rows, &["a.csv"]);
        check(".h", FileFor::Rows, &[".hidden.csv"]);
        check("no", FileFor::Lines, &["notes.txt"]);
        check("su", FileFor::Lines, &["sub/"]);
        check("zz", FileFor::Rows, &[]);
        let anew = ["zz.csv", "zz.parquet", "zz.ndjson", "zz.json"];
        check("zz", FileFor::Save, &anew);
        check("zz.p", FileFor::Save, &["zz.parquet"]);
        let home = files_from("~/a", FileFor::Rows, Some(folder.path()));
        assert_eq!(home.first().map(|c| c.value.as_str()), Some("~/a.csv"));
        assert!(files_from("/no such folder/x", FileFor::Rows, None).is_empty());
    }
}
