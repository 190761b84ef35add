//! What can be said of an expression without a row: its depth, its arguments, its types.

use regex::Regex;

use super::compiled::Patterns;
use super::error::{EvalError, PlanError};
use crate::expr::{BinaryOp, Expr, Function};
use crate::limits;
use crate::units::moment::parse_time;
use crate::units::time_format::unknown_directive;
use crate::units::{display_value, parse_quantity};
use crate::value::{DataType, Value};

/// Checks what can be said of an expression without a table: its depth, how many arguments its
/// functions have, its regular expressions and formats.
pub fn check_expr(expr: &Expr) -> Result<(), PlanError> {
    check_plan_expr(expr, &mut Patterns::default())
}

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
            check_format(*function, args)?;
            if matches!(function, Function::Match | Function::ReplaceRegex) {
                let regex = patterns.add(pattern_argument(*function, args)?)?;
                if *function == Function::Match {
                    group_argument(regex, args)?;
                }
            }
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

/// Returns the regular expression of a call: text as it is written, so that it is compiled once.
pub(super) fn pattern_argument(function: Function, args: &[Expr]) -> Result<&str, PlanError> {
    match args.get(1) {
        Some(Expr::Literal(Value::Str(pattern))) => Ok(pattern),
        Some(_) | None => Err(PlanError::ComputedPattern {
            function: function.name(),
        }),
    }
}

/// Returns the number of the group that `match` is to find: without one it is the expression's first,
/// or all that it finds if it has none.
pub(super) fn group_argument(regex: &Regex, args: &[Expr]) -> Result<usize, PlanError> {
    let no_group = |group: String| PlanError::NoGroup {
        pattern: regex.as_str().to_owned(),
        group,
    };
    match args.get(2) {
        None => Ok(usize::from(regex.captures_len() > 1)),
        Some(Expr::Literal(Value::Int(n))) => usize::try_from(*n)
            .ok()
            .filter(|n| *n < regex.captures_len())
            .ok_or_else(|| no_group(n.to_string())),
        Some(Expr::Literal(Value::Str(name))) => regex
            .capture_names()
            .position(|n| n == Some(name))
            .ok_or_else(|| no_group(name.clone())),
        Some(_) => Err(PlanError::ComputedPattern {
            function: Function::Match.name(),
        }),
    }
}

/// Checks the format of a time where it is written out.
pub(super) fn check_format(function: Function, args: &[Expr]) -> Result<(), PlanError> {
    let takes_format = matches!(function, Function::Time | Function::FormatTime);
    let Some(Expr::Literal(Value::Str(format))) = args.get(1).filter(|_| takes_format) else {
        return Ok(());
    };
    match unknown_directive(format) {
        Some(directive) => Err(PlanError::TimeFormat {
            function: function.name(),
            format: format.clone(),
            directive,
        }),
        None => Ok(()),
    }
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
        if is_number {
            return Some(format!("write {text} without quotes"));
        }
        let column = a.expr.as_column().unwrap_or("x");
        return Some(format!(
            "compare it with a number, or make text of it: `string({column})`"
        ));
    }
    if a.data_type == DataType::Str && a.literal().is_none() && b.data_type.is_numeric() {
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
    if a.data_type == DataType::Int
        && b.data_type == DataType::Duration
        && let Some(column) = a.expr.as_column()
    {
        return Some(format!("give it a unit: `{column} * 1s`"));
    }
    if a.data_type == DataType::Str && b.data_type != DataType::Str {
        return Some("make text of it: `string(x)`".to_owned());
    }
    None
}

/// A time is written as a string: reads it where it stands next to a time.
pub(super) fn as_moment(of: Operand<'_>, other: DataType) -> Option<Value> {
    match of.literal() {
        Some(Value::Str(text)) if other == DataType::Time => parse_time(text).map(Value::Time),
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
