//! The functions of the language.
//!
//! Every function but `coalesce` and `if` is null where an argument is null.

use super::arithmetic::{MADE_TEXT_MAX, float_as, negate, whole};
use super::compiled::Tally;
use crate::expr::Function;
use crate::units::{display_value, parse_quantity};
use crate::value::{DataType, Value};

/// What a function asks of its arguments, in the words of an error, and what it yields; `Err` holds
/// the number of the first argument that is wrong and what was wanted there.
pub(super) fn result_type(
    function: Function,
    types: &[DataType],
) -> Result<DataType, (usize, &'static str)> {
    let all_text = |result| match types.iter().position(|t| !is(*t, DataType::Str)) {
        Some(at) => Err((at, "string")),
        None => Ok(result),
    };
    match function {
        Function::Lower | Function::Upper | Function::Trim | Function::Replace => {
            all_text(DataType::Str)
        }
        Function::Len => all_text(DataType::Int),
        Function::Contains | Function::StartsWith | Function::EndsWith => all_text(DataType::Bool),
        Function::Abs | Function::Round | Function::Floor | Function::Ceil => {
            let number = types.first().copied().unwrap_or(DataType::Null);
            if !number.is_numeric() && number != DataType::Null {
                return Err((0, "a number"));
            }
            match types.get(1) {
                Some(digits) if !is(*digits, DataType::Int) => Err((1, "a whole number of digits")),
                Some(_) | None => Ok(number),
            }
        }
        Function::Coalesce => unified(types, 0),
        Function::If => match types.first() {
            Some(condition) if !is(*condition, DataType::Bool) => Err((0, "a condition")),
            Some(_) | None => unified(types, 1),
        },
        Function::Int => match types.first() {
            Some(DataType::Time) => Err((0, "text or a number")),
            Some(_) | None => Ok(DataType::Int),
        },
        Function::Float => match types.first() {
            Some(DataType::Time) => Err((0, "text or a number")),
            Some(_) | None => Ok(DataType::Float),
        },
        Function::Str => Ok(DataType::Str),
    }
}

fn is(found: DataType, wanted: DataType) -> bool {
    found == wanted || found == DataType::Null
}

fn unified(types: &[DataType], from: usize) -> Result<DataType, (usize, &'static str)> {
    let mut result = DataType::Null;
    for (at, t) in types.iter().enumerate().skip(from) {
        result = result
            .unify(*t)
            .ok_or((at, "the same type as the others"))?;
    }
    Ok(result)
}

/// Calls a function whose arguments are all at hand; `coalesce` and `if` are not called here, since
/// they do not want all of them.
pub(super) fn call(function: Function, args: &[impl AsRef<Value>], tally: &Tally) -> Value {
    let arg = |at: usize| args.get(at).map_or(&Value::Null, AsRef::as_ref);
    if args.iter().any(|a| a.as_ref().is_null()) {
        return Value::Null;
    }
    match function {
        Function::Lower => on_text(arg(0), |s| Value::Str(s.to_lowercase())),
        Function::Upper => on_text(arg(0), |s| Value::Str(s.to_uppercase())),
        Function::Trim => on_text(arg(0), |s| Value::from(s.trim())),
        Function::Len => on_text(arg(0), |s| {
            Value::from(i64::try_from(s.chars().count()).ok())
        }),
        Function::Contains => on_texts(arg(0), arg(1), |s, part| s.contains(part).into()),
        Function::StartsWith => on_texts(arg(0), arg(1), |s, part| s.starts_with(part).into()),
        Function::EndsWith => on_texts(arg(0), arg(1), |s, part| s.ends_with(part).into()),
        Function::Replace => on_text(arg(2), |to| {
            on_texts(arg(0), arg(1), |s, from| replace(s, from, to, tally))
        }),
        Function::Abs => match arg(0).as_f64() {
            Some(x) if x < 0.0 => negate(arg(0), tally),
            Some(_) => arg(0).clone(),
            None => Value::Null,
        },
        Function::Round => round(arg(0), args.get(1).map(AsRef::as_ref), tally),
        Function::Floor => on_fraction(arg(0), f64::floor),
        Function::Ceil => on_fraction(arg(0), f64::ceil),
        Function::Int => match number_of(arg(0)) {
            Some(Value::Float(x)) => float_as(x.trunc(), DataType::Int, tally),
            Some(number) => number,
            None => Value::Null,
        },
        Function::Float => match number_of(arg(0)) {
            Some(number) => number.as_f64().map(Value::Float).into(),
            None => Value::Null,
        },
        Function::Str => Value::Str(display_value(arg(0))),
        Function::Coalesce | Function::If => Value::Null,
    }
}

