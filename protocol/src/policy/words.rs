//! A command line as words, for lines that are one simple command and for no others.
//!
//! What a policy lets somebody read is decided on the words of a command, and those very words are
//! what is then executed, with no shell. So a line is taken only if a shell would take it for the
//! same words: whatever a shell would act on is refused, even inside quotes, where that is harmless
//! but where two readers may come to disagree.

use crate::clean::Clean;
use crate::limits::{ARGV_MAX, COMMAND_MAX};

/// Why a line, or a list of words, is not one simple command.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotSimple {
    /// Nothing there.
    #[error("there is no command")]
    Empty,
    /// A character that a shell acts on.
    #[error("it has {0:?}, which a shell acts on")]
    Syntax(char),
    /// A character that a shell acts on unless it is quoted.
    #[error("it has {0:?} without quotes, which a shell acts on")]
    Unquoted(char),
    /// A quote that is not closed.
    #[error("the quote {0} is not closed")]
    Unclosed(char),
    /// A character that controls a terminal, or that nobody sees.
    #[error("it has the character U+{:04X}, which cannot be seen", u32::from(*.0))]
    Hidden(char),
    /// `NAME=value` where the program should stand.
    #[error("`{0}` sets a variable: the program must stand first")]
    Assignment(String),
    /// More bytes or words than a command may have.
    #[error("it is longer than a command may be")]
    TooLong,
}

/// Splits a line into the words of one simple command.
///
/// # Errors
/// Refuses whatever a shell would act on, and what a person could not see.
pub fn split(line: &str) -> Result<Vec<String>, NotSimple> {
    let words = lex(line, Wildcards::Refused).map_err(|(why, _)| why)?;
    let words: Vec<String> = words.into_iter().map(Lexed::into_text).collect();
    check(&words)?;
    Ok(words)
}

/// Checks words that were words from the start.
///
/// # Errors
/// Refuses what [`split`] refuses in a list of words: none at all, too many, characters that cannot
/// be seen, a variable before the program.
pub fn check(words: &[String]) -> Result<(), NotSimple> {
    let program = words
        .first()
        .filter(|p| !p.is_empty())
        .ok_or(NotSimple::Empty)?;
    let bytes: usize = words.iter().map(|w| w.len() + 1).sum();
    if words.len() > ARGV_MAX || bytes > COMMAND_MAX {
        return Err(NotSimple::TooLong);
    }
    if let Some(c) = words.iter().find_map(|w| hidden_in(w)) {
        return Err(NotSimple::Hidden(c));
    }
    if program.contains('=') {
        return Err(NotSimple::Assignment(program.clone()));
    }
    Ok(())
}

/// Returns the first character that is not shown as it is.
pub(super) fn hidden_in(text: &str) -> Option<char> {
    if Clean::line(text).as_str() == text {
        return None;
    }
    text.chars()
        .find(|c| Clean::line(c.encode_utf8(&mut [0; 4])).as_str() != c.to_string())
}

/// A part of a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    /// Exactly this text.
    Text(String),
    /// `*`: one or more characters, no `/`.
    Star,
    /// `**`: one or more characters.
    Stars,
}

/// A word and where it stands.
#[derive(Debug)]
pub(super) struct Lexed {
    pub(super) parts: Vec<Part>,
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Lexed {
    fn into_text(self) -> String {
        let text = |part| match part {
            Part::Text(text) => text,
            Part::Star => "*".to_owned(),
            Part::Stars => "**".to_owned(),
        };
        self.parts.into_iter().map(text).collect()
    }

    fn push(&mut self, c: char) {
        match self.parts.last_mut() {
            Some(Part::Text(text)) => text.push(c),
            Some(Part::Star | Part::Stars) | None => self.parts.push(Part::Text(c.to_string())),
        }
    }
}

/// What an unquoted `*` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wildcards {
    /// A part of a pattern.
    Taken,
    /// A mistake.
    Refused,
}

/// Splits a line or a pattern; a mistake comes with its byte position.
pub(super) fn lex(text: &str, wildcards: Wildcards) -> Result<Vec<Lexed>, (NotSimple, usize)> {
    if text.len() > COMMAND_MAX {
        return Err((NotSimple::TooLong, COMMAND_MAX));
    }
    let mut words: Vec<Lexed> = Vec::new();
    let mut in_word = false;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if matches!(c, ' ' | '\t') {
            in_word = false;
            continue;
        }
        refuse(c, at)?;
        if !in_word {
            in_word = true;
            words.push(Lexed {
                parts: Vec::new(),
                start: at,
                end: at,
            });
        }
        let word = words.last_mut().expect("one was pushed");
        word.end = at + c.len_utf8();
        match c {
            '\'' | '"' => {
                word.end = loop {
                    match chars.next() {
                        None => return Err((NotSimple::Unclosed(c), at)),
                        Some((end, quote)) if quote == c => break end + 1,
                        Some((at, inner)) => {
                            refuse(inner, at)?;
                            word.push(inner);
                        }
                    }
                };
            }
            '*' if wildcards == Wildcards::Taken => {
                let doubled = chars.next_if(|&(_, next)| next == '*').is_some();
                word.end += usize::from(doubled);
                word.parts
                    .push(if doubled { Part::Stars } else { Part::Star });
            }
            '*' | '?' | '[' | ']' | '{' | '}' | '~' | '#' | '!' => {
                return Err((NotSimple::Unquoted(c), at));
            }
            c => word.push(c),
        }
    }
    Ok(words)
}

/// What may stand nowhere, quoted or not.
fn refuse(c: char, at: usize) -> Result<(), (NotSimple, usize)> {
    match c {
        ';' | '|' | '&' | '<' | '>' | '$' | '\\' | '`' | '(' | ')' | '\n' => {
            Err((NotSimple::Syntax(c), at))
        }
        c => match hidden_in(c.encode_utf8(&mut [0; 4])) {
            Some(c) => Err((NotSimple::Hidden(c), at)),
            None => Ok(()),
        },
    }
}
