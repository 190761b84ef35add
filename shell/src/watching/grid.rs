//! Grids: a turn's result as rows of texts, and what changed since the turn before.
//!
//! A row is the same row as before if it is of the same node, where each node has one at most; else
//! if its node and its texts are the same. Rows that this does not tell apart are taken in their
//! order. Of a command's plain answers each line is a row, and the same one at the same place of
//! the answer of the same nodes.

use std::collections::{HashMap, HashSet};

use hailer_protocol::units::display_value;
use hailer_protocol::value::DataType;
use hailer_table::{Frame, NodeNames};

use crate::fleet::Finished;

/// What a turn came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grid {
    /// The columns, from the left.
    pub columns: Vec<GridColumn>,
    /// The rows, from above.
    pub rows: Vec<GridRow>,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GridColumn {
    /// Its name.
    pub heading: String,
    /// Numbers stand to the right.
    pub is_numeric: bool,
}

/// A row. Its texts may hold whatever a node wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GridRow {
    node: Option<String>,
    texts: String,
    cells: Vec<String>,
}

/// What happened to a row since the turn before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// It was there.
    Stays,
    /// It was not there.
    Came,
    /// It is not there any more.
    Went,
}

/// A row with what happened to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MarkedRow {
    /// What happened to the row.
    pub mark: Mark,
    /// Its cells, and whether each is another than before.
    pub cells: Vec<(String, bool)>,
}

impl Grid {
    /// Makes the grid of a table.
    #[must_use]
    pub fn of_frame(frame: &Frame) -> Self {
        let shown: Vec<_> = frame.shown_columns().collect();
        let columns = shown.iter().map(|(_, c)| GridColumn {
            heading: c.column.heading().to_owned(),
            is_numeric: c.column.data_type.is_numeric(),
        });
        let rows = (0..frame.len()).map(|row| {
            let (mut node, mut texts, mut cells) = (None, String::new(), Vec::new());
            for (at, column) in &shown {
                let text = display_value(&frame.value(row, *at));
                if column.is_node() {
                    node = Some(text.clone());
                } else if column.column.data_type == DataType::Str && !column.is_node_set() {
                    texts.push_str(&text);
                    texts.push('\0');
                }
                cells.push(text);
            }
            GridRow { node, texts, cells }
        });
        Self {
            columns: columns.collect(),
            rows: rows.collect(),
        }
    }

    /// Makes the grid of plain answers. Who did not answer has no row.
    #[must_use]
    pub fn of_answers(run: &Finished, names: &dyn NodeNames) -> Self {
        let column = |heading: &str| GridColumn {
            heading: heading.to_owned(),
            is_numeric: false,
        };
        let mut rows = Vec::new();
        let groups = run.gather.groups().outliers_first();
        for group in groups.into_iter().filter(|group| group.state.is_answer()) {
            let ids: Vec<u32> = group.nodes.iter().map(|node| node.0).collect();
            let nodes = names.fold(&ids);
            let out = String::from_utf8_lossy(&group.out.0);
            let err = String::from_utf8_lossy(&group.err.0);
            let failed = group.rc.filter(|rc| *rc != 0);
            let said = failed.map(|rc| format!("{} rc={rc}", group.state));
            let said = said
                .into_iter()
                .chain(out.lines().map(str::to_owned))
                .chain(err.lines().map(|line| format!("err| {line}")));
            let mut said: Vec<String> = said.collect();
            if said.is_empty() {
                said.push("(no output)".to_owned());
            }
            for (at, line) in said.into_iter().enumerate() {
                let shown = if at == 0 {
                    nodes.clone()
                } else {
                    String::new()
                };
                rows.push(GridRow {
                    node: None,
                    texts: format!("{nodes}\0{at}"),
                    cells: vec![shown, line],
                });
            }
        }
        Self {
            columns: vec![column("nodes"), column("answer")],
            rows,
        }
    }

    /// Returns the rows as they are, none of them marked.
    #[must_use]
    pub fn unmarked(&self) -> Vec<MarkedRow> {
        let rows = self.rows.iter();
        rows.map(|row| row.marked(Mark::Stays)).collect()
    }

