//! JSON: values with their types, and one array of objects for a whole frame.
//!
//! | value | JSON |
//! |---|---|
//! | size | bytes, an integer |
//! | duration | seconds, a number |
//! | percent | points, a number |
//! | time | RFC 3339 in UTC, a string |
//! | NaN, infinity | `null`, since JSON has no such numbers |
//!
//! Control and invisible characters are escaped as `\uXXXX`, beyond what JSON asks for: the text
//! reads back the same, and is harmless on a terminal.

use hailer_protocol::clean::Clean;
use hailer_protocol::units::moment::moment_text;
use hailer_protocol::value::Value;
use serde_json::{Map, Value as Json};

use super::{ndjson, seconds};
use crate::frame::Frame;

/// Returns the whole frame as one JSON array, one object a line.
#[must_use]
pub fn array(frame: &Frame) -> String {
    let mut out = String::from("[");
    for row in 0..frame.len() {
        out.push_str(if row == 0 { "\n  " } else { ",\n  " });
        out.push_str(&ndjson::row_line(frame, row));
    }
    out.push_str(if frame.is_empty() { "]\n" } else { "\n]\n" });
    out
}

/// Returns a value as JSON.
#[must_use]
pub fn value(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(b) => Json::Bool(*b),
        Value::Int(n) | Value::Size(n) => Json::from(*n),
        Value::Float(x) | Value::Percent(x) => number(*x),
        Value::Duration(nanoseconds) => number(seconds(*nanoseconds)),
        Value::Time(milliseconds) => Json::String(moment_text(*milliseconds)),
        Value::Str(s) => Json::String(s.clone()),
    }
}

fn number(x: f64) -> Json {
    serde_json::Number::from_f64(x).map_or(Json::Null, Json::Number)
}

/// Returns JSON as text without line breaks, in which every control, invisible or
/// direction-changing character is escaped.
#[must_use]
pub fn to_line(json: &Json) -> String {
    let text = json.to_string();
    if text.bytes().all(|b| (b' '..0x7f).contains(&b)) {
        return text;
    }
    let mut out = String::with_capacity(text.len() + 16);
    let mut bytes = [0; 4];
    for c in text.chars() {
        // What has to be escaped is decided in one place. Outside of strings JSON is all ASCII.
        let is_plain = (' '..'\x7f').contains(&c) || {
            let c = &*c.encode_utf8(&mut bytes);
            Clean::line(c).as_str() == c
        };
        if is_plain {
            out.push(c);
        } else {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    out
}

/// [`to_line`] of an object.
#[must_use]
pub fn object_to_line(object: Map<String, Json>) -> String {
    to_line(&Json::Object(object))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_keep_their_type_in_one_unit() {
        for (v, expected) in [
            (Value::Null, "null"),
            (Value::Bool(true), "true"),
            (Value::Int(i64::MIN), "-9223372036854775808"),
            (Value::Size(1536), "1536"),
            (Value::Duration(1_500_000_000), "1.5"),
            (Value::Percent(91.0), "91.0"),
            (Value::Float(f64::NAN), "null"),
            (Value::Time(0), "\"1970-01-01T00:00:00Z\""),
            (Value::from("a\"b"), "\"a\\\"b\""),
        ] {
            assert_eq!(to_line(&value(&v)), expected, "{v:?}");
        }
    }

    #[test]
    fn hostile_text_is_escaped_and_reads_back_the_same() {
        let hostile = "\x1b[2J\u{9b}31m\u{202e}x\0\u{7f}\n\u{e0041}ü日";
        let line = to_line(&value(&Value::from(hostile)));
        assert!(
            line.chars().all(|c| !c.is_control() && c != '\u{202e}'),
            "{line}"
        );
        assert!(line.contains("\\udb40\\udc41") && line.contains("ü日"));
        assert_eq!(serde_json::from_str::<String>(&line).unwrap(), hostile);
    }
}
