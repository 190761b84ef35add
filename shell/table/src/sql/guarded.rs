//! A query made safe: where a divisor is zero there is null, as everywhere else in the language, and
//! counts and lengths are numbers with a sign before anything is computed with them.
//!
//! polars counts in 32 bits without a sign: `count(*) - 100` of three rows would be four thousand
//! millions.

use std::ops::ControlFlow;

use sqlparser::ast::{
    BinaryOperator, Expr, FunctionArg, FunctionArgExpr, FunctionArguments, Query as Ast,
    SelectItem, SetExpr, UnaryOperator, Value, VisitMut as _, VisitorMut,
};
use sqlparser::dialect::GenericDialect;
use sqlparser::parser::Parser;

/// Functions that polars gives fewer than 64 bits, or no sign.
const NARROW: [&str; 10] = [
    "count",
    "length",
    "char_length",
    "character_length",
    "octet_length",
    "bit_length",
    "strpos",
    "position",
    "date_part",
    "sign",
];

/// A query that means the same and is safe.
#[derive(Debug)]
pub(super) struct Guarded {
    /// Its text.
    pub(super) text: String,
    /// Whether it divides by what may be zero.
    pub(super) divides: bool,
}

/// Makes a query safe; `None` where there is nothing to do.
pub(super) fn guarded(ast: &Ast) -> Option<Guarded> {
    let mut ast = ast.clone();
    let mut guards = Guards::default();
    let ControlFlow::Continue(()) = ast.visit(&mut guards) else {
        return None;
    };
    (guards.divides || guards.widens).then(|| Guarded {
        text: ast.to_string(),
        divides: guards.divides,
    })
}

#[derive(Default)]
struct Guards {
    divides: bool,
    widens: bool,
}

impl VisitorMut for Guards {
    type Break = ();

    fn pre_visit_query(&mut self, query: &mut Ast) -> ControlFlow<()> {
        // Whoever computes with it knows it by its other name.
        if let SetExpr::Select(select) = query.body.as_mut() {
            for item in &mut select.projection {
                if let SelectItem::ExprWithAlias { expr, .. } = item {
                    self.widen(expr)?;
                }
            }
        }
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        #[expect(
            clippy::wildcard_enum_match_arm,
            reason = "SQL has a hundred kinds of expressions, and these compute"
        )]
        match expr {
            Expr::BinaryOp { left, op, right } => {
                if matches!(
                    op,
                    BinaryOperator::Plus | BinaryOperator::Minus | BinaryOperator::Multiply
                ) {
                    self.widen(left)?;
                    self.widen(right)?;
                }
                if matches!(
                    op,
                    BinaryOperator::Divide
                        | BinaryOperator::Modulo
                        | BinaryOperator::DuckIntegerDivide
                        | BinaryOperator::MyIntegerDivide
                ) && !is_a_number_but_zero(right)
                {
                    **right = parsed(&format!("NULLIF({right}, 0)"))?;
                    self.divides = true;
                }
            }
            Expr::UnaryOp {
                op: UnaryOperator::Minus,
                expr,
            } => self.widen(expr)?,
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

impl Guards {
    /// Gives the narrow numbers in an operand 64 bits and a sign.
    fn widen(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        #[expect(
            clippy::wildcard_enum_match_arm,
            reason = "whatever else there is has operands of its own"
        )]
        match expr {
            Expr::Nested(inner) => self.widen(inner)?,
            Expr::Extract { .. } | Expr::Position { .. } => {
                *expr = parsed(&format!("CAST({expr} AS BIGINT)"))?;
                self.widens = true;
            }
            Expr::Function(function) => {
                let name = function.name.to_string().to_lowercase();
                if NARROW.contains(&name.as_str()) {
                    *expr = parsed(&format!("CAST({expr} AS BIGINT)"))?;
                    self.widens = true;
                } else if let FunctionArguments::List(list) = &mut function.args {
                    for argument in &mut list.args {
                        if let FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) = argument {
                            self.widen(expr)?;
                        }
                    }
                }
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

fn is_a_number_but_zero(expr: &Expr) -> bool {
    let Expr::Value(value) = expr else {
        return false;
    };
    if let Value::Number(text, _) = &value.value {
        text.parse::<f64>().is_ok_and(|n| n != 0.0)
    } else {
        false
    }
}

fn parsed(text: &str) -> ControlFlow<(), Expr> {
    let parser = Parser::new(&GenericDialect).try_with_sql(text);
    match parser.and_then(|mut parser| parser.parse_expr()) {
        Ok(expr) => ControlFlow::Continue(expr),
        Err(_) => ControlFlow::Break(()),
    }
}
