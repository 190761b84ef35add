//! What one function makes of the values of one group.
//!
//! The values are of one type, and neither null nor NaN.

use std::cmp::Ordering;
use std::collections::HashSet;

use hailer_lang::aggregate::{AggregateFunction, Percentile};
use hailer_protocol::value::{DataType, Value};

use super::count;
use crate::evaluator::display;

/// A whole number that does not fit 64 bits.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Overflow;

/// Values that `list` writes out; how many more there are is said.
const LIST_VALUES_MAX: usize = 100;

/// Bytes of text that `list` writes out.
const LIST_BYTES_MAX: usize = 4 << 10;

const NS_PER_MS: i128 = 1_000_000;

/// Computes a function of values of this type.
pub(super) fn of(
    function: AggregateFunction,
    data_type: DataType,
    values: &[&Value],
) -> Result<Value, Overflow> {
    match function {
        AggregateFunction::Count => return Ok(count(values.len())),
        AggregateFunction::Distinct => return Ok(count(different(values).len())),
        AggregateFunction::Sum
        | AggregateFunction::Mean
        | AggregateFunction::Min
        | AggregateFunction::Max
        | AggregateFunction::Median
        | AggregateFunction::Stddev
        | AggregateFunction::Percentile(_)
        | AggregateFunction::First
        | AggregateFunction::Last
        | AggregateFunction::List => {}
    }
    let (Some(first), Some(last)) = (values.first(), values.last()) else {
        return Ok(Value::Null);
    };
    Ok(match function {
        AggregateFunction::Sum => return sum(data_type, values),
        AggregateFunction::Mean => mean(data_type, values),
        AggregateFunction::Min => extreme(values, Ordering::Less),
        AggregateFunction::Max => extreme(values, Ordering::Greater),
        AggregateFunction::Median => percentile(Percentile::MEDIAN, values),
        AggregateFunction::Percentile(at) => percentile(at, values),
        AggregateFunction::Stddev => return stddev(data_type, values),
        AggregateFunction::First => (*first).clone(),
        AggregateFunction::Last => (*last).clone(),
        AggregateFunction::List => list(values),
        AggregateFunction::Count | AggregateFunction::Distinct => count(values.len()),
    })
}

/// Returns the whole number in a value: what a size, a duration and a time count in.
const fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::Int(n) | Value::Size(n) | Value::Duration(n) | Value::Time(n) => Some(*n),
        Value::Bool(b) => Some(if *b { 1 } else { 0 }),
        Value::Null | Value::Float(_) | Value::Percent(_) | Value::Str(_) => None,
    }
}

/// Returns the number in a value with a fraction.
const fn fraction(value: &Value) -> Option<f64> {
    match value {
        Value::Float(x) | Value::Percent(x) => Some(*x),
        Value::Null
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Size(_)
        | Value::Duration(_)
        | Value::Time(_)
        | Value::Str(_) => None,
    }
}

fn sum(data_type: DataType, values: &[&Value]) -> Result<Value, Overflow> {
    match data_type {
        DataType::Float => Ok(Value::Float(sum_of_fractions(values))),
        DataType::Percent => Ok(Value::Percent(sum_of_fractions(values))),
        DataType::Bool => whole_as(DataType::Int, exact_sum(values)),
        DataType::Int | DataType::Size | DataType::Duration => {
            whole_as(data_type, exact_sum(values))
        }
        DataType::Null | DataType::Str | DataType::Time => Ok(Value::Null),
    }
}

/// Adds whole numbers. As many as there can be rows do not overflow 128 bits.
fn exact_sum(values: &[&Value]) -> i128 {
    values.iter().filter_map(|v| whole(v)).map(i128::from).sum()
}

/// Adds numbers and keeps what each addition loses (Neumaier), so that the order of the rows hardly
/// shows.
fn sum_of_fractions(values: &[&Value]) -> f64 {
    let (mut sum, mut lost) = (0.0_f64, 0.0_f64);
    for x in values.iter().filter_map(|v| fraction(v)) {
        let next = sum + x;
        lost += if sum.abs() >= x.abs() {
            (sum - next) + x
        } else {
            (x - next) + sum
        };
        sum = next;
    }
    // Beyond all numbers there is nothing to be lost.
    if sum.is_finite() { sum + lost } else { sum }
}

#[expect(clippy::cast_precision_loss, reason = "a mean of ints is a float")]
fn mean(data_type: DataType, values: &[&Value]) -> Value {
    let n = values.len();
    match data_type {
        DataType::Float => Value::Float(sum_of_fractions(values) / n as f64),
        DataType::Percent => Value::Percent(sum_of_fractions(values) / n as f64),
        DataType::Bool => Value::Percent(100.0 * exact_sum(values) as f64 / n as f64),
        DataType::Int => Value::Float(exact_sum(values) as f64 / n as f64),
        DataType::Size | DataType::Duration | DataType::Time => {
            let rounded = divided(exact_sum(values), n as i128);
            // A mean lies between values that fit.
            whole_as(data_type, rounded).unwrap_or(Value::Null)
        }
        DataType::Null | DataType::Str => Value::Null,
    }
}

