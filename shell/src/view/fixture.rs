//! What the tests of views and outputs share: a fleet's names, and answers.

use std::sync::Arc;
use std::time::Duration;

use hailer_lang::node_set::NodeId;
use hailer_lang::node_set::fold::fold;
use hailer_protocol::clean::{Clean, NodeBytes};
use hailer_protocol::state::State;
use hailer_table::NodeNames;

use crate::fleet::answer::Answer;
use crate::fleet::budget::Budget;
use crate::fleet::gather::Gather;
use crate::fleet::summary::Summary;

/// Nodes 0 to 99 are `db00` and so on, 100 to 99,999 `web0`, the others have no shape in common.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Names;

/// Every name there is, since names are lent.
static NAMES: std::sync::LazyLock<Vec<String>> = std::sync::LazyLock::new(|| {
    let name = |node: u32| match node {
        0..100 => format!("db{node:02}"),
        100..100_000 => format!("web{}", node - 100),
        100_000.. => crooked(node - 100_000),
    };
    (0..101_000).map(name).collect()
});

/// A name without a number, so that it folds with no other.
fn crooked(mut n: u32) -> String {
    let mut name = String::from("host-");
    for _ in 0..3 {
        name.push(char::from(b'a' + u8::try_from(n % 26).expect("below 26")));
        n /= 26;
    }
    name
}

impl NodeNames for Names {
    fn fold(&self, nodes: &[u32]) -> String {
        fold(nodes.iter().map(|node| self.name(*node)))
    }

    fn name(&self, node: u32) -> &str {
        &NAMES[node as usize]
    }
}

/// An answer of a command that ended by itself.
pub(crate) fn answer(node: u32, rc: i32, out: &[u8], err: &[u8]) -> Answer {
    Answer {
        rc: Some(rc),
        wall: Some(Duration::from_millis(12 + u64::from(node % 7))),
        elapsed: Duration::from_millis(12 + u64::from(node % 7)),
        out: Arc::new(NodeBytes(out.to_vec())),
        err: Arc::new(NodeBytes(err.to_vec())),
        out_bytes: out.len() as u64,
        err_bytes: err.len() as u64,
        ..Answer::empty(
            NodeId(node),
            if rc == 0 { State::Ok } else { State::Failed },
        )
    }
}

/// A target that did not answer.
pub(crate) fn silent(node: u32, state: State, failure: &str) -> Answer {
    Answer {
        failure: Some(Clean::line(failure)),
        ..Answer::empty(NodeId(node), state)
    }
}

/// Gathers answers and sums them up.
pub(crate) fn gathered(answers: impl IntoIterator<Item = Answer>) -> (Gather, Summary) {
    let mut gather = Gather::new(Arc::new(Budget::new(u64::MAX)));
    for answer in answers {
        gather.add(answer);
    }
    let summary = Summary::of(&gather, Duration::from_millis(314), false);
    (gather, summary)
}
