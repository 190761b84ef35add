//! The frame: a table of the whole fleet.
//!
//! Three things side by side, row for row: typed cells (in polars, units in the metadata), what is
//! known of each column, and which nodes each row was observed on.

use std::sync::Arc;

use hailer_protocol::table::{Column, Row, Table};
use hailer_protocol::value::{DataType, Value};

use crate::column::{FrameColumn, Origin, find, qualify};
use crate::diff::DiffReport;
use crate::engine::{self, Cells, Data};
use crate::error::{Note, TableError};
use crate::provenance::{NodeId, Provenance};
use crate::typed::{mixed_note, settle};

/// A table with hidden columns and hidden provenance.
#[derive(Debug, Clone)]
pub struct Frame {
    columns: Vec<FrameColumn>,
    data: Data,
    provenance: Provenance,
    /// How to draw the rows where they are a difference; gone with the next verb.
    diff: Option<Arc<DiffReport>>,
    /// Columns may be missing, since no node told its own.
    is_untold: bool,
}

/// One row on its way into a frame.
#[derive(Debug, Clone, PartialEq)]
pub struct FrameRow {
    /// Where it was observed; without a node it can never become a deed's target.
    pub node: Option<NodeId>,
    /// As many values as there are columns.
    pub values: Vec<Value>,
}

impl Frame {
    /// Makes a frame of rows, in their order.
    ///
    /// A column takes the widest type of its values; where they have only text in common they
    /// become text, which a note says.
    ///
    /// # Errors
    /// When a row is not as long as the columns, two columns of the rows have one name, or the
    /// engine fails.
    pub fn from_rows(
        columns: Vec<FrameColumn>,
        rows: Vec<FrameRow>,
    ) -> Result<(Self, Vec<Note>), TableError> {
        let mut provenance = Provenance::with_capacity(rows.len());
        let mut values: Vec<Vec<Value>> = columns
            .iter()
            .map(|_| Vec::with_capacity(rows.len()))
            .collect();
        for (at, row) in rows.into_iter().enumerate() {
            if row.values.len() != columns.len() {
                return Err(TableError::RowLength {
                    row: at,
                    expected: columns.len(),
                    found: row.values.len(),
                });
            }
            provenance.push(row.node);
            for (column, value) in values.iter_mut().zip(row.values) {
                column.push(value);
            }
        }
        Self::from_values(columns.into_iter().zip(values).collect(), provenance)
    }

    /// Makes a frame of columns with their values, which settle on one type each.
    pub(crate) fn from_values(
        columns: Vec<(FrameColumn, Vec<Value>)>,
        provenance: Provenance,
    ) -> Result<(Self, Vec<Note>), TableError> {
        let mut notes = Vec::new();
        let mut metadata = Vec::with_capacity(columns.len());
        let mut data = Vec::with_capacity(columns.len());
        for (column, values) in columns {
            let (column, cells, note) = typed_column(column, values)?;
            metadata.push(column);
            data.push(cells);
            notes.extend(note);
        }
        Ok((Self::from_parts(metadata, data, provenance)?, notes))
    }

    /// Puts finished columns together; names that clash are qualified.
    pub(crate) fn from_parts(
        mut columns: Vec<FrameColumn>,
        data: Vec<Cells>,
        provenance: Provenance,
    ) -> Result<Self, TableError> {
        qualify(&mut columns)?;
        let data = engine::assemble(provenance.len(), data)?;
        Ok(Self {
            columns,
            data,
            provenance,
            diff: None,
            is_untold: false,
        })
    }

    /// Puts beside the rows how they are drawn.
    pub(crate) fn with_diff(self, report: DiffReport) -> Self {
        Self {
            diff: Some(Arc::new(report)),
            ..self
        }
    }

    /// Returns how to draw the rows, where they are what `diff` found.
    #[must_use]
    pub fn diff(&self) -> Option<&DiffReport> {
        self.diff.as_deref()
    }

    /// Returns the parts, to be put together otherwise.
    pub(crate) fn into_parts(self) -> (Vec<FrameColumn>, Vec<Cells>, Provenance) {
        let data = self.data.columns().to_vec();
        (self.columns, data, self.provenance)
    }

