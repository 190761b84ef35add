//! NDJSON: one object a row.
//!
//! A stream of rows is wrapped by whoever sends it (with a kind, a run, a summary at the end):
//! [`row_object`] is what goes into such an envelope, [`row_line`] what stands alone.

use serde_json::{Map, Value as Json};

use super::{json, shown};
use crate::frame::Frame;

/// Returns one row's shown columns by name; values as in [`json::value`].
#[must_use]
pub fn row_object(frame: &Frame, row: usize) -> Map<String, Json> {
    shown(frame)
        .into_iter()
        .map(|(at, name)| (name.to_owned(), json::value(&frame.value(row, at))))
        .collect()
}

/// Returns one row as a line without its newline, columns in the order in which they are shown.
#[must_use]
pub fn row_line(frame: &Frame, row: usize) -> String {
    let fields: Vec<String> = shown(frame)
        .into_iter()
        .map(|(at, name)| {
            let name = json::to_line(&Json::String(name.to_owned()));
            format!(
                "{name}:{}",
                json::to_line(&json::value(&frame.value(row, at)))
            )
        })
        .collect();
    format!("{{{}}}", fields.join(","))
}

/// Returns all rows, one a line.
#[must_use]
pub fn lines(frame: &Frame) -> String {
    let mut out = String::new();
    for row in 0..frame.len() {
        out.push_str(&row_line(frame, row));
        out.push('\n');
    }
    out
}
