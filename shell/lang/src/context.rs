//! What a plan is made against: the fleet as it is now, and the settings of the moment.

use crate::ast::Selector;
use crate::inventory::Inventory;
use crate::node_set::NodeSet;
use crate::selector::{Live, ResultSets, World};

/// Everything that planning looks names up in.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The nodes.
    pub inventory: &'a Inventory,
    /// Which of them are connected.
    pub live: &'a Live,
    /// The kept results.
    pub results: &'a dyn ResultSets,
    /// The number of the last result; `None` before the first.
    pub last_result: Option<u32>,
    /// The current scope; `None` where none was set, or setting it failed.
    pub scope: Option<&'a ResolvedScope>,
}

impl std::fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context")
            .field("nodes", &self.inventory.len())
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}

impl<'a> Context<'a> {
    /// Returns what selectors are evaluated against.
    #[must_use]
    pub const fn world(&self) -> World<'a> {
        World {
            inventory: self.inventory,
            live: self.live,
            results: self.results,
        }
    }
}

/// A selector with the nodes that it stood for when the line was planned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolvedScope {
    /// The nodes.
    pub nodes: NodeSet,
    /// The selector as it was written, with a leading `@`.
    pub text: String,
    /// Whether the selector names a result: then its nodes stay those of now.
    pub is_frozen: bool,
    /// Whether the selector asks who is connected: then its nodes are others from moment to moment.
    pub is_live: bool,
}

impl ResolvedScope {
    /// Makes the scope of all nodes.
    #[must_use]
    pub fn all(inventory: &Inventory) -> Self {
        Self {
            nodes: inventory.all(),
            text: "@all".to_owned(),
            is_frozen: false,
            is_live: false,
        }
    }

    pub(crate) fn new(selector: &Selector, text: &str, nodes: NodeSet) -> Self {
        Self {
            nodes,
            text: format!("@{}", selector.span.of(text).trim()),
            is_frozen: crate::selector::is_frozen(selector),
            is_live: crate::selector::asks_live(selector),
        }
    }
}
