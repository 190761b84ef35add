//! How a row reaches a command: as environment variables, never as text of the command itself.
//!
//! The column `pct_cpu` is `$row_pct_cpu`; in names of labels and the like every sign that is no letter
//! of English, digit or `_` becomes `_` (`label.rack-id` is `$row_label_rack_id`). Sizes are bytes,
//! durations seconds, percentages points, times RFC 3339; text is as the node sent it, so whoever
//! writes the command puts it in double quotes.

use crate::limits::ROW_VALUE_MAX;
use crate::units::float_text;
use crate::units::moment::moment_text;
use crate::value::Value;

/// What every variable of a row begins with: a node's output must never become `PATH`.
pub const PREFIX: &str = "row_";

/// Returns the environment variable of a column.
#[must_use]
pub fn variable(column: &str) -> String {
    let sign = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    PREFIX.chars().chain(column.chars().map(sign)).collect()
}

/// Returns a value as a command reads it: plain numbers in base units, text as it is; `None` for
/// null, and for what no environment can hold or is longer than [`ROW_VALUE_MAX`].
#[must_use]
pub fn text(value: &Value) -> Option<String> {
    #[expect(
        clippy::cast_precision_loss,
        reason = "a duration of more than a hundred days loses nanoseconds"
    )]
    let seconds = |nanoseconds: i64| nanoseconds as f64 / 1e9;
    let text = match value {
        Value::Null => return None,
        Value::Bool(b) => b.to_string(),
        Value::Int(n) | Value::Size(n) => n.to_string(),
        Value::Float(x) | Value::Percent(x) => float_text(*x),
        Value::Duration(n) => float_text(seconds(*n)),
        Value::Time(ms) => moment_text(*ms),
        Value::Str(s) if s.contains('\0') => return None,
        Value::Str(s) => s.clone(),
    };
    (text.len() <= ROW_VALUE_MAX).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_columns_variable_can_never_be_another_programs() {
        for (column, name) in [
            ("pct_cpu", "row_pct_cpu"),
            ("label.rack-id", "row_label_rack_id"),
            ("PATH", "row_PATH"),
            ("größe", "row_gr__e"),
            ("", "row_"),
        ] {
            assert_eq!(variable(column), name);
        }
    }

    #[test]
    fn a_value_is_what_a_command_can_compute_with() {
        for (value, expected) in [
            (Value::Null, None),
            (Value::Bool(true), Some("true")),
            (Value::Size(10 << 30), Some("10737418240")),
            (Value::Percent(91.5), Some("91.5")),
            (Value::Duration(1_500_000_000), Some("1.5")),
            (Value::Time(0), Some("1970-01-01T00:00:00Z")),
            (Value::Str("a b".to_owned()), Some("a b")),
            (Value::Str("a\0b".to_owned()), None),
            (Value::Str("x".repeat(ROW_VALUE_MAX + 1)), None),
        ] {
            assert_eq!(text(&value).as_deref(), expected, "{value:?}");
        }
    }
}
