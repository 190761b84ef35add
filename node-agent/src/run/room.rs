//! Room for output that waits to be parsed: one bound for all runs of an agent.
//!
//! A run takes room as its output comes and gives it back once its rows are made. Nobody waits for
//! room while holding some, so nothing can lock up: output for which there is none is cut, and the
//! answer says so.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes that are free, shared by all runs.
#[derive(Debug, Clone)]
pub(crate) struct Room(Arc<AtomicUsize>);

/// What one run holds; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Held {
    room: Room,
    bytes: usize,
}

impl Room {
    /// Makes room for so many bytes.
    pub(crate) fn new(bytes: usize) -> Self {
        Self(Arc::new(AtomicUsize::new(bytes)))
    }

    /// Begins to hold, nothing as yet.
    pub(crate) fn hold(&self) -> Held {
        Held {
            room: self.clone(),
            bytes: 0,
        }
    }
}

impl Held {
    /// Takes more room; `false` if there is not as much.
    pub(crate) fn grow(&mut self, bytes: usize) -> bool {
        let free = &self.room.0;
        let taken = free.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |free| {
            free.checked_sub(bytes)
        });
        if taken.is_ok() {
            self.bytes += bytes;
        }
        taken.is_ok()
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.room.0.fetch_add(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_shared_refused_and_given_back() {
        let room = Room::new(10);
        let mut first = room.hold();
        let mut second = room.hold();
        assert!(first.grow(6));
        assert!(!second.grow(5), "only four are left");
        assert!(second.grow(4));
        drop(first);
        assert!(second.grow(6));
        assert!(!second.grow(1));
        drop(second);
        assert!(room.hold().grow(10));
    }
}
