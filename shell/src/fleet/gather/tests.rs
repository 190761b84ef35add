//! Bounds, exact counts, one copy of what is equal, and the order of groups.

use std::time::Duration;

use hailer_lang::node_set::NodeId;
use hailer_protocol::clean::Clean;
use hailer_protocol::message::{Message as _, Output};

use super::*;
use crate::fleet::collect::{Collector, Keep};
use crate::fleet::groups::Group;

fn answer(node: u32, out: &str) -> Answer {
    Answer {
        rc: Some(0),
        out: Arc::new(NodeBytes(out.as_bytes().to_vec())),
        out_bytes: out.len() as u64,
        ..Answer::empty(NodeId(node), State::Ok)
    }
}

fn gather() -> Gather {
    Gather::new(Arc::new(Budget::new(u64::MAX)))
}

/// Collects `pieces` outputs of `length` bytes as one node's answer.
fn collected(node: u32, fill: u8, pieces: u64, length: u64, budget: &Arc<Budget>) -> Answer {
    let keep = Keep {
        stream_bytes: u64::MAX,
        ..Keep::default()
    };
    let mut collector = Collector::new(keep, Arc::clone(budget));
    for i in 0..pieces {
        let output = Output {
            is_stderr: false,
            offset: i * length,
            bytes: NodeBytes(vec![fill; usize::try_from(length).expect("small")]),
        };
        let envelope = output.to_envelope().expect("small");
        collector.take(&envelope, |_| {}).expect("in place");
    }
    collector.into_answer(NodeId(node), State::Ok, Duration::ZERO, None)
}

#[test]
fn ten_thousand_equal_answers_cost_one_copy() {
    let budget = Arc::new(Budget::new(1 << 20));
    let mut gather = Gather::new(Arc::clone(&budget));
    for node in 0..10_000 {
        gather.add(collected(node, b'x', 1, 4_096, &budget));
    }
    assert_eq!(budget.used(), 4_096);
    assert_eq!((gather.groups().len(), gather.cut_bytes()), (1, 0));
    let first = &gather.answers()[0].out;
    assert!(gather.answers().iter().all(|a| Arc::ptr_eq(&a.out, first)));
}

#[test]
fn a_flood_from_every_node_stays_within_the_budget_and_every_byte_is_counted() {
    let (nodes, pieces, length) = (50_u8, 64_u64, 32 << 10);
    let budget = Arc::new(Budget::new(4 << 20));
    let mut gather = Gather::new(Arc::clone(&budget));
    for node in 0..nodes {
        gather.add(collected(node.into(), node, pieces, length, &budget));
    }
    let offered = u64::from(nodes) * pieces * length;
    let kept: u64 = gather.answers().iter().map(|a| a.out.0.len() as u64).sum();
    assert_eq!(kept, 4 << 20);
    assert_eq!(gather.cut_bytes() + kept, offered);
    let written: u64 = gather.answers().iter().map(|a| a.out_bytes).sum();
    assert_eq!(written, offered);
    assert_eq!(gather.truncated(), 48);
}

#[test]
fn outliers_come_first_and_ties_go_by_the_lowest_node() {
    let mut gather = gather();
    for (node, out) in [(9, "b"), (3, "a"), (4, "a"), (5, "a"), (2, "c"), (8, "b")] {
        gather.add(answer(node, out));
    }
    gather.add(answer(1, "d"));
    let order: Vec<_> = gather.groups().outliers_first();
    let numbers = |g: &&Group| g.nodes.iter().map(|n| n.0).collect::<Vec<_>>();
    let nodes: Vec<_> = order.iter().map(numbers).collect();
    assert_eq!(nodes, [vec![1], vec![2], vec![8, 9], vec![3, 4, 5]]);
}

#[test]
fn whatever_differs_makes_another_group() {
    let mut gather = gather();
    gather.add(answer(0, "a"));
    let variants = [
        Answer {
            rc: Some(1),
            ..answer(1, "a")
        },
        Answer {
            state: State::Lost,
            ..answer(2, "a")
        },
        Answer {
            err: Arc::new(NodeBytes(b"a".to_vec())),
            ..answer(3, "a")
        },
        Answer {
            out_bytes: 99,
            cut_bytes: 98,
            ..answer(4, "a")
        },
        Answer {
            failure: Some(Clean::line("gone")),
            ..answer(5, "a")
        },
    ];
    for variant in variants {
        gather.add(variant);
    }
    gather.add(answer(6, "a"));
    assert_eq!(gather.groups().len(), 6);
}

#[test]
fn nodes_can_be_asked_for_by_state() {
    let mut gather = gather();
    gather.add(answer(4, "a"));
    gather.add(Answer::empty(NodeId(1), State::Lost));
    gather.add(Answer::empty(NodeId(7), State::Lost));
    let lost: Vec<_> = gather.nodes_in(State::Lost).iter().collect();
    assert_eq!(lost, [NodeId(1), NodeId(7)]);
    assert!(gather.nodes_in(State::Denied).is_empty());
}
