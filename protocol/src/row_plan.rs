//! Row plans: the part of a line that needs one node's rows only, and therefore runs on the node.
//!
//! A row plan turns a probe's [`Table`](crate::table::Table) into another one. The evaluator is in
//! [`crate::eval`], and is the same on a node and over a result that the shell has kept.

use serde::{Deserialize, Serialize};

use crate::expr::Expr;
use crate::time::Wall;

/// Steps in order; an empty plan hands the probe's answer on as it is.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct RowPlan {
    /// At most [`crate::limits::PLAN_STEPS_MAX`].
    pub steps: Vec<RowStep>,
}

/// One row verb.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum RowStep {
    /// `parse`: the text of column `out` becomes rows and columns.
    Parse(ParseAs),
    /// `where`: keeps the rows for which the expression is true.
    Where(Expr),
    /// `select`: these columns, in this order.
    Select(Vec<Projection>),
    /// `derive`: adds columns, or replaces those of the same name.
    Derive(Vec<Projection>),
    /// `take N per node`: the first rows of each node.
    Take(u64),
}

impl RowStep {
    /// Puts a moment in the place of every `now()`.
    pub fn fix_now(&mut self, now: Wall) {
        match self {
            Self::Where(expr) => expr.fix_now(now),
            Self::Select(projections) | Self::Derive(projections) => {
                projections.iter_mut().for_each(|p| p.expr.fix_now(now));
            }
            Self::Parse(_) | Self::Take(_) => {}
        }
    }
}

/// A named expression in `select` or `derive`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Projection {
    /// The column's new name.
    pub name: String,
    /// Its value.
    pub expr: Expr,
}

/// What `parse` takes the text to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ParseAs {
    /// Find out, and say in the result what was found.
    Auto,
    /// Columns under a header line, as `ps`, `df`, `ss`, `free` and `lsblk` print them.
    Columns,
    /// One JSON document or one a line.
    Json,
    /// `key=value` words or `key: value` lines.
    KeyValue,
    /// Comma- or tab-separated values under a header line.
    Csv,
    /// One row a line, in column `line`.
    Lines,
    /// A regular expression with named groups, tried on each line.
    Regex(String),
}
