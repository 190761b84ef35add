//! Gathering: the tables of many nodes become one frame.
//!
//! Nodes may disagree about columns: the frame has all of them, null where a node had none, and
//! types settle as text where they must. What a node can do to the whole table is bounded: rows
//! of the wrong length and repeated names are put right with a note, and a node that invents
//! thousands of columns cannot make the table any wider than [`COLUMNS_MAX`].

use std::collections::{BTreeSet, HashMap};

use hailer_protocol::table::Table;
use hailer_protocol::value::Value;

use crate::ambient::Ambient;
use crate::column::FrameColumn;
use crate::error::{Note, TableError};
use crate::frame::Frame;
use crate::provenance::{NodeId, NodeNames, Provenance};

/// The most columns that rows of one result may have together. One node's table is bounded by the
/// protocol; this bounds what ten thousand nodes with names of their own could add up to.
const COLUMNS_MAX: usize = 1024;

impl Frame {
    /// Makes a frame of the tables of many nodes; a node may send several.
    ///
    /// Rows are in the order of nodes, then as each node sent them, whatever order the parts
    /// arrive in. Columns are in the order in which they first appear. `node` is shown first, the
    /// ambient columns are hidden, and names that clash are qualified.
    ///
    /// # Errors
    /// When there are more rows than the engine can number, or it fails.
    pub fn from_node_tables(
        parts: impl IntoIterator<Item = (NodeId, Table)>,
        ambient: &Ambient,
        names: &dyn NodeNames,
    ) -> Result<(Self, Vec<Note>), TableError> {
        let mut parts: Vec<(NodeId, Table)> = parts.into_iter().collect();
        parts.sort_by_key(|(node, _)| *node);
        let aligned = align(parts);
        let nodes = aligned.sources;

        let names = nodes.iter().map(|&n| Value::from(names.name(n))).collect();
        let mut columns = vec![(FrameColumn::node(), names)];
        columns.extend(aligned.columns);
        for (at, column) in ambient.columns().iter().enumerate() {
            let values = nodes.iter().map(|&n| ambient.value(n, at)).collect();
            columns.push((column.clone(), values));
        }
        let mut provenance = Provenance::with_capacity(nodes.len());
        nodes.iter().for_each(|&node| provenance.push([node]));

        let (frame, mut notes) = Self::from_values(columns, provenance)?;
        notes.extend(aligned.notes);
        Ok((frame, notes))
    }
}

/// Tables brought under one set of columns.
pub(crate) struct Aligned {
    pub(crate) columns: Vec<(FrameColumn, Vec<Value>)>,
    /// For each row, the source that came with its table.
    pub(crate) sources: Vec<u32>,
    pub(crate) notes: Vec<Note>,
}

/// Lays tables below each other under the union of their columns.
pub(crate) fn align(parts: Vec<(u32, Table)>) -> Aligned {
    let mut position: HashMap<String, usize> = HashMap::new();
    let mut columns: Vec<(FrameColumn, Vec<Value>)> = Vec::new();
    let mut sources: Vec<u32> = Vec::new();
    let mut faults = Faults::default();
    for (source, table) in parts {
        let mut seen = BTreeSet::new();
        // Where each column of this table goes; `None` for one that is left out.
        let places: Vec<Option<usize>> = table
            .columns
            .into_iter()
            .map(|column| {
                if !seen.insert(column.name.clone()) {
                    faults.repeated.insert(source);
                    return None;
                }
                if let Some(&at) = position.get(&column.name) {
                    return Some(at);
                }
                if columns.len() == COLUMNS_MAX {
                    faults.left_out.insert(column.name);
                    return None;
                }
                position.insert(column.name.clone(), columns.len());
                columns.push((FrameColumn::shown(column), vec![Value::Null; sources.len()]));
                Some(columns.len() - 1)
            })
            .collect();
        for row in table.rows {
            if row.len() != places.len() {
                faults.ragged.insert(source);
            }
            sources.push(source);
            for (value, place) in row.into_iter().zip(&places) {
                if let Some(at) = place {
                    columns[*at].1.push(value);
                }
            }
            // Only a column that this row did not fill is still one short.
            if row_is_partial(&places, columns.len()) || faults.ragged.contains(&source) {
                fill(&mut columns, sources.len());
            }
        }
    }
    Aligned {
        columns,
        sources,
        notes: faults.notes(),
    }
}

