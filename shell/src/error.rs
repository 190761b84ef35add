//! Errors that end a line or the program: what was tried and why it failed, what to do next, and
//! the exit code. A node's failure is none of these: it is a row.

use hailer_lang::diagnostic::{self, Diagnostic};

use crate::exit::Exit;

/// Why a line, or the program, could not be carried out.
#[derive(Debug)]
pub struct ShellError {
    exit: Exit,
    message: String,
    hint: Option<String>,
}

impl ShellError {
    /// Makes an error with the exit code it leads to.
    #[must_use]
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            exit,
            message: message.into(),
            hint: None,
        }
    }

    /// Makes an error of hailer's own.
    #[must_use]
    pub fn own(message: impl Into<String>) -> Self {
        Self::new(Exit::OWN_FAILURE, message)
    }

    /// Makes an error of whoever typed the line or the arguments.
    #[must_use]
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::USAGE, message)
    }

    /// Says what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Says in which file, and where in it.
    #[must_use]
    pub fn at(mut self, place: &str) -> Self {
        self.message.insert_str(0, &format!("{place}: "));
        self
    }

    /// Makes an error of mistakes in a text of the language, drawn with their places.
    #[must_use]
    pub fn of_diagnostics(diagnostics: &[Diagnostic], text: &str) -> Self {
        let exit = if !diagnostics.is_empty() && diagnostics.iter().all(selects_nobody) {
            Exit::NO_TARGETS
        } else {
            Exit::USAGE
        };
        Self {
            exit,
            message: diagnostic::render_all(diagnostics, text)
                .trim_end()
                .to_owned(),
            hint: None,
        }
    }

    /// Returns what was tried and why it failed, without what to do next.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Returns what to do next.
    #[must_use]
    pub fn next(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// Returns the exit code.
    #[must_use]
    pub const fn exit(&self) -> Exit {
        self.exit
    }
}

/// Whether a mistake is that a selector stands for no node of this fleet.
fn selects_nobody(diagnostic: &Diagnostic) -> bool {
    use diagnostic::Code;
    [
        Code::NoMatch,
        Code::NothingSelected,
        Code::UnknownName,
        Code::UnknownGroup,
        Code::UnknownValue,
        Code::UnknownFacts,
    ]
    .contains(&diagnostic.code)
}

impl std::fmt::Display for ShellError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)?;
        match &self.hint {
            Some(hint) => write!(f, "\n  help: {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for ShellError {}
