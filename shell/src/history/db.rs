//! The history's file: SQLite, written ahead, so that several shells have it open at once.

use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use hailer_protocol::redact::redacted;
use hailer_protocol::time::Wall;
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, TransactionBehavior, params};

use super::{Entry, HistoryError, LINES_MAX, Outcome, old};

/// The form of the file that this version reads and writes.
const FORM: i64 = 1;

/// How long a line waits for another shell that is just writing.
const BUSY: Duration = Duration::from_secs(1);

const CREATE: &str = "
    CREATE TABLE lines (
        id      INTEGER PRIMARY KEY AUTOINCREMENT,
        line    TEXT NOT NULL,
        at_ms   INTEGER,            -- since 1970
        fleet   TEXT,
        scope   TEXT,
        session INTEGER NOT NULL,
        exit    INTEGER,            -- NULL until it has ended
        took_ms INTEGER,
        states  TEXT,               -- '45 ok, 3 failed'
        result  INTEGER             -- $N of its session
    );";

const COLUMNS: &str = "id, line, at_ms, fleet, scope, session, exit, took_ms, states, result";

/// An open file.
#[derive(Debug)]
pub(super) struct Db {
    connection: Connection,
    path: PathBuf,
}

impl Db {
    /// Opens the file, and makes it if it is not there; then the lines of an older, plain file are
    /// taken over. What is more than is kept is removed.
    pub(super) fn open(path: &Path, older: &Path) -> Result<Self, HistoryError> {
        make_private(path)?;
        let failed = |source| HistoryError::Database {
            path: path.to_owned(),
            source,
        };
        let mut connection = Connection::open(path).map_err(failed)?;
        let form = prepare(&mut connection, older).map_err(failed)?;
        if form != FORM {
            let path = path.to_owned();
            return Err(HistoryError::Newer { path, form });
        }
        Ok(Self {
            connection,
            path: path.to_owned(),
        })
    }

    fn failed(&self) -> impl FnOnce(rusqlite::Error) -> HistoryError {
        let path = self.path.clone();
        move |source| HistoryError::Database { path, source }
    }

    /// Returns the last `n` lines, oldest first.
    pub(super) fn newest(&self, n: usize) -> Result<Vec<Entry>, HistoryError> {
        let sql = format!("SELECT {COLUMNS} FROM lines ORDER BY id DESC LIMIT ?1");
        let read = || {
            let mut statement = self.connection.prepare(&sql)?;
            let limit = i64::try_from(n).unwrap_or(i64::MAX);
            statement
                .query_map([limit], entry)?
                .collect::<rusqlite::Result<Vec<Entry>>>()
        };
        let mut found: Vec<Entry> = read().map_err(self.failed())?;
        found.reverse();
        Ok(found)
    }

    /// Returns the lines from a number on, oldest first.
    pub(super) fn since(&self, id: i64) -> Result<Vec<Entry>, HistoryError> {
        let sql = format!("SELECT {COLUMNS} FROM lines WHERE id >= ?1 ORDER BY id");
        let read = || {
            let mut statement = self.connection.prepare_cached(&sql)?;
            statement
                .query_map([id], entry)?
                .collect::<rusqlite::Result<Vec<Entry>>>()
        };
        read().map_err(self.failed())
    }

    /// Adds a line; returns its number.
    pub(super) fn add(&self, entry: &Entry) -> Result<i64, HistoryError> {
        insert(&self.connection, entry).map_err(self.failed())?;
        Ok(self.connection.last_insert_rowid())
    }

    /// Notes what came of a line.
    pub(super) fn ended(&self, id: i64, outcome: &Outcome) -> Result<(), HistoryError> {
        let sql =
            "UPDATE lines SET exit = ?2, took_ms = ?3, states = ?4, result = ?5 WHERE id = ?1";
        let write = || {
            let mut statement = self.connection.prepare_cached(sql)?;
            let took = i64::try_from(outcome.took.as_millis()).unwrap_or(i64::MAX);
            statement.execute(params![
                id,
                outcome.exit,
                took,
                outcome.states,
                outcome.result
            ])
        };
        write().map(drop).map_err(self.failed())
    }
}

