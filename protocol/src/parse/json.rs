//! `parse json`: one document, or one after the other as in JSON lines.
//!
//! A list of objects is a row each; so is the list in an object that holds nothing else
//! (`lsblk --json`), or holds it under `items` (`kubectl get -o json`). Objects within a row are
//! flattened (`{"a":{"b":1}}` is column `a_b`); lists become their JSON text. Strings stay strings.

mod tree;

use std::collections::HashMap;

use crate::limits;
use crate::note::{Format, Note};
use crate::parse::typing::{CellRule, type_column, widen};
use crate::parse::{ParseError, Parsed, RowSink, columns_of};
use crate::table::{Row, Table};
use crate::units::display_value;
use crate::value::{DataType, Value};

use self::tree::Json;

/// Keys under which `lsblk` and `findmnt` print their trees.
const TREES: [&str; 2] = ["blockdevices", "filesystems"];

/// Makes a table of one document, or of several.
pub fn parse(text: &str) -> Result<Parsed, ParseError> {
    let mut builder = Builder::default();
    let mut documents = Vec::new();
    let mut failure = None;
    for document in serde_json::Deserializer::from_str(text).into_iter::<Json>() {
        match document {
            Ok(document) => documents.push(document),
            Err(error) => {
                failure = Some(error.to_string());
                break;
            }
        }
    }
    if let Some(reason) = failure {
        // Logs mix JSON lines with others; a document over several lines has no such excuse.
        let (fitting, not_fitting) = one_a_line(text);
        if fitting.is_empty() {
            return Err(ParseError::new(Format::Json, text, reason));
        }
        builder.notes.push(Note::LinesNotFitting(not_fitting));
        documents = fitting;
    }
    match <[Json; 1]>::try_from(documents) {
        Ok([only]) => builder.add_document(only),
        Err(documents) => documents.into_iter().for_each(|d| builder.add_row(d)),
    }
    Ok(builder.finish())
}

/// Reads each line by itself; only lists and objects count, so that a log that begins with a
/// number is no JSON.
fn one_a_line(text: &str) -> (Vec<Json>, usize) {
    let mut documents = Vec::new();
    let mut not_fitting = 0;
    for line in text.lines().map(str::trim).filter(|l| !l.is_empty()) {
        match serde_json::from_str::<Json>(line) {
            Ok(document @ (Json::Object(_) | Json::List(_))) => documents.push(document),
            Ok(Json::Scalar(_)) | Err(_) => not_fitting += 1,
        }
    }
    (documents, not_fitting)
}

/// Rows whose columns are found as they come.
#[derive(Default)]
struct Builder {
    /// Paths of keys, joined by dots; they become the headings.
    headings: Vec<String>,
    positions: HashMap<String, usize>,
    columns_are_cut: bool,
    /// What stands under `children` is rows, too.
    is_tree: bool,
    sink: RowSink,
    notes: Vec<Note>,
}

impl Builder {
    /// Finds the rows within one document.
    fn add_document(&mut self, document: Json) {
        match document {
            Json::List(elements) => elements.into_iter().for_each(|e| self.add_row(e)),
            Json::Object(mut entries) => match rows_key(&entries) {
                Some(at) => {
                    let (key, value) = entries.swap_remove(at);
                    self.is_tree = TREES.contains(&key.as_str());
                    self.notes.push(Note::RowsUnder(key));
                    self.add_document(value);
                }
                None => self.add_row(Json::Object(entries)),
            },
            Json::Scalar(_) => self.add_row(document),
        }
    }

    fn add_row(&mut self, json: Json) {
        if self.sink.is_full() {
            self.sink.left_out += 1;
            return;
        }
        let mut row = Row::new();
        match json {
            Json::Object(mut entries) => {
                let children = self.is_tree.then(|| take_children(&mut entries)).flatten();
                self.add_entries("", entries, &mut row);
                self.sink.push_with(|| row);
                // The reader bounds the depth.
                for child in children.into_iter().flatten() {
                    self.add_row(child);
                }
                return;
            }
            Json::List(_) | Json::Scalar(_) => self.add_cell("value".to_owned(), json, &mut row),
        }
        self.sink.push_with(|| row);
    }

    /// Flattens an object into a row. The reader bounds the depth.
    fn add_entries(&mut self, prefix: &str, entries: Vec<(String, Json)>, row: &mut Row) {
        for (key, value) in entries {
            let path = if prefix.is_empty() {
                key
            } else {
                format!("{prefix}.{key}")
            };
            match value {
                Json::Object(inner) if !inner.is_empty() => self.add_entries(&path, inner, row),
                Json::Object(_) | Json::List(_) | Json::Scalar(_) => {
                    self.add_cell(path, value, row);
                }
            }
        }
    }

    fn add_cell(&mut self, path: String, json: Json, row: &mut Row) {
        let at = match self.positions.get(&path) {
            Some(at) => *at,
            None if self.headings.len() >= limits::COLUMNS_MAX => {
                self.columns_are_cut = true;
                return;
            }
            None => {
                let at = self.headings.len();
                self.positions.insert(path.clone(), at);
                self.headings.push(path);
                at
            }
        };
        if row.len() <= at {
            row.resize(at + 1, Value::Null);
        }
        // Of a key that occurs twice in one object the last value counts, as everywhere.
        row[at] = match json {
            Json::Scalar(value) => value,
            Json::List(_) | Json::Object(_) => Value::Str(json.text()),
        };
    }

