//! CSV after RFC 4180: a header line, fields quoted where they must be, lines end in CR LF.
//!
//! Null is an empty field and an empty text is `""`, so that the two stay apart.
//!
//! A spreadsheet runs a field that begins with `=`, `+`, `-`, `@`, a tab or a line break as a
//! formula. A *text* that does so gets a `'` in front, which spreadsheets take for "this is text";
//! who reads the file by program strips it. Numbers are ours and stay as they are.

use hailer_protocol::clean::Clean;
use hailer_protocol::units::float_text;
use hailer_protocol::units::moment::moment_text;
use hailer_protocol::value::Value;

use super::{seconds, shown};
use crate::frame::Frame;

/// Returns the header line.
#[must_use]
pub fn header(frame: &Frame) -> String {
    line(shown(frame).into_iter().map(|(_, name)| text(name)))
}

/// Returns one row's line.
#[must_use]
pub fn record(frame: &Frame, row: usize) -> String {
    line(
        shown(frame)
            .into_iter()
            .map(|(at, _)| field(&frame.value(row, at))),
    )
}

/// Returns the header and all rows.
#[must_use]
pub fn document(frame: &Frame) -> String {
    let mut out = header(frame);
    for row in 0..frame.len() {
        out.push_str(&record(frame, row));
    }
    out
}

/// Returns fields as one line.
#[must_use]
pub fn line(fields: impl IntoIterator<Item = String>) -> String {
    let mut out = fields.into_iter().collect::<Vec<_>>().join(",");
    out.push_str("\r\n");
    out
}

/// Returns one value as it stands in a line.
#[must_use]
pub fn field(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(b) => b.to_string(),
        Value::Int(n) | Value::Size(n) => n.to_string(),
        Value::Float(x) | Value::Percent(x) => float_text(*x),
        Value::Duration(nanoseconds) => float_text(seconds(*nanoseconds)),
        Value::Time(milliseconds) => moment_text(*milliseconds),
        Value::Str(s) => text(s),
    }
}

fn text(raw: &str) -> String {
    let guard = if raw.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) {
        "'"
    } else {
        ""
    };
    let clean = Clean::text(raw);
    let body = clean.as_str();
    let must_quote = body.is_empty() || body.contains([',', '"', '\n', '\r']);
    if must_quote {
        format!("\"{guard}{}\"", body.replace('"', "\"\""))
    } else {
        format!("{guard}{body}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_never_a_formula_and_a_number_is_never_a_text() {
        for (value, expected) in [
            (Value::from("=1+1"), "'=1+1"),
            (Value::from("+1"), "'+1"),
            (Value::from("-1"), "'-1"),
            (Value::from("@SUM(A1)"), "'@SUM(A1)"),
            (Value::from("\t=1"), "'\t=1"),
            (Value::from("\r=1"), "'\\r=1"),
            (Value::from("\n=1"), "\"'\n=1\""),
            (Value::from("=A1,B1"), "\"'=A1,B1\""),
            (Value::Int(-1), "-1"),
            (Value::Float(-0.5), "-0.5"),
            (Value::Size(2048), "2048"),
            (Value::Duration(250_000_000), "0.25"),
        ] {
            assert_eq!(field(&value), expected, "{value:?}");
        }
    }

    #[test]
    fn fields_are_quoted_where_rfc_4180_asks_for_it() {
        assert_eq!(text("a,b"), "\"a,b\"");
        assert_eq!(text("say \"hi\""), "\"say \"\"hi\"\"\"");
        assert_eq!(text("two\nlines"), "\"two\nlines\"");
        assert_eq!(text("plain"), "plain");
        assert_eq!(
            (field(&Value::Null), text("")),
            (String::new(), "\"\"".to_owned())
        );
    }

    #[test]
    fn control_characters_are_shown_not_written() {
        assert_eq!(text("\x1b[2J\0"), "\\e[2J\\x00");
    }
}
