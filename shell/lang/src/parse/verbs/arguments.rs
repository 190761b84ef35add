//! What verbs take: columns, `by` lists, assignments, counts, files, results.

use hailer_protocol::value::Value;

use crate::ast::{Assignment, ExprKind, ExprNode, Ident, OtherResult, Quantity, Verb};
use crate::diagnostic::{Code, Diagnostic};
use crate::lexer::token::{self, Lexed, Token};
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
    pub(in crate::parse) fn by(&mut self) -> Option<Vec<Ident>> {
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

    /// `$N`, where one stands here.
    pub(in crate::parse) fn result_if_there(&mut self) -> Option<OtherResult> {
        let next = self.peek();
        let Token::Result(result) = next.token else {
            return None;
        };
        let span = self.take(&next, Style::Column);
        Some(OtherResult { result, span })
    }

    /// `[left] $N [by COLUMN, …]`.
    pub(super) fn join_verb(&mut self) -> Option<Verb> {
        let is_left = self.keyword("left").is_some();
        let Some(with) = self.result_if_there() else {
            let next = token::next_raw(self.text, self.at);
            self.no_join(&next);
            return None;
        };
        let by = self.by()?;
        Some(Verb::Join { is_left, with, by })
    }

    /// Says what to write where `join` has something else than a result.
    fn no_join(&mut self, next: &Lexed) {
        let (Token::Word(word) | Token::Str(word)) = &next.token else {
            self.expected(next, "the result to join with, such as `$3`");
            return;
        };
        let help = match word.as_str() {
            "labels" | "label" => {
                "labels are columns already: `|> where dc = fra`, `|> select node, dc`".to_owned()
            }
            "right" | "outer" | "full" | "inner" | "cross" => {
                "`join $N` keeps the rows that match, `join left $N` all rows of the left side"
                    .to_owned()
            }
            "by" => "name the result first: `join $3 by …`".to_owned(),
            file => {
                format!("open the file as a result first: `open {file}`, then `$3 |> join $N by …`")
            }
        };
        self.error(
            Diagnostic::new(
                Code::Missing,
                next.span,
                "`join` wants a result, such as `$3`",
            )
            .label("expected a result")
            .help(help),
        );
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
