//! What a plan is made against: the fleet as it is now, and the settings of the moment.

use std::time::Duration;

use crate::ast::Selector;
use crate::inventory::Inventory;
use crate::node_set::NodeSet;
use crate::selector::{Learned, Live, ResultSets, Selected, World};

/// Everything that planning looks names up in.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The nodes.
    pub inventory: &'a Inventory,
    /// Which of them are connected.
    pub live: &'a Live,
    /// The kept results.
    pub results: &'a dyn ResultSets,
    /// What was learned of the nodes beside the inventory.
    pub learned: Learned<'a>,
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
            learned: self.learned,
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
    /// Whether its nodes are others from moment to moment: it asks who is connected, what nodes say
    /// of themselves, or a source of groups.
    pub is_live: bool,
    /// The nodes that it may stand for: their facts are not known, so they are no targets.
    pub undecided: NodeSet,
    /// How old the oldest fact is that it went by.
    pub facts_age: Option<Duration>,
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
            undecided: NodeSet::default(),
            facts_age: None,
        }
    }

    pub(crate) fn new(
        selector: &Selector,
        text: &str,
        selected: Selected,
        context: &Context<'_>,
    ) -> Self {
        let facts = &context.learned.facts;
        let asks_facts = crate::selector::asks_facts(selector, context.inventory);
        Self {
            text: format!("@{}", selector.span.of(text).trim()),
            is_frozen: crate::selector::is_frozen(selector),
            is_live: crate::selector::is_live(selector, context.inventory),
            facts_age: asks_facts.then(|| facts.oldest(&selected.nodes)).flatten(),
            undecided: selected.undecided,
            nodes: selected.nodes,
        }
    }
}
