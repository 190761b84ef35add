//! Values as text files hold them, and the unit behind a column's name.

use hailer_protocol::table::Column;
use hailer_protocol::units::float_text;
use hailer_protocol::units::moment::{moment_text, parse_moment};
use hailer_protocol::value::{DataType, Value};

const NS_PER_SECOND: u64 = 1_000_000_000;

/// What stands behind a name, and the type that it means.
const ENDINGS: [(&str, DataType); 9] = [
    ("bytes", DataType::Size),
    ("seconds", DataType::Duration),
    ("percent", DataType::Percent),
    ("time", DataType::Time),
    ("int", DataType::Int),
    ("float", DataType::Float),
    ("string", DataType::Str),
    ("bool", DataType::Bool),
    ("null", DataType::Null),
];

/// Returns what a column is called in a text file.
pub(super) fn written_name(column: &Column) -> String {
    let has_unit = match column.data_type {
        DataType::Size | DataType::Duration | DataType::Percent | DataType::Time => true,
        DataType::Null | DataType::Bool | DataType::Int | DataType::Float | DataType::Str => false,
    };
    if !has_unit && typed_name(&column.name).1.is_none() {
        return column.name.clone();
    }
    let ending = ENDINGS.iter().find(|(_, of)| *of == column.data_type);
    let ending = ending.map_or("string", |(ending, _)| *ending);
    format!("{}.{ending}", column.name)
}

/// Returns a column's name in a text file without its ending, and the type that the ending means.
pub(super) fn typed_name(written: &str) -> (&str, Option<DataType>) {
    let Some((name, ending)) = written.rsplit_once('.') else {
        return (written, None);
    };
    let known = ENDINGS.iter().find(|(e, _)| *e == ending);
    match known {
        Some((_, data_type)) if !name.is_empty() => (name, Some(*data_type)),
        Some(_) | None => (written, None),
    }
}

/// Returns a value that is neither text nor null as it stands in a text file.
pub(super) fn written(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(b) => b.to_string(),
        Value::Int(n) | Value::Size(n) => n.to_string(),
        Value::Float(x) | Value::Percent(x) => fraction_text(*x),
        Value::Duration(ns) => seconds_text(*ns),
        Value::Time(ms) => moment_text(*ms),
        Value::Str(s) => s.clone(),
    }
}

/// Writes a float so that it cannot be taken for an int.
fn fraction_text(x: f64) -> String {
    let mut text = float_text(x);
    if text.bytes().all(|b| b.is_ascii_digit() || b == b'-') {
        text.push_str(".0");
    }
    text
}

/// Writes a duration in seconds, exactly.
fn seconds_text(ns: i64) -> String {
    let sign = if ns < 0 { "-" } else { "" };
    let magnitude = ns.unsigned_abs();
    let (whole, rest) = (magnitude / NS_PER_SECOND, magnitude % NS_PER_SECOND);
    if rest == 0 {
        return format!("{sign}{whole}");
    }
    let digits = format!("{rest:09}");
    format!("{sign}{whole}.{}", digits.trim_end_matches('0'))
}

/// Reads text as a value of a type; `None` where it is none.
pub(super) fn parsed(text: &str, data_type: DataType) -> Option<Value> {
    Some(match data_type {
        DataType::Null => return None,
        DataType::Bool => Value::Bool(match text {
            "true" => true,
            "false" => false,
            _ => return None,
        }),
        DataType::Int => Value::Int(text.parse().ok()?),
        DataType::Size => Value::Size(text.parse().ok()?),
        DataType::Float => Value::Float(text.parse().ok()?),
        DataType::Percent => Value::Percent(text.parse().ok()?),
        DataType::Duration => Value::Duration(parse_seconds(text)?),
        DataType::Time => Value::Time(parse_moment(text)?),
        DataType::Str => Value::from(text),
    })
}

/// Reads decimal seconds exactly; digits beyond nanoseconds are dropped.
fn parse_seconds(text: &str) -> Option<i64> {
    let (is_negative, digits) = text
        .strip_prefix('-')
        .map_or((false, text), |digits| (true, digits));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let is_digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    if !is_digits(whole) || !is_digits(fraction) {
        return None;
    }
    let fraction: i128 = format!("{:0<9}", &fraction[..fraction.len().min(9)])
        .parse()
        .ok()?;
    let ns = whole
        .parse::<i128>()
        .ok()?
        .checked_mul(i128::from(NS_PER_SECOND))?
        + fraction;
    i64::try_from(if is_negative { -ns } else { ns }).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_unit_stands_behind_the_name_and_nothing_else_is_taken_for_one() {
        for (name, data_type, expected) in [
            ("size", DataType::Size, "size.bytes"),
            ("use_pct", DataType::Percent, "use_pct.percent"),
            ("up", DataType::Duration, "up.seconds"),
            ("at", DataType::Time, "at.time"),
            ("rc", DataType::Int, "rc"),
            ("label.dc", DataType::Str, "label.dc"),
            ("net.bytes", DataType::Int, "net.bytes.int"),
            ("net.bytes", DataType::Size, "net.bytes.bytes"),
            ("a.int", DataType::Str, "a.int.string"),
            ("a.null", DataType::Null, "a.null.null"),
            (".bytes", DataType::Int, ".bytes"),
        ] {
            let written = written_name(&Column::new(name, data_type));
            assert_eq!(written, expected);
            let (read, typed) = typed_name(&written);
            assert_eq!(read, name);
            assert!(typed.is_none_or(|t| t == data_type), "{written}");
        }
    }

    proptest! {
        #[test]
        fn a_value_reads_back_as_it_was(ns: i64, n: i64, x: f64) {
            for value in [Value::Duration(ns), Value::Int(n), Value::Size(n)] {
                prop_assert_eq!(parsed(&written(&value), value.data_type()), Some(value.clone()));
            }
            let Some(Value::Float(again)) = parsed(&written(&Value::Float(x)), DataType::Float)
            else {
                return Err(TestCaseError::fail("a float is a float"));
            };
            prop_assert!(again == x || (again.is_nan() && x.is_nan()));
            prop_assert!(written(&Value::Float(x)).parse::<i64>().is_err());
        }

        #[test]
        fn any_text_is_read_without_a_panic(text in "[-0-9.eT:Zé]{0,24}") {
            for (_, data_type) in ENDINGS {
                let _ = parsed(&text, data_type);
            }
        }
    }
}
