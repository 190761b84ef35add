//! The smallest expressions: literals, columns, calls and parentheses.

use hailer_protocol::expr::Function;
use hailer_protocol::units::parse_quantity;
use hailer_protocol::value::Value;

use super::leaf;
use crate::ast::{ExprKind, ExprNode};
use crate::diagnostic::{Code, Diagnostic};
use crate::lexer::token::{Lexed, Token};
use crate::nearest::did_you_mean;
use crate::parse::{Parser, Style};
use crate::span::Span;

impl Parser<'_> {
    pub(super) fn atom(&mut self) -> ExprNode {
        if let Some(mistaken) = self.heading() {
            return mistaken;
        }
        let next = self.peek();
        match &next.token {
            Token::Number(text) => {
                let text = text.clone();
                let span = self.take(&next, Style::Number);
                self.number(&text, span)
            }
            Token::Str(text) => {
                let value = Value::Str(text.clone());
                leaf(ExprKind::Literal(value), self.take(&next, Style::String))
            }
            Token::Column(name) => {
                let kind = ExprKind::Column(name.clone());
                leaf(kind, self.take(&next, Style::Column))
            }
            Token::Word(word) => self.word(&word.clone(), &next),
            Token::Sym("(") => {
                let open = self.take(&next, Style::Operator);
                let mut inner = self.nested();
                match self.symbol(")") {
                    Some(close) => inner.span = open.to(close),
                    None if inner.kind == ExprKind::Error => {}
                    None => {
                        let next = self.peek();
                        return self.expected(&next, "`)`");
                    }
                }
                inner
            }
            Token::Sym(_)
            | Token::Result(_)
            | Token::Flag(_)
            | Token::Pipe
            | Token::Foreign(_)
            | Token::OpenQuote(_)
            | Token::Backslash
            | Token::Other(_)
            | Token::End => self.expected(&next, "a column, a number or text in quotes"),
        }
    }

    fn word(&mut self, word: &str, next: &Lexed) -> ExprNode {
        let constant = match word {
            "null" => Some(Value::Null),
            "true" => Some(Value::Bool(true)),
            "false" => Some(Value::Bool(false)),
            _ => None,
        };
        if let Some(value) = constant {
            return leaf(ExprKind::Literal(value), self.take(next, Style::Keyword));
        }
        if matches!(word, "and" | "or" | "in" | "is" | "by") {
            self.error(
                Diagnostic::new(
                    Code::Unexpected,
                    next.span,
                    "expected a column, a number or text in quotes",
                )
                .label("a word of the language")
                .help(format!(
                    "a column of this name is written with the backquotes: `{word}`"
                )),
            );
            return leaf(ExprKind::Error, next.span);
        }
        let behind = crate::lexer::token::next(self.text, next.span.end);
        if behind.token == Token::Sym("(") && behind.span.start == next.span.end {
            return self.call(word, next);
        }
        leaf(
            ExprKind::Column(word.to_owned()),
            self.take(next, Style::Column),
        )
    }

    fn call(&mut self, name: &str, next: &Lexed) -> ExprNode {
        let span = self.take(next, Style::Function);
        self.symbol("(");
        let (args, close) = self.list(false);
        let whole = span.to(close);
        let known = Function::ALL.iter().find(|(_, n, _, _)| *n == name);
        let Some(&(function, name, least, most)) = known else {
            let names = Function::ALL.iter().map(|f| f.1);
            let help = match Function::known_elsewhere_as(name) {
                Some(function) => Some(format!("here that is `{}`", function.doc().usage)),
                None => did_you_mean(name, names)
                    .or_else(|| Some("`help functions` lists them".to_owned())),
            };
            self.error(
                Diagnostic::new(
                    Code::UnknownFunction,
                    span,
                    format!("no function is called `{name}`"),
                )
                .label("unknown")
                .help_opt(help),
            );
            return leaf(ExprKind::Error, whole);
        };
        if args.iter().any(|a| a.kind == ExprKind::Error) {
            return leaf(ExprKind::Error, whole);
        }
        if args.len() < least || args.len() > most {
            let wanted = if least == most {
                least.to_string()
            } else {
                format!("{least} to {most}")
            };
            self.error(
                Diagnostic::new(
                    Code::WrongArguments,
                    whole,
                    format!(
                        "`{name}` takes {wanted} argument{}, not {}",
                        if wanted == "1" { "" } else { "s" },
                        args.len()
                    ),
                )
                .label("here"),
            );
            return leaf(ExprKind::Error, whole);
        }
        let depth = args.iter().map(|a| a.depth).max().unwrap_or(0);
        self.node(whole, depth, move || ExprKind::Call(function, args))
    }

    fn number(&mut self, text: &str, span: Span) -> ExprNode {
        let value = number(text);
        if let Some(value) = value {
            return leaf(ExprKind::Literal(value), span);
        }
        self.error(
            Diagnostic::new(
                Code::BadNumber,
                span,
                format!("`{text}` is neither a number nor one with a unit"),
            )
            .label("unknown unit")
            .help("units are `95%`, `30s`, `5m`, `1h30m`, `10GiB`, `512B`; text wants quotes"),
        );
        leaf(ExprKind::Error, span)
    }
}

/// Reads a literal: a whole number, a fraction, or a number with a unit.
pub(crate) fn number(text: &str) -> Option<Value> {
    if let Ok(n) = text.parse::<i64>() {
        return Some(Value::Int(n));
    }
    if text
        .bytes()
        .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-'))
    {
        return text
            .parse::<f64>()
            .ok()
            .filter(|x| x.is_finite())
            .map(Value::Float);
    }
    parse_quantity(text)
}
