//! What several tests of tables need: a small fleet's names and quick ways to rows.

use std::collections::BTreeMap;

use hailer_lang::fleet_plan::{FleetStep, TableFile};
use hailer_protocol::clean::Clean;
use hailer_protocol::expr::{BinaryOp, Expr};
use hailer_protocol::row_plan::RowStep;
use hailer_protocol::table::{Column, Table};
use hailer_protocol::value::{DataType, Value};
use hailer_table::{
    Frame, FrameColumn, FrameRow, NodeId, NodeNames, Note, Surroundings, TableError,
};

/// Nodes `web000`, `web001` …; a set folds to its names with commas. Around them is what a test
/// puts there.
#[derive(Default)]
pub(crate) struct Names {
    names: Vec<String>,
    /// `$1`, `$2` …
    pub(crate) results: Vec<Frame>,
    /// Files by their names.
    pub(crate) files: BTreeMap<&'static str, Frame>,
    /// Who answered the rows' probe.
    pub(crate) answered: Vec<NodeId>,
    /// The nodes of the line's scope; all where there is none.
    pub(crate) scope: Option<Vec<NodeId>>,
    /// A label's key, and its value on each node.
    pub(crate) labels: BTreeMap<&'static str, Vec<Option<&'static str>>>,
}

impl Names {
    pub(crate) fn new(n: usize) -> Self {
        Self {
            names: (0..n).map(|i| format!("web{i:03}")).collect(),
            ..Self::default()
        }
    }
}

impl NodeNames for Names {
    fn fold(&self, nodes: &[NodeId]) -> String {
        let names: Vec<&str> = nodes.iter().map(|n| self.name(*n)).collect();
        names.join(",")
    }

    fn name(&self, node: NodeId) -> &str {
        &self.names[node as usize]
    }
}

impl Surroundings for Names {
    fn result(&self, number: u32) -> Result<Frame, TableError> {
        let found = self.results.get(number as usize - 1);
        found.cloned().ok_or_else(|| TableError::OtherResult {
            number,
            reason: Clean::line("there is none"),
        })
    }

    fn file(&self, file: &TableFile) -> Result<(Frame, Vec<Note>), TableError> {
        match self.files.get(file.file.as_str()) {
            Some(frame) => Ok((frame.clone(), vec![Note::new("of a file")])),
            None => Err(TableError::OtherFile {
                reason: Clean::line("there is no such file"),
                hint: None,
            }),
        }
    }

    fn answered(&self) -> &[NodeId] {
        &self.answered
    }

    fn is_in_scope(&self, node: NodeId) -> bool {
        self.scope
            .as_ref()
            .is_none_or(|scope| scope.contains(&node))
    }

    fn label_keys(&self) -> Vec<&str> {
        self.labels.keys().copied().collect()
    }

    fn label(&self, node: NodeId, key: &str) -> Option<&str> {
        self.labels.get(key)?.get(node as usize).copied().flatten()
    }
}

pub(crate) fn table(columns: &[(&str, DataType)], rows: Vec<Vec<Value>>) -> Table {
    Table {
        columns: columns.iter().map(|(n, t)| Column::new(*n, *t)).collect(),
        rows,
    }
}

/// A frame of shown columns; row i is from node i.
pub(crate) fn frame(columns: &[(&str, DataType)], rows: Vec<Vec<Value>>) -> Frame {
    let columns = columns
        .iter()
        .map(|(n, t)| FrameColumn::shown(Column::new(*n, *t)))
        .collect();
    let rows = rows
        .into_iter()
        .zip(0..)
        .map(|(values, node)| FrameRow {
            node: Some(node),
            values,
        })
        .collect();
    Frame::from_rows(columns, rows).unwrap().0
}

pub(crate) fn apply(frame: &Frame, step: &FleetStep) -> (Frame, Vec<Note>) {
    try_apply(frame, step).unwrap()
}

pub(crate) fn try_apply(frame: &Frame, step: &FleetStep) -> Result<(Frame, Vec<Note>), TableError> {
    let n = frame.nodes().last().map_or(0, |n| *n as usize + 1);
    frame.clone().apply(step, &Names::new(n))
}

pub(crate) fn group(by: &[&str]) -> FleetStep {
    FleetStep::Group { by: strings(by) }
}

pub(crate) fn count(by: &[&str]) -> FleetStep {
    FleetStep::Count { by: strings(by) }
}

fn strings(by: &[&str]) -> Vec<String> {
    by.iter().map(|s| (*s).to_owned()).collect()
}

pub(crate) fn keep_where(expr: Expr) -> FleetStep {
    FleetStep::Row(RowStep::Where(expr))
}

pub(crate) fn column(name: &str) -> Expr {
    Expr::Column(name.to_owned())
}

pub(crate) fn compare(name: &str, op: BinaryOp, value: impl Into<Value>) -> Expr {
    Expr::Binary(
        op,
        Box::new(column(name)),
        Box::new(Expr::Literal(value.into())),
    )
}

/// The rows' shown values.
pub(crate) fn shown(frame: &Frame) -> Vec<Vec<Value>> {
    frame.to_protocol_table().rows
}

pub(crate) fn values(frame: &Frame, name: &str) -> Vec<Value> {
    let at = frame.index_of(name).unwrap();
    (0..frame.len()).map(|row| frame.value(row, at)).collect()
}

pub(crate) fn s(text: &str) -> Value {
    Value::from(text)
}
