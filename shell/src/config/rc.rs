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

/// Reads the first lines in their order. Those that may not stand there are errors among them; the shell starts
/// all the same.
#[must_use]
pub fn read(rc: &Rc) -> Vec<Result<(String, Statement), ShellError>> {
    let (path, is_optional) = match rc {
        Rc::In(directory) => (directory.join(FILE), true),
        Rc::File(file) => (file.clone(), false),
        Rc::No => return Vec::new(),
    };
    let place = path.display().to_string();
    let text = match std::fs::File::open(&path).and_then(crate::script::read) {
        Ok(text) => text,
        Err(e) if is_optional && e.kind() == io::ErrorKind::NotFound => {
            return Vec::new();
        }
        Err(e) => return vec![Err(unreadable(&path, &e))],
    };
    let names = KnownNames::default();
    let found = match statements(&text, &names) {
        Ok(found) => found,
        Err(error) => return vec![Err(error.at(&place))],
    };
    let judged = found.into_iter().map(|statement| {
        let at = format!("{place}:{}", statement.line);
        if may_stand_there(&statement.text, &names) {
            return Ok((at, statement));
        }
        Err(
            ShellError::usage("only `set` and `let` may stand here, and comments")
                .at(&at)
                .hint("`source FILE` carries out lines that run something"),
        )
    });
    judged.collect()
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
        let found = read(&Rc::In(dir.path().to_owned()));
        let texts: Vec<String> = found
            .iter()
            .map(|line| match line {
                Ok((_, statement)) => statement.text.clone(),
                Err(error) => error.to_string(),
            })
            .collect();
        assert_eq!(
            [&*texts[0], &*texts[3]],
            ["set timeout 30s", "let up = uptime"]
        );
        assert!(texts[1].contains("rc.hail:3:"), "{texts:?}");
        assert!(texts[2].contains("rc.hail:4:"), "{texts:?}");
        assert_eq!(texts.len(), 4);
    }

    #[test]
    fn a_file_that_is_not_there_is_no_mistake_unless_it_was_asked_for() {
        let dir = tempfile::tempdir().expect("a directory");
        assert_eq!(read(&Rc::In(dir.path().to_owned())).len(), 0);
        assert_eq!(read(&Rc::File(dir.path().join("mine"))).len(), 1);
        assert_eq!(read(&Rc::No).len(), 0);
    }
}
