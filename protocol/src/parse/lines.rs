//! `parse lines`: one row a line, in column `line`. Empty lines are rows too.

use crate::note::Note;
use crate::parse::{Parsed, RowSink};
use crate::table::{Column, Table};
use crate::value::{DataType, Value};

/// The name of the only column.
pub const COLUMN: &str = "line";

/// Makes a row of each line.
#[must_use]
pub fn parse(text: &str) -> Parsed {
    let mut sink = RowSink::default();
    for line in text.lines() {
        sink.push_with(|| vec![Value::from(line)]);
    }
    let mut notes: Vec<Note> = Vec::new();
    let rows = sink.finish(1, &mut notes);
    let columns = vec![Column::new(COLUMN, DataType::Str)];
    Parsed {
        table: Table { columns, rows },
        notes,
    }
}
