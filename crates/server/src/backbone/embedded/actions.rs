//! Actions of agents: counted once, kept until the platform has confirmed them.

use cuecard_protocol::{Action, ActionId, ActionKind, AgentId, Millis, RemovalReason};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::failed;
use super::log::{self, from_json, stored, to_json};
use super::writer::Write;
use crate::backbone::{BackboneError, Recorded, Unreported};

/// See [`crate::backbone::Backbone::record`].
pub(super) fn record(
    write: &mut Write<'_>,
    agent: &AgentId,
    action: &Action,
    now: Millis,
) -> Result<Recorded, BackboneError> {
    let sql = |error| failed("record", error);
    let (id, card_id, kind) = (
        action.id.as_str(),
        action.card_id.as_str(),
        action.kind.as_str(),
    );
    let counted: bool = write
        .db
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM actions WHERE agent = ?1 AND id = ?2)
                 OR EXISTS (SELECT 1 FROM actions WHERE agent = ?1 AND card = ?3 AND kind = ?4)",
        )
        .and_then(|mut exists| {
            exists.query_row([agent.as_str(), id, card_id, kind], |row| row.get(0))
        })
        .map_err(sql)?;
    if counted {
        return Ok(Recorded::Repeat);
    }
    let known: Option<(String, bool, Option<String>)> = write
        .db
        .prepare_cached("SELECT card, live, left_by FROM cards WHERE agent = ?1 AND id = ?2")
        .and_then(|mut known| {
            let columns = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
            known
                .query_row([agent.as_str(), card_id], columns)
                .optional()
        })
        .map_err(sql)?;
    let Some((card, live, left_by)) = known else {
        return Ok(Recorded::Refused(format!(
            "card {card_id:?} is not known for this agent; expected a live card"
        )));
    };
    let decides = decides(action.kind);
    if decides.is_some() && !live {
        let left_by = left_by.unwrap_or_default();
        return Ok(Recorded::Refused(format!(
            "card {card_id:?} is no longer live ({left_by}); expected a live card"
        )));
    }
    let text = to_json(action)?;
    write
        .db
        .prepare_cached("INSERT INTO actions (agent, id, card, kind, action, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")
        .and_then(|mut insert| insert.execute(params![agent.as_str(), id, card_id, kind, text, stored(now)]))
        .map_err(sql)?;
    let removed = match decides {
        Some(reason) => log::remove(write, agent, card_id, reason, now)?.map(|(seq, _)| seq),
        None => None,
    };
    Ok(Recorded::New {
        card: from_json(&card)?,
        removed,
    })
}

/// Why a card leaves by this kind of action, if it does.
const fn decides(kind: ActionKind) -> Option<RemovalReason> {
    match kind {
        ActionKind::Rendered => None,
        ActionKind::Accepted => Some(RemovalReason::Accepted),
        ActionKind::Dismissed => Some(RemovalReason::Dismissed),
    }
}

/// See [`crate::backbone::Backbone::unreported`].
pub(super) fn unreported(db: &Connection, limit: usize) -> Result<Vec<Unreported>, BackboneError> {
    let rows: Vec<(String, String, String)> = db
        .prepare_cached(
            "SELECT actions.agent, cards.card, actions.action FROM actions
             JOIN cards ON cards.agent = actions.agent AND cards.id = actions.card
             WHERE actions.reported = 0 ORDER BY actions.n LIMIT ?1",
        )
        .and_then(|mut select| {
            let columns = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
            select
                .query_map([i64::try_from(limit).unwrap_or(i64::MAX)], columns)?
                .collect()
        })
        .map_err(|error| failed("unreported", error))?;
    let read = |(agent, card, action): (String, String, String)| {
        Ok(Unreported {
            agent: AgentId::parse(agent).map_err(|error| failed("read what was stored", error))?,
            card: from_json(&card)?,
            action: from_json(&action)?,
        })
    };
    rows.into_iter().map(read).collect()
}

/// See [`crate::backbone::Backbone::reported`].
pub(super) fn reported(
    write: &mut Write<'_>,
    agent: &AgentId,
    action: &ActionId,
) -> Result<(), BackboneError> {
    write
        .db
        .prepare_cached("UPDATE actions SET reported = 1 WHERE agent = ?1 AND id = ?2")
        .and_then(|mut update| update.execute([agent.as_str(), action.as_str()]))
        .map(|_| ())
        .map_err(|error| failed("reported", error))
}
