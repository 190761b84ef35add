//! The Merkle tree over a run's targets, and the proof that a target is one of them.
//!
//! Leaves and inner nodes are hashed under contexts of their own, so neither passes for the other.
//! A node without a partner is carried up as it is. The number of targets stands in the signed
//! statement, and with the index it fixes a proof's shape to the last sibling: an index has one
//! leaf at most, and a run that says it has N targets can never reach more than N nodes.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::ids::{Digest, NodeName};
use crate::limits::{PROOF_DEPTH_MAX, SIGNED_TARGETS_MAX};

/// Under what leaves are hashed. Never changes.
const LEAF_CONTEXT: &str = "hailer 2026-11 signed run, leaf";

/// Under what inner nodes are hashed. Never changes.
const INNER_CONTEXT: &str = "hailer 2026-11 signed run, inner node";

/// Returns the leaf of one target: its name, and its request's body as it stands in the envelope.
#[must_use]
pub fn leaf(node: &NodeName, body: &[u8]) -> Digest {
    let name = node.as_str().as_bytes();
    let length = u16::try_from(name.len()).expect("a name has 253 bytes at most");
    let mut hasher = blake3::Hasher::new_derive_key(LEAF_CONTEXT);
    hasher.update(&length.to_le_bytes());
    hasher.update(name);
    hasher.update(blake3::hash(body).as_bytes());
    Digest(*hasher.finalize().as_bytes())
}

/// The tree over all targets of one run.
#[derive(Debug, Clone)]
pub struct Tree {
    /// From the leaves up to the root alone.
    levels: Vec<Vec<Digest>>,
    count: u32,
}

/// Why there is no tree over some targets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TreeError {
    /// Nothing to sign for.
    #[error("sign a run: it has no targets")]
    Empty,
    /// More targets than a run may have.
    #[error("sign a run: it has {count} targets, at most {max} are allowed")]
    TooMany {
        /// How many there are.
        count: usize,
        /// The bound.
        max: usize,
    },
    /// One node was to get two requests.
    #[error("sign a run: `{0}` is a target twice")]
    Twice(NodeName),
}

impl Tree {
    /// Builds the tree over targets and the bodies that they will be sent, in any order that the
    /// caller remembers: a target's index is its place in it.
    ///
    /// # Errors
    /// Refuses no targets, too many, and one that is there twice.
    pub fn of<'a, B: AsRef<[u8]>>(
        targets: impl IntoIterator<Item = (&'a NodeName, B)>,
    ) -> Result<Self, TreeError> {
        let mut seen = BTreeSet::new();
        let mut leaves = Vec::new();
        for (node, body) in targets {
            if !seen.insert(node) {
                return Err(TreeError::Twice(node.clone()));
            }
            leaves.push(leaf(node, body.as_ref()));
        }
        Self::over(leaves)
    }

    fn over(leaves: Vec<Digest>) -> Result<Self, TreeError> {
        if leaves.is_empty() {
            return Err(TreeError::Empty);
        }
        let too_many = TreeError::TooMany {
            count: leaves.len(),
            max: SIGNED_TARGETS_MAX,
        };
        if leaves.len() > SIGNED_TARGETS_MAX {
            return Err(too_many);
        }
        let count = u32::try_from(leaves.len()).map_err(|_| too_many)?;
        let hasher = blake3::Hasher::new_derive_key(INNER_CONTEXT);
        let mut levels = Vec::new();
        let mut level = leaves;
        while level.len() > 1 {
            let above = level
                .chunks(2)
                .map(|pair| match pair {
                    [left, right] => join(&hasher, left, right),
                    rest => rest[0],
                })
                .collect();
            levels.push(std::mem::replace(&mut level, above));
        }
        levels.push(level);
        Ok(Self { levels, count })
    }

    /// Returns the root, which the statement carries.
    #[must_use]
    pub fn root(&self) -> Digest {
        self.levels
            .last()
            .and_then(|top| top.first().copied())
            .expect("a tree has a root: it is not made without leaves")
    }

