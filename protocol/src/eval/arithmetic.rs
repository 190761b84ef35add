//! `+ - * / %` with units.
//!
//! Whole numbers are computed exactly; a result that does not fit is null and counted, never wrapped
//! and never silently a float. Dividing by zero is null, and so is what is not a number.

use super::compiled::Tally;
use crate::expr::BinaryOp;
use crate::value::{DataType, Value};

/// Longest text that `+` or `replace` may make, in bytes: doubled sixty times, one letter would
/// fill any memory.
pub(super) const MADE_TEXT_MAX: usize = 1 << 20;

const NS_PER_MS: i64 = 1_000_000;

/// Returns the type of `a op b`, or `None` where the operator does not take these types.
pub(super) fn result_type(op: BinaryOp, a: DataType, b: DataType) -> Option<DataType> {
    use DataType::{Duration, Float, Int, Null, Percent, Size, Str, Time};
    if a == Null || b == Null {
        // Null with anything is null; but text and truth are never computed with.
        let other = if a == Null { b } else { a };
        return (other != DataType::Bool && (other != Str || op == BinaryOp::Add)).then_some(Null);
    }
    let is_number = |t| matches!(t, Int | Float);
    match (op, a, b) {
        (BinaryOp::Add, Str, Str) => Some(Str),
        (BinaryOp::Add, Time, Duration) | (BinaryOp::Add, Duration, Time) => Some(Time),
        (BinaryOp::Sub, Time, Time) => Some(Duration),
        (BinaryOp::Sub, Time, Duration) => Some(Time),
        // A bare number has no unit of time: nanoseconds are never meant.
        (BinaryOp::Add | BinaryOp::Sub | BinaryOp::Rem, Duration, Int)
        | (BinaryOp::Add | BinaryOp::Sub | BinaryOp::Rem, Int, Duration) => None,
        (BinaryOp::Add | BinaryOp::Sub | BinaryOp::Rem, a, b)
            if a.is_numeric() && b.is_numeric() =>
        {
            a.unify(b)
        }
        (BinaryOp::Mul, a, b) if is_number(a) && is_number(b) => a.unify(b),
        (BinaryOp::Mul, unit @ (Size | Duration | Percent), n)
        | (BinaryOp::Mul, n, unit @ (Size | Duration | Percent))
            if is_number(n) =>
        {
            Some(unit)
        }
        (BinaryOp::Div, a, b) if is_number(a) && is_number(b) => Some(Float),
        (BinaryOp::Div, unit @ (Size | Duration | Percent), n) if is_number(n) => Some(unit),
        (BinaryOp::Div, a @ (Size | Duration | Percent), b) if a == b => Some(Float),
        _ => None,
    }
}

/// Computes `a op b`; null where [`result_type`] has no answer for these values.
pub(super) fn compute(op: BinaryOp, a: &Value, b: &Value, tally: &Tally) -> Value {
    if let (Value::Str(a), Value::Str(b), BinaryOp::Add) = (a, b, op) {
        if a.len() + b.len() > MADE_TEXT_MAX {
            return tally.overflow();
        }
        return Value::Str(format!("{a}{b}"));
    }
    let Some(data_type) = result_type(op, a.data_type(), b.data_type()) else {
        return Value::Null;
    };
    match (a, b) {
        (Value::Time(a), Value::Time(b)) => whole(
            a.checked_sub(*b).and_then(|ms| ms.checked_mul(NS_PER_MS)),
            DataType::Duration,
            tally,
        ),
        (Value::Time(time), Value::Duration(ns)) | (Value::Duration(ns), Value::Time(time)) => {
            let ms = ns / NS_PER_MS;
            let moved = if op == BinaryOp::Sub {
                time.checked_sub(ms)
            } else {
                time.checked_add(ms)
            };
            whole(moved, DataType::Time, tally)
        }
        (a, b) => match (whole_of(a), whole_of(b)) {
            (Some(x), Some(y)) if op != BinaryOp::Div => compute_whole(op, x, y, data_type, tally),
            _ => compute_float(op, a, b, data_type, tally),
        },
    }
}

/// Computes `-x`.
pub(super) fn negate(x: &Value, tally: &Tally) -> Value {
    match x {
        Value::Int(n) | Value::Size(n) | Value::Duration(n) => {
            whole(n.checked_neg(), x.data_type(), tally)
        }
        Value::Float(x) => Value::Float(-x),
        Value::Percent(x) => Value::Percent(-x),
        Value::Null | Value::Bool(_) | Value::Str(_) | Value::Time(_) => Value::Null,
    }
}

/// Gives a float its unit; null where it is no number, or does not fit a whole one.
pub(super) fn float_as(x: f64, data_type: DataType, tally: &Tally) -> Value {
    /// 2^63: the first float behind the whole numbers.
    const END: f64 = 9_223_372_036_854_775_808.0;
    if x.is_nan() {
        return Value::Null;
    }
    match data_type {
        DataType::Float => Value::Float(x),
        DataType::Percent => Value::Percent(x),
        DataType::Int | DataType::Size | DataType::Duration => {
            let rounded = x.round();
            let fits = (-END..END).contains(&rounded);
            whole(fits.then_some(rounded as i64), data_type, tally)
        }
        DataType::Null | DataType::Bool | DataType::Str | DataType::Time => Value::Null,
    }
}

