//! The audit trail: what an honest trail looks like, and that every kind of meddling is found at its line.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use cuecard_protocol::Millis;
use cuecard_server::audit::verify::{Fault, FaultKind, Sound, verify};
use cuecard_server::audit::{Audit, Event};
use cuecard_server::clock::Clock;
use proptest::prelude::*;
use tempfile::TempDir;

const NOW: Millis = Millis(1_700_000_000_000);

fn event(n: u64) -> Event {
    Event {
        event: "delivered",
        actor: format!("AGT-{n}"),
        card: Some(format!("c{n}")),
        outcome: "ok",
        ..Event::default()
    }
}

fn record(path: &Path, events: std::ops::RangeInclusive<u64>) {
    let audit = Audit::open(path, Clock::manual(NOW)).unwrap();
    for n in events {
        audit.record(event(n));
    }
}

/// A trail of ten lines over two runs of a server.
fn trail() -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("audit.jsonl");
    record(&path, 1..=4);
    record(&path, 5..=10);
    (dir, path)
}

fn lines(path: &Path) -> Vec<String> {
    fs::read_to_string(path)
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect()
}

fn put(path: &Path, lines: &[String]) {
    fs::write(path, lines.join("\n") + "\n").unwrap();
}

fn fault(path: &Path) -> Fault {
    verify(path).unwrap().expect_err("a fault should be found")
}

#[test]
fn an_honest_trail_is_sound_over_restarts() {
    let (_dir, path) = trail();
    let lines = lines(&path);
    let last: serde_json::Value = serde_json::from_str(&lines[9]).unwrap();
    let hash = last["hash"].as_str().unwrap().to_owned();
    assert_eq!(
        verify(&path).unwrap(),
        Ok(Sound {
            lines: 10,
            hash: hash.clone()
        })
    );
    assert_eq!(
        last,
        serde_json::json!({
            "n": 10, "at": "2023-11-14T22:13:20Z", "event": "delivered", "actor": "AGT-10", "card": "c10",
            "outcome": "ok", "hash": hash,
        })
    );
}

#[test]
fn a_change_is_found() {
    let (_dir, path) = trail();
    let mut all = lines(&path);
    all[6] = all[6].replace("AGT-7", "AGT-1");
    put(&path, &all);
    assert_eq!(
        fault(&path),
        Fault {
            line: 7,
            kind: FaultKind::Changed
        }
    );
    assert_eq!(
        fault(&path).to_string(),
        "line 7 was changed, or the line before it"
    );
}

#[test]
fn a_change_with_a_hash_made_to_fit_is_found_at_the_next_line() {
    let (_dir, path) = trail();
    let mut all = lines(&path);
    let forged = {
        let dir = tempfile::tempdir().unwrap();
        let other = dir.path().join("audit.jsonl");
        put(&other, &all[..6]);
        let audit = Audit::open(&other, Clock::manual(NOW)).unwrap();
        audit.record(event(99));
        drop(audit);
        lines(&other)[6].clone()
    };
    all[6] = forged;
    put(&path, &all);
    assert_eq!(
        fault(&path),
        Fault {
            line: 8,
            kind: FaultKind::Changed
        }
    );
}

#[test]
fn a_deletion_is_found() {
    let (_dir, path) = trail();
    let mut all = lines(&path);
    all.remove(4);
    put(&path, &all);
    assert_eq!(
        fault(&path),
        Fault {
            line: 5,
            kind: FaultKind::Missing { found: 6 }
        }
    );
}

#[test]
fn a_reordering_and_a_repetition_are_found() {
    let (_dir, path) = trail();
    let mut all = lines(&path);
    all.swap(2, 3);
    put(&path, &all);
    assert_eq!(
        fault(&path),
        Fault {
            line: 3,
            kind: FaultKind::Missing { found: 4 }
        }
    );
    all.swap(2, 3);
    all.insert(6, all[5].clone());
    put(&path, &all);
    assert_eq!(
        fault(&path),
        Fault {
            line: 7,
            kind: FaultKind::Reordered { found: 6 }
        }
    );
}

#[test]
fn a_truncation_is_found_at_a_line_and_within_one() {
    let (_dir, path) = trail();
    let all = lines(&path);
    put(&path, &all[..8]);
    assert_eq!(
        fault(&path),
        Fault {
            line: 9,
            kind: FaultKind::Truncated { noted: 10 }
        }
    );
    let text = fs::read(&path).unwrap();
    fs::write(&path, &text[..text.len() - 5]).unwrap();
    assert_eq!(
        fault(&path),
        Fault {
            line: 8,
            kind: FaultKind::Torn
        }
    );
}

