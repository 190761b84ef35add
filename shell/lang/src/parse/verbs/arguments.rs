//! What verbs take: columns, `by` lists, assignments, counts, files, results.

use hailer_protocol::value::Value;

use crate::ast::{Assignment, ExprKind, ExprNode, Ident, Quantity, ResultRef};
use crate::diagnostic::{Code, Diagnostic};
use crate::lexer::token::{self, Token};
use crate::parse::{Parser, Style};
use crate::span::Span;

impl Parser<'_> {
    pub(super) fn text_argument(&mut self, what: &str) -> Option<Ident> {
        let next = self.peek();
        if let Token::Str(text) = &next.token {
            let span = self.take(&next, Style::String);
            return Some(Ident {
                name: text.clone(),
                span,
            });
        }
        self.expected(&next, what);
        None
    }

    pub(super) fn file_argument(&mut self) -> Option<Ident> {
        let next = token::next_raw(self.text, self.at);
        if let Token::Word(text) | Token::Str(text) = &next.token {
            let span = self.take(&next, Style::String);
            return Some(Ident {
                name: text.clone(),
                span,
            });
        }
        self.expected(&next, "the name of a file");
        None
    }

    pub(super) fn column(&mut self) -> Option<Ident> {
        let next = self.peek();
        if let Token::Word(name) | Token::Column(name) = &next.token {
            let span = self.take(&next, Style::Column);
            return Some(Ident {
                name: name.clone(),
                span,
            });
        }
        self.expected(&next, "a column");
        None
    }

    /// `[by COLUMN, …]`.
    pub(super) fn by(&mut self) -> Option<Vec<Ident>> {
        let mut columns = Vec::new();
        if self.keyword("by").is_none() {
            return Some(columns);
        }
        loop {
            columns.push(self.column()?);
            if self.symbol(",").is_none() {
                return Some(columns);
            }
        }
    }

    pub(super) fn assignments(&mut self, columns_too: bool) -> Option<Vec<Assignment>> {
        let mut out: Vec<Assignment> = Vec::new();
        loop {
            let name = self.column()?;
            if let Some(twice) = out.iter().find(|a| a.name.name == name.name) {
                self.error(
                    Diagnostic::new(
                        Code::Unexpected,
                        name.span,
                        format!("`{}` is named twice", twice.name.name),
                    )
                    .label("a second time"),
                );
            }
            if self.symbol("=").is_some() {
                let expr = self.expr();
                out.push(Assignment { name, expr });
            } else if columns_too {
                let expr = ExprNode {
                    kind: ExprKind::Column(name.name.clone()),
                    span: name.span,
                    depth: 1,
                };
                out.push(Assignment { name, expr });
            } else {
                let next = self.peek();
                self.expected(&next, "`=` and an expression");
                return None;
            }
            if self.symbol(",").is_none() {
                return Some(out);
            }
        }
    }

    /// A whole number of rows.
    pub(super) fn rows(&mut self, verb: &str, span: Span) -> Option<u64> {
        let next = self.peek();
        let n = if let Token::Number(text) = &next.token {
            text.parse::<u64>().ok().filter(|&n| n > 0)
        } else {
            None
        };
        if let Some(n) = n {
            self.take(&next, Style::Number);
            return Some(n);
        }
        let at = if next.span.is_empty() {
            span
        } else {
            next.span
        };
        self.error(
            Diagnostic::new(
                Code::BadNumber,
                at,
                format!("`{verb}` wants a number of rows"),
            )
            .label("expected a whole number from 1"),
        );
        None
    }

    pub(super) fn result_ref(&mut self, verb: &str) -> Option<ResultRef> {
        let next = self.peek();
        if let Token::Result(result) = next.token {
            self.take(&next, Style::Column);
            return Some(result);
        }
        self.expected(&next, &format!("the result to {verb} with, such as `$3`"));
        None
    }

    pub(super) fn duration(&mut self) -> Option<Quantity> {
        let next = self.peek();
        if let Token::Number(text) = &next.token
            && matches!(crate::parse::expr::number(text), Some(Value::Duration(_)))
        {
            let span = self.take(&next, Style::Number);
            return Some(Quantity {
                text: text.clone(),
                span,
            });
        }
        self.expected(&next, "a duration, such as `2s`");
        None
    }
}
