//! What an agent keeps across restarts: one checksummed append-only [`Log`] and one small
//! [`Store`].
//!
//! A state directory belongs to one agent at a time (a lock says so) and to one user (mode 0700).
//! It fails closed: a store that cannot be read whole is an error that says where, and never an empty
//! one; a log that is damaged is moved aside from there on, and [`State::damage`] says so until
//! somebody accepts it. What a crash tore off the log's very end, which nobody was promised, is cut and
//! counted in [`Recovery`].
//!
//! [`State::ephemeral`] is the same without a disk, for simulated fleets whose nodes live in one
//! process by the thousand. It must be asked for by name: an agent that forgets its nonces at
//! a restart could be made to run an old request again.
//!
//! The pure part is [`frame`]: how records become bytes, and how bytes are judged.

use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use hailer_protocol::time::Wall;
use rustix::fs::{FlockOperation, flock};

mod chain;
pub mod damage;
mod database;
pub mod frame;
pub mod log;
mod memory;
mod opening;
mod records;
mod segment;
pub mod store;

pub use chain::{Chain, Snapshot};
pub use damage::Acceptance;
pub use frame::{Damage, Link, Record};
pub use log::{Log, LogConfig, LogError, Sync};
pub use records::Records;
pub use store::{Admission, Space, Store, StoreConfig, StoreError};

/// An agent's state.
#[derive(Debug)]
pub struct State {
    log: Log,
    store: Store,
    recovery: Recovery,
    damage: Option<String>,
    /// Where it lies, if on a disk.
    dir: Option<PathBuf>,
    /// Released when it is closed, also by the death of the process.
    _lock: Option<File>,
}

/// Bounds of a state directory.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StateConfig {
    /// Bounds of the log.
    pub log: LogConfig,
    /// Bounds of the store.
    pub store: StoreConfig,
}

/// What opening a state directory found and mended; worth a line in the agent's own log.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Recovery {
    /// How many bytes of a half-written record were cut off the log's end.
    pub torn_bytes: u64,
    /// How many nonces and run ids had run out and were forgotten.
    pub n_purged: u64,
}

/// Why a state directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// Another agent has it.
    #[error("lock the state directory `{}`: another agent is using it", .0.display())]
    Locked(PathBuf),
    /// The system refused.
    #[error("{what} `{}`: {source}", path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// With which file.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// The log cannot be used.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl State {
    /// Opens the state directory, making it if it is not there, and forgets what had run out at
    /// `now`.
    ///
    /// # Errors
    /// Refuses a directory that another agent has, and a store that is damaged.
    pub fn open(dir: &Path, config: StateConfig, now: Wall) -> Result<Self, StateError> {
        make_private(dir)?;
        let lock = lock(dir)?;
        let (log, torn_bytes, damage) = damage::open_log(dir, config.log)?;
        let mut store = Store::open(&dir.join("store.redb"), config.store)?;
        let n_purged = store.purge(now)?;
        Ok(Self {
            log,
            store,
            recovery: Recovery {
                torn_bytes,
                n_purged,
            },
            damage,
            dir: Some(dir.to_owned()),
            _lock: Some(lock),
        })
    }

    /// Makes a state that lives in memory and is gone with the process.
    ///
    /// # Errors
    /// Refuses bounds that contradict each other.
    pub fn ephemeral(config: StateConfig) -> Result<Self, StateError> {
        Ok(Self {
            log: Log::ephemeral(config.log)?,
            store: Store::ephemeral(config.store),
            recovery: Recovery::default(),
            damage: None,
            dir: None,
            _lock: None,
        })
    }

    /// Returns what opening found and mended.
    #[must_use]
    pub const fn recovery(&self) -> Recovery {
        self.recovery
    }

    /// Returns what is known of damage to the log that nobody has accepted.
    #[must_use]
    pub fn damage(&self) -> Option<&str> {
        self.damage.as_deref()
    }

    /// Returns the word that somebody knows of the damage, if one was left.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn acceptance(&self) -> Result<Option<Acceptance>, StateError> {
        match &self.dir {
            Some(dir) if self.damage.is_some() => damage::acceptance(dir),
            Some(_) | None => Ok(None),
        }
    }

    /// Forgets the damage; what was moved aside stays.
    ///
    /// # Errors
    /// When the mark cannot be taken away; then it stands.
    pub fn clear_damage(&mut self) -> Result<(), StateError> {
        if let Some(dir) = &self.dir {
            damage::clear(dir)?;
        }
        self.damage = None;
        Ok(())
    }

    /// Returns the log, to read.
    #[must_use]
    pub const fn log(&self) -> &Log {
        &self.log
    }

    /// Returns the log, to append.
    pub const fn log_mut(&mut self) -> &mut Log {
        &mut self.log
    }

    /// Returns the store, to read.
    #[must_use]
    pub const fn store(&self) -> &Store {
        &self.store
    }

    /// Returns the store, to write.
    pub const fn store_mut(&mut self) -> &mut Store {
        &mut self.store
    }
}

