//! What time does: cards expire, old entries go, keys are forgotten.

use cuecard_protocol::{AgentId, Millis, RemovalReason};
use rusqlite::{Connection, Row, params};

use super::log::{self, stored};
use super::writer::Write;
use super::{REPORT_WITHIN, RETENTION, failed};
use crate::backbone::{BackboneError, Expired};

/// Most cards that leave in one go; the rest leave a second later.
const MOST_AT_ONCE: i64 = 10_000;

/// See [`crate::backbone::Backbone::expire`].
pub(super) fn expire(write: &mut Write<'_>, now: Millis) -> Result<Vec<Expired>, BackboneError> {
    let over: Vec<(String, String, bool)> = write
        .db
        .prepare_cached(
            "SELECT agent, id, EXISTS (SELECT 1 FROM actions
                 WHERE actions.agent = cards.agent AND actions.card = cards.id AND actions.kind = 'rendered')
             FROM cards WHERE live = 1 AND expires_at <= ?1 ORDER BY expires_at, agent, seq LIMIT ?2",
        )
        .and_then(|mut select| {
            let columns = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
            select.query_map([stored(now), MOST_AT_ONCE], columns)?.collect()
        })
        .map_err(|error| failed("expire", error))?;
    let mut expired = Vec::with_capacity(over.len());
    for (agent, id, seen) in over {
        let agent = AgentId::parse(agent).map_err(|error| failed("read what was stored", error))?;
        if let Some((_, card)) = log::remove(write, &agent, &id, RemovalReason::Expired, now)? {
            expired.push(Expired { agent, card, seen });
        }
    }
    forget(write, now)?;
    Ok(expired)
}

/// Drops what nobody asks for any more. A card stays as long as an action on it waits for the platform.
fn forget(write: &mut Write<'_>, now: Millis) -> Result<(), BackboneError> {
    let old = |sql: &str, before: u64| {
        write
            .db
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute([stored(Millis(before))]))
            .map_err(|error| failed("forget", error))
    };
    let retained = now.since(RETENTION).0;
    let given_up = old(
        "DELETE FROM actions WHERE reported = 0 AND at <= ?1",
        now.since(REPORT_WITHIN).0,
    )?;
    if given_up > 0 {
        tracing::warn!(
            given_up,
            "the platform never confirmed some actions; they are given up"
        );
        metrics::counter!("cuecard_actions_unreported_total").increment(given_up as u64);
    }
    old("DELETE FROM entries WHERE at <= ?1", retained)?;
    old(
        "DELETE FROM cards WHERE live = 0 AND left_at <= ?1 AND NOT EXISTS (SELECT 1 FROM actions
             WHERE actions.agent = cards.agent AND actions.card = cards.id AND actions.reported = 0)",
        retained,
    )?;
    // With the card its actions lose their meaning: a repeat is refused as one on an unknown card.
    old(
        "DELETE FROM actions WHERE reported = 1 AND at <= ?1 AND NOT EXISTS (SELECT 1 FROM cards
             WHERE cards.agent = actions.agent AND cards.id = actions.card)",
        retained,
    )?;
    old("DELETE FROM once WHERE until <= ?1", now.0)?;
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
