//! What has arrived of answers that are not complete yet, so that a command that is at work for long,
//! or without end, is seen to write.
//!
//! A run's exchanges add up in one number what they receive; its driver reads that number a few times
//! a second. Nothing is sent for each piece: a warm fan-out over thousands of nodes pays one addition
//! an envelope.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How many bytes have arrived of the answers of one run that are not complete.
#[derive(Debug, Default)]
pub struct Arriving(AtomicU64);

impl Arriving {
    /// Returns how many they are.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        // Relaxed: the number stands for nothing but itself.
        self.0.load(Ordering::Relaxed)
    }
}

/// What one answer adds. An answer that is over, however that came, no longer counts.
#[derive(Debug, Default)]
pub struct Share {
    of: Arc<Arriving>,
    bytes: u64,
}

impl Share {
    /// Begins with nothing.
    #[must_use]
    pub const fn new(of: Arc<Arriving>) -> Self {
        Self { of, bytes: 0 }
    }

    /// Takes note of bytes that came.
    pub fn add(&mut self, bytes: usize) {
        let bytes = bytes as u64;
        self.bytes += bytes;
        self.of.0.fetch_add(bytes, Ordering::Relaxed);
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.of.0.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_arrives_counts_until_its_answer_is_over() {
        let arriving = Arc::new(Arriving::default());
        let mut one = Share::new(Arc::clone(&arriving));
        let mut other = Share::new(Arc::clone(&arriving));
        one.add(5);
        other.add(7);
        one.add(5);
        assert_eq!(arriving.bytes(), 17);
        drop(one);
        assert_eq!(arriving.bytes(), 7);
        drop(other);
        assert_eq!(arriving.bytes(), 0);
    }
}
