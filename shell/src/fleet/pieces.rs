//! Pieces: one output stream of one node, collected within a bound.
//!
//! A chunk is kept as it was decoded, without a copy, so that a small answer costs none; chunks
//! much smaller than their own bookkeeping are merged, so that what is counted is what is used.

use hailer_protocol::clean::NodeBytes;
use hailer_protocol::limits::OUTPUT_CHUNK_MAX;

use super::budget::Budget;

/// One stream's bytes as far as they are kept, and how many there were.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    chunks: Vec<Vec<u8>>,
    kept: u64,
    received: u64,
    skipped: u64,
    is_closed: bool,
}

impl Pieces {
    /// Takes a chunk, keeps of it what the limit and the budget allow, and counts all of it. After
    /// the first cut nothing more is kept: what is kept is always the beginning.
    pub(super) fn push(&mut self, mut chunk: Vec<u8>, limit: u64, budget: &Budget) {
        let length = chunk.len() as u64;
        self.received = self.received.saturating_add(length);
        if self.is_closed || length == 0 {
            return;
        }
        let granted = budget.take(length.min(limit.saturating_sub(self.kept)));
        self.is_closed = granted < length;
        self.kept += granted;
        chunk.truncate(usize::try_from(granted).unwrap_or(usize::MAX));
        match self.chunks.last_mut() {
            Some(last) if last.len() + chunk.len() <= OUTPUT_CHUNK_MAX => {
                last.extend_from_slice(&chunk);
            }
            Some(_) | None if chunk.is_empty() => {}
            Some(_) | None => self.chunks.push(chunk),
        }
    }

    /// Takes note of where the next chunk begins. What lies before it and did not come was cut by
    /// the node; returns `false` if it came already.
    pub(super) const fn seek(&mut self, offset: u64) -> bool {
        let Some(gap) = offset.checked_sub(self.written()) else {
            return false;
        };
        self.skipped = self.skipped.saturating_add(gap);
        self.is_closed |= gap > 0;
        true
    }

    /// Returns how many bytes the node is known to have written.
    pub(super) const fn written(&self) -> u64 {
        self.received.saturating_add(self.skipped)
    }

    /// Returns how many bytes the node left out in between.
    pub(super) const fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Returns how many bytes came, kept or not.
    pub(super) const fn received(&self) -> u64 {
        self.received
    }

    /// Returns how many bytes are kept.
    pub(super) const fn kept(&self) -> u64 {
        self.kept
    }

    /// Returns what is kept as one piece.
    pub(super) fn into_bytes(mut self) -> NodeBytes {
        let mut bytes = match self.chunks.len() {
            0 | 1 => self.chunks.pop().unwrap_or_default(),
            _ => self.chunks.concat(),
        };
        bytes.shrink_to_fit();
        NodeBytes(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_the_beginning_and_the_count_is_exact() {
        let budget = Budget::new(1_000);
        let mut pieces = Pieces::default();
        for text in ["hello ", "world", "!", ""] {
            pieces.push(text.as_bytes().to_vec(), 8, &budget);
        }
        assert_eq!(
            (pieces.received(), pieces.kept(), budget.used()),
            (12, 8, 8)
        );
        assert_eq!(pieces.into_bytes().0, b"hello wo");
    }

    #[test]
    fn nothing_is_kept_behind_a_gap_even_if_room_comes_free() {
        let budget = Budget::new(3);
        let mut pieces = Pieces::default();
        pieces.push(b"abcd".to_vec(), 100, &budget);
        budget.give_back(3);
        pieces.push(b"efgh".to_vec(), 100, &budget);
        assert_eq!((pieces.received(), pieces.kept()), (8, 3));
        assert_eq!(pieces.into_bytes().0, b"abc");
    }

    #[test]
    fn bytes_that_the_node_left_out_are_counted_and_close_what_is_kept() {
        let budget = Budget::new(100);
        let mut pieces = Pieces::default();
        pieces.push(b"ab".to_vec(), 100, &budget);
        assert!(!pieces.seek(1), "came already");
        assert!(pieces.seek(10));
        pieces.push(b"kl".to_vec(), 100, &budget);
        assert_eq!(
            (pieces.written(), pieces.skipped(), pieces.kept()),
            (12, 8, 2)
        );
    }

    #[test]
    fn a_flood_of_tiny_chunks_is_kept_as_few() {
        let budget = Budget::new(1 << 20);
        let mut pieces = Pieces::default();
        for _ in 0..100_000 {
            pieces.push(vec![b'x'], 1 << 20, &budget);
        }
        assert!(pieces.chunks.len() <= 4, "{} chunks", pieces.chunks.len());
        assert_eq!(pieces.into_bytes().0.len(), 100_000);
    }
}
