//! What can go wrong with a table, and what is worth saying though nothing went wrong.
//!
//! Column names may come from a node's output. Texts hold them as [`Clean`], so that an error or a
//! note can be printed as it is.

use std::fmt;

use hailer_protocol::clean::Clean;
use hailer_protocol::value::DataType;

/// Why a table could not be made or a verb not carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    /// A verb names a column that the table does not have.
    #[error("{verb}: the table has no column `{name}`")]
    UnknownColumn {
        /// The verb.
        verb: &'static str,
        /// The name that was asked for.
        name: Clean,
        /// The nearest name that there is.
        nearest: Option<Clean>,
        /// All names, shown columns first.
        known: Vec<Clean>,
    },
    /// `group` without columns over something that is not the result of a command.
    #[error(
        "group: without `by` it compares state, rc, out and err, and the table has no `{missing}`"
    )]
    NoDefaultGroup {
        /// The first of the four that is not there.
        missing: &'static str,
    },
    /// Two columns have the same name.
    #[error("two columns are named `{name}`")]
    DuplicateColumn {
        /// The name.
        name: Clean,
    },
    /// A row is not as long as the columns.
    #[error("row {row} has {found} values under {expected} columns")]
    RowLength {
        /// Counted from 0.
        row: usize,
        /// How many columns there are.
        expected: usize,
        /// How many values the row has.
        found: usize,
    },
    /// More rows than the engine can number.
    #[error("the table would have {0} rows, at most {max} are possible", max = crate::engine::ROWS_MAX)]
    TooManyRows(usize),
    /// A value is not of its column's type.
    #[error("column `{column}` holds {expected} and was given a {found}")]
    WrongType {
        /// The column.
        column: Clean,
        /// The column's type.
        expected: DataType,
        /// The value's type.
        found: DataType,
    },
    /// The protocol's evaluator refused a row verb.
    #[error("{verb}: {reason}")]
    Evaluate {
        /// The verb.
        verb: &'static str,
        /// What the evaluator said.
        reason: Clean,
    },
    /// The engine failed or panicked on data that it should have taken.
    #[error("{doing}: the table engine failed: {reason}")]
    Engine {
        /// What was being done.
        doing: &'static str,
        /// What the engine said.
        reason: Clean,
    },
}

impl TableError {
    /// Returns what to do next, where that is known.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::UnknownColumn { nearest, known, .. } => Some(match nearest {
                Some(name) => format!("did you mean `{name}`?"),
                None if known.is_empty() => "the table has no columns at all".to_owned(),
                None => format!("it has {}", join(known)),
            }),
            Self::NoDefaultGroup { .. } => {
                Some("name the columns to compare: `|> group by …`".to_owned())
            }
            Self::TooManyRows(_) => {
                Some("narrow it down on the nodes: `|> where …` or `|> take N per node`".to_owned())
            }
            Self::Engine { .. } => {
                Some("the result is kept as it was; `|> save FILE` exports its rows".to_owned())
            }
            Self::DuplicateColumn { .. }
            | Self::RowLength { .. }
            | Self::WrongType { .. }
            | Self::Evaluate { .. } => None,
        }
    }
}

fn join(names: &[Clean]) -> String {
    names
        .iter()
        .map(Clean::as_str)
        .collect::<Vec<_>>()
        .join(", ")
}

/// One thing to say below a table: what was cut, mixed or left out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Note(Clean);

impl Note {
    /// Makes a note; what cannot be printed is escaped.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(Clean::line(text))
    }

    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
