//! Functions of numbers, and those that make numbers with units of text.

use super::super::arithmetic::{float_as, negate, whole};
use super::super::compiled::Tally;
use crate::units::{clock_duration, parse_quantity};
use crate::value::{DataType, Value};

const NS_PER_SECOND: i64 = 1_000_000_000;

pub(super) fn abs(value: &Value, tally: &Tally) -> Value {
    match value.as_f64() {
        Some(x) if x < 0.0 => negate(value, tally),
        Some(_) => value.clone(),
        None => Value::Null,
    }
}

pub(super) fn on_fraction(value: &Value, then: impl FnOnce(f64) -> f64) -> Value {
    match value {
        Value::Float(x) => Value::Float(then(*x)),
        Value::Percent(x) => Value::Percent(then(*x)),
        whole @ (Value::Int(_) | Value::Size(_) | Value::Duration(_)) => whole.clone(),
        Value::Null | Value::Bool(_) | Value::Str(_) | Value::Time(_) => Value::Null,
    }
}

/// Rounds halves away from zero; a negative number of digits rounds to tens and hundreds.
pub(super) fn round(value: &Value, digits: Option<&Value>, tally: &Tally) -> Value {
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

/// A function of the real numbers; null where it has no value, and where that is no number. What
/// grows beyond all numbers is an overflow.
pub(super) fn real(value: &Value, f: impl Fn(f64) -> Option<f64>, tally: &Tally) -> Value {
    let Some(x) = value.as_f64() else {
        return Value::Null;
    };
    match f(x) {
        Some(y) if y.is_infinite() && x.is_finite() => tally.overflow(),
        Some(y) => float_as(y, DataType::Float, tally),
        None => Value::Null,
    }
}

pub(super) fn pow(x: &Value, y: &Value, tally: &Tally) -> Value {
    let Some(y) = y.as_f64() else {
        return Value::Null;
    };
    // 0 to a negative power is a division by zero.
    real(x, |x| (x != 0.0 || y >= 0.0).then(|| x.powf(y)), tally)
}

pub(super) fn int(value: &Value, tally: &Tally) -> Value {
    match number_of(value) {
        Some(Value::Float(x)) => float_as(x.trunc(), DataType::Int, tally),
        Some(number) => number,
        None => Value::Null,
    }
}

pub(super) fn float(value: &Value) -> Value {
    match number_of(value) {
        Some(number) => number.as_f64().map(Value::Float).into(),
        None => Value::Null,
    }
}

/// `duration`: bare numbers are seconds, in text too; `1-02:03:04` is what `ps` prints.
pub(super) fn duration(value: &Value, tally: &Tally) -> Value {
    let seconds = |n: i64| whole(n.checked_mul(NS_PER_SECOND), DataType::Duration, tally);
    let fraction = |x: f64| float_as(x * NS_PER_SECOND as f64, DataType::Duration, tally);
    match value {
        Value::Duration(_) => value.clone(),
        Value::Int(n) => seconds(*n),
        Value::Float(x) => fraction(*x),
        Value::Str(text) => {
            let text = text.trim();
            match (bare(text), parse_quantity(text)) {
                (Some(Value::Int(n)), _) => seconds(n),
                (Some(Value::Float(x)), _) => fraction(x),
                (_, Some(found @ Value::Duration(_))) => found,
                (_, _) => clock_duration(text).map_or(Value::Null, Value::Duration),
            }
        }
        Value::Null | Value::Bool(_) | Value::Size(_) | Value::Percent(_) | Value::Time(_) => {
            Value::Null
        }
    }
}

/// `size`: bare numbers are bytes; a unit may stand behind a blank and in either case.
pub(super) fn size(value: &Value, tally: &Tally) -> Value {
    match value {
        Value::Size(_) => value.clone(),
        Value::Int(n) => Value::Size(*n),
        Value::Float(x) => float_as(*x, DataType::Size, tally),
        Value::Str(text) => {
            let text = text.trim().replacen(' ', "", 1);
            match bare(&text) {
                Some(Value::Int(n)) => Value::Size(n),
                Some(number) => number
                    .as_f64()
                    .map_or(Value::Null, |x| float_as(x, DataType::Size, tally)),
                None => parse_quantity(&text)
                    .or_else(|| parse_quantity(&text.to_ascii_uppercase()))
                    .and_then(|q| q.as_size())
                    .map(Value::Size)
                    .into(),
            }
        }
        Value::Null | Value::Bool(_) | Value::Duration(_) | Value::Percent(_) | Value::Time(_) => {
            Value::Null
        }
    }
}

/// `percent`: bare numbers are points.
pub(super) fn percent(value: &Value) -> Value {
    match value {
        Value::Percent(_) => value.clone(),
        Value::Int(_) | Value::Float(_) => value.as_f64().map(Value::Percent).into(),
        Value::Str(text) => {
            let text = text.trim();
            let number = text.strip_suffix('%').unwrap_or(text).trim_end();
            bare(number)
                .and_then(|n| n.as_f64())
                .map(Value::Percent)
                .into()
        }
        Value::Null | Value::Bool(_) | Value::Size(_) | Value::Duration(_) | Value::Time(_) => {
            Value::Null
        }
    }
}

/// Reads a number out of a value: a size in bytes, a percent in points, a duration in nanoseconds.
fn number_of(value: &Value) -> Option<Value> {
    match value {
        Value::Bool(b) => Some(Value::Int(i64::from(*b))),
        Value::Int(n) | Value::Size(n) | Value::Duration(n) => Some(Value::Int(*n)),
        Value::Float(x) | Value::Percent(x) => Some(Value::Float(*x)),
        Value::Str(text) => {
            let text = text.trim();
            bare(text).or_else(|| number_of(&parse_quantity(text)?))
        }
        Value::Null | Value::Time(_) => None,
    }
}

/// Reads a number without a unit; `inf` and `nan` are words here.
fn bare(text: &str) -> Option<Value> {
    let starts = text
        .strip_prefix(['-', '+'])
        .unwrap_or(text)
        .starts_with(|c: char| c.is_ascii_digit() || c == '.');
    if !starts {
        return None;
    }
    match text.parse::<i64>() {
        Ok(n) => Some(Value::Int(n)),
        Err(_) => text.parse().ok().map(Value::Float),
    }
}
