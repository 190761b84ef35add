//! The store's file: made by the first write, opened again after one that failed.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use redb::Database;
use redb::backends::FileBackend;

use super::store::{StoreError, failed};

/// What the database may cache, in bytes.
const CACHE_BYTES: usize = 512 * 1024;

/// The database's file.
#[derive(Debug)]
pub(super) enum Handle {
    /// It is not there; the first write makes it.
    Absent,
    /// In use.
    Open(Database),
    /// A write failed, and the database takes no more until it is opened again, which the next
    /// write does. Until then nothing is read: what is there is not known.
    Broken,
}

/// Returns the database, made now if it is not there.
pub(super) fn made<'a>(path: &Path, handle: &'a mut Handle) -> Result<&'a Database, StoreError> {
    if let Handle::Open(database) = handle {
        return Ok(database);
    }
    let fresh = open_database(path)?;
    if let Some(dir) = path.parent() {
        super::sync_dir(dir).map_err(|source| StoreError::Io {
            path: path.to_owned(),
            source,
        })?;
    }
    *handle = Handle::Open(fresh);
    match handle {
        Handle::Open(database) => Ok(database),
        Handle::Absent | Handle::Broken => unreachable!("it was just opened"),
    }
}

/// Opens the file, and makes it if it is not there.
pub(super) fn open_database(path: &Path) -> Result<Database, StoreError> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map_err(|source| StoreError::Io {
            path: path.to_owned(),
            source,
        })?;
    let mut builder = Database::builder();
    builder.set_cache_size(CACHE_BYTES);
    FileBackend::new(file)
        .and_then(|backend| builder.create_with_backend(backend))
        .map_err(|e| failed("open the store", path)(e.into()))
}
