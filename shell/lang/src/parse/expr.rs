//! Expressions: `or`, `and`, `not`, comparisons, sums, products, from loosest to tightest.
//!
//! On the right of `=` and `!=` and inside `in (…)` a bare word is text: `where role = db`. A
//! column there stands in backquotes: `` where a = `b` ``. Everywhere else a bare word is a column.

use hailer_protocol::expr::{BinaryOp, UnaryOp};
use hailer_protocol::limits::EXPR_DEPTH_MAX;
use hailer_protocol::value::Value;

use super::{DEPTH_MAX, Parser, Style};
use crate::ast::{ExprKind, ExprNode};
use crate::diagnostic::{Code, Diagnostic};
use crate::lexer::Open;
use crate::lexer::token::{Lexed, Token};
use crate::span::Span;

impl Parser<'_> {
    /// Reads an expression; what cannot be read is [`ExprKind::Error`] with a diagnostic.
    pub(super) fn expr(&mut self) -> ExprNode {
        let mut left = self.conjunction();
        while self.keyword("or").is_some() {
            let right = self.conjunction();
            left = self.binary(BinaryOp::Or, left, right);
        }
        left
    }

    fn conjunction(&mut self) -> ExprNode {
        let mut left = self.negation();
        while self.keyword("and").is_some() {
            let right = self.negation();
            left = self.binary(BinaryOp::And, left, right);
        }
        left
    }

    fn negation(&mut self) -> ExprNode {
        let mut nots = Vec::new();
        while let Some(span) = self.keyword("not") {
            nots.push(span);
        }
        let of = self.comparison();
        nots.into_iter().rev().fold(of, |of, span| {
            let whole = span.to(of.span);
            self.node(whole, of.depth, move || {
                ExprKind::Unary(UnaryOp::Not, Box::new(of))
            })
        })
    }

    fn comparison(&mut self) -> ExprNode {
        let left = self.sum();
        let next = self.peek();
        let op = match &next.token {
            Token::Sym("=" | "==") => BinaryOp::Eq,
            Token::Sym("!=") => BinaryOp::Ne,
            Token::Sym("<") => BinaryOp::Lt,
            Token::Sym("<=") => BinaryOp::Le,
            Token::Sym(">") => BinaryOp::Gt,
            Token::Sym(">=") => BinaryOp::Ge,
            Token::Sym("~") => return self.matches(left, &next, false),
            Token::Sym("!~") => return self.matches(left, &next, true),
            Token::Word(w) if w == "in" => {
                self.take(&next, Style::Keyword);
                return self.in_list(left, false);
            }
            Token::Word(w) if w == "not" => {
                let at = self.at;
                self.take(&next, Style::Keyword);
                if self.keyword("in").is_some() {
                    return self.in_list(left, true);
                }
                self.at = at;
                return left;
            }
            Token::Word(w) if w == "is" => {
                self.take(&next, Style::Keyword);
                return self.is_null(left);
            }
            Token::Word(_)
            | Token::Column(_)
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
            | Token::End => return left,
        };
        let first = self.take(&next, Style::Operator);
        if let Some(mistaken) = self.operator_of_another_language(first) {
            return mistaken;
        }
        let equality = matches!(op, BinaryOp::Eq | BinaryOp::Ne);
        let bare = if equality {
            self.bare_text(false)
        } else {
            None
        };
        let right = bare.unwrap_or_else(|| self.sum());
        let whole = self.binary(op, left, right);
        self.no_chain();
        whole
    }

    /// `a <> b`, `a === b`, `a =~ b`: a sign right behind the comparison.
    fn operator_of_another_language(&mut self, first: Span) -> Option<ExprNode> {
        let next = self.peek();
        let glued = next.span.start == first.end;
        let Token::Sym(sign) = &next.token else {
            return None;
        };
        let span = first.to(next.span);
        let ours = match (first.of(self.text), *sign) {
            ("<", ">" | ">=") | ("!=" | "!", "=" | "==") => "!=",
            ("=", "~") | ("==", "~") => "~",
            ("=" | "==", "=" | "==") => "=",
            ("=", "<") => "<=",
            ("=", ">") => ">=",
            _ => return None,
        };
        if !glued {
            return None;
        }
        self.error(
            Diagnostic::new(
                Code::BadExpression,
                span,
                format!("`{}` compares nothing here", span.of(self.text)),
            )
            .label("not an operator")
            .help(format!("write `{ours}`")),
        );
        self.at = span.end;
        Some(leaf(ExprKind::Error, span))
    }

    /// `1 < x < 2` means something else in every language; here it means nothing.
    fn no_chain(&mut self) {
        let next = self.peek();
        if matches!(
            &next.token,
            Token::Sym("=" | "==" | "!=" | "<" | "<=" | ">" | ">=")
        ) {
            let help = if next.token == Token::Sym(">") {
                "join them with `and`; a file is written with `|> save FILE`"
            } else {
                "join them with `and`"
            };
            self.error(
                Diagnostic::new(Code::BadExpression, next.span, "comparisons do not chain")
                    .label("a second one")
                    .help(help),
            );
        }
    }

    /// A bare word that is text, unless it begins something longer.
    fn bare_text(&mut self, in_list: bool) -> Option<ExprNode> {
        let next = self.peek();
        if next.token == Token::Sym("/") {
            return Some(self.bare_word_with_signs(next.span));
        }
        let Token::Word(word) = &next.token else {
            return None;
        };
        if matches!(word.as_str(), "null" | "true" | "false" | "not") {
            return None;
        }
        let behind = crate::lexer::token::next(self.text, next.span.end);
        let stuck = behind.span.start == next.span.end;
        if stuck && matches!(behind.token, Token::Sym("-" | "+" | "*" | "/")) {
            return Some(self.bare_word_with_signs(next.span));
        }
        let computed = matches!(behind.token, Token::Sym("(" | "+" | "-" | "*" | "/" | "%"));
        let alone = matches!(behind.token, Token::Sym("," | ")") | Token::End);
        if computed || in_list && !alone {
            return None;
        }
        let word = word.clone();
        let span = self.take(&next, Style::String);
        Some(leaf(ExprKind::Literal(Value::Str(word)), span))
    }

    /// `where host = web-01`, `where target = /var`: computed columns, or text that wants quotes?
    fn bare_word_with_signs(&mut self, start: Span) -> ExprNode {
        let rest = &self.text[start.start..];
        let ends = |c: char| c.is_whitespace() || matches!(c, ')' | ',' | '|');
        let length = rest.find(ends).unwrap_or(rest.len());
        let span = Span::new(start.start, start.start + length);
        self.error(
            Diagnostic::new(
                Code::BadExpression,
                span,
                "text with signs in it wants quotes",
            )
            .label("text or columns?")
            .help(format!(
                "write `'{}'`, or put blanks around the sign to compute",
                span.of(self.text)
            )),
        );
        self.at = span.end;
        leaf(ExprKind::Error, span)
    }

    fn matches(&mut self, of: ExprNode, op: &Lexed, negated: bool) -> ExprNode {
        self.take(op, Style::Operator);
        let next = self.peek();
        let (Token::Str(pattern) | Token::Word(pattern)) = &next.token else {
            return self.expected(&next, "a regular expression in quotes");
        };
        let pattern = pattern.clone();
        let span = self.take(&next, Style::String);
        if !self.check_regex(&pattern, span) {
            return leaf(ExprKind::Error, span);
        }
        let whole = of.span.to(span);
        self.node(whole, of.depth, move || ExprKind::Matches {
            of: Box::new(of),
            pattern,
            negated,
        })
    }

    fn is_null(&mut self, of: ExprNode) -> ExprNode {
        let negated = self.keyword("not").is_some();
        let Some(span) = self.keyword("null") else {
            let next = self.peek();
            return self.expected(&next, "`null`");
        };
        let whole = of.span.to(span);
        self.node(whole, of.depth, move || ExprKind::IsNull {
            of: Box::new(of),
            negated,
        })
    }

    fn in_list(&mut self, of: ExprNode, negated: bool) -> ExprNode {
        if self.symbol("(").is_none() {
            let next = self.peek();
            return self.expected(&next, "a list in parentheses");
        }
        let (list, close) = self.list(true);
        let depth = list.iter().map(|e| e.depth).fold(of.depth, usize::max);
        let whole = of.span.to(close);
        self.node(whole, depth, move || ExprKind::In {
            of: Box::new(of),
            list,
            negated,
        })
    }

    /// The rest of a parenthesised list.
    fn list(&mut self, bare_words: bool) -> (Vec<ExprNode>, Span) {
        let mut list = Vec::new();
        loop {
            if let Some(close) = self.symbol(")") {
                return (list, close);
            }
            let bare = if bare_words {
                self.bare_text(true)
            } else {
                None
            };
            let item = bare.unwrap_or_else(|| self.nested());
            let failed = item.kind == ExprKind::Error;
            let span = item.span;
            list.push(item);
            if self.symbol(",").is_some() {
                continue;
            }
            if let Some(close) = self.symbol(")") {
                return (list, close);
            }
            if !failed {
                let next = self.peek();
                self.expected(&next, "`,` or `)`");
            }
            return (list, span);
        }
    }

    fn sum(&mut self) -> ExprNode {
        let mut left = self.product();
        loop {
            let op = if self.symbol("+").is_some() {
                BinaryOp::Add
            } else if self.symbol("-").is_some() {
                BinaryOp::Sub
            } else {
                return left;
            };
            let right = self.product();
            left = self.binary(op, left, right);
        }
    }

    fn product(&mut self) -> ExprNode {
        let mut left = self.unary();
        loop {
            let op = if self.symbol("*").is_some() {
                BinaryOp::Mul
            } else if self.symbol("/").is_some() {
                BinaryOp::Div
            } else if self.symbol("%").is_some() {
                BinaryOp::Rem
            } else {
                return left;
            };
            let right = self.unary();
            left = self.binary(op, left, right);
        }
    }

    fn unary(&mut self) -> ExprNode {
        let mut minuses = Vec::new();
        while let Some(span) = self.symbol("-") {
            minuses.push(span);
        }
        let of = self.atom();
        minuses.into_iter().rev().fold(of, |of, span| {
            let whole = span.to(of.span);
            let folded = match of.kind {
                ExprKind::Literal(Value::Int(n)) => n.checked_neg().map(Value::Int),
                ExprKind::Literal(Value::Float(x)) => Some(Value::Float(-x)),
                ExprKind::Literal(_)
                | ExprKind::Column(_)
                | ExprKind::Unary(..)
                | ExprKind::Binary(..)
                | ExprKind::In { .. }
                | ExprKind::Matches { .. }
                | ExprKind::IsNull { .. }
                | ExprKind::Call(..)
                | ExprKind::Error => None,
            };
            if let Some(value) = folded {
                return leaf(ExprKind::Literal(value), whole);
            }
            self.node(whole, of.depth, move || {
                ExprKind::Unary(UnaryOp::Neg, Box::new(of))
            })
        })
    }

    /// An expression inside parentheses, whose number is bounded.
    fn nested(&mut self) -> ExprNode {
        if self.depth >= DEPTH_MAX {
            let next = self.peek();
            self.error(Diagnostic::new(
                Code::TooMany,
                next.span,
                format!("more than {DEPTH_MAX} parentheses around one place"),
            ));
            self.at = self.text.len();
            return leaf(ExprKind::Error, next.span);
        }
        self.depth += 1;
        let inner = self.expr();
        self.depth -= 1;
        inner
    }

    fn binary(&mut self, op: BinaryOp, left: ExprNode, right: ExprNode) -> ExprNode {
        let span = left.span.to(right.span);
        let depth = left.depth.max(right.depth);
        self.node(span, depth, move || {
            ExprKind::Binary(op, Box::new(left), Box::new(right))
        })
    }

    /// Builds a node over others, unless the tree would get too deep for those who walk it.
    fn node(&mut self, span: Span, below: usize, kind: impl FnOnce() -> ExprKind) -> ExprNode {
        if below + 1 < EXPR_DEPTH_MAX {
            return ExprNode {
                kind: kind(),
                span,
                depth: below + 1,
            };
        }
        if !self.diagnostics.iter().any(|d| d.code == Code::TooMany) {
            self.error(
                Diagnostic::new(
                    Code::TooMany,
                    span,
                    format!("an expression may be {EXPR_DEPTH_MAX} operators deep"),
                )
                .label("too long")
                .help("use `in (…)` for many values, or several `|> where`"),
            );
        }
        leaf(ExprKind::Error, span)
    }

    /// Says what was expected instead of a token. The token stays, for whoever comes next.
    pub(super) fn expected(&mut self, found: &Lexed, what: &str) -> ExprNode {
        match &found.token {
            Token::OpenQuote(c) => {
                self.open = Some(Open::Quote(*c));
                self.style(found.span, Style::String);
                self.at = self.text.len();
            }
            Token::Backslash => self.open = Some(Open::Backslash),
            Token::End => self.error(
                Diagnostic::new(Code::Missing, found.span, format!("expected {what}"))
                    .label("the line ends here"),
            ),
            Token::Foreign(op) if matches!(*op, "&&" | "||") => {
                let word = if *op == "&&" { "and" } else { "or" };
                self.error(
                    Diagnostic::new(Code::BadExpression, found.span, format!("expected {what}"))
                        .label("here")
                        .help(format!("in expressions write `{word}`")),
                );
            }
            Token::Word(_)
            | Token::Column(_)
            | Token::Str(_)
            | Token::Number(_)
            | Token::Sym(_)
            | Token::Result(_)
            | Token::Flag(_)
            | Token::Pipe
            | Token::Foreign(_)
            | Token::Other(_) => {
                self.error(
                    Diagnostic::new(Code::Unexpected, found.span, format!("expected {what}"))
                        .label("not this"),
                );
            }
        }
        leaf(ExprKind::Error, found.span)
    }
}

pub(super) const fn leaf(kind: ExprKind, span: Span) -> ExprNode {
    ExprNode {
        kind,
        span,
        depth: 1,
    }
}

mod atom;
mod heading;
pub(crate) use atom::number;
