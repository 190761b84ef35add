//! What verbs take: columns, `by` lists, assignments, counts, files, results.

use hailer_protocol::value::Value;

use crate::ast::{Assignment, Beside, ExprKind, ExprNode, Ident, OtherResult, Quantity, Verb};
use crate::diagnostic::{Code, Diagnostic};
use crate::file_format::{FileFormat, FileUse};
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

    /// `[left] $N|FILE [by COLUMN, …]`.
    pub(super) fn join_verb(&mut self) -> Option<Verb> {
        let is_left = self.keyword("left").is_some();
        let with = match self.result_if_there() {
            Some(result) => Beside::Result(result),
            None => self.joined_file()?,
        };
        let by = self.by()?;
        Some(Verb::Join { is_left, with, by })
    }

    /// The file of a `join`, or what to write where something else stands.
    fn joined_file(&mut self) -> Option<Beside> {
        let next = token::next_raw(self.text, self.at);
        let (name, is_quoted) = match &next.token {
            Token::Word(word) => (word.clone(), false),
            Token::Str(word) => (word.clone(), true),
            Token::Column(_)
            | Token::Number(_)
            | Token::Sym(_)
            | Token::Result(_)
            | Token::Flag(_)
            | Token::Pipe
            | Token::Foreign(_)
            | Token::OpenQuote(_)
            | Token::Backslash
            | Token::Other(_)
            | Token::End => {
                let what = "the result to join with, such as `$3`, or the name of a file";
                self.expected(&next, what);
                return None;
            }
        };
        if !is_quoted && let Some(help) = instead_of_join(&name) {
            self.no_join(next.span, help.to_owned());
            return None;
        }
        match FileFormat::of_file(&name, FileUse::Open) {
            Ok(format) => {
                let span = self.take(&next, Style::String);
                Some(Beside::File(Ident { name, span }, format))
            }
            Err(help) => {
                self.no_join(next.span, help);
                None
            }
        }
    }

    fn no_join(&mut self, span: Span, help: String) {
        self.error(
            Diagnostic::new(
                Code::Missing,
                span,
                "`join` wants a result, such as `$3`, or a file with rows",
            )
            .label("expected a result or a file")
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

/// What to write where a word of another language stands behind `join`.
fn instead_of_join(word: &str) -> Option<&'static str> {
    Some(match word {
        "labels" | "label" => {
            "labels are columns already: `|> where dc = fra`, `|> select node, dc`"
        }
        "right" | "outer" | "full" | "inner" | "cross" => {
            "`join $N` keeps the rows that match, `join left $N` all rows of the left side"
        }
        "by" | "on" => "name the result or the file first: `join $3 by …`",
        _ => return None,
    })
}
