//! Rows of what was posted: kept, found, moved on. The rules are [`super::publishing`]'s.

use cuecard_protocol::{Card, CardId, InteractionId, Millis};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::columns::{json, most, stored, time, time_or_none, to_json, word, word_or_none};
use super::failed;
use super::life::Subject;
use crate::backbone::BackboneError;
use crate::backbone::publications::{Kind, Publication, State};

/// A publication as it is kept.
pub(super) struct Kept {
    pub publication: Publication,
    pub state: State,
    /// When the platform said that it was on screen.
    pub acknowledged_at: Option<Millis>,
    /// `accepted` or `dismissed`, as the platform said it, and when.
    pub decision: Option<(String, Millis)>,
}

const COLUMNS: &str =
    "id, client, kind, agent, interaction, relevance, starts_at, published_at, expires_at,
     supersedes, revision, frame, state, acknowledged_at, decision, decided_at";

fn read(row: &Row<'_>) -> rusqlite::Result<Kept> {
    let decision: Option<String> = row.get("decision")?;
    Ok(Kept {
        publication: Publication {
            id: word(row, "id")?,
            client: row.get("client")?,
            kind: word(row, "kind")?,
            agent: word(row, "agent")?,
            interaction: word(row, "interaction")?,
            relevance: row.get("relevance")?,
            starts_at: time(row, "starts_at")?,
            published_at: time(row, "published_at")?,
            expires_at: time(row, "expires_at")?,
            supersedes: word_or_none(row, "supersedes")?,
            revision: row.get("revision")?,
            frame: json(row, "frame")?,
        },
        state: word(row, "state")?,
        acknowledged_at: time_or_none(row, "acknowledged_at")?,
        decision: decision.zip(time_or_none(row, "decided_at")?),
    })
}

/// The publication under this id.
pub(super) fn find(db: &Connection, card: &CardId) -> Result<Option<Kept>, BackboneError> {
    db.prepare_cached(&format!("SELECT {COLUMNS} FROM publications WHERE id = ?1"))
        .and_then(|mut select| select.query_row([card.as_str()], read).optional())
        .map_err(|error| failed("find a publication", error))
}

/// The publication that this card came from. A suggestion's id may be another publisher's as well; then the time says
/// so (the frame has it in milliseconds, or in seconds with a fraction).
pub(super) fn of_card(db: &Connection, card: &Card) -> Result<Option<Kept>, BackboneError> {
    let kind = Kind::of(&card.body);
    let is_same = |kept: &Kept| {
        let published_at = kept.publication.published_at;
        kept.publication.kind == kind
            && (kind != Kind::Suggestion || published_at.0.abs_diff(card.published_at.0) <= 1)
    };
    Ok(find(db, &card.id)?.filter(is_same))
}

/// Keeps a publication that was just taken.
pub(super) fn keep(db: &Connection, publication: &Publication) -> Result<(), BackboneError> {
    let frame = to_json(&publication.frame)?;
    db.prepare_cached(&format!(
        "INSERT INTO publications ({COLUMNS})
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, NULL, NULL, NULL)"
    ))
    .and_then(|mut insert| {
        insert.execute(params![
            publication.id.as_str(),
            publication.client,
            publication.kind.as_str(),
            publication.agent.as_str(),
            publication.interaction.as_str(),
            publication.relevance,
            stored(publication.starts_at),
            stored(publication.published_at),
            stored(publication.expires_at),
            publication.supersedes.as_ref().map(CardId::as_str),
            publication
                .revision
                .map(|revision| i64::try_from(revision).unwrap_or(i64::MAX)),
            frame,
            State::Queued.as_str(),
        ])
    })
    .map(|_| ())
    .map_err(|error| failed("keep a publication", error))
}

/// Moves the subject's publication on to `state`, if that is further than where it stands; never out of an end.
pub(super) fn progress(
    db: &Connection,
    subject: &Subject,
    state: State,
    now: Millis,
) -> Result<(), BackboneError> {
    let Some(kept) = find(db, &subject.card)? else {
        return Ok(());
    };
    let is_another = kept.publication.published_at != subject.published_at;
    if is_another || kept.state.is_over() || kept.state >= state {
        return Ok(());
    }
    db.prepare_cached("UPDATE publications SET state = ?2, over_at = ?3, agent = ?4 WHERE id = ?1")
        .and_then(|mut update| {
            update.execute(params![
                subject.card.as_str(),
                state.as_str(),
                state.is_over().then(|| stored(now)),
                subject.agent.as_str()
            ])
        })
        .map(|_| ())
        .map_err(|error| failed("move a publication on", error))
}

