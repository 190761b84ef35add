//! Scripts: a text of many lines becomes the lines of the language in it.

use std::io::{self, Read as _};
use std::path::Path;
use std::sync::Arc;

use hailer_lang::ast::Line;
use hailer_lang::lexer::Completeness;
use hailer_lang::parse::{KnownNames, parse};
use hailer_protocol::limits::COMMAND_MAX;

use crate::error::ShellError;

/// A script, or lines on standard input, of at most this many bytes.
const SCRIPT_MAX: u64 = 16 << 20;

/// U+FEFF in UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Files that are read by files.
const DEPTH_MAX: usize = 8;

/// One line of the language, which may have several lines of text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The file it comes from, where that is another than the script that is carried out.
    pub file: Option<Arc<str>>,
    /// Where it begins in the script, counted from 1.
    pub line: usize,
    /// Its text.
    pub text: String,
}

/// Cuts a script into statements, of which there is one at least: a check that has come out empty is no
/// check that passed.
///
/// # Errors
/// When it has no line to carry out, or ends within a statement.
pub fn script(name: &str, text: &str, names: &KnownNames) -> Result<Vec<Statement>, ShellError> {
    let found = statements(text, names).map_err(|e| e.at(name))?;
    if found.is_empty() {
        return Err(
            ShellError::usage(format!("{name} has no line to carry out"))
                .hint("give one with -c LINE, or a script; nothing was run"),
        );
    }
    Ok(found)
}

/// Cuts what was given by `-c` into statements; each has one at least, since `-c "$CHECK"` of a
/// variable that is not set is no check that passed.
///
/// # Errors
/// When one of them has nothing to carry out, or ends within a statement.
pub fn given(lines: &[String], names: &KnownNames) -> Result<Vec<Statement>, ShellError> {
    let mut all = Vec::new();
    for text in lines {
        let found = statements(text, names)?;
        if found.is_empty() {
            let what = if text.trim().is_empty() {
                "-c has an empty line"
            } else {
                "-c has nothing but a comment"
            };
            return Err(ShellError::usage(what).hint("nothing was run; is a variable unset?"));
        }
        all.extend(found);
    }
    Ok(all)
}

/// Cuts a script into statements. Blank lines and comments are left out, and a first line that
/// begins with `#!` is one.
///
/// # Errors
/// When the script ends within a statement: then nothing of it may run.
pub fn statements(script: &str, names: &KnownNames) -> Result<Vec<Statement>, ShellError> {
    let mut statements = Vec::new();
    let mut open: Option<Statement> = None;
    for (number, line) in (1..).zip(script.lines()) {
        let mut statement = match open.take() {
            Some(mut begun) => {
                begun.text.push('\n');
                begun.text.push_str(line);
                begun
            }
            None => Statement {
                file: None,
                line: number,
                text: line.to_owned(),
            },
        };
        if matches!(
            parse(&statement.text, names).completeness,
            Completeness::Incomplete(_)
        ) {
            // No command may be longer, and each line more is another look at all of them.
            if statement.text.len() > COMMAND_MAX {
                return Err(ShellError::usage(format!(
                    "the line that begins on line {} has not ended after {COMMAND_MAX} bytes",
                    statement.line
                ))
                .hint("a quote may be open; nothing of it was run"));
            }
            open = Some(statement);
            continue;
        }
        statement.text.truncate(statement.text.trim_end().len());
        let text = statement.text.trim_start();
        if !text.is_empty() && !text.starts_with('#') {
            statements.push(statement);
        }
    }
    match open {
        None => Ok(statements),
        Some(statement) => {
            let why = match parse(&statement.text, names).completeness {
                Completeness::Incomplete(open) => open.to_string(),
                Completeness::Complete => String::new(),
            };
            Err(ShellError::usage(format!(
                "the script ends {why}, in the line that begins on line {}",
                statement.line
            ))
            .hint("nothing of it was run"))
        }
    }
}

