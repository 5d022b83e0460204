//! An agent's log and live cards: append, remove, read.

use cuecard_protocol::{AgentId, Card, Entry, LiveCard, Millis, RemovalReason, Seq};
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::failed;
use super::writer::Write;
use crate::backbone::{Appended, BackboneError, Reading};

/// `left_by` of a card whose slot was taken; the log has no entry for it, the newer card says it.
const SUPERSEDED: &str = "superseded";

/// See [`crate::backbone::Backbone::append`].
pub(super) fn append(
    write: &mut Write<'_>,
    agent: &AgentId,
    card: &Card,
    now: Millis,
) -> Result<Appended, BackboneError> {
    let sql = |error| failed("append", error);
    let id = card.id.as_str();
    let known: Option<u64> = write
        .db
        .prepare_cached("SELECT seq FROM cards WHERE agent = ?1 AND id = ?2")
        .and_then(|mut known| {
            known
                .query_row([agent.as_str(), id], |row| row.get(0))
                .optional()
        })
        .map_err(sql)?;
    if let Some(seq) = known {
        return Ok(Appended::Repeat { seq: Seq(seq) });
    }
    let text = to_json(card)?;
    let (seq, at) = push(write, agent, &Entry::Card(card.clone()), now)?;
    let slot = card.slot().map(|slot| slot.key());
    let superseded = match &slot {
        Some(slot) => vacate(write.db, agent, slot, at)?,
        None => None,
    };
    write
        .db
        .prepare_cached(
            "INSERT INTO cards (agent, id, seq, slot, card, expires_at, live) VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1)",
        )
        .and_then(|mut insert| {
            insert.execute(params![agent.as_str(), id, seq.0, slot, text, stored(card.expires_at)])
        })
        .map_err(sql)?;
    Ok(Appended::New { seq, superseded })
}

/// Makes a slot free; the card that held it is no longer live.
fn vacate(
    db: &Connection,
    agent: &AgentId,
    slot: &str,
    at: Millis,
) -> Result<Option<Card>, BackboneError> {
    db.prepare_cached(
        "UPDATE cards SET live = 0, left_at = ?3, left_by = ?4
         WHERE agent = ?1 AND slot = ?2 AND live = 1 RETURNING card",
    )
    .and_then(|mut update| {
        update
            .query_row(
                params![agent.as_str(), slot, stored(at), SUPERSEDED],
                |row| row.get::<_, String>(0),
            )
            .optional()
    })
    .map_err(|error| failed("append", error))?
    .map(|card| from_json(&card))
    .transpose()
}

/// See [`crate::backbone::Backbone::remove`]; also gives the card.
pub(super) fn remove(
    write: &mut Write<'_>,
    agent: &AgentId,
    card: &str,
    reason: RemovalReason,
    now: Millis,
) -> Result<Option<(Seq, Card)>, BackboneError> {
    let left: Option<String> = write
        .db
        .prepare_cached(
            "UPDATE cards SET live = 0, left_by = ?3 WHERE agent = ?1 AND id = ?2 AND live = 1 RETURNING card",
        )
        .and_then(|mut update| {
            update.query_row([agent.as_str(), card, reason_name(reason)], |row| row.get(0)).optional()
        })
        .map_err(|error| failed("remove", error))?;
    let Some(left) = left else { return Ok(None) };
    let left: Card = from_json(&left)?;
    let (seq, at) = push(
        write,
        agent,
        &Entry::Removed {
            card_id: left.id.clone(),
            reason,
        },
        now,
    )?;
    write
        .db
        .prepare_cached("UPDATE cards SET left_at = ?3 WHERE agent = ?1 AND id = ?2")
        .and_then(|mut update| update.execute(params![agent.as_str(), card, stored(at)]))
        .map_err(|error| failed("remove", error))?;
    Ok(Some((seq, left)))
}

