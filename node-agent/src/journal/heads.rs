//! Where the journal's chain stands.

use hailer_protocol::audit::Head;
use hailer_protocol::ids::Link;

use super::{Journal, JournalError};

impl Journal {
    /// Returns the newest record and the link after it.
    pub(crate) const fn head(&self) -> Head {
        let log = self.state.log();
        Head {
            seq: log.next_seq() - 1,
            link: log.head(),
        }
    }

    /// Returns the same once all of it is on the disk.
    ///
    /// # Errors
    /// When the disk refuses.
    pub(crate) fn synced_head(&mut self) -> Result<Head, JournalError> {
        let synced = self.state.log_mut().sync();
        synced.map_err(|e| JournalError::Write(e.to_string()))?;
        Ok(self.head())
    }

    /// Returns the number of the oldest record; 0 if there is none.
    pub(crate) fn oldest(&self) -> u64 {
        let log = self.state.log();
        let first = log.first_seq();
        if first < log.next_seq() { first } else { 0 }
    }

    /// Returns the link after a record, read from where it lies; nothing if it is not there.
    ///
    /// # Errors
    /// When the log around it is not what was written.
    pub(crate) fn link_of(&self, seq: u64) -> Result<Option<Link>, JournalError> {
        let log = self.state.log();
        if seq < log.first_seq() || seq >= log.next_seq() {
            return Ok(None);
        }
        let failed = |e: &dyn std::fmt::Display| JournalError::Read(e.to_string());
        let mut records = log.read_from(seq).map_err(|e| failed(&e))?;
        match records.next() {
            Some(Ok(record)) if record.seq == seq => Ok(Some(record.link)),
            Some(Ok(record)) => Err(failed(&format!("record {seq} is record {}", record.seq))),
            Some(Err(e)) => Err(failed(&e)),
            None => Err(failed(&format!("record {seq} is gone"))),
        }
    }

    /// Whether the newest record is a keeper's countersignature.
    pub(crate) const fn is_countersigned(&self) -> bool {
        self.is_countersigned
    }
}
