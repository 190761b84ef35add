//! Notes: what a reader must know about a table that its rows do not say.
//!
//! Nothing is cut, skipped or guessed without one.

use std::fmt;

use crate::limits::NOTES_MAX;

/// One remark on how a table came about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// `parse` was left to find out the format, and this is what it took the text to be.
    ParsedAs(Format),
    /// The rows of a JSON document are the elements of the list under this key.
    RowsUnder(String),
    /// Lines around the table: above its headings and below its end.
    LinesAround {
        /// Lines above the headings.
        above: usize,
        /// Lines below the table's end.
        below: usize,
    },
    /// Rows of which not every word lies under one heading; what could not be placed is null.
    RowsNotAligned(usize),
    /// Numbers that may be thousands or fractions (`1,234`), in these columns; they are text.
    AmbiguousNumbers(Vec<String>),
    /// Numbers whose unit the tool does not print.
    NoUnit(&'static str),
    /// More keys than a table has columns: each is a row of `key` and `value`.
    KeysAreRows(usize),
    /// Lines within the text that are no row in this format, and were left out.
    LinesNotFitting(usize),
    /// There were more rows than one node may hand on.
    RowsCut {
        /// Rows that were kept.
        kept: usize,
        /// Rows, or lines, that were left out.
        left_out: usize,
    },
    /// There were more columns than a table may have.
    ColumnsCut {
        /// Columns that were kept.
        kept: usize,
    },
    /// The output was cut before it was parsed: rows are missing at its end.
    InputCut,
    /// Values that did not fit their type in a computation, and are null.
    Overflowed(u64),
}

/// What `parse` can take text to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Columns under headings.
    Columns,
    /// Aligned columns without headings; they are named `c1`, `c2` …
    ColumnsWithoutHeadings,
    /// JSON.
    Json,
    /// Keys and values.
    KeyValue,
    /// Comma-separated values.
    Csv,
    /// Tab-separated values.
    Tsv,
    /// One row a line.
    Lines,
    /// A regular expression's groups.
    Regex,
    /// What this tool prints.
    Tool(&'static str),
}

impl Format {
    /// Returns the format's name in messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Columns => "columns",
            Self::ColumnsWithoutHeadings => "columns without headings",
            Self::Json => "json",
            Self::KeyValue => "kv",
            Self::Csv => "csv",
            Self::Tsv => "csv with tabs",
            Self::Lines => "lines",
            Self::Regex => "regex",
            Self::Tool(name) => name,
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ParsedAs(format) => write!(f, "parsed as {format}"),
            Self::RowsUnder(key) => write!(f, "rows are the elements of `{key}`"),
            Self::LinesAround { above, below } => match (above, below) {
                (above, 0) => write!(f, "left out {} above the table", lines(*above)),
                (0, below) => write!(f, "left out {} below the table", lines(*below)),
                (above, below) => {
                    let above = lines(*above);
                    write!(f, "left out {above} above and {below} below the table")
                }
            },
            Self::RowsNotAligned(n) => write!(
                f,
                "{} not under the headings; what could not be placed is null",
                if *n == 1 {
                    "1 row was".to_owned()
                } else {
                    format!("{n} rows were")
                }
            ),
            Self::AmbiguousNumbers(columns) => {
                let columns = columns.join("`, `");
                write!(
                    f,
                    "`{columns}` may hold thousands or fractions, and is text"
                )
            }
            Self::NoUnit(how) => write!(f, "the tool prints no unit: {how}"),
            Self::KeysAreRows(n) => {
                write!(
                    f,
                    "{n} keys are too many columns: each is a row of `key` and `value`"
                )
            }
            Self::LinesNotFitting(n) => write!(f, "{} did not fit", lines(*n)),
            Self::RowsCut { kept, left_out } => {
                write!(f, "kept the first {kept} rows, left out {left_out}")
            }
            Self::ColumnsCut { kept } => write!(f, "kept the first {kept} columns"),
            Self::InputCut => {
                f.write_str("the output was cut before parsing; rows are missing at its end")
            }
            Self::Overflowed(1) => f.write_str("1 value did not fit its type and is null"),
            Self::Overflowed(n) => write!(f, "{n} values did not fit their type and are null"),
        }
    }
}

/// Writes notes as they cross the wire: bounded each and in number, and says what was left out.
#[must_use]
pub fn bounded(notes: &[Note]) -> Vec<String> {
    let mut texts: Vec<String> = notes
        .iter()
        .take(NOTES_MAX)
        .map(|note| crate::error::bounded(note.to_string()))
        .collect();
    if notes.len() > NOTES_MAX {
        texts.push(format!("and {} more notes", notes.len() - NOTES_MAX));
    }
    texts
}

fn lines(n: usize) -> String {
    if n == 1 {
        "1 line".to_owned()
    } else {
        format!("{n} lines")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::ERROR_TEXT_MAX;

    #[test]
    fn what_a_node_prints_decides_neither_the_length_nor_the_number_of_notes() {
        let long = Note::RowsUnder("k".repeat(1 << 20));
        let texts = bounded(&vec![long; NOTES_MAX + 5]);
        assert_eq!(texts.len(), NOTES_MAX + 1);
        assert!(texts.iter().all(|t| t.len() <= ERROR_TEXT_MAX));
        assert_eq!(texts.last().map(String::as_str), Some("and 5 more notes"));
    }
}
