//! The lines that every prompt begins with: settings and names, and nothing that runs.

use std::io;
use std::path::{Path, PathBuf};

use hailer_lang::ast::Line;
use hailer_lang::parse::{KnownNames, parse};

use crate::error::ShellError;
use crate::script::{Statement, statements};

/// What the file is called.
const FILE: &str = "rc.hail";

/// Which file of first lines is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rc {
    /// The one in the directory of configuration, if it is there.
    In(PathBuf),
    /// This one.
    File(PathBuf),
    /// None.
    No,
}

/// Reads the first lines. Those that may not stand there are told of and left out; the shell starts
/// all the same.
#[must_use]
pub fn read(rc: &Rc) -> (Vec<(String, Statement)>, Vec<ShellError>) {
    let (path, is_optional) = match rc {
        Rc::In(directory) => (directory.join(FILE), true),
        Rc::File(file) => (file.clone(), false),
        Rc::No => return (Vec::new(), Vec::new()),
    };
    let place = path.display().to_string();
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(e) if is_optional && e.kind() == io::ErrorKind::NotFound => {
            return (Vec::new(), Vec::new());
        }
        Err(e) => return (Vec::new(), vec![unreadable(&path, &e)]),
    };
    let names = KnownNames::default();
    let mut errors = Vec::new();
    let found = statements(&text, &names).unwrap_or_else(|e| {
        errors.push(e.at(&place));
        Vec::new()
    });
    let mut lines = Vec::new();
    for statement in found {
        let at = format!("{place}:{}", statement.line);
        if may_stand_there(&statement.text, &names) {
            lines.push((at, statement));
        } else {
            errors.push(
                ShellError::usage("only `set` and `let` may stand here, and comments")
                    .at(&at)
                    .hint("`source FILE` carries out lines that run something"),
            );
        }
    }
    (lines, errors)
}

fn unreadable(path: &Path, error: &io::Error) -> ShellError {
    ShellError::usage(format!("read the first lines {}: {error}", path.display()))
}

fn may_stand_there(text: &str, names: &KnownNames) -> bool {
    match parse(text, names).line {
        Some(Line::Shell(shell)) => matches!(shell.word.name.as_str(), "set" | "let"),
        Some(Line::Nothing | Line::Local(_) | Line::Scope(_) | Line::Query(_)) | None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_among_the_first_lines_is_an_error_with_its_place_and_never_runs() {
        let dir = tempfile::tempdir().expect("a directory");
        let text = "# mine\nset timeout 30s\nreboot\n@all\nlet up = uptime\n";
        std::fs::write(dir.path().join(FILE), text).expect("writes");
        let (lines, errors) = read(&Rc::In(dir.path().to_owned()));
        let texts: Vec<&str> = lines.iter().map(|(_, s)| s.text.as_str()).collect();
        assert_eq!(texts, ["set timeout 30s", "let up = uptime"]);
        let told: Vec<String> = errors.iter().map(ToString::to_string).collect();
        assert!(told[0].contains("rc.hail:3:"), "{told:?}");
        assert!(told[1].contains("rc.hail:4:"), "{told:?}");
    }

    #[test]
    fn a_file_that_is_not_there_is_no_mistake_unless_it_was_asked_for() {
        let dir = tempfile::tempdir().expect("a directory");
        assert_eq!(read(&Rc::In(dir.path().to_owned())).1.len(), 0);
        assert_eq!(read(&Rc::File(dir.path().join("mine"))).1.len(), 1);
        assert_eq!(read(&Rc::No).1.len(), 0);
    }
}
