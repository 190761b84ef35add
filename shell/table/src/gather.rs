//! Gathering: the tables of many nodes become one frame.
//!
//! Nodes may disagree about columns: the frame has all of them, null where a node had none, and
//! types settle as text where they must. What a node can do to the whole table is bounded: rows
//! of the wrong length and repeated names are put right with a note, and a node that invents
//! thousands of columns cannot make the table any wider than [`COLUMNS_MAX`].

use std::borrow::Borrow;
use std::collections::{BTreeSet, HashMap};

use hailer_protocol::table::Table;
use hailer_protocol::value::{DataType, Value};

use crate::ambient::Ambient;
use crate::column::FrameColumn;
use crate::engine::{self, Cells};
use crate::error::{Note, TableError};
use crate::frame::{Frame, typed_column};
use crate::provenance::{NodeId, NodeNames, Provenance};

/// The most columns that rows of one result may have together. One node's table is bounded by the
/// protocol; this bounds what ten thousand nodes with names of their own could add up to.
const COLUMNS_MAX: usize = 1024;

impl Frame {
    /// Makes a frame of the tables of many nodes, its own or borrowed; a node may send several.
    ///
    /// Rows are in the order of nodes, then as each node sent them, whatever order the parts
    /// arrive in. Columns are in the order in which they first appear. `node` is shown first, the
    /// ambient columns are hidden, and names that clash are qualified.
    ///
    /// Values are copied a column at a time, and what is known of a node is stored once, however many
    /// rows it has: beside the parts there is never more than the frame and one column of it.
    ///
    /// # Errors
    /// When there are more rows than the engine can number, or it fails.
    pub fn from_node_tables<T: Borrow<Table>>(
        parts: impl IntoIterator<Item = (NodeId, T)>,
        ambient: &Ambient,
        names: &dyn NodeNames,
    ) -> Result<(Self, Vec<Note>), TableError> {
        let mut parts: Vec<(NodeId, T)> = parts.into_iter().collect();
        parts.sort_by_key(|(node, _)| *node);
        let aligned = align(&parts);
        let n_rows = aligned.sources.len();
        if n_rows > engine::ROWS_MAX {
            return Err(TableError::TooManyRows(n_rows));
        }

        // The nodes that have a row, and for each row which of them it is of.
        let mut nodes = aligned.sources.clone();
        nodes.dedup();
        let at_node = |source| nodes.partition_point(|node| *node < source);
        let of_node: Vec<u32> = aligned
            .sources
            .iter()
            .map(|&source| u32::try_from(at_node(source)).expect("no more nodes than rows"))
            .collect();
        let mut known = Vec::with_capacity(1 + ambient.columns().len());
        let called = nodes.iter().map(|&n| Value::from(names.name(n))).collect();
        known.push(typed_column(FrameColumn::node(), called)?);
        for (at, column) in ambient.columns().iter().enumerate() {
            let values = nodes.iter().map(|&n| ambient.value(n, at)).collect();
            known.push(typed_column(column.clone(), values)?);
        }
        let mut metadata = Vec::with_capacity(known.len() + aligned.columns.len());
        let mut cells = Vec::with_capacity(known.len());
        let mut notes = Vec::new();
        for (column, of_nodes, note) in known {
            metadata.push(column);
            cells.push(of_nodes);
            notes.extend(note);
        }
        let of_nodes = engine::assemble(nodes.len(), cells)?;
        let mut data = engine::pick(&of_nodes, &of_node)?.columns().to_vec();

        // Behind `node`, before the ambient columns.
        for at in 0..aligned.columns.len() {
            let (column, cells, note) = aligned.cells(at)?;
            metadata.insert(1 + at, column);
            data.insert(1 + at, cells);
            notes.extend(note);
        }
        notes.extend(aligned.notes);
        let mut provenance = Provenance::with_capacity(n_rows);
        aligned
            .sources
            .iter()
            .for_each(|&node| provenance.push([node]));
        Ok((Self::from_parts(metadata, data, provenance)?, notes))
    }
}

