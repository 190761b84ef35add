//! Rows of `jobs all`: what nodes know of an operator's detached runs. The lists come from nodes, so
//! nothing in them is taken for granted.

use std::collections::BTreeMap;

use hailer_lang::inventory::Inventory;
use hailer_protocol::ids::RunId;
use hailer_protocol::table::{Column, Row, Table};
use hailer_protocol::value::{DataType, Value};
use hailer_table::{Frame, Note, TableError};

use super::{Names, ambient, run_columns, run_row};
use crate::fleet::Finished;

/// Digits of a detached run's id that are shown; fewer are enough to name it.
const ID_SHOWN: usize = 12;

/// Returns the part of a run's id that is shown.
pub fn short_id(id: &str) -> &str {
    id.get(..ID_SHOWN).unwrap_or(id)
}

/// Returns the runs in a node's list of detached runs, with what they run. What is no id is left out.
pub fn detached_runs(table: &Table) -> Vec<(RunId, String)> {
    let (Some(run), Some(line)) = (table.index_of("run"), table.index_of("line")) else {
        return Vec::new();
    };
    let of = |row: &Row| {
        let id = row.get(run)?.as_str()?.parse().ok()?;
        Some((id, row.get(line)?.as_str()?.to_owned()))
    };
    table.rows.iter().filter_map(of).collect()
}

/// Makes a frame of the nodes' lists of detached runs. A run began when its first node did.
///
/// # Errors
/// When the engine fails.
pub fn of_detached(
    run: &Finished,
    inventory: &Inventory,
) -> Result<(Frame, Vec<Note>), TableError> {
    let answers = run.gather.answers();
    let tables = || {
        answers
            .iter()
            .filter_map(|a| Some((a.node.0, a.rows.as_ref()?)))
    };
    let mut first: BTreeMap<String, i64> = BTreeMap::new();
    for (_, table) in tables() {
        for (id, began) in begun(table) {
            let earliest = first.entry(id).or_insert(began);
            *earliest = began.min(*earliest);
        }
    }
    let rows = answers.iter().map(|a| (a.node.0, run_row(a)));
    let ambient = ambient(inventory, run_columns(), rows)?;
    // Where no node answers there are columns all the same.
    let none = Table::new(detached_columns());
    let parts = tables().map(|(node, table)| (node, since_first(table, &first)));
    let parts = parts.chain(answers.first().map(|a| (a.node.0, none)));
    Frame::from_node_tables(parts, &ambient, &Names(inventory))
}

fn begun(table: &Table) -> Vec<(String, i64)> {
    let (Some(run), Some(began)) = (table.index_of("run"), table.index_of("began")) else {
        return Vec::new();
    };
    let of = |row: &Row| match (row.get(run)?.as_str(), row.get(began)?) {
        (Some(id), Value::Time(at)) => Some((id.to_owned(), *at)),
        (_, _) => None,
    };
    table.rows.iter().filter_map(of).collect()
}

fn since_first(table: &Table, first: &BTreeMap<String, i64>) -> Table {
    let mut table = table.clone();
    let (Some(run), Some(began)) = (table.index_of("run"), table.index_of("began")) else {
        return table;
    };
    for row in &mut table.rows {
        let Some(id) = row.get(run).and_then(Value::as_str).map(str::to_owned) else {
            continue;
        };
        if let Some(at) = first.get(&id) {
            row[began] = Value::Time(*at);
        }
        row[run] = Value::from(short_id(&id));
    }
    table
}

fn detached_columns() -> Vec<Column> {
    [
        ("run", DataType::Str),
        ("line", DataType::Str),
        ("began", DataType::Time),
        ("run_state", DataType::Str),
        ("run_rc", DataType::Int),
        ("held", DataType::Bool),
    ]
    .map(|(name, data_type)| Column::new(name, data_type))
    .to_vec()
}
