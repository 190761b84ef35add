//! What becomes of two runs of one line.

use std::sync::Arc;
use std::time::Duration;

use hailer_lang::node_set::NodeId;
use hailer_protocol::clean::NodeBytes;
use hailer_protocol::state::State;
use hailer_protocol::time::{Mono, Wall};

use super::*;
use crate::fleet::answer::Answer;

fn run(answers: &[(u32, State, &str)], ended: u64) -> Finished {
    let mut gather = Gather::new(Arc::new(Budget::new(u64::MAX)));
    for (node, state, out) in answers {
        gather.add(Answer {
            out: Arc::new(NodeBytes(out.as_bytes().to_vec())),
            out_bytes: out.len() as u64,
            ..Answer::empty(NodeId(*node), *state)
        });
    }
    let summary = Summary::of(&gather, Duration::from_secs(1), false);
    Finished {
        summary,
        gather,
        ended: Mono(Duration::from_secs(ended)),
    }
}

fn nodes(of: &[u32]) -> NodeSet {
    of.iter().map(|node| NodeId(*node)).collect()
}

#[test]
fn new_answers_take_the_place_of_the_old_ones_and_groups_are_made_anew() {
    use State::{Failed, Ok, Unreachable};
    let earlier = run(&[(1, Ok, "a"), (2, Failed, "x"), (3, Unreachable, "")], 10);
    let again = run(&[(2, Ok, "a"), (3, Failed, "y")], 20);
    let merged = Finished::retried(&earlier, &again, Wall(7));
    let mut states: Vec<(u32, State)> = (merged.gather.answers().iter())
        .map(|answer| (answer.node.0, answer.state))
        .collect();
    states.sort_by_key(|(node, _)| *node);
    assert_eq!(states, [(1, Ok), (2, Ok), (3, Failed)]);
    assert_eq!(merged.summary.total(), 3);
    assert_eq!(merged.summary.exit_code(), 1);
    assert_eq!(merged.summary.elapsed, Duration::from_secs(2));
    // The equal outputs of both runs are one group.
    let groups = merged.gather.groups().outliers_first();
    let groups: Vec<NodeSet> = groups.iter().map(|group| group.nodes.clone()).collect();
    assert_eq!(groups, [nodes(&[3]), nodes(&[1, 2])]);
    let retried = merged.summary.retried.expect("a retry");
    assert_eq!((retried.nodes, retried.at), (nodes(&[2, 3]), Wall(7)));
    assert!(retried.not_asked.is_empty());
    assert_eq!(merged.ended, earlier.ended, "as old as the oldest answer");
}

#[test]
fn who_had_no_turn_keeps_the_answer_from_before_and_the_exit_code_says_so() {
    use State::{Failed, NotStarted, Ok};
    let earlier = run(&[(1, Failed, "x"), (2, Failed, "x")], 10);
    let again = run(&[(1, Ok, ""), (2, NotStarted, "")], 20);
    let merged = Finished::retried(&earlier, &again, Wall(7));
    assert_eq!(merged.summary.nodes_in(Failed), Some(&nodes(&[2])));
    assert_eq!(merged.summary.count(NotStarted), 0);
    assert_eq!(merged.summary.exit_code(), NotStarted.exit_code());
    let retried = merged.summary.retried.as_ref().expect("a retry");
    assert_eq!(retried.nodes, nodes(&[1]));
    assert_eq!(retried.not_asked, nodes(&[2]));
    // The next retry reaches it.
    let once_more = run(&[(2, Ok, "")], 30);
    let merged = Finished::retried(&merged, &once_more, Wall(8));
    assert_eq!(merged.summary.exit_code(), 0);
    let retried = merged.summary.retried.expect("a retry");
    assert_eq!(retried.nodes, nodes(&[1, 2]));
    assert!(retried.not_asked.is_empty());
}

#[test]
fn a_run_whose_targets_are_all_asked_again_is_as_new_as_their_answers() {
    let earlier = run(&[(1, State::Failed, "x")], 10);
    let again = run(&[(1, State::Ok, "")], 20);
    let merged = Finished::retried(&earlier, &again, Wall(0));
    assert_eq!(merged.ended, again.ended);
}