/// Reads a script's text.
///
/// # Errors
/// When it cannot be read, is no text, or is too long.
pub fn read(input: impl io::Read) -> io::Result<String> {
    let mut bytes = Vec::new();
    input.take(SCRIPT_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > SCRIPT_MAX {
        return Err(io::Error::other(format!("more than {SCRIPT_MAX} bytes")));
    }
    // Editors of other systems begin a file with this mark, which nobody sees.
    if bytes.starts_with(BYTE_ORDER_MARK) {
        bytes.drain(..BYTE_ORDER_MARK.len());
    }
    String::from_utf8(bytes).map_err(|error| {
        let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = good.iter().filter(|b| **b == b'\n').count() + 1;
        io::Error::new(
            io::ErrorKind::InvalidData,
            format!("line {line} is no UTF-8 text"),
        )
    })
}

/// Reads a file of lines, and in the place of each `source FILE` in it that file's, whose name is
/// taken from where the first one is.
///
/// # Errors
/// When one of them cannot be read or ends within a statement: then nothing of any may run.
pub fn load(path: &Path, names: &KnownNames) -> Result<Vec<Statement>, ShellError> {
    let mut found = Vec::new();
    load_into(path, names, 0, &mut found)?;
    Ok(found)
}

fn load_into(
    path: &Path,
    names: &KnownNames,
    depth: usize,
    found: &mut Vec<Statement>,
) -> Result<(), ShellError> {
    let place = path.display().to_string();
    if depth >= DEPTH_MAX {
        return Err(ShellError::usage(format!(
            "files of lines read each other, more than {DEPTH_MAX} deep; the last is {place}"
        ))
        .hint("does one of them read itself? nothing of it was run"));
    }
    let failed = |e: io::Error| ShellError::usage(format!("read the lines of {place}: {e}"));
    let text = std::fs::File::open(path).and_then(read).map_err(failed)?;
    let file: Arc<str> = place.as_str().into();
    for statement in statements(&text, names).map_err(|e| e.at(&place))? {
        match sourced(&statement.text, names) {
            Some(inner) => {
                let beside = path.parent().unwrap_or_else(|| Path::new("."));
                load_into(&beside.join(inner), names, depth + 1, found).map_err(
                    |e| match depth {
                        // A mistake has its own place; where it was read from is told once.
                        0 => e.at(&format!("{place}:{}", statement.line)),
                        _ => e,
                    },
                )?;
            }
            None => found.push(Statement {
                file: Some(Arc::clone(&file)),
                ..statement
            }),
        }
    }
    Ok(())
}

/// The file that a line is to read lines from.
fn sourced(text: &str, names: &KnownNames) -> Option<String> {
    match parse(text, names).line? {
        Line::Shell(shell) if shell.word.name == "source" => shell.args.into_iter().next(),
        Line::Shell(_) | Line::Nothing | Line::Local(_) | Line::Scope(_) | Line::Query(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(script: &str, expected: &[(usize, &str)]) {
        let found = statements(script, &KnownNames::default()).expect("a whole script");
        let found: Vec<(usize, &str)> = found.iter().map(|s| (s.line, s.text.as_str())).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn blank_lines_and_comments_are_left_out() {
        check(
            "#!/usr/bin/env hailer\n\n@all\n  # why\nuptime\n",
            &[(3, "@all"), (5, "uptime")],
        );
    }

    #[test]
    fn a_statement_goes_on_as_long_as_the_shells_grammar_does() {
        check("df |>\n count\nls", &[(1, "df |>\n count"), (3, "ls")]);
        check(
            "for i in 1 2; do\n echo $i\ndone",
            &[(1, "for i in 1 2; do\n echo $i\ndone")],
        );
    }

    #[test]
    fn a_byte_order_mark_is_left_out_and_what_is_no_text_is_told_with_its_line() {
        let marked = read(&b"\xef\xbb\xbfuptime\n"[..]).expect("reads");
        assert_eq!(marked, "uptime\n");
        let error = read(&b"uptime\necho gr\xfc\xdfe\n"[..]).expect_err("Latin-1");
        assert_eq!(error.to_string(), "line 2 is no UTF-8 text");
    }

    #[test]
    fn a_script_that_ends_inside_a_quote_is_no_script() {
        let error = statements("uptime\necho 'a", &KnownNames::default()).expect_err("open quote");
        assert!(error.to_string().contains("line 2"), "{error}");
    }

    #[test]
    fn a_file_of_lines_may_read_others_beside_it_and_each_line_knows_its_place() {
        let dir = tempfile::tempdir().expect("a directory");
        let write = |name: &str, text: &str| {
            std::fs::write(dir.path().join(name), text).expect("writes");
        };
        write("outer.hail", "uptime\nsource inner.hail\ndf\n");
        write("inner.hail", "# why\nls\n");
        let path = dir.path().join("outer.hail");
        let found = load(&path, &KnownNames::default()).expect("reads");
        let found: Vec<(bool, usize, &str)> = found
            .iter()
            .map(|s| {
                let file = s.file.as_deref().unwrap_or_default();
                (file.ends_with("inner.hail"), s.line, s.text.as_str())
            })
            .collect();
        assert_eq!(
            found,
            [(false, 1, "uptime"), (true, 2, "ls"), (false, 3, "df")]
        );
    }

    #[test]
    fn a_file_that_reads_itself_is_told_of_and_runs_nothing() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("loop.hail");
        std::fs::write(&path, "uptime\nsource loop.hail\n").expect("writes");
        let error = load(&path, &KnownNames::default()).expect_err("refused");
        let told = error.to_string();
        assert!(told.contains("read itself"), "{error}");
        assert_eq!(told.matches("loop.hail").count(), 2, "{error}");
    }
}
