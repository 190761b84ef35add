//! Groups: equal answers put together as they come in, so that the odd ones stand out.

use std::collections::HashMap;
use std::sync::Arc;

use hailer_lang::node_set::NodeSet;
use hailer_protocol::clean::{Clean, NodeBytes};
use hailer_protocol::state::State;

use super::answer::Answer;

/// Nodes whose answers are equal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// How they ended.
    pub state: State,
    /// Their exit code.
    pub rc: Option<i32>,
    /// Their standard output, as far as it is kept.
    pub out: Arc<NodeBytes>,
    /// Their standard error, as far as it is kept.
    pub err: Arc<NodeBytes>,
    /// Bytes that each of them wrote and that are not kept.
    pub cut_bytes: u64,
    /// Why they ended so, where that needs saying.
    pub failure: Option<Clean>,
    /// Who they are.
    pub nodes: NodeSet,
}

/// What must be equal for two answers to be one group. Outputs are compared by address: equal
/// ones were made one before. Two cut outputs of different length are never equal, whatever their
/// beginnings.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    state: State,
    rc: Option<i32>,
    out: usize,
    err: usize,
    out_bytes: u64,
    err_bytes: u64,
    cut_bytes: u64,
    failure: Option<Clean>,
}

/// Groups, as answers come in.
#[derive(Debug, Default)]
pub struct Groups {
    groups: Vec<Group>,
    by_key: HashMap<Key, usize>,
}

impl Groups {
    /// Takes in an answer whose outputs have been made one with their equals.
    pub(crate) fn add(&mut self, answer: &Answer) {
        let key = Key {
            state: answer.state,
            rc: answer.rc,
            out: Arc::as_ptr(&answer.out).addr(),
            err: Arc::as_ptr(&answer.err).addr(),
            out_bytes: answer.out_bytes,
            err_bytes: answer.err_bytes,
            cut_bytes: answer.cut_bytes,
            failure: answer.failure.clone(),
        };
        let at = *self.by_key.entry(key).or_insert(self.groups.len());
        if at == self.groups.len() {
            self.groups.push(Group {
                state: answer.state,
                rc: answer.rc,
                out: Arc::clone(&answer.out),
                err: Arc::clone(&answer.err),
                cut_bytes: answer.cut_bytes,
                failure: answer.failure.clone(),
                nodes: NodeSet::default(),
            });
        }
        self.groups[at].nodes.insert(answer.node);
    }

    /// Returns the groups for reading: the smallest first, since that is where the odd nodes are;
    /// of equally large ones that with the lowest node.
    #[must_use]
    pub fn outliers_first(&self) -> Vec<&Group> {
        let mut groups: Vec<&Group> = self.groups.iter().collect();
        groups.sort_by_cached_key(|g| (g.nodes.len(), g.nodes.iter().next()));
        groups
    }

    /// Returns how many different answers there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.groups.len()
    }

    /// Whether no answer came in.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }
}
