//! Actions of agents: counted once, kept until the platform has confirmed them.

use cuecard_protocol::rules::suggestion::CLOCK_SKEW;
use cuecard_protocol::{
    Action, ActionId, ActionKind, AgentId, Card, CardBody, CardId, InteractionId, Millis,
    RemovalReason, Seq,
};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::columns::{from_json, json, most, stored, to_json, word, word_or_none};
use super::writer::Write;
use super::{failed, jobs, life};
use crate::backbone::jobs::{SNOOZE_QUEUE, Snoozed, delivery};
use crate::backbone::{BackboneError, Recorded, Unreported};

/// A card that an action is about, as its log knows it.
struct Known {
    seq: u64,
    card: String,
    is_live: bool,
    left_by: Option<RemovalReason>,
}

/// See [`crate::backbone::Backbone::record`].
pub(super) fn record(
    write: &mut Write<'_>,
    agent: &AgentId,
    action: &Action,
    now: Millis,
) -> Result<Recorded, BackboneError> {
    let card_id = action.card_id.as_str();
    let known = known(write.db, agent, card_id)?;
    let seq = known.as_ref().map(|known| known.seq);
    if is_counted(write.db, agent, action, seq)? {
        return Ok(Recorded::Repeat);
    }
    let Some(known) = known else {
        return Ok(refused(format!(
            "card {card_id:?} is not known for this agent; expected a live card"
        )));
    };
    let card: Card = from_json(&known.card)?;
    // A panel that was offline tells late of what was done with an earlier card of this id.
    if action.at.plus(CLOCK_SKEW) < card.published_at {
        return Ok(refused(format!(
            "the action is of {}, and card {card_id:?} was published at {}; expected one made after that",
            action.at, card.published_at
        )));
    }
    if action.kind == ActionKind::Adopted && !has_snippet(&card, action.snippet_id.as_deref()) {
        return Ok(refused(format!(
            "card {card_id:?} has no snippet {:?}; expected one of its own",
            action.snippet_id.as_deref().unwrap_or_default()
        )));
    }
    let decision = decision(action.kind);
    if decision.is_some() && (!known.is_live || card.is_expired(now)) {
        let left_by = known.left_by.unwrap_or(RemovalReason::Expired);
        return Ok(Recorded::Refused {
            message: format!(
                "card {card_id:?} is no longer live ({}); expected a live card",
                left_by.as_str()
            ),
            left_by: Some(left_by),
        });
    }
    let until = match snoozed_until(action, &card) {
        Ok(until) => until,
        Err(refusal) => return Ok(refused(refusal)),
    };
    // A task's card is the server's own; the platform does not know it.
    let is_reported = matches!(card.body, CardBody::Task(_));
    insert(
        write.db,
        agent,
        action,
        Some(known.seq),
        &card.interaction_id,
        is_reported,
        now,
    )?;
    if let Some(until) = until {
        come_back(write, agent, action, &card, until, now)?;
    }
    let removed = if let Some(reason) = decision {
        let (words, at) = (action.reason.as_deref(), action.at.min(now));
        life::leave(write, agent, card_id, reason, words, at, now)?.map(|(seq, _)| seq)
    } else {
        life::acted(write, agent, &card, action, now)?;
        None
    };
    Ok(Recorded::New { card, removed })
}

/// For something else than that the card has left.
const fn refused(message: String) -> Recorded {
    Recorded::Refused {
        message,
        left_by: None,
    }
}

fn has_snippet(card: &Card, id: Option<&str>) -> bool {
    match &card.body {
        CardBody::Prompt(prompt) => prompt
            .snippets
            .iter()
            .any(|one| Some(one.id.as_str()) == id),
        CardBody::Alert(_) | CardBody::Suggestion(_) | CardBody::Task(_) => false,
    }
}

/// When a card that is put off by this action comes back; none if the action is another. Or why it cannot be put off.
fn snoozed_until(action: &Action, card: &Card) -> Result<Option<Millis>, String> {
    if action.kind != ActionKind::Snoozed {
        return Ok(None);
    }
    if !matches!(card.body, CardBody::Task(_)) {
        return Err(format!(
            "card \"{}\" is of kind {}; expected a task, nothing else can be snoozed",
            card.id,
            card.kind()
        ));
    }
    match action.until {
        None => Err("until is missing; expected when the card comes back".to_owned()),
        Some(until) if until >= card.expires_at => Err(format!(
            "until is {until}; expected a time before the card expires at {}",
            card.expires_at
        )),
        until => Ok(until),
    }
}

/// Makes the job that brings a card back.
fn come_back(
    write: &mut Write<'_>,
    agent: &AgentId,
    action: &Action,
    card: &Card,
    until: Millis,
    now: Millis,
) -> Result<(), BackboneError> {
    let snoozed = Snoozed {
        agent: agent.clone(),
        card: Card {
            // Another card than this one, also for a panel whose clock is behind.
            published_at: until.max(card.published_at.plus(Millis(1))),
            ..card.clone()
        },
    };
    let parts = [&write.standing.log_id, agent.as_str(), action.id.as_str()];
    let (delivery, payload) = (delivery(&parts), to_json(&snoozed)?);
    jobs::enqueue(write, SNOOZE_QUEUE, &delivery, &payload, now, until)?;
    Ok(())
}