    /// Returns how many rows there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.provenance.len()
    }

    /// Whether there is no row.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns all columns, hidden ones too, in order.
    #[must_use]
    pub fn columns(&self) -> &[FrameColumn] {
        &self.columns
    }

    /// Returns the shown columns with their positions: `node` first, then the others in order.
    pub fn shown_columns(&self) -> impl Iterator<Item = (usize, &FrameColumn)> {
        let shown = || self.columns.iter().enumerate().filter(|(_, c)| c.shown);
        shown()
            .filter(|(_, c)| c.is_node())
            .chain(shown().filter(|(_, c)| !c.is_node()))
    }

    /// Returns the position of a column, shown or hidden; `label.NAME` finds a label in any case.
    #[must_use]
    pub fn index_of(&self, name: &str) -> Option<usize> {
        find(&self.columns, name)
    }

    /// Returns the nodes that a row was observed on, ascending; `None` for a row without
    /// provenance, which can be no target.
    #[must_use]
    pub fn provenance(&self, row: usize) -> Option<&[NodeId]> {
        let nodes = self.provenance.get(row);
        (!nodes.is_empty()).then_some(nodes)
    }

    /// Returns every node that has a row, ascending.
    #[must_use]
    pub fn nodes(&self) -> Vec<NodeId> {
        self.provenance.union(self.all_rows())
    }

    /// Returns one cell; null beyond the table's edges.
    #[must_use]
    pub fn value(&self, row: usize, column: usize) -> Value {
        match (self.columns.get(column), self.data.columns().get(column)) {
            (Some(c), Some(cells)) => engine::cell(cells, c.column.data_type, row),
            _ => Value::Null,
        }
    }

    /// Returns the rows from top to bottom, each with the values of all columns.
    pub fn rows(&self) -> impl Iterator<Item = Row> {
        (0..self.len()).map(|row| {
            (0..self.columns.len())
                .map(|column| self.value(row, column))
                .collect()
        })
    }

    /// Returns the shown columns as a table of the protocol; provenance stays behind.
    #[must_use]
    pub fn to_protocol_table(&self) -> Table {
        let shown: Vec<usize> = self.shown_columns().map(|(at, _)| at).collect();
        self.table_of(&shown)
    }

    /// Returns these columns as a table of the protocol.
    pub(crate) fn table_of(&self, columns: &[usize]) -> Table {
        Table {
            columns: columns
                .iter()
                .map(|&at| self.columns[at].column.clone())
                .collect(),
            rows: (0..self.len())
                .map(|row| columns.iter().map(|&at| self.value(row, at)).collect())
                .collect(),
        }
    }

    pub(crate) const fn data(&self) -> &Data {
        &self.data
    }

    /// Returns one column's cells as the engine holds them.
    pub(crate) fn cells(&self, column: usize) -> &Cells {
        &self.data.columns()[column]
    }

    pub(crate) const fn provenance_of_rows(&self) -> &Provenance {
        &self.provenance
    }

    /// Returns the numbers of all rows.
    pub(crate) fn all_rows(&self) -> std::ops::Range<u32> {
        // The engine has refused a table that 32 bits cannot number.
        0..u32::try_from(self.len()).unwrap_or(u32::MAX)
    }

    /// Whether there is no row, and nobody told which columns rows would have had.
    #[must_use]
    pub fn is_untold(&self) -> bool {
        let has_own = || self.columns.iter().any(|c| c.origin == Origin::Row);
        self.is_empty() && (self.is_untold || !has_own())
    }

    /// Says of a frame that it has more columns than anybody told.
    pub(crate) fn still_untold(self) -> Self {
        Self {
            is_untold: true,
            ..self
        }
    }

    /// Adds a column to a frame without rows; its type is that of nulls.
    pub(crate) fn with_column_of_no_rows(&self, name: &str) -> Result<Self, TableError> {
        let column = FrameColumn::shown(Column::new(name, DataType::Null));
        let (column, cells, _) = typed_column(column, Vec::new())?;
        let (mut columns, mut data, provenance) = self.clone().into_parts();
        columns.push(column);
        data.push(cells);
        Self::from_parts(columns, data, provenance)
    }

    /// Returns these rows, in this order, with their nodes.
    pub(crate) fn pick(&self, rows: &[u32]) -> Result<Self, TableError> {
        Ok(Self {
            columns: self.columns.clone(),
            data: engine::pick(&self.data, rows)?,
            provenance: self.provenance.pick(rows),
            diff: None,
            is_untold: false,
        })
    }
}

/// Settles a column's type and hands its values to the engine.
pub(crate) fn typed_column(
    mut column: FrameColumn,
    values: Vec<Value>,
) -> Result<(FrameColumn, Cells, Option<Note>), TableError> {
    let settled = settle(column.column.data_type, values);
    column.column.data_type = settled.data_type;
    let note = settled
        .mixed
        .as_deref()
        .map(|types: &[DataType]| mixed_note(&column.column.name, types));
    let cells = engine::column_from_values(&column.column.name, settled.data_type, settled.values)?;
    Ok((column, cells, note))
}
