//! Rows of the audit as JSON: what is null is left out.

use std::fmt::Write as _;

use hailer_protocol::audit::AUDIT_COLUMNS;
use hailer_protocol::table::Row;
use hailer_protocol::units::exact_value;
use hailer_protocol::value::Value;

/// Returns a row as one JSON object, without a line's end. Moments are RFC 3339, durations
/// nanoseconds, sizes bytes.
pub(super) fn object(node: &str, row: &Row) -> String {
    let mut out = format!("{{\"node\":{}", string(node));
    for (column, value) in AUDIT_COLUMNS.iter().zip(row) {
        let text = match value {
            Value::Null => continue,
            Value::Bool(b) => b.to_string(),
            Value::Int(n) | Value::Duration(n) | Value::Size(n) => n.to_string(),
            Value::Float(x) | Value::Percent(x) if x.is_finite() => x.to_string(),
            Value::Float(_) | Value::Percent(_) | Value::Time(_) => string(&exact_value(value)),
            Value::Str(text) => string(text),
        };
        let _ = write!(out, ",{}:{text}", string(column.name));
    }
    out.push('}');
    out
}

/// A JSON string, in ASCII as far as a terminal could take it for a command.
fn string(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if c.is_ascii() && !c.is_ascii_control() => out.push(c),
            c if c.is_alphanumeric() => out.push(c),
            c => {
                let mut units = [0; 2];
                for unit in c.encode_utf16(&mut units) {
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_command_a_terminal_is_escaped() {
        for (text, expected) in [
            ("a\"b\\", r#""a\"b\\""#),
            ("a\nb\x1b[31m\u{9b}", r#""a\nb\u001b[31m\u009b""#),
            ("\u{202e}x\u{7f}", r#""\u202ex\u007f""#),
            ("é 😀", "\"é \\ud83d\\ude00\""),
        ] {
            assert_eq!(string(text), expected);
        }
    }
}
