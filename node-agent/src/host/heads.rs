//! Reading where the audit stands, and writing a keeper's countersignature under it.

use std::sync::Arc;

use hailer_protocol::audit::Head;
use hailer_protocol::ids::Link;
use hailer_protocol::message::{AuditAsk, AuditStands};

use super::{Host, lock};
use crate::audit;
use crate::clock;
use crate::core::Entry;
use crate::journal::{Journal, JournalError};

impl Host {
    /// Finds out where the audit stands, where that holds up nobody else. What is told is on the disk
    /// before it is: whoever keeps it may count on it after a power loss.
    pub(crate) async fn stands(self: &Arc<Self>, ask: AuditAsk) -> AuditStands {
        let host = Arc::clone(self);
        let read = tokio::task::spawn_blocking(move || {
            let (mut stands, snapshot) = {
                let mut journal = lock(&host.journal);
                host.write_notes(&mut journal);
                let stands = read(&mut journal, ask.kept);
                (stands, ask.in_full.then(|| journal.snapshot()))
            };
            if let Some(snapshot) = snapshot {
                let (_, broken) = audit::head(snapshot, None);
                stands.broken = stands.broken.or(broken);
            }
            stands
        });
        read.await
            .unwrap_or_else(|e| broken(&format!("the reading broke off: {e}")))
    }

    /// Writes a countersignature down, forced to the disk; returns the head since then.
    ///
    /// # Errors
    /// When it could not be written.
    pub(crate) async fn countersign(self: &Arc<Self>, entry: Entry) -> Result<Head, JournalError> {
        let host = Arc::clone(self);
        let write = move || {
            let mut journal = lock(&host.journal);
            host.write_notes(&mut journal);
            journal.append(clock::wall(), &entry)?;
            Ok(journal.head())
        };
        tokio::task::spawn_blocking(write)
            .await
            .unwrap_or_else(|e| Err(JournalError::broken_off(&e)))
    }
}

fn read(journal: &mut Journal, kept: Option<u64>) -> AuditStands {
    let head = match journal.synced_head() {
        Ok(head) => head,
        Err(e) => return broken(&e.to_string()),
    };
    let (link, broken) = match kept.map(|seq| journal.link_of(seq)) {
        Some(Ok(link)) => (link, None),
        Some(Err(e)) => (None, Some(e.to_string())),
        None => (None, None),
    };
    AuditStands {
        oldest: journal.oldest(),
        head,
        kept: link,
        is_countersigned: journal.is_countersigned(),
        broken,
    }
}

fn broken(why: &str) -> AuditStands {
    AuditStands {
        oldest: 0,
        head: Head {
            seq: 0,
            link: Link::START,
        },
        kept: None,
        is_countersigned: false,
        broken: Some(why.to_owned()),
    }
}