/// Makes the file, if it is not there, so that nobody else reads it: lines hold secrets. SQLite gives
/// the files beside it the same mode.
fn make_private(path: &Path) -> Result<(), HistoryError> {
    let place = |path: &Path| {
        let path = path.to_owned();
        move |source| HistoryError::Place { path, source }
    };
    if let Some(parent) = path.parent() {
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true).mode(0o700);
        builder.create(parent).map_err(place(parent))?;
    }
    let mut options = std::fs::OpenOptions::new();
    options.append(true).create(true).mode(0o600);
    options.open(path).map(drop).map_err(place(path))
}

/// Gets the file ready; returns the form that it has.
fn prepare(connection: &mut Connection, older: &Path) -> rusqlite::Result<i64> {
    connection.busy_timeout(BUSY)?;
    // Where a file system cannot write ahead, SQLite says so by staying with what it has.
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    let form = form(connection)?;
    if form == 0 {
        // Another shell may begin at the same time: one of both makes the table.
        let make = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        if self::form(&make)? == 0 {
            make.execute_batch(CREATE)?;
            take_over(&make, older)?;
            make.pragma_update(None, "user_version", FORM)?;
        }
        make.commit()?;
        return self::form(connection);
    }
    if form == FORM {
        prune(connection)?;
    }
    Ok(form)
}

fn form(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// Takes the lines of an older file over. One that cannot be read has none.
fn take_over(make: &Transaction<'_>, older: &Path) -> rusqlite::Result<()> {
    for line in old::lines(older, LINES_MAX) {
        let entry = Entry {
            id: 0,
            line: redacted(line),
            at: None,
            fleet: None,
            scope: None,
            session: 0,
            outcome: None,
        };
        insert(make, &entry)?;
    }
    Ok(())
}

/// Removes the oldest lines above the bound.
fn prune(connection: &Connection) -> rusqlite::Result<()> {
    let sql = "SELECT id FROM lines ORDER BY id DESC LIMIT 1 OFFSET ?1";
    let bound = i64::try_from(LINES_MAX).unwrap_or(i64::MAX);
    let last: Option<i64> = connection
        .query_row(sql, [bound], |row| row.get(0))
        .optional()?;
    if let Some(last) = last {
        connection.execute("DELETE FROM lines WHERE id <= ?1", [last])?;
    }
    Ok(())
}

fn insert(connection: &Connection, entry: &Entry) -> rusqlite::Result<()> {
    let sql = "INSERT INTO lines (line, at_ms, fleet, scope, session) VALUES (?1, ?2, ?3, ?4, ?5)";
    let mut statement = connection.prepare_cached(sql)?;
    statement.execute(params![
        entry.line,
        entry.at.map(|at| at.0),
        entry.fleet,
        entry.scope,
        entry.session
    ])?;
    Ok(())
}

fn entry(row: &Row<'_>) -> rusqlite::Result<Entry> {
    let exit: Option<u8> = row.get(6)?;
    let took: Option<i64> = row.get(7)?;
    let states: Option<String> = row.get(8)?;
    let result: Option<u32> = row.get(9)?;
    Ok(Entry {
        id: row.get(0)?,
        line: row.get(1)?,
        at: row.get::<_, Option<i64>>(2)?.map(Wall),
        fleet: row.get(3)?,
        scope: row.get(4)?,
        session: row.get(5)?,
        outcome: exit.map(|exit| Outcome {
            exit,
            took: Duration::from_millis(took.and_then(|t| u64::try_from(t).ok()).unwrap_or(0)),
            states: states.unwrap_or_default(),
            result,
        }),
    })
}
