//! The tail: the last lines of what was followed, which become its result.

use std::collections::VecDeque;
use std::sync::Arc;

use hailer_lang::node_set::NodeId;
use hailer_protocol::table::{Column, Row, Table};
use hailer_protocol::time::Wall;
use hailer_protocol::value::{DataType, Value};

use super::merge::{Kind, Line, Merged};

/// Lines that are kept.
pub const LINES_MAX: usize = 10_000;

/// Bytes of lines that are kept.
const BYTES_MAX: usize = 32 << 20;

/// The column that says when a line came, unless a row has one of that name.
const AT: &str = "at";

/// The last lines, with who said them and when they came.
#[derive(Debug, Default)]
pub struct Tail {
    lines: VecDeque<(NodeId, Wall, Arc<Line>)>,
    bytes: usize,
    dropped: u64,
}

impl Tail {
    /// Keeps a line that was shown; the oldest give way.
    pub fn push(&mut self, merged: &Merged, at: Wall) {
        for node in &merged.nodes {
            self.bytes += size(&merged.line);
            self.lines.push_back((*node, at, Arc::clone(&merged.line)));
        }
        while self.lines.len() > LINES_MAX || self.bytes > BYTES_MAX {
            if let Some((_, _, line)) = self.lines.pop_front() {
                self.bytes -= size(&line);
                self.dropped += 1;
            }
        }
    }

    /// Returns how many lines were shown and are not kept.
    #[must_use]
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Returns the lines as tables, each of one node: rows where rows were followed, and otherwise
    /// the text of each line.
    #[must_use]
    pub fn into_tables(self, has_rows: bool) -> Vec<(u32, Table)> {
        let mut tables: Vec<(u32, Table)> = Vec::new();
        for (node, at, line) in self.lines {
            let Some((columns, row)) = row_of(&line, at, has_rows) else {
                continue;
            };
            match tables.last_mut() {
                Some((last, table)) if *last == node.0 && table.columns == columns => {
                    table.rows.push(row);
                }
                Some(_) | None => tables.push((
                    node.0,
                    Table {
                        columns,
                        rows: vec![row],
                    },
                )),
            }
        }
        tables
    }
}

fn size(line: &Line) -> usize {
    // A row is shown with all its values, so that this stands for both.
    size_of::<Line>() + line.shown.len() * if line.row.is_some() { 2 } else { 1 }
}

/// Where rows are followed, what is written to standard error was shown and is no row.
fn row_of(line: &Line, at: Wall, has_rows: bool) -> Option<(Vec<Column>, Row)> {
    let time = (Column::new(AT, DataType::Time), Value::Time(at.0));
    if has_rows {
        let (columns, row) = line.row.as_ref()?;
        let (mut columns, mut row) = (columns.to_vec(), row.clone());
        if !columns.iter().any(|c| c.name == AT) {
            columns.insert(0, time.0);
            row.insert(0, time.1);
        }
        return Some((columns, row));
    }
    let stream = match line.kind {
        Kind::Out | Kind::Row => "out",
        Kind::Err => "err",
    };
    let columns = vec![
        time.0,
        Column::new("stream", DataType::Str),
        Column::new("line", DataType::Str),
    ];
    let text = String::from_utf8_lossy(&line.shown).into_owned();
    Some((columns, vec![time.1, Value::from(stream), Value::Str(text)]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merged(nodes: &[u32], text: &str, kind: Kind) -> Merged {
        Merged {
            nodes: nodes.iter().copied().map(NodeId).collect(),
            line: Arc::new(Line {
                kind,
                shown: text.as_bytes().to_vec(),
                left_out: 0,
                row: None,
            }),
        }
    }

    #[test]
    fn every_node_of_a_folded_line_has_said_it() {
        let mut tail = Tail::default();
        tail.push(&merged(&[1, 2], "a", Kind::Out), Wall(5));
        tail.push(&merged(&[2], "b", Kind::Err), Wall(6));
        let tables = tail.into_tables(false);
        let nodes: Vec<u32> = tables.iter().map(|t| t.0).collect();
        assert_eq!(nodes, [1, 2]);
        let said: Vec<&Value> = tables[1].1.column("line").expect("it is there");
        assert_eq!(said, [&Value::from("a"), &Value::from("b")]);
        let streams: Vec<&Value> = tables[1].1.column("stream").expect("it is there");
        assert_eq!(streams, [&Value::from("out"), &Value::from("err")]);
    }

    #[test]
    fn the_oldest_lines_give_way_and_are_counted() {
        let mut tail = Tail::default();
        for n in 0..LINES_MAX + 7 {
            tail.push(&merged(&[1], &n.to_string(), Kind::Out), Wall(0));
        }
        assert_eq!(tail.dropped(), 7);
        let tables = tail.into_tables(false);
        assert_eq!(tables[0].1.rows.len(), LINES_MAX);
        assert_eq!(tables[0].1.rows[0][2], Value::from("7"));
    }
}
