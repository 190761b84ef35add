//! Functions of moments, all in UTC. Text in the place of a time is read as one.

use super::super::arithmetic::{float_as, whole};
use super::super::compiled::Tally;
use crate::units::moment::parse_time;
use crate::units::time_format::{Calendar, format_time, read_time};
use crate::value::{DataType, Value};

const NS_PER_MS: i64 = 1_000_000;

fn moment_of(value: &Value) -> Option<i64> {
    match value {
        Value::Time(ms) => Some(*ms),
        Value::Str(text) => parse_time(text),
        Value::Null
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Float(_)
        | Value::Duration(_)
        | Value::Size(_)
        | Value::Percent(_) => None,
    }
}

pub(super) fn age(value: &Value, then: &Value, tally: &Tally) -> Value {
    match (moment_of(value), moment_of(then)) {
        (Some(at), Some(then)) => {
            let ns = then
                .checked_sub(at)
                .and_then(|ms| ms.checked_mul(NS_PER_MS));
            whole(ns, DataType::Duration, tally)
        }
        (Some(_) | None, _) => Value::Null,
    }
}

pub(super) fn time(value: &Value, format: Option<&Value>, tally: &Tally) -> Value {
    match (value, format) {
        (Value::Time(_), _) => value.clone(),
        (Value::Int(seconds), None) => whole(seconds.checked_mul(1000), DataType::Time, tally),
        (Value::Float(seconds), None) => {
            let ms = float_as(seconds * 1000.0, DataType::Int, tally);
            if let Value::Int(ms) = ms {
                Value::Time(ms)
            } else {
                Value::Null
            }
        }
        (Value::Str(text), None) => parse_time(text).map(Value::Time).into(),
        (Value::Str(text), Some(Value::Str(format))) => {
            read_time(text.trim(), format).map(Value::Time).into()
        }
        (Value::Int(_) | Value::Float(_) | Value::Str(_), Some(_))
        | (
            Value::Null | Value::Bool(_) | Value::Duration(_) | Value::Size(_) | Value::Percent(_),
            _,
        ) => Value::Null,
    }
}

pub(super) fn format(value: &Value, format: &Value) -> Value {
    match (moment_of(value), format.as_str()) {
        (Some(ms), Some(format)) => Value::Str(format_time(ms, format)),
        (Some(_) | None, _) => Value::Null,
    }
}

pub(super) fn date(value: &Value) -> Value {
    let text = moment_of(value).map(|ms| format_time(ms, "%Y-%m-%d"));
    Value::from(text)
}

pub(super) fn hour(value: &Value) -> Value {
    Value::from(moment_of(value).map(|ms| Calendar::of(ms).hour))
}

pub(super) fn weekday(value: &Value) -> Value {
    Value::from(moment_of(value).map(|ms| Calendar::of(ms).weekday))
}
