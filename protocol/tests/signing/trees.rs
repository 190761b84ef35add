//! Trees and proofs.

use hailer_protocol::signing::{ProofError, TreeError, leaf};
use proptest::prelude::*;

use super::*;

#[test]
fn every_target_of_every_small_run_has_a_proof_and_no_other() {
    for count in 1..=70_u32 {
        let tree = tree(count);
        let (root, proofs) = (tree.root(), tree.proofs().collect::<Vec<_>>());
        assert_eq!(proofs.len(), count as usize);
        for (n, proof) in (0..count).zip(&proofs) {
            let own = leaf(&node(n), &body(n));
            assert_eq!(proof.verify(&own, &root, count), Ok(()), "{n} of {count}");
            let other_name = leaf(&node(n + 1), &body(n));
            let other_body = leaf(&node(n), &body(n + 1));
            for wrong in [other_name, other_body, root] {
                if count > 1 || wrong != root {
                    assert!(
                        proof.verify(&wrong, &root, count).is_err(),
                        "{n} of {count}"
                    );
                }
            }
            for at in (0..count).filter(|at| *at != n) {
                let moved = Proof {
                    index: at,
                    ..proof.clone()
                };
                assert!(
                    moved.verify(&own, &root, count).is_err(),
                    "{n} as {at} of {count}"
                );
            }
        }
        assert_eq!(tree.proof(count), None);
        let beyond = Proof {
            index: count,
            siblings: proofs[0].siblings.clone(),
        };
        let refused = beyond.verify(&leaf(&node(0), &body(0)), &root, count);
        assert_eq!(
            refused,
            Err(ProofError::Index {
                index: count,
                count
            })
        );
    }
}

#[test]
fn a_proof_has_exactly_the_siblings_of_its_place() {
    let tree = tree(11);
    let own = leaf(&node(10), &body(10));
    let proof = tree.proof(10).expect("there");
    // The last of eleven is carried up past two levels.
    assert_eq!(proof.siblings.len(), 2);
    let refused = |siblings: Vec<Digest>| {
        Proof {
            index: 10,
            siblings,
        }
        .verify(&own, &tree.root(), 11)
    };
    let mut longer = proof.siblings.clone();
    longer.push(Digest([0; 32]));
    let endless = vec![Digest([0; 32]); 40];
    for wrong in [Vec::new(), proof.siblings[..1].to_vec(), longer, endless] {
        assert!(matches!(
            refused(wrong),
            Err(ProofError::Length { wanted: 2, .. })
        ));
    }
    assert!(matches!(
        Proof {
            index: u32::MAX - 1,
            siblings: Vec::new()
        }
        .verify(&own, &tree.root(), u32::MAX),
        Err(ProofError::Length { .. })
    ));
}

#[test]
fn an_inner_node_never_passes_for_a_leaf() {
    // With one hash for both, the tree over two inner nodes would have the root of the tree over
    // their four leaves, and a shorter proof would do.
    let (four, two) = (tree(4), tree(2));
    let inner = four.proof(2).expect("there").siblings[1];
    assert_eq!(inner, two.root());
    let other = four.proof(0).expect("there").siblings[1];
    let short = Proof {
        index: 0,
        siblings: vec![other],
    };
    assert!(
        short.verify(&inner, &four.root(), 4).is_err(),
        "too short for four"
    );
    // What a node computes from its name and a body is never an inner node.
    let forged = [two.proof(0).expect("there").siblings[0].0, inner.0].concat();
    assert_ne!(leaf(&node(0), &forged), inner);
    // A carried node is no pair of itself with itself.
    let three = tree(3);
    let twice = Tree::of(
        [0, 1, 2, 3]
            .map(|n| (n, node(n)))
            .iter()
            .map(|(n, name)| (name, body((*n).min(2)))),
    )
    .expect("a tree");
    assert_ne!(three.root(), twice.root());
}

#[test]
fn name_and_body_cannot_flow_into_each_other() {
    let pairs = [("a", "bc"), ("ab", "c"), ("abc", ""), ("a", "b"), ("a", "")];
    let leaves: std::collections::BTreeSet<_> = pairs
        .iter()
        .map(|(n, b)| leaf(&name(n), b.as_bytes()))
        .collect();
    assert_eq!(leaves.len(), pairs.len());
}

#[test]
fn a_run_without_targets_or_with_one_twice_is_not_signed() {
    assert_eq!(Tree::of::<Vec<u8>>([]).err(), Some(TreeError::Empty));
    let (a, b) = (node(0), node(1));
    let twice = Tree::of([(&a, body(0)), (&b, body(1)), (&a, body(2))]).err();
    assert_eq!(twice, Some(TreeError::Twice(a)));
}

#[test]
fn a_hundred_thousand_targets_are_proven_at_their_ends_and_everywhere_between() {
    let count = 100_000;
    let tree = tree(count);
    for n in (0..count).step_by(997).chain([count - 1]) {
        let proof = tree.proof(n).expect("there");
        assert!(proof.siblings.len() <= 17);
        assert_eq!(
            proof.verify(&leaf(&node(n), &body(n)), &tree.root(), count),
            Ok(())
        );
    }
}

proptest! {
    #[test]
    fn whatever_is_changed_in_a_proof_proves_nothing(
        count in 1_u32..300,
        at in any::<prop::sample::Index>(),
        place in any::<prop::sample::Index>(),
        mask in 1_u8..,
        other in 1_u32..300,
    ) {
        let n = u32::try_from(at.index(count as usize)).expect("small");
        let tree = tree(count);
        let own = leaf(&node(n), &body(n));
        let proof = tree.proof(n).expect("there");
        prop_assert_eq!(proof.verify(&own, &tree.root(), count), Ok(()));
        if !proof.siblings.is_empty() {
            let mut changed = proof.clone();
            let which = place.index(proof.siblings.len() * 32);
            changed.siblings[which / 32].0[which % 32] ^= mask;
            prop_assert!(changed.verify(&own, &tree.root(), count).is_err());
            let mut shorter = proof.clone();
            shorter.siblings.pop();
            prop_assert!(shorter.verify(&own, &tree.root(), count).is_err());
            let mut swapped = proof.clone();
            swapped.siblings.reverse();
            if swapped != proof {
                prop_assert!(swapped.verify(&own, &tree.root(), count).is_err());
            }
        }
        let mut root = tree.root();
        root.0[place.index(32)] ^= mask;
        prop_assert!(proof.verify(&own, &root, count).is_err());
        // Among another number of targets the same leaf needs another proof, or lies where the
        // number does not matter; it is never somebody else's.
        let stranger = leaf(&node(n + 1000), &body(n));
        prop_assert!(proof.verify(&stranger, &tree.root(), other).is_err());
    }
}
