//! Rows of a run: what nodes answered becomes one frame for the whole fleet.

pub mod detached;
mod notes;

use hailer_lang::inventory::Inventory;
use hailer_lang::node_set::{NodeId, NodeSet};
use hailer_lang::selector::Live;
use hailer_protocol::clean::NodeBytes;
use hailer_protocol::table::{Column, Row, Table};
use hailer_protocol::value::{DataType, Value};
use hailer_table::{Ambient, Frame, NodeNames, Note, TableError};

use crate::fleet::{Answer, Finished};
use crate::running::EachFrame;

/// Names of nodes for tables.
#[derive(Debug, Clone, Copy)]
pub struct Names<'a>(pub &'a Inventory);

impl NodeNames for Names<'_> {
    fn fold(&self, nodes: &[u32]) -> String {
        let mut set = NodeSet::default();
        nodes.iter().for_each(|n| set.insert(NodeId(*n)));
        self.0.fold(&set)
    }

    fn name(&self, node: u32) -> &str {
        self.0.node(NodeId(node)).map_or("?", |n| n.name.as_str())
    }
}

/// Names of nodes for those that outlive a borrow.
#[derive(Debug, Clone)]
pub struct OwnedNames(pub std::sync::Arc<Inventory>);

impl NodeNames for OwnedNames {
    fn fold(&self, nodes: &[u32]) -> String {
        Names(&self.0).fold(nodes)
    }

    fn name(&self, node: u32) -> &str {
        self.0.node(NodeId(node)).map_or("?", |n| n.name.as_str())
    }
}

/// The columns of every command's result behind `node`.
fn run_columns() -> Vec<Column> {
    [
        ("state", DataType::Str),
        ("rc", DataType::Int),
        ("ms", DataType::Int),
        ("bytes", DataType::Size),
        ("truncated", DataType::Bool),
        ("out", DataType::Str),
        ("err", DataType::Str),
    ]
    .into_iter()
    .map(|(name, data_type)| Column::new(name, data_type))
    .collect()
}

fn run_row(answer: &Answer) -> Row {
    let text = |bytes: &NodeBytes| Value::Str(String::from_utf8_lossy(&bytes.0).into_owned());
    let int = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    vec![
        Value::from(answer.state.as_str()),
        Value::from(answer.rc.map(i64::from)),
        Value::Int(int(answer.ms())),
        Value::Size(int(answer.bytes())),
        Value::Bool(answer.is_truncated()),
        text(&answer.out),
        text(&answer.err),
    ]
}

/// The ambient columns of a run's rows: labels, and `run` columns for each given node.
fn ambient<'a>(
    inventory: &Inventory,
    columns: Vec<Column>,
    nodes: impl Iterator<Item = (u32, Row)> + 'a,
) -> Result<Ambient, TableError> {
    let keys: Vec<&String> = inventory.labels().keys().collect();
    let mut ambient = Ambient::new(columns, keys.iter().map(|k| (*k).clone()))?;
    for (node, mut row) in nodes {
        let label = |key: &&String| Value::from(inventory.label(NodeId(node), key));
        row.extend(keys.iter().map(label));
        ambient.insert(node, row)?;
    }
    Ok(ambient)
}

/// Makes a frame of a run's answers.
///
/// Where rows were asked for, they are the rows, and the run's own columns are hidden behind them.
/// Otherwise every target is one row of the run's columns, whether it answered or not.
///
/// # Errors
/// When the engine fails.
pub fn of_run(
    run: &Finished,
    asked_for_rows: bool,
    inventory: &Inventory,
) -> Result<(Frame, Vec<Note>), TableError> {
    let answers = run.gather.answers();
    let rows = answers.iter().map(|a| (a.node.0, run_row(a)));
    if asked_for_rows {
        let ambient = ambient(inventory, run_columns(), rows)?;
        let parts = answers
            .iter()
            .filter_map(|a| a.rows.as_ref().map(|table| (a.node.0, table)));
        let (frame, mut said) = Frame::from_node_tables(parts, &ambient, &Names(inventory))?;
        said.extend(notes::of_nodes(
            answers.iter().map(AsRef::as_ref),
            inventory,
        ));
        return Ok((frame, said));
    }
    let labels = answers.iter().map(|a| (a.node.0, Row::new()));
    let ambient = ambient(inventory, Vec::new(), labels)?;
    let parts = rows.map(|(node, row)| {
        let table = Table {
            columns: run_columns(),
            rows: vec![row],
        };
        (node, table)
    });
    Frame::from_node_tables(parts, &ambient, &Names(inventory))
}

