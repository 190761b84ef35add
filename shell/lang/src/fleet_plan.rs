//! Fleet plans: the part of a line that needs more than one node's rows, and runs in the shell.

use hailer_protocol::expr::Expr;
use hailer_protocol::row_plan::RowStep;

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
    /// `take N`: the first rows of the whole table.
    Take(u64),
}

/// One key of a `sort`.
#[derive(Debug, Clone, PartialEq)]
pub struct SortKey {
    /// What is compared.
    pub expr: Expr,
    /// Highest first.
    pub descending: bool,
}