    /// Returns the rows with what changed since `before`; those that went stand below.
    #[must_use]
    pub fn since(&self, before: &Self) -> Vec<MarkedRow> {
        let by_node = self.has_a_row_a_node() && before.has_a_row_a_node();
        let old_keys = keys(&before.rows, by_node);
        let old: HashMap<_, _> = old_keys.iter().zip(&before.rows).collect();
        let old_columns: Vec<Option<usize>> = self
            .columns
            .iter()
            .map(|c| {
                let mut old = before.columns.iter();
                old.position(|b| b.heading == c.heading)
            })
            .collect();
        let new_keys = keys(&self.rows, by_node);
        let mut marked = Vec::with_capacity(self.rows.len());
        for (key, row) in new_keys.iter().zip(&self.rows) {
            let Some(was) = old.get(key) else {
                marked.push(row.marked(Mark::Came));
                continue;
            };
            let cells = row.cells.iter().zip(&old_columns).map(|(cell, at)| {
                let was = at.and_then(|at| was.cells.get(at));
                (cell.clone(), was != Some(cell))
            });
            marked.push(MarkedRow {
                mark: Mark::Stays,
                cells: cells.collect(),
            });
        }
        if self.columns == before.columns {
            let new: HashSet<_> = new_keys.iter().collect();
            let went = old_keys.iter().zip(&before.rows);
            let went = went.filter(|(key, _)| !new.contains(key));
            marked.extend(went.map(|(_, row)| row.marked(Mark::Went)));
        }
        marked
    }

    fn has_a_row_a_node(&self) -> bool {
        let mut seen = HashSet::new();
        let mut nodes = self.rows.iter().map(|row| row.node.as_deref());
        nodes.all(|node| node.is_some_and(|node| seen.insert(node)))
    }
}

impl GridRow {
    fn marked(&self, mark: Mark) -> MarkedRow {
        let cells = self.cells.iter();
        MarkedRow {
            mark,
            cells: cells.map(|cell| (cell.clone(), false)).collect(),
        }
    }
}

type Key<'a> = (Option<&'a str>, &'a str, usize);

/// What tells the rows apart; the number is for those that nothing else does.
fn keys(rows: &[GridRow], by_node: bool) -> Vec<Key<'_>> {
    let mut seen = HashMap::new();
    rows.iter()
        .map(|row| {
            let texts = if by_node { "" } else { row.texts.as_str() };
            let known = (row.node.as_deref(), texts);
            let n: &mut usize = seen.entry(known).or_default();
            *n += 1;
            (known.0, known.1, *n)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(rows: &[(&str, &str, &str)]) -> Grid {
        let column = |heading: &str| GridColumn {
            heading: heading.to_owned(),
            is_numeric: heading == "n",
        };
        let rows = rows.iter().map(|(node, text, n)| GridRow {
            node: Some((*node).to_owned()),
            texts: (*text).to_owned(),
            cells: [node, text, n].map(|c| (*c).to_owned()).to_vec(),
        });
        Grid {
            columns: ["node", "text", "n"].map(column).to_vec(),
            rows: rows.collect(),
        }
    }

    /// Writes marked rows down: `+`, `-` or a blank, and `*` at each cell that changed.
    fn written(rows: &[MarkedRow]) -> Vec<String> {
        let rows = rows.iter().map(|row| {
            let mut text = match row.mark {
                Mark::Stays => " ",
                Mark::Came => "+",
                Mark::Went => "-",
            }
            .to_owned();
            for (cell, is_changed) in &row.cells {
                text.push_str(if *is_changed { " *" } else { " " });
                text.push_str(cell);
            }
            text
        });
        rows.collect()
    }

    #[test]
    fn a_node_with_one_row_keeps_it_whatever_changes_in_it() {
        let before = grid(&[("a", "x", "1"), ("b", "x", "1"), ("c", "x", "1")]);
        let after = grid(&[("d", "x", "1"), ("b", "y", "1"), ("a", "x", "2")]);
        assert_eq!(
            written(&after.since(&before)),
            ["+ d x 1", "  b *y 1", "  a x *2", "- c x 1"]
        );
    }

    #[test]
    fn rows_of_one_node_are_told_apart_by_their_texts_and_then_by_their_order() {
        let before = grid(&[("a", "/", "1"), ("a", "/var", "1"), ("a", "/", "5")]);
        let after = grid(&[("a", "/var", "2"), ("a", "/", "1"), ("a", "/tmp", "5")]);
        assert_eq!(
            written(&after.since(&before)),
            ["  a /var *2", "  a / 1", "+ a /tmp 5", "- a / 5"]
        );
    }

    #[test]
    fn a_column_that_was_not_there_is_a_change_of_each_of_its_cells() {
        let mut before = grid(&[("a", "x", "1")]);
        before.columns.remove(1);
        before.rows[0].cells.remove(1);
        let after = grid(&[("a", "x", "1")]);
        assert_eq!(written(&after.since(&before)), ["  a *x 1"]);
    }

    #[test]
    fn nothing_is_marked_where_nothing_changed() {
        let grid = grid(&[("a", "x", "1"), ("a", "x", "1")]);
        assert_eq!(grid.since(&grid), grid.unmarked());
    }
}
