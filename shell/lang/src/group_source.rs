//! Sources of groups: commands on the operator's own machine that know which nodes belong together,
//! such as an inventory database. A selector names a group of one as `racks:r1`.
//!
//! A bare name never runs a command: only a name behind its source's does. The commands are run by
//! whoever can; here their answers are looked up.

use std::collections::BTreeMap;
use std::time::Duration;

use hailer_protocol::time::Wall;

use crate::ast::{Selector, SelectorKind};
use crate::inventory::Inventory;
use crate::node_set::{NodeId, NodeSet};

/// How long a command may take unless the fleet file says otherwise.
pub const TIMEOUT_DEFAULT: Duration = Duration::from_secs(5);

/// How long an answer is good unless the fleet file says otherwise.
pub const CACHE_DEFAULT: Duration = Duration::from_secs(300);

/// The group that stands for all nodes of a source.
pub const ALL: &str = "*";

/// One `[groups.NAME]` of a fleet file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupSource {
    /// Prints the nodes of the group that `$GROUP` names.
    pub map: String,
    /// Prints the nodes of all groups.
    pub all: Option<String>,
    /// Prints the names of the groups.
    pub list: Option<String>,
    /// Prints the groups of the node that `$NODE` names.
    pub reverse: Option<String>,
    /// How long each command may take.
    pub timeout: Duration,
    /// How long an answer is good.
    pub cache: Duration,
}

/// A group of a source: its source's name and its own.
pub type GroupKey = (String, String);

/// What a source said of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupNodes {
    /// Those of its nodes that are in the fleet.
    pub nodes: NodeSet,
    /// How many of its names are not.
    pub elsewhere: usize,
    /// When it said so.
    pub at: Wall,
}

/// What a source said of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupsOfNode {
    /// The names of its groups.
    pub groups: Vec<String>,
    /// When it said so.
    pub at: Wall,
}

/// The most nodes that sources are asked about one by one; each is a command of each source.
pub const NODES_ASKED_MAX: usize = 8;

/// What the sources have said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KnownGroups {
    answers: BTreeMap<GroupKey, Result<GroupNodes, String>>,
    /// By source and node.
    of_nodes: BTreeMap<(String, NodeId), Result<GroupsOfNode, String>>,
}

impl KnownGroups {
    /// Before any source was asked.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            answers: BTreeMap::new(),
            of_nodes: BTreeMap::new(),
        }
    }

    /// Takes a source's answer, or why there is none.
    pub fn learn(&mut self, key: GroupKey, answer: Result<GroupNodes, String>) {
        self.answers.insert(key, answer);
    }

    /// Returns what a source said of a group last.
    #[must_use]
    pub fn of(&self, key: &GroupKey) -> Option<&Result<GroupNodes, String>> {
        self.answers.get(key)
    }

    /// Takes what a source says of a node, or why it says nothing.
    pub fn learn_node(&mut self, source: &str, node: NodeId, said: Result<GroupsOfNode, String>) {
        self.of_nodes.insert((source.to_owned(), node), said);
    }

    /// Returns what a source said of a node last.
    #[must_use]
    pub fn of_node(&self, source: &str, node: NodeId) -> Option<&Result<GroupsOfNode, String>> {
        self.of_nodes.get(&(source.to_owned(), node))
    }

    /// Whether a source has to be asked about a node: nobody has, it failed, or it was too long ago.
    #[must_use]
    pub fn is_node_wanted(&self, source: &str, node: NodeId, cache: Duration, now: Wall) -> bool {
        match self.of_node(source, node) {
            Some(Ok(said)) => age(said.at, now).is_none_or(|age| age > cache),
            Some(Err(_)) | None => true,
        }
    }

    /// Whether a group has to be asked for: nobody has, it failed, or its answer is too old.
    #[must_use]
    pub fn is_wanted(&self, key: &GroupKey, cache: Duration, now: Wall) -> bool {
        match self.answers.get(key) {
            Some(Ok(answer)) => age(answer.at, now).is_none_or(|age| age > cache),
            Some(Err(_)) | None => true,
        }
    }
}

/// Returns how long ago something was said; `None` if that lies ahead.
#[must_use]
pub fn age(at: Wall, now: Wall) -> Option<Duration> {
    let ms = u64::try_from(now.0.saturating_sub(at.0)).ok()?;
    Some(Duration::from_millis(ms))
}

/// Returns the groups of sources that a selector names.
#[must_use]
pub fn wanted(selector: &Selector, inventory: &Inventory) -> Vec<GroupKey> {
    let mut keys = Vec::new();
    collect(selector, inventory, &mut keys);
    keys.sort_unstable();
    keys.dedup();
    keys
}

fn collect(selector: &Selector, inventory: &Inventory, keys: &mut Vec<GroupKey>) {
    match &selector.kind {
        SelectorKind::Source(source, groups) => {
            let known = inventory.sources().contains_key(source);
            if known && groups.count() <= GROUPS_MAX {
                keys.extend(groups.names().into_iter().map(|g| (source.clone(), g)));
            }
        }
        SelectorKind::Chain(first, rest) => {
            collect(first, inventory, keys);
            rest.iter().for_each(|(_, s)| collect(s, inventory, keys));
        }
        SelectorKind::All
        | SelectorKind::Names(_)
        | SelectorKind::Glob(_)
        | SelectorKind::Regex(_)
        | SelectorKind::Group(_)
        | SelectorKind::Label(..)
        | SelectorKind::State { .. }
        | SelectorKind::Result(..)
        | SelectorKind::Error => {}
    }
}

/// Groups of one pattern: each is a command.
pub const GROUPS_MAX: u64 = 256;
