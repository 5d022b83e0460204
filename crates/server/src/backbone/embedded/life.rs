//! What becomes of a card, for those who want to know: the publication it came from, the list of outcomes, the platform.
//!
//! Every way in which a card moves on goes through here, so that each step is noted once, whoever tells of it first.

use cuecard_protocol::{
    Action, ActionKind, AgentId, Card, CardId, InteractionId, Millis, RemovalReason, Seq,
};

use super::outcomes::{self, Fact};
use super::publications::{self, Kept};
use super::writer::Write;
use super::{actions, conversations, log};
use crate::backbone::publications::{Kind, State};
use crate::backbone::{BackboneError, Expired};

/// The card of an account. Its id and the time it was published are one card, whatever else has that id later.
pub(super) struct Subject {
    pub card: CardId,
    pub kind: Kind,
    pub agent: AgentId,
    pub interaction: InteractionId,
    pub published_at: Millis,
    /// Who posted it; none if it came from elsewhere.
    pub client: Option<String>,
}

impl Subject {
    /// A card of a log.
    pub fn of_card(write: &Write<'_>, agent: &AgentId, card: &Card) -> Result<Self, BackboneError> {
        let kept = publications::of_card(write.db, card)?;
        let (published_at, client) = match kept {
            Some(kept) => (kept.publication.published_at, Some(kept.publication.client)),
            None => (card.published_at, None),
        };
        Ok(Self {
            card: card.id.clone(),
            kind: Kind::of(&card.body),
            agent: agent.clone(),
            interaction: card.interaction_id.clone(),
            published_at,
            client,
        })
    }

    /// How its time ended it.
    pub fn expired(self, state: State, seen: bool) -> Expired {
        Expired {
            agent: self.agent,
            card: self.card,
            interaction: self.interaction,
            kind: self.kind,
            state,
            seen,
            client: self.client,
        }
    }

    /// A card that was posted here.
    pub fn of_kept(kept: &Kept) -> Self {
        let publication = &kept.publication;
        Self {
            card: publication.id.clone(),
            kind: publication.kind,
            agent: publication.agent.clone(),
            interaction: publication.interaction.clone(),
            published_at: publication.published_at,
            client: Some(publication.client.clone()),
        }
    }
}

/// A card reached this state: its publication goes there, if it is not beyond, and the outcome is noted.
pub(super) fn reached(
    write: &mut Write<'_>,
    subject: &Subject,
    state: State,
    reason: Option<&str>,
    at: Millis,
    now: Millis,
) -> Result<bool, BackboneError> {
    if subject.client.is_some() {
        publications::progress(write.db, subject, state, now)?;
    }
    let fact = Fact {
        outcome: state.as_str(),
        is_end: state.is_over(),
        reason,
        snippet: None,
        at,
    };
    outcomes::add(write, subject, &fact, now)
}

/// A card is in the agent's log now.
pub(super) fn came(
    write: &mut Write<'_>,
    agent: &AgentId,
    card: &Card,
    now: Millis,
) -> Result<(), BackboneError> {
    let subject = Subject::of_card(write, agent, card)?;
    // A suggestion does not name its agent on the wire, and of a task the conversation is over. What was posted here
    // says no more than its post did.
    if matches!(subject.kind, Kind::Alert | Kind::Prompt) && subject.client.is_none() {
        conversations::learn(write.db, &card.interaction_id, agent, now)?;
    }
    let posted = match subject.client {
        Some(_) => publications::of_card(write.db, card)?,
        None => None,
    };
    if posted.is_some_and(|kept| kept.state == State::Queued) {
        // What comes was sent, even if the socket that sent it has not said so yet.
        reached(write, &subject, State::Sent, None, now, now)?;
    }
    reached(write, &subject, State::Delivered, None, now, now)?;
    Ok(())
}

/// Whether a card that comes now was posted here and is over. The platform is told, because it keeps a place for it.
pub(super) fn over_before_it_came(
    write: &mut Write<'_>,
    agent: &AgentId,
    card: &Card,
    now: Millis,
) -> Result<Option<State>, BackboneError> {
    let Some(kept) = publications::of_card(write.db, card)? else {
        return Ok(None);
    };
    if !kept.state.is_over() {
        return Ok(None);
    }
    // What was decided elsewhere the platform knows from there.
    if !matches!(kept.state, State::Accepted | State::Dismissed) {
        let (interaction, word) = (&card.interaction_id, kept.state.as_str());
        actions::report_gone(write, agent, &card.id, interaction, word, now)?;
    }
    Ok(Some(kept.state))
}

/// Takes a card out of the agent's log, if it is live there, and notes how it ended.
pub(super) fn leave(
    write: &mut Write<'_>,
    agent: &AgentId,
    card: &str,
    reason: RemovalReason,
    words: Option<&str>,
    at: Millis,
    now: Millis,
) -> Result<Option<(Seq, Card)>, BackboneError> {
    let removed = log::remove(write, agent, card, reason, now)?;
    if let Some((_, card)) = &removed {
        left(write, agent, card, ended(reason), words, at, now)?;
    }
    Ok(removed)
}

/// Notes how a card that is no longer live ended.
pub(super) fn left(
    write: &mut Write<'_>,
    agent: &AgentId,
    card: &Card,
    state: State,
    words: Option<&str>,
    at: Millis,
    now: Millis,
) -> Result<(), BackboneError> {
    let subject = Subject::of_card(write, agent, card)?;
    reached(write, &subject, state, words, at, now)?;
    Ok(())
}

/// An agent's action counts: what it means for the card that is live, or was.
pub(super) fn acted(
    write: &mut Write<'_>,
    agent: &AgentId,
    card: &Card,
    action: &Action,
    now: Millis,
) -> Result<(), BackboneError> {
    let subject = Subject::of_card(write, agent, card)?;
    // The panel's clock is only nearly ours.
    let at = action.at.min(now);
    match action.kind {
        ActionKind::Rendered => {
            reached(write, &subject, State::Rendered, None, at, now)?;
        }
        ActionKind::Adopted => {
            let fact = Fact {
                outcome: action.kind.as_str(),
                is_end: false,
                reason: None,
                snippet: action.snippet_id.as_deref(),
                at,
            };
            outcomes::add(write, &subject, &fact, now)?;
        }
        ActionKind::Accepted | ActionKind::Dismissed | ActionKind::Snoozed => {}
    }
    Ok(())
}

/// Ends a publication for a reason of its publisher's: out of the log, noted, and the platform told, which may have
/// it and keep a place for it.
pub(super) fn close(
    write: &mut Write<'_>,
    kept: &Kept,
    reason: RemovalReason,
    now: Millis,
) -> Result<(), BackboneError> {
    let publication = &kept.publication;
    let (agent, card) = (&publication.agent, &publication.id);
    log::remove(write, agent, card.as_str(), reason, now)?;
    let subject = Subject::of_kept(kept);
    reached(write, &subject, ended(reason), None, now, now)?;
    let word = reason.as_str();
    actions::report_gone(write, agent, card, &publication.interaction, word, now)
}

/// The state of a card that left for this reason.
const fn ended(reason: RemovalReason) -> State {
    match reason {
        RemovalReason::Accepted => State::Accepted,
        RemovalReason::Dismissed => State::Dismissed,
        RemovalReason::Expired => State::Expired,
        RemovalReason::Withdrawn => State::Withdrawn,
        RemovalReason::Superseded => State::Superseded,
        RemovalReason::Stale => State::Stale,
        RemovalReason::Snoozed => State::Snoozed,
    }
}
