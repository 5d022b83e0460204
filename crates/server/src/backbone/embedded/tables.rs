//! The tables as they are now, and how those of an earlier version become them.
//!
//! Times are milliseconds of the server's clock. `entries.at` and `cards.left_at` never fall within a log; so what is
//! older than a moment is always the beginning of a log.

use rusqlite::Connection;

/// Version of the tables, in `user_version`.
pub(super) const VERSION: i64 = 2;

const LOGS: &str = "
    CREATE TABLE about (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE logs (agent TEXT PRIMARY KEY, head INTEGER NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE entries (
        agent TEXT NOT NULL, seq INTEGER NOT NULL, at INTEGER NOT NULL, entry TEXT NOT NULL,
        PRIMARY KEY (agent, seq)
    ) WITHOUT ROWID;
    CREATE INDEX entries_by_time ON entries (at);
    CREATE TABLE once (key TEXT PRIMARY KEY, until INTEGER NOT NULL) WITHOUT ROWID;
    CREATE INDEX once_by_end ON once (until);
";

/// `cards` keeps a card after it left (`live` = 0), so that a repeat of it is known, until [`super::RETENTION`].
/// A suggestion that comes again is a row of its own; only the last can be live.
///
/// `actions` are the agents' (`ours` = 0), each counted once, and those that the server makes for cards that left
/// without a decision (`ours` = 1), which are only reported.
const CARDS: &str = "
    CREATE TABLE cards (
        agent TEXT NOT NULL, seq INTEGER NOT NULL, id TEXT NOT NULL, kind TEXT NOT NULL, interaction TEXT NOT NULL,
        published_at INTEGER NOT NULL, slot TEXT, card TEXT NOT NULL,
        expires_at INTEGER NOT NULL, live INTEGER NOT NULL, left_at INTEGER, left_by TEXT,
        PRIMARY KEY (agent, seq)
    ) WITHOUT ROWID;
    CREATE INDEX cards_by_id ON cards (id, agent, seq);
    CREATE INDEX cards_live ON cards (agent, seq) WHERE live = 1;
    CREATE UNIQUE INDEX cards_live_once ON cards (agent, id) WHERE live = 1;
    CREATE UNIQUE INDEX cards_slot ON cards (agent, slot) WHERE live = 1 AND slot IS NOT NULL;
    CREATE INDEX cards_by_end ON cards (expires_at) WHERE live = 1;
    CREATE INDEX cards_by_leaving ON cards (left_at) WHERE live = 0;
    CREATE INDEX cards_active ON cards (interaction) WHERE live = 1 AND kind = 'suggestion';
    CREATE TABLE actions (
        n INTEGER PRIMARY KEY AUTOINCREMENT, agent TEXT NOT NULL, id TEXT NOT NULL, card TEXT NOT NULL,
        seq INTEGER NOT NULL, kind TEXT NOT NULL, snippet TEXT NOT NULL, interaction TEXT NOT NULL,
        action TEXT NOT NULL, at INTEGER NOT NULL, ours INTEGER NOT NULL, reported INTEGER NOT NULL DEFAULT 0
    );
    CREATE UNIQUE INDEX actions_by_id ON actions (agent, id) WHERE ours = 0;
    CREATE UNIQUE INDEX actions_once ON actions (agent, card, seq, kind, snippet) WHERE ours = 0;
    CREATE INDEX actions_unreported ON actions (n) WHERE reported = 0;
    CREATE INDEX actions_to_confirm ON actions (agent, id) WHERE reported = 0;
    CREATE INDEX actions_by_time ON actions (at) WHERE reported = 1;
";

/// `outcomes.n` rises with every row and never comes again: what is numbered later is also committed later.
const ACCOUNTS: &str = "
    CREATE TABLE publications (
        id TEXT PRIMARY KEY, client TEXT NOT NULL, kind TEXT NOT NULL,
        agent TEXT NOT NULL, interaction TEXT NOT NULL, relevance REAL,
        starts_at INTEGER NOT NULL, published_at INTEGER NOT NULL, expires_at INTEGER NOT NULL,
        supersedes TEXT, revision INTEGER, frame TEXT NOT NULL, state TEXT NOT NULL, over_at INTEGER,
        acknowledged_at INTEGER, decision TEXT, decided_at INTEGER
    ) WITHOUT ROWID;
    CREATE INDEX publications_open ON publications (interaction) WHERE over_at IS NULL;
    CREATE INDEX publications_unsettled ON publications (kind, state, published_at) WHERE over_at IS NULL;
    CREATE INDEX publications_by_revision ON publications (interaction, client, revision) WHERE revision IS NOT NULL;
    CREATE INDEX publications_by_end ON publications (expires_at) WHERE over_at IS NULL;
    CREATE INDEX publications_by_leaving ON publications (over_at) WHERE over_at IS NOT NULL;
    CREATE TABLE outcomes (
        n INTEGER PRIMARY KEY AUTOINCREMENT, card TEXT NOT NULL, published_at INTEGER NOT NULL, kind TEXT NOT NULL,
        outcome TEXT NOT NULL, ends INTEGER NOT NULL, at INTEGER NOT NULL, noted_at INTEGER NOT NULL,
        agent TEXT NOT NULL, interaction TEXT NOT NULL, reason TEXT, snippet TEXT NOT NULL, client TEXT,
        UNIQUE (card, published_at, outcome, snippet)
    );
    CREATE UNIQUE INDEX outcomes_end_once ON outcomes (card, published_at) WHERE ends = 1;
    CREATE INDEX outcomes_by_client ON outcomes (client, n) WHERE client IS NOT NULL;
    CREATE INDEX outcomes_by_interaction ON outcomes (interaction, kind, outcome);
    CREATE INDEX outcomes_by_time ON outcomes (noted_at);
    CREATE TABLE conversations (
        interaction TEXT PRIMARY KEY, agent TEXT, revision INTEGER, at INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX conversations_by_time ON conversations (at);
    CREATE TABLE idempotency (
        client TEXT NOT NULL, key TEXT NOT NULL, digest TEXT NOT NULL, card TEXT NOT NULL, until INTEGER NOT NULL,
        PRIMARY KEY (client, key)
    ) WITHOUT ROWID;
    CREATE INDEX idempotency_by_end ON idempotency (until);
    CREATE TABLE jobs (
        id INTEGER PRIMARY KEY AUTOINCREMENT, queue TEXT NOT NULL, delivery TEXT NOT NULL UNIQUE,
        payload TEXT NOT NULL, created_at INTEGER NOT NULL, tried_since INTEGER NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0, state TEXT NOT NULL, due_at INTEGER NOT NULL, last_error TEXT
    );
    CREATE INDEX jobs_due ON jobs (queue, due_at) WHERE state <> 'dead';
    CREATE INDEX jobs_dead ON jobs (due_at) WHERE state = 'dead';
";

/// Makes all tables in an empty database.
pub(super) fn make(db: &Connection) -> rusqlite::Result<()> {
    db.execute_batch(LOGS)?;
    db.execute_batch(CARDS)?;
    db.execute_batch(ACCOUNTS)
}

/// From version 1, whose cards were alerts and whose actions were the agents' own.
pub(super) fn raise_from_1(db: &Connection) -> rusqlite::Result<()> {
    db.execute_batch(
        "ALTER TABLE cards RENAME TO cards_1;
         ALTER TABLE actions RENAME TO actions_1;
         DROP INDEX cards_live; DROP INDEX cards_slot; DROP INDEX cards_by_end; DROP INDEX cards_by_leaving;
         DROP INDEX actions_unreported;",
    )?;
    db.execute_batch(CARDS)?;
    db.execute_batch(
        "INSERT INTO cards SELECT agent, seq, id, 'alert', json_extract(card, '$.interaction_id'),
             json_extract(card, '$.published_at'), slot, card, expires_at, live, left_at, left_by FROM cards_1;
         INSERT INTO actions
             SELECT actions_1.n, actions_1.agent, actions_1.id, actions_1.card, cards.seq, actions_1.kind, '',
                 cards.interaction, actions_1.action, actions_1.at, 0, actions_1.reported
             FROM actions_1 JOIN cards ON cards.agent = actions_1.agent AND cards.id = actions_1.card;
         DROP TABLE actions_1; DROP TABLE cards_1;",
    )?;
    db.execute_batch(ACCOUNTS)
}
