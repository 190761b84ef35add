//! The nodes that an automation is for, with the labels that limits go by.

use std::collections::{BTreeMap, HashMap};

use super::judge::Place;
use crate::ids::NodeName;

/// The nodes that an automation is for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Audience {
    labels: HashMap<NodeName, BTreeMap<String, String>>,
    /// How many nodes have a value of a label; under no value, how many lack the label.
    sizes: HashMap<String, HashMap<Option<String>, usize>>,
}

impl Audience {
    /// Makes it of nodes with their labels.
    #[must_use]
    pub fn new(nodes: impl IntoIterator<Item = (NodeName, BTreeMap<String, String>)>) -> Self {
        let labels: HashMap<_, _> = nodes.into_iter().collect();
        let mut names: Vec<&String> = labels.values().flat_map(BTreeMap::keys).collect();
        names.sort_unstable();
        names.dedup();
        let sizes = names
            .into_iter()
            .map(|name| (name.clone(), sizes_of(&labels, name)))
            .collect();
        Self { labels, sizes }
    }

    /// Whether the node is one of them.
    #[must_use]
    pub fn has(&self, node: &NodeName) -> bool {
        self.labels.contains_key(node)
    }

    /// Returns how many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Returns among which nodes a limit `per LABEL` counts this one: those with the same value, or
    /// those that lack the label too.
    pub(super) fn place(&self, node: &NodeName, by: Option<&str>) -> Place {
        by.map_or(Place::All, |by| {
            let label = by.to_owned();
            match self.labels.get(node).and_then(|labels| labels.get(by)) {
                Some(value) => Place::Equal {
                    label,
                    value: value.clone(),
                },
                None => Place::Without { label },
            }
        })
    }

    /// Whether a limit in that place counts this node. A node that does not belong to the automation
    /// any more, and acts still, counts everywhere.
    pub(super) fn is_in(&self, node: &NodeName, place: &Place) -> bool {
        let Some(labels) = self.labels.get(node) else {
            return true;
        };
        match place {
            Place::All => true,
            Place::Equal { label, value } => labels.get(label) == Some(value),
            Place::Without { label } => !labels.contains_key(label),
        }
    }

    /// Returns how many nodes there are in a place.
    pub(super) fn size(&self, place: &Place) -> usize {
        let of = |label: &str, value: &Option<String>| {
            let sizes = self.sizes.get(label);
            sizes.map(|sizes| sizes.get(value).copied().unwrap_or(0))
        };
        match place {
            Place::All => self.len(),
            Place::Equal { label, value } => of(label, &Some(value.clone())).unwrap_or(0),
            // A label that no node has is lacked by all.
            Place::Without { label } => of(label, &None).unwrap_or(self.len()),
        }
    }
}

fn sizes_of(
    labels: &HashMap<NodeName, BTreeMap<String, String>>,
    name: &str,
) -> HashMap<Option<String>, usize> {
    let mut sizes = HashMap::new();
    for of_node in labels.values() {
        *sizes.entry(of_node.get(name).cloned()).or_insert(0) += 1;
    }
    sizes
}