/// Gives a whole number its unit; counts the overflow where there is none.
pub(super) fn whole(n: Option<i64>, data_type: DataType, tally: &Tally) -> Value {
    let Some(n) = n else { return tally.overflow() };
    match data_type {
        DataType::Int => Value::Int(n),
        DataType::Size => Value::Size(n),
        DataType::Duration => Value::Duration(n),
        DataType::Time => Value::Time(n),
        DataType::Null | DataType::Bool | DataType::Float | DataType::Str | DataType::Percent => {
            Value::Null
        }
    }
}

const fn whole_of(value: &Value) -> Option<i64> {
    match value {
        Value::Int(n) | Value::Size(n) | Value::Duration(n) => Some(*n),
        Value::Null
        | Value::Bool(_)
        | Value::Float(_)
        | Value::Str(_)
        | Value::Percent(_)
        | Value::Time(_) => None,
    }
}

fn compute_whole(op: BinaryOp, x: i64, y: i64, data_type: DataType, tally: &Tally) -> Value {
    if op == BinaryOp::Rem && y == 0 {
        return Value::Null;
    }
    // Int and percent are a percent: floats, though both sides were whole.
    let n = match op {
        BinaryOp::Add => x.checked_add(y),
        BinaryOp::Sub => x.checked_sub(y),
        BinaryOp::Mul => x.checked_mul(y),
        // The least number's remainder by -1 is 0; only the hardware overflows.
        BinaryOp::Rem => Some(x.wrapping_rem(y)),
        BinaryOp::Or
        | BinaryOp::And
        | BinaryOp::Eq
        | BinaryOp::Ne
        | BinaryOp::Lt
        | BinaryOp::Le
        | BinaryOp::Gt
        | BinaryOp::Ge
        | BinaryOp::Div => return Value::Null,
    };
    whole(n, data_type, tally)
}

fn compute_float(op: BinaryOp, a: &Value, b: &Value, data_type: DataType, tally: &Tally) -> Value {
    let (Some(x), Some(y)) = (a.as_f64(), b.as_f64()) else {
        return Value::Null;
    };
    let result = match op {
        BinaryOp::Add => x + y,
        BinaryOp::Sub => x - y,
        BinaryOp::Mul => x * y,
        BinaryOp::Div | BinaryOp::Rem if y == 0.0 => return Value::Null,
        BinaryOp::Div => x / y,
        BinaryOp::Rem => x % y,
        BinaryOp::Or
        | BinaryOp::And
        | BinaryOp::Eq
        | BinaryOp::Ne
        | BinaryOp::Lt
        | BinaryOp::Le
        | BinaryOp::Gt
        | BinaryOp::Ge => return Value::Null,
    };
    float_as(result, data_type, tally)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_go_through_arithmetic() {
        use BinaryOp::{Add, Div, Mul, Rem, Sub};
        use Value::{Duration, Float, Int, Null, Percent, Size, Time};
        for (a, op, b, expected) in [
            (Int(2), Add, Int(3), Int(5)),
            (Int(7), Div, Int(2), Float(3.5)),
            (Int(7), Rem, Int(4), Int(3)),
            (Int(7), Rem, Int(0), Null),
            (Int(7), Div, Int(0), Null),
            (Float(1.0), Div, Float(0.0), Null),
            (Int(i64::MAX), Add, Int(1), Null),
            (Int(i64::MIN), Rem, Int(-1), Int(0)),
            (Size(1), Add, Size(2), Size(3)),
            (Size(3), Mul, Int(2), Size(6)),
            (Float(1.5), Mul, Size(3), Size(5)),
            (Size(6), Div, Size(4), Float(1.5)),
            (Size(6), Div, Int(4), Size(2)),
            (Duration(6), Sub, Duration(4), Duration(2)),
            (Duration(6), Add, Int(4), Null),
            (Time(5), Sub, Time(2), Duration(3_000_000)),
            (Time(5), Add, Duration(2_000_000), Time(7)),
            (Duration(2_000_000), Sub, Time(5), Null),
            (Percent(50.0), Sub, Int(10), Percent(40.0)),
            (Percent(50.0), Div, Percent(25.0), Float(2.0)),
            (Size(1), Add, Duration(1), Null),
            (Null, Add, Int(1), Null),
        ] {
            let tally = Tally::default();
            assert_eq!(compute(op, &a, &b, &tally), expected, "{a:?} {op:?} {b:?}");
            let overflows = u64::from(a == Int(i64::MAX));
            assert_eq!(tally.overflows(), overflows, "{a:?} {op:?} {b:?}");
        }
    }
}
