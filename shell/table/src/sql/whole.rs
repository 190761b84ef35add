//! Whole numbers of a query: how large they can become, told from the rows before it runs.
//!
//! polars lets 64 bits wrap around in silence. What a query computes is bounded by the largest
//! magnitudes of the columns that it names; where a bound does not fit, the query is refused, though
//! the rows that it would pick might have fitted. Fractions do not wrap.

use std::collections::HashMap;
use std::ops::ControlFlow;

use hailer_protocol::clean::Clean;
use sqlparser::ast::{
    BinaryOperator, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, Query as Ast,
    SelectItem, SetExpr, UnaryOperator, Value, Visit, Visitor,
};

use super::said;
use crate::error::TableError;

/// What an expression can come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bound {
    /// A whole number of at most this magnitude.
    Whole(u128),
    /// A fraction, which does not wrap.
    Fraction,
    /// Text, a time, or what is not known.
    Other,
}

const FITS: u128 = i64::MAX.unsigned_abs() as u128;

/// A magnitude that no length and no part of a date has.
const SMALL: u128 = 1 << 34;

/// More rows than any query makes.
const ROWS_MAX: u128 = 1 << 40;

/// What is known of the names in a query.
#[derive(Debug, Default)]
pub(super) struct Bounds {
    names: HashMap<String, Bound>,
    rows: u128,
}

impl Bounds {
    /// Before anything is known but how many rows the largest table has.
    pub(super) fn of_rows(rows: usize) -> Self {
        Self {
            names: HashMap::new(),
            rows: rows.max(1) as u128,
        }
    }

    /// Learns what a name may stand for, beside what it is known to.
    pub(super) fn learn(&mut self, name: &str, bound: Bound) {
        let known = self.names.get(name).copied();
        let both = known.map_or(bound, |known| wider(known, bound));
        self.names.insert(name.to_owned(), both);
    }

    /// Refuses a query whose whole numbers might not fit 64 bits.
    pub(super) fn check(mut self, ast: &Ast, n_queries: usize) -> Result<(), TableError> {
        // A query within another names what the outer one computes with.
        for _ in 0..n_queries {
            let mut aliases = Aliases {
                bounds: &self,
                found: Vec::new(),
            };
            let _ = ast.visit(&mut aliases);
            let found = aliases.found;
            for (name, bound) in found {
                self.learn(&name, bound);
            }
        }
        match ast.visit(&mut Computed(&self)) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(text) => Err(said(
                &format!("`{}` might not fit 64 bits", Clean::line(&text)),
                Some("make it a fraction, which does not wrap: CAST(… AS DOUBLE)"),
            )),
        }
    }

    fn of(&self, expr: &Expr) -> Bound {
        #[expect(
            clippy::wildcard_enum_match_arm,
            reason = "SQL has a hundred kinds of expressions, and of all others nothing is known"
        )]
        match expr {
            Expr::Identifier(name) => self.named(&name.value),
            Expr::CompoundIdentifier(names) => {
                names.last().map_or(Bound::Other, |n| self.named(&n.value))
            }
            Expr::Nested(inner) => self.of(inner),
            Expr::Value(value) => match &value.value {
                Value::Number(text, _) => text.parse().map_or(Bound::Fraction, Bound::Whole),
                _ => Bound::Other,
            },
            Expr::UnaryOp {
                op: UnaryOperator::Minus | UnaryOperator::Plus,
                expr,
            } => self.of(expr),
            Expr::BinaryOp { left, op, right } => computed(self.of(left), op, self.of(right)),
            Expr::Cast {
                expr, data_type, ..
            } => cast(self.of(expr), &data_type.to_string()),
            Expr::Case {
                conditions,
                else_result,
                ..
            } => {
                let results = conditions.iter().map(|when| &when.result);
                let results = results.chain(else_result.as_deref());
                widest(results.map(|result| self.of(result)))
            }
            Expr::Extract { .. } | Expr::Position { .. } => Bound::Whole(SMALL),
            Expr::Function(function) => self.called(function),
            _ => Bound::Other,
        }
    }

    fn named(&self, name: &str) -> Bound {
        self.names.get(name).copied().unwrap_or(Bound::Other)
    }

    fn called(&self, function: &Function) -> Bound {
        let FunctionArguments::List(list) = &function.args else {
            return Bound::Other;
        };
        let arguments: Vec<Bound> = list
            .args
            .iter()
            .map(|argument| match argument {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => self.of(expr),
                FunctionArg::Unnamed(_)
                | FunctionArg::Named { .. }
                | FunctionArg::ExprNamed { .. } => Bound::Other,
            })
            .collect();
        match function.name.to_string().to_lowercase().as_str() {
            "count" => Bound::Whole(self.rows.saturating_mul(self.rows).min(ROWS_MAX)),
            "length" | "char_length" | "character_length" | "octet_length" | "bit_length"
            | "strpos" | "position" | "date_part" | "sign" => Bound::Whole(SMALL),
            "sum" => match arguments.first() {
                Some(Bound::Whole(n)) => Bound::Whole(n.saturating_mul(self.rows)),
                Some(other) => *other,
                None => Bound::Other,
            },
            "min" | "max" | "first" | "last" | "abs" | "coalesce" | "ifnull" | "nullif"
            | "greatest" | "least" | "if" => widest(arguments.into_iter()),
            "avg" | "mean" | "median" | "sqrt" | "ln" | "log" | "log2" | "log10" | "exp"
            | "stddev" | "variance" | "quantile_cont" | "corr" => Bound::Fraction,
            _ => Bound::Other,
        }
    }
}

