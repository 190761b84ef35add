//! The keeper's memory: one SQLite file, written ahead, that nobody else can read.
//!
//! A token is looked up, judged and used up in one transaction, and what comes of it is on the disk
//! before it is answered: however many ask at once, and whenever the keeper stops, one token enrols
//! one node.

mod audit;

use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use hailer_identity::{Certified, Validity};
use hailer_protocol::ids::{Name, NodeName};
use hailer_protocol::role::Identity;
use hailer_protocol::time::Wall;
use hailer_protocol::token::TokenHash;
use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior, params};

use super::enrolment::{self, Enrolment, Reason, TokenRow};

pub use audit::{Finding, Kept};

/// How long one writer waits for another.
const BUSY: Duration = Duration::from_secs(30);

/// How long tokens and certificates are remembered after their end: for whoever asks what happened.
const REMEMBERED_MS: i64 = 30 * 24 * 60 * 60 * 1000;

/// Each brings a file of the form before to the next; the number of those that were applied is the
/// file's `user_version`. What stands here is never changed.
const MIGRATIONS: &[&str] = &[
    "
    CREATE TABLE fleet (name TEXT NOT NULL) STRICT;
    CREATE TABLE tokens (
        hash         BLOB PRIMARY KEY,
        node         TEXT NOT NULL,
        made_ms      INTEGER NOT NULL,   -- since 1970, as all times here
        not_after_ms INTEGER NOT NULL,
        used_ms      INTEGER
    ) STRICT;
    CREATE TABLE enrolments (
        id       INTEGER PRIMARY KEY AUTOINCREMENT,
        node     TEXT NOT NULL,
        at_ms    INTEGER NOT NULL,
        ended_ms INTEGER                 -- forgotten, or enrolled again
    ) STRICT;
    CREATE UNIQUE INDEX one_enrolment_a_node ON enrolments (node) WHERE ended_ms IS NULL;
    CREATE TABLE certificates (
        serial       BLOB PRIMARY KEY,
        enrolment    INTEGER NOT NULL REFERENCES enrolments (id),
        at_ms        INTEGER NOT NULL,
        not_after_ms INTEGER NOT NULL
    ) STRICT;
",
    "
    CREATE TABLE audit_heads (
        node      TEXT PRIMARY KEY,
        seq       BLOB NOT NULL,         -- 64 bits without a sign, the least byte first
        link      BLOB NOT NULL,
        seen_ms   INTEGER NOT NULL,
        signed_ms INTEGER
    ) STRICT;
    CREATE TABLE audit_findings (
        id          INTEGER PRIMARY KEY AUTOINCREMENT,
        node        TEXT NOT NULL,
        at_ms       INTEGER NOT NULL,
        seq         BLOB NOT NULL,
        what        TEXT NOT NULL,
        accepted_ms INTEGER,
        reason      TEXT
    ) STRICT;
    CREATE UNIQUE INDEX one_open_finding_a_node ON audit_findings (node)
        WHERE accepted_ms IS NULL;
",
];

/// The form of the file once all of them are applied.
const FORM: i64 = MIGRATIONS.len() as i64;

/// An open store.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    path: PathBuf,
}

/// A token to be kept.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// Its hash.
    pub hash: TokenHash,
    /// Whom it enrols.
    pub node: NodeName,
    /// Until when.
    pub not_after: Wall,
}

/// Why the store cannot be used, or gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file cannot be had.
    #[error("open the keeper's store {}: {source}", path.display())]
    Place {
        /// Which file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// Others can read it.
    #[error(
        "the keeper's store {path} is open to others (mode {mode:o}); run `chmod 600 {path}`",
        path = path.display()
    )]
    Open {
        /// Which file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// The database refused.
    #[error("the keeper's store {}: {source}", path.display())]
    Database {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: rusqlite::Error,
    },
    /// A later version made it.
    #[error("the keeper's store {} was made by a later version of hailer", .0.display())]
    Newer(PathBuf),
    /// It is another fleet's.
    #[error("the keeper's store {} belongs to the fleet `{theirs}`, not to `{ours}`", path.display())]
    Fleet {
        /// Which file.
        path: PathBuf,
        /// Whose it is.
        theirs: String,
        /// Whose it should be.
        ours: Name,
    },
}

/// What ends a transaction without a certificate.
#[derive(Debug)]
pub(super) enum NotGiven<E> {
    /// The decision.
    Reason(Reason),
    /// The authority signed nothing.
    Signing(E),
    /// The store failed.
    Store(StoreError),
}

