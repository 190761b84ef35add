//! Rows of two results compared: which came, which went, and which cells changed.
//!
//! Rows are one row at two times when they are of one node and equal in the columns that are named.
//! Rows that are equal altogether are no change, however many there are; where one row is left on
//! each side it has changed, and where more are left they went and came.

use std::collections::{BTreeMap, HashMap};

use hailer_protocol::clean::Clean;
use hailer_protocol::table::Column;
use hailer_protocol::units::{display_value, exact_value};
use hailer_protocol::value::{DataType, Value};

use super::report::{DiffBase, DiffChange, DiffLine, DiffReport, Of, Sign};
use super::{folded, node_set};
use crate::column::{FrameColumn, find, find_or_say};
use crate::error::{Note, TableError};
use crate::frame::Frame;
use crate::provenance::{NodeId, NodeNames, Provenance};

/// Changes of one set of nodes that are told one by one.
const CHANGES_MAX: usize = 1_000;

/// How long a command took is another time each time.
const NEVER_COMPARED: &str = "ms";

/// A change of one row.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    sign: Sign,
    /// Which row, by the columns that were named; empty where a node's only row is meant.
    key: String,
    /// The cell that changed; `None` for a row that came or went.
    column: Option<String>,
    before: Option<String>,
    after: Option<String>,
}

/// Which columns say what.
struct Columns {
    /// Those that say which row is which, here and there; the node's name among them.
    keys: Vec<(usize, usize)>,
    /// Those that are compared, here and there, with their names.
    cells: Vec<(usize, usize, String)>,
    has_node: bool,
}

/// Compares the rows of an earlier result with those here.
pub(super) fn since(
    before: &Frame,
    after: &Frame,
    number: u32,
    by: &[String],
    names: &dyn NodeNames,
) -> Result<(Frame, Vec<Note>), TableError> {
    let (columns, notes) = columns(before, after, number, by)?;
    let mut by_key: BTreeMap<Vec<Option<String>>, [Vec<u32>; 2]> = BTreeMap::new();
    for (side, frame) in [before, after].into_iter().enumerate() {
        for row in frame.all_rows() {
            let at = |key: &(usize, usize)| if side == 0 { key.1 } else { key.0 };
            let cell = |key: &(usize, usize)| exact(frame, row, at(key));
            let key = columns.keys.iter().map(cell).collect();
            by_key.entry(key).or_default()[side].push(row);
        }
    }
    let mut by_nodes: BTreeMap<Vec<NodeId>, Vec<Entry>> = BTreeMap::new();
    for [old, new] in by_key.into_values() {
        let nodes = match (old.first(), new.first()) {
            (_, Some(row)) => after.provenance_of_rows().get(*row as usize),
            (Some(row), None) => before.provenance_of_rows().get(*row as usize),
            (None, None) => &[],
        };
        let entries = by_nodes.entry(nodes.to_vec()).or_default();
        compare(before, after, &columns, (old, new), entries);
    }
    let mut same: Vec<NodeId> = Vec::new();
    let mut changes = Vec::new();
    for (nodes, entries) in by_nodes {
        if entries.is_empty() {
            same.extend(nodes);
        } else {
            changes.push((nodes, entries));
        }
    }
    let report = DiffReport {
        base: DiffBase::Result { number },
        changes: folded(changes.iter().map(|(nodes, entries)| DiffChange {
            nodes: nodes.clone(),
            ending: String::new(),
            lines: lines(entries),
        })),
        same,
    };
    Ok((frame(changes, names)?.with_diff(report), notes))
}

