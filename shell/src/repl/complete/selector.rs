//! Selectors: labels and values, groups, nodes, live states, the node sets of results; each with how
//! many nodes it stands for now.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use hailer_lang::facts;
use hailer_lang::inventory::Inventory;
use hailer_lang::node_set::NodeSet;
use hailer_lang::node_set::fold::{fold, fold_limited};
use hailer_lang::pattern::escape;
use hailer_lang::selector::LIVE_STATES;
use hailer_protocol::metrics;

use super::{Candidate, World, rank};
use crate::session::Known;

/// A label with more values is offered by its key alone.
const VALUES_MAX: usize = 20;

/// More nodes than this are offered by what their names have in common.
const NODES_MAX: usize = 30;

/// Characters of a folded set that are shown.
const FOLDED_MAX: usize = 40;

/// The names of all nodes, sorted when they are wanted first: no prompt waits for that.
#[derive(Debug)]
pub(in crate::repl) struct Names {
    inventory: Arc<Inventory>,
    sorted: OnceLock<Sorted>,
}

#[derive(Debug)]
struct Sorted {
    /// In their order.
    names: Vec<String>,
    /// What several names begin with, before their first digit, with how many nodes those are and
    /// the nodes folded.
    stems: BTreeMap<String, (usize, String)>,
}

impl Names {
    /// The names of a fleet.
    pub(in crate::repl) const fn of(inventory: Arc<Inventory>) -> Self {
        Self {
            inventory,
            sorted: OnceLock::new(),
        }
    }

    fn sorted(&self) -> &Sorted {
        self.sorted.get_or_init(|| Sorted::of(&self.inventory))
    }
}

impl Sorted {
    fn of(inventory: &Inventory) -> Self {
        let nodes = inventory.nodes().iter().map(|n| n.name.as_str());
        let mut stems: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for name in nodes.clone() {
            stems.entry(stem(name)).or_default().push(name);
        }
        stems.retain(|stem, names| !stem.is_empty() && names.len() > 1);
        let folded = stems.into_iter().map(|(stem, names)| {
            let n = names.len();
            (stem.to_owned(), (n, fold_limited(names, FOLDED_MAX)))
        });
        let mut names: Vec<String> = nodes.map(str::to_owned).collect();
        names.sort_unstable();
        Self {
            names,
            stems: folded.collect(),
        }
    }

    /// The names that begin with a text.
    fn beginning_with(&self, text: &str) -> &[String] {
        let from = self.names.partition_point(|n| n.as_str() < text);
        let behind = &self.names[from..];
        &behind[..behind.partition_point(|n| n.starts_with(text))]
    }
}

/// What a name has before its first digit.
fn stem(name: &str) -> &str {
    let digit = name.find(|c: char| c.is_ascii_digit());
    &name[..digit.unwrap_or(name.len())]
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
        let value = value.trim_start_matches(['\'', '"']);
        let is_pattern = typed.as_bytes().get(skip - 1) == Some(&b'~');
        let found = rank::rank(found, value).into_iter();
        return (skip, found.map(|c| as_value(c, is_pattern)).collect());
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
    let names = world.names.sorted();
    found.extend(nodes(typed, names, inventory));
    let mut found = rank::rank(found, typed);
    // Names that begin otherwise are for who has typed nothing that anything begins with.
    if !typed.is_empty() && !found.iter().any(|c| c.value.starts_with(typed)) {
        found.extend(similar_nodes(typed, names));
    }
    (0, found)
}

