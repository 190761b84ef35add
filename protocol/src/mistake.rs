//! Mistakes in a file that a person wrote: each with its place, what is wrong there, and what to do.

use std::fmt::Write as _;
use std::ops::Range;

use crate::clean::Clean;
use crate::excerpt::Excerpt;

/// One mistake in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// Where it is, in bytes of the text.
    pub span: Range<usize>,
    /// What is wrong: lower case, no full stop.
    pub message: String,
    /// What stands under the carets; may be empty.
    pub label: String,
    /// What to do next.
    pub help: Option<String>,
}

impl Mistake {
    /// Makes a mistake without label and help.
    #[must_use]
    pub fn new(span: Range<usize>, message: impl Into<String>) -> Self {
        Self {
            span,
            message: message.into(),
            label: String::new(),
            help: None,
        }
    }

    /// Adds what stands under the carets.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// Adds what to do next.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Returns the number of the line where it is, from 1. `text` must be the text it was found in.
    #[must_use]
    pub fn line(&self, text: &str) -> usize {
        let start = text.floor_char_boundary(self.span.start);
        text[..start].matches('\n').count() + 1
    }

    /// Returns the message, the line with carets under what it is about, and the help. `text` must
    /// be the text it was found in. Of a long line only the surroundings are shown.
    #[must_use]
    pub fn render(&self, text: &str) -> String {
        let start = text.floor_char_boundary(self.span.start);
        let end = text.floor_char_boundary(self.span.end).max(start);
        let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
        let end = end.min(line_end);
        let excerpt = Excerpt::of(
            &text[line_start..start],
            &text[start..end],
            &text[end..line_end],
        );
        let gutter = format!("{} | ", self.line(text));
        let pad = " ".repeat(gutter.len() + excerpt.before);
        let carets = "^".repeat(excerpt.under);
        let mut out = format!("error: {}\n", Clean::line(&self.message));
        let _ = write!(out, "  {gutter}{}\n  {pad}{carets}", excerpt.line);
        if !self.label.is_empty() {
            let _ = write!(out, " {}", Clean::line(&self.label));
        }
        out.push('\n');
        if let Some(help) = &self.help {
            let _ = writeln!(out, "  help: {}", Clean::line(help));
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn carets_stand_under_the_span_in_its_own_line() {
        let text = "allow probe\n\tto größe x";
        let at = text.find('x').expect("it is there");
        let mistake = Mistake::new(at..at + 1, "m").label("here").help("h");
        assert_eq!(
            mistake.render(text),
            "error: m\n  2 |  to größe x\n                ^ here\n  help: h\n"
        );
    }

    #[test]
    fn a_span_beyond_the_text_does_no_harm_and_a_long_line_is_cut() {
        assert!(Mistake::new(50..60, "m").render("é").contains('^'));
        let long = "é".repeat(1 << 20);
        let rendered = Mistake::new(0..long.len(), "m").render(&long);
        assert!(rendered.contains('…') && rendered.len() < 1000);
    }
}