fn widest(bounds: impl Iterator<Item = Bound>) -> Bound {
    bounds.reduce(wider).unwrap_or(Bound::Other)
}

fn wider(one: Bound, other: Bound) -> Bound {
    match (one, other) {
        (Bound::Whole(a), Bound::Whole(b)) => Bound::Whole(a.max(b)),
        (Bound::Whole(a), Bound::Other) | (Bound::Other, Bound::Whole(a)) => Bound::Whole(a),
        (Bound::Other, Bound::Other) => Bound::Other,
        (Bound::Fraction, _) | (_, Bound::Fraction) => Bound::Fraction,
    }
}

fn computed(left: Bound, op: &BinaryOperator, right: Bound) -> Bound {
    let (Bound::Whole(a), Bound::Whole(b)) = (left, right) else {
        return match (left, right) {
            (Bound::Fraction, _) | (_, Bound::Fraction) => Bound::Fraction,
            (Bound::Whole(_) | Bound::Other, Bound::Whole(_) | Bound::Other) => Bound::Other,
        };
    };
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the operators of SQL's dialects are many, and these compute with whole numbers"
    )]
    match op {
        BinaryOperator::Plus | BinaryOperator::Minus => Bound::Whole(a.saturating_add(b)),
        BinaryOperator::Multiply => Bound::Whole(a.saturating_mul(b)),
        BinaryOperator::Modulo => Bound::Whole(a.min(b)),
        BinaryOperator::DuckIntegerDivide | BinaryOperator::MyIntegerDivide => Bound::Whole(a),
        BinaryOperator::Divide => Bound::Fraction,
        _ => Bound::Other,
    }
}

fn cast(bound: Bound, to: &str) -> Bound {
    let to = to.to_uppercase();
    let is = |names: &[&str]| names.iter().any(|name| to.starts_with(name));
    if is(&["DOUBLE", "FLOAT", "REAL", "DECIMAL", "NUMERIC"]) {
        return Bound::Fraction;
    }
    match bound {
        Bound::Whole(_) => bound,
        Bound::Fraction | Bound::Other if to.contains("INT") => Bound::Whole(FITS),
        Bound::Fraction | Bound::Other => Bound::Other,
    }
}

/// Finds what a query calls its columns.
struct Aliases<'a> {
    bounds: &'a Bounds,
    found: Vec<(String, Bound)>,
}

impl Visitor for Aliases<'_> {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Ast) -> ControlFlow<()> {
        if let SetExpr::Select(select) = query.body.as_ref() {
            for item in &select.projection {
                if let SelectItem::ExprWithAlias { expr, alias } = item {
                    self.found.push((alias.value.clone(), self.bounds.of(expr)));
                }
            }
        }
        ControlFlow::Continue(())
    }
}

/// Finds the first thing that a query computes and that might not fit.
struct Computed<'a>(&'a Bounds);

impl Visitor for Computed<'_> {
    type Break = String;

    fn post_visit_expr(&mut self, expr: &Expr) -> ControlFlow<String> {
        // The sum of a column as it is has a finer check.
        // The sum of a column as it is has a finer check.
        let computes = if let Expr::Function(function) = expr {
            function.name.to_string().eq_ignore_ascii_case("sum") && !is_of_a_column(function)
        } else {
            matches!(expr, Expr::BinaryOp { .. })
        };
        match self.0.of(expr) {
            Bound::Whole(n) if computes && n > FITS => ControlFlow::Break(expr.to_string()),
            Bound::Whole(_) | Bound::Fraction | Bound::Other => ControlFlow::Continue(()),
        }
    }
}

fn is_of_a_column(function: &Function) -> bool {
    let FunctionArguments::List(list) = &function.args else {
        return false;
    };
    matches!(
        list.args.as_slice(),
        [FunctionArg::Unnamed(FunctionArgExpr::Expr(
            Expr::Identifier(_) | Expr::CompoundIdentifier(_)
        ))]
    )
}
