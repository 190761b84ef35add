//! Supervisors that wait for their next run.
//!
//! Forking one and letting it end costs more than all else about a spawn, so a few are kept.

use std::sync::{Mutex, PoisonError};

use tokio::net::UnixStream;

/// Idle supervisors that are kept. Each is a forked copy of a small process: a few hundred
/// kilobytes of its own.
const MAX_IDLE: usize = 32;

/// The connections to idle supervisors, the one used last on top.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    idle: Mutex<Vec<UnixStream>>,
}

impl Pool {
    /// Keeps a connection whose supervisor waits for an order; one too many is closed, and its
    /// supervisor ends.
    pub(crate) fn put(&self, stream: UnixStream) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < MAX_IDLE {
            idle.push(stream);
        }
    }

    pub(crate) fn take(&self) -> Option<UnixStream> {
        self.idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop()
    }
}
