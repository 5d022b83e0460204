//! The list of outcomes: grows only, each at most once, and at most one that ends a card.

use cuecard_protocol::rules::suggestion::Acceptance;
use cuecard_protocol::{CardId, InteractionId, Millis};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::columns::{most, stored, time, to_json, word};
use super::life::Subject;
use super::writer::Write;
use super::{failed, jobs};
use crate::backbone::BackboneError;
use crate::backbone::jobs::delivery;
use crate::backbone::publications::{Kind, Outcome};

/// What is to be noted of a card.
pub(super) struct Fact<'a> {
    pub outcome: &'a str,
    pub is_end: bool,
    pub reason: Option<&'a str>,
    pub snippet: Option<&'a str>,
    pub at: Millis,
}

/// Notes a fact and makes the jobs of those who want to know; false if it was noted before, or the card had ended.
pub(super) fn add(
    write: &mut Write<'_>,
    subject: &Subject,
    fact: &Fact<'_>,
    now: Millis,
) -> Result<bool, BackboneError> {
    let n: Option<u64> = write
        .db
        .prepare_cached(
            "INSERT OR IGNORE INTO outcomes
                 (card, published_at, kind, outcome, ends, at, noted_at, agent, interaction, reason, snippet, client)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) RETURNING n",
        )
        .and_then(|mut insert| {
            let row = params![
                subject.card.as_str(),
                stored(subject.published_at),
                subject.kind.as_str(),
                fact.outcome,
                fact.is_end,
                stored(fact.at),
                stored(now),
                subject.agent.as_str(),
                subject.interaction.as_str(),
                fact.reason,
                fact.snippet.unwrap_or_default(),
                subject.client
            ];
            insert.query_row(row, |row| row.get(0)).optional()
        })
        .map_err(|error| failed("note an outcome", error))?;
    let Some(n) = n else { return Ok(false) };
    if let Some(client) = &subject.client {
        write.news.outcomes.insert(client.clone(), n);
    }
    let outcome = Outcome {
        n,
        card_id: subject.card.clone(),
        kind: subject.kind,
        outcome: fact.outcome.to_owned(),
        at: fact.at,
        agent_id: subject.agent.clone(),
        interaction_id: subject.interaction.clone(),
        reason: fact.reason.map(str::to_owned),
        snippet_id: fact.snippet.map(str::to_owned),
        published_at: subject.published_at,
        client: subject.client.clone(),
    };
    let standing = write.standing;
    let wanted = standing.subscriptions.iter();
    for subscription in wanted.filter(|subscription| subscription.wants(&outcome)) {
        let delivery = delivery(&[&standing.log_id, &n.to_string(), &subscription.queue]);
        let payload = to_json(&outcome)?;
        jobs::enqueue(write, &subscription.queue, &delivery, &payload, now, now)?;
    }
    Ok(true)
}

const COLUMNS: &str =
    "n, card, published_at, kind, outcome, at, agent, interaction, reason, snippet, client";

fn read(row: &Row<'_>) -> rusqlite::Result<Outcome> {
    let snippet: String = row.get("snippet")?;
    Ok(Outcome {
        n: row.get("n")?,
        card_id: word(row, "card")?,
        kind: word(row, "kind")?,
        outcome: row.get("outcome")?,
        at: time(row, "at")?,
        agent_id: word(row, "agent")?,
        interaction_id: word(row, "interaction")?,
        reason: row.get("reason")?,
        snippet_id: Some(snippet).filter(|snippet| !snippet.is_empty()),
        published_at: time(row, "published_at")?,
        client: row.get("client")?,
    })
}

/// See [`crate::backbone::publications::Publications::outcomes`].
pub(super) fn after(
    db: &Connection,
    client: &str,
    after: u64,
    limit: usize,
) -> Result<Vec<Outcome>, BackboneError> {
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    db.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM outcomes WHERE client = ?1 AND n > ?2 ORDER BY n LIMIT ?3"
    ))
    .and_then(|mut select| {
        select
            .query_map(params![client, after, most(limit)], read)?
            .collect()
    })
    .map_err(|error| failed("outcomes", error))
}

/// What became of one card.
pub(super) fn of_card(
    db: &Connection,
    card: &CardId,
    published_at: Millis,
) -> Result<Vec<Outcome>, BackboneError> {
    db.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM outcomes WHERE card = ?1 AND published_at = ?2 ORDER BY n"
    ))
    .and_then(|mut select| {
        select
            .query_map(params![card.as_str(), stored(published_at)], read)?
            .collect()
    })
    .map_err(|error| failed("outcomes", error))
}

/// How the suggestions of an interaction were taken.
pub(super) fn acceptance(
    db: &Connection,
    interaction: &InteractionId,
) -> Result<Acceptance, BackboneError> {
    db.prepare_cached(
        "SELECT count(*) FILTER (WHERE outcome = 'accepted'), count(*) FROM outcomes
         WHERE interaction = ?1 AND kind = 'suggestion' AND outcome IN ('accepted', 'dismissed')",
    )
    .and_then(|mut count| {
        count.query_row([interaction.as_str()], |row| {
            Ok(Acceptance {
                accepted: row.get(0)?,
                decided: row.get(1)?,
            })
        })
    })
    .map_err(|error| failed("acceptance", error))
}

/// How often each thing became of the cards of an interaction.
pub(super) fn tally(
    db: &Connection,
    interaction: &InteractionId,
) -> Result<Vec<(Kind, String, u64)>, BackboneError> {
    db.prepare_cached(
        "SELECT kind, outcome, count(*) AS number FROM outcomes WHERE interaction = ?1
         GROUP BY kind, outcome ORDER BY kind, outcome",
    )
    .and_then(|mut select| {
        let columns =
            |row: &Row<'_>| Ok((word(row, "kind")?, row.get("outcome")?, row.get("number")?));
        select.query_map([interaction.as_str()], columns)?.collect()
    })
    .map_err(|error| failed("conversation", error))
}

/// The last number that was given, also if its outcome is forgotten.
pub(super) fn last(db: &Connection) -> Result<u64, BackboneError> {
    db.query_row(
        "SELECT seq FROM sqlite_sequence WHERE name = 'outcomes'",
        [],
        |row| row.get(0),
    )
    .optional()
    .map(Option::unwrap_or_default)
    .map_err(|error| failed("open", error))
}