/// Nodes whose names begin so, one by one or by what those have in common.
fn nodes(typed: &str, sorted: &Sorted, inventory: &Inventory) -> Vec<Candidate> {
    if let Some((stem, _)) = typed.split_once('[') {
        return folded(stem, typed, sorted, inventory);
    }
    let names = sorted.beginning_with(typed);
    if names.len() <= NODES_MAX {
        return names
            .iter()
            .map(|n| Candidate::word(n.clone(), "node"))
            .collect();
    }
    let stems = sorted.stems.iter();
    let found: Vec<Candidate> = stems
        .filter(|(stem, _)| stem.starts_with(typed))
        .map(|(stem, about)| by_stem(stem, about))
        .collect();
    if !found.is_empty() {
        return found;
    }
    // Within one stem: the tens and hundreds that there are.
    let next = |name: &String| name.chars().nth(typed.chars().count());
    let mut tens: BTreeMap<char, usize> = BTreeMap::new();
    for c in names.iter().filter_map(next) {
        *tens.entry(c).or_default() += 1;
    }
    let tens = tens.into_iter();
    tens.map(|(c, n)| Candidate::word(format!("{typed}{c}*"), count(n)))
        .collect()
}

fn by_stem(stem: &str, (n, folded): &(usize, String)) -> Candidate {
    Candidate::word(format!("{stem}*"), format!("{} · {folded}", count(*n)))
}

/// All nodes of a stem in brackets, as names are folded.
fn folded(stem: &str, typed: &str, sorted: &Sorted, inventory: &Inventory) -> Vec<Candidate> {
    let numbered = |name: &str| {
        let behind = name.strip_prefix(stem);
        behind.is_some_and(|b| !b.is_empty() && b.bytes().all(|b| b.is_ascii_digit()))
    };
    let n = sorted.beginning_with(stem);
    let n = n.iter().filter(|n| numbered(n)).count();
    let nodes = inventory.nodes().iter().map(|n| n.name.as_str());
    let folded = fold(nodes.filter(|name| numbered(name)));
    let fits = n > 0 && folded.len() <= FOLDED_MAX && folded.starts_with(typed);
    fits.then(|| Candidate::word(folded, count(n)))
        .into_iter()
        .collect()
}

/// Nodes whose names have what was typed in them, and else its letters in that order; the best.
fn similar_nodes(typed: &str, sorted: &Sorted) -> Vec<Candidate> {
    let stems = sorted.stems.iter();
    let stems = stems.map(|(stem, about)| by_stem(stem, about)).collect();
    let mut found = rank::rank(stems, typed);
    let (best, fitting) = rank::best(&sorted.names, typed, NODES_MAX);
    let about = match fitting {
        n if n > best.len() => format!("node · one of {n} that fit"),
        _ => "node".to_owned(),
    };
    let best = best.into_iter();
    found.extend(best.map(|name| Candidate::word(name, about.clone())));
    found
}

/// A value as a selector reads it: quoted where it must be, and as a pattern where one is wanted.
fn as_value(mut found: Candidate, is_pattern: bool) -> Candidate {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let escaped = match is_pattern {
        true => escape(&found.value),
        false => found.value.clone(),
    };
    found.value = match escaped.chars().all(is_plain) {
        true => escaped,
        false if escaped.contains('\'') => {
            format!("\"{}\"", escaped.replace('\\', "\\\\").replace('"', "\\\""))
        }
        false => format!("'{escaped}'"),
    };
    found
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
    if let Some(fact) = facts::as_label(key, inventory).filter(|f| facts::keeps(f)) {
        return fact_values(fact.name, inventory, known);
    }
    let values = inventory.labels().get(key).into_iter().flatten();
    values
        .map(|(v, nodes)| Candidate::word(v.clone(), said(nodes, known)))
        .collect()
}

/// What nodes have told of a fact, the most frequent first.
fn fact_values(name: &str, inventory: &Inventory, known: &Known) -> Vec<Candidate> {
    let mut tally: BTreeMap<String, NodeSet> = BTreeMap::new();
    for id in inventory.all().iter() {
        let told = known.facts.of(id);
        let value = told.and_then(|f| f.pairs().find(|(fact, _)| fact.name == name));
        if let Some(text) = value.and_then(|(_, value)| facts::text(value)) {
            tally.entry(text).or_default().insert(id);
        }
    }
    let mut values: Vec<_> = tally.into_iter().collect();
    values.sort_by_key(|(_, nodes)| std::cmp::Reverse(nodes.len()));
    let values = values.into_iter();
    values
        .map(|(value, nodes)| Candidate::word(value, said(&nodes, known)))
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
