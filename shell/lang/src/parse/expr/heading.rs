//! Headings as tools print them, where a column's name is wanted: `%CPU`, `Use%`.

use hailer_protocol::parse::column_name;

use super::leaf;
use crate::ast::{ExprKind, ExprNode};
use crate::diagnostic::{Code, Diagnostic};
use crate::lexer::token::{self, Token};
use crate::parse::{Parser, Style};
use crate::span::Span;

impl Parser<'_> {
    /// Reads a heading with a `%` before or behind it, and says what the column is called. `a % b` and
    /// `a%b` compute.
    pub(super) fn heading(&mut self) -> Option<ExprNode> {
        let next = self.peek();
        let span = match &next.token {
            Token::Sym("%") => self.heading_behind(next.span)?,
            Token::Word(_) => self.heading_before(next.span)?,
            Token::Column(_)
            | Token::Str(_)
            | Token::Number(_)
            | Token::Sym(_)
            | Token::Result(_)
            | Token::Flag(_)
            | Token::Pipe
            | Token::Foreign(_)
            | Token::OpenQuote(_)
            | Token::Backslash
            | Token::Other(_)
            | Token::End => return None,
        };
        let heading = span.of(self.text);
        self.error(
            Diagnostic::new(
                Code::UnknownColumn,
                span,
                format!("`{heading}` is a heading, and no name of a column"),
            )
            .label(format!("the column is `{}`", column_name(heading)))
            .help("names are lower case, `%` becomes `pct` and other signs `_`"),
        );
        self.style(span, Style::Column);
        self.at = span.end;
        Some(leaf(ExprKind::Error, span))
    }

    /// `%CPU`: a `%` where no sum can begin.
    fn heading_behind(&self, percent: Span) -> Option<Span> {
        let behind = token::next(self.text, percent.end);
        let word = matches!(behind.token, Token::Word(_)) && behind.span.start == percent.end;
        word.then(|| percent.to(behind.span))
    }

    /// `Use%`: a `%` that nothing stands behind which could be divided by.
    fn heading_before(&self, word: Span) -> Option<Span> {
        let percent = token::next(self.text, word.end);
        if percent.token != Token::Sym("%") || percent.span.start != word.end {
            return None;
        }
        let behind = token::next(self.text, percent.span.end);
        let divides = match &behind.token {
            Token::Word(word) => !matches!(
                word.as_str(),
                "and" | "or" | "in" | "is" | "not" | "by" | "asc" | "desc"
            ),
            Token::Sym(sign) => matches!(*sign, "(" | "-"),
            Token::Column(_) | Token::Number(_) | Token::Str(_) => true,
            Token::Result(_)
            | Token::Flag(_)
            | Token::Pipe
            | Token::Foreign(_)
            | Token::OpenQuote(_)
            | Token::Backslash
            | Token::Other(_)
            | Token::End => false,
        };
        (!divides).then(|| word.to(percent.span))
    }
}
