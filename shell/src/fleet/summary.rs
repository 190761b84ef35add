//! The summary: how a run ended, over all its targets.

use std::time::Duration;

use hailer_lang::node_set::NodeSet;
use hailer_protocol::state::State;

use super::gather::Gather;
use super::retried::Retried;

/// Exit code of a run that the operator interrupted, as a shell says it.
pub const INTERRUPTED: u8 = 130;

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// The nodes of each state in which any ended, in the order of [`State::ALL`].
    pub nodes: Vec<(State, NodeSet)>,
    /// From the first dispatch to the last end.
    pub elapsed: Duration,
    /// The operator halted or cancelled it.
    pub is_interrupted: bool,
    /// Answers that are not kept whole.
    pub truncated: u32,
    /// Bytes of output that are not kept.
    pub cut_bytes: u64,
    /// Rows that are not kept.
    pub cut_rows: u64,
    /// What was asked once more since.
    pub retried: Option<Retried>,
}

impl Summary {
    /// Sums up what was gathered.
    #[must_use]
    pub fn of(gather: &Gather, elapsed: Duration, is_interrupted: bool) -> Self {
        let states = State::ALL.into_iter();
        let nodes = states.map(|state| (state, gather.nodes_in(state)));
        Self {
            nodes: nodes.filter(|(_, nodes)| !nodes.is_empty()).collect(),
            elapsed,
            is_interrupted,
            truncated: gather.truncated(),
            cut_bytes: gather.cut_bytes(),
            cut_rows: gather.cut_rows(),
            retried: None,
        }
    }

    /// Returns how many targets ended in that state.
    #[must_use]
    pub fn count(&self, state: State) -> usize {
        self.nodes_in(state).map_or(0, NodeSet::len)
    }

    /// Returns the nodes that ended in that state; `None` if there are none.
    #[must_use]
    pub fn nodes_in(&self, state: State) -> Option<&NodeSet> {
        let of_state = self.nodes.iter().find(|(s, _)| *s == state);
        of_state.map(|(_, nodes)| nodes)
    }

    /// Returns how many targets there were.
    #[must_use]
    pub fn total(&self) -> usize {
        self.nodes.iter().map(|(_, nodes)| nodes.len()).sum()
    }

    /// Returns the run's exit code: that of an interrupted run, or the highest of all states; where
    /// a retry did not come to all of its targets, that of targets that were not started. It comes
    /// from the targets alone, before any verb has filtered anything.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        if self.is_interrupted {
            return INTERRUPTED;
        }
        let codes = self.nodes.iter().map(|(state, _)| state.exit_code());
        let retried = self.retried.iter();
        let halted = retried.filter(|retried| !retried.not_asked.is_empty());
        let halted = halted.map(|_| State::NotStarted.exit_code());
        codes.chain(halted).max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use hailer_lang::node_set::NodeId;

    use super::*;
    use crate::fleet::answer::Answer;
    use crate::fleet::budget::Budget;

    fn summary(states: &[State], is_interrupted: bool) -> Summary {
        let mut gather = Gather::new(Arc::new(Budget::new(0)));
        for (node, state) in (0..).zip(states) {
            gather.add(Answer::empty(NodeId(100 - node), *state));
        }
        Summary::of(&gather, Duration::ZERO, is_interrupted)
    }

    #[test]
    fn the_worst_state_gives_the_exit_code_and_an_interrupt_is_130() {
        use State::{Failed, Lost, NotStarted, Ok};
        for (states, interrupted, expected) in [
            (&[][..], false, 0),
            (&[Ok, Ok], false, 0),
            (&[Ok, Failed], false, 1),
            (&[Lost, Failed], false, 4),
            (&[Lost, NotStarted], false, 6),
            (&[Ok], true, 130),
        ] {
            let summary = summary(states, interrupted);
            assert_eq!(summary.exit_code(), expected, "{states:?}");
            assert_eq!(summary.total(), states.len());
        }
    }

    #[test]
    fn nodes_are_found_by_their_state() {
        let summary = summary(&[State::Lost, State::Ok, State::Lost], false);
        let lost = summary.nodes_in(State::Lost).expect("two");
        assert_eq!(lost.iter().collect::<Vec<_>>(), [NodeId(98), NodeId(100)]);
        assert_eq!(
            (summary.count(State::Lost), summary.count(State::Denied)),
            (2, 0)
        );
    }
}
