//! JSON and NDJSON as files: objects with the columns' names and their units.
//!
//! Files of other programs are read as they come: objects within an object become columns
//! (`{"a":{"b":1}}` is column `a_b`), lists become their JSON text. In a document the rows are its
//! list of objects, or that below `rows` or any only key. A key that some objects lack is null there.

mod reader;

use std::collections::HashMap;

use hailer_lang::file_format::FileFormat;
use hailer_protocol::units::moment::parse_moment;
use hailer_protocol::value::{DataType, Value};
use serde_json::Value as Json;

use self::reader::{Entries, Node, integer_seconds};
use super::names::Names;
use super::{check_size, field, unreadable};
use crate::column::FrameColumn;
use crate::error::{Note, TableError};
use crate::export::{json, shown};
use crate::frame::Frame;
use crate::provenance::Provenance;

/// Returns all rows, one object a line.
pub(super) fn lines(frame: &Frame) -> String {
    let mut out = String::new();
    for object in objects(frame) {
        out.push_str(&object);
        out.push('\n');
    }
    out
}

/// Returns a list of all rows, one object a line.
pub(super) fn document(frame: &Frame) -> String {
    let mut out = String::from("[");
    for (row, object) in objects(frame).enumerate() {
        out.push_str(if row == 0 { "\n" } else { ",\n" });
        out.push_str(&object);
    }
    out.push_str(if frame.is_empty() { "]\n" } else { "\n]\n" });
    out
}

fn objects(frame: &Frame) -> impl Iterator<Item = String> {
    let columns: Vec<(usize, String)> = shown(frame)
        .into_iter()
        .map(|(at, _)| {
            let name = field::written_name(&frame.columns()[at].column);
            (at, json::to_line(&Json::String(name)))
        })
        .collect();
    (0..frame.len()).map(move |row| {
        let fields = columns
            .iter()
            .map(|(at, name)| format!("{name}:{}", text(&frame.value(row, *at))));
        format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
    })
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Float(x) | Value::Percent(x) if !x.is_finite() => "null".to_owned(),
        Value::Str(_) | Value::Time(_) => json::to_line(&json::value(value)),
        Value::Bool(_)
        | Value::Int(_)
        | Value::Float(_)
        | Value::Size(_)
        | Value::Percent(_)
        | Value::Duration(_) => field::written(value),
    }
}

/// Makes a frame of objects, one a line.
pub(super) fn read_lines(text: &str) -> Result<(Frame, Vec<Note>), TableError> {
    let mut rows = Rows::new(FileFormat::Ndjson);
    for (n, line) in text.lines().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        let node: Node = serde_json::from_str(line).map_err(|e| {
            // It was handed one line, of which it says that it is the first.
            let said = e.to_string().replace(" at line 1 column ", " at column ");
            unreadable(
                FileFormat::Ndjson,
                &format!("line {} is no JSON: {said}", n + 1),
            )
        })?;
        let Node::Object(entries) = node else {
            return Err(unreadable(
                FileFormat::Ndjson,
                &format!("line {} is no object", n + 1),
            ));
        };
        rows.add(entries)?;
    }
    rows.finish()
}

/// Makes a frame of the objects in a document.
pub(super) fn read_document(text: &str) -> Result<(Frame, Vec<Note>), TableError> {
    let format = FileFormat::Json;
    let document: Node = serde_json::from_str(text)
        .map_err(|e| unreadable(format, &format!("it is no JSON: {e}")))?;
    let no_rows = || unreadable(format, "there is no list of objects in it");
    let list = match document {
        Node::List(list) => list,
        Node::Object(mut entries) => {
            let at = match entries.as_slice() {
                [_] => Some(0),
                _ => entries.iter().position(|(key, _)| key == "rows"),
            };
            match at.map(|at| entries.swap_remove(at).1) {
                Some(Node::List(list)) => list,
                Some(Node::Object(_) | Node::Scalar(_)) | None => return Err(no_rows()),
            }
        }
        Node::Scalar(_) => return Err(no_rows()),
    };
    let mut rows = Rows::new(format);
    for node in list {
        let Node::Object(entries) = node else {
            return Err(no_rows());
        };
        rows.add(entries)?;
    }
    rows.finish()
}

