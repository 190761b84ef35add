//! Says whom a selector stands for before anything is asked of them: `? @SELECTOR`.

use std::fmt::Write as _;

use crate::context::{Context, ResolvedScope};
use crate::explain::{age_text, left_out};
use crate::group_source::NODES_ASKED_MAX;
use crate::inventory::Inventory;
use crate::node_set::NodeSet;

/// Columns that folded names may take on a line of their own.
const NAMES_WIDTH: usize = 400;

/// Columns that folded names may take beside something else.
const SHORT_WIDTH: usize = 60;

/// Values of one label, and groups, that are listed; more are counted.
const LISTED_MAX: usize = 6;

/// Describes a scope's nodes: how many, which, who of them is connected, what they have in common.
#[must_use]
pub fn preview(scope: &ResolvedScope, context: &Context<'_>) -> String {
    let inventory = context.inventory;
    let nodes = &scope.nodes;
    let (n, of) = (nodes.len(), inventory.len());
    let share = (n * 100).checked_div(of).unwrap_or(0);
    let frozen = if scope.is_frozen {
        "; they stay these, whatever comes later"
    } else {
        ""
    };
    let mut out = format!("{} = {n} of {of} nodes, {share}%{frozen}\n", scope.text);
    let mut row = |what: &str, text: &str| {
        if !text.is_empty() {
            let _ = writeln!(out, "  {what:<9}{text}");
        }
    };
    row("nodes", &inventory.fold_limited(nodes, NAMES_WIDTH));
    row("live", &live(nodes, context));
    row("labels", &labels(nodes, inventory));
    row("groups", &groups(nodes, inventory));
    for text in sources(nodes, context) {
        row("", &text);
    }
    if let Some(age) = scope.facts_age {
        row("facts", &format!("up to {} old", age_text(age)));
    }
    if !scope.undecided.is_empty() {
        row("but", &left_out(scope, inventory));
    }
    out
}

/// Who is connected, as far as that is known without asking.
fn live(nodes: &NodeSet, context: &Context<'_>) -> String {
    let up = nodes.and(&context.live.up);
    let down = nodes.and(&context.live.down);
    let unknown = nodes.sub(&up).sub(&down);
    let named = |set: &NodeSet, what: &str| {
        if set.len() == nodes.len() {
            return format!("{} {what}", set.len());
        }
        let names = context.inventory.fold_limited(set, SHORT_WIDTH);
        format!("{} {what}: {names}", set.len())
    };
    let mut parts = Vec::new();
    if !up.is_empty() {
        parts.push(format!("{} up", up.len()));
    }
    if !down.is_empty() {
        parts.push(named(&down, "down"));
    }
    if !unknown.is_empty() {
        parts.push(named(&unknown, "not tried yet"));
    }
    parts.join("; ")
}

/// What the nodes' labels are: `dc=fra` where all have the value, otherwise how many have which.
fn labels(nodes: &NodeSet, inventory: &Inventory) -> String {
    let mut parts = Vec::new();
    for (key, values) in inventory.labels() {
        let counts = values.iter().map(|(v, of)| (of.and(nodes).len(), v));
        let mut counts: Vec<(usize, &String)> = counts.filter(|(n, _)| *n > 0).collect();
        counts.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(b.1)));
        let with: usize = counts.iter().map(|(n, _)| n).sum();
        match counts.as_slice() {
            [] => {}
            [(n, value)] if *n == nodes.len() => parts.push(format!("{key}={value}")),
            some => {
                let listed = some.iter().take(LISTED_MAX);
                let mut list: Vec<String> = listed.map(|(n, v)| format!("{n} {v}")).collect();
                if some.len() > LISTED_MAX {
                    list.push(format!("{} more values", some.len() - LISTED_MAX));
                }
                if with < nodes.len() {
                    list.push(format!("{} without", nodes.len() - with));
                }
                parts.push(format!("{key} ({})", list.join(", ")));
            }
        }
    }
    parts.join("  ")
}

/// The groups that they are in.
fn groups(nodes: &NodeSet, inventory: &Inventory) -> String {
    let counts = inventory.groups().iter();
    let counts = counts.map(|(name, of)| (of.and(nodes).len(), of.len(), name));
    let mut counts: Vec<(usize, usize, &String)> = counts.filter(|(n, _, _)| *n > 0).collect();
    counts.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.2.cmp(b.2)));
    let listed = counts.iter().take(LISTED_MAX);
    let mut list: Vec<String> = listed
        .map(|(n, of, name)| {
            if n == of {
                format!("all {n} of {name}")
            } else {
                format!("{n} of {of} of {name}")
            }
        })
        .collect();
    if counts.len() > LISTED_MAX {
        list.push(format!("{} more groups", counts.len() - LISTED_MAX));
    }
    list.join(", ")
}

/// What sources of groups said of these nodes, where they were asked: few nodes are.
fn sources(nodes: &NodeSet, context: &Context<'_>) -> Vec<String> {
    let mut said = Vec::new();
    if nodes.len() > NODES_ASKED_MAX {
        return said;
    }
    for source in context.inventory.sources().keys() {
        let mut by_answer: Vec<(String, NodeSet)> = Vec::new();
        for node in nodes.iter() {
            let text = match context.learned.groups.of_node(source, node) {
                None => continue,
                Some(Ok(told)) if told.groups.is_empty() => format!("none of {source}"),
                Some(Ok(told)) => {
                    let named = told.groups.iter().take(LISTED_MAX);
                    let mut list: Vec<String> = named.map(|g| format!("{source}:{g}")).collect();
                    if told.groups.len() > LISTED_MAX {
                        list.push(format!(
                            "{} more of {source}",
                            told.groups.len() - LISTED_MAX
                        ));
                    }
                    list.join(", ")
                }
                Some(Err(why)) => format!("{source} cannot tell: {why}"),
            };
            match by_answer.iter_mut().find(|(known, _)| *known == text) {
                Some((_, of)) => of.insert(node),
                None => by_answer.push((text, std::iter::once(node).collect())),
            }
        }
        said.extend(by_answer.into_iter().map(|(text, of)| {
            if of.len() == nodes.len() {
                text
            } else {
                format!(
                    "{text}  ({})",
                    context.inventory.fold_limited(&of, SHORT_WIDTH)
                )
            }
        }));
    }
    said
}
