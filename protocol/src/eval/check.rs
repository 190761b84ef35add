//! What can be said of an expression without a row: its depth, its arguments, its types.

use super::compiled::Patterns;
use super::error::{EvalError, PlanError};
use crate::expr::{BinaryOp, Expr, Function};
use crate::limits;
use crate::units::{display_value, moment::parse_moment, parse_quantity};
use crate::value::{DataType, Value};

/// Checks an expression against the limits, and compiles its regular expressions.
pub(super) fn check_plan_expr(expr: &Expr, patterns: &mut Patterns) -> Result<(), PlanError> {
    check_at(expr, patterns, 1)
}

fn check_at(expr: &Expr, patterns: &mut Patterns, depth: usize) -> Result<(), PlanError> {
    if depth > limits::EXPR_DEPTH_MAX {
        return Err(PlanError::TooDeep);
    }
    let below = depth + 1;
    match expr {
        Expr::Literal(_) | Expr::Column(_) => Ok(()),
        Expr::Unary(_, x) | Expr::IsNull { of: x, .. } => check_at(x, patterns, below),
        Expr::Binary(_, x, y) => {
            check_at(x, patterns, below)?;
            check_at(y, patterns, below)
        }
        Expr::In { of, list, .. } => {
            check_at(of, patterns, below)?;
            list.iter().try_for_each(|x| check_at(x, patterns, below))
        }
        Expr::Matches { of, pattern, .. } => {
            patterns.add(pattern)?;
            check_at(of, patterns, below)
        }
        Expr::Call(function, args) => {
            check_arguments(*function, args.len())?;
            args.iter().try_for_each(|x| check_at(x, patterns, below))
        }
    }
}

fn check_arguments(function: Function, found: usize) -> Result<(), PlanError> {
    let (least, most) = Function::ALL
        .iter()
        .find(|f| f.0 == function)
        .map_or((0, 0), |f| (f.2, f.3));
    if (least..=most).contains(&found) {
        return Ok(());
    }
    let count = if least == most {
        least.to_string()
    } else {
        format!("{least} to {most}")
    };
    Err(PlanError::Arguments {
        function: function.name(),
        expected: format!("{count} argument{}", if most == 1 { "" } else { "s" }),
        found,
    })
}

/// An operand as errors speak of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Operand<'a> {
    pub(super) expr: &'a Expr,
    pub(super) data_type: DataType,
}

impl Operand<'_> {
    /// Describes it: a column by name and type, a constant by its text, else the type alone.
    pub(super) fn describe(&self) -> String {
        match self.expr {
            Expr::Column(name) => format!("column `{name}` ({})", self.data_type),
            Expr::Literal(Value::Str(s)) => format!("string '{s}'"),
            Expr::Literal(value) => format!("{} {}", self.data_type, display_value(value)),
            Expr::Unary(..)
            | Expr::Binary(..)
            | Expr::In { .. }
            | Expr::Matches { .. }
            | Expr::IsNull { .. }
            | Expr::Call(..) => self.data_type.to_string(),
        }
    }

    const fn literal(&self) -> Option<&Value> {
        match self.expr {
            Expr::Literal(value) => Some(value),
            Expr::Column(_)
            | Expr::Unary(..)
            | Expr::Binary(..)
            | Expr::In { .. }
            | Expr::Matches { .. }
            | Expr::IsNull { .. }
            | Expr::Call(..) => None,
        }
    }
}

/// Checks that two operands can be compared.
pub(super) fn check_comparison(
    operator: &'static str,
    left: Operand<'_>,
    right: Operand<'_>,
) -> Result<(), EvalError> {
    use DataType::{Duration, Int};
    let comparable = left.data_type.unify(right.data_type).is_some();
    // A bare number next to a duration would be nanoseconds, which nobody means.
    let unit_is_missing = |a: Operand<'_>, b: Operand<'_>| {
        a.data_type == Duration && b.data_type == Int && b.literal() != Some(&Value::Int(0))
    };
    if comparable && !unit_is_missing(left, right) && !unit_is_missing(right, left) {
        return Ok(());
    }
    Err(types_error(operator, left, right))
}

/// Makes the error for two operands that an operator does not take together.
pub(super) fn types_error(
    operator: &'static str,
    left: Operand<'_>,
    right: Operand<'_>,
) -> EvalError {
    EvalError::Types {
        operator,
        left: left.describe(),
        right: right.describe(),
        hint: hint_for(left, right).or_else(|| hint_for(right, left)),
    }
}

/// Says how to write `b` so that it goes with `a`.
fn hint_for(a: Operand<'_>, b: Operand<'_>) -> Option<String> {
    if let Some(Value::Str(text)) = b.literal()
        && a.data_type.is_numeric()
    {
        let is_number = text.parse::<f64>().is_ok() || parse_quantity(text).is_some();
        return is_number.then(|| format!("write {text} without quotes"));
    }
    if a.data_type == DataType::Str && b.data_type.is_numeric() {
        let column = a.expr.as_column().unwrap_or("x");
        return Some(format!(
            "compare it with text in quotes, or make it a number: `int({column})`"
        ));
    }
    if a.data_type == DataType::Duration
        && let Some(Value::Int(n)) = b.literal()
    {
        return Some(format!("write a unit: `{n}s`"));
    }
    if a.data_type == DataType::Str && b.data_type != DataType::Str {
        return Some("make text of it: `string(x)`".to_owned());
    }
    None
}

/// A time is written as a string: reads it where it stands next to a time.
pub(super) fn as_moment(of: Operand<'_>, other: DataType) -> Option<Value> {
    match of.literal() {
        Some(Value::Str(text)) if other == DataType::Time => parse_moment(text).map(Value::Time),
        Some(_) | None => None,
    }
}

/// Whether an operator compares.
pub(super) const fn is_comparison(op: BinaryOp) -> bool {
    match op {
        BinaryOp::Eq | BinaryOp::Ne | BinaryOp::Lt | BinaryOp::Le | BinaryOp::Gt | BinaryOp::Ge => {
            true
        }
        BinaryOp::Or
        | BinaryOp::And
        | BinaryOp::Add
        | BinaryOp::Sub
        | BinaryOp::Mul
        | BinaryOp::Div
        | BinaryOp::Rem => false,
    }
}