/// Rows whose columns are found as they come.
struct Rows {
    format: FileFormat,
    titles: Vec<String>,
    positions: HashMap<String, usize>,
    columns: Vec<Vec<Value>>,
    n_rows: usize,
}

impl Rows {
    fn new(format: FileFormat) -> Self {
        Self {
            format,
            titles: Vec::new(),
            positions: HashMap::new(),
            columns: Vec::new(),
            n_rows: 0,
        }
    }

    fn add(&mut self, entries: Entries) -> Result<(), TableError> {
        self.add_entries("", entries)?;
        self.n_rows += 1;
        check_size(self.format, self.columns.len(), self.n_rows)?;
        for column in &mut self.columns {
            column.resize(self.n_rows, Value::Null);
        }
        Ok(())
    }

    /// The reader bounds how deep objects are.
    fn add_entries(&mut self, prefix: &str, entries: Entries) -> Result<(), TableError> {
        for (key, node) in entries {
            let title = if prefix.is_empty() {
                key
            } else {
                // No name of a type: a unit stands behind the names of columns alone.
                format!("{prefix}/{key}")
            };
            let value = match node {
                Node::Object(inner) if !inner.is_empty() => {
                    self.add_entries(&title, inner)?;
                    continue;
                }
                Node::Scalar(value) => value,
                Node::Object(_) | Node::List(_) => Value::Str(node.to_json().to_string()),
            };
            let at = match self.positions.get(&title) {
                Some(at) => *at,
                None => {
                    let at = self.titles.len();
                    check_size(self.format, at + 1, self.n_rows)?;
                    self.positions.insert(title.clone(), at);
                    self.titles.push(title);
                    self.columns.push(vec![Value::Null; self.n_rows]);
                    at
                }
            };
            let column = &mut self.columns[at];
            // Of a key that an object has twice the last value counts, as everywhere.
            column.truncate(self.n_rows);
            column.push(value);
        }
        Ok(())
    }

    fn finish(self) -> Result<(Frame, Vec<Note>), TableError> {
        let mut names = Names::default();
        let mut notes = Vec::new();
        let mut columns = Vec::with_capacity(self.columns.len());
        for (title, values) in self.titles.into_iter().zip(self.columns) {
            let (name, declared) = field::typed_name(&title);
            let (name, data_type, values) = match declared {
                Some(data_type) if values.iter().all(|v| fits(v, data_type)) => {
                    let convert = |value| converted(value, data_type);
                    (name, data_type, values.into_iter().map(convert).collect())
                }
                Some(data_type) => {
                    notes.push(Note::new(&format!(
                        "open: not everything below `{title}` is {data_type}; it is taken as it is \
                         written"
                    )));
                    (name, DataType::Null, values)
                }
                None => (name, DataType::Null, values),
            };
            columns.push((FrameColumn::shown(names.column(name, data_type)), values));
        }
        notes.extend(names.note());
        let (frame, more) = Frame::from_values(columns, Provenance::of_nothing(self.n_rows))?;
        notes.extend(more);
        Ok((frame, notes))
    }
}

/// Whether a value of a document can be one of a type.
fn fits(value: &Value, data_type: DataType) -> bool {
    value.is_null() || converted(value.clone(), data_type).data_type() == data_type
}

