//! The words of one line of a policy, with their places.

use std::ops::Range;

/// A word, a comma or an equals sign.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token<'a> {
    pub(super) text: &'a str,
    /// Byte position in the policy.
    pub(super) at: usize,
}

impl Token<'_> {
    pub(super) fn span(&self) -> Range<usize> {
        self.at..self.at + self.text.len()
    }

    pub(super) fn is_digit_led(&self) -> bool {
        self.text.starts_with(|c: char| c.is_ascii_digit())
    }
}

/// Splits a text that stands at byte `base` at blanks; `,` and `=` are words of their own.
pub(super) fn tokens(text: &str, base: usize) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut start = None;
    let is_edge = |c: char| matches!(c, ' ' | '\t' | ',' | '=');
    for (at, c) in text.char_indices() {
        if !is_edge(c) {
            start.get_or_insert(at);
            continue;
        }
        if let Some(from) = start.take() {
            tokens.push(Token {
                text: &text[from..at],
                at: base + from,
            });
        }
        if matches!(c, ',' | '=') {
            tokens.push(Token {
                text: &text[at..=at],
                at: base + at,
            });
        }
    }
    if let Some(from) = start {
        tokens.push(Token {
            text: &text[from..],
            at: base + from,
        });
    }
    tokens
}