    /// Returns how many targets there are, which the statement carries, too.
    #[must_use]
    pub const fn count(&self) -> u32 {
        self.count
    }

    /// Returns the proof for the target at `index`, or `None` beyond the last.
    #[must_use]
    pub fn proof(&self, index: u32) -> Option<Proof> {
        if index >= self.count {
            return None;
        }
        let mut at = usize::try_from(index).ok()?;
        let mut siblings = Vec::with_capacity(self.levels.len());
        for level in &self.levels {
            siblings.extend(level.get(at ^ 1));
            at >>= 1;
        }
        Some(Proof { index, siblings })
    }

    /// Returns the proofs of all targets in their order.
    pub fn proofs(&self) -> impl Iterator<Item = Proof> {
        (0..self.count).filter_map(|index| self.proof(index))
    }
}

/// That a leaf is one of a run's targets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// The target's place among all.
    pub index: u32,
    /// The neighbours on the way from the leaf up to the root; at most
    /// [`crate::limits::PROOF_DEPTH_MAX`].
    pub siblings: Vec<Digest>,
}

/// Why a proof proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The index is beyond the last target.
    #[error("the proof is for target {index}, the run has {count} (counted from 0)")]
    Index {
        /// The index in the proof.
        index: u32,
        /// How many targets the run has.
        count: u32,
    },
    /// Too many siblings or too few for that index among so many targets.
    #[error("the proof has {siblings} siblings, target {index} of {count} has {wanted}")]
    Length {
        /// How many siblings there are.
        siblings: usize,
        /// The index in the proof.
        index: u32,
        /// How many targets the run has.
        count: u32,
        /// How many siblings there must be.
        wanted: usize,
    },
    /// The leaf does not hash to the root.
    #[error("the request's body, sent to this node, is not what was signed")]
    Root,
}

impl Proof {
    /// Proves that `leaf` is under `root` among `count` targets.
    ///
    /// # Errors
    /// When it is not.
    pub fn verify(&self, leaf: &Digest, root: &Digest, count: u32) -> Result<(), ProofError> {
        let index = self.index;
        if index >= count {
            return Err(ProofError::Index { index, count });
        }
        let wanted = depth(index, count);
        if self.siblings.len() != wanted || wanted > PROOF_DEPTH_MAX {
            return Err(ProofError::Length {
                siblings: self.siblings.len(),
                index,
                count,
                wanted,
            });
        }
        let hasher = blake3::Hasher::new_derive_key(INNER_CONTEXT);
        let mut siblings = self.siblings.iter();
        let mut hash = *leaf;
        for step in way_up(index, count) {
            hash = match step {
                Step::Carried => hash,
                Step::Left => join(&hasher, &hash, next(&mut siblings)?),
                Step::Right => join(&hasher, next(&mut siblings)?, &hash),
            };
        }
        if hash == *root {
            Ok(())
        } else {
            Err(ProofError::Root)
        }
    }
}

/// The sibling is there: their number was compared with the way's.
fn next<'a>(siblings: &mut std::slice::Iter<'a, Digest>) -> Result<&'a Digest, ProofError> {
    siblings.next().ok_or(ProofError::Root)
}

/// Where a node stands under the one above it.
enum Step {
    Left,
    Right,
    Carried,
}

fn way_up(index: u32, count: u32) -> impl Iterator<Item = Step> {
    let mut at = Some((index, count.saturating_sub(1)));
    std::iter::from_fn(move || {
        let (index, last) = at?;
        if last == 0 {
            return None;
        }
        at = Some((index >> 1, last >> 1));
        Some(if index & 1 == 1 {
            Step::Right
        } else if index < last {
            Step::Left
        } else {
            Step::Carried
        })
    })
}

fn depth(index: u32, count: u32) -> usize {
    way_up(index, count)
        .filter(|step| !matches!(step, Step::Carried))
        .count()
}

fn join(hasher: &blake3::Hasher, left: &Digest, right: &Digest) -> Digest {
    let mut hasher = hasher.clone();
    hasher.update(&left.0);
    hasher.update(&right.0);
    Digest(*hasher.finalize().as_bytes())
}
