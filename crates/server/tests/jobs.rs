//! `cuecard-server jobs` beside a store that is open elsewhere, as beside a running server.

use std::fs;
use std::path::Path;
use std::process::Command;

use cuecard_protocol::Millis;
use cuecard_server::backbone::embedded::Embedded;
use cuecard_server::backbone::jobs::{JobState, Jobs as _, Settlement};
use cuecard_server::clock::Clock;
use serde_json::{Value, json};
use tempfile::TempDir;

/// 2020-11-20T08:50:10.765Z: the commands go by the system's clock, which is later.
const START: Millis = Millis(1_605_862_210_765);

/// Exit code, stdout, stderr of `cuecard-server jobs …`.
fn jobs(dir: &Path, args: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_cuecard-server"))
        .arg("jobs")
        .args(args)
        .args(["--config", "cuecard.toml"])
        .current_dir(dir)
        .env_clear()
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

/// Job 1 is dead, job 2 waits.
async fn store() -> (TempDir, Embedded) {
    let dir = tempfile::tempdir().unwrap();
    let config = "[server]\ndev_mode = true\n[storage]\npath = 'cuecard.db'\n";
    fs::write(dir.path().join("cuecard.toml"), config).unwrap();
    let path = dir.path().join("cuecard.db");
    let store = Embedded::open(&path, Clock::manual(START)).unwrap();
    let payload = json!({"card_id": "c1"});
    assert!(
        store
            .enqueue("callback:crm", "d-1", payload.clone())
            .await
            .unwrap()
    );
    let leased = store
        .lease("callback:crm", 9, START.plus(Millis(9)))
        .await
        .unwrap();
    let reason = "HTTP status 404, expected 2xx".to_owned();
    let dead = Settlement::Dead { reason };
    assert!(
        !store.settle(1, 7, dead.clone()).await.unwrap(),
        "another's attempt"
    );
    assert!(
        store
            .settle(leased[0].id, leased[0].attempts, dead)
            .await
            .unwrap()
    );
    assert!(
        store
            .enqueue("callback:kb", "d-2", json!({"card_id": "c2"}))
            .await
            .unwrap()
    );
    assert!(!store.enqueue("callback:crm", "d-1", payload).await.unwrap());
    (dir, store)
}

const DEAD: &str = "1\tdead\tcallback:crm\tmade 2020-11-20T08:50:10.765Z\tattempts 1\tdue 2020-11-20T08:50:10.765Z\t\
     HTTP status 404, expected 2xx\n";
const WAITING: &str = "2\twaiting\tcallback:kb\tmade 2020-11-20T08:50:10.765Z\tattempts 0\tdue 2020-11-20T08:50:10.765Z\t-\n";

fn done(stdout: &str) -> (Option<i32>, String, String) {
    (Some(0), stdout.to_owned(), String::new())
}

fn failed(stderr: &str) -> (Option<i32>, String, String) {
    (Some(1), String::new(), stderr.to_owned())
}

#[tokio::test]
async fn jobs_are_listed_shown_replayed_and_discarded() {
    let (dir, store) = store().await;
    let run = |args: &[&str]| jobs(dir.path(), args);
    assert_eq!(run(&["list"]), done(&format!("{DEAD}{WAITING}")));
    assert_eq!(run(&["list", "--limit", "1"]), done(DEAD));
    assert_eq!(run(&["list", "--queue", "callback:kb"]), done(WAITING));
    assert_eq!(run(&["list", "--state", "dead"]), done(DEAD));
    assert_eq!(run(&["list", "--state", "leased"]), done(""));
    let shown = format!("{DEAD}delivery d-1\n{{\n  \"card_id\": \"c1\"\n}}\n");
    assert_eq!(run(&["show", "1"]), done(&shown));
    let (code, stdout, _) = run(&["show", "1", "--json"]);
    assert_eq!(code, Some(0));
    assert_eq!(
        serde_json::from_str::<Value>(&stdout).unwrap(),
        json!({
            "id": 1, "queue": "callback:crm", "delivery": "d-1", "payload": {"card_id": "c1"},
            "created_at": START.0, "tried_since": START.0, "attempts": 1, "state": "dead",
            "due_at": START.0, "last_error": "HTTP status 404, expected 2xx",
        })
    );

    assert_eq!(
        run(&["replay", "2"]),
        failed("job 2 is waiting: expected a dead job\n")
    );
    assert_eq!(
        run(&["discard", "2"]),
        failed("job 2 is waiting: expected a dead job\n")
    );
    let unknown = "job 9 is not there: expected one that `jobs list` shows\n";
    assert_eq!(run(&["show", "9"]), failed(unknown));
    assert_eq!(run(&["replay", "9"]), failed(unknown));

    assert_eq!(run(&["replay", "1"]), done("job 1 is replayed\n"));
    let replayed = store.job(1).await.unwrap().unwrap();
    assert_eq!(replayed.state, JobState::Waiting);
    assert!(replayed.tried_since > START, "it has another day");
    let leased = store
        .lease("callback:crm", 9, Millis(u64::MAX))
        .await
        .unwrap();
    assert_eq!(
        leased,
        [],
        "due by the system's clock, which this store does not read"
    );

    let waits = store
        .lease("callback:kb", 9, START)
        .await
        .unwrap()
        .remove(0);
    let reason = "gone".to_owned();
    store
        .settle(waits.id, waits.attempts, Settlement::Dead { reason })
        .await
        .unwrap();
    assert_eq!(
        run(&["discard", "2", "--json"]),
        done("{\"id\":2,\"result\":\"discarded\"}\n")
    );
    assert_eq!(store.job(2).await.unwrap(), None);
}

#[test]
fn a_store_that_is_not_there_is_not_made() {
    let dir = tempfile::tempdir().unwrap();
    let config = "[server]\ndev_mode = true\n[storage]\npath = 'cuecard.db'\n";
    fs::write(dir.path().join("cuecard.toml"), config).unwrap();
    let (code, stdout, stderr) = jobs(dir.path(), &["list"]);
    assert_eq!((code, stdout.as_str()), (Some(2), ""));
    assert!(
        stderr.starts_with("storage.path is \"cuecard.db\": expected a database of this server ("),
        "{stderr}"
    );
    assert!(!dir.path().join("cuecard.db").exists());
}
