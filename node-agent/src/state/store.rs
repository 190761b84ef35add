//! The small key-value store: what must not be done twice, and what holds until further notice.
//!
//! - *Nonces* and *run ids* are admitted once. Each is remembered until a moment of the wall clock
//!   and then forgotten; the store remembers the latest moment that it has forgotten, so that a
//!   clock set back does not make an old nonce new.
//! - *Mutes*, *pauses* and *applied automations* are bytes under a short key.
//!
//! On disk it is one redb file: every write is on the disk when the call returns, and a crash at
//! any point leaves the state before or after it. The file is made by the first write, so a node
//! that never needed it has none; and its cache is small, because so is the agent. Everything is
//! bounded, and full means refused.

use std::io;
use std::path::{Path, PathBuf};

use hailer_protocol::ids::RunId;
use hailer_protocol::time::Wall;
use redb::{
    ReadableDatabase, ReadableTable, ReadableTableMetadata, TableDefinition, TableError,
    WriteTransaction,
};

use super::database::{Handle, made, open_database};
use super::memory::MemoryStore;

/// A small key-value store.
#[derive(Debug)]
pub struct Store {
    config: StoreConfig,
    place: Place,
}

#[derive(Debug)]
enum Place {
    Memory(MemoryStore),
    Disk { path: PathBuf, database: Handle },
}

/// Bounds of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoreConfig {
    /// How many nonces are remembered at once.
    pub nonces_max: u64,
    /// How many run ids are remembered at once.
    pub runs_max: u64,
}

/// Whether something is new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// It is, and will not be again.
    Fresh,
    /// It was admitted before.
    Seen,
    /// Its time is over, so whether it was admitted before is no longer known: refuse it.
    Expired,
    /// As many as are allowed are remembered, and none has run out: refuse it.
    Full,
}

/// What a kept value is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Space {
    /// What evaluates but does nothing.
    Mutes,
    /// What does not evaluate.
    Pauses,
    /// The automations that this node holds.
    Applied,
    /// The newest revocation list of each signer.
    Revocations,
    /// Which trust bundle was taken last.
    Authorities,
}

/// What is admitted once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Once {
    Nonce,
    Run,
}

/// Why the store could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The system refused.
    #[error("open the store `{}`: {source}", path.display())]
    Io {
        /// With which file.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// The database refused, or its file is damaged.
    #[error("{what} `{}`: {source}", path.display())]
    Database {
        /// What was tried.
        what: &'static str,
        /// With which file.
        path: PathBuf,
        /// Why it failed.
        source: Box<redb::Error>,
    },
    /// More than the store keeps.
    #[error(
        "keep `{key}` ({bytes} bytes) in {space:?}: at most {KEY_BYTES_MAX} bytes of key, {VALUE_BYTES_MAX} of value and {ENTRIES_MAX} entries are kept"
    )]
    Bound {
        /// Where it was to be kept.
        space: Space,
        /// Under which key.
        key: String,
        /// The value's length.
        bytes: usize,
    },
}

impl Default for StoreConfig {
    /// 100,000 of each.
    fn default() -> Self {
        Self {
            nonces_max: 100_000,
            runs_max: 100_000,
        }
    }
}

impl Store {
    /// Opens the store at `path` if there is one; otherwise the first write makes it.
    ///
    /// # Errors
    /// Refuses a file that is not a sound store.
    pub fn open(path: &Path, config: StoreConfig) -> Result<Self, StoreError> {
        let is_there = path.try_exists().map_err(|source| StoreError::Io {
            path: path.to_owned(),
            source,
        })?;
        let database = if is_there {
            Handle::Open(open_database(path)?)
        } else {
            Handle::Absent
        };
        Ok(Self {
            config,
            place: Place::Disk {
                path: path.to_owned(),
                database,
            },
        })
    }

    /// Makes a store that is gone with the process.
    #[must_use]
    pub fn ephemeral(config: StoreConfig) -> Self {
        Self {
            config,
            place: Place::Memory(MemoryStore::default()),
        }
    }

    /// Admits a nonce once until `not_after`. A nonce that is not [`Admission::Fresh`] must not be
    /// acted on.
    ///
    /// # Errors
    /// When it could not be written down; then it must not be acted on either.
    pub fn admit_nonce(
        &mut self,
        nonce: [u8; 16],
        not_after: Wall,
        now: Wall,
    ) -> Result<Admission, StoreError> {
        self.admit(Once::Nonce, nonce, not_after, now)
    }

