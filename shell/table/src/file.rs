//! Tables in files: what `save` writes and `open` reads.
//!
//! The shown columns are written, the rows' node first. What is written depends on the columns'
//! names and types alone, and not on the values, so that a program that reads one file of a line
//! reads every other one too.
//!
//! | type | Parquet | CSV | JSON, NDJSON |
//! |---|---|---|---|
//! | bool | BOOLEAN | `true`, `false` | `true`, `false` |
//! | int | INT64 | digits | digits |
//! | float | DOUBLE | with `.` or `e`; `NaN`, `inf` | with `.` or `e`; NaN and infinity are `null` |
//! | string | UTF8 | always in quotes | a string |
//! | size | INT64, bytes | `NAME.bytes`: digits | `NAME.bytes`: digits |
//! | percent | DOUBLE, points | `NAME.percent`: points | `NAME.percent`: points |
//! | duration | INT64, nanoseconds | `NAME.seconds`: exact | `NAME.seconds`: exact |
//! | time | TIMESTAMP, ms, UTC | `NAME.time`: RFC 3339 | `NAME.time`: RFC 3339 |
//! | null | null | an empty field | `null` |
//!
//! In CSV and JSON the unit stands behind the column's name: `size.bytes` is column `size`, of sizes.
//! A name that would end so without being of the type has its type behind it (`net.bytes.int`).
//! Parquet keeps names, types and headings in the key `hailer` of its metadata.
//!
//! What does not come back as it was: control characters in CSV text, which are escaped as tables
//! show them; NaN in JSON; nanoseconds of durations beyond 104 days in JSON, since programs read its
//! numbers as floats; the columns of a JSON file without rows.
//!
//! Rows from a file are of no node: a column `node` in it is text like any other, and nothing that a
//! file says can become a deed's target. What is opened is bounded, and what is left out is said.

mod csv;
mod field;
mod json;
pub(crate) mod names;
mod parquet;

use hailer_lang::file_format::FileFormat;
use hailer_protocol::clean::Clean;

use crate::error::{Note, TableError};
use crate::frame::Frame;

/// The longest file that is opened. All of it is held in memory, and then its rows are.
pub const FILE_BYTES_MAX: u64 = 256 << 20;

/// The most values that are read out of one file.
const CELLS_MAX: usize = 16 << 20;

/// The most columns that are read out of one file.
const COLUMNS_MAX: usize = 1024;

/// Returns a frame's shown columns as the content of a file.
///
/// # Errors
/// When the engine cannot write them.
pub fn write(frame: &Frame, format: FileFormat) -> Result<Vec<u8>, TableError> {
    Ok(match format {
        FileFormat::Parquet => parquet::write(frame)?,
        FileFormat::Csv => csv::write(frame, b',').into_bytes(),
        FileFormat::Tsv => csv::write(frame, b'\t').into_bytes(),
        FileFormat::Ndjson => json::lines(frame).into_bytes(),
        FileFormat::Json => json::document(frame).into_bytes(),
    })
}

/// Makes rows without nodes of the content of a file.
///
/// # Errors
/// When it is not what its format says, or too large.
pub fn read(bytes: Vec<u8>, format: FileFormat) -> Result<(Frame, Vec<Note>), TableError> {
    match format {
        FileFormat::Parquet => parquet::read(bytes),
        FileFormat::Csv => csv::read(text(&bytes, format)?, b','),
        FileFormat::Tsv => csv::read(text(&bytes, format)?, b'\t'),
        FileFormat::Ndjson => json::read_lines(text(&bytes, format)?),
        FileFormat::Json => json::read_document(text(&bytes, format)?),
    }
}

fn text(bytes: &[u8], format: FileFormat) -> Result<&str, TableError> {
    let text = std::str::from_utf8(bytes).map_err(|e| {
        unreadable(
            format,
            &format!(
                "it is not UTF-8 text: byte {} does not fit",
                e.valid_up_to() + 1
            ),
        )
    })?;
    // Some tools begin a file with a mark of its byte order.
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

fn unreadable(format: FileFormat, reason: &str) -> TableError {
    TableError::Unreadable {
        format: format.name(),
        reason: Clean::line(reason),
    }
}

/// Refuses what would take all memory.
fn check_size(format: FileFormat, columns: usize, rows: usize) -> Result<(), TableError> {
    if columns > COLUMNS_MAX {
        return Err(unreadable(
            format,
            &format!("it has {columns} columns, at most {COLUMNS_MAX} can be opened"),
        ));
    }
    if columns.saturating_mul(rows) > CELLS_MAX {
        return Err(unreadable(
            format,
            &format!(
                "it has {rows} rows of {columns} columns, at most {CELLS_MAX} values can be opened"
            ),
        ));
    }
    Ok(())
}
