//! Provenance: which nodes each row was observed on.
//!
//! It travels beside the columns through every verb and is never read from a column's text, so a
//! node cannot put another node's name into its output and become that node's deed.

/// A node's dense number within its fleet.
pub type NodeId = u32;

/// Turns node numbers into text.
pub trait NodeNames {
    /// Returns the folded names of a node set: `web[01-40]`.
    fn fold(&self, nodes: &[NodeId]) -> String;
    /// Returns one node's name.
    fn name(&self, node: NodeId) -> &str;
}

/// The node sets of rows, one behind the other.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Provenance {
    nodes: Vec<NodeId>,
    /// Where each row's nodes end; they begin where the row before ends.
    ends: Vec<usize>,
}

impl Provenance {
    pub(crate) fn with_capacity(rows: usize) -> Self {
        Self {
            nodes: Vec::with_capacity(rows),
            ends: Vec::with_capacity(rows),
        }
    }

    /// Returns that of rows which are of no node.
    pub(crate) fn of_nothing(rows: usize) -> Self {
        Self {
            nodes: Vec::new(),
            ends: vec![0; rows],
        }
    }

    pub(crate) const fn len(&self) -> usize {
        self.ends.len()
    }

    /// Adds a row; without nodes it cannot become a target.
    pub(crate) fn push(&mut self, nodes: impl IntoIterator<Item = NodeId>) {
        self.nodes.extend(nodes);
        self.ends.push(self.nodes.len());
    }

    /// Returns a row's nodes, ascending; empty for a row without provenance or beyond the end.
    pub(crate) fn get(&self, row: usize) -> &[NodeId] {
        let Some(&end) = self.ends.get(row) else {
            return &[];
        };
        let start = row.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.nodes[start..end]
    }

    /// Returns the provenance of these rows, in this order.
    pub(crate) fn pick(&self, rows: &[u32]) -> Self {
        let mut out = Self::with_capacity(rows.len());
        for &row in rows {
            out.push(self.get(row as usize).iter().copied());
        }
        out
    }

    /// Returns all nodes of these rows, each once, ascending.
    pub(crate) fn union(&self, rows: impl IntoIterator<Item = u32>) -> Vec<NodeId> {
        let mut all: Vec<NodeId> = rows
            .into_iter()
            .flat_map(|row| self.get(row as usize).iter().copied())
            .collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn picked_rows_keep_their_nodes_and_a_union_names_each_once() {
        let mut p = Provenance::default();
        p.push([7]);
        p.push([]);
        p.push([1, 7, 9]);
        assert_eq!(p.get(0), [7]);
        assert!(p.get(1).is_empty());
        assert_eq!(p.get(2), [1, 7, 9]);
        assert!(p.get(3).is_empty());
        let picked = p.pick(&[2, 0]);
        assert_eq!((picked.get(0), picked.get(1)), (&[1, 7, 9][..], &[7][..]));
        assert_eq!(p.union([2, 1, 0]), [1, 7, 9]);
    }
}
