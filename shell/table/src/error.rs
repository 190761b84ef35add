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
    /// A verb names a column that the other rows do not have.
    #[error("{verb}: {other} has no column `{name}`")]
    NotInOther {
        /// The verb.
        verb: &'static str,
        /// The other rows as the line names them.
        other: Clean,
        /// The name that was asked for.
        name: Clean,
        /// Their shown columns.
        known: Vec<Clean>,
    },
    /// `join` without `by`, and a side without nodes.
    #[error(
        "join: without `by` it compares `node`, which {} not have",
        if *is_right { format!("the rows of {other} do") } else { "the rows here do".to_owned() }
    )]
    NoNodeToJoin {
        /// The other rows as the line names them.
        other: Clean,
        /// Whether it is the other side that has none.
        is_right: bool,
    },
    /// The keys of a `join` have different types.
    #[error("join: `{name}` is {here} here and {there} in {other}")]
    UnlikeKeys {
        /// The other rows as the line names them.
        other: Clean,
        /// The key.
        name: Clean,
        /// Its type on the left side.
        here: DataType,
        /// Its type in the other rows.
        there: DataType,
    },
    /// A `join` would make more rows than it may.
    #[error("join: {left} rows and {right} rows would make {rows}, at most {max} are possible")]
    JoinTooLarge {
        /// Rows of the left side.
        left: usize,
        /// Rows of the other result.
        right: usize,
        /// Rows that would come out.
        rows: usize,
        /// How many may.
        max: usize,
    },
    /// `diff` without another result, over rows that are no answers of commands.
    #[error(
        "diff: without a result to compare with it compares what commands wrote, and the rows have no column `out`"
    )]
    NothingToDiff,
    /// Several answers are given by as many nodes, and no other by more.
    #[error("{verb}: no answer is that of most nodes: the largest groups have {nodes} each")]
    NoMajority {
        /// The verb.
        verb: &'static str,
        /// How many nodes gave each of the answers.
        nodes: usize,
    },
    /// A verb is about nodes, and the rows come from none.
    #[error("{verb}: the rows come from no node")]
    NoNodes {
        /// The verb.
        verb: &'static str,
    },
    /// `why by …` names a column of rows that the rest do not have.
    #[error("why: the rest have no rows here, so `{name}` cannot be compared")]
    RestHasNoRows {
        /// The column.
        name: Clean,
    },
    /// Another result's rows cannot be had.
    #[error("${number}: {reason}")]
    OtherResult {
        /// The other result.
        number: u32,
        /// Why.
        reason: Clean,
    },
    /// A file's rows cannot be had.
    #[error("join: {reason}")]
    OtherFile {
        /// Why; it names the file.
        reason: Clean,
        /// What to do next.
        hint: Option<String>,
    },
    /// The protocol's evaluator refused a row verb.
    #[error("{verb}: {reason}")]
    Evaluate {
        /// The verb.
        verb: &'static str,
        /// What the evaluator said.
        reason: Clean,
    },
    /// A query that cannot be carried out.
    #[error("sql: {reason}")]
    Sql {
        /// What is wrong with it.
        reason: Clean,
        /// What to do next.
        hint: Option<String>,
    },
    /// A file that cannot be read as what it is said to be.
    #[error("read a {format} file: {reason}")]
    Unreadable {
        /// The format.
        format: &'static str,
        /// What is wrong with it.
        reason: Clean,
    },
    /// An aggregate of values of a type that it cannot take.
    #[error("agg: `{function}` cannot take `{argument}`, which is {found}")]
    AggregateOf {
        /// The function.
        function: Clean,
        /// Its argument as it is written.
        argument: Clean,
        /// The argument's type.
        found: DataType,
    },
    /// A whole number that does not fit.
    #[error("agg: the {function} of `{argument}` does not fit 64 bits")]
    Overflow {
        /// The function.
        function: Clean,
        /// Its argument as it is written.
        argument: Clean,
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
            Self::NotInOther { known, .. } => Some(match known.as_slice() {
                [] => "it has no columns at all".to_owned(),
                known => format!("it has {}", join(known)),
            }),
            Self::NoNodeToJoin { .. } => {
                Some("name the columns that must be equal: `|> join … by …`".to_owned())
            }
            Self::UnlikeKeys {
                name, here, there, ..
            } => Some(match (here, there) {
                (DataType::Str, _) => as_type(name, *there, "here"),
                (_, DataType::Str) => as_type(name, *here, "there"),
                _ => format!("bring both to one type: `derive {name} = string({name})`"),
            }),
            Self::NothingToDiff => Some(NOTHING_TO_DIFF.to_owned()),
            Self::NoMajority { .. } => Some(NO_MAJORITY.to_owned()),
            Self::NoNodes { .. } => Some(NO_NODES.to_owned()),
            Self::RestHasNoRows { .. } => Some(REST_HAS_NO_ROWS.to_owned()),
            Self::JoinTooLarge { .. } => Some(JOIN_TOO_LARGE.to_owned()),
            Self::TooManyRows(_) => {
                Some("narrow it down on the nodes: `|> where …` or `|> take N per node`".to_owned())
            }
            Self::Engine { .. } => {
                Some("the result is kept as it was; `|> save FILE` exports its rows".to_owned())
            }
            Self::AggregateOf { found, .. } => Some(match found {
                DataType::Str => {
                    "text has `count`, `distinct`, `min`, `max`, `first`, `last` and `list`; \
                     `float(…)` reads numbers out of it"
                        .to_owned()
                }
                DataType::Bool => {
                    "a condition has `sum`, how often it holds, and `mean`, in which \
                                   share"
                        .to_owned()
                }
                DataType::Null
                | DataType::Int
                | DataType::Float
                | DataType::Duration
                | DataType::Size
                | DataType::Percent
                | DataType::Time => "moments have a mean and percentiles, and no sum".to_owned(),
            }),
            Self::Overflow { .. } => {
                Some("add them as floats: `sum(float(…))` rounds and does not overflow".to_owned())
            }
            Self::Sql { hint, .. } | Self::OtherFile { hint, .. } => hint.clone(),
            Self::Unreadable { .. }
            | Self::DuplicateColumn { .. }
            | Self::RowLength { .. }
            | Self::WrongType { .. }
            | Self::OtherResult { .. }
            | Self::Evaluate { .. } => None,
        }
    }
}

// What to do next, where that takes a line.
const NOTHING_TO_DIFF: &str =
    "compare rows with those of another result: `|> diff $N by …`; or group them: `|> group by …`";
const NO_MAJORITY: &str = "narrow the rows down to a group that has more nodes than the others, or compare with another result";
const NO_NODES: &str = "rows of files and of all nodes together tell nothing of single nodes";
const REST_HAS_NO_ROWS: &str = "without `by` it compares labels; columns are compared over the rows of all nodes, before `where`";
const JOIN_TOO_LARGE: &str =
    "join by more columns, or make one row of many on one side first: `|> group by …`";

/// Says how text becomes what the other side has, where the language has a function for it.
fn as_type(name: &Clean, wanted: DataType, place: &str) -> String {
    match wanted {
        DataType::Int => format!("make it a number {place}: `derive {name} = int({name})`"),
        DataType::Float => format!("make it a number {place}: `derive {name} = float({name})`"),
        DataType::Null
        | DataType::Bool
        | DataType::Str
        | DataType::Duration
        | DataType::Size
        | DataType::Percent
        | DataType::Time => {
            format!("make both text: `derive {name} = string({name})`")
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
