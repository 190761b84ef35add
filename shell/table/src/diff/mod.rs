//! `diff`: how the odd answers differ from what most nodes say, and what changed since another
//! result.
//!
//! What comes out is a table, so that verbs go on from it, with a [`DiffReport`] beside it for
//! whoever draws it as people read differences. A row of the table has the nodes of its change.

mod answers;
mod lines;
mod report;
mod rows;

use std::collections::HashMap;

use hailer_protocol::table::Column;
use hailer_protocol::value::{DataType, Value};

pub(crate) use answers::groups_of_answers;
pub use report::{Changed, DiffBase, DiffChange, DiffLine, DiffReport, Of, Sign};

use crate::column::FrameColumn;
use crate::error::{Note, TableError};
use crate::frame::Frame;
use crate::provenance::{NodeId, NodeNames, Provenance};
use crate::surroundings::Surroundings;

/// Different pairs of answers that are compared by line; of the others it is only said that they
/// differ.
const PAIRS_MAX: usize = 1_000;

/// `diff [$N] [by …]`.
pub(crate) fn diff(
    frame: &Frame,
    with: Option<u32>,
    by: &[String],
    around: &dyn Surroundings,
) -> Result<(Frame, Vec<Note>), TableError> {
    let Some(number) = with else {
        let report = answers::against_majority(frame)?;
        return Ok((text_frame(report, around)?, Vec::new()));
    };
    // Nodes that this line is not for did not change by not being asked.
    let before = around.result(number)?;
    let is_in_scope = |row: &u32| {
        let nodes = before.provenance_of_rows().get(*row as usize);
        nodes.is_empty() || nodes.iter().any(|node| around.is_in_scope(*node))
    };
    let rows: Vec<u32> = before.all_rows().filter(is_in_scope).collect();
    let before = before.pick(&rows)?;
    if by.is_empty()
        && let Some(report) = answers::since(&before, frame, number)?
    {
        return Ok((text_frame(report, around)?, Vec::new()));
    }
    rows::since(&before, frame, number, by, around)
}

/// Puts equal changes together; what the fewest nodes have comes first.
fn folded(changes: impl IntoIterator<Item = DiffChange>) -> Vec<DiffChange> {
    let mut at: HashMap<(String, Vec<DiffLine>), usize> = HashMap::new();
    let mut out: Vec<DiffChange> = Vec::new();
    for change in changes {
        let key = (change.ending.clone(), change.lines.clone());
        let at = *at.entry(key).or_insert(out.len());
        if at == out.len() {
            out.push(change);
        } else {
            out[at].nodes.extend(change.nodes);
        }
    }
    for change in &mut out {
        change.nodes.sort_unstable();
        change.nodes.dedup();
    }
    out.sort_by_key(|change| (change.nodes.len(), change.nodes.first().copied()));
    out
}

/// Makes the table of a comparison of texts: a row for each line that differs.
fn text_frame(report: DiffReport, names: &dyn NodeNames) -> Result<Frame, TableError> {
    let mut columns: [Vec<Value>; 5] = Default::default();
    let mut provenance = Provenance::default();
    for change in &report.changes {
        let nodes = node_set(&change.nodes, names);
        for line in &change.lines {
            let Some(sign) = line.sign.as_change() else {
                continue;
            };
            provenance.push(change.nodes.iter().copied());
            let at = i64::try_from(line.at).ok().filter(|at| *at > 0);
            let row = [
                nodes.clone(),
                Value::from(sign),
                Value::from(line.of.as_str()),
                Value::from(at),
                Value::Str(whole_text(&line.changed)),
            ];
            columns.iter_mut().zip(row).for_each(|(c, v)| c.push(v));
        }
    }
    let [nodes, change, of, at, line] = columns;
    let text = |name| FrameColumn::shown(Column::new(name, DataType::Str));
    let columns = vec![
        (FrameColumn::node_set("nodes".to_owned()), nodes),
        (text("change"), change),
        (text("of"), of),
        (FrameColumn::shown(Column::new("at", DataType::Int)), at),
        (text("line"), line),
    ];
    let (frame, _) = Frame::from_values(columns, provenance)?;
    Ok(frame.with_diff(report))
}

/// Returns a line's text, with a sign where something of it is left out.
fn whole_text(changed: &Changed) -> String {
    let sign = |left_out: usize| if left_out > 0 { "…" } else { "" };
    format!(
        "{}{}{}",
        sign(changed.before),
        changed.text,
        sign(changed.behind)
    )
}

fn node_set(nodes: &[NodeId], names: &dyn NodeNames) -> Value {
    match nodes {
        [] => Value::Null,
        nodes => Value::Str(names.fold(nodes)),
    }
}
