//! What time does: cards expire, old entries go, keys are forgotten.

use cuecard_protocol::{AgentId, Card, Millis, RemovalReason};
use rusqlite::{Connection, Row, params};

use super::columns::{json, most, stored, word};
use super::life::{self, Subject};
use super::publishing;
use super::writer::Write;
use super::{DEAD_FOR, OUTCOMES_FOR, OVER_FOR, REPORT_WITHIN, RETENTION, failed};
use crate::backbone::publications::State;
use crate::backbone::{BackboneError, Expired};

/// Most cards that leave in one go; the rest leave a second later.
const MOST_AT_ONCE: usize = 10_000;

/// See [`crate::backbone::Backbone::expire`].
pub(super) fn expire(write: &mut Write<'_>, now: Millis) -> Result<Vec<Expired>, BackboneError> {
    let mut expired = Vec::new();
    for (agent, card, seen) in over(write.db, now)? {
        let words = if seen { "seen" } else { "unseen" };
        let (id, reason) = (card.id.as_str(), RemovalReason::Expired);
        life::leave(write, &agent, id, reason, Some(words), now, now)?;
        let subject = Subject::of_card(write, &agent, &card)?;
        expired.push(subject.expired(State::Expired, seen));
    }
    expired.extend(publishing::run_out(write, now, MOST_AT_ONCE)?);
    forget(write.db, now)?;
    Ok(expired)
}

/// Live cards whose time is over: whose, and whether they were ever on screen.
fn over(db: &Connection, now: Millis) -> Result<Vec<(AgentId, Card, bool)>, BackboneError> {
    db.prepare_cached(
        "SELECT agent, card, EXISTS (SELECT 1 FROM actions
             WHERE ours = 0 AND actions.agent = cards.agent AND actions.card = cards.id
                 AND actions.seq = cards.seq AND actions.kind = 'rendered') AS seen
         FROM cards WHERE live = 1 AND expires_at <= ?1 ORDER BY expires_at, agent, seq LIMIT ?2",
    )
    .and_then(|mut select| {
        let read = |row: &Row<'_>| {
            let card: Card = json(row, "card")?;
            let agent: AgentId = word(row, "agent")?;
            let seen = row.get("seen")?;
            Ok((agent, card, seen))
        };
        select
            .query_map([stored(now), most(MOST_AT_ONCE)], read)?
            .collect()
    })
    .map_err(|error| failed("expire", error))
}

/// Drops what nobody asks for any more.
fn forget(db: &Connection, now: Millis) -> Result<(), BackboneError> {
    let old = |sql: &str, age: Millis| {
        db.prepare_cached(sql)
            .and_then(|mut statement| statement.execute([stored(now.since(age))]))
            .map_err(|error| failed("forget", error))
    };
    let given_up = old(
        "DELETE FROM actions WHERE reported = 0 AND at <= ?1",
        REPORT_WITHIN,
    )?;
    if given_up > 0 {
        tracing::warn!(
            given_up,
            "the platform never confirmed some actions; they are given up"
        );
        metrics::counter!("cuecard_actions_unreported_total").increment(given_up as u64);
    }
    old("DELETE FROM entries WHERE at <= ?1", RETENTION)?;
    old(
        "DELETE FROM cards WHERE live = 0 AND left_at <= ?1",
        RETENTION,
    )?;
    // With the card its actions lose their meaning: a repeat is refused as one on an unknown card.
    old(
        "DELETE FROM actions WHERE reported = 1 AND at <= ?1 AND NOT EXISTS (SELECT 1 FROM cards
             WHERE cards.agent = actions.agent AND cards.seq = actions.seq)",
        RETENTION,
    )?;
    old("DELETE FROM outcomes WHERE noted_at <= ?1", OUTCOMES_FOR)?;
    old("DELETE FROM conversations WHERE at <= ?1", OUTCOMES_FOR)?;
    old(
        "DELETE FROM publications WHERE over_at IS NOT NULL AND over_at <= ?1",
        OVER_FOR,
    )?;
    old(
        "DELETE FROM jobs WHERE state = 'dead' AND due_at <= ?1",
        DEAD_FOR,
    )?;
    old("DELETE FROM idempotency WHERE until <= ?1", Millis(0))?;
    old("DELETE FROM once WHERE until <= ?1", Millis(0))?;
    Ok(())
}

/// See [`crate::backbone::Backbone::once`].
pub(super) fn once(
    write: &mut Write<'_>,
    key: &str,
    now: Millis,
    until: Millis,
) -> Result<bool, BackboneError> {
    write
        .db
        .prepare_cached(
            "INSERT INTO once (key, until) VALUES (?1, ?2)
             ON CONFLICT (key) DO UPDATE SET until = excluded.until WHERE once.until <= ?3",
        )
        .and_then(|mut insert| insert.execute(params![key, stored(until), stored(now)]))
        .map(|changed| changed > 0)
        .map_err(|error| failed("once", error))
}

/// See [`crate::backbone::Backbone::is_spent`].
pub(super) fn is_spent(db: &Connection, key: &str, now: Millis) -> Result<bool, BackboneError> {
    db.prepare_cached("SELECT EXISTS (SELECT 1 FROM once WHERE key = ?1 AND until > ?2)")
        .and_then(|mut exists| exists.query_row(params![key, stored(now)], |row| row.get(0)))
        .map_err(|error| failed("is_spent", error))
}