/// The last card under this id.
fn known(db: &Connection, agent: &AgentId, card: &str) -> Result<Option<Known>, BackboneError> {
    db.prepare_cached(
        "SELECT seq, card, live, left_by FROM cards WHERE agent = ?1 AND id = ?2 ORDER BY seq DESC LIMIT 1",
    )
    .and_then(|mut select| {
        let read = |row: &Row<'_>| {
            Ok(Known {
                seq: row.get("seq")?,
                card: row.get("card")?,
                is_live: row.get("live")?,
                left_by: word_or_none(row, "left_by")?,
            })
        };
        select.query_row([agent.as_str(), card], read).optional()
    })
    .map_err(|error| failed("record", error))
}

/// Whether this action, or the same kind of action on this card (and snippet), was counted before.
fn is_counted(
    db: &Connection,
    agent: &AgentId,
    action: &Action,
    seq: Option<u64>,
) -> Result<bool, BackboneError> {
    db.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM actions WHERE ours = 0 AND agent = ?1 AND id = ?2)
             OR EXISTS (SELECT 1 FROM actions WHERE ours = 0 AND agent = ?1 AND card = ?3 AND seq = ?4
                 AND kind = ?5 AND snippet = ?6)",
    )
    .and_then(|mut exists| {
        let key = params![
            agent.as_str(),
            action.id.as_str(),
            action.card_id.as_str(),
            seq,
            action.kind.as_str(),
            action.snippet_id.as_deref().unwrap_or_default()
        ];
        exists.query_row(key, |row| row.get(0))
    })
    .map_err(|error| failed("record", error))
}

/// Keeps an action until it is reported, and as long as its card is known; one without a place is the server's own.
fn insert(
    db: &Connection,
    agent: &AgentId,
    action: &Action,
    seq: Option<u64>,
    interaction: &InteractionId,
    is_reported: bool,
    now: Millis,
) -> Result<(), BackboneError> {
    let text = to_json(action)?;
    db.prepare_cached(
        "INSERT INTO actions (agent, id, card, seq, kind, snippet, interaction, action, at, ours, reported)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    )
    .and_then(|mut insert| {
        insert.execute(params![
            agent.as_str(),
            action.id.as_str(),
            action.card_id.as_str(),
            seq.unwrap_or(Seq::ZERO.0),
            action.kind.as_str(),
            action.snippet_id.as_deref().unwrap_or_default(),
            interaction.as_str(),
            text,
            stored(now),
            seq.is_none(),
            is_reported
        ])
    })
    .map(|_| ())
    .map_err(|error| failed("record", error))
}

/// Lets the platform know that a card is gone for `word` (a state's name), as a dismissal that nobody made: the
/// platform has no other way to free the card's place.
pub(super) fn report_gone(
    write: &mut Write<'_>,
    agent: &AgentId,
    card: &CardId,
    interaction: &InteractionId,
    word: &str,
    now: Millis,
) -> Result<(), BackboneError> {
    // Numbered like the rows themselves; what an agent's panel calls its actions does not matter here.
    let next: u64 = write
        .db
        .prepare_cached(
            "SELECT 1 + coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'actions'), 0)",
        )
        .and_then(|mut next| next.query_row([], |row| row.get(0)))
        .map_err(|error| failed("report a card gone", error))?;
    let id = ActionId::parse(format!("gone-{next}"))
        .map_err(|error| failed("report a card gone", error))?;
    let action = Action {
        id,
        card_id: card.clone(),
        kind: ActionKind::Dismissed,
        at: now,
        reason: Some(word.to_owned()),
        snippet_id: None,
        until: None,
    };
    insert(write.db, agent, &action, None, interaction, false, now)
}

/// Why a card leaves by this kind of action, if it does.
const fn decision(kind: ActionKind) -> Option<RemovalReason> {
    match kind {
        ActionKind::Rendered | ActionKind::Adopted => None,
        ActionKind::Accepted => Some(RemovalReason::Accepted),
        ActionKind::Dismissed => Some(RemovalReason::Dismissed),
        ActionKind::Snoozed => Some(RemovalReason::Snoozed),
    }
}

/// See [`crate::backbone::Backbone::unreported`].
pub(super) fn unreported(db: &Connection, limit: usize) -> Result<Vec<Unreported>, BackboneError> {
    db.prepare_cached(
        "SELECT agent, interaction, action FROM actions WHERE reported = 0 ORDER BY n LIMIT ?1",
    )
    .and_then(|mut select| {
        let read = |row: &Row<'_>| {
            Ok(Unreported {
                agent: word(row, "agent")?,
                interaction: word(row, "interaction")?,
                action: json(row, "action")?,
            })
        };
        select.query_map([most(limit)], read)?.collect()
    })
    .map_err(|error| failed("unreported", error))
}

/// See [`crate::backbone::Backbone::reported`].
pub(super) fn reported(
    write: &mut Write<'_>,
    agent: &AgentId,
    action: &ActionId,
) -> Result<(), BackboneError> {
    write
        .db
        .prepare_cached(
            "UPDATE actions SET reported = 1 WHERE agent = ?1 AND id = ?2 AND reported = 0",
        )
        .and_then(|mut update| update.execute([agent.as_str(), action.as_str()]))
        .map(|_| ())
        .map_err(|error| failed("reported", error))
}
