//! The file of saved lines: one `let NAME = LINE` each, to be read and edited by hand.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use hailer_lang::ast::Line;
use hailer_lang::inventory::Inventory;
use hailer_lang::parse::{KnownNames, parse};
use hailer_lang::saved::Saved;

use crate::error::ShellError;
use crate::script::statements;

/// What the file is called.
const FILE: &str = "lines.hail";

/// Saved lines of at most this many bytes are read.
const FILE_MAX: u64 = 1 << 20;

const HEAD: &str = "# Saved lines of hailer; `let` and `unlet` write this file.\n";

/// Where saved lines are kept.
#[derive(Debug, Clone)]
pub struct LinesFile(PathBuf);

impl LinesFile {
    /// Names the file in a directory of configuration.
    #[must_use]
    pub fn in_directory(directory: &Path) -> Self {
        Self(directory.join(FILE))
    }

    /// Reads the saved lines; none where there is no file. What cannot be a saved line is told and
    /// left out.
    pub fn read(&self, inventory: &Inventory) -> (Saved, Vec<ShellError>) {
        let mut saved = Saved::default();
        let place = self.0.display();
        let text = match read_bounded(&self.0) {
            Ok(text) => text,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return (saved, Vec::new()),
            Err(e) => {
                let error = ShellError::usage(format!("read the saved lines {place}: {e}"));
                return (saved, vec![error]);
            }
        };
        let mut errors = Vec::new();
        for (line, name, text) in lets(&text, &mut errors, &place.to_string()) {
            if let Err(e) = saved.insert(&name, &text, inventory) {
                errors.push(ShellError::usage(e.to_string()).at(&format!("{place}:{line}")));
            }
        }
        (saved, errors)
    }

    /// Gives a line a name in the file, or takes the name away, and leaves all others as another
    /// shell may have written them meanwhile.
    ///
    /// # Errors
    /// When the file cannot be read or written; then it is as it was.
    pub fn change(&self, name: &str, line: Option<&str>) -> Result<(), ShellError> {
        let failed = |e: io::Error| {
            ShellError::own(format!("write the saved lines {}: {e}", self.0.display()))
        };
        let before = match read_bounded(&self.0) {
            Ok(text) => text,
            Err(e) if e.kind() == io::ErrorKind::NotFound => String::new(),
            Err(e) => return Err(failed(e)),
        };
        let place = self.0.display().to_string();
        let mut errors = Vec::new();
        let mut lines: Vec<(String, String)> = lets(&before, &mut errors, &place)
            .into_iter()
            .map(|(_, name, line)| (name, line))
            .filter(|(known, _)| known != name)
            .collect();
        if let Some(error) = errors.pop() {
            // What cannot be read must not be lost by writing the rest.
            return Err(error.hint("mend or remove that line; the file was left as it is"));
        }
        lines.extend(line.map(|line| (name.to_owned(), line.to_owned())));
        lines.sort();
        let mut text = HEAD.to_owned();
        for (name, line) in lines {
            let _ = writeln!(text, "let {name} = {line}");
        }
        write_private(&self.0, &text).map_err(failed)
    }
}

/// The saved lines in a text, with the number of the line that each begins on.
fn lets(text: &str, errors: &mut Vec<ShellError>, place: &str) -> Vec<(usize, String, String)> {
    let names = KnownNames::default();
    let statements = match statements(text, &names) {
        Ok(statements) => statements,
        Err(e) => {
            errors.push(e.at(place));
            return Vec::new();
        }
    };
    let mut found = Vec::new();
    for statement in statements {
        match parse(&statement.text, &names).line {
            Some(Line::Shell(shell)) if shell.word.name == "let" && shell.args.len() == 2 => {
                found.push((statement.line, shell.args[0].clone(), shell.args[1].clone()));
            }
            Some(_) | None => errors.push(
                ShellError::usage("this is no `let NAME = LINE`")
                    .at(&format!("{place}:{}", statement.line)),
            ),
        }
    }
    found
}

fn read_bounded(path: &Path) -> io::Result<String> {
    use io::Read as _;
    let mut text = String::new();
    let file = std::fs::File::open(path)?;
    file.take(FILE_MAX + 1).read_to_string(&mut text)?;
    if text.len() as u64 > FILE_MAX {
        return Err(io::Error::other(format!("more than {FILE_MAX} bytes")));
    }
    Ok(text)
}

/// Writes a file whole or not at all, for its owner alone: lines hold secrets.
fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let parent = path.parent().unwrap_or_else(|| Path::new("."));
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(parent)?;
    let beside = path.with_extension(format!("{}.new", std::process::id()));
    let written = (|| {
        let mut options = std::fs::OpenOptions::new();
        let mut file = options
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&beside)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&beside, path)
    })();
    if written.is_err() {
        // It may not even be there.
        let _ = std::fs::remove_file(&beside);
    }
    written
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use hailer_lang::inventory::file::FleetFile;

    use super::*;

    fn inventory() -> Inventory {
        let text = "fleet = \"t\"\n[[nodes]]\nnames = \"web1\"\naddress = \"{name}:1\"\n";
        Inventory::from_fleet_file(&FleetFile::parse(text).expect("a fleet file")).expect("names")
    }

    #[test]
    fn what_was_saved_is_there_again_sorted_and_for_its_owner_alone() {
        let dir = tempfile::tempdir().expect("a directory");
        let file = LinesFile::in_directory(&dir.path().join("deep/er"));
        let inventory = inventory();
        assert!(file.read(&inventory).0.iter().next().is_none());
        file.change("oom", Some("dmesg |> parse lines"))
            .expect("writes");
        file.change("fra", Some("@dc=fra")).expect("writes");
        file.change("two", Some("echo 'a\nb'")).expect("writes");
        let (saved, errors) = file.read(&inventory);
        assert!(errors.is_empty(), "{errors:?}");
        let all: Vec<_> = saved.iter().collect();
        let expected = [
            ("fra", "@dc=fra"),
            ("oom", "dmesg |> parse lines"),
            ("two", "echo 'a\nb'"),
        ];
        assert_eq!(all, expected);
        file.change("fra", None).expect("writes");
        assert_eq!(file.read(&inventory).0.get("fra"), None);
        let mode = std::fs::metadata(&file.0)
            .expect("there")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_file_that_was_broken_by_hand_is_told_of_and_never_written_over() {
        let dir = tempfile::tempdir().expect("a directory");
        let file = LinesFile::in_directory(dir.path());
        std::fs::write(&file.0, "let a = uptime\nrm -rf /\n").expect("writes");
        let (saved, errors) = file.read(&inventory());
        assert_eq!(saved.get("a"), Some("uptime"));
        assert!(errors[0].to_string().contains("lines.hail:2"), "{errors:?}");
        assert!(file.change("b", Some("ls")).is_err());
        let text = std::fs::read_to_string(&file.0).expect("there");
        assert_eq!(text, "let a = uptime\nrm -rf /\n");
    }
}
