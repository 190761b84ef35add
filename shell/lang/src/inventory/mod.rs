//! The inventory: every node of the fleet, with its labels and groups, as dense numbers.

pub mod file;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use hailer_protocol::ids::{Name, NodeName};

use crate::group_source::GroupSource;
use crate::node_set::fold::{fold, fold_limited};
use crate::node_set::natural::natural_cmp;
use crate::node_set::{NodeId, NodeSet};
use crate::parse::KnownNames;

/// One node as the fleet file describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Its name.
    pub name: NodeName,
    /// Where its agent listens: `host:port`.
    pub address: String,
    /// Its labels; nodes that are described together share them.
    pub labels: Arc<BTreeMap<String, String>>,
}

/// All nodes of a fleet. It does not change: a new fleet file makes a new one.
#[derive(Debug, Clone)]
pub struct Inventory {
    fleet: Name,
    nodes: Vec<Node>,
    by_name: HashMap<String, NodeId>,
    groups: BTreeMap<String, NodeSet>,
    labels: BTreeMap<String, BTreeMap<String, NodeSet>>,
    sources: BTreeMap<String, GroupSource>,
}

impl Inventory {
    /// Puts nodes in the natural order of their names, which is the order of everything that is
    /// listed or asked. Groups number the nodes as they are given; whoever calls has checked the names.
    fn new(
        fleet: Name,
        nodes: Vec<Node>,
        groups: BTreeMap<String, NodeSet>,
        sources: BTreeMap<String, GroupSource>,
    ) -> Self {
        let (nodes, groups) = in_natural_order(nodes, groups);
        let mut by_name = HashMap::with_capacity(nodes.len());
        let mut labels: BTreeMap<String, BTreeMap<String, NodeSet>> = BTreeMap::new();
        for (id, node) in (0..).map(NodeId).zip(&nodes) {
            by_name.insert(node.name.as_str().to_owned(), id);
            for (key, value) in node.labels.iter() {
                let values = labels.entry(key.clone()).or_default();
                values.entry(value.clone()).or_default().insert(id);
            }
        }
        Self {
            fleet,
            nodes,
            by_name,
            groups,
            labels,
            sources,
        }
    }

    /// Makes an inventory without a node, for texts that are read without a fleet.
    #[must_use]
    pub fn none() -> Self {
        let fleet = Name::new("none").expect("a word is a name");
        Self::new(fleet, Vec::new(), BTreeMap::new(), BTreeMap::new())
    }

    /// Returns the fleet's name.
    #[must_use]
    pub const fn fleet(&self) -> &Name {
        &self.fleet
    }

    /// Returns how many nodes there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there is no node.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Returns the set of all nodes.
    #[must_use]
    pub fn all(&self) -> NodeSet {
        NodeSet::first(self.nodes.len())
    }

    /// Returns the nodes in the order of their numbers.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Returns a node by its number.
    #[must_use]
    pub fn node(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(id.index())
    }

    /// Returns a node's number.
    #[must_use]
    pub fn id(&self, name: &str) -> Option<NodeId> {
        self.by_name.get(name).copied()
    }

    /// Returns the groups with their nodes.
    #[must_use]
    pub const fn groups(&self) -> &BTreeMap<String, NodeSet> {
        &self.groups
    }

    /// Returns the sources of groups.
    #[must_use]
    pub const fn sources(&self) -> &BTreeMap<String, GroupSource> {
        &self.sources
    }

    /// Returns every label's values with the nodes that have them.
    #[must_use]
    pub const fn labels(&self) -> &BTreeMap<String, BTreeMap<String, NodeSet>> {
        &self.labels
    }

    /// Returns a node's label.
    #[must_use]
    pub fn label(&self, id: NodeId, key: &str) -> Option<&str> {
        self.node(id)?.labels.get(key).map(String::as_str)
    }

    /// Returns the nodes that have a label, whatever its value.
    #[must_use]
    pub fn with_label(&self, key: &str) -> NodeSet {
        let values = self.labels.get(key).into_iter().flat_map(BTreeMap::values);
        values.fold(NodeSet::default(), |all, nodes| all.or(nodes))
    }

    /// Returns the names of a set's nodes.
    pub fn names<'a>(&'a self, set: &'a NodeSet) -> impl Iterator<Item = &'a str> {
        set.iter()
            .filter_map(|id| self.node(id))
            .map(|n| n.name.as_str())
    }

    /// Returns the names of a set's nodes, folded.
    #[must_use]
    pub fn fold(&self, set: &NodeSet) -> String {
        fold(self.names(set))
    }

    /// Returns the names of a set's nodes, folded, in at most `width` characters; says how many
    /// more there are.
    #[must_use]
    pub fn fold_limited(&self, set: &NodeSet, width: usize) -> String {
        fold_limited(self.names(set), width)
    }

    /// Returns the names that the parser wants to know.
    #[must_use]
    pub fn known_names(&self) -> KnownNames {
        KnownNames {
            labels: self.labels.keys().cloned().collect(),
            groups: self.groups.keys().cloned().collect(),
            sources: self.sources.keys().cloned().collect(),
            is_bash: false,
        }
    }
}

fn in_natural_order(
    nodes: Vec<Node>,
    groups: BTreeMap<String, NodeSet>,
) -> (Vec<Node>, BTreeMap<String, NodeSet>) {
    let mut numbered: Vec<(u32, Node)> = (0..).zip(nodes).collect();
    numbered.sort_by(|(_, a), (_, b)| natural_cmp(a.name.as_str(), b.name.as_str()));
    let mut now = vec![NodeId(0); numbered.len()];
    for (id, (given, _)) in (0..).map(NodeId).zip(&numbered) {
        now[*given as usize] = id;
    }
    let renumbered = |set: NodeSet| set.iter().map(|id| now[id.index()]).collect();
    let groups = groups
        .into_iter()
        .map(|(name, set)| (name, renumbered(set)))
        .collect();
    (numbered.into_iter().map(|(_, node)| node).collect(), groups)
}
