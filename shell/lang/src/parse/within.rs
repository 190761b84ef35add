//! Parts of a longer text, such as an automation's file: each is read by the language's own rules,
//! and every span is one of the whole text.

use super::habits::Habit;
use super::{KnownNames, Parsed, Parser};
use crate::ast::{ExprNode, Selector};
use crate::diagnostic::{Code, Diagnostic};
use crate::lexer::Open;
use crate::span::Span;

/// A part that was read, and where what is left of it begins.
#[derive(Debug, Clone)]
pub(crate) struct Part<T> {
    pub(crate) value: T,
    pub(crate) at: usize,
    pub(crate) diagnostics: Vec<Diagnostic>,
    pub(crate) open: Option<Open>,
}

fn within<'a>(text: &'a str, span: Span, words: &'a KnownNames) -> Parser<'a> {
    let mut p = Parser::new(text.get(..span.end).unwrap_or(text), words);
    p.at = span.start.min(p.text.len());
    p
}

fn part<T>(p: Parser<'_>, value: T) -> Part<T> {
    Part {
        value,
        at: p.at,
        diagnostics: p.diagnostics,
        open: p.open,
    }
}

/// Reads a line.
pub(crate) fn line(text: &str, span: Span, words: &KnownNames) -> Parsed {
    let mut p = within(text, span, words);
    let line = p.line();
    p.finish(line)
}

/// Reads a selector; a leading `@` may be left out.
pub(crate) fn selector(text: &str, span: Span, words: &KnownNames) -> Part<Selector> {
    let mut p = within(text, span, words);
    p.skip_blanks();
    if p.rest().starts_with('@') {
        p.at += 1;
    }
    let selector = p.selector();
    p.skip_blanks();
    part(p, selector)
}

/// Reads an expression, as far as it goes.
pub(crate) fn expression(text: &str, span: Span, words: &KnownNames) -> Part<ExprNode> {
    let mut p = within(text, span, words);
    let expr = p.expr();
    p.skip_blanks();
    part(p, expr)
}

/// Reads a Linux command up to the end, with what the language refuses of one.
pub(crate) fn command(text: &str, span: Span, words: &KnownNames) -> Part<()> {
    let mut p = within(text, span, words);
    let scan = p.command();
    p.habits(&scan, span.start, Habit::Plain, false);
    if let Some(pipe) = scan.pipe {
        p.error(
            Diagnostic::new(
                Code::Unexpected,
                pipe,
                "a fleet verb has no rows to work on behind this command",
            )
            .label("not here")
            .help("a pipe on the node is a plain `|`; `|>` within the command stands in quotes"),
        );
    }
    part(p, ())
}