    /// Admits a run id once until `keep_until`, when its retention ends.
    ///
    /// # Errors
    /// As [`Store::admit_nonce`].
    pub fn admit_run(
        &mut self,
        run: RunId,
        keep_until: Wall,
        now: Wall,
    ) -> Result<Admission, StoreError> {
        self.admit(Once::Run, run.0, keep_until, now)
    }

    /// Forgets the nonces and run ids whose time is over at `now`, and returns how many there were.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn purge(&mut self, now: Wall) -> Result<u64, StoreError> {
        let mut n_purged = 0;
        for once in [Once::Nonce, Once::Run] {
            n_purged += match &mut self.place {
                Place::Memory(memory) => memory.purge(once, now),
                Place::Disk {
                    database: Handle::Absent,
                    ..
                } => 0,
                Place::Disk { path, database } => write(database, path, |tx| purge(tx, once, now))?,
            };
        }
        Ok(n_purged)
    }

    /// Keeps a value under a key, in place of the one before.
    ///
    /// # Errors
    /// Refuses what is over the bounds, which are [`KEY_BYTES_MAX`], [`VALUE_BYTES_MAX`] and
    /// [`ENTRIES_MAX`] a space.
    pub fn put(&mut self, space: Space, key: &str, value: &[u8]) -> Result<(), StoreError> {
        let bound = || StoreError::Bound {
            space,
            key: key.chars().take(KEY_BYTES_MAX).collect(),
            bytes: value.len(),
        };
        if key.len() > KEY_BYTES_MAX || value.len() > VALUE_BYTES_MAX {
            return Err(bound());
        }
        let is_kept = match &mut self.place {
            Place::Memory(memory) => memory.put(space, key, value),
            Place::Disk { path, database } => write(database, path, |tx| {
                let mut table = tx.open_table(space.table())?;
                if table.len()? >= ENTRIES_MAX && table.get(key)?.is_none() {
                    return Ok(false);
                }
                table.insert(key, value)?;
                Ok(true)
            })?,
        };
        if is_kept { Ok(()) } else { Err(bound()) }
    }

    /// Returns the value under a key.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn value(&self, space: Space, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        match &self.place {
            Place::Memory(memory) => Ok(memory.value(space, key)),
            Place::Disk { path, database } => read(database, path, space, |table| {
                Ok(table.get(key)?.map(|value| value.value().to_vec()))
            }),
        }
    }

    /// Removes the value under a key, and says whether there was one.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn remove(&mut self, space: Space, key: &str) -> Result<bool, StoreError> {
        match &mut self.place {
            Place::Memory(memory) => Ok(memory.remove(space, key)),
            Place::Disk {
                database: Handle::Absent,
                ..
            } => Ok(false),
            Place::Disk { path, database } => write(database, path, |tx| {
                let mut table = tx.open_table(space.table())?;
                let was_there = table.remove(key)?.is_some();
                Ok(was_there)
            }),
        }
    }

    /// Returns all keys and values of a space, in the order of their keys.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn entries(&self, space: Space) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        match &self.place {
            Place::Memory(memory) => Ok(memory.entries(space)),
            Place::Disk { path, database } => {
                let all = read(database, path, space, |table| {
                    let mut all = Vec::new();
                    for entry in table.iter()? {
                        let (key, value) = entry?;
                        all.push((key.value().to_owned(), value.value().to_vec()));
                    }
                    Ok(Some(all))
                });
                Ok(all?.unwrap_or_default())
            }
        }
    }

    fn admit(
        &mut self,
        once: Once,
        id: [u8; 16],
        until: Wall,
        now: Wall,
    ) -> Result<Admission, StoreError> {
        if now.is_past(until) {
            return Ok(Admission::Expired);
        }
        let limit = match once {
            Once::Nonce => self.config.nonces_max,
            Once::Run => self.config.runs_max,
        };
        match &mut self.place {
            Place::Memory(memory) => Ok(memory.admit(once, id, (until, now), limit)),
            Place::Disk { path, database } => write(database, path, |tx| {
                admit(tx, once, id, (until, now), limit)
            }),
        }
    }
}

impl Once {
    const fn table(self) -> TableDefinition<'static, [u8; 16], i64> {
        match self {
            Self::Nonce => TableDefinition::new("nonces"),
            Self::Run => TableDefinition::new("runs"),
        }
    }

    /// Its name in the table of what was forgotten.
    const fn key(self) -> &'static str {
        match self {
            Self::Nonce => "nonces",
            Self::Run => "runs",
        }
    }
}

