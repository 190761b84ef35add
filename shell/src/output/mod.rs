//! Batch output: a result for a pipe, a file or a program, one format a file.
//!
//! A [`Writer`] is told of answers as they come and of the end, and writes. Data goes to `out`
//! (standard output); what a format has no place for (who did not answer, in `csv`) goes to
//! `talk` (standard error), so that nothing is hidden and data stays data. Whoever stops reading
//! ends the output, and that is no error.

mod error;
mod sink;

mod csv;
pub mod follow;
mod groups;
mod json;
mod ndjson;
pub mod out_dir;
mod record;
mod table;
mod text;

#[cfg(test)]
mod tests;

use std::io::Write;
use std::sync::Arc;

use hailer_table::{Frame, NodeNames};

use crate::fleet::answer::Answer;
use crate::fleet::gather::Gather;
use crate::fleet::summary::Summary;
use crate::view::style::Look;

pub use error::OutputError;
pub use sink::Flow;

/// Names of nodes, as writers keep them.
pub type Names = Arc<dyn NodeNames + Send + Sync>;

/// The form of results.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, clap::ValueEnum)]
pub enum Format {
    /// Equal answers together, the odd ones first
    Groups,
    /// A table, one row a node
    Table,
    /// Every line of output behind its node's name
    Text,
    /// One document
    Json,
    /// One record a line, as answers arrive; the last one is the summary
    Ndjson,
    /// Comma-separated values under a header
    Csv,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 6] = [
        Self::Groups,
        Self::Table,
        Self::Text,
        Self::Json,
        Self::Ndjson,
        Self::Csv,
    ];

    /// Returns the format's name, as flags give it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Groups => "groups",
            Self::Table => "table",
            Self::Text => "text",
            Self::Json => "json",
            Self::Ndjson => "ndjson",
            Self::Csv => "csv",
        }
    }

    /// Finds a format by its name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.as_str() == name)
    }

    /// Whether answers that are rows can be written one by one. The others need all columns
    /// before the first row, and so a table.
    #[must_use]
    pub const fn streams_rows(self) -> bool {
        match self {
            Self::Json | Self::Ndjson => true,
            Self::Groups | Self::Table | Self::Text | Self::Csv => false,
        }
    }
}

/// The end of a run: all that was gathered, before any verb.
#[derive(Debug, Clone, Copy)]
pub struct End<'a> {
    /// Every answer.
    pub gather: &'a Gather,
    /// Their sums.
    pub summary: &'a Summary,
    /// The exit code that the line leads to: the run's, or a worse one that a check asked for.
    pub exit_code: u8,
}

/// Writes one result in one format.
///
/// A command's result comes as [`on_answer`](Self::on_answer) for each answer; a result that is a
/// table comes as [`on_table`](Self::on_table), once; never both. Then comes
/// [`on_end`](Self::on_end), whatever happened. After [`Flow::Closed`] nothing is written any more.
pub trait Writer: Send {
    /// Takes one answer, when it has come in.
    ///
    /// # Errors
    /// When it cannot be written, or it has rows and the format [needs a
    /// table](Format::streams_rows) for them.
    fn on_answer(&mut self, answer: &Answer) -> Result<Flow, OutputError>;

    /// Takes the table that the result is.
    ///
    /// # Errors
    /// When it cannot be written.
    fn on_table(&mut self, frame: &Frame) -> Result<Flow, OutputError>;

    /// Takes the end; `None` where no node was asked.
    ///
    /// # Errors
    /// When it cannot be written.
    fn on_end(&mut self, end: Option<End<'_>>) -> Result<Flow, OutputError>;
}

/// Where a writer writes, and how.
pub struct Options<O, T> {
    /// Where data goes.
    pub out: O,
    /// Where goes what is said about the data.
    pub talk: T,
    /// How text for people is drawn on `out`.
    pub look: Look,
    /// How text for people is drawn on `talk`.
    pub talk_look: Look,
    /// Names of nodes.
    pub names: Names,
    /// Bytes of nodes as they are, without their names (`text` only).
    pub is_raw: bool,
    /// Whether the result is rows: then an answer without any is a failure, and no row.
    pub has_rows: bool,
    /// Whether `out` is a terminal.
    pub out_is_terminal: bool,
    /// Whether `talk` is a terminal.
    pub talk_is_terminal: bool,
    /// Which turn of a line that is asked again and again this is (`ndjson` only).
    pub turn: Option<u64>,
}

impl<O, T> std::fmt::Debug for Options<O, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options")
            .field("look", &self.look)
            .field("talk_look", &self.talk_look)
            .field("is_raw", &self.is_raw)
            .field("has_rows", &self.has_rows)
            .finish_non_exhaustive()
    }
}

/// Makes the writer of a format.
///
/// # Errors
/// When raw bytes are asked for where a terminal would read them, or of a format that has none.
pub fn writer<O, T>(format: Format, options: Options<O, T>) -> Result<Box<dyn Writer>, OutputError>
where
    O: Write + Send + 'static,
    T: Write + Send + 'static,
{
    if options.is_raw && format != Format::Text {
        return Err(OutputError::RawFormat(format));
    }
    if options.is_raw && options.out_is_terminal {
        return Err(OutputError::RawToTerminal);
    }
    Ok(match format {
        Format::Groups => Box::new(groups::Groups::new(options)),
        Format::Table => Box::new(table::Table::new(options)),
        Format::Text => Box::new(text::Text::new(options)),
        Format::Json => Box::new(json::Json::new(options)),
        Format::Ndjson => Box::new(ndjson::Ndjson::new(options)),
        Format::Csv => Box::new(csv::Csv::new(options)),
    })
}
