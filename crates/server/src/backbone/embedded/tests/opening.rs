//! What is refused when a store is opened, and in which words.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use super::{Both, START};
use crate::backbone::embedded::Embedded;
use crate::clock::Clock;

#[test]
fn a_second_owner_is_refused() {
    let both = Both::new();
    let error = Embedded::open(&both.dir.path().join("store.db"), both.clock.clone())
        .err()
        .unwrap();
    assert_eq!(
        error.to_string(),
        "backbone: lock failed: another process uses the database"
    );
}

#[test]
fn a_file_that_is_no_database_and_one_of_a_newer_server_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (text, newer) = (dir.path().join("text.db"), dir.path().join("newer.db"));
    std::fs::write(
        &text,
        "certainly not a database, but long enough to look at".repeat(99),
    )
    .unwrap();
    let connection = rusqlite::Connection::open(&newer).unwrap();
    connection.pragma_update(None, "user_version", 7).unwrap();
    let refusal = |path| {
        Embedded::open(path, Clock::manual(START))
            .err()
            .unwrap()
            .to_string()
    };
    assert_eq!(
        refusal(&text),
        "backbone: open failed: file is not a database"
    );
    assert_eq!(
        refusal(&newer),
        "backbone: open failed: the tables have version 7; expected 2: was it written by another version of the server?"
    );
}

#[test]
fn only_the_owner_reads_a_new_store_and_the_mode_of_an_old_one_stays() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("store.db");
    let modes = || {
        ["", "-wal", "-shm"].map(|end| {
            let file = dir.path().join(format!("store.db{end}"));
            fs::metadata(file).unwrap().permissions().mode() & 0o777
        })
    };
    let store = Embedded::open(&path, Clock::manual(START)).unwrap();
    assert_eq!(modes(), [0o600; 3]);
    drop(store);
    fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
    let _store = Embedded::open(&path, Clock::manual(START)).unwrap();
    assert_eq!(modes(), [0o640; 3]);
}