impl Store {
    /// Opens the file, and makes it if it is not there.
    ///
    /// # Errors
    /// Refuses a file that others can read, and one of a later version.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        make_private(path)?;
        let failed = |source| StoreError::Database {
            path: path.to_owned(),
            source,
        };
        let mut connection = Connection::open(path).map_err(failed)?;
        let applied = prepare(&mut connection).map_err(failed)?;
        if applied > FORM {
            return Err(StoreError::Newer(path.to_owned()));
        }
        Ok(Self {
            connection,
            path: path.to_owned(),
        })
    }

    fn failed(&self) -> impl Fn(rusqlite::Error) -> StoreError + use<> {
        let path = self.path.clone();
        move |source| StoreError::Database {
            path: path.clone(),
            source,
        }
    }

    fn begin(&mut self) -> Result<Transaction<'_>, StoreError> {
        let failed = self.failed();
        self.connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(failed)
    }

    /// Says whose store it is; from then on it is nobody else's.
    ///
    /// # Errors
    /// Refuses the store of another fleet.
    pub fn claim(&mut self, fleet: &Name) -> Result<(), StoreError> {
        let (failed, path) = (self.failed(), self.path.clone());
        let claim = self.begin()?;
        let sql = "SELECT name FROM fleet";
        let found: Option<String> = claim
            .query_row(sql, [], |row| row.get(0))
            .optional()
            .map_err(&failed)?;
        match found {
            Some(theirs) if theirs != fleet.as_str() => {
                let ours = fleet.clone();
                return Err(StoreError::Fleet { path, theirs, ours });
            }
            Some(_) => return Ok(()),
            None => {}
        }
        claim
            .execute("INSERT INTO fleet (name) VALUES (?1)", [fleet.as_str()])
            .map_err(&failed)?;
        claim.commit().map_err(failed)
    }

    /// Keeps tokens: all of them, or none. What ended long ago is removed.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn add_tokens(&mut self, now: Wall, tokens: &[NewToken]) -> Result<(), StoreError> {
        let failed = self.failed();
        let add = self.begin()?;
        let write = |add: Transaction<'_>| {
            prune(&add, now)?;
            let sql =
                "INSERT INTO tokens (hash, node, made_ms, not_after_ms) VALUES (?1, ?2, ?3, ?4)";
            for token in tokens {
                add.prepare_cached(sql)?.execute(params![
                    token.hash.0,
                    token.node.as_str(),
                    now.0,
                    token.not_after.0
                ])?;
            }
            add.commit()
        };
        write(add).map_err(failed)
    }

    /// Enrols a node with a token, if it may: `is_revoked` says whether what began at a moment is taken
    /// back by now. `certify` signs.
    pub(super) fn enrol<E>(
        &mut self,
        (now, life): (Wall, Duration),
        token: TokenHash,
        node: &NodeName,
        is_revoked: impl Fn(Wall) -> bool,
        certify: impl FnOnce(Validity) -> Result<(Certified, Vec<u8>), E>,
    ) -> Result<Certified, NotGiven<E>> {
        let failed = self.failed();
        let failed = |e| NotGiven::Store(failed(e));
        let enrol = self.begin().map_err(NotGiven::Store)?;
        let row = token_row(&enrol, token).map_err(failed)?;
        let validity = enrolment::enrol(now, life, row.as_ref(), node, is_revoked);
        let validity = validity.map_err(NotGiven::Reason)?;
        let (certified, serial) = certify(validity).map_err(NotGiven::Signing)?;
        let write = |enrol: Transaction<'_>| {
            let used = "UPDATE tokens SET used_ms = ?2 WHERE hash = ?1 AND used_ms IS NULL";
            enrol.execute(used, params![token.0, now.0])?;
            end(&enrol, now, node)?;
            let begin = "INSERT INTO enrolments (node, at_ms) VALUES (?1, ?2)";
            enrol.execute(begin, params![node.as_str(), now.0])?;
            let id = enrol.last_insert_rowid();
            keep_certificate(&enrol, now, id, &serial, validity)?;
            enrol.commit()
        };
        write(enrol).map_err(failed)?;
        Ok(certified)
    }

    /// Gives the holder of a certificate the next one, if it may have it; `certify` signs.
    pub(super) fn renew<E>(
        &mut self,
        (now, life): (Wall, Duration),
        serial: &[u8],
        peer: &Identity,
        certify: impl FnOnce(Validity) -> Result<(Certified, Vec<u8>), E>,
    ) -> Result<Certified, NotGiven<E>> {
        let failed = self.failed();
        let failed = |e| NotGiven::Store(failed(e));
        let renew = self.begin().map_err(NotGiven::Store)?;
        let row = enrolment_of(&renew, serial).map_err(failed)?;
        let validity = enrolment::renew(now, life, row.as_ref(), peer).map_err(NotGiven::Reason)?;
        let (certified, serial) = certify(validity).map_err(NotGiven::Signing)?;
        let write = |renew: Transaction<'_>| {
            if let Some(row) = &row {
                keep_certificate(&renew, now, row.id, &serial, validity)?;
            }
            prune(&renew, now)?;
            renew.commit()
        };
        write(renew).map_err(failed)?;
        Ok(certified)
    }

    /// Ends the enrolments of nodes, and takes their unused tokens away; returns those that
    /// were not enrolled and had none.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn forget(&mut self, now: Wall, nodes: &[NodeName]) -> Result<Vec<NodeName>, StoreError> {
        let failed = self.failed();
        let forget = self.begin()?;
        let write = |forget: Transaction<'_>| {
            let mut unknown = Vec::new();
            for node in nodes {
                let ended = end(&forget, now, node)?;
                let sql = "DELETE FROM tokens WHERE node = ?1 AND used_ms IS NULL";
                let void = forget.execute(sql, [node.as_str()])?;
                if ended + void == 0 {
                    unknown.push(node.clone());
                }
            }
            forget.commit()?;
            Ok(unknown)
        };
        write(forget).map_err(failed)
    }
}