#[test]
fn another_trail_of_the_same_length_is_not_this_one() {
    let (_dir, path) = trail();
    let other = tempfile::tempdir().unwrap();
    let other = other.path().join("audit.jsonl");
    record(&other, 101..=110);
    fs::copy(&other, &path).unwrap();
    assert_eq!(
        fault(&path),
        Fault {
            line: 10,
            kind: FaultKind::Replaced
        }
    );
}

#[test]
fn a_torn_last_line_is_cut_off_and_said() {
    let (_dir, path) = trail();
    let mut text = fs::read_to_string(&path).unwrap();
    text.push_str("{\"n\":11,\"at\":\"20");
    fs::write(&path, text).unwrap();
    record(&path, 12..=12);
    assert!(matches!(
        verify(&path).unwrap(),
        Ok(Sound { lines: 12, .. })
    ));
    let recovered: serde_json::Value = serde_json::from_str(&lines(&path)[10]).unwrap();
    assert_eq!(
        (&recovered["event"], &recovered["outcome"]),
        (&"audit_recovered".into(), &"torn_line".into())
    );
    assert_eq!(recovered["detail"], serde_json::json!({ "bytes": 16 }));
}

#[test]
fn lines_missing_at_a_start_are_said_in_the_trail() {
    let (_dir, path) = trail();
    put(&path, &lines(&path)[..7]);
    record(&path, 8..=8);
    let said: serde_json::Value = serde_json::from_str(&lines(&path)[7]).unwrap();
    assert_eq!(said["outcome"], "lines_missing");
    assert_eq!(
        said["detail"],
        serde_json::json!({ "noted": 10, "found": 7 })
    );
}

#[test]
fn a_file_that_is_no_trail_and_one_in_use_are_refused() {
    let (_dir, path) = trail();
    let other = path.with_file_name("notes.txt");
    fs::write(&other, "shopping list\n").unwrap();
    let text = |path: &Path| {
        Audit::open(path, Clock::manual(NOW))
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        text(&other),
        format!(
            "audit trail {} ends with \"shopping list\"; expected a line that this server wrote. Move the file away to start a new trail",
            other.display()
        )
    );
    assert_eq!(
        fault(&other),
        Fault {
            line: 1,
            kind: FaultKind::Unreadable
        }
    );
    let audit = Audit::open(&path, Clock::manual(NOW)).unwrap();
    assert!(
        text(&path).ends_with("is in use by another process; expected a file of this server's own")
    );
    drop(audit);
}

#[tokio::test]
async fn flush_returns_when_the_lines_are_there() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("audit.jsonl");
    let audit = Audit::open(&path, Clock::manual(NOW)).unwrap();
    for n in 1..=3000 {
        audit.record(event(n));
    }
    assert!(audit.flush().await);
    assert!(matches!(
        verify(&path).unwrap(),
        Ok(Sound { lines: 3000, .. })
    ));
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn flush_does_not_promise_what_a_full_disk_did_not_take() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("audit.jsonl");
    std::os::unix::fs::symlink("/dev/full", &path).unwrap();
    let audit = Audit::open(&path, Clock::manual(NOW)).unwrap();
    assert!(audit.flush().await, "nothing is there to be written");
    audit.record(event(1));
    assert!(!audit.flush().await);
    // Who drops the last handle is not kept waiting for a disk that stays full.
    drop(audit);
}

#[test]
fn only_the_owner_reads_a_new_trail_and_the_mode_of_an_old_one_stays() {
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let (_dir, path) = trail();
    assert_eq!(mode(&path), 0o600);
    fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
    record(&path, 11..=11);
    assert_eq!(mode(&path), 0o640);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Any one bit, anywhere.
    #[test]
    fn any_flipped_bit_is_found(at in any::<prop::sample::Index>(), bit in 0..8_u32) {
        let (_dir, path) = trail();
        let mut bytes = fs::read(&path).unwrap();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        let line = bytes[..at].split(|byte| *byte == b'\n').count() as u64;
        fs::write(&path, bytes).unwrap();
        prop_assert_eq!(fault(&path).line, line);
    }
}
