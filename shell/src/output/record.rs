//! Records: what `json` and `ndjson` say of an answer, a row and a run. Version 1.
//!
//! Fields are added and never change their meaning. Bytes that are not UTF-8 stand in `out_b64`
//! and `err_b64`, in base64, instead of `out` and `err`. A column of a row that is named like a
//! field of the record has `row.` in front. Whatever a terminal could obey is escaped as JSON does.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hailer_lang::node_set::{NodeId, NodeSet};
use hailer_protocol::clean::{Clean, NodeBytes};
use hailer_protocol::message::{Guard, Guards};
use hailer_protocol::state::State;
use hailer_protocol::table::Column;
use hailer_protocol::units::moment::moment_text;
use hailer_protocol::value::Value;
use hailer_table::export::json;
use hailer_table::{Frame, NodeNames};
use serde_json::{Map, Value as Json};

use super::End;
use crate::fleet::answer::Answer;
use crate::follow::told::Happened;
use crate::view::nodes as view_nodes;

/// The version of the records.
pub(super) const VERSION: u32 = 1;

/// Names that a record keeps for itself.
const RESERVED: [&str; 3] = ["v", "type", "node"];

/// One JSON object, in the order in which its fields were added.
#[derive(Debug, Default)]
pub(super) struct Record {
    fields: Vec<(String, Json)>,
}

impl Record {
    /// Begins a record that stands alone, and so says what it is.
    pub(super) fn typed(name: &'static str) -> Self {
        let mut record = Self::default();
        record.add("v", VERSION);
        record.add("type", name);
        record
    }

    fn add(&mut self, name: &str, value: impl Into<Json>) {
        self.fields.push((name.to_owned(), value.into()));
    }

    /// Adds which turn of a `watch` this is of, if it is of any.
    pub(super) fn turn(mut self, turn: Option<u64>) -> Self {
        if let Some(turn) = turn {
            self.add("turn", turn);
        }
        self
    }

    /// Adds all fields of another record.
    pub(super) fn and(mut self, other: Self) -> Self {
        self.fields.extend(other.fields);
        self
    }

    fn add_column(&mut self, name: &str, value: Json) {
        let mut name = name.to_owned();
        while RESERVED.contains(&name.as_str()) || self.fields.iter().any(|(n, _)| *n == name) {
            name.insert_str(0, "row.");
        }
        self.fields.push((name, value));
    }

    /// Returns the object as text without line breaks.
    pub(super) fn text(&self) -> String {
        let mut text = String::from("{");
        for (name, value) in &self.fields {
            if text.len() > 1 {
                text.push(',');
            }
            text.push_str(&json::to_line(&Json::from(name.as_str())));
            text.push(':');
            text.push_str(&json::to_line(value));
        }
        text.push('}');
        text
    }
}

/// Returns the fields of a command's answer.
pub(super) fn of_answer(answer: &Answer, names: &dyn NodeNames) -> Record {
    let mut record = Record::default();
    record.add("node", names.name(answer.node.0));
    record.add("state", answer.state.as_str());
    record.add("rc", answer.rc);
    record.add("ms", answer.ms());
    record.add("bytes", answer.bytes());
    record.add("truncated", answer.is_truncated());
    add_bytes(&mut record, "out", &answer.out);
    add_bytes(&mut record, "err", &answer.err);
    add_remarks(&mut record, answer);
    record
}

/// Returns what is said of a target that did not do its part, beside the rows of the others.
pub(super) fn of_failure(answer: &Answer, names: &dyn NodeNames) -> Record {
    let mut record = Record::default();
    record.add("node", names.name(answer.node.0));
    record.add("state", answer.state.as_str());
    record.add("rc", answer.rc);
    record.add("truncated", answer.is_truncated());
    if !answer.err.0.is_empty() {
        add_bytes(&mut record, "err", &answer.err);
    }
    add_remarks(&mut record, answer);
    record
}

/// Whether a target has to be named beside the rows: it did not do its part, or not all of it.
pub(super) const fn is_failure(answer: &Answer) -> bool {
    !matches!(answer.state, State::Ok) || answer.is_truncated()
}

fn add_bytes(record: &mut Record, name: &str, bytes: &NodeBytes) {
    match std::str::from_utf8(&bytes.0) {
        Ok(text) => record.add(name, text),
        Err(_) => record.add(&format!("{name}_b64"), STANDARD.encode(&bytes.0)),
    }
}

