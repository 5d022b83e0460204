//! Conversations: who holds them, and how far they have come.

use cuecard_protocol::{AgentId, CardId, InteractionId, Millis};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::columns::{stored, word_or_none};
use super::{failed, outcomes, publications};
use crate::backbone::BackboneError;
use crate::backbone::publications::Conversation;

/// See [`crate::backbone::publications::Publications::learn`].
pub(super) fn learn(
    db: &Connection,
    interaction: &InteractionId,
    agent: &AgentId,
    now: Millis,
) -> Result<(), BackboneError> {
    db.prepare_cached(
        "INSERT INTO conversations (interaction, agent, at) VALUES (?1, ?2, ?3)
         ON CONFLICT (interaction) DO UPDATE SET agent = excluded.agent, at = excluded.at",
    )
    .and_then(|mut upsert| {
        upsert.execute(params![interaction.as_str(), agent.as_str(), stored(now)])
    })
    .map(|_| ())
    .map_err(|error| failed("learn", error))
}

/// Remembers who holds a conversation, if nobody is known.
pub(super) fn learn_first(
    db: &Connection,
    interaction: &InteractionId,
    agent: &AgentId,
    now: Millis,
) -> Result<(), BackboneError> {
    db.prepare_cached(
        "INSERT INTO conversations (interaction, agent, at) VALUES (?1, ?2, ?3)
         ON CONFLICT (interaction) DO UPDATE SET agent = coalesce(agent, excluded.agent), at = excluded.at",
    )
    .and_then(|mut upsert| {
        upsert.execute(params![interaction.as_str(), agent.as_str(), stored(now)])
    })
    .map(|_| ())
    .map_err(|error| failed("learn", error))
}

/// See [`crate::backbone::publications::Publications::holder`].
pub(super) fn holder(
    db: &Connection,
    interaction: &InteractionId,
) -> Result<Option<AgentId>, BackboneError> {
    db.prepare_cached("SELECT agent FROM conversations WHERE interaction = ?1")
        .and_then(|mut select| {
            let agent = |row: &Row<'_>| word_or_none(row, "agent");
            select.query_row([interaction.as_str()], agent).optional()
        })
        .map(Option::flatten)
        .map_err(|error| failed("holder", error))
}

/// See [`crate::backbone::publications::Publications::recipient`].
pub(super) fn recipient(
    db: &Connection,
    card: &CardId,
    interaction: &InteractionId,
) -> Result<Option<AgentId>, BackboneError> {
    db.prepare_cached(
        "SELECT coalesce((SELECT agent FROM publications WHERE id = ?1 AND interaction = ?2),
             (SELECT agent FROM conversations WHERE interaction = ?2)) AS agent",
    )
    .and_then(|mut select| {
        let key = [card.as_str(), interaction.as_str()];
        select.query_row(key, |row| word_or_none(row, "agent"))
    })
    .map_err(|error| failed("recipient", error))
}

/// The revision of a conversation, if one was ever given.
pub(super) fn revision(
    db: &Connection,
    interaction: &InteractionId,
) -> Result<Option<u64>, BackboneError> {
    db.prepare_cached("SELECT revision FROM conversations WHERE interaction = ?1")
        .and_then(|mut select| {
            select
                .query_row([interaction.as_str()], |row| row.get(0))
                .optional()
        })
        .map(Option::flatten)
        .map_err(|error| failed("revision", error))
}

/// Moves the revision up; a lower one changes nothing.
pub(super) fn raise(
    db: &Connection,
    interaction: &InteractionId,
    revision: u64,
    now: Millis,
) -> Result<(), BackboneError> {
    let revision = i64::try_from(revision).unwrap_or(i64::MAX);
    db.prepare_cached(
        "INSERT INTO conversations (interaction, revision, at) VALUES (?1, ?2, ?3)
         ON CONFLICT (interaction) DO UPDATE
             SET revision = max(coalesce(revision, 0), excluded.revision), at = excluded.at",
    )
    .and_then(|mut upsert| upsert.execute(params![interaction.as_str(), revision, stored(now)]))
    .map(|_| ())
    .map_err(|error| failed("revision", error))
}

/// See [`crate::backbone::publications::Publications::conversation`].
pub(super) fn read(
    db: &Connection,
    interaction: &InteractionId,
    now: Millis,
) -> Result<Conversation, BackboneError> {
    let known = db
        .prepare_cached("SELECT agent, revision FROM conversations WHERE interaction = ?1")
        .and_then(|mut select| {
            let columns = |row: &Row<'_>| Ok((word_or_none(row, "agent")?, row.get("revision")?));
            select.query_row([interaction.as_str()], columns).optional()
        })
        .map_err(|error| failed("conversation", error))?;
    let (agent, revision) = known.unwrap_or_default();
    Ok(Conversation {
        agent,
        revision,
        active: publications::active(db, interaction, now)?.len() as u64,
        acceptance: outcomes::acceptance(db, interaction)?,
        outcomes: outcomes::tally(db, interaction)?,
    })
}
