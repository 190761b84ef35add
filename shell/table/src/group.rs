//! `group` and `count`: equal rows fold into one, and the new row knows all their nodes.
//!
//! polars finds the groups; counts and node sets are made from the row numbers it hands back.
//! Null is a group of its own, as in SQL.

use hailer_protocol::table::Column;
use hailer_protocol::value::{DataType, Value};

use crate::column::{FrameColumn, Origin, find, find_or_say, free_name};
use crate::engine::{self, Cells, SortColumn};
use crate::error::TableError;
use crate::frame::{Frame, typed_column};
use crate::provenance::{NodeNames, Provenance};

/// What `group` compares when it is not told.
const DEFAULT: [&str; 4] = ["state", "rc", "out", "err"];

/// `group [by …]`: the columns, `count` and `nodes`; the smallest groups first, since the odd
/// nodes are what one looks for, and among equals the one with the lowest node.
pub(crate) fn group(
    frame: &Frame,
    by: &[String],
    names: &dyn NodeNames,
) -> Result<Frame, TableError> {
    let by = if by.is_empty() {
        default_columns(frame.columns())?
    } else {
        positions(frame.columns(), "group", by)?
    };
    let rows = frame.provenance_of_rows();
    let mut groups: Vec<Group> = engine::groups(frame.data(), &by)?
        .into_iter()
        .map(|members| Group {
            nodes: rows.union(members.iter().copied()),
            members,
        })
        .collect();
    // Stable: groups come in the order of their first rows. A group without nodes goes last.
    groups.sort_by_key(|g| {
        (
            g.members.len(),
            g.nodes.is_empty(),
            g.nodes.first().copied(),
        )
    });
    let folded = groups
        .iter()
        .map(|g| match g.nodes.as_slice() {
            [] => Value::Null,
            nodes => Value::Str(names.fold(nodes)),
        })
        .collect();
    let (mut columns, mut data, provenance) = counted(frame, &by, groups)?.into_parts();
    let name = free_name("nodes", &columns);
    let (nodes, cells, _) = typed_column(FrameColumn::node_set(name), folded)?;
    columns.push(nodes);
    data.push(cells);
    Frame::from_parts(columns, data, provenance)
}

/// `count [by …]`: the columns and `count`; the highest count first, then in the order of the
/// columns. Without columns one row, which counts 0 over an empty table.
pub(crate) fn count(frame: &Frame, by: &[String]) -> Result<Frame, TableError> {
    let by = positions(frame.columns(), "count", by)?;
    let rows = frame.provenance_of_rows();
    // A number is of no node: nothing may be run because of it.
    let is_by_node = by.iter().any(|at| frame.columns()[*at].is_node());
    let mut groups: Vec<Group> = engine::groups(frame.data(), &by)?
        .into_iter()
        .map(|members| Group {
            nodes: if is_by_node {
                rows.union(members.iter().copied())
            } else {
                Vec::new()
            },
            members,
        })
        .collect();
    if by.is_empty() && groups.is_empty() {
        groups.push(Group {
            members: vec![],
            nodes: vec![],
        });
    }
    let counted = counted(frame, &by, groups)?;
    let n_keys = by.len();
    let keys = std::iter::once((n_keys, true))
        .chain((0..n_keys).map(|at| (at, false)))
        .map(|(at, descending)| SortColumn {
            column: counted.cells(at).clone(),
            descending,
        })
        .collect();
    counted.pick(&engine::sorted(counted.len(), keys)?)
}

struct Group {
    members: Vec<u32>,
    nodes: Vec<u32>,
}

/// One row a group: the key columns, then `count`.
fn counted(frame: &Frame, by: &[usize], groups: Vec<Group>) -> Result<Frame, TableError> {
    let counts = groups
        .iter()
        .map(|g| Value::Int(i64::try_from(g.members.len()).unwrap_or(i64::MAX)))
        .collect();
    let mut provenance = Provenance::with_capacity(groups.len());
    let mut members = Vec::with_capacity(groups.len());
    for group in groups {
        provenance.push(group.nodes);
        members.push(group.members);
    }
    let (mut columns, mut data) = key_columns(frame, by, &members)?;
    let name = free_name("count", &columns);
    let column = FrameColumn::shown(Column::new(name, DataType::Int));
    let (column, cells, _) = typed_column(column, counts)?;
    columns.push(column);
    data.push(cells);
    Frame::from_parts(columns, data, provenance)
}

/// Returns the columns that groups have in common, a row a group.
pub(crate) fn key_columns(
    frame: &Frame,
    by: &[usize],
    groups: &[Vec<u32>],
) -> Result<(Vec<FrameColumn>, Vec<Cells>), TableError> {
    if by.is_empty() {
        return Ok((Vec::new(), Vec::new()));
    }
    let firsts: Vec<u32> = groups.iter().filter_map(|g| g.first().copied()).collect();
    let picked = engine::pick(frame.data(), &firsts)?;
    let mut columns = Vec::with_capacity(by.len() + 1);
    let mut data = Vec::with_capacity(by.len() + 1);
    for &at in by {
        let mut column = frame.columns()[at].clone();
        // The column is now what the rows are about. Its name was unique and stays so.
        column.shown = true;
        if !column.is_node() && !column.is_node_set() {
            column.origin = Origin::Row;
        }
        columns.push(column);
        data.push(picked.columns()[at].clone());
    }
    Ok((columns, data))
}

fn default_columns(columns: &[FrameColumn]) -> Result<Vec<usize>, TableError> {
    DEFAULT
        .iter()
        .map(|name| find(columns, name).ok_or(TableError::NoDefaultGroup { missing: name }))
        .collect()
}

/// Finds the columns, each once.
pub(crate) fn positions(
    columns: &[FrameColumn],
    verb: &'static str,
    by: &[String],
) -> Result<Vec<usize>, TableError> {
    let mut found = Vec::with_capacity(by.len());
    for name in by {
        let at = find_or_say(columns, verb, name)?;
        if !found.contains(&at) {
            found.push(at);
        }
    }
    Ok(found)
}
