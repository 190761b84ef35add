//! The lines that were run: what was asked, of whom, when, and what came of it.
//!
//! A [`Book`] holds them in memory and answers every keystroke from there; a `Db` keeps them in
//! SQLite over sessions and for several shells at once. Without a place to keep them the book lives
//! as long as the shell.

mod book;
mod db;
mod old;
mod show;
mod wanted;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use hailer_protocol::redact::redacted;
use hailer_protocol::time::Wall;

pub use book::{Book, Entry, Outcome};
use db::Db;
pub(crate) use show::cells;
pub use show::table;
pub use wanted::Wanted;

/// Lines that are kept; the oldest goes first.
pub const LINES_MAX: usize = 10_000;

/// A longer line is run and not kept.
pub const LINE_BYTES_MAX: usize = 64 << 10;

/// Why the history cannot be kept, or a line not be kept in it.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// Its folder or file cannot be made, or made private.
    #[error("make {}: {source}", path.display())]
    Place {
        /// What was to be made.
        path: PathBuf,
        /// Why it was not.
        source: std::io::Error,
    },
    /// The database does not do what it is asked.
    #[error("{}: {source}", path.display())]
    Database {
        /// Its file.
        path: PathBuf,
        /// Why.
        source: rusqlite::Error,
    },
    /// A newer hailer made the file in a form that this one does not know.
    #[error("{}: a newer hailer made it (form {form})", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// The form's number.
        form: i64,
    },
    /// The line is longer than is kept.
    #[error("a line of more than {} KiB is not kept", LINE_BYTES_MAX >> 10)]
    TooLong,
}

/// Returns the folder of hailer's state: `$XDG_STATE_HOME/hailer`, or below `~/.local/state`.
/// Without either nothing is kept.
#[must_use]
pub fn state_dir() -> Option<PathBuf> {
    let set = |name: &str| {
        std::env::var_os(name)
            .filter(|v| !v.is_empty())
            .map(PathBuf::from)
    };
    let state = set("XDG_STATE_HOME").or_else(|| set("HOME").map(|h| h.join(".local/state")))?;
    Some(state.join("hailer"))
}

/// The history of one shell. Clones are the same history.
#[derive(Debug, Clone)]
pub struct History {
    inner: Arc<Mutex<Inner>>,
    /// The file has been read, or cannot be.
    was_read: Arc<Condvar>,
}

#[derive(Debug)]
struct Inner {
    book: Book,
    db: Option<Db>,
    /// Why lines are not kept any more; said once.
    trouble: Option<HistoryError>,
    fleet: String,
    /// A secret was taken out of a line, which is not said yet; `None` once it was.
    took_out: Option<bool>,
    /// The file is being read; until then nothing is known of it.
    is_reading: bool,
}

impl History {
    /// Opens the history in that folder; `None` keeps it in memory. A file that cannot be opened is
    /// no reason to have no shell: then too it is kept in memory, and [`History::trouble`] says why.
    /// `session` tells this shell from others.
    #[must_use]
    pub fn open(dir: Option<&Path>, fleet: &str, session: i64) -> Self {
        let history = Self::unread(fleet, session, dir.is_some());
        if let Some(dir) = dir {
            history.read_in(dir);
        }
        history
    }

    /// Opens the history like [`History::open`], and returns at once: ten thousand lines take a
    /// while, and the prompt needs none of them. Whoever does waits for them.
    #[must_use]
    pub fn open_in_background(dir: Option<PathBuf>, fleet: &str, session: i64) -> Self {
        let history = Self::unread(fleet, session, dir.is_some());
        if let Some(dir) = dir {
            let (there, name) = (history.clone(), "history".to_owned());
            let elsewhere = dir.clone();
            let reading = move || there.read_in(&elsewhere);
            if std::thread::Builder::new()
                .name(name)
                .spawn(reading)
                .is_err()
            {
                history.read_in(&dir);
            }
        }
        history
    }

