//! Ambient columns: what is known of every row of a node though no probe printed it.
//!
//! The run's own columns (node, state, rc …) and the inventory's labels. They are hidden, and any
//! verb may name them.

use std::collections::BTreeMap;

use hailer_protocol::clean::Clean;
use hailer_protocol::table::{Column, Row};
use hailer_protocol::value::{DataType, Value};

use crate::column::{FrameColumn, qualify};
use crate::error::TableError;
use crate::provenance::NodeId;

/// The ambient values of each node of a run.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Ambient {
    columns: Vec<FrameColumn>,
    rows: BTreeMap<NodeId, Row>,
}

impl Ambient {
    /// Makes the columns: those of the run, then one of text for each label.
    ///
    /// A label that has the name of a run's column, or of a reserved one, becomes `label.NAME`.
    /// The column `node` is not given: names come from [`NodeNames`](crate::NodeNames).
    ///
    /// # Errors
    /// When two columns of the run, or two labels, have one name.
    pub fn new<L: Into<String>>(
        run: impl IntoIterator<Item = Column>,
        labels: impl IntoIterator<Item = L>,
    ) -> Result<Self, TableError> {
        let mut columns: Vec<FrameColumn> = run.into_iter().map(FrameColumn::run).collect();
        if let Some(node) = columns.iter().find(|c| c.column.name == "node") {
            return Err(TableError::DuplicateColumn {
                name: Clean::line(&node.column.name),
            });
        }
        for label in labels {
            let name: String = label.into();
            let is_reserved = crate::column::RESERVED.contains(&name.as_str());
            let column = if is_reserved {
                Column {
                    heading: Some(name.clone()),
                    ..Column::new(format!("label.{name}"), DataType::Str)
                }
            } else {
                Column::new(name, DataType::Str)
            };
            columns.push(FrameColumn::label(column));
        }
        qualify(&mut columns)?;
        Ok(Self {
            columns,
            rows: BTreeMap::new(),
        })
    }

    /// Sets a node's values: as many as there are columns, in their order.
    ///
    /// # Errors
    /// When there are more or fewer values than columns.
    pub fn insert(&mut self, node: NodeId, values: Row) -> Result<(), TableError> {
        if values.len() != self.columns.len() {
            return Err(TableError::RowLength {
                row: self.rows.len(),
                expected: self.columns.len(),
                found: values.len(),
            });
        }
        self.rows.insert(node, values);
        Ok(())
    }

    pub(crate) fn columns(&self) -> &[FrameColumn] {
        &self.columns
    }

    /// Returns one value; null for a node of which nothing is known.
    pub(crate) fn value(&self, node: NodeId, column: usize) -> Value {
        self.rows
            .get(&node)
            .and_then(|row| row.get(column))
            .cloned()
            .unwrap_or(Value::Null)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_with_a_reserved_name_is_qualified_even_where_the_run_lacks_the_column() {
        let ambient =
            Ambient::new([Column::new("rc", DataType::Int)], ["rc", "node", "dc"]).unwrap();
        let names: Vec<&str> = ambient
            .columns()
            .iter()
            .map(|c| c.column.name.as_str())
            .collect();
        assert_eq!(names, ["rc", "label.rc", "label.node", "dc"]);
    }

    #[test]
    fn a_row_of_the_wrong_length_is_refused() {
        let mut ambient = Ambient::new([], ["dc"]).unwrap();
        assert!(ambient.insert(1, vec![]).is_err());
        ambient.insert(1, vec!["fra".into()]).unwrap();
        assert_eq!(ambient.value(1, 0), Value::from("fra"));
        assert_eq!(ambient.value(2, 0), Value::Null);
    }
}
