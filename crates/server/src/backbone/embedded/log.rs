//! An agent's log and live cards: append, remove, read.

use cuecard_protocol::{AgentId, Card, Entry, LiveCard, Millis, RemovalReason, Seq};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::columns::{from_json, stored, to_json};
use super::failed;
use super::life;
use super::writer::Write;
use crate::backbone::publications::State;
use crate::backbone::{Appended, BackboneError, Reading};

/// See [`crate::backbone::Backbone::append`].
pub(super) fn append(
    write: &mut Write<'_>,
    agent: &AgentId,
    card: &Card,
    now: Millis,
) -> Result<Appended, BackboneError> {
    if let Some(seq) = known(write.db, agent, card)? {
        return Ok(Appended::Repeat { seq });
    }
    if let Some(state) = life::over_before_it_came(write, agent, card, now)? {
        return Ok(Appended::Over(state));
    }
    let slot = card.slot().map(|slot| slot.key());
    if let Some(slot) = &slot
        && is_outrun(write.db, agent, slot, card)?
    {
        life::left(write, agent, card, State::Superseded, None, now, now)?;
        return Ok(Appended::Over(State::Superseded));
    }
    leave_for_next(write, agent, card, now)?;
    let text = to_json(card)?;
    let (seq, at) = push(write, agent, &Entry::Card(card.clone()), now)?;
    let superseded = match &slot {
        Some(slot) => vacate(write.db, agent, slot, at)?,
        None => None,
    };
    if let Some(older) = &superseded {
        life::left(write, agent, older, State::Superseded, None, now, now)?;
    }
    write
        .db
        .prepare_cached(
            "INSERT INTO cards (agent, seq, id, kind, interaction, published_at, slot, card, expires_at, live)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 1)",
        )
        .and_then(|mut insert| {
            insert.execute(params![
                agent.as_str(),
                seq.0,
                card.id.as_str(),
                card.kind(),
                card.interaction_id.as_str(),
                stored(card.published_at),
                slot,
                text,
                stored(card.expires_at)
            ])
        })
        .map_err(|error| failed("append", error))?;
    life::came(write, agent, card, now)?;
    Ok(Appended::New { seq, superseded })
}

/// The place at which this card was appended before. A suggestion's or task's id may come again as another card,
/// published at another time; and a suggestion is one agent's, whoever holds the conversation when it is delivered again.
fn known(db: &Connection, agent: &AgentId, card: &Card) -> Result<Option<Seq>, BackboneError> {
    db.prepare_cached(
        "SELECT seq FROM cards WHERE id = ?1 AND CASE kind
             WHEN 'suggestion' THEN published_at = ?3
             WHEN 'task' THEN agent = ?2 AND published_at = ?3
             ELSE agent = ?2 END
         ORDER BY agent = ?2 DESC, seq DESC LIMIT 1",
    )
    .and_then(|mut known| {
        let key = params![card.id.as_str(), agent.as_str(), stored(card.published_at)];
        known.query_row(key, |row| row.get(0).map(Seq)).optional()
    })
    .map_err(|error| failed("append", error))
}

/// A live card with the id of one that comes now was published earlier, and leaves.
fn leave_for_next(
    write: &mut Write<'_>,
    agent: &AgentId,
    card: &Card,
    now: Millis,
) -> Result<(), BackboneError> {
    let expires_at: Option<u64> = write
        .db
        .prepare_cached("SELECT expires_at FROM cards WHERE agent = ?1 AND id = ?2 AND live = 1")
        .and_then(|mut select| {
            select
                .query_row([agent.as_str(), card.id.as_str()], |row| row.get(0))
                .optional()
        })
        .map_err(|error| failed("append", error))?;
    let reason = match expires_at {
        None => return Ok(()),
        Some(at) if at <= now.0 => RemovalReason::Expired,
        Some(_) => RemovalReason::Superseded,
    };
    life::leave(write, agent, card.id.as_str(), reason, None, now, now)?;
    Ok(())
}

/// Whether a card that was published later holds the slot: then this one came late.
fn is_outrun(
    db: &Connection,
    agent: &AgentId,
    slot: &str,
    card: &Card,
) -> Result<bool, BackboneError> {
    db.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM cards WHERE agent = ?1 AND slot = ?2 AND live = 1 AND published_at > ?3)",
    )
    .and_then(|mut select| {
        let key = params![agent.as_str(), slot, stored(card.published_at)];
        select.query_row(key, |row| row.get(0))
    })
    .map_err(|error| failed("append", error))
}

/// Makes a slot free; the card that held it is no longer live. The log has no entry for it: the newer card says it.
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
                params![agent.as_str(), slot, stored(at), State::Superseded.as_str()],
                |row| row.get::<_, String>(0),
            )
            .optional()
    })
    .map_err(|error| failed("append", error))?
    .map(|card| from_json(&card))
    .transpose()
}

/// Takes a live card out of the log and says so there. Accounts are [`life`]'s.
pub(super) fn remove(
    write: &mut Write<'_>,
    agent: &AgentId,
    card: &str,
    reason: RemovalReason,
    now: Millis,
) -> Result<Option<(Seq, Card)>, BackboneError> {
    let left: Option<(u64, String)> = write
        .db
        .prepare_cached(
            "UPDATE cards SET live = 0, left_by = ?3 WHERE agent = ?1 AND id = ?2 AND live = 1 RETURNING seq, card",
        )
        .and_then(|mut update| {
            let columns = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
            update.query_row([agent.as_str(), card, reason.as_str()], columns).optional()
        })
        .map_err(|error| failed("remove", error))?;
    let Some((place, left)) = left else {
        return Ok(None);
    };
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
        .prepare_cached("UPDATE cards SET left_at = ?3 WHERE agent = ?1 AND seq = ?2")
        .and_then(|mut update| update.execute(params![agent.as_str(), place, stored(at)]))
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
    write.news.grown.push(agent.clone());
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