fn row_is_partial(places: &[Option<usize>], n_columns: usize) -> bool {
    places.iter().flatten().count() < n_columns
}

fn fill(columns: &mut [(FrameColumn, Vec<Value>)], n_rows: usize) {
    for (_, values) in columns {
        values.resize(n_rows, Value::Null);
    }
}

/// What had to be put right.
#[derive(Default)]
struct Faults {
    repeated: BTreeSet<u32>,
    ragged: BTreeSet<u32>,
    left_out: BTreeSet<String>,
}

impl Faults {
    fn notes(self) -> Vec<Note> {
        let mut notes = Vec::new();
        if !self.repeated.is_empty() {
            notes.push(Note::new(&format!(
                "{} sent a column twice; the first one counts",
                tables(self.repeated.len())
            )));
        }
        if !self.ragged.is_empty() {
            notes.push(Note::new(&format!(
                "{} had rows that are not as long as its columns; missing values are null",
                tables(self.ragged.len())
            )));
        }
        if !self.left_out.is_empty() {
            notes.push(Note::new(&format!(
                "{} columns were left out: the table has {COLUMNS_MAX} already; `select` those you need",
                self.left_out.len()
            )));
        }
        notes
    }
}

fn tables(n: usize) -> String {
    match n {
        1 => "the table of 1 source".to_owned(),
        n => format!("the tables of {n} sources"),
    }
}

#[cfg(test)]
mod tests {
    use hailer_protocol::table::Column;
    use hailer_protocol::value::DataType;

    use super::*;

    fn table(names: &[&str], rows: &[&[i64]]) -> Table {
        Table {
            columns: names
                .iter()
                .map(|n| Column::new(*n, DataType::Int))
                .collect(),
            rows: rows
                .iter()
                .map(|r| r.iter().map(|n| Value::Int(*n)).collect())
                .collect(),
        }
    }

    fn column(aligned: &Aligned, name: &str) -> Vec<Value> {
        let found = aligned.columns.iter().find(|c| c.0.column.name == name);
        found.unwrap().1.clone()
    }

    #[test]
    fn columns_are_the_union_and_a_missing_value_is_null() {
        let aligned = align(vec![
            (1, table(&["a"], &[&[1], &[2]])),
            (2, table(&["b", "a"], &[&[3, 4]])),
            (3, table(&["b"], &[&[5]])),
        ]);
        assert_eq!(aligned.sources, [1, 1, 2, 3]);
        let a = [Some(1), Some(2), Some(4), None].map(Value::from);
        let b = [None, None, Some(3), Some(5)].map(Value::from);
        assert_eq!(column(&aligned, "a"), a);
        assert_eq!(column(&aligned, "b"), b);
        assert!(aligned.notes.is_empty());
    }

    #[test]
    fn a_peers_crooked_table_is_put_right_and_said() {
        let aligned = align(vec![
            (1, table(&["a", "b"], &[&[1], &[2, 3, 4], &[5, 6]])),
            (2, table(&["a", "a"], &[&[7, 8]])),
        ]);
        assert_eq!(column(&aligned, "a"), [1, 2, 5, 7].map(Value::Int));
        let b = [None, Some(3), Some(6), None].map(Value::from);
        assert_eq!(column(&aligned, "b"), b);
        assert_eq!(aligned.notes.len(), 2);
    }

    #[test]
    fn a_fleet_that_invents_columns_is_bounded_and_said() {
        let parts = (0..50)
            .map(|source| {
                let names: Vec<String> = (0..100).map(|n| format!("c{source}_{n}")).collect();
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                (source, table(&names, &[&[1; 100]]))
            })
            .collect();
        let aligned = align(parts);
        assert_eq!(aligned.columns.len(), COLUMNS_MAX);
        assert!(aligned.columns.iter().all(|c| c.1.len() == 50));
        assert_eq!(
            aligned.notes[0].as_str(),
            "3976 columns were left out: the table has 1024 already; `select` those you need"
        );
    }
}
