//! The tables, and how the file is opened.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension as _};

use super::failed;
use crate::backbone::BackboneError;
use crate::lock;

/// Version of the tables, in `user_version`.
const VERSION: i64 = 1;

/// `cards` keeps a card after it left (`live` = 0), so that a repeat of its id is known, until [`super::RETENTION`].
/// `entries.at` and `cards.left_at` are times of the server's clock, never falling within a log; so what is older than
/// a moment is always the beginning of a log.
const TABLES: &str = "
    CREATE TABLE about (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE logs (agent TEXT PRIMARY KEY, head INTEGER NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE entries (
        agent TEXT NOT NULL, seq INTEGER NOT NULL, at INTEGER NOT NULL, entry TEXT NOT NULL,
        PRIMARY KEY (agent, seq)
    ) WITHOUT ROWID;
    CREATE INDEX entries_by_time ON entries (at);
    CREATE TABLE cards (
        agent TEXT NOT NULL, id TEXT NOT NULL, seq INTEGER NOT NULL, slot TEXT, card TEXT NOT NULL,
        expires_at INTEGER NOT NULL, live INTEGER NOT NULL, left_at INTEGER, left_by TEXT,
        PRIMARY KEY (agent, id)
    ) WITHOUT ROWID;
    CREATE INDEX cards_live ON cards (agent, seq) WHERE live = 1;
    CREATE UNIQUE INDEX cards_slot ON cards (agent, slot) WHERE live = 1 AND slot IS NOT NULL;
    CREATE INDEX cards_by_end ON cards (expires_at) WHERE live = 1;
    CREATE INDEX cards_by_leaving ON cards (left_at) WHERE live = 0;
    CREATE TABLE actions (
        n INTEGER PRIMARY KEY AUTOINCREMENT, agent TEXT NOT NULL, id TEXT NOT NULL, card TEXT NOT NULL,
        kind TEXT NOT NULL, action TEXT NOT NULL, at INTEGER NOT NULL, reported INTEGER NOT NULL DEFAULT 0,
        UNIQUE (agent, id), UNIQUE (agent, card, kind)
    );
    CREATE INDEX actions_unreported ON actions (n) WHERE reported = 0;
    CREATE TABLE once (key TEXT PRIMARY KEY, until INTEGER NOT NULL) WITHOUT ROWID;
    CREATE INDEX once_by_end ON once (until);
";

/// An open store.
pub(super) struct Store {
    pub connection: Connection,
    pub log_id: String,
    /// Held as long as the store is open.
    pub lock: File,
}

/// Opens the file for writing; makes it, with `fresh_log_id`, if it is not there.
pub(super) fn open(path: &Path, fresh_log_id: &str) -> Result<Store, BackboneError> {
    let lock = lock_for(path)?;
    let opening = |error| failed("open", error);
    let mut connection = Connection::open(path).map_err(opening)?;
    connection
        .busy_timeout(Duration::from_secs(5))
        .map_err(opening)?;
    connection
        .pragma_update(None, "journal_mode", "WAL")
        .map_err(opening)?;
    // An acknowledged write survives a power cut, too; batches make the sync affordable.
    connection
        .pragma_update(None, "synchronous", "FULL")
        .map_err(opening)?;
    connection.set_prepared_statement_cache_capacity(64);
    let log_id = prepare(&mut connection, fresh_log_id)?;
    Ok(Store {
        connection,
        log_id,
        lock,
    })
}

/// Opens the file for reading only.
pub(super) fn open_reader(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.set_prepared_statement_cache_capacity(32);
    Ok(connection)
}

fn prepare(connection: &mut Connection, fresh_log_id: &str) -> Result<String, BackboneError> {
    let preparing = |error| failed("prepare the tables", error);
    let write = connection.transaction().map_err(preparing)?;
    let version: i64 = write
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .map_err(preparing)?;
    match version {
        0 => {
            write.execute_batch(TABLES).map_err(preparing)?;
            write
                .execute("INSERT INTO about VALUES ('log_id', ?1)", [fresh_log_id])
                .map_err(preparing)?;
            write
                .pragma_update(None, "user_version", VERSION)
                .map_err(preparing)?;
        }
        VERSION => {}
        other => {
            let reason = format!(
                "the tables have version {other}; expected {VERSION}: was it written by a newer server?"
            );
            return Err(failed("open", reason));
        }
    }
    let log_id = write
        .query_row("SELECT value FROM about WHERE key = 'log_id'", [], |row| {
            row.get(0)
        })
        .optional()
        .map_err(preparing)?
        .ok_or_else(|| {
            failed(
                "open",
                "the log's id is missing; expected a database of this server",
            )
        })?;
    write.commit().map_err(preparing)?;
    Ok(log_id)
}

/// Two servers on one file would each believe to be the only writer, and followers of one would miss the other's.
fn lock_for(path: &Path) -> Result<File, BackboneError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false);
    let file = options
        .open(PathBuf::from(name))
        .map_err(|error| failed("lock", error))?;
    match lock::exclusive(&file) {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(failed("lock", "another process uses the database")),
        Err(TryLockError::Error(error)) => Err(failed("lock", error)),
    }
}
