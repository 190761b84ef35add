//! A journal whose log is damaged: what it takes until somebody has accepted that.

use hailer_protocol::redact::redacted;
use hailer_protocol::time::Wall;

use super::{Accepted, Body, Damaged, Journal, JournalError};
use crate::core::Entry;
use crate::state::Sync;

impl Journal {
    /// Whether the log is damaged and nobody has accepted that.
    pub(crate) fn is_damaged(&self) -> bool {
        self.state.damage().is_some()
    }

    /// Writes down that the log is damaged and what became of it: the first record after the break, and
    /// again at each start until somebody accepts it.
    pub(crate) fn tell_damage(&mut self, now: Wall) {
        let Some(text) = self.state.damage().map(str::to_owned) else {
            return;
        };
        tracing::error!(
            damage = %text,
            "the log is damaged: nothing is run on this node until `hailerd journal accept` says that it may"
        );
        let log = self.state.log();
        let damaged = Damaged {
            text,
            sound_seq: log.next_seq() - 1,
            sound_link: log.head(),
        };
        if let Err(e) = self.write(now, &Body::Damaged(damaged), Sync::Yes) {
            self.lose(now, 1, &e.to_string());
        }
    }

    /// Goes on after damage if somebody has left word that it is known; says whether it does.
    ///
    /// # Errors
    /// When the word cannot be read, or that it was given not be written down; then nothing changes.
    pub(crate) fn take_acceptance(&mut self, now: Wall) -> Result<bool, JournalError> {
        let failed = |e: &dyn std::fmt::Display| JournalError::Write(e.to_string());
        let Some(word) = self.state.acceptance().map_err(|e| failed(&e))? else {
            return Ok(false);
        };
        let text = self.state.damage().unwrap_or_default().to_owned();
        tracing::warn!(who = %word.who, damage = %text, "the damage of the log is accepted");
        let accepted = Accepted {
            who: word.who,
            reason: redacted(word.reason),
            text,
        };
        self.write(now, &Body::Accepted(accepted), Sync::Yes)?;
        self.state.clear_damage().map_err(|e| failed(&e))?;
        Ok(true)
    }
}

/// Whether something is done only once the entry is written.
pub(super) const fn is_guarding(entry: &Entry) -> bool {
    match entry {
        Entry::Intent { .. } | Entry::StepIntent { .. } => true,
        Entry::Mark(mark) => super::automations::is_guard(mark),
        // Without a permit it is about a run that is there already: to wait for it, or to end it.
        Entry::Authorised { permit, .. } => permit.is_some(),
        // What ends something, or takes a right away, is never held up.
        Entry::Revocations { .. }
        | Entry::Authorities { .. }
        | Entry::Countersigned { .. }
        | Entry::Outcome { .. }
        | Entry::StepOutcome { .. }
        | Entry::Refusal { .. }
        | Entry::Probe { .. }
        | Entry::Killed { .. }
        | Entry::Marks(_)
        | Entry::Told(_)
        | Entry::Repeated { .. }
        | Entry::AgentStarted { .. }
        | Entry::AgentStopped
        | Entry::Gap { .. } => false,
    }
}