/// Divides to the nearest whole number; halves go away from zero.
const fn divided(sum: i128, n: i128) -> i128 {
    let half = if sum < 0 { -(n / 2) } else { n / 2 };
    (sum + half) / n
}

fn whole_as(data_type: DataType, n: i128) -> Result<Value, Overflow> {
    let n = i64::try_from(n).map_err(|_| Overflow)?;
    Ok(match data_type {
        DataType::Size => Value::Size(n),
        DataType::Duration => Value::Duration(n),
        DataType::Time => Value::Time(n),
        DataType::Int
        | DataType::Null
        | DataType::Bool
        | DataType::Float
        | DataType::Str
        | DataType::Percent => Value::Int(n),
    })
}

/// Returns the value beyond which there is none on one side; of equals the first.
fn extreme(values: &[&Value], side: Ordering) -> Value {
    let mut best: Option<&Value> = None;
    for value in values {
        if best.is_none_or(|best| value.compare(best) == Some(side)) {
            best = Some(value);
        }
    }
    best.cloned().unwrap_or(Value::Null)
}

/// Returns the value at a share of the way from the lowest to the highest.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the place lies between 0 and the number of values"
)]
fn percentile(at: Percentile, values: &[&Value]) -> Value {
    let mut sorted: Vec<&Value> = values.to_vec();
    sorted.sort_by(|a, b| a.sort_order(b));
    let place = at.share() * (sorted.len() - 1) as f64;
    let below = place.floor() as usize;
    let part = place - place.floor();
    let (low, high) = (sorted[below], sorted[(below + 1).min(sorted.len() - 1)]);
    match (low, high) {
        (Value::Float(a), Value::Float(b)) => Value::Float(between(*a, *b, part)),
        (Value::Percent(a), Value::Percent(b)) => Value::Percent(between(*a, *b, part)),
        (Value::Int(a), Value::Int(b)) => Value::Float(*a as f64 + width(*a, *b) as f64 * part),
        _ => match (whole(low), whole(high)) {
            (Some(a), Some(b)) => {
                let n = i128::from(a) + (width(a, b) as f64 * part).round() as i128;
                whole_as(low.data_type(), n).unwrap_or(Value::Null)
            }
            _ => Value::Null,
        },
    }
}

fn width(a: i64, b: i64) -> i128 {
    i128::from(b) - i128::from(a)
}

/// Between two equal infinities lies infinity, and not what is no number.
fn between(a: f64, b: f64, part: f64) -> f64 {
    if part == 0.0 || a == b {
        a
    } else {
        a + (b - a) * part
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a deviation is computed in floats"
)]
fn stddev(data_type: DataType, values: &[&Value]) -> Result<Value, Overflow> {
    if values.len() < 2 {
        return Ok(Value::Null);
    }
    // Differences from the first value keep the digits that large numbers (times) would cost.
    let origin = whole(values[0]).unwrap_or(0);
    let number = |v: &Value| match fraction(v) {
        Some(x) => x,
        None => whole(v).map_or(0.0, |n| width(origin, n) as f64),
    };
    let n = values.len() as f64;
    let mean = values.iter().map(|v| number(v)).sum::<f64>() / n;
    let squares: f64 = values.iter().map(|v| (number(v) - mean).powi(2)).sum();
    let deviation = (squares / (n - 1.0)).sqrt();
    // Infinities have no distance.
    if deviation.is_nan() {
        return Ok(Value::Null);
    }
    Ok(match data_type {
        DataType::Int | DataType::Float => Value::Float(deviation),
        DataType::Percent => Value::Percent(deviation),
        DataType::Size | DataType::Duration => whole_as(data_type, deviation.round() as i128)?,
        DataType::Time => {
            let ns = (deviation * NS_PER_MS as f64).round() as i128;
            whole_as(DataType::Duration, ns)?
        }
        DataType::Null | DataType::Bool | DataType::Str => Value::Null,
    })
}

/// A value as something that can be looked up.
#[derive(PartialEq, Eq, Hash)]
enum Key<'a> {
    Whole(i64),
    Fraction(u64),
    Text(&'a str),
}

/// Returns one of each value, in the order in which they first come.
fn different<'a>(values: &[&'a Value]) -> Vec<&'a Value> {
    let mut seen = HashSet::new();
    let mut different = Vec::new();
    for &value in values {
        let key = match (whole(value), fraction(value), value.as_str()) {
            (Some(n), _, _) => Key::Whole(n),
            // Zero is one value whatever its sign.
            (None, Some(x), _) => Key::Fraction((x + 0.0).to_bits()),
            (None, None, Some(text)) => Key::Text(text),
            (None, None, None) => continue,
        };
        if seen.insert(key) {
            different.push(value);
        }
    }
    different
}

