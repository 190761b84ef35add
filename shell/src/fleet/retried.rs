//! Retries: the answers of targets that were asked once more take the place of their earlier ones.

use std::collections::HashSet;
use std::sync::Arc;

use hailer_lang::node_set::{NodeId, NodeSet};
use hailer_protocol::state::State;
use hailer_protocol::time::Wall;

use super::budget::Budget;
use super::gather::Gather;
use super::job::Finished;
use super::summary::Summary;

/// What was asked once more since a run was over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retried {
    /// Whose answers are those of a retry.
    pub nodes: NodeSet,
    /// Who had no turn in the last retry: their earlier answers stand.
    pub not_asked: NodeSet,
    /// When the last retry was over.
    pub at: Wall,
}

impl Finished {
    /// Makes one run of an earlier one and of one that asked some of its targets again, which was
    /// over at `at`. Whoever had no turn keeps the answer from before: nothing newer is known.
    #[must_use]
    pub fn retried(earlier: &Self, again: &Self, at: Wall) -> Self {
        let has_answer = |state: State| state != State::NotStarted;
        let (asked, unasked): (Vec<_>, Vec<_>) =
            (again.gather.answers().iter()).partition(|answer| has_answer(answer.state));
        let renewed: HashSet<NodeId> = asked.iter().map(|answer| answer.node).collect();
        // Nothing is collected any more: what outputs take was granted to the two runs.
        let mut gather = Gather::new(Arc::new(Budget::new(0)));
        let mut has_earlier = false;
        for answer in earlier.gather.answers() {
            if !renewed.contains(&answer.node) {
                has_earlier = true;
                gather.add_again(answer);
            }
        }
        for answer in &asked {
            gather.add_again(answer);
        }
        let before = earlier.summary.retried.as_ref();
        let before = before.map_or_else(NodeSet::default, |retried| retried.nodes.clone());
        let retried = Retried {
            nodes: before.or(&renewed.into_iter().collect()),
            not_asked: unasked.iter().map(|answer| answer.node).collect(),
            at,
        };
        let elapsed = earlier.summary.elapsed + again.summary.elapsed;
        let mut summary = Summary::of(&gather, elapsed, again.summary.is_interrupted);
        summary.retried = Some(retried);
        Self {
            summary,
            gather,
            // How old the answers are is how old the oldest of them is.
            ended: if has_earlier {
                earlier.ended
            } else {
                again.ended
            },
        }
    }
}

#[cfg(test)]
#[path = "retried/tests.rs"]
mod tests;