/// Tables brought under one set of columns, which are copied one by one.
pub(crate) struct Aligned<'a, T> {
    pub(crate) columns: Vec<FrameColumn>,
    /// For each row, the source that came with its table.
    pub(crate) sources: Vec<u32>,
    pub(crate) notes: Vec<Note>,
    parts: &'a [(u32, T)],
    layouts: Vec<Layout>,
    /// For each part, which layout it has. Most parts have that of the one before.
    layout_of: Vec<usize>,
}

/// How a table's columns lie under those of all.
struct Layout {
    /// For each column of all, which of the table's it is; shorter where the rest is not there.
    own: Vec<Option<u16>>,
    repeats_a_name: bool,
}

impl<T: Borrow<Table>> Aligned<'_, T> {
    /// Returns one column with its cells, and what is to be said of its type.
    pub(crate) fn cells(
        &self,
        column: usize,
    ) -> Result<(FrameColumn, Cells, Option<Note>), TableError> {
        let mut settled = self.columns[column].clone();
        // What is text already, which is what takes most memory, is not copied on the way.
        if let Some(texts) = self.texts(column) {
            let cells = engine::column_from_texts(&settled.column.name, &texts);
            settled.column.data_type = DataType::Str;
            return Ok((settled, cells, None));
        }
        let value = |value: Option<&Value>| value.cloned().unwrap_or(Value::Null);
        typed_column(settled, self.values(column).map(value).collect())
    }

    /// Returns a column's texts, if it has any and nothing else.
    fn texts(&self, column: usize) -> Option<Vec<Option<&str>>> {
        let text = |value: Option<&'_ Value>| matches!(value, Some(Value::Str(_)));
        if !self.values(column).any(text) {
            return None;
        }
        let mut texts = Vec::with_capacity(self.sources.len());
        for value in self.values(column) {
            match value {
                Some(Value::Str(text)) => texts.push(Some(text.as_str())),
                Some(Value::Null) | None => texts.push(None),
                Some(
                    Value::Bool(_)
                    | Value::Int(_)
                    | Value::Float(_)
                    | Value::Duration(_)
                    | Value::Size(_)
                    | Value::Percent(_)
                    | Value::Time(_),
                ) => return None,
            }
        }
        Some(texts)
    }

    /// Returns the values of one column, one for each row; `None` where its table does not have it.
    fn values(&self, column: usize) -> impl Iterator<Item = Option<&Value>> {
        let parts = self.parts.iter().zip(&self.layout_of);
        parts.flat_map(move |((_, table), layout)| {
            let own = self.layouts[*layout].own.get(column).copied().flatten();
            let rows = table.borrow().rows.iter();
            rows.map(move |row| row.get(usize::from(own?)))
        })
    }
}

/// Lays tables below each other under the union of their columns.
pub(crate) fn align<T: Borrow<Table>>(parts: &[(u32, T)]) -> Aligned<'_, T> {
    let mut position: HashMap<&str, usize> = HashMap::new();
    let mut columns: Vec<FrameColumn> = Vec::new();
    let mut sources: Vec<u32> = Vec::new();
    let mut faults = Faults::default();
    let mut layouts: Vec<Layout> = Vec::new();
    let mut layout_of = Vec::with_capacity(parts.len());
    let mut before: Option<&Table> = None;
    for (source, table) in parts {
        let (source, table) = (*source, table.borrow());
        if before.is_none_or(|before| before.columns != table.columns) {
            layouts.push(lay_out(table, &mut position, &mut columns, &mut faults));
        }
        before = Some(table);
        layout_of.push(layouts.len() - 1);
        if layouts[layouts.len() - 1].repeats_a_name {
            faults.repeated.insert(source);
        }
        if table.rows.iter().any(|r| r.len() != table.columns.len()) {
            faults.ragged.insert(source);
        }
        sources.extend(std::iter::repeat_n(source, table.rows.len()));
    }
    Aligned {
        columns,
        sources,
        notes: faults.notes(),
        parts,
        layouts,
        layout_of,
    }
}