fn list(values: &[&Value]) -> Value {
    let different = different(values);
    let mut text = String::new();
    let mut n = 0;
    for value in different.iter().take(LIST_VALUES_MAX) {
        let one = display(value);
        if n > 0 && text.len() + one.len() > LIST_BYTES_MAX {
            break;
        }
        if n > 0 {
            text.push_str(", ");
        }
        text.push_str(&one);
        n += 1;
    }
    match different.len() - n {
        0 => {}
        more => text.push_str(&format!(" and {more} more")),
    }
    Value::Str(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(function: &str, values: &[Value], expected: Value) {
        let function = AggregateFunction::by_name(function).expect("a function");
        let data_type = values.first().map_or(DataType::Null, Value::data_type);
        let values: Vec<&Value> = values.iter().collect();
        assert_eq!(of(function, data_type, &values), Ok(expected), "{function}");
    }

    #[test]
    fn units_stay_and_halves_are_rounded() {
        use Value::{Bool, Duration, Float, Int, Percent, Size, Time};
        check("mean", &[Size(1), Size(2)], Size(2));
        check("mean", &[Size(-1), Size(-2)], Size(-2));
        check("mean", &[Int(1), Int(2)], Float(1.5));
        check("mean", &[Percent(50.0), Percent(100.0)], Percent(75.0));
        check("mean", &[Time(1000), Time(2001)], Time(1501));
        check("mean", &[Bool(true), Bool(false)], Percent(50.0));
        check("sum", &[Bool(true), Bool(false)], Int(1));
        check("sum", &[Duration(5), Duration(-7)], Duration(-2));
        check("median", &[Size(1), Size(4)], Size(3));
        check("p25", &[Int(0), Int(10)], Float(2.5));
        check("p99", &[Duration(7)], Duration(7));
        check("stddev", &[Int(2), Int(4)], Float(2.0_f64.sqrt()));
        check("stddev", &[Time(0), Time(0)], Duration(0));
        check(
            "stddev",
            &[Time(10_000), Time(12_000)],
            Duration(1_414_213_562),
        );
        check("max", &["b".into(), "a".into()], "b".into());
        check("min", &[Bool(true), Bool(false)], Bool(false));
    }

    #[test]
    fn of_nothing_counts_are_zero_and_the_rest_is_null() {
        for name in hailer_lang::words::AGGREGATES {
            let counts = matches!(*name, "count" | "distinct");
            check(name, &[], if counts { Value::Int(0) } else { Value::Null });
        }
    }

    #[test]
    fn a_sum_that_does_not_fit_is_no_sum() {
        let values = [Value::Size(i64::MAX), Value::Size(1)];
        let values: Vec<&Value> = values.iter().collect();
        assert_eq!(
            of(AggregateFunction::Sum, DataType::Size, &values),
            Err(Overflow)
        );
        check(
            "mean",
            &[Value::Size(i64::MAX), Value::Size(i64::MAX)],
            Value::Size(i64::MAX),
        );
        check(
            "p50",
            &[Value::Size(i64::MIN), Value::Size(i64::MAX)],
            Value::Size(0),
        );
    }

    #[test]
    fn what_a_sum_loses_on_its_way_is_not_lost() {
        check(
            "sum",
            &[1e16, 1.0, -1e16].map(Value::Float),
            Value::Float(1.0),
        );
        let beyond = [f64::MAX, f64::MAX].map(Value::Float);
        check("sum", &beyond, Value::Float(f64::INFINITY));
        let infinite = [f64::INFINITY, f64::INFINITY].map(Value::Float);
        check("median", &infinite, Value::Float(f64::INFINITY));
        check("stddev", &infinite, Value::Null);
    }

    #[test]
    fn a_list_says_how_many_it_leaves_out() {
        let values: Vec<Value> = (0..103).map(Value::Int).collect();
        let values: Vec<&Value> = values.iter().collect();
        let Ok(Value::Str(text)) = of(AggregateFunction::List, DataType::Int, &values) else {
            panic!("a list is text");
        };
        assert!(text.starts_with("0, 1, 2, "), "{text}");
        assert!(text.ends_with(", 99 and 3 more"), "{text}");
        check("list", &["a".into(), "b".into(), "a".into()], "a, b".into());
        let long = ["x".repeat(5000), "y".to_owned()].map(Value::Str);
        let Ok(Value::Str(text)) = of(
            AggregateFunction::List,
            DataType::Str,
            &[&long[0], &long[1]],
        ) else {
            panic!("a list is text");
        };
        assert!(text.ends_with("x and 1 more"), "{}", &text[4990..]);
    }

    #[test]
    fn zero_is_one_value_whatever_its_sign() {
        check(
            "distinct",
            &[0.0, -0.0, 1.0].map(Value::Float),
            Value::Int(2),
        );
    }
}
