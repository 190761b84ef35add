//! Notes on their way to the journal: nobody waits for them.

use std::collections::VecDeque;
use std::sync::Arc;

use hailer_protocol::time::Wall;

use super::{Host, lock};
use crate::clock;
use crate::core::Entry;
use crate::journal::Journal;

/// Notes that wait while the disk is slow; what comes beyond is counted as missing.
const WAITING_MAX: usize = 1024;

/// Notes that are not yet written.
#[derive(Debug, Default)]
pub(super) struct Notes {
    waiting: VecDeque<(Wall, Entry)>,
    /// Somebody is on the way to write them.
    is_expected: bool,
    n_lost: u64,
}

impl Host {
    /// Writes a note down, after all that was noted before, and waits for nothing.
    pub(crate) fn note(self: &Arc<Self>, entry: Entry) {
        let now = clock::wall();
        if !self.journal_on_disk {
            lock(&self.journal).note(now, &entry);
            return;
        }
        let is_expected = {
            let mut notes = lock(&self.notes);
            if notes.waiting.len() < WAITING_MAX {
                notes.waiting.push_back((now, entry));
            } else {
                notes.n_lost += 1;
            }
            std::mem::replace(&mut notes.is_expected, true)
        };
        if !is_expected {
            let host = Arc::clone(self);
            tokio::task::spawn_blocking(move || host.write_notes(&mut lock(&host.journal)));
        }
    }

    /// Writes down all notes that wait.
    pub(super) fn write_notes(&self, journal: &mut Journal) {
        loop {
            let (waiting, n_lost) = {
                let mut notes = lock(&self.notes);
                if notes.waiting.is_empty() && notes.n_lost == 0 {
                    notes.is_expected = false;
                    return;
                }
                (
                    std::mem::take(&mut notes.waiting),
                    std::mem::take(&mut notes.n_lost),
                )
            };
            for (at, entry) in waiting {
                journal.note(at, &entry);
            }
            if n_lost > 0 {
                journal.lose(clock::wall(), n_lost, "the disk was too slow");
            }
        }
    }

    /// Writes down that the agent stops, with all that was only counted until now.
    pub(crate) async fn stop(self: &Arc<Self>) {
        let notes = lock(&self.core).last_notes(clock::mono());
        let host = Arc::clone(self);
        let written = tokio::task::spawn_blocking(move || {
            let mut journal = lock(&host.journal);
            host.write_notes(&mut journal);
            for entry in notes {
                journal.note(clock::wall(), &entry);
            }
        });
        if let Err(e) = written.await {
            tracing::error!(error = %e, "the last notes of the journal are lost");
        }
    }
}