fn on_text(value: &Value, then: impl FnOnce(&str) -> Value) -> Value {
    value.as_str().map_or(Value::Null, then)
}

fn on_texts(a: &Value, b: &Value, then: impl FnOnce(&str, &str) -> Value) -> Value {
    match (a, b) {
        (Value::Str(a), Value::Str(b)) => then(a, b),
        _ => Value::Null,
    }
}

fn replace(s: &str, from: &str, to: &str, tally: &Tally) -> Value {
    let found = s.matches(from).count();
    let length = s.len().saturating_add(found.saturating_mul(to.len()));
    if found > 0 && length > MADE_TEXT_MAX.max(s.len()) {
        return tally.overflow();
    }
    Value::Str(s.replace(from, to))
}

fn on_fraction(value: &Value, then: impl FnOnce(f64) -> f64) -> Value {
    match value {
        Value::Float(x) => Value::Float(then(*x)),
        Value::Percent(x) => Value::Percent(then(*x)),
        whole @ (Value::Int(_) | Value::Size(_) | Value::Duration(_)) => whole.clone(),
        Value::Null | Value::Bool(_) | Value::Str(_) | Value::Time(_) => Value::Null,
    }
}

/// Rounds halves away from zero; a negative number of digits rounds to tens and hundreds.
fn round(value: &Value, digits: Option<&Value>, tally: &Tally) -> Value {
    let digits = match digits {
        Some(Value::Int(n)) => i32::try_from((*n).clamp(-18, 18)).unwrap_or(0),
        Some(_) | None => 0,
    };
    let scale = 10_f64.powi(digits);
    let round = |x: f64| {
        let rounded = (x * scale).round() / scale;
        // A number too large to be scaled has no fraction to round.
        if rounded.is_finite() { rounded } else { x }
    };
    let Value::Int(n) = value else {
        return on_fraction(value, round);
    };
    if digits >= 0 {
        return Value::Int(*n);
    }
    let step = 10_i64.pow(digits.unsigned_abs());
    let (down, rest) = (n - n % step, (n % step).unsigned_abs());
    let up = rest >= step.unsigned_abs().div_ceil(2);
    let rounded = if up {
        down.checked_add(step * n.signum())
    } else {
        Some(down)
    };
    whole(rounded, DataType::Int, tally)
}

/// Reads a number out of a value: a size in bytes, a percent in points, a duration in nanoseconds.
fn number_of(value: &Value) -> Option<Value> {
    match value {
        Value::Bool(b) => Some(Value::Int(i64::from(*b))),
        Value::Int(n) | Value::Size(n) | Value::Duration(n) => Some(Value::Int(*n)),
        Value::Float(x) | Value::Percent(x) => Some(Value::Float(*x)),
        Value::Str(text) => number_in(text.trim()),
        Value::Null | Value::Time(_) => None,
    }
}

fn number_in(text: &str) -> Option<Value> {
    let starts = text
        .strip_prefix(['-', '+'])
        .unwrap_or(text)
        .starts_with(|c: char| c.is_ascii_digit() || c == '.');
    if !starts {
        return None;
    }
    if let Ok(n) = text.parse::<i64>() {
        return Some(Value::Int(n));
    }
    match text.parse::<f64>() {
        Ok(x) => Some(Value::Float(x)),
        Err(_) => number_of(&parse_quantity(text)?),
    }
}