/// Makes the file, if it is not there, for its owner alone; SQLite gives those beside it the same
/// mode.
fn make_private(path: &Path) -> Result<(), StoreError> {
    let mut options = std::fs::OpenOptions::new();
    options.append(true).create(true).mode(0o600);
    let found = options.open(path).and_then(|file| file.metadata());
    let place = |source| StoreError::Place {
        path: path.to_owned(),
        source,
    };
    let mode = found.map_err(place)?.permissions().mode() & 0o777;
    if mode & 0o077 == 0 {
        return Ok(());
    }
    let path = path.to_owned();
    Err(StoreError::Open { path, mode })
}

/// Gets the file ready; returns how many migrations it has behind it.
fn prepare(connection: &mut Connection) -> rusqlite::Result<i64> {
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // A token that was used must be used after a power cut too.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    if applied(connection)? >= FORM {
        return applied(connection);
    }
    let migrate = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let behind = usize::try_from(applied(&migrate)?).unwrap_or(0);
    for migration in MIGRATIONS.iter().skip(behind) {
        migrate.execute_batch(migration)?;
    }
    migrate.pragma_update(None, "user_version", FORM)?;
    migrate.commit()?;
    applied(connection)
}

fn applied(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

fn token_row(enrol: &Transaction<'_>, hash: TokenHash) -> rusqlite::Result<Option<TokenRow>> {
    let sql = "SELECT node, made_ms, not_after_ms, used_ms FROM tokens WHERE hash = ?1";
    let mut statement = enrol.prepare_cached(sql)?;
    let read = |row: &rusqlite::Row<'_>| {
        Ok(TokenRow {
            node: name_at(row, 0)?,
            made: Wall(row.get(1)?),
            not_after: Wall(row.get(2)?),
            used: row.get::<_, Option<i64>>(3)?.map(Wall),
        })
    };
    statement.query_row([hash.0], read).optional()
}

fn enrolment_of(renew: &Transaction<'_>, serial: &[u8]) -> rusqlite::Result<Option<Enrolment>> {
    let sql = "SELECT e.id, e.node, e.ended_ms FROM certificates c
               JOIN enrolments e ON e.id = c.enrolment WHERE c.serial = ?1";
    let mut statement = renew.prepare_cached(sql)?;
    let read = |row: &rusqlite::Row<'_>| {
        Ok(Enrolment {
            id: row.get(0)?,
            node: name_at(row, 1)?,
            ended: row.get::<_, Option<i64>>(2)?.map(Wall),
        })
    };
    statement.query_row([serial], read).optional()
}

fn name_at(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<NodeName> {
    NodeName::new(row.get::<_, String>(column)?).map_err(|e| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(e))
    })
}

/// Ends the enrolment of a node, if it has one; returns how many ended.
fn end(within: &Transaction<'_>, now: Wall, node: &NodeName) -> rusqlite::Result<usize> {
    let sql = "UPDATE enrolments SET ended_ms = ?2 WHERE node = ?1 AND ended_ms IS NULL";
    within.execute(sql, params![node.as_str(), now.0])
}

fn keep_certificate(
    within: &Transaction<'_>,
    now: Wall,
    enrolment: i64,
    serial: &[u8],
    validity: Validity,
) -> rusqlite::Result<usize> {
    let sql = "INSERT INTO certificates (serial, enrolment, at_ms, not_after_ms)
               VALUES (?1, ?2, ?3, ?4)";
    within.execute(sql, params![serial, enrolment, now.0, validity.not_after.0])
}

/// Removes what ended long ago.
fn prune(within: &Transaction<'_>, now: Wall) -> rusqlite::Result<()> {
    let before = now.0.saturating_sub(REMEMBERED_MS);
    for sql in [
        "DELETE FROM tokens WHERE not_after_ms < ?1",
        "DELETE FROM certificates WHERE not_after_ms < ?1",
        "DELETE FROM enrolments WHERE ended_ms < ?1
           AND id NOT IN (SELECT enrolment FROM certificates)",
    ] {
        within.prepare_cached(sql)?.execute([before])?;
    }
    Ok(())
}
