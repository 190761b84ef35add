//! Fleet plans: the part of a line that needs more than one node's rows, and runs in the shell.

use std::fmt;

use hailer_protocol::expr::Expr;
use hailer_protocol::row_plan::RowStep;
use hailer_protocol::time::Wall;

use crate::aggregate::AggregateCall;
use crate::file_format::FileFormat;
use crate::write;

/// One verb that runs in the shell.
#[derive(Debug, Clone, PartialEq)]
pub enum FleetStep {
    /// A row verb that comes after a fleet verb, works on a kept result, or reads labels.
    Row(RowStep),
    /// `group [by …]`: one row for each distinct combination of the columns, with the node set that
    /// shares it. Without columns: `(state, rc, out, err)`.
    Group {
        /// The columns; empty for the default.
        by: Vec<String>,
    },
    /// `count [by …]`: how many rows there are, in all or for each combination of the columns.
    Count {
        /// The columns; empty for one number.
        by: Vec<String>,
    },
    /// `sort KEY [desc], …`.
    Sort {
        /// Most significant first.
        keys: Vec<SortKey>,
    },
    /// `top N by KEY`: the N rows with the highest key, highest first.
    Top {
        /// How many.
        n: u64,
        /// By what.
        by: Expr,
    },
    /// `agg FUNCTION(EXPR), … [by …]`: one row for each combination of the columns, or one in all.
    Agg {
        /// The columns that are computed, in order.
        calls: Vec<AggregateCall>,
        /// The columns that rows are put together by; empty for one row.
        by: Vec<String>,
    },
    /// `uniq [by …]`: the first of the rows that are equal.
    Uniq {
        /// The columns that are compared; empty for all that are shown, without `node`.
        by: Vec<String>,
    },
    /// `sql 'QUERY'`: whatever the query selects.
    Sql {
        /// The query as it was written.
        query: String,
        /// The numbers of the results that it names.
        results: Vec<u32>,
    },
    /// `take N`: the first rows of the whole table.
    Take(u64),
    /// `join [left] $N|FILE [by …]`: each row beside the other rows that are equal in these columns.
    Join {
        /// Where the other rows are from.
        with: Beside,
        /// The columns; empty for `node`.
        by: Vec<String>,
        /// Rows without a match stay, with nulls.
        is_left: bool,
    },
    /// `diff [$N] [by …]`: how answers differ from that of most nodes, or from an earlier result.
    Diff {
        /// The earlier result's number; `None` for the majority.
        with: Option<u32>,
        /// The columns that say, beside the node, which rows are one row at two times.
        by: Vec<String>,
    },
    /// `why [by …]`: what tells the odd nodes from the rest.
    Why {
        /// The columns that may; empty for labels and facts.
        by: Vec<String>,
    },
}

impl FleetStep {
    /// Returns the numbers of the results that the step reads beside its own rows.
    #[must_use]
    pub fn other_results(&self) -> Vec<u32> {
        match self {
            Self::Join {
                with: Beside::Result(number),
                ..
            } => vec![*number],
            Self::Join {
                with: Beside::File(_),
                ..
            } => Vec::new(),
            Self::Diff { with, .. } => with.iter().copied().collect(),
            Self::Sql { results, .. } => results.clone(),
            Self::Row(_)
            | Self::Why { .. }
            | Self::Group { .. }
            | Self::Count { .. }
            | Self::Sort { .. }
            | Self::Top { .. }
            | Self::Agg { .. }
            | Self::Uniq { .. }
            | Self::Take(_) => Vec::new(),
        }
    }

    /// Whether what it makes says something of all rows, so that rows which are not there make it
    /// wrong, and not only shorter.
    #[must_use]
    pub const fn speaks_of_all(&self) -> bool {
        match self {
            Self::Count { .. }
            | Self::Top { .. }
            | Self::Agg { .. }
            | Self::Uniq { .. }
            | Self::Sql { .. }
            | Self::Join { .. } => true,
            Self::Row(_)
            | Self::Group { .. }
            | Self::Sort { .. }
            | Self::Take(_)
            | Self::Diff { .. }
            | Self::Why { .. } => false,
        }
    }

    /// Returns the file that the step reads beside its own rows.
    #[must_use]
    pub const fn file(&self) -> Option<&TableFile> {
        match self {
            Self::Join {
                with: Beside::File(file),
                ..
            } => Some(file),
            Self::Join {
                with: Beside::Result(_),
                ..
            }
            | Self::Row(_)
            | Self::Diff { .. }
            | Self::Sql { .. }
            | Self::Why { .. }
            | Self::Group { .. }
            | Self::Count { .. }
            | Self::Sort { .. }
            | Self::Top { .. }
            | Self::Agg { .. }
            | Self::Uniq { .. }
            | Self::Take(_) => None,
        }
    }

    /// Puts a moment in the place of every `now()`: the shell's steps see one time each line.
    pub fn fix_now(&mut self, now: Wall) {
        match self {
            Self::Row(step) => step.fix_now(now),
            Self::Sort { keys } => keys.iter_mut().for_each(|k| k.expr.fix_now(now)),
            Self::Top { by, .. } => by.fix_now(now),
            Self::Agg { calls, .. } => calls
                .iter_mut()
                .filter_map(|c| c.argument.as_mut())
                .for_each(|expr| expr.fix_now(now)),
            Self::Group { .. }
            | Self::Count { .. }
            | Self::Uniq { .. }
            | Self::Sql { .. }
            | Self::Take(_)
            | Self::Join { .. }
            | Self::Diff { .. }
            | Self::Why { .. } => {}
        }
    }
}

/// What a `join` puts beside its rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Beside {
    /// The rows of the result of this number.
    Result(u32),
    /// The rows of a file, which are of no node, whatever they say.
    File(TableFile),
}

/// A file that holds a table, on the operator's machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableFile {
    /// The file as it was named; a leading `~` is the operator's home.
    pub file: String,
    /// In which format it is.
    pub format: FileFormat,
}

impl fmt::Display for Beside {
    /// Writes it as it stands behind `join`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Result(number) => write!(f, "${number}"),
            Self::File(TableFile { file, .. }) => f.write_str(&write::file_name(file)),
        }
    }
}

/// One key of a `sort`.
#[derive(Debug, Clone, PartialEq)]
pub struct SortKey {
    /// What is compared.
    pub expr: Expr,
    /// Highest first.
    pub descending: bool,
}
