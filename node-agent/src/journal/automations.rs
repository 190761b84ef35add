//! What the journal keeps for automations: the set in force, its texts, and what the engine is made of
//! after a restart.

use std::collections::BTreeMap;

use hailer_protocol::engine::Record as Mark;
use hailer_protocol::ids::Digest;

use super::{Journal, JournalError};
use crate::automation::{Book, Kept, Planned};
use crate::state::Space;

/// Under which key of its space the set of automations in force is kept.
const SET: &str = "set";

/// Whether a record has to outlive a power loss before anything else is done: an intent, or an order of
/// a person.
pub(super) const fn is_guard(mark: &Mark) -> bool {
    match mark {
        Mark::Intent { .. }
        | Mark::Muted { .. }
        | Mark::Unmuted(_)
        | Mark::Paused { .. }
        | Mark::Resumed => true,
        Mark::Open { .. }
        | Mark::Outcome { .. }
        | Mark::Escalated { .. }
        | Mark::Cleared { .. }
        | Mark::Flapping { .. }
        | Mark::Storm { .. }
        | Mark::ClockMoved { .. }
        | Mark::Reserved { .. }
        | Mark::Numbers { .. } => false,
    }
}

impl Journal {
    /// Hands over what the automations' engine is made of, oldest first.
    pub(crate) fn take_marks(&mut self) -> Vec<Mark> {
        std::mem::take(&mut self.marks)
    }

    /// Returns the set of automations that is kept, and their texts.
    ///
    /// # Errors
    /// When the store cannot be read, or holds something else.
    pub(crate) fn book(&self) -> Result<Book, JournalError> {
        let failed = |e: &dyn std::fmt::Display| {
            JournalError::Write(format!("the automations that are kept: {e}"))
        };
        let (mut kept, mut texts) = (None, BTreeMap::new());
        let entries = self.state.store().entries(Space::Applied);
        for (key, bytes) in entries.map_err(|e| failed(&e))? {
            if key == SET {
                kept = Some(Kept::decode(&bytes).map_err(|e| failed(&e))?);
            } else {
                texts.insert(Digest::of(&bytes), bytes);
            }
        }
        Ok(Book::new(kept, texts))
    }

    /// Keeps a set of automations in place of the last one, forced to the disk: its texts before it.
    ///
    /// # Errors
    /// When it could not be written; then the last one is kept.
    pub(crate) fn keep_set(&mut self, planned: &Planned) -> Result<(), JournalError> {
        if let Some(damage) = self.state.damage() {
            return Err(JournalError::Damaged(damage.to_owned()));
        }
        let failed = |e: &dyn std::fmt::Display| JournalError::Write(e.to_string());
        let set = planned.kept.encode().map_err(|e| failed(&e))?;
        let store = self.state.store_mut();
        for (version, text) in &planned.new {
            let put = store.put(Space::Applied, &version.to_string(), text);
            put.map_err(|e| failed(&e))?;
        }
        store.put(Space::Applied, SET, &set).map_err(|e| failed(&e))
    }

    /// Forgets texts that no set names any more.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub(crate) fn drop_texts(&mut self, versions: &[Digest]) -> Result<(), JournalError> {
        for version in versions {
            let store = self.state.store_mut();
            let removed = store.remove(Space::Applied, &version.to_string());
            removed.map_err(|e| JournalError::Write(e.to_string()))?;
        }
        Ok(())
    }
}