/// Finds the columns on both sides. One that is on one side alone is not compared, which is said.
fn columns(
    before: &Frame,
    after: &Frame,
    number: u32,
    by: &[String],
) -> Result<(Columns, Vec<Note>), TableError> {
    let node = |frame: &Frame| frame.columns().iter().position(FrameColumn::is_node);
    let mut keys: Vec<(usize, usize)> = node(after).zip(node(before)).into_iter().collect();
    let has_node = !keys.is_empty();
    for name in by {
        let here = find_or_say(after.columns(), "diff", name)?;
        let there = find(before.columns(), name).ok_or_else(|| TableError::NotInOther {
            verb: "diff",
            other: Clean::line(&format!("${number}")),
            name: Clean::line(name),
            known: before
                .shown_columns()
                .map(|(_, c)| Clean::line(&c.column.name))
                .collect(),
        })?;
        keys.push((here, there));
    }
    let mut cells = Vec::new();
    let mut notes = Vec::new();
    let mut alone = |name: &str, place: String| {
        let text = format!("diff: column `{name}` is only {place}; not compared");
        notes.push(Note::new(&text));
    };
    for (here, column) in after.shown_columns() {
        let name = &column.column.name;
        if name == NEVER_COMPARED || column.is_node() || column.is_node_set() {
            continue;
        }
        match find(before.columns(), name) {
            Some(there) if !keys.contains(&(here, there)) => {
                cells.push((here, there, name.clone()));
            }
            Some(_) => {}
            None => alone(name, "here".to_owned()),
        }
    }
    for (_, column) in before.shown_columns() {
        let name = &column.column.name;
        let is_of_nodes = column.is_node() || column.is_node_set();
        if !is_of_nodes && find(after.columns(), name).is_none() {
            alone(name, format!("in ${number}"));
        }
    }
    let columns = Columns {
        keys,
        cells,
        has_node,
    };
    Ok((columns, notes))
}

fn exact(frame: &Frame, row: u32, at: usize) -> Option<String> {
    let value = frame.value(row as usize, at);
    (!value.is_null()).then(|| exact_value(&value))
}

/// Compares the rows of one key.
fn compare(
    before: &Frame,
    after: &Frame,
    columns: &Columns,
    (old, new): (Vec<u32>, Vec<u32>),
    into: &mut Vec<Entry>,
) {
    let cells_before = |row: &u32| -> Vec<Option<String>> {
        let cells = columns.cells.iter();
        cells
            .map(|(_, there, _)| exact(before, *row, *there))
            .collect()
    };
    let cells_after = |row: &u32| -> Vec<Option<String>> {
        let cells = columns.cells.iter();
        cells
            .map(|(here, _, _)| exact(after, *row, *here))
            .collect()
    };
    // Equal rows cancel each other out, one for one.
    let mut equal: HashMap<Vec<Option<String>>, usize> = HashMap::new();
    for row in &new {
        *equal.entry(cells_after(row)).or_default() += 1;
    }
    let mut cancel = |cells: Vec<Option<String>>| {
        let n = equal.get_mut(&cells).filter(|n| **n > 0);
        n.map(|n| *n -= 1).is_some()
    };
    let gone: Vec<u32> = old
        .into_iter()
        .filter(|row| !cancel(cells_before(row)))
        .collect();
    let mut come = Vec::new();
    for row in new {
        if let Some(n) = equal.get_mut(&cells_after(&row)).filter(|n| **n > 0) {
            *n -= 1;
            come.push(row);
        }
    }
    if let ([was], [is]) = (gone.as_slice(), come.as_slice()) {
        let key = key_text(after, *is, columns, |key| key.0);
        for (here, there, name) in &columns.cells {
            let (was, is) = (
                before.value(*was as usize, *there),
                after.value(*is as usize, *here),
            );
            if exact_value(&was) == exact_value(&is) {
                continue;
            }
            let (was, is) = shown_apart(&was, &is);
            into.push(Entry {
                sign: Sign::Changed,
                key: key.clone(),
                column: Some(name.clone()),
                before: was,
                after: is,
            });
        }
        return;
    }
    for row in gone {
        into.push(Entry {
            sign: Sign::Removed,
            key: key_text(before, row, columns, |key| key.1),
            column: None,
            before: Some(row_text(before, row, columns, |cell| cell.1)),
            after: None,
        });
    }
    for row in come {
        into.push(Entry {
            sign: Sign::Added,
            key: key_text(after, row, columns, |key| key.0),
            column: None,
            before: None,
            after: Some(row_text(after, row, columns, |cell| cell.0)),
        });
    }
}

/// Returns two values as people read them, unless they would read the same.
fn shown_apart(was: &Value, is: &Value) -> (Option<String>, Option<String>) {
    let text = |value: &Value, of: fn(&Value) -> String| (!value.is_null()).then(|| of(value));
    let shown = (text(was, display_value), text(is, display_value));
    if shown.0 == shown.1 {
        return (text(was, exact_value), text(is, exact_value));
    }
    shown
}