/// Finds a table's columns among those of all, and adds those that are new.
fn lay_out<'a>(
    table: &'a Table,
    position: &mut HashMap<&'a str, usize>,
    columns: &mut Vec<FrameColumn>,
    faults: &mut Faults,
) -> Layout {
    let mut layout = Layout {
        own: Vec::new(),
        repeats_a_name: false,
    };
    for (own, column) in table.columns.iter().enumerate() {
        let at = match position.get(column.name.as_str()) {
            Some(&at) => at,
            None if columns.len() == COLUMNS_MAX => {
                faults.left_out.insert(column.name.clone());
                continue;
            }
            None => {
                position.insert(&column.name, columns.len());
                columns.push(FrameColumn::shown(column.clone()));
                columns.len() - 1
            }
        };
        if layout.own.len() <= at {
            layout.own.resize(at + 1, None);
        }
        if layout.own[at].is_some() {
            layout.repeats_a_name = true;
        } else {
            // A table with more columns than that has left the protocol's bounds long before.
            layout.own[at] = u16::try_from(own).ok();
        }
    }
    layout
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

    fn column(aligned: &Aligned<'_, Table>, name: &str) -> Vec<Value> {
        let found = aligned.columns.iter().position(|c| c.column.name == name);
        let value = |value: Option<&Value>| value.cloned().unwrap_or(Value::Null);
        aligned.values(found.unwrap()).map(value).collect()
    }

    #[test]
    fn columns_are_the_union_and_a_missing_value_is_null() {
        let parts = [
            (1, table(&["a"], &[&[1], &[2]])),
            (2, table(&["b", "a"], &[&[3, 4]])),
            (3, table(&["b"], &[&[5]])),
        ];
        let aligned = align(&parts);
        assert_eq!(aligned.sources, [1, 1, 2, 3]);
        let a = [Some(1), Some(2), Some(4), None].map(Value::from);
        let b = [None, None, Some(3), Some(5)].map(Value::from);
        assert_eq!(column(&aligned, "a"), a);
        assert_eq!(column(&aligned, "b"), b);
        assert!(aligned.notes.is_empty());
    }

    #[test]
    fn a_peers_crooked_table_is_put_right_and_said() {
        let parts = [
            (1, table(&["a", "b"], &[&[1], &[2, 3, 4], &[5, 6]])),
            (2, table(&["a", "a"], &[&[7, 8]])),
        ];
        let aligned = align(&parts);
        assert_eq!(column(&aligned, "a"), [1, 2, 5, 7].map(Value::Int));
        let b = [None, Some(3), Some(6), None].map(Value::from);
        assert_eq!(column(&aligned, "b"), b);
        assert_eq!(aligned.notes.len(), 2);
    }

    #[test]
    fn a_column_of_texts_is_text_and_one_with_anything_else_settles() {
        let part = |source: u32, values: [Value; 2]| {
            let columns = ["a", "b"].map(|name| Column::new(name, DataType::Int));
            let rows = vec![values.to_vec(), vec![Value::Null]];
            let columns = columns.to_vec();
            (source, Table { columns, rows })
        };
        let parts = [
            part(1, ["x".into(), Value::Int(1)]),
            part(2, ["a text that is longer".into(), "y".into()]),
        ];
        let aligned = align(&parts);
        for (at, expected, says) in [
            (0, ["x", "", "a text that is longer", ""], false),
            (1, ["1", "", "y", ""], true),
        ] {
            let (column, cells, note) = aligned.cells(at).unwrap();
            assert_eq!(column.column.data_type, DataType::Str);
            let cell = |row| engine::cell(&cells, DataType::Str, row);
            let texts = [0, 1, 2, 3].map(|row| cell(row).as_str().unwrap_or_default().to_owned());
            assert_eq!(texts, expected);
            assert_eq!(note.is_some(), says);
        }
    }

    #[test]
    fn a_fleet_that_invents_columns_is_bounded_and_said() {
        let parts: Vec<_> = (0..50)
            .map(|source| {
                let names: Vec<String> = (0..100).map(|n| format!("c{source}_{n}")).collect();
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                (source, table(&names, &[&[1; 100]]))
            })
            .collect();
        let aligned = align(&parts);
        assert_eq!(aligned.columns.len(), COLUMNS_MAX);
        assert!((0..COLUMNS_MAX).all(|at| aligned.values(at).count() == 50));
        assert_eq!(
            aligned.notes[0].as_str(),
            "3976 columns were left out: the table has 1024 already; `select` those you need"
        );
    }
}