    fn finish(mut self) -> Parsed {
        if self.columns_are_cut {
            self.notes.push(Note::ColumnsCut {
                kept: limits::COLUMNS_MAX,
            });
        }
        let mut rows = self.sink.finish(self.headings.len(), &mut self.notes);
        let mut columns = columns_of(&self.headings);
        for (at, column) in columns.iter_mut().enumerate() {
            column.data_type = unify_column(&mut rows, at);
            if self.is_tree && is_size(&column.name, column.data_type) {
                column.data_type = type_sizes(&mut rows, at);
            }
        }
        Parsed {
            table: Table { columns, rows },
            notes: self.notes,
        }
    }
}

/// Finds the list whose elements are the rows: the object's only value, or that under `items`.
fn rows_key(entries: &[(String, Json)]) -> Option<usize> {
    let at = match entries {
        [_] => 0,
        _ => entries.iter().position(|(key, _)| key == "items")?,
    };
    match &entries[at].1 {
        Json::List(elements) => elements
            .iter()
            .all(|e| matches!(e, Json::Object(_)))
            .then_some(at),
        Json::Object(_) | Json::Scalar(_) => None,
    }
}

/// Takes the list of a tree's next rows out of a row.
fn take_children(entries: &mut Vec<(String, Json)>) -> Option<Vec<Json>> {
    let at = entries
        .iter()
        .position(|(key, value)| key == "children" && matches!(value, Json::List(_)))?;
    match entries.remove(at).1 {
        Json::List(children) => Some(children),
        Json::Object(_) | Json::Scalar(_) => None,
    }
}

/// Whether `lsblk` and `findmnt` print sizes there.
fn is_size(name: &str, data_type: DataType) -> bool {
    matches!(data_type, DataType::Int | DataType::Str)
        && (name == "size" || name == "used" || name == "avail" || name.starts_with("fs"))
        && !matches!(name, "fstype" | "fsver" | "fsroot" | "fstab" | "fs_options")
        && !name.ends_with("_pct")
}

/// Reads sizes: text with a unit, or numbers of bytes.
fn type_sizes(rows: &mut [Row], at: usize) -> DataType {
    for cell in rows.iter_mut().filter_map(|row| row.get_mut(at)) {
        if let Value::Int(bytes) = cell {
            *cell = Value::Str(bytes.to_string());
        }
    }
    let rule = CellRule {
        bytes_per_unit: Some(1),
        ..CellRule::default()
    };
    type_column(rows, at, rule)
}

/// Gives a column one type: numbers widen, and what is mixed becomes text.
fn unify_column(rows: &mut [Row], at: usize) -> DataType {
    let unified = rows
        .iter()
        .map(|row| row[at].data_type())
        .try_fold(DataType::Null, DataType::unify);
    let data_type = unified.unwrap_or(DataType::Str);
    for row in rows {
        let value = std::mem::replace(&mut row[at], Value::Null);
        row[at] = match (data_type, value) {
            (_, Value::Null) => Value::Null,
            (DataType::Str, value) => Value::Str(display_value(&value)),
            (data_type, value) => widen(value, data_type),
        };
    }
    data_type
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, columns: &[(&str, DataType)], rows: &[&[Value]]) {
        let table = parse(text).expect("is json").table;
        let found: Vec<_> = table
            .columns
            .iter()
            .map(|c| (c.name.as_str(), c.data_type))
            .collect();
        assert_eq!(found, columns, "{text}");
        assert_eq!(table.rows, rows, "{text}");
    }

    #[test]
    fn objects_become_rows() {
        let one = Value::Int(1);
        let columns = [("b", DataType::Int), ("a", DataType::Float)];
        check(
            r#"[{"b":1,"a":1.5},{"b":null,"a":2}]"#,
            &columns,
            &[
                &[one.clone(), Value::Float(1.5)],
                &[Value::Null, Value::Float(2.0)],
            ],
        );
        check(
            "{\"b\":1}\n{\"a\":2.5}\n",
            &columns,
            &[
                &[one.clone(), Value::Null],
                &[Value::Null, Value::Float(2.5)],
            ],
        );
        check(
            r#"{"kind":"List","items":[{"metadata":{"name":"x","labels":["a",{"b":1}]}}]}"#,
            &[
                ("metadata_name", DataType::Str),
                ("metadata_labels", DataType::Str),
            ],
            &[&["x".into(), r#"["a",{"b":1}]"#.into()]],
        );
        check(
            r#"{"devices":[{"ok":true}]}"#,
            &[("ok", DataType::Bool)],
            &[&[Value::Bool(true)]],
        );
        check("[1,2]", &[("value", DataType::Int)], &[&[one], &[2.into()]]);
        check("{\"items\":[]}", &[], &[]);
    }

    #[test]
    fn a_column_of_mixed_types_is_text() {
        check(
            r#"[{"a":1},{"a":"x"},{"a":18446744073709551615}]"#,
            &[("a", DataType::Str)],
            &[
                &["1".into()],
                &["x".into()],
                &["18446744073709551615".into()],
            ],
        );
    }

    #[test]
    fn lines_that_are_no_json_are_counted_and_a_text_without_any_is_an_error() {
        let parsed = parse("starting\n{\"a\":1}\n{\"a\":\n").expect("one line is json");
        assert_eq!(parsed.table.rows.len(), 1);
        assert_eq!(parsed.notes, [Note::LinesNotFitting(2)]);
        let error = parse("no json\n").expect_err("nothing fits").to_string();
        assert!(
            error.starts_with("parse 8 bytes of output as json: expected ident"),
            "{error}"
        );
    }

    #[test]
    fn deep_nesting_is_refused_instead_of_overflowing_the_stack() {
        assert!(parse(&"[".repeat(1 << 20)).is_err());
        assert!(parse(&"{\"a\":".repeat(1 << 18)).is_err());
    }
}