/// Takes down when the platform said that the card was on screen.
pub(super) fn acknowledge(
    db: &Connection,
    card: &CardId,
    now: Millis,
) -> Result<(), BackboneError> {
    db.prepare_cached("UPDATE publications SET acknowledged_at = ?2 WHERE id = ?1")
        .and_then(|mut update| update.execute(params![card.as_str(), stored(now)]))
        .map(|_| ())
        .map_err(|error| failed("note a report", error))
}

/// Takes down what the platform said of the card's end.
pub(super) fn decide(
    db: &Connection,
    card: &CardId,
    decision: State,
    now: Millis,
) -> Result<(), BackboneError> {
    db.prepare_cached("UPDATE publications SET decision = ?2, decided_at = ?3 WHERE id = ?1")
        .and_then(|mut update| {
            update.execute(params![card.as_str(), decision.as_str(), stored(now)])
        })
        .map(|_| ())
        .map_err(|error| failed("note a report", error))
}

/// See [`crate::backbone::publications::Publications::unsettled`]. What is in an agent's log came from the platform.
pub(super) fn unsettled(
    db: &Connection,
    kind: Kind,
    now: Millis,
    limit: usize,
) -> Result<Vec<Publication>, BackboneError> {
    let mut rows = select(
        db,
        "over_at IS NULL AND kind = ?1 AND state = 'queued' AND expires_at > ?2
         ORDER BY published_at, id LIMIT ?3",
        params![kind.as_str(), stored(now), most(limit)],
    )?;
    if kind != Kind::Prompt {
        rows.extend(select(
            db,
            "over_at IS NULL AND kind = ?1 AND state = 'sent' AND expires_at > ?2
             ORDER BY published_at DESC, id LIMIT ?3",
            params![kind.as_str(), stored(now), most(limit - rows.len())],
        )?);
    }
    Ok(rows.into_iter().map(|kept| kept.publication).collect())
}

/// See [`crate::backbone::publications::Publications::undelivered`].
pub(super) fn undelivered(
    db: &Connection,
    card: &CardId,
    now: Millis,
) -> Result<Option<Publication>, BackboneError> {
    let is_on_its_way =
        |kept: &Kept| kept.state == State::Sent && kept.publication.expires_at > now;
    Ok(find(db, card)?
        .filter(is_on_its_way)
        .map(|kept| kept.publication))
}

/// The highest revision that a client's cards in an interaction were made for.
pub(super) fn revision(
    db: &Connection,
    interaction: &InteractionId,
    client: &str,
) -> Result<Option<u64>, BackboneError> {
    db.prepare_cached(
        "SELECT max(revision) FROM publications
         WHERE interaction = ?1 AND client = ?2 AND revision IS NOT NULL",
    )
    .and_then(|mut select| select.query_row([interaction.as_str(), client], |row| row.get(0)))
    .map_err(|error| failed("revision", error))
}

/// Those of an interaction that are not over.
pub(super) fn open_in(
    db: &Connection,
    interaction: &InteractionId,
) -> Result<Vec<Kept>, BackboneError> {
    select(
        db,
        "over_at IS NULL AND interaction = ?1 ORDER BY published_at, id",
        [interaction.as_str()],
    )
}

/// Those whose time is over while no agent has them: a card in a log ends with that.
pub(super) fn run_out(
    db: &Connection,
    now: Millis,
    limit: usize,
) -> Result<Vec<Kept>, BackboneError> {
    select(
        db,
        "over_at IS NULL AND expires_at <= ?1 AND NOT EXISTS (
             SELECT 1 FROM cards WHERE cards.agent = publications.agent AND cards.id = publications.id AND live = 1)
         ORDER BY expires_at, id LIMIT ?2",
        params![stored(now), most(limit)],
    )
}

fn select(
    db: &Connection,
    condition: &str,
    parameters: impl rusqlite::Params,
) -> Result<Vec<Kept>, BackboneError> {
    db.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM publications WHERE {condition}"
    ))
    .and_then(|mut select| select.query_map(parameters, read)?.collect())
    .map_err(|error| failed("read publications", error))
}

/// The suggestions that take up the places of an interaction: posted here, or live in an agent's log.
pub(super) fn active(
    db: &Connection,
    interaction: &InteractionId,
    now: Millis,
) -> Result<Vec<CardId>, BackboneError> {
    db.prepare_cached(
        "SELECT id FROM publications
             WHERE over_at IS NULL AND interaction = ?1 AND kind = 'suggestion' AND expires_at > ?2
         UNION SELECT id FROM cards
             WHERE live = 1 AND interaction = ?1 AND kind = 'suggestion' AND expires_at > ?2
         ORDER BY id",
    )
    .and_then(|mut select| {
        select
            .query_map(params![interaction.as_str(), stored(now)], |row| {
                word(row, "id")
            })?
            .collect()
    })
    .map_err(|error| failed("count active suggestions", error))
}
