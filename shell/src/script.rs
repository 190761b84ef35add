//! Scripts: a text of many lines becomes the lines of the language in it.

use hailer_lang::lexer::Completeness;
use hailer_lang::parse::{KnownNames, parse};
use hailer_protocol::limits::COMMAND_MAX;

use crate::error::ShellError;

/// One line of the language, which may have several lines of text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Where it begins in the script, counted from 1.
    pub line: usize,
    /// Its text.
    pub text: String,
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
    fn a_script_that_ends_inside_a_quote_is_no_script() {
        let error = statements("uptime\necho 'a", &KnownNames::default()).expect_err("open quote");
        assert!(error.to_string().contains("line 2"), "{error}");
    }
}