/// Makes a frame of lines that were followed; the run's own columns are hidden behind them.
///
/// # Errors
/// When the engine fails.
pub fn of_lines(
    run: &Finished,
    tables: Vec<(u32, Table)>,
    inventory: &Inventory,
) -> Result<(Frame, Vec<Note>), TableError> {
    let answers = run.gather.answers().iter();
    let rows = answers.map(|a| (a.node.0, run_row(a)));
    let ambient = ambient(inventory, run_columns(), rows)?;
    Frame::from_node_tables(tables, &ambient, &Names(inventory))
}

/// Makes a frame of a run's answers row by row: the columns of the row that the command was handed,
/// then how it ended there.
///
/// # Errors
/// When the engine fails.
pub fn of_each(
    run: &Finished,
    each: &EachFrame,
    inventory: &Inventory,
) -> Result<(Frame, Vec<Note>), TableError> {
    let answers = run.gather.answers();
    let rows = answers.iter().map(|a| (a.node.0, run_row(a)));
    let ambient = ambient(inventory, run_columns(), rows)?;
    let parts = answers.iter().filter_map(|answer| {
        let table = answer.rows.as_ref()?;
        let sent = each.rows.get(&answer.node)?;
        Some((answer.node.0, beside(table, sent, &each.frame)))
    });
    Frame::from_node_tables(parts, &ambient, &Names(inventory))
}

/// Puts the rows that a node was handed in front of what it answered for them.
fn beside(answered: &Table, sent: &[usize], frame: &Frame) -> Table {
    let keys: Vec<(usize, &Column)> = frame
        .shown_columns()
        .filter(|(_, c)| !c.is_node() && answered.index_of(&c.column.name).is_none())
        .map(|(at, c)| (at, &c.column))
        .collect();
    let number = answered.index_of("row");
    let rows = answered.rows.iter().map(|row| {
        // What a node says of a row that it was not handed is of no row.
        let at = match number.and_then(|at| row.get(at)) {
            Some(Value::Int(n)) => usize::try_from(n - 1).ok(),
            Some(_) | None => None,
        };
        let at = at.and_then(|n| sent.get(n)).copied();
        let key = |at: Option<usize>, column: usize| {
            at.map_or(Value::Null, |row| frame.value(row, column))
        };
        let keys = keys.iter().map(|(column, _)| key(at, *column));
        keys.chain(row.iter().cloned()).collect()
    });
    let columns = keys.iter().map(|(_, column)| (*column).clone());
    Table {
        rows: rows.collect(),
        columns: columns.chain(answered.columns.iter().cloned()).collect(),
    }
}

/// Makes a frame of the inventory: a row a node, with its live state, address and labels.
///
/// # Errors
/// When the engine fails.
pub fn of_inventory(
    nodes: &NodeSet,
    live: &Live,
    inventory: &Inventory,
) -> Result<(Frame, Vec<Note>), TableError> {
    let mut columns = vec![
        Column::new("state", DataType::Str),
        Column::new("address", DataType::Str),
    ];
    let keys: Vec<&String> = inventory.labels().keys().collect();
    columns.extend(
        keys.iter()
            .map(|k| Column::new((*k).clone(), DataType::Str)),
    );
    let parts = nodes.iter().filter_map(|id| {
        let node = inventory.node(id)?;
        let state = if live.up.contains(id) {
            "up"
        } else if live.down.contains(id) {
            "down"
        } else {
            "unknown"
        };
        let mut row = vec![Value::from(state), Value::from(node.address.as_str())];
        row.extend(keys.iter().map(|k| Value::from(inventory.label(id, k))));
        let table = Table {
            columns: columns.clone(),
            rows: vec![row],
        };
        Some((id.0, table))
    });
    let ambient = Ambient::new(Vec::new(), Vec::<String>::new())?;
    Frame::from_node_tables(parts, &ambient, &Names(inventory))
}