    fn unread(fleet: &str, session: i64, is_reading: bool) -> Self {
        let inner = Inner {
            book: Book::new(session),
            db: None,
            trouble: None,
            fleet: fleet.to_owned(),
            took_out: Some(false),
            is_reading,
        };
        Self {
            inner: Arc::new(Mutex::new(inner)),
            was_read: Arc::default(),
        }
    }

    fn read_in(&self, dir: &Path) {
        let opened = Db::open(&dir.join("history.db"), &dir.join("history"));
        let entries = opened.as_ref().ok().map(|db| db.newest(LINES_MAX));
        let mut inner = self.lock();
        match opened {
            Ok(db) => inner.db = Some(db),
            Err(error) => inner.trouble = Some(error),
        }
        match entries {
            Some(Ok(entries)) => inner.book.begin_with(entries),
            Some(Err(error)) => inner.trouble = Some(error),
            None => {}
        }
        inner.is_reading = false;
        drop(inner);
        self.was_read.notify_all();
    }

    /// Returns, once, why lines are not kept.
    #[must_use]
    pub fn trouble(&self) -> Option<HistoryError> {
        self.lock().trouble.take()
    }

    /// Says in which scope lines are typed from now on; returns whether it is another.
    pub fn set_scope(&self, scope: Option<String>) -> bool {
        let book = &mut self.lock().book;
        let differs = book.scope != scope;
        book.scope = scope;
        differs
    }

    /// Looks things up in the book; waits for it to be read.
    pub fn read<T>(&self, read: impl FnOnce(&Book) -> T) -> T {
        read(&self.lock_read().book)
    }

    /// Looks things up in the book if it has been read: a key that is typed waits for no disk.
    pub fn read_by_now<T>(&self, read: impl FnOnce(&Book) -> T) -> Option<T> {
        let inner = self.lock();
        (!inner.is_reading).then(|| read(&inner.book))
    }

    /// Adds a line that is about to run; returns its number.
    ///
    /// # Errors
    /// When the line is too long to be kept.
    pub fn add(&self, line: &str, now: Wall) -> Result<i64, HistoryError> {
        if line.len() > LINE_BYTES_MAX {
            return Err(HistoryError::TooLong);
        }
        let mut inner = self.lock_read();
        let mut entry = inner.book.entry(line, now, &inner.fleet);
        // This shell may run it again as it was; others, and the disk, never see what is secret.
        let mut kept = entry.clone();
        kept.line = redacted(kept.line);
        if kept.line != entry.line && inner.took_out.is_some() {
            inner.took_out = Some(true);
        }
        inner.with_db(|db| {
            entry.id = db.add(&kept)?;
            Ok(())
        });
        Ok(inner.book.add(entry))
    }

    /// Whether a secret was taken out of a line; says so once.
    #[must_use]
    pub fn took_out_a_secret(&self) -> bool {
        let took_out = &mut self.lock().took_out;
        let is_news = *took_out == Some(true);
        if is_news {
            *took_out = None;
        }
        is_news
    }

    /// Says what came of a line. Of a paste of several lines the worst counts.
    pub fn ended(&self, id: i64, outcome: &Outcome) {
        let mut inner = self.lock();
        if let Some(outcome) = inner.book.ended(id, outcome) {
            inner.with_db(|db| db.ended(id, &outcome));
        }
    }

    /// Takes in what other shells have run meanwhile.
    pub fn refresh(&self) {
        let mut inner = self.lock();
        let since = inner.book.refresh_from();
        let mut fresh = Vec::new();
        inner.with_db(|db| {
            fresh = db.since(since)?;
            Ok(())
        });
        inner.book.take_in(fresh);
    }

    /// Returns the history once its file has been read.
    fn lock_read(&self) -> MutexGuard<'_, Inner> {
        let read = self
            .was_read
            .wait_while(self.lock(), |inner| inner.is_reading);
        read.unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Does something with the database; one that fails is given up, and the shell goes on.
    fn with_db(&mut self, work: impl FnOnce(&Db) -> Result<(), HistoryError>) {
        if let Some(db) = &self.db
            && let Err(error) = work(db)
        {
            self.trouble.get_or_insert(error);
            self.db = None;
        }
    }
}

#[cfg(test)]
mod tests;
