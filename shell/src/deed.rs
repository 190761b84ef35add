//! A deed's targets: from the rows that a line has left to what each node is to be handed.
//!
//! Targets come from where a row was observed, which travels beside the rows and is never read from
//! a column's text. Rows count only where the node's own answer has ended and is whole.

use std::collections::{BTreeMap, BTreeSet};

use hailer_lang::deed::{Deed, variable, variables};
use hailer_lang::inventory::Inventory;
use hailer_lang::node_set::{NodeId, NodeSet};
use hailer_protocol::limits::EACH_ROWS_MAX;
use hailer_protocol::nearest::nearest;
use hailer_protocol::row_env::text;
use hailer_protocol::state::State;
use hailer_table::Frame;

use crate::error::ShellError;
use crate::fleet::Finished;
use crate::session::Side;

/// The variables of one row.
pub type Variables = Vec<(String, String)>;

/// Whom a deed is for, and what is to be said before it runs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Targets {
    /// For each node its rows; of a `run` that is one, whatever the node had.
    pub rows: BTreeMap<NodeId, Vec<TargetRow>>,
    /// What does not take part, and why; in whole phrases.
    pub left_out: Vec<String>,
}

/// One row that a command is handed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TargetRow {
    /// Its number in the rows, from 0.
    pub row: usize,
    /// Its columns.
    pub variables: Variables,
}

impl Targets {
    /// Finds the targets of a deed among rows. `origin` is the run that the rows come from, `sides`
    /// are the results that stood beside them.
    ///
    /// # Errors
    /// When a row has no node behind it, a node is out of scope, or a column cannot be told.
    pub fn of(
        deed: &Deed,
        frame: &Frame,
        origin: Option<&Finished>,
        sides: &[Side],
        inventory: &Inventory,
    ) -> Result<Self, ShellError> {
        // Where no node told its columns, what the command names may be one.
        if frame.is_untold() {
            return Ok(Self::default());
        }
        let columns = Columns::of(deed, frame)?;
        let mut targets = Self::default();
        let by_node = targets.rows_that_count(frame, origin, sides, inventory)?;
        check_scope(deed, &by_node, inventory)?;
        let many = by_node.iter().find(|(_, rows)| rows.len() > 1);
        if let (Some((node, rows)), Some((name, _)), false) =
            (many, columns.named.first(), deed.each)
        {
            return Err(ShellError::usage(format!(
                "`${name}` is of one row, and {} has {}",
                name_of(*node, inventory),
                rows.len()
            ))
            .hint("`run each` runs the command once a row; nothing was run"));
        }
        let crowded = by_node.iter().find(|(_, rows)| rows.len() > EACH_ROWS_MAX);
        if let (Some((node, rows)), true) = (crowded, deed.each) {
            return Err(ShellError::usage(format!(
                "{} has {} rows, and `run each` takes {EACH_ROWS_MAX} a node",
                name_of(*node, inventory),
                rows.len()
            ))
            .hint("narrow them with `where`, or `take N per node`; nothing was run"));
        }
        let mut skipped = (NodeSet::default(), 0);
        for (node, rows) in by_node {
            // Of several rows none is the node's own.
            let is_handed = deed.each || rows.len() == 1;
            let rows = if deed.each { &rows[..] } else { &rows[..1] };
            for &row in rows {
                let variables = if is_handed {
                    columns.of_row(frame, row)
                } else {
                    Some(Vec::new())
                };
                match variables {
                    Some(variables) => {
                        let rows = targets.rows.entry(node).or_default();
                        rows.push(TargetRow { row, variables });
                    }
                    None => {
                        skipped.0.insert(node);
                        skipped.1 += 1;
                    }
                }
            }
        }
        targets.tell_skipped(deed, &columns, &skipped, inventory);
        Ok(targets)
    }

    /// Returns the nodes.
    #[must_use]
    pub fn nodes(&self) -> NodeSet {
        self.rows.keys().copied().collect()
    }

    /// Returns how many commands will run.
    #[must_use]
    pub fn n_rows(&self) -> usize {
        self.rows.values().map(Vec::len).sum()
    }

    /// Puts the rows of finished and whole answers to their nodes.
    fn rows_that_count(
        &mut self,
        frame: &Frame,
        origin: Option<&Finished>,
        sides: &[Side],
        inventory: &Inventory,
    ) -> Result<BTreeMap<NodeId, Vec<usize>>, ShellError> {
        let answers = origin.iter().flat_map(|run| run.gather.answers());
        let unfit: BTreeSet<NodeId> = answers
            .filter(|answer| !answer.state.is_answer() || answer.is_truncated())
            .map(|answer| answer.node)
            .collect();
        let mut by_node: BTreeMap<NodeId, Vec<usize>> = BTreeMap::new();
        let mut left_out = NodeSet::default();
        let mut beside: Vec<NodeSet> = vec![NodeSet::default(); sides.len()];
        for row in 0..frame.len() {
            let nodes = frame.provenance(row).ok_or_else(|| {
                ShellError::usage(format!(
                    "row {} has no node behind it, so nothing can run there",
                    row + 1
                ))
                .hint("counts, aggregates and files are of no node; `run` goes before them")
            })?;
            for node in nodes.iter().map(|node| NodeId(*node)) {
                let side = sides.iter().position(|side| side.unfit.contains(node));
                if unfit.contains(&node) {
                    left_out.insert(node);
                } else if let Some(side) = side {
                    beside[side].insert(node);
                } else {
                    by_node.entry(node).or_default().push(row);
                }
            }
        }
        if !left_out.is_empty() {
            self.left_out.push(format!(
                "rows of {} do not count, since their answers had not ended or were cut: {}",
                count(left_out.len()),
                inventory.fold_limited(&left_out, 60)
            ));
        }
        for (side, nodes) in sides.iter().zip(&beside).filter(|(_, of)| !of.is_empty()) {
            self.left_out.push(format!(
                "rows of {} do not count, since their answers in ${} had not ended or were cut: {}",
                count(nodes.len()),
                side.number,
                inventory.fold_limited(nodes, 60)
            ));
        }
        Ok(by_node)
    }