impl Space {
    const fn table(self) -> TableDefinition<'static, &'static str, &'static [u8]> {
        match self {
            Self::Mutes => TableDefinition::new("mutes"),
            Self::Pauses => TableDefinition::new("pauses"),
            Self::Applied => TableDefinition::new("applied"),
            Self::Revocations => TableDefinition::new("revocations"),
            Self::Authorities => TableDefinition::new("authorities"),
        }
    }
}

fn purge(tx: &WriteTransaction, once: Once, now: Wall) -> Result<u64, redb::Error> {
    let mut table = tx.open_table(once.table())?;
    let mut forgotten = tx.open_table(FORGOTTEN)?;
    let before = table.len()?;
    let mut latest = forgotten.get(once.key())?.map_or(i64::MIN, |f| f.value());
    table.retain(|_, until| {
        let is_over = now.is_past(Wall(until));
        if is_over {
            latest = latest.max(until);
        }
        !is_over
    })?;
    let n_purged = before - table.len()?;
    if n_purged > 0 {
        forgotten.insert(once.key(), latest)?;
    }
    Ok(n_purged)
}

fn admit(
    tx: &WriteTransaction,
    once: Once,
    id: [u8; 16],
    (until, now): (Wall, Wall),
    limit: u64,
) -> Result<Admission, redb::Error> {
    {
        let table = tx.open_table(once.table())?;
        if table.get(id)?.is_some() {
            return Ok(Admission::Seen);
        }
        if table.len()? >= limit {
            drop(table);
            if purge(tx, once, now)? == 0 {
                return Ok(Admission::Full);
            }
        }
    }
    let forgotten = tx.open_table(FORGOTTEN)?;
    let latest = forgotten.get(once.key())?.map(|f| f.value());
    if latest.is_some_and(|latest| until.0 <= latest) {
        return Ok(Admission::Expired);
    }
    tx.open_table(once.table())?.insert(id, until.0)?;
    Ok(Admission::Fresh)
}

/// Does `deed` in one transaction; it is on the disk, whole, when this returns.
fn write<T>(
    handle: &mut Handle,
    path: &Path,
    deed: impl FnOnce(&WriteTransaction) -> Result<T, redb::Error>,
) -> Result<T, StoreError> {
    let database = made(path, handle)?;
    let transact = || {
        let tx = database.begin_write()?;
        let done = deed(&tx)?;
        tx.commit()?;
        Ok(done)
    };
    let done = transact();
    if done.is_err() {
        // A full disk must not need a restart once it has room again.
        *handle = Handle::Broken;
    }
    done.map_err(failed("write to the store", path))
}

fn read<T>(
    handle: &Handle,
    path: &Path,
    space: Space,
    look: impl FnOnce(
        &redb::ReadOnlyTable<&'static str, &'static [u8]>,
    ) -> Result<Option<T>, redb::Error>,
) -> Result<Option<T>, StoreError> {
    let database = match handle {
        Handle::Open(database) => database,
        Handle::Absent => return Ok(None),
        Handle::Broken => {
            return Err(failed("read the store", path)(redb::Error::PreviousIo));
        }
    };
    let transact = || {
        let tx = database.begin_read()?;
        let opened = tx.open_table(space.table());
        if let Err(TableError::TableDoesNotExist(_)) = opened {
            return Ok(None);
        }
        look(&opened?)
    };
    transact().map_err(failed("read the store", path))
}

pub(super) fn failed(what: &'static str, path: &Path) -> impl Fn(redb::Error) -> StoreError {
    let path = path.to_owned();
    move |source| StoreError::Database {
        what,
        path: path.clone(),
        source: Box::new(source),
    }
}

/// The longest key of a [`Space`], in bytes.
pub const KEY_BYTES_MAX: usize = 512;
/// The longest value of a [`Space`], in bytes.
pub const VALUE_BYTES_MAX: usize = 1024 * 1024;
/// How many values a [`Space`] keeps.
pub const ENTRIES_MAX: u64 = 4_096;

/// The latest end among the forgotten, by what was forgotten.
const FORGOTTEN: TableDefinition<'static, &str, i64> = TableDefinition::new("forgotten");

#[cfg(test)]
#[path = "store_tests.rs"]
mod tests;
