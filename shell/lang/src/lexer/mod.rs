//! The two lexers: one for Linux commands, by the shell's own rules, and one for fleet verbs.

pub mod shell_scan;
pub mod token;

use std::fmt;

/// Whether a text is a whole line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Completeness {
    /// It can be run as it is.
    Complete,
    /// It goes on: the prompt asks for more, and a script or paste that ends here runs nothing.
    Incomplete(Open),
}

/// What is still open at the end of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Open {
    /// `'`, `"` or a backquote.
    Quote(char),
    /// `$(`, `${`, `$((` or `(`.
    Bracket(&'static str),
    /// A heredoc that waits for this line.
    Heredoc(String),
    /// `for`, `while`, `until`, `if`, `case` or `{`.
    Compound(&'static str),
    /// A trailing `|`, `&&`, `||` or `|>`.
    After(&'static str),
    /// A trailing `\`.
    Backslash,
}

impl fmt::Display for Open {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Quote(c) => write!(f, "inside {c}…{c}"),
            Self::Bracket(b) => write!(f, "inside `{b}`"),
            Self::Heredoc(end) => write!(f, "inside a heredoc that waits for `{end}`"),
            Self::Compound(word) => write!(f, "inside `{word}`"),
            Self::After(op) => write!(f, "behind `{op}`"),
            Self::Backslash => f.write_str("behind `\\`"),
        }
    }
}