/// Puts an entry at the end of a log. Its time is `now`, or that of the entry before if the clock went back.
fn push(
    write: &mut Write<'_>,
    agent: &AgentId,
    entry: &Entry,
    now: Millis,
) -> Result<(Seq, Millis), BackboneError> {
    let sql = |error| failed("append", error);
    let (seq, at): (u64, u64) = write
        .db
        .prepare_cached(
            "INSERT INTO logs (agent, head, at) VALUES (?1, 1, ?2)
             ON CONFLICT (agent) DO UPDATE SET head = head + 1, at = max(at, excluded.at) RETURNING head, at",
        )
        .and_then(|mut next| next.query_row(params![agent.as_str(), stored(now)], |row| Ok((row.get(0)?, row.get(1)?))))
        .map_err(sql)?;
    let entry = to_json(entry)?;
    write
        .db
        .prepare_cached("INSERT INTO entries (agent, seq, at, entry) VALUES (?1, ?2, ?3, ?4)")
        .and_then(|mut insert| insert.execute(params![agent.as_str(), seq, at, entry]))
        .map_err(sql)?;
    write.grown.push(agent.clone());
    Ok((Seq(seq), Millis(at)))
}

/// See [`crate::backbone::Backbone::head`].
pub(super) fn head(db: &Connection, agent: &AgentId) -> Result<Seq, BackboneError> {
    db.prepare_cached("SELECT head FROM logs WHERE agent = ?1")
        .and_then(|mut head| {
            head.query_row([agent.as_str()], |row| row.get(0))
                .optional()
        })
        .map(|head| Seq(head.unwrap_or(0)))
        .map_err(|error| failed("head", error))
}

/// See [`crate::backbone::Backbone::read`].
pub(super) fn read(
    db: &Connection,
    agent: &AgentId,
    after: Seq,
    limit: usize,
) -> Result<Reading, BackboneError> {
    let head = head(db, agent)?;
    if after > head {
        return Ok(Reading::Gap);
    }
    let rows: Vec<(u64, String)> = db
        .prepare_cached(
            "SELECT seq, entry FROM entries WHERE agent = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3",
        )
        .and_then(|mut select| {
            // The first row shows whether the log still begins early enough, so there is always one.
            let limit = i64::try_from(limit.max(1)).unwrap_or(i64::MAX);
            let pair = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
            select
                .query_map(params![agent.as_str(), after.0, limit], pair)?
                .collect()
        })
        .map_err(|error| failed("read", error))?;
    let begins = rows.first().map_or(head.next(), |(seq, _)| Seq(*seq));
    if begins != after.next() {
        return Ok(Reading::Gap);
    }
    let entries = rows
        .into_iter()
        .take(limit)
        .map(|(seq, entry)| Ok((Seq(seq), from_json(&entry)?)));
    entries.collect::<Result<_, _>>().map(Reading::Entries)
}

/// See [`crate::backbone::Backbone::live`].
pub(super) fn live(
    db: &Connection,
    agent: &AgentId,
) -> Result<(Seq, Vec<LiveCard>), BackboneError> {
    let rows: Vec<(u64, String)> = db
        .prepare_cached("SELECT seq, card FROM cards WHERE agent = ?1 AND live = 1 ORDER BY seq")
        .and_then(|mut select| {
            select
                .query_map([agent.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect()
        })
        .map_err(|error| failed("live", error))?;
    let cards = rows.into_iter().map(|(seq, card)| {
        Ok(LiveCard {
            seq: Seq(seq),
            card: from_json(&card)?,
        })
    });
    Ok((head(db, agent)?, cards.collect::<Result<_, _>>()?))
}

/// See [`crate::backbone::Backbone::live_count`].
pub(super) fn live_count(db: &Connection) -> Result<u64, BackboneError> {
    db.prepare_cached("SELECT count(*) FROM cards WHERE live = 1")
        .and_then(|mut count| count.query_row([], |row| row.get(0)))
        .map_err(|error| failed("live_count", error))
}

const fn reason_name(reason: RemovalReason) -> &'static str {
    match reason {
        RemovalReason::Accepted => "accepted",
        RemovalReason::Dismissed => "dismissed",
        RemovalReason::Expired => "expired",
    }
}

/// SQLite's integers are signed; a time beyond them is the end of time.
pub(super) fn stored(time: Millis) -> i64 {
    i64::try_from(time.0).unwrap_or(i64::MAX)
}

pub(super) fn to_json(value: &impl Serialize) -> Result<String, BackboneError> {
    serde_json::to_string(value).map_err(|error| failed("serialize", error))
}

pub(super) fn from_json<T: DeserializeOwned>(text: &str) -> Result<T, BackboneError> {
    serde_json::from_str(text).map_err(|error| failed("read what was stored", error))
}
