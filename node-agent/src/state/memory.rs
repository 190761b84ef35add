//! Log and store of an ephemeral state: the newest records, and what must not be done twice, in
//! memory. Their bounds and answers are those of the disk.

use std::collections::{BTreeMap, VecDeque};

use hailer_protocol::time::Wall;

use super::frame::{RECORD_OVERHEAD_BYTES, Record};
use super::store::{Admission, ENTRIES_MAX, Once, Space};

/// Records up to a number of bytes; the oldest go first.
#[derive(Debug, Default)]
pub(super) struct MemoryLog {
    records: VecDeque<Record>,
    bytes: u64,
    n_dropped: u64,
}

impl MemoryLog {
    pub(super) fn push(&mut self, record: Record, bytes_max: u64) {
        self.bytes += size(&record);
        self.records.push_back(record);
        // The newest record stays even if it alone is too much: it was accepted.
        while self.bytes > bytes_max && self.records.len() > 1 {
            if let Some(oldest) = self.records.pop_front() {
                self.bytes -= size(&oldest);
                self.n_dropped += 1;
            }
        }
    }

    pub(super) const fn first_seq(&self) -> u64 {
        self.n_dropped + 1
    }

    pub(super) fn records(&self) -> impl Iterator<Item = &Record> {
        self.records.iter()
    }

    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn get(&self, seq: u64) -> Option<&Record> {
        let index = seq.checked_sub(self.first_seq())?;
        self.records.get(usize::try_from(index).ok()?)
    }
}

const fn size(record: &Record) -> u64 {
    (record.body.len() + RECORD_OVERHEAD_BYTES) as u64
}

/// What is admitted once and what is kept, up to the same bounds as on disk.
#[derive(Debug, Default)]
pub(super) struct MemoryStore {
    once: BTreeMap<(Once, [u8; 16]), i64>,
    forgotten: BTreeMap<Once, i64>,
    spaces: BTreeMap<(Space, String), Vec<u8>>,
}

impl MemoryStore {
    pub(super) fn purge(&mut self, once: Once, now: Wall) -> u64 {
        let forgotten = self.forgotten.entry(once).or_insert(i64::MIN);
        let before = self.once.len();
        self.once.retain(|(of, _), until| {
            let is_over = *of == once && now.is_past(Wall(*until));
            if is_over {
                *forgotten = (*forgotten).max(*until);
            }
            !is_over
        });
        (before - self.once.len()) as u64
    }

    pub(super) fn admit(
        &mut self,
        once: Once,
        id: [u8; 16],
        (until, now): (Wall, Wall),
        limit: u64,
    ) -> Admission {
        if self.once.contains_key(&(once, id)) {
            return Admission::Seen;
        }
        let count = |all: &Self| all.once.keys().filter(|(of, _)| *of == once).count() as u64;
        if self.once.len() as u64 >= limit && count(self) >= limit {
            self.purge(once, now);
            if count(self) >= limit {
                return Admission::Full;
            }
        }
        if self.forgotten.get(&once).is_some_and(|f| until.0 <= *f) {
            return Admission::Expired;
        }
        self.once.insert((once, id), until.0);
        Admission::Fresh
    }

    pub(super) fn put(&mut self, space: Space, key: &str, value: &[u8]) -> bool {
        let key = (space, key.to_owned());
        let count = self.spaces.keys().filter(|(of, _)| *of == space).count() as u64;
        if count >= ENTRIES_MAX && !self.spaces.contains_key(&key) {
            return false;
        }
        self.spaces.insert(key, value.to_owned());
        true
    }

    pub(super) fn value(&self, space: Space, key: &str) -> Option<Vec<u8>> {
        self.spaces.get(&(space, key.to_owned())).cloned()
    }

    pub(super) fn remove(&mut self, space: Space, key: &str) -> bool {
        self.spaces.remove(&(space, key.to_owned())).is_some()
    }

    pub(super) fn entries(&self, space: Space) -> Vec<(String, Vec<u8>)> {
        self.spaces
            .iter()
            .filter(|((of, _), _)| *of == space)
            .map(|((_, key), value)| (key.clone(), value.clone()))
            .collect()
    }
}
