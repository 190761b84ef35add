//! What automations ask of their host, and how the rest of the agent reaches them.

use std::sync::Arc;

use hailer_protocol::ids::Digest;

use super::{Host, lock};
use crate::automation::{Automations, Planned};
use crate::clock;
use crate::core::{Permit, Vouch};
use crate::journal::JournalError;

impl Host {
    /// Returns the automations; none while the agent is still being made.
    pub(crate) fn automations(&self) -> Option<&Automations> {
        self.automations.get()
    }

    /// Asks the owner's policy, as it is now, whether a deed of an automation may be done.
    ///
    /// # Errors
    /// Says why not, and what is missing.
    pub(crate) fn permit_deed(
        &self,
        vouch: &Vouch,
        run_as: Option<&str>,
    ) -> Result<Permit, String> {
        lock(&self.core).permit_deed(clock::wall(), vouch, run_as)
    }

    /// Keeps a set of automations in place of the last one.
    pub(crate) async fn keep_set(
        self: &Arc<Self>,
        planned: Planned,
    ) -> (Planned, Result<(), JournalError>) {
        let host = Arc::clone(self);
        let shared = Arc::new(planned);
        let keeping = Arc::clone(&shared);
        let kept =
            tokio::task::spawn_blocking(move || lock(&host.journal).keep_set(&keeping)).await;
        let kept = kept.unwrap_or_else(|e| Err(JournalError::broken_off(&e)));
        (Arc::unwrap_or_clone(shared), kept)
    }

    /// Forgets texts that no set names any more.
    pub(crate) async fn drop_texts(
        self: &Arc<Self>,
        gone: Vec<Digest>,
    ) -> Result<(), JournalError> {
        let host = Arc::clone(self);
        let dropping = move || lock(&host.journal).drop_texts(&gone);
        tokio::task::spawn_blocking(dropping)
            .await
            .unwrap_or_else(|e| Err(JournalError::broken_off(&e)))
    }
}
