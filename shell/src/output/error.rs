//! What can go wrong with output.

use std::io;

use super::Format;

/// Why a result could not be written.
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    /// The file, pipe or terminal refused.
    #[error("write output: {0}")]
    Write(#[source] io::Error),
    /// `--raw` into a terminal, which bytes of a node must never reach.
    #[error(
        "write raw output: standard output is a terminal, and bytes of a node could command it"
    )]
    RawToTerminal,
    /// `--raw` with a format that is not bytes.
    #[error("write raw output: `{}` has no raw form", .0.as_str())]
    RawFormat(Format),
    /// The answers could not be made a table.
    #[error("write output as a table: {0}")]
    Table(#[source] hailer_table::TableError),
    /// Lines without end in a format that wants all of them.
    #[error("follow lines as `{}`: the format needs all of them", .0.as_str())]
    FollowFormat(Format),
    /// Rows one by one in a format that has to know all columns first.
    #[error("write rows of one node as `{}`: the format needs the whole table", .0.as_str())]
    RowsNeedTable(Format),
}

impl OutputError {
    /// Returns what to do next, where that is known.
    #[must_use]
    pub const fn hint(&self) -> Option<&'static str> {
        match self {
            Self::RawToTerminal => {
                Some("leave out `--raw`, or send the output into a file or a pipe")
            }
            Self::RawFormat(_) => Some("`--format text` has one"),
            Self::RowsNeedTable(_) => Some("`--format ndjson` writes rows as they come"),
            Self::FollowFormat(_) => {
                Some("`--format text` and `--format ndjson` write them as they come")
            }
            Self::Write(_) | Self::Table(_) => None,
        }
    }
}
