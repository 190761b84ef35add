//! What stands behind `agg`: functions of columns, with names or without.

use crate::aggregate::AggregateFunction;
use crate::ast::{Aggregate, Ident};
use crate::diagnostic::{Code, Diagnostic};
use crate::lexer::token::Token;
use crate::nearest::did_you_mean;
use crate::parse::{Parser, Style};
use crate::span::Span;
use crate::words;

impl Parser<'_> {
    /// `[NAME =] FUNCTION(EXPR), …`.
    pub(super) fn aggregates(&mut self) -> Option<Vec<Aggregate>> {
        let mut calls = Vec::new();
        loop {
            calls.push(self.aggregate()?);
            if self.symbol(",").is_none() {
                return Some(calls);
            }
        }
    }

    fn aggregate(&mut self) -> Option<Aggregate> {
        let next = self.peek();
        let (Token::Word(_) | Token::Column(_)) = &next.token else {
            self.error(
                Diagnostic::new(Code::Missing, next.span, "`agg` wants something to compute")
                    .label("expected a function")
                    .help("as in `agg mean(COLUMN), count() by COLUMN`"),
            );
            return None;
        };
        let mut function = self.column()?;
        let mut name = None;
        if self.symbol("=").is_some() {
            name = Some(std::mem::replace(&mut function, self.column()?));
        }
        let Some(known) = AggregateFunction::by_name(&function.name) else {
            self.unknown_aggregate(&function);
            return None;
        };
        self.style(function.span, Style::Function);
        if self.symbol("(").is_none() {
            let written = if known.stands_alone() { "" } else { "COLUMN" };
            self.error(
                Diagnostic::new(
                    Code::Missing,
                    function.span,
                    format!("a function of `agg` has parentheses: `{}`", function.name),
                )
                .label("here")
                .help(format!("write `{}({written})`", function.name)),
            );
            return None;
        }
        let star = self.peek();
        if star.token == Token::Sym("*") {
            self.error(
                Diagnostic::new(Code::BadExpression, star.span, "`*` is no column")
                    .label("here")
                    .help("`count()` counts rows"),
            );
            return None;
        }
        let is_empty = self.peek().token == Token::Sym(")");
        let argument = (!is_empty).then(|| self.expr());
        let Some(close) = self.symbol(")") else {
            let next = self.peek();
            if next.token == Token::Sym(",") {
                self.wrong_arguments(&function, next.span, "takes one argument");
            } else {
                self.expected(&next, "`)`");
            }
            return None;
        };
        if is_empty && !known.stands_alone() {
            let whole = function.span.to(close);
            self.wrong_arguments(&function, whole, "wants a column or an expression");
            return None;
        }
        Some(Aggregate {
            name,
            function: known,
            function_span: function.span,
            argument,
        })
    }

    fn wrong_arguments(&mut self, function: &Ident, span: Span, wants: &str) {
        self.error(
            Diagnostic::new(
                Code::WrongArguments,
                span,
                format!("`{}` {wants}", function.name),
            )
            .label("here")
            .help(format!("write `{}(COLUMN)`", function.name)),
        );
    }

    fn unknown_aggregate(&mut self, function: &Ident) {
        let name = function.name.as_str();
        let is_percentile = name
            .strip_prefix('p')
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        let help = if is_percentile {
            "percentiles go from `p0` to `p100`, as `p99` or `p99.9`".to_owned()
        } else if let Some(ours) = AggregateFunction::of_other_languages(name) {
            format!("`{ours}` does that here")
        } else {
            did_you_mean(name, words::AGGREGATES.iter().copied()).unwrap_or_else(|| {
                format!("it knows {}, and any `pNN`", words::AGGREGATES.join(", "))
            })
        };
        self.error(
            Diagnostic::new(
                Code::UnknownFunction,
                function.span,
                format!("`agg` knows no `{name}`"),
            )
            .label("unknown")
            .help(help),
        );
    }
}
