//! A store of version 1 is opened, and knows what it knew.

use cuecard_protocol::{
    Action, ActionKind, AgentId, AlertLevel, Entry, LiveCard, Millis, RemovalReason, Seq,
};
use rusqlite::{Connection, params};

use super::{START, action, agent, card, run};
use crate::backbone::embedded::Embedded;
use crate::backbone::publications::Publications as _;
use crate::backbone::{Appended, Backbone as _, Reading, Recorded, Unreported};
use crate::clock::Clock;

/// The tables of version 1, as its server made them.
const VERSION_1: &str = "
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
    PRAGMA user_version = 1;
";

fn old_action(id: u8, card: u8, kind: ActionKind) -> Action {
    action(id, card, kind, START)
}

/// Card 1 was dismissed, which the platform does not know yet; card 2 is live and was rendered.
fn write_version_1(db: &Connection) {
    let cards = [(1, 1), (2, 2)].map(|(id, place)| {
        let card = card(id, id, AlertLevel::High, START, Millis::from_secs(600));
        (place, card)
    });
    db.execute_batch(VERSION_1).unwrap();
    db.execute("INSERT INTO about VALUES ('log_id', 'the-log')", [])
        .unwrap();
    db.execute("INSERT INTO logs VALUES ('AGT-1', 3, ?1)", [START.0])
        .unwrap();
    let entry = |seq: u64, entry: &Entry| {
        let text = serde_json::to_string(entry).unwrap();
        db.execute(
            "INSERT INTO entries VALUES ('AGT-1', ?1, ?2, ?3)",
            params![seq, START.0, text],
        )
        .unwrap();
    };
    for (place, card) in &cards {
        entry(*place, &Entry::Card(card.clone()));
        let is_live = *place == 2;
        db.execute(
            "INSERT INTO cards VALUES ('AGT-1', ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![
                card.id.as_str(),
                place,
                card.slot().unwrap().key(),
                serde_json::to_string(card).unwrap(),
                card.expires_at.0,
                is_live,
                (!is_live).then_some(START.0),
                (!is_live).then_some("dismissed"),
            ],
        )
        .unwrap();
    }
    entry(
        3,
        &Entry::Removed {
            card_id: cards[0].1.id.clone(),
            reason: RemovalReason::Dismissed,
        },
    );
    for (action, is_reported) in [
        (old_action(1, 1, ActionKind::Dismissed), false),
        (old_action(2, 2, ActionKind::Rendered), true),
    ] {
        db.execute(
            "INSERT INTO actions (agent, id, card, kind, action, at, reported)
             VALUES ('AGT-1', ?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                action.id.as_str(),
                action.card_id.as_str(),
                action.kind.as_str(),
                serde_json::to_string(&action).unwrap(),
                START.0,
                is_reported
            ],
        )
        .unwrap();
    }
    db.execute("INSERT INTO once VALUES ('k', ?1)", [START.0 + 9])
        .unwrap();
}

#[test]
fn a_store_of_version_1_is_taken_over_whole() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("store.db");
    write_version_1(&Connection::open(&path).unwrap());
    run(async {
        let agent: AgentId = agent(0);
        let [first, second] =
            [1, 2].map(|id| card(id, id, AlertLevel::High, START, Millis::from_secs(600)));
        // The second time the tables are those of this version.
        for _ in 0..2 {
            let store = Embedded::open(&path, Clock::manual(START)).unwrap();
            assert_eq!(store.log_id(), "the-log");
            let live = LiveCard {
                seq: Seq(2),
                card: second.clone(),
            };
            assert_eq!(store.live(&agent).await.unwrap(), (Seq(3), vec![live]));
            let Reading::Entries(entries) = store.read(&agent, Seq::ZERO, 9).await.unwrap() else {
                panic!("expected entries, got a gap")
            };
            assert_eq!(entries.len(), 3);
            for (seq, card) in [(1, &first), (2, &second)] {
                let repeat = Appended::Repeat { seq: Seq(seq) };
                assert_eq!(store.append(&agent, card.clone()).await.unwrap(), repeat);
            }
            let repeat = old_action(3, 2, ActionKind::Rendered);
            assert_eq!(
                store.record(&agent, &repeat).await.unwrap(),
                Recorded::Repeat
            );
            assert_eq!(
                store.unreported(9).await.unwrap(),
                [Unreported {
                    agent: agent.clone(),
                    interaction: first.interaction_id.clone(),
                    action: old_action(1, 1, ActionKind::Dismissed),
                }]
            );
            assert!(store.is_spent("k", START).await.unwrap());
            assert_eq!(store.outcomes("any", 0, 9).await.unwrap(), []);
        }
    });
}