/// Says which row it is; the node is said elsewhere, unless the row is of none.
fn key_text(
    frame: &Frame,
    row: u32,
    columns: &Columns,
    side: impl Fn(&(usize, usize)) -> usize,
) -> String {
    let is_of_nodes = !frame.provenance_of_rows().get(row as usize).is_empty();
    let keys = columns.keys.iter();
    let keys = keys.skip(usize::from(columns.has_node && is_of_nodes));
    let texts: Vec<String> = keys
        .map(|key| display_value(&frame.value(row as usize, side(key))))
        .collect();
    texts.join(", ")
}

fn row_text(
    frame: &Frame,
    row: u32,
    columns: &Columns,
    side: impl Fn(&(usize, usize, String)) -> usize,
) -> String {
    let texts: Vec<String> = columns
        .cells
        .iter()
        .filter_map(|cell| {
            let value = frame.value(row as usize, side(cell));
            (!value.is_null()).then(|| format!("{} {}", cell.2, display_value(&value)))
        })
        .collect();
    texts.join(", ")
}

/// Returns the changes as lines.
fn lines(entries: &[Entry]) -> Vec<DiffLine> {
    let line = |entry: &Entry| {
        let null = || "null".to_owned();
        let what = match &entry.column {
            Some(column) => format!(
                "{column} {} -> {}",
                entry.before.clone().unwrap_or_else(null),
                entry.after.clone().unwrap_or_else(null)
            ),
            None => entry
                .before
                .clone()
                .or_else(|| entry.after.clone())
                .unwrap_or_default(),
        };
        let text = match (entry.key.as_str(), what.as_str()) {
            ("", _) => what,
            (key, "") => key.to_owned(),
            (key, what) => format!("{key}: {what}"),
        };
        let mut line = DiffLine::text(entry.sign, 0, text.into());
        line.of = Of::Row;
        line
    };
    let mut lines: Vec<DiffLine> = entries.iter().take(CHANGES_MAX).map(line).collect();
    if entries.len() > CHANGES_MAX {
        let text = format!("{} more changes", entries.len() - CHANGES_MAX);
        lines.push(DiffLine::said(Of::Row, text));
    }
    lines
}

/// Makes the table: a row for each change of each set of nodes that has it.
fn frame(
    changes: Vec<(Vec<NodeId>, Vec<Entry>)>,
    names: &dyn NodeNames,
) -> Result<Frame, TableError> {
    type EntryKey = (
        &'static str,
        String,
        Option<String>,
        Option<String>,
        Option<String>,
    );
    let mut at: HashMap<EntryKey, usize> = HashMap::new();
    let mut rows: Vec<(EntryKey, Vec<NodeId>)> = Vec::new();
    for (nodes, entries) in changes {
        for e in entries {
            let key = (
                e.sign.as_change().unwrap_or("note"),
                e.key,
                e.column,
                e.before,
                e.after,
            );
            let at = *at.entry(key.clone()).or_insert(rows.len());
            if at == rows.len() {
                rows.push((key, Vec::new()));
            }
            rows[at].1.extend(&nodes);
        }
    }
    let mut columns: [Vec<Value>; 6] = Default::default();
    let mut provenance = Provenance::with_capacity(rows.len());
    for ((sign, key, column, before, after), mut nodes) in rows {
        nodes.sort_unstable();
        nodes.dedup();
        let row = [
            node_set(&nodes, names),
            Value::from(sign),
            Value::Str(key),
            Value::from(column),
            Value::from(before),
            Value::from(after),
        ];
        columns.iter_mut().zip(row).for_each(|(c, v)| c.push(v));
        provenance.push(nodes);
    }
    let [nodes, change, key, column, before, after] = columns;
    let text = |name| FrameColumn::shown(Column::new(name, DataType::Str));
    let columns = vec![
        (FrameColumn::node_set("nodes".to_owned()), nodes),
        (text("change"), change),
        (text("key"), key),
        (text("column"), column),
        (text("before"), before),
        (text("after"), after),
    ];
    Ok(Frame::from_values(columns, provenance)?.0)
}
