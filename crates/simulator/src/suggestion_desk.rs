//! Who injected which suggestion, and what the injector is told of it; pure (platform wire, sections 4.3, 14.2, 14.6
//! and 14.7).
//!
//! Connections are numbers and time is an argument; whoever drives a [`Desk`] sends what it returns. It keeps that
//! an `ack` comes before the outcome, that a suggestion has one outcome, and that what an absent client would have been
//! told waits for it. Start with [`Desk::offer`].

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use cuecard_cxone::wire::notification::OutcomeKind;
use cuecard_cxone::wire::suggestions::ServerFrame;
use cuecard_protocol::rules::suggestion::{Buffer, Offer, Refusal};
use cuecard_protocol::{CardId, InteractionId, Millis};

use crate::delivery::{ConnectionId, MAX_KEPT};

/// Frames are kept for an absent client for so long, and an outcome is taken for so long after the window's end
/// (platform wire, section 14.6).
pub const KEPT_FOR: Millis = Millis::from_secs(600);

/// An authenticated connection of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Injector {
    /// The connection; unique among all, dead ones too.
    pub connection: ConnectionId,
    /// The OAuth client id.
    pub client: String,
}

/// A frame and the connection it goes to.
#[derive(Debug, Clone, PartialEq)]
pub struct Sending {
    /// To which connection.
    pub connection: ConnectionId,
    /// What.
    pub frame: ServerFrame,
}

/// Active suggestions, their injectors, and frames kept for absent ones.
#[derive(Debug, Default)]
pub struct Desk {
    buffer: Buffer,
    undecided: BTreeMap<(InteractionId, CardId), Undecided>,
    present: BTreeMap<String, BTreeSet<ConnectionId>>,
    kept: BTreeMap<String, VecDeque<(Millis, ServerFrame)>>,
}

#[derive(Debug)]
struct Undecided {
    injector: Injector,
    sent_at: Millis,
    is_acked: bool,
    /// From then on an outcome comes too late.
    forgotten_at: Millis,
}

impl Desk {
    /// A client has authenticated: what was kept for it, to be sent right behind `auth.success`.
    pub fn connected(&mut self, injector: &Injector, now: Millis) -> Vec<ServerFrame> {
        let connections = self.present.entry(injector.client.clone()).or_default();
        connections.insert(injector.connection);
        let kept = self.kept.remove(&injector.client).unwrap_or_default();
        kept.into_iter()
            .filter(|(since, _)| now.since(*since) < KEPT_FOR)
            .map(|(_, frame)| frame)
            .collect()
    }

    /// A connection is gone, and `undelivered` was not written to it: where that goes instead, unless it is kept.
    pub fn disconnected(
        &mut self,
        injector: &Injector,
        undelivered: Vec<ServerFrame>,
        now: Millis,
    ) -> Vec<Sending> {
        if let Some(connections) = self.present.get_mut(&injector.client) {
            connections.remove(&injector.connection);
            if connections.is_empty() {
                self.present.remove(&injector.client);
            }
        }
        let frames = undelivered.into_iter();
        frames
            .filter_map(|frame| self.tell(injector, frame, now))
            .collect()
    }

    /// Takes a suggestion if it keeps the rules. `sent_at` is when its client sent it, and comes back with the `ack`.
    ///
    /// # Errors
    ///
    /// Which rule it breaks.
    pub fn offer(
        &mut self,
        injector: &Injector,
        interaction: &InteractionId,
        offer: &Offer,
        sent_at: Millis,
        now: Millis,
    ) -> Result<(), Refusal> {
        self.undecided
            .retain(|_, undecided| now < undecided.forgotten_at);
        // The platform delivers a suggestion as it was published; only its publisher adjusts the relevance.
        self.buffer.offer(interaction, offer, now)?;
        let undecided = Undecided {
            injector: injector.clone(),
            sent_at,
            is_acked: false,
            forgotten_at: offer.end.plus(KEPT_FOR),
        };
        let key = (interaction.clone(), offer.id.clone());
        self.undecided.insert(key, undecided);
        Ok(())
    }

    /// A desktop reports on a suggestion: what its injector is told now. Nothing comes of a suggestion that is unknown
    /// or decided.
    pub fn report(
        &mut self,
        kind: OutcomeKind,
        interaction: &InteractionId,
        id: &CardId,
        now: Millis,
    ) -> Vec<Sending> {
        let key = (interaction.clone(), id.clone());
        let Some(undecided) = self.undecided.get_mut(&key) else {
            return Vec::new();
        };
        let (interaction_id, suggestion_id) = (interaction.to_string(), id.to_string());
        let mut frames = Vec::new();
        if !undecided.is_acked {
            undecided.is_acked = true;
            frames.push(ServerFrame::Ack {
                interaction_id: interaction_id.clone(),
                suggestion_id: suggestion_id.clone(),
                sent_timestamp: undecided.sent_at.0.into(),
            });
        }
        let injector = undecided.injector.clone();
        match kind {
            OutcomeKind::Rendered => {}
            OutcomeKind::Accepted => frames.push(ServerFrame::Accepted {
                interaction_id,
                suggestion_id,
            }),
            OutcomeKind::Dismissed => frames.push(ServerFrame::Dismissed {
                interaction_id,
                suggestion_id,
            }),
        }
        if kind != OutcomeKind::Rendered {
            self.undecided.remove(&key);
            let is_accepted = kind == OutcomeKind::Accepted;
            self.buffer.decide(interaction, id, is_accepted, now);
        }
        let frames = frames.into_iter();
        frames
            .filter_map(|frame| self.tell(&injector, frame, now))
            .collect()
    }

    /// How many suggestions of an interaction hold a slot.
    pub fn active(&self, interaction: &InteractionId, now: Millis) -> usize {
        self.buffer.active(interaction, now)
    }

    /// To the connection it was injected on, else to the client's newest one, else kept.
    fn tell(&mut self, injector: &Injector, frame: ServerFrame, now: Millis) -> Option<Sending> {
        if let Some(connections) = self.present.get(&injector.client) {
            let own = connections.get(&injector.connection);
            let connection = *own.or_else(|| connections.last())?;
            return Some(Sending { connection, frame });
        }
        let kept = self.kept.entry(injector.client.clone()).or_default();
        kept.push_back((now, frame));
        if kept.len() > MAX_KEPT {
            kept.pop_front();
        }
        None
    }
}

#[cfg(test)]
#[path = "suggestion_desk_tests.rs"]
mod tests;
