//! Tables: rows of values under named columns, as probes yield them and batches carry them.

use serde::{Deserialize, Serialize};

use crate::value::{DataType, Value};

/// One column's name and type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// The name that expressions use: lower case, `[a-z0-9_]`.
    pub name: String,
    /// The heading as the tool printed it (`Use%`), where it differs from the name.
    pub heading: Option<String>,
    /// The type of every value that is not null.
    pub data_type: DataType,
}

impl Column {
    /// Makes a column without an own heading.
    #[must_use]
    pub fn new(name: impl Into<String>, data_type: DataType) -> Self {
        Self {
            name: name.into(),
            heading: None,
            data_type,
        }
    }

    /// Returns what is printed above the column.
    #[must_use]
    pub fn heading(&self) -> &str {
        self.heading.as_deref().unwrap_or(&self.name)
    }
}

/// One row; as long as the table has columns.
pub type Row = Vec<Value>;

/// Rows under columns.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Table {
    /// The columns, in order; names are unique.
    pub columns: Vec<Column>,
    /// The rows; each as long as `columns`.
    pub rows: Vec<Row>,
}

impl Table {
    /// Makes a table without rows.
    #[must_use]
    pub const fn new(columns: Vec<Column>) -> Self {
        Self {
            columns,
            rows: Vec::new(),
        }
    }

    /// Returns the position of a column.
    #[must_use]
    pub fn index_of(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|c| c.name == name)
    }

    /// Returns a column's values from top to bottom, or `None` where there is no such column.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<Vec<&Value>> {
        let at = self.index_of(name)?;
        Some(self.rows.iter().filter_map(|r| r.get(at)).collect())
    }

    /// Whether every row is as long as the columns: what a decoder must ask of a peer's table.
    #[must_use]
    pub fn is_rectangular(&self) -> bool {
        self.rows.iter().all(|r| r.len() == self.columns.len())
    }
}
