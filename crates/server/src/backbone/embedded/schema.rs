//! The tables, and how the file is opened.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension as _};

use super::{failed, tables};
use crate::backbone::BackboneError;
use crate::lock;

/// How long a statement waits for another connection's write.
const BUSY: Duration = Duration::from_secs(5);

/// The journal beside the database keeps at most so much of the disk when it begins anew.
const MOST_JOURNAL_BYTES: i64 = 64 * 1024 * 1024;

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
    make_private(path)?;
    let opening = |error| failed("open", error);
    let mut connection = Connection::open(path).map_err(opening)?;
    connection.busy_timeout(BUSY).map_err(opening)?;
    connection
        .pragma_update(None, "journal_mode", "WAL")
        .map_err(opening)?;
    // An acknowledged write survives a power cut, too; batches make the sync affordable.
    connection
        .pragma_update(None, "synchronous", "FULL")
        .map_err(opening)?;
    // What a large clean-up once needed is given back.
    connection
        .pragma_update(None, "journal_size_limit", MOST_JOURNAL_BYTES)
        .map_err(opening)?;
    connection.set_prepared_statement_cache_capacity(128);
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
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

/// Opens a file that a server has made, beside that server: for statements that disturb none of its own.
pub(super) fn open_beside(path: &Path) -> Result<Connection, BackboneError> {
    let opening = |error| failed("open", error);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(opening)?;
    connection.busy_timeout(BUSY).map_err(opening)?;
    connection
        .pragma_update(None, "synchronous", "FULL")
        .map_err(opening)?;
    let version: i64 = connection
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .map_err(opening)?;
    if version != tables::VERSION {
        return Err(unfit(version));
    }
    Ok(connection)
}

fn unfit(version: i64) -> BackboneError {
    let reason = format!(
        "the tables have version {version}; expected {}: was it written by another version of the server?",
        tables::VERSION
    );
    failed("open", reason)
}

fn prepare(connection: &mut Connection, fresh_log_id: &str) -> Result<String, BackboneError> {
    let preparing = |error| failed("prepare the tables", error);
    let write = connection.transaction().map_err(preparing)?;
    let version: i64 = write
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .map_err(preparing)?;
    match version {
        0 => {
            tables::make(&write).map_err(preparing)?;
            write
                .execute("INSERT INTO about VALUES ('log_id', ?1)", [fresh_log_id])
                .map_err(preparing)?;
        }
        1 => tables::raise_from_1(&write).map_err(preparing)?,
        tables::VERSION => {}
        other => return Err(unfit(other)),
    }
    write
        .pragma_update(None, "user_version", tables::VERSION)
        .map_err(preparing)?;
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

/// Makes an empty file that only its owner reads, as the session key beside it, if there is none: customers' words are kept in
/// it. `SQLite` takes it for a new database, and gives the mode to the files that it makes beside.
fn make_private(path: &Path) -> Result<(), BackboneError> {
    let mut options = OpenOptions::new();
    // Never opens one that is there: to close it again would end the locks that SQLite holds on it in this process.
    options.write(true).create_new(true).mode(0o600);
    match options.open(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(failed("open", error)),
        _ => Ok(()),
    }
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
