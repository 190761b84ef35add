//! Selectors: labels and values, groups, nodes, live states, the node sets of results; each with how
//! many nodes it stands for now.

use std::collections::BTreeMap;

use hailer_lang::inventory::Inventory;
use hailer_lang::node_set::NodeSet;
use hailer_lang::selector::LIVE_STATES;
use hailer_protocol::metrics;

use super::{Candidate, World, rank};
use crate::session::Known;

/// A label with more values is offered by its key alone.
const VALUES_MAX: usize = 20;

/// More nodes than this are offered by what their names have in common.
const NODES_MAX: usize = 30;

/// The names of all nodes.
#[derive(Debug)]
pub(in crate::repl) struct Names {
    /// In their order.
    sorted: Vec<String>,
    /// What names begin with, before their first digit, with how many do.
    stems: BTreeMap<String, usize>,
}

impl Names {
    /// Sorts a fleet's names.
    pub(in crate::repl) fn of(inventory: &Inventory) -> Self {
        let names = inventory.nodes().iter();
        let mut sorted: Vec<String> = names.map(|n| n.name.as_str().to_owned()).collect();
        sorted.sort_unstable();
        let mut stems = BTreeMap::new();
        for name in &sorted {
            let digit = name.find(|c: char| c.is_ascii_digit());
            let stem = &name[..digit.unwrap_or(name.len())];
            *stems.entry(stem.to_owned()).or_insert(0) += 1;
        }
        Self { sorted, stems }
    }

    /// The names that begin with a text.
    fn beginning_with(&self, text: &str) -> &[String] {
        let from = self.sorted.partition_point(|n| n.as_str() < text);
        let behind = &self.sorted[from..];
        &behind[..behind.partition_point(|n| n.starts_with(text))]
    }
}

/// Returns what could stand in a selector, and how much of what was typed stays before it.
pub(super) fn offers(typed: &str, world: &World, known: &Known) -> (usize, Vec<Candidate>) {
    let inventory = &world.inventory;
    if typed.starts_with('$') {
        return (0, rank::rank(result_sets(known), typed));
    }
    if let Some((key, value)) = typed.split_once(['=', '~']) {
        let skip = typed.len() - value.len();
        let found = values(key.trim_end_matches('!'), inventory, known);
        return (skip, rank::rank(found, value));
    }
    let mut found = vec![Candidate::word("all", said(&inventory.all(), known))];
    let groups = inventory.groups().iter();
    found.extend(groups.map(|(name, nodes)| {
        Candidate::word(name.clone(), format!("group · {}", said(nodes, known)))
    }));
    let saved = known.saved.iter().filter(|(_, line)| line.starts_with('@'));
    found.extend(saved.map(|(name, line)| Candidate::word(name.clone(), line.clone())));
    for (key, values) in inventory.labels() {
        if values.len() > VALUES_MAX {
            let about = format!("label · {} values", values.len());
            found.push(Candidate::part(format!("{key}="), about));
            continue;
        }
        let pairs = values.iter();
        found.extend(
            pairs.map(|(v, nodes)| Candidate::word(format!("{key}={v}"), said(nodes, known))),
        );
    }
    found.extend(states(known).map(|(s, about)| Candidate::word(format!("state={s}"), about)));
    let is_label = |name: &str| inventory.labels().contains_key(name);
    let facts = metrics::FACTS.iter().filter(|f| !is_label(f.name));
    found.extend(facts.map(|f| Candidate::part(f.name, format!("fact · {}", f.description))));
    found.extend(nodes(typed, world));
    (0, rank::rank(found, typed))
}

/// Nodes by their names, or by what those have in common.
fn nodes(typed: &str, world: &World) -> Vec<Candidate> {
    let names = world.names.beginning_with(typed);
    if names.len() <= NODES_MAX {
        return names
            .iter()
            .map(|n| Candidate::word(n.clone(), "node"))
            .collect();
    }
    let stems = world.names.stems.iter();
    stems
        .filter(|(stem, n)| {
            !stem.is_empty() && **n > 1 && (stem.starts_with(typed) || typed.is_empty())
        })
        .map(|(stem, n)| Candidate::word(format!("{stem}*"), format!("{n} nodes")))
        .collect()
}

fn result_sets(known: &Known) -> Vec<Candidate> {
    let sets = known.results.iter().flat_map(|result| {
        result.sets.iter().map(|(set, n)| {
            let about = format!("{} · {}", count(*n), result.text);
            Candidate::word(format!("${}.{set}", result.number), about)
        })
    });
    sets.collect()
}

fn values(key: &str, inventory: &Inventory, known: &Known) -> Vec<Candidate> {
    if key == "state" {
        return states(known)
            .map(|(s, about)| Candidate::word(s, about))
            .collect();
    }
    let values = inventory.labels().get(key).into_iter().flatten();
    values
        .map(|(v, nodes)| Candidate::word(v.clone(), said(nodes, known)))
        .collect()
}

fn states(known: &Known) -> impl Iterator<Item = (&'static str, String)> {
    let (up, down) = (known.live.up.len(), known.live.down.len());
    LIVE_STATES.into_iter().map(move |state| {
        let about = match state {
            "up" => count(up),
            "down" => count(down),
            _ => "neither is known".to_owned(),
        };
        (state, about)
    })
}

/// How many nodes, and how many of them are up if not all are.
fn said(nodes: &NodeSet, known: &Known) -> String {
    let up = nodes.and(&known.live.up).len();
    if up == nodes.len() || known.live.up.is_empty() {
        return count(nodes.len());
    }
    format!("{}, {up} up", count(nodes.len()))
}

fn count(nodes: usize) -> String {
    format!("{nodes} node{}", if nodes == 1 { "" } else { "s" })
}
