//! Says what a plan would do, and where: `explain LINE`.

use std::fmt::Write as _;

use crate::danger::changes_things;
use crate::fleet_plan::FleetStep;
use crate::inventory::Inventory;
use crate::plan::{LinePlan, Query, ResolvedScope, Source};
use crate::write::{fleet_step, row_step};

/// Columns that the folded names of a scope may take.
const SCOPE_WIDTH: usize = 72;

/// Describes a plan, a line of text for each part.
#[must_use]
pub fn explain(plan: &LinePlan, inventory: &Inventory) -> String {
    match plan {
        LinePlan::Nothing => "nothing\n".to_owned(),
        LinePlan::Local(command) => format!("on this machine  {command}\n"),
        LinePlan::SetScope(scope) => format!("from now on      {}\n", describe(scope, inventory)),
        LinePlan::Shell(shell) => {
            let mut words = vec![shell.word.clone()];
            words.extend(shell.args.iter().map(|a| format!("{a:?}")));
            format!("for the shell    {}\n", words.join(" "))
        }
        LinePlan::Query(query) => explain_query(query, inventory),
    }
}

fn explain_query(query: &Query, inventory: &Inventory) -> String {
    let mut out = String::new();
    let mut row = |place: &str, text: &str| {
        let mut lines = text.lines();
        let _ = writeln!(out, "{place:<17}{}", lines.next().unwrap_or_default());
        lines.for_each(|line| {
            let _ = writeln!(out, "{:<17}{line}", "");
        });
    };
    match &query.source {
        Source::Command(command) => {
            row("nodes", &describe(&query.scope, inventory));
            row("on each node", command);
            if let Some(why) = changes_things(command) {
                row("", &format!("({})", why.reason()));
            }
        }
        Source::Metric { name } => {
            row("nodes", &describe(&query.scope, inventory));
            row("on each node", &format!("metric {name}"));
        }
        Source::Facts(columns) => {
            row("nodes", &describe(&query.scope, inventory));
            row(
                "on each node",
                format!("facts {}", columns.join(", ")).trim_end(),
            );
        }
        Source::Nodes => row(
            "in the shell",
            &format!("the inventory, {}", describe(&query.scope, inventory)),
        ),
        Source::Result(result) => {
            row(
                "in the shell",
                &format!("the rows of {result}; nothing runs on a node"),
            );
            if query.scope.nodes.len() < inventory.len() {
                row("", &format!("of {}", describe(&query.scope, inventory)));
            }
        }
    }
    for step in &query.row_plan.steps {
        row("  then there", &row_step(step));
    }
    for step in &query.fleet {
        row("in the shell", &fleet_step(step));
    }
    if query.fleet.is_empty()
        && query.row_plan.steps.is_empty()
        && matches!(query.source, Source::Command(_))
    {
        row(
            "in the shell",
            &format!(
                "{} of equal answers",
                fleet_step(&FleetStep::Group { by: Vec::new() })
            ),
        );
    }
    out
}

/// The selector, how many nodes, and which.
fn describe(scope: &ResolvedScope, inventory: &Inventory) -> String {
    let n = scope.nodes.len();
    let nodes = if n == 1 { "node" } else { "nodes" };
    let names = inventory.fold_limited(&scope.nodes, SCOPE_WIDTH);
    let frozen = if scope.is_frozen { ", frozen" } else { "" };
    format!("{} = {n} {nodes}{frozen}: {names}", scope.text)
}
