//! What may be posted, and what moves a publication on: its poster, its conversation, the platform.

use cuecard_protocol::rules::suggestion::{self, Offer};
use cuecard_protocol::{CardId, InteractionId, Millis, RemovalReason};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::columns::{stored, word};
use super::life::{self, Subject};
use super::publications::{self, Kept};
use super::writer::Write;
use super::{conversations, failed, outcomes};
use crate::backbone::publications::{
    Idempotency, Publication, Published, Stale, State, Status, Withdrawn,
};
use crate::backbone::{BackboneError, Expired};

/// See [`crate::backbone::publications::Publications::publish`]. Nothing is written before everything is checked.
pub(super) fn publish(
    write: &mut Write<'_>,
    mut publication: Publication,
    idempotency: Option<&Idempotency>,
    may_redirect: bool,
    now: Millis,
) -> Result<Published, BackboneError> {
    if let Some(repeat) = repeat(write.db, &publication.client, idempotency, now)? {
        return Ok(repeat);
    }
    if is_taken(write.db, &publication.id)? {
        return Ok(Published::Duplicate);
    }
    let interaction = publication.interaction.clone();
    let client = publication.client.clone();
    // What a client says of a conversation's revision goes for its own cards.
    let current = conversations::revision(write.db, &interaction)?.max(publications::revision(
        write.db,
        &interaction,
        &client,
    )?);
    if let (Some(current), Some(revision)) = (current, publication.revision)
        && revision < current
    {
        return Ok(Published::Stale(current));
    }
    let superseded = match &publication.supersedes {
        None => None,
        Some(id) => match of_client(write.db, &client, id)? {
            None => return Ok(Published::UnknownSuperseded),
            Some(kept) => Some(kept).filter(|kept| !kept.state.is_over()),
        },
    };
    let replaced = superseded.as_ref().map(|kept| kept.publication.id.clone());
    let stale: Vec<Kept> = outdated(write.db, &interaction, publication.revision)?
        .into_iter()
        .filter(|kept| kept.publication.client == client)
        .filter(|kept| Some(&kept.publication.id) != replaced.as_ref())
        .collect();
    let stale_ids: Vec<CardId> = stale
        .iter()
        .map(|kept| kept.publication.id.clone())
        .collect();

    if let Some(relevance) = publication.relevance {
        let leaves = |id: &CardId| Some(id) == replaced.as_ref() || stale_ids.contains(id);
        let mut active = publications::active(write.db, &interaction, now)?;
        active.retain(|id| !leaves(id));
        let offer = Offer {
            id: publication.id.clone(),
            relevance,
            start: publication.starts_at,
            end: publication.expires_at,
        };
        if let Err(refusal) = suggestion::check(&interaction, &offer, &active, now) {
            return Ok(Published::Refused(refusal));
        }
    }
    let relevance = adjust(write.db, &mut publication)?;

    if let Some(kept) = &superseded {
        life::close(write, kept, RemovalReason::Superseded, now)?;
    }
    for kept in &stale {
        life::close(write, kept, RemovalReason::Stale, now)?;
    }
    if may_redirect {
        conversations::learn(write.db, &interaction, &publication.agent, now)?;
    } else {
        conversations::learn_first(write.db, &interaction, &publication.agent, now)?;
    }
    publications::keep(write.db, &publication)?;
    if let Some(idempotency) = idempotency {
        remember(write.db, &publication, idempotency)?;
    }
    Ok(Published::Taken {
        relevance,
        superseded: replaced,
        stale: stale_ids,
    })
}

/// Whether this request was made before.
fn repeat(
    db: &Connection,
    client: &str,
    idempotency: Option<&Idempotency>,
    now: Millis,
) -> Result<Option<Published>, BackboneError> {
    let Some(idempotency) = idempotency else {
        return Ok(None);
    };
    let known: Option<(String, CardId)> = db
        .prepare_cached(
            "SELECT digest, card FROM idempotency WHERE client = ?1 AND key = ?2 AND until > ?3",
        )
        .and_then(|mut select| {
            let columns = |row: &Row<'_>| Ok((row.get("digest")?, word(row, "card")?));
            let key = params![client, idempotency.key, stored(now)];
            select.query_row(key, columns).optional()
        })
        .map_err(|error| failed("publish", error))?;
    Ok(known.map(|(digest, card)| {
        if digest == idempotency.digest {
            Published::Repeat(card)
        } else {
            Published::KeyReused
        }
    }))
}

fn remember(
    db: &Connection,
    publication: &Publication,
    idempotency: &Idempotency,
) -> Result<(), BackboneError> {
    db.prepare_cached(
        "INSERT OR REPLACE INTO idempotency (client, key, digest, card, until) VALUES (?1, ?2, ?3, ?4, ?5)",
    )
    .and_then(|mut insert| {
        insert.execute(params![
            publication.client,
            idempotency.key,
            idempotency.digest,
            publication.id.as_str(),
            stored(idempotency.until)
        ])
    })
    .map(|_| ())
    .map_err(|error| failed("publish", error))
}