fn add_remarks(record: &mut Record, answer: &Answer) {
    if let Some(failure) = &answer.failure {
        record.add("error", failure.as_str());
    }
    if answer.cut_bytes > 0 {
        record.add("cut_bytes", answer.cut_bytes);
    }
    if answer.cut_rows > 0 {
        record.add("cut_rows", answer.cut_rows);
    }
    if answer.left_behind > 0 {
        record.add("left_behind", answer.left_behind);
    }
    if let Some(sandboxed) = answer.sandboxed {
        let names = |set: Guards| set.iter().map(Guard::name).collect::<Vec<_>>();
        record.add("sandbox", names(sandboxed.guards));
        if !sandboxed.by_filter.is_empty() {
            record.add("sandbox_by_filter", names(sandboxed.by_filter));
        }
    }
    if !answer.notes.is_empty() {
        let notes: Vec<&str> = answer.notes.iter().map(Clean::as_str).collect();
        record.add("notes", notes);
    }
}

/// Returns the fields of one row of one node's table.
pub(super) fn of_row(
    node: NodeId,
    columns: &[Column],
    row: &[Value],
    names: &dyn NodeNames,
) -> Record {
    let mut record = Record::default();
    record.add("node", names.name(node.0));
    for (column, value) in columns.iter().zip(row) {
        record.add_column(&column.name, json::value(value));
    }
    record
}

/// Returns the fields of a line that a node said.
pub(super) fn of_line(
    node: NodeId,
    is_stderr: bool,
    line: &NodeBytes,
    cut_bytes: u64,
    names: &dyn NodeNames,
) -> Record {
    let mut record = Record::default();
    record.add("node", names.name(node.0));
    record.add("stream", if is_stderr { "err" } else { "out" });
    add_bytes(&mut record, "line", line);
    if cut_bytes > 0 {
        record.add("cut_bytes", cut_bytes);
    }
    record
}

/// Returns the fields of what happened to nodes that are followed.
pub(super) fn of_happened(happened: &Happened, nodes: &NodeSet, names: &dyn NodeNames) -> Record {
    let mut record = Record::default();
    record.add("nodes", view_nodes::all_folded(nodes, names).as_str());
    match happened {
        Happened::Waits(reason) => record.add("reason", reason.as_str()),
        Happened::Joined => {}
        Happened::Left(how) => record.add("reason", how.as_str()),
        Happened::LeftOut(lines) => record.add("lines", *lines),
    }
    record
}

/// Returns the fields of one row of a table of the fleet.
pub(super) fn of_frame_row(frame: &Frame, row: usize) -> Record {
    let mut record = Record::default();
    for (at, column) in frame.shown_columns() {
        let value = json::value(&frame.value(row, at));
        if column.is_node() {
            record.add("node", value);
        } else {
            record.add_column(&column.column.name, value);
        }
    }
    record
}

/// Returns the fields of a run's summary.
pub(super) fn of_end(end: Option<End<'_>>, names: &dyn NodeNames) -> Record {
    let mut record = Record::default();
    let Some(End {
        summary, exit_code, ..
    }) = end
    else {
        record.add("targets", 0);
        record.add("states", Map::new());
        record.add("nodes", Map::new());
        return record;
    };
    let mut states = Map::new();
    let mut nodes = Map::new();
    for (state, of_state) in &summary.nodes {
        states.insert(state.to_string(), of_state.len().into());
        if *state != State::Ok {
            nodes.insert(
                state.to_string(),
                view_nodes::all_folded(of_state, names).as_str().into(),
            );
        }
    }
    let elapsed_ms = u64::try_from(summary.elapsed.as_millis()).unwrap_or(u64::MAX);
    record.add("targets", summary.total());
    record.add("states", states);
    record.add("nodes", nodes);
    record.add("truncated", summary.truncated);
    record.add("cut_bytes", summary.cut_bytes);
    record.add("cut_rows", summary.cut_rows);
    record.add("interrupted", summary.is_interrupted);
    record.add("exit_code", exit_code);
    record.add("elapsed_ms", elapsed_ms);
    if let Some(retried) = &summary.retried {
        record.add("retried", retried.nodes.len());
        record.add("retried_at", moment_text(retried.at.0).as_str());
        record.add("not_asked_again", retried.not_asked.len());
    }
    record
}
