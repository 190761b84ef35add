//! The words of a clause that is neither a line nor a command.

use crate::diagnostic::{Code, Diagnostic};
use crate::span::Span;

/// One word, a comma, or a text in quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece<'a> {
    /// Without its quotes.
    pub(super) text: &'a str,
    /// With them.
    pub(super) span: Span,
    pub(super) is_quoted: bool,
}

/// The pieces of a value, from left to right.
#[derive(Debug, Clone)]
pub(super) struct Pieces<'a> {
    list: Vec<Piece<'a>>,
    at: usize,
    /// Where the value ends.
    end: usize,
    /// Comments behind the value or in lines of their own.
    pub(super) comments: Vec<String>,
}

impl<'a> Pieces<'a> {
    /// Reads a value.
    pub(super) fn of(text: &'a str, span: Span, errors: &mut Vec<Diagnostic>) -> Self {
        let mut out = Self {
            list: Vec::new(),
            at: 0,
            end: span.end,
            comments: Vec::new(),
        };
        let mut at = span.start;
        while at < span.end {
            let rest = Span::new(at, span.end).of(text);
            let Some(first) = rest.chars().next() else {
                break;
            };
            let length = match first {
                c if c.is_whitespace() => c.len_utf8(),
                '#' => {
                    let length = rest.find('\n').unwrap_or(rest.len());
                    out.comments.push(rest[..length].trim_end().to_owned());
                    length
                }
                ',' => out.push(&rest[..1], at, 1, false),
                '\'' | '"' => match rest[1..].find(first) {
                    Some(end) => out.push(&rest[1..=end], at, end + 2, true),
                    None => {
                        let span = Span::new(at, span.end);
                        let message = format!("the line ends inside {first}…{first}");
                        errors.push(
                            Diagnostic::new(Code::Incomplete, span, message).label("opened here"),
                        );
                        out.push(&rest[1..], at, rest.len(), true)
                    }
                },
                _ => {
                    let ends = |c: char| c.is_whitespace() || c == ',';
                    let length = rest.find(ends).unwrap_or(rest.len());
                    out.push(&rest[..length], at, length, false)
                }
            };
            at += length;
        }
        out
    }

    fn push(&mut self, text: &'a str, at: usize, length: usize, is_quoted: bool) -> usize {
        let span = Span::new(at, at + length);
        self.list.push(Piece {
            text,
            span,
            is_quoted,
        });
        length
    }

    /// The next piece, which stays.
    pub(super) fn peek(&self) -> Option<Piece<'a>> {
        self.list.get(self.at).copied()
    }

    /// Takes the next piece.
    pub(super) fn take(&mut self) -> Option<Piece<'a>> {
        let piece = self.peek()?;
        self.at += 1;
        Some(piece)
    }

    /// Takes the next piece if it is this word.
    pub(super) fn word(&mut self, word: &str) -> bool {
        let is_it = self.peek().is_some_and(|p| !p.is_quoted && p.text == word);
        self.at += usize::from(is_it);
        is_it
    }

    /// Takes the next piece if it is this word, and says that it is missing otherwise.
    pub(super) fn expect(&mut self, word: &str, errors: &mut Vec<Diagnostic>) -> Option<()> {
        if self.word(word) {
            return Some(());
        }
        errors.push(self.wrong(&format!("`{word}`")));
        None
    }

    /// Moves behind the next comma.
    pub(super) fn skip_item(&mut self) {
        while let Some(piece) = self.take() {
            if !piece.is_quoted && piece.text == "," {
                break;
            }
        }
    }

    /// Says that something else was expected here.
    pub(super) fn wrong(&self, expected: &str) -> Diagnostic {
        match self.peek() {
            Some(piece) => {
                let message = format!("expected {expected}");
                Diagnostic::new(Code::Unexpected, piece.span, message).label("not this")
            }
            None => {
                let message = format!("expected {expected}");
                Diagnostic::new(Code::Missing, Span::at(self.end), message)
                    .label("the clause ends here")
            }
        }
    }

    /// Says that something stands behind the end.
    pub(super) fn end(&self, usage: &str, errors: &mut Vec<Diagnostic>) {
        if let Some(piece) = self.peek() {
            let message = "the clause should end here";
            errors.push(
                Diagnostic::new(Code::Unexpected, piece.span, message)
                    .label("not this")
                    .help(format!("it is written `{usage}`")),
            );
        }
    }
}