/// Whether a card is known that has this id, or had it. An id is one card, whoever speaks of it, and however late.
fn is_taken(db: &Connection, id: &CardId) -> Result<bool, BackboneError> {
    db.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM publications WHERE id = ?1)
             OR EXISTS (SELECT 1 FROM cards WHERE id = ?1)",
    )
    .and_then(|mut exists| exists.query_row([id.as_str()], |row| row.get(0)))
    .map_err(|error| failed("publish", error))
}

/// The client's publication under this id.
fn of_client(db: &Connection, client: &str, card: &CardId) -> Result<Option<Kept>, BackboneError> {
    Ok(publications::find(db, card)?.filter(|kept| kept.publication.client == client))
}

/// Cards that were made for an earlier state of the conversation than `revision`.
fn outdated(
    db: &Connection,
    interaction: &InteractionId,
    revision: Option<u64>,
) -> Result<Vec<Kept>, BackboneError> {
    let Some(revision) = revision else {
        return Ok(Vec::new());
    };
    let mut kept = publications::open_in(db, interaction)?;
    kept.retain(|kept| {
        kept.publication
            .revision
            .is_some_and(|made_for| made_for < revision)
    });
    Ok(kept)
}

/// Puts the relevance as the interaction's acceptance adjusts it into the frame (platform wire, section 4.2).
fn adjust(db: &Connection, publication: &mut Publication) -> Result<Option<f64>, BackboneError> {
    let Some(relevance) = publication.relevance else {
        return Ok(None);
    };
    let acceptance = outcomes::acceptance(db, &publication.interaction)?;
    let adjusted = suggestion::adjusted(relevance, acceptance);
    if let Some(place) = publication.frame.pointer_mut("/suggestion/relevanceScore") {
        *place = adjusted.into();
    }
    Ok(Some(adjusted))
}

/// See [`crate::backbone::publications::Publications::withdraw`].
pub(super) fn withdraw(
    write: &mut Write<'_>,
    client: &str,
    card: &CardId,
    now: Millis,
) -> Result<Withdrawn, BackboneError> {
    match of_client(write.db, client, card)? {
        None => Ok(Withdrawn::Unknown),
        Some(kept) if kept.state.is_over() => Ok(Withdrawn::Over(kept.state)),
        Some(kept) => {
            life::close(write, &kept, RemovalReason::Withdrawn, now)?;
            Ok(Withdrawn::Now)
        }
    }
}

/// See [`crate::backbone::publications::Publications::advance`].
pub(super) fn advance(
    write: &mut Write<'_>,
    interaction: &InteractionId,
    revision: u64,
    now: Millis,
) -> Result<Vec<Stale>, BackboneError> {
    let stale = outdated(write.db, interaction, Some(revision))?;
    for kept in &stale {
        life::close(write, kept, RemovalReason::Stale, now)?;
    }
    conversations::raise(write.db, interaction, revision, now)?;
    let gone = stale.into_iter().map(|kept| Stale {
        card: kept.publication.id,
        client: kept.publication.client,
    });
    Ok(gone.collect())
}

/// Ends publications whose time was over before they came to an agent.
pub(super) fn run_out(
    write: &mut Write<'_>,
    now: Millis,
    limit: usize,
) -> Result<Vec<Expired>, BackboneError> {
    let mut over = Vec::new();
    for kept in publications::run_out(write.db, now, limit)? {
        let (state, reason) = match kept.state {
            State::Queued => (State::Lost, "its time was over before the platform had it"),
            State::Rendered => (State::Expired, "seen"),
            _ => (State::Expired, "unseen"),
        };
        let subject = Subject::of_kept(&kept);
        life::reached(write, &subject, state, Some(reason), now, now)?;
        let seen = kept.state == State::Rendered;
        over.push(subject.expired(state, seen));
    }
    Ok(over)
}

/// See [`crate::backbone::publications::Publications::status`].
pub(super) fn status(
    db: &Connection,
    client: &str,
    card: &CardId,
) -> Result<Option<Status>, BackboneError> {
    let Some(kept) = of_client(db, client, card)? else {
        return Ok(None);
    };
    let outcomes = outcomes::of_card(db, card, kept.publication.published_at)?;
    let acknowledged = kept
        .acknowledged_at
        .map(|at| ("acknowledged".to_owned(), at));
    Ok(Some(Status {
        publication: kept.publication,
        state: kept.state,
        outcomes,
        platform: acknowledged.into_iter().chain(kept.decision).collect(),
    }))
}
