//! `parse`: text that Linux tools print becomes tables.
//!
//! Every format reads any text without failing badly: what does not fit is counted in a
//! [`Note`], and text of which nothing fits is an error, so that a condition over
//! it is unanswered rather than false. Text that is empty is an empty table: a tool that has nothing
//! to list prints nothing. Work and memory grow with the text's length and no faster.
//!
//! Cells are typed by column: a column has one type, and what is mixed is text.

pub mod columns;
pub mod csv;
pub mod detect;
pub mod json;
pub mod key_value;
mod known;
pub mod lines;
pub mod name;
pub mod regex;
pub(crate) mod typing;

use thiserror::Error;

use crate::limits;
use crate::note::{Format, Note};
use crate::row_plan::ParseAs;
use crate::table::{Column, Row, Table};
use crate::value::{DataType, Value};

pub use self::name::column_name;
pub use self::regex::{LinePattern, PatternError};

/// A parser that is ready to run: its regular expression, if it has one, is compiled.
#[derive(Debug, Clone)]
pub struct Parser {
    kind: Kind,
}

#[derive(Debug, Clone)]
enum Kind {
    Auto,
    Columns,
    Json,
    KeyValue,
    Csv,
    Lines,
    Regex(LinePattern),
}

/// A table out of text, and what its reader must know about it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Parsed {
    /// The rows.
    pub table: Table,
    /// What was found, left out and cut.
    pub notes: Vec<Note>,
}

/// Text that is not in the format that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("parse {} bytes of output as {format}: {reason}", .bytes)]
pub struct ParseError {
    /// What the text was taken to be.
    pub format: Format,
    /// How long the text is.
    pub bytes: usize,
    /// Why it is not.
    pub reason: String,
}

impl Parser {
    /// Makes a parser; fails only for a regular expression that cannot be used.
    pub fn new(parse_as: &ParseAs) -> Result<Self, PatternError> {
        let kind = match parse_as {
            ParseAs::Auto => Kind::Auto,
            ParseAs::Columns => Kind::Columns,
            ParseAs::Json => Kind::Json,
            ParseAs::KeyValue => Kind::KeyValue,
            ParseAs::Csv => Kind::Csv,
            ParseAs::Lines => Kind::Lines,
            ParseAs::Regex(pattern) => Kind::Regex(LinePattern::new(pattern)?),
        };
        Ok(Self { kind })
    }

    /// Makes a table of text. The caller bounds the text to [`limits::PARSE_INPUT_MAX`] bytes.
    pub fn parse(&self, text: &str) -> Result<Parsed, ParseError> {
        if text.bytes().all(|b| b.is_ascii_whitespace()) {
            return Ok(Parsed::default());
        }
        match &self.kind {
            Kind::Auto => detect::parse(text),
            Kind::Columns => columns::parse(text),
            Kind::Json => json::parse(text),
            Kind::KeyValue => key_value::parse(text),
            Kind::Csv => csv::parse(text),
            Kind::Lines => Ok(lines::parse(text)),
            Kind::Regex(pattern) => pattern.parse(text),
        }
    }

    /// [`Parser::parse`] of bytes; what is not UTF-8 becomes U+FFFD.
    pub fn parse_bytes(&self, bytes: &[u8]) -> Result<Parsed, ParseError> {
        self.parse(&String::from_utf8_lossy(bytes))
    }
}

impl ParseError {
    fn new(format: Format, text: &str, reason: impl Into<String>) -> Self {
        Self {
            format,
            bytes: text.len(),
            reason: reason.into(),
        }
    }
}

/// Rows under construction: counts what exceeds the bounds instead of keeping it.
#[derive(Debug, Default)]
struct RowSink {
    rows: Vec<Row>,
    cells: usize,
    left_out: usize,
}

impl RowSink {
    fn is_full(&self) -> bool {
        self.rows.len() >= limits::ROWS_PER_NODE_MAX || self.cells >= limits::PARSE_CELLS_MAX
    }

    /// Takes a row if there is room; the row is only made if it is kept.
    fn push_with(&mut self, row: impl FnOnce() -> Row) {
        if self.is_full() {
            self.left_out += 1;
        } else {
            let row = row();
            self.cells += row.len().max(1);
            self.rows.push(row);
        }
    }

    /// Returns the rows, each as long as there are `columns`, and notes it where some were left out.
    fn finish(mut self, columns: usize, notes: &mut Vec<Note>) -> Vec<Row> {
        let most = limits::PARSE_CELLS_MAX / columns.max(1);
        self.left_out += self.rows.len().saturating_sub(most);
        self.rows.truncate(most);
        for row in &mut self.rows {
            row.resize(columns, Value::Null);
        }
        if self.left_out > 0 {
            notes.push(Note::RowsCut {
                kept: self.rows.len(),
                left_out: self.left_out,
            });
        }
        self.rows
    }
}

/// Makes columns out of headings: named, made unique, not yet typed.
fn columns_of(headings: &[String]) -> Vec<Column> {
    let names = name::unique_names(headings.iter().map(|h| column_name(h)));
    names
        .into_iter()
        .zip(headings)
        .map(|(name, heading)| Column {
            heading: (*heading != name && !heading.is_empty()).then(|| heading.clone()),
            name,
            data_type: DataType::Null,
        })
        .collect()
}

/// Drops headings beyond the bound, and notes it.
fn bound_headings(headings: &mut Vec<String>, notes: &mut Vec<Note>) {
    if headings.len() > limits::COLUMNS_MAX {
        headings.truncate(limits::COLUMNS_MAX);
        notes.push(Note::ColumnsCut {
            kept: limits::COLUMNS_MAX,
        });
    }
}
