//! What the platform says of a publication, on the socket that it was published on.

use cuecard_protocol::{CardId, Millis, RemovalReason};

use super::life::{self, Subject};
use super::publications::{self, Kept};
use super::writer::Write;
use crate::backbone::BackboneError;
use crate::backbone::publications::{Report, State};

/// See [`crate::backbone::publications::Publications::note`].
pub(super) fn note(
    write: &mut Write<'_>,
    card: &CardId,
    report: &Report,
    now: Millis,
) -> Result<bool, BackboneError> {
    let Some(kept) = publications::find(write.db, card)? else {
        return Ok(false);
    };
    match report {
        Report::Sent | Report::Known => sent(write, &kept, now),
        Report::Acknowledged => acknowledged(write, &kept, now),
        Report::Accepted => decided(write, &kept, RemovalReason::Accepted, State::Accepted, now),
        Report::Dismissed => decided(
            write,
            &kept,
            RemovalReason::Dismissed,
            State::Dismissed,
            now,
        ),
        // It has come through the platform: then a refusal is a repeat's.
        Report::Refused { .. } if kept.state >= State::Delivered => Ok(false),
        // That it was read says nothing yet; the platform may be slow to refuse.
        Report::Refused { code } => end(write, &kept, State::Refused, code, now),
        Report::Lost { .. } if kept.state > State::Queued => Ok(false),
        Report::Lost { reason } => end(write, &kept, State::Lost, reason, now),
    }
}

fn sent(write: &mut Write<'_>, kept: &Kept, now: Millis) -> Result<bool, BackboneError> {
    if kept.state != State::Queued {
        return Ok(false);
    }
    life::reached(write, &Subject::of_kept(kept), State::Sent, None, now, now)
}

fn acknowledged(write: &mut Write<'_>, kept: &Kept, now: Millis) -> Result<bool, BackboneError> {
    if kept.acknowledged_at.is_some() {
        return Ok(false);
    }
    publications::acknowledge(write.db, &kept.publication.id, now)?;
    if !kept.state.is_over() {
        life::reached(
            write,
            &Subject::of_kept(kept),
            State::Rendered,
            None,
            now,
            now,
        )?;
    }
    Ok(true)
}

/// The first decision ends the card, here or there; what comes after it only confirms.
fn decided(
    write: &mut Write<'_>,
    kept: &Kept,
    reason: RemovalReason,
    state: State,
    now: Millis,
) -> Result<bool, BackboneError> {
    if kept.decision.is_some() {
        return Ok(false);
    }
    let publication = &kept.publication;
    publications::decide(write.db, &publication.id, state, now)?;
    if !kept.state.is_over() {
        let (agent, card) = (&publication.agent, publication.id.as_str());
        if life::leave(write, agent, card, reason, None, now, now)?.is_none() {
            life::reached(write, &Subject::of_kept(kept), state, None, now, now)?;
        }
    }
    Ok(true)
}

fn end(
    write: &mut Write<'_>,
    kept: &Kept,
    state: State,
    reason: &str,
    now: Millis,
) -> Result<bool, BackboneError> {
    life::reached(
        write,
        &Subject::of_kept(kept),
        state,
        Some(reason),
        now,
        now,
    )
}
