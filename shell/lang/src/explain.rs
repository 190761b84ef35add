//! Says what a plan would do, and where: `explain LINE`.

use std::fmt::Write as _;
use std::time::Duration;

use crate::danger::changes_things;
use crate::deed::Deed;
use crate::fleet_plan::FleetStep;
use crate::inventory::Inventory;
use crate::plan::{LinePlan, Query, QueryEnd, ResolvedScope, Source};
use crate::write::{fleet_step, row_step};

/// Columns that the folded names of a scope may take.
const SCOPE_WIDTH: usize = 72;

/// Describes a plan, a line of text for each part.
#[must_use]
pub fn explain(plan: &LinePlan, inventory: &Inventory) -> String {
    match plan {
        LinePlan::Nothing => "nothing\n".to_owned(),
        LinePlan::Local(command) => format!("on this machine  {command}\n"),
        LinePlan::SetScope(scope) => row("from now on", &describe(scope, inventory)),
        LinePlan::Shell(shell) => {
            let mut words = vec![shell.word.clone()];
            words.extend(shell.args.iter().map(|a| format!("{a:?}")));
            format!("for the shell    {}\n", words.join(" "))
        }
        LinePlan::Query(query) => explain_query(query, inventory),
    }
}

fn explain_query(query: &Query, inventory: &Inventory) -> String {
    let mut out = explain_source(query, inventory);
    let mut row = |place: &str, text: &str| out.push_str(&row(place, text));
    for step in &query.row_plan.steps {
        row("  then there", &row_step(step));
    }
    for step in &query.fleet {
        row("in the shell", &in_shell(step));
    }
    if query.end == QueryEnd::Detach {
        row("", "it outlives this shell; what it writes is kept there");
        return out;
    }
    if query.end == QueryEnd::Follow {
        row(
            "in the shell",
            "lines as they come, until Ctrl-C ends the command on every node",
        );
        return out;
    }
    if let QueryEnd::Save(to) = &query.end {
        let force = if to.force { "--force " } else { "" };
        row(
            "in the shell",
            &format!("save {force}{} ({})", to.file, to.format.name()),
        );
    } else if query.fleet.is_empty()
        && query.row_plan.steps.is_empty()
        && query.deed.is_none()
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
    if let QueryEnd::Watch(every) = query.end {
        row(
            "again",
            &format!("every {every:?}, one turn after the other, until Ctrl-C"),
        );
    }
    if let Some(deed) = &query.deed {
        out.push_str(&explain_deed(deed, inventory));
    }
    out
}

/// Whom is asked what, or where else the rows are from.
/// How far back rows go, if not as far as they can.
fn of_the_last(since: Option<Duration>) -> String {
    since.map_or_else(String::new, |since| {
        format!(", of the last {}", age_text(since))
    })
}

fn explain_source(query: &Query, inventory: &Inventory) -> String {
    let mut out = String::new();
    let mut row = |place: &str, text: &str| out.push_str(&row(place, text));
    match &query.source {
        Source::Command(command) => {
            row("nodes", &describe(&query.scope, inventory));
            row("on each node", command);
            if let Some(why) = changes_things(command) {
                row("", &format!("({})", why.reason()));
            }
        }
        Source::Each(command) => {
            row("nodes", &describe(&query.scope, inventory));
            row("once a row", command);
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
        Source::Runs => {
            row("nodes", &describe(&query.scope, inventory));
            row("on each node", "your detached runs, from what it remembers");
        }
        Source::Audit { since } => {
            row("nodes", &describe(&query.scope, inventory));
            let since = of_the_last(*since);
            let what = format!("its audit{since}, verified as it is read");
            row("on each node", &what);
        }
        Source::Automations => {
            row("nodes", &describe(&query.scope, inventory));
            row("on each node", "its automations and where they stand");
        }
        Source::Events { since } => {
            row("nodes", &describe(&query.scope, inventory));
            let since = of_the_last(*since);
            let what = format!("what its automations saw and did{since}");
            row("on each node", &what);
        }
        Source::Nodes => row(
            "in the shell",
            &format!("the inventory, {}", describe(&query.scope, inventory)),
        ),
        Source::File { file, format } => row(
            "in the shell",
            &format!(
                "the file {file} ({}); its rows are of no node",
                format.name()
            ),
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
    out
}

/// A verb, and what it reads beside its rows.
fn in_shell(step: &FleetStep) -> String {
    let text = fleet_step(step);
    match step.file() {
        Some(file) => format!(
            "{text}\n({} on this machine; its rows are of no node)",
            file.format.name()
        ),
        None => text,
    }
}

/// A place and what is there; further lines stand under the first.
fn row(place: &str, text: &str) -> String {
    let mut lines = text.lines();
    let mut out = format!("{place:<17}{}\n", lines.next().unwrap_or_default());
    lines.for_each(|line| {
        let _ = writeln!(out, "{:<17}{line}", "");
    });
    out
}

fn explain_deed(deed: &Deed, inventory: &Inventory) -> String {
    let place = if deed.each {
        "run, once a row"
    } else {
        "run, once a node"
    };
    let mut out = row(place, &deed.command);
    out.push_str(&row(
        "",
        &format!(
            "(where rows are left, within {}; asks first, or wants --yes)",
            describe(&deed.scope, inventory)
        ),
    ));
    let flags = deed.spread.flags();
    if !flags.is_empty() {
        out.push_str(&row("", &format!("({})", flags.join(" "))));
    }
    for step in &deed.row_plan.steps {
        out.push_str(&row("  then there", &row_step(step)));
    }
    for step in &deed.fleet {
        out.push_str(&row("in the shell", &in_shell(step)));
    }
    out
}

/// The selector, how many nodes, and which.
fn describe(scope: &ResolvedScope, inventory: &Inventory) -> String {
    let n = scope.nodes.len();
    let nodes = if n == 1 { "node" } else { "nodes" };
    let names = inventory.fold_limited(&scope.nodes, SCOPE_WIDTH);
    let frozen = if scope.is_frozen { ", frozen" } else { "" };
    let mut out = format!("{} = {n} {nodes}{frozen}: {names}", scope.text);
    if let Some(age) = scope.facts_age {
        let _ = write!(out, "\nby facts that are up to {} old", age_text(age));
    }
    if !scope.undecided.is_empty() {
        let _ = write!(out, "\n{}", left_out(scope, inventory));
    }
    out
}

/// Says which nodes a selector leaves out because their facts are not known.
#[must_use]
pub fn left_out(scope: &ResolvedScope, inventory: &Inventory) -> String {
    let n = scope.undecided.len();
    let (nodes, their) = if n == 1 {
        ("node", "its")
    } else {
        ("nodes", "their")
    };
    format!(
        "{n} {nodes} left out, since {their} facts are not known: {}",
        inventory.fold_limited(&scope.undecided, SCOPE_WIDTH)
    )
}

/// Writes an age as people say it, in its two largest units at most.
#[must_use]
pub fn age_text(age: Duration) -> String {
    let s = age.as_secs();
    match s {
        0..=59 => format!("{s}s"),
        60..=3_599 => format!("{}m{:02}s", s / 60, s % 60),
        3_600..=86_399 => format!("{}h{:02}m", s / 3_600, s / 60 % 60),
        _ => format!("{}d{:02}h", s / 86_400, s / 3_600 % 24),
    }
}