    fn tell_skipped(
        &mut self,
        deed: &Deed,
        columns: &Columns,
        skipped: &(NodeSet, usize),
        inventory: &Inventory,
    ) {
        let (nodes, rows) = skipped;
        if *rows == 0 {
            return;
        }
        let names: Vec<String> = columns.named.iter().map(|(n, _)| format!("${n}")).collect();
        let what = match (deed.each, *rows) {
            (false, _) => count(nodes.len()),
            (true, 1) => "1 row".to_owned(),
            (true, n) => format!("{n} rows"),
        };
        self.left_out.push(format!(
            "{what} skipped, where {} is null or too long: {}",
            names.join(" or "),
            inventory.fold_limited(nodes, 60)
        ));
    }
}

/// Says how many nodes.
pub(crate) fn count(n: usize) -> String {
    let nodes = if n == 1 { "node" } else { "nodes" };
    format!("{n} {nodes}")
}

fn name_of(node: NodeId, inventory: &Inventory) -> &str {
    inventory.node(node).map_or("?", |n| n.name.as_str())
}

fn check_scope(
    deed: &Deed,
    by_node: &BTreeMap<NodeId, Vec<usize>>,
    inventory: &Inventory,
) -> Result<(), ShellError> {
    let outside: NodeSet = by_node
        .keys()
        .copied()
        .filter(|node| !deed.scope.nodes.contains(*node))
        .collect();
    if outside.is_empty() {
        return Ok(());
    }
    Err(ShellError::usage(format!(
        "{} with rows are not in the scope {}: {}",
        count(outside.len()),
        deed.scope.text,
        inventory.fold_limited(&outside, 60)
    ))
    .hint("set a scope that holds them, or narrow the rows; nothing was run"))
}

/// Which columns a command is handed.
struct Columns {
    /// Those that it names, by their variables.
    named: Vec<(String, usize)>,
    /// The others that are shown.
    others: Vec<(String, usize)>,
}

impl Columns {
    fn of(deed: &Deed, frame: &Frame) -> Result<Self, ShellError> {
        let all: Vec<(String, usize)> = frame
            .shown_columns()
            .map(|(at, column)| (variable(&column.column.name), at))
            .chain(
                (frame.columns().iter().enumerate())
                    .filter(|(_, column)| !column.shown)
                    .map(|(at, column)| (variable(&column.column.name), at)),
            )
            .collect();
        let mut named = Vec::new();
        for (name, _) in variables(&deed.command) {
            let bare = name.replacen("row_label_", "row_", 1);
            let found = all.iter().find(|(known, _)| *known == name);
            let found = found.or_else(|| all.iter().find(|(known, _)| *known == bare));
            let is_it = |(known, _): &&(String, usize)| *known == name || *known == bare;
            let mut same = all.iter().filter(is_it).map(|(_, at)| *at);
            let (one, other) = (same.next(), same.next());
            if let (Some(one), Some(other)) = (one, other) {
                let called = |at: usize| frame.columns()[at].column.name.as_str();
                return Err(ShellError::usage(format!(
                    "`${name}` could be column `{}` or `{}`",
                    called(one),
                    called(other)
                ))
                .hint("give one another name: `derive x = …`, then `$row_x`; nothing was run"));
            }
            let Some((_, at)) = found else {
                let known = || all.iter().map(|(name, _)| name.as_str());
                let hint = nearest(&name, known()).map_or_else(
                    || format!("there are ${};", known().collect::<Vec<_>>().join(", $")),
                    |near| format!("did you mean `${near}`?"),
                );
                return Err(
                    ShellError::usage(format!("no column of these rows is `${name}`"))
                        .hint(format!("{hint} nothing was run")),
                );
            };
            named.push((name, *at));
        }
        let is_other = |(name, at): &(String, usize)| {
            frame.columns()[*at].shown && !named.iter().any(|(known, _)| known == name)
        };
        let others = all.iter().filter(|c| is_other(c)).cloned().collect();
        Ok(Self { named, others })
    }

    /// Returns a row's variables; `None` where one that is named has no value.
    fn of_row(&self, frame: &Frame, row: usize) -> Option<Variables> {
        let value = |at: usize| text(&frame.value(row, at));
        let mut variables = Vec::with_capacity(self.named.len() + self.others.len());
        for (name, at) in &self.named {
            variables.push((name.clone(), value(*at)?));
        }
        for (name, at) in &self.others {
            if !variables.iter().any(|(known, _)| known == name)
                && let Some(value) = value(*at)
            {
                variables.push((name.clone(), value));
            }
        }
        Some(variables)
    }
}

/// Says which share of the asked nodes the rows are of; nothing where all have answered.
pub(crate) fn share(origin: &Finished) -> Option<String> {
    let summary = &origin.summary;
    let missing: Vec<String> = summary
        .nodes
        .iter()
        .filter(|(state, _)| !state.is_answer())
        .map(|(state, nodes)| format!("{} {state}", nodes.len()))
        .collect();
    if missing.is_empty() {
        return None;
    }
    let answered = summary.count(State::Ok) + summary.count(State::Failed);
    Some(format!(
        "{answered} of {} nodes ({})",
        summary.total(),
        missing.join(", ")
    ))
}