/// Makes the directory if need be, and closes it to everyone else if it was open.
fn make_private(dir: &Path) -> Result<(), StateError> {
    let failed = |what| {
        move |source| StateError::Io {
            what,
            path: dir.to_owned(),
            source,
        }
    };
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .map_err(failed("make the state directory"))?;
    let mode = std::fs::metadata(dir)
        .map_err(failed("read the mode of the state directory"))?
        .permissions()
        .mode();
    if mode & 0o077 != 0 {
        std::fs::set_permissions(dir, Permissions::from_mode(0o700))
            .map_err(failed("close to other users the state directory"))?;
    }
    Ok(())
}

fn lock(dir: &Path) -> Result<File, StateError> {
    let path = dir.join("lock");
    let failed = |source| StateError::Io {
        what: "lock",
        path: path.clone(),
        source,
    };
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(&path)
        .map_err(failed)?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(file),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(StateError::Locked(dir.to_owned())),
        Err(errno) => Err(failed(errno.into())),
    }
}

/// Makes names that were added to or taken from a directory survive a loss of power.
pub(crate) fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Wall = Wall(1_000_000);

    #[test]
    fn a_second_agent_is_refused_until_the_first_is_gone() {
        let dir = tempfile::tempdir().expect("a directory");
        let first = State::open(dir.path(), StateConfig::default(), NOW).expect("open");
        let second = State::open(dir.path(), StateConfig::default(), NOW);
        assert!(matches!(second, Err(StateError::Locked(_))));
        drop(first);
        State::open(dir.path(), StateConfig::default(), NOW).expect("open again");
    }

    #[test]
    fn the_directory_is_its_owners_alone() {
        let dir = tempfile::tempdir().expect("a directory");
        let mode = |path: &Path| {
            let metadata = std::fs::metadata(path).expect("metadata");
            metadata.permissions().mode() & 0o777
        };
        let fresh = dir.path().join("a/b");
        let mut state = State::open(&fresh, StateConfig::default(), NOW).expect("open");
        state.store_mut().put(Space::Mutes, "x", b"").expect("put");
        assert_eq!(mode(&fresh), 0o700);
        for file in ["lock", "log-000001", "store.redb"] {
            assert_eq!(mode(&fresh.join(file)), 0o600, "{file}");
        }

        let open = dir.path().join("open");
        std::fs::create_dir(&open).expect("a directory");
        std::fs::set_permissions(&open, Permissions::from_mode(0o755)).expect("mode");
        State::open(&open, StateConfig::default(), NOW).expect("open");
        assert_eq!(mode(&open), 0o700);
    }

    #[test]
    fn log_and_store_survive_a_restart() {
        let dir = tempfile::tempdir().expect("a directory");
        let open = || State::open(dir.path(), StateConfig::default(), NOW).expect("open");
        let mut state = open();
        state
            .log_mut()
            .append(NOW, 7, b"intent", Sync::Yes)
            .expect("append");
        state.store_mut().put(Space::Mutes, "a", b"b").expect("put");
        drop(state);

        let state = open();
        assert_eq!(state.recovery(), Recovery::default());
        let records: Vec<_> = state
            .log()
            .read_from(1)
            .expect("read")
            .collect::<Result<_, _>>()
            .expect("whole");
        assert_eq!((records.len(), records[0].kind), (1, 7));
        let kept = state.store().value(Space::Mutes, "a").expect("read");
        assert_eq!(kept.as_deref(), Some(b"b".as_slice()));
    }

    #[test]
    fn a_directory_that_cannot_be_made_says_which() {
        let dir = tempfile::tempdir().expect("a directory");
        let file = dir.path().join("file");
        std::fs::write(&file, "").expect("a file");
        let error = State::open(&file.join("state"), StateConfig::default(), NOW);
        let text = error.expect_err("refused").to_string();
        assert!(text.contains("file/state"), "{text}");
    }
}
