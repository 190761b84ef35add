//! What a selector picks where not everything is known: who surely belongs to it, and who may.
//!
//! A node whose facts are unknown may be in `kernel~^5`. It is no target then; and neither is it one
//! of `all ! kernel~^5`, since what is spared must not depend on luck.

use crate::ast::SetOp;
use crate::node_set::NodeSet;

/// The nodes of a selector, or of a part of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Picked {
    /// Those that belong to it whatever the unknown facts are.
    pub(super) sure: NodeSet,
    /// Those that may: at least the sure ones. `None` where they are the same.
    maybe: Option<NodeSet>,
}

impl Picked {
    pub(super) const fn sure(nodes: NodeSet) -> Self {
        Self {
            sure: nodes,
            maybe: None,
        }
    }

    /// Some nodes surely, others perhaps.
    pub(super) fn with_unknown(sure: NodeSet, unknown: &NodeSet) -> Self {
        let maybe = (!unknown.is_empty()).then(|| sure.or(unknown));
        Self { sure, maybe }
    }

    fn maybe(&self) -> &NodeSet {
        self.maybe.as_ref().unwrap_or(&self.sure)
    }

    /// Returns the nodes of which it cannot be told.
    pub(super) fn undecided(&self) -> NodeSet {
        let maybe = self.maybe.as_ref();
        maybe.map_or_else(NodeSet::default, |maybe| maybe.sub(&self.sure))
    }

    pub(super) fn joined(&self, op: SetOp, other: &Self) -> Self {
        let on = |a: &NodeSet, b: &NodeSet| match op {
            SetOp::Union => a.or(b),
            SetOp::Intersection => a.and(b),
            SetOp::Difference => a.sub(b),
            SetOp::SymmetricDifference => a.xor(b),
        };
        if self.maybe.is_none() && other.maybe.is_none() {
            return Self::sure(on(&self.sure, &other.sure));
        }
        let (sure, maybe) = match op {
            SetOp::Union | SetOp::Intersection => {
                (on(&self.sure, &other.sure), on(self.maybe(), other.maybe()))
            }
            SetOp::Difference => (self.sure.sub(other.maybe()), self.maybe().sub(&other.sure)),
            SetOp::SymmetricDifference => (
                self.sure
                    .sub(other.maybe())
                    .or(&other.sure.sub(self.maybe())),
                self.maybe()
                    .sub(&other.sure)
                    .or(&other.maybe().sub(&self.sure)),
            ),
        };
        Self {
            sure,
            maybe: Some(maybe),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node_set::NodeId;

    fn set(nodes: &[u32]) -> NodeSet {
        nodes.iter().copied().map(NodeId).collect()
    }

    /// Every way in which the unknown could turn out, for a few nodes.
    #[test]
    fn a_node_is_sure_if_it_is_in_whatever_the_unknown_is() {
        let all = [0, 1, 2, 3];
        let ops = [
            SetOp::Union,
            SetOp::Difference,
            SetOp::Intersection,
            SetOp::SymmetricDifference,
        ];
        let subsets =
            || (0..16_u32).map(|bits| all.into_iter().filter(move |n| bits >> n & 1 == 1));
        for op in ops {
            for sure in subsets() {
                let sure: Vec<u32> = sure.collect();
                for unknown in subsets() {
                    let unknown: Vec<u32> = unknown.filter(|n| !sure.contains(n)).collect();
                    let left = Picked::with_unknown(set(&[0, 1]), &set(&[2]));
                    let right = Picked::with_unknown(set(&sure), &set(&unknown));
                    let joined = left.joined(op, &right);
                    for n in all.map(NodeId) {
                        let worlds = |p: &Picked| {
                            let undecided = p.undecided().contains(n);
                            let is_in = p.sure.contains(n);
                            if undecided {
                                vec![true, false]
                            } else {
                                vec![is_in]
                            }
                        };
                        let mut outcomes = Vec::new();
                        for a in worlds(&left) {
                            for b in worlds(&right) {
                                outcomes.push(match op {
                                    SetOp::Union => a || b,
                                    SetOp::Intersection => a && b,
                                    SetOp::Difference => a && !b,
                                    SetOp::SymmetricDifference => a != b,
                                });
                            }
                        }
                        assert_eq!(joined.sure.contains(n), outcomes.iter().all(|o| *o));
                        let undecided = outcomes.contains(&true) && outcomes.contains(&false);
                        assert_eq!(joined.undecided().contains(n), undecided);
                    }
                }
            }
        }
    }
}