/// Returns a value of a document as one of a type; the value itself where it is none.
#[expect(clippy::cast_precision_loss, reason = "an int among floats is a float")]
fn converted(value: Value, data_type: DataType) -> Value {
    match (&value, data_type) {
        (Value::Int(n), DataType::Size) => Value::Size(*n),
        (Value::Int(n), DataType::Percent) => Value::Percent(*n as f64),
        (Value::Float(x), DataType::Percent) => Value::Percent(*x),
        (Value::Int(n), DataType::Float) => Value::Float(*n as f64),
        (Value::Int(n), DataType::Duration) => integer_seconds(*n).map_or(value, Value::Duration),
        (Value::Float(x), DataType::Duration) => {
            let ns = (x * 1e9).round();
            /// 2^63: the first float behind the whole numbers.
            const END: f64 = 9_223_372_036_854_775_808.0;
            if (-END..END).contains(&ns) {
                #[expect(clippy::cast_possible_truncation, reason = "it was compared")]
                Value::Duration(ns as i64)
            } else {
                value
            }
        }
        (Value::Str(text), DataType::Time) => parse_moment(text).map_or(value, Value::Time),
        _ => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names_and_rows(text: &str) -> (Vec<String>, Vec<Vec<Value>>) {
        let (frame, _) = read_document(text).unwrap();
        let table = frame.to_protocol_table();
        let names = table.columns.into_iter().map(|c| c.name).collect();
        (names, table.rows)
    }

    #[test]
    fn objects_become_rows_in_the_order_of_their_keys() {
        let (names, rows) = names_and_rows(
            r#"[{"z":1,"a":{"b":[1,{"c":null}],"Use%":2.5}},{"a":{},"new":true,"z":null}]"#,
        );
        assert_eq!(names, ["z", "a_b", "a_use_pct", "a", "new"]);
        assert_eq!(rows[0][1], Value::from(r#"[1,{"c":null}]"#));
        assert_eq!(rows[0][3], Value::Null);
        assert_eq!(rows[1][3], Value::from("{}"));
        assert_eq!(rows[1][4], Value::Bool(true));
    }

    #[test]
    fn a_document_of_another_program_has_its_rows_below_a_key() {
        for text in [
            r#"{"items":[{"a":1}]}"#,
            r#"{"v":1,"rows":[{"a":1}],"summary":{}}"#,
        ] {
            assert_eq!(names_and_rows(text).1, [[Value::Int(1)]], "{text}");
        }
        for text in ["3", "[1]", r#"{"a":1,"b":[{}]}"#, r#"{"rows":3}"#] {
            let error = read_document(text).unwrap_err();
            assert!(error.to_string().contains("no list of objects"), "{error}");
        }
    }

    #[test]
    fn units_are_read_where_they_fit() {
        let text = "{\"a.bytes\":5,\"b.seconds\":1.5,\"c.time\":\"1970-01-01T00:00:01Z\",\
                    \"d.percent\":\"no\",\"e.seconds\":3}\n\n";
        let (frame, notes) = read_lines(text).unwrap();
        let found: Vec<Value> = (0..5).map(|at| frame.value(0, at)).collect();
        let expected = [
            Value::Size(5),
            Value::Duration(1_500_000_000),
            Value::Time(1000),
            Value::from("no"),
            Value::Duration(3_000_000_000),
        ];
        assert_eq!(found, expected);
        assert!(
            notes[0].as_str().contains("`d.percent` is percent"),
            "{notes:?}"
        );
    }

    #[test]
    fn what_is_no_json_is_an_error_that_says_where() {
        for (text, expected) in [
            (
                "{\"a\":1}\n{",
                "line 2 is no JSON: EOF while parsing an object at column 1",
            ),
            ("{}\n[1]", "line 2 is no object"),
        ] {
            let error = read_lines(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
        assert!(
            read_document("[")
                .unwrap_err()
                .to_string()
                .contains("it is no JSON")
        );
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(read_document(&deep).is_err());
    }

    #[test]
    fn whole_numbers_stay_exact() {
        let text = r#"[{"a":9223372036854775807,"b":18446744073709551615,"c":-1,"d":1.0}]"#;
        let (_, rows) = names_and_rows(text);
        let expected = [
            Value::Int(i64::MAX),
            Value::from("18446744073709551615"),
            Value::Int(-1),
            Value::Float(1.0),
        ];
        assert_eq!(rows[0], expected);
    }
}
