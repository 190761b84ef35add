//! The gathering: all answers of a run, equal outputs stored once and equal answers grouped.

use std::collections::HashSet;
use std::sync::Arc;

use hailer_lang::node_set::NodeSet;
use hailer_protocol::clean::NodeBytes;
use hailer_protocol::state::State;

use super::answer::Answer;
use super::budget::Budget;
use super::groups::Groups;

/// The answers of one run, as they come in.
#[derive(Debug)]
pub struct Gather {
    budget: Arc<Budget>,
    outputs: HashSet<Arc<NodeBytes>>,
    answers: Vec<Arc<Answer>>,
    groups: Groups,
    cut_bytes: u64,
    cut_rows: u64,
    truncated: u32,
}

impl Gather {
    /// Makes the gathering of a run whose collectors take from that budget.
    #[must_use]
    pub fn new(budget: Arc<Budget>) -> Self {
        Self {
            budget,
            outputs: HashSet::new(),
            answers: Vec::new(),
            groups: Groups::default(),
            cut_bytes: 0,
            cut_rows: 0,
            truncated: 0,
        }
    }

    /// Takes in one answer, and returns it as it is kept.
    pub fn add(&mut self, mut answer: Answer) -> Arc<Answer> {
        self.make_one(&mut answer.out);
        self.make_one(&mut answer.err);
        self.count(Arc::new(answer))
    }

    /// Takes in an answer of another gathering, which keeps it too.
    pub(crate) fn add_again(&mut self, answer: &Arc<Answer>) {
        let (mut out, mut err) = (Arc::clone(&answer.out), Arc::clone(&answer.err));
        self.make_one(&mut out);
        self.make_one(&mut err);
        let is_one = Arc::ptr_eq(&out, &answer.out) && Arc::ptr_eq(&err, &answer.err);
        self.count(if is_one {
            Arc::clone(answer)
        } else {
            let answer = Answer::clone(answer);
            Arc::new(Answer { out, err, ..answer })
        });
    }

    fn count(&mut self, answer: Arc<Answer>) -> Arc<Answer> {
        self.cut_bytes = self.cut_bytes.saturating_add(answer.cut_bytes);
        self.cut_rows = self.cut_rows.saturating_add(answer.cut_rows);
        self.truncated += u32::from(answer.is_truncated());
        self.groups.add(&answer);
        self.answers.push(Arc::clone(&answer));
        answer
    }

    /// Returns the answers, in the order in which they came.
    #[must_use]
    pub fn answers(&self) -> &[Arc<Answer>] {
        &self.answers
    }

    /// Returns the answers grouped.
    #[must_use]
    pub const fn groups(&self) -> &Groups {
        &self.groups
    }

    /// Returns the nodes that ended in that state.
    #[must_use]
    pub fn nodes_in(&self, state: State) -> NodeSet {
        let mut nodes = NodeSet::default();
        for answer in self.answers.iter().filter(|a| a.state == state) {
            nodes.insert(answer.node);
        }
        nodes
    }

    /// Returns how many bytes of output are not kept, over all nodes.
    #[must_use]
    pub const fn cut_bytes(&self) -> u64 {
        self.cut_bytes
    }

    /// Returns how many rows are not kept, over all nodes.
    #[must_use]
    pub const fn cut_rows(&self) -> u64 {
        self.cut_rows
    }

    /// Returns how many answers are not kept whole.
    #[must_use]
    pub const fn truncated(&self) -> u32 {
        self.truncated
    }

    /// Replaces an output by its equal, if there is one, and gives its share of the budget back.
    /// The set compares whole contents, so no collision of hashes can pass one output for another.
    fn make_one(&mut self, output: &mut Arc<NodeBytes>) {
        if let Some(same) = self.outputs.get(&**output) {
            self.budget.give_back(output.0.len() as u64);
            *output = Arc::clone(same);
        } else {
            self.outputs.insert(Arc::clone(output));
        }
    }
}

#[cfg(test)]
#[path = "gather/tests.rs"]
mod tests;
