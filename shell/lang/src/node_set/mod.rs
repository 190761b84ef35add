//! Node sets: bitmaps over dense node ids. Names and folding are for display only.

pub mod fold;
pub mod list;
pub mod natural;
pub mod unfold;

/// A node's number in its inventory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub u32);

impl NodeId {
    /// Returns the number as an index.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// A set of nodes of one inventory.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct NodeSet {
    /// Bit `i % 64` of word `i / 64` is node `i`; the last word is never zero.
    words: Vec<u64>,
}

impl std::fmt::Debug for NodeSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.iter().map(|n| n.0)).finish()
    }
}

impl NodeSet {
    /// Makes the set of the first `n` nodes.
    #[must_use]
    pub fn first(n: usize) -> Self {
        let mut words = vec![u64::MAX; n / 64];
        if !n.is_multiple_of(64) {
            words.push((1 << (n % 64)) - 1);
        }
        Self { words }
    }

    /// Returns how many nodes are in the set.
    #[must_use]
    pub fn len(&self) -> usize {
        self.words.iter().map(|w| w.count_ones() as usize).sum()
    }

    /// Whether no node is in the set.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Whether the node is in the set.
    #[must_use]
    pub fn contains(&self, node: NodeId) -> bool {
        self.words
            .get(node.index() / 64)
            .is_some_and(|w| w >> (node.0 % 64) & 1 == 1)
    }

    /// Adds a node.
    pub fn insert(&mut self, node: NodeId) {
        let word = node.index() / 64;
        if self.words.len() <= word {
            self.words.resize(word + 1, 0);
        }
        self.words[word] |= 1 << (node.0 % 64);
    }

    /// Takes a node out.
    pub fn remove(&mut self, node: NodeId) {
        if let Some(word) = self.words.get_mut(node.index() / 64) {
            *word &= !(1 << (node.0 % 64));
        }
        self.trim();
    }

    /// Returns the nodes in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.words.iter().zip(0_u32..).flat_map(|(&word, index)| {
            let set = |w: u64| (w != 0).then_some(w);
            std::iter::successors(set(word), move |w| set(w & (w - 1)))
                .map(move |w| NodeId(index * 64 + w.trailing_zeros()))
        })
    }

    /// Returns the nodes that are in both.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let words = self
            .words
            .iter()
            .zip(&other.words)
            .map(|(a, b)| a & b)
            .collect();
        Self::trimmed(words)
    }

    /// Returns the nodes that are in either.
    #[must_use]
    pub fn or(&self, other: &Self) -> Self {
        self.longest(other, |a, b| a | b)
    }

    /// Returns the nodes that are in exactly one.
    #[must_use]
    pub fn xor(&self, other: &Self) -> Self {
        self.longest(other, |a, b| a ^ b)
    }

    /// Returns the nodes of this set that are not in the other.
    #[must_use]
    pub fn sub(&self, other: &Self) -> Self {
        self.longest(other, |a, b| a & !b)
    }

    /// Whether every node of this set is in the other.
    #[must_use]
    pub fn is_subset(&self, other: &Self) -> bool {
        self.sub(other).is_empty()
    }

    fn longest(&self, other: &Self, f: impl Fn(u64, u64) -> u64) -> Self {
        let n = self.words.len().max(other.words.len());
        let word = |set: &Self, i: usize| set.words.get(i).copied().unwrap_or(0);
        Self::trimmed((0..n).map(|i| f(word(self, i), word(other, i))).collect())
    }

    fn trimmed(words: Vec<u64>) -> Self {
        let mut set = Self { words };
        set.trim();
        set
    }

    /// Keeps the last word from being zero, so that equal sets are equal values.
    fn trim(&mut self) {
        let used = self
            .words
            .iter()
            .rposition(|&w| w != 0)
            .map_or(0, |i| i + 1);
        self.words.truncate(used);
    }
}

impl FromIterator<NodeId> for NodeSet {
    fn from_iter<T: IntoIterator<Item = NodeId>>(nodes: T) -> Self {
        let mut set = Self::default();
        nodes.into_iter().for_each(|n| set.insert(n));
        set
    }
}

impl Extend<NodeId> for NodeSet {
    fn extend<T: IntoIterator<Item = NodeId>>(&mut self, nodes: T) {
        nodes.into_iter().for_each(|n| self.insert(n));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(ids: &[u32]) -> NodeSet {
        ids.iter().map(|&i| NodeId(i)).collect()
    }

    #[test]
    fn equal_sets_are_equal_values_however_they_came_about() {
        let mut a = set(&[1, 200]);
        a.remove(NodeId(200));
        assert_eq!(a, set(&[1]));
        assert_eq!(set(&[1, 200]).sub(&set(&[200])), set(&[1]));
        assert!(set(&[300]).xor(&set(&[300])).is_empty());
    }

    #[test]
    fn the_first_n_are_n() {
        for n in [0, 1, 63, 64, 65, 128, 1000] {
            let s = NodeSet::first(n);
            assert_eq!((s.len(), s.iter().count()), (n, n));
            assert_eq!(s.is_empty(), n == 0);
        }
    }
}
