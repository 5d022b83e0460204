//! Decisions that were made: the rows that stand where their cards stood, until each is known to be durable or refused.
//! The action itself waits in the outbox.

use std::rc::Rc;

use cuecard_protocol::{ActionKind, Card, CardBody, CardId, Millis};

use crate::ordered::Place;
use crate::{CardState, Text};

/// How long "Accepted" stays once it is durable.
const CONFIRMED_FOR: Millis = Millis(1_200);

/// How long a refusal stays.
const REFUSED_FOR: Millis = Millis::from_secs(6);

/// Most rows; during a long outage the oldest leave, their actions stay in the outbox.
const MAX_ROWS: usize = 50;

/// A decision that has a row.
#[derive(Debug)]
pub(crate) struct Decision {
    pub(crate) place: Place,
    pub(crate) card: Rc<Card>,
    kind: ActionKind,
    phase: Phase,
}

#[derive(Debug)]
enum Phase {
    /// Not yet acknowledged.
    Unsaved,
    /// Durable; the row leaves then (steady time).
    Saved { until: Millis },
    /// Did not count; the row leaves then (steady time).
    Refused { why: Text, until: Millis },
}

/// The decisions, in the order in which they were made.
#[derive(Debug, Default)]
pub(crate) struct Decisions {
    made: Vec<Decision>,
}

impl Decision {
    /// What its row shows.
    pub(crate) fn state(&self) -> CardState {
        let kind = self.kind;
        match &self.phase {
            Phase::Unsaved => CardState::Deciding { kind },
            Phase::Saved { .. } => CardState::Decided { kind },
            Phase::Refused { why, .. } => CardState::Refused {
                kind,
                why: why.clone(),
            },
        }
    }

    const fn until(&self) -> Option<Millis> {
        match self.phase {
            Phase::Unsaved => None,
            Phase::Saved { until } | Phase::Refused { until, .. } => Some(until),
        }
    }
}

impl Decisions {
    /// A card was decided; it stood at `place`.
    pub(crate) fn add(&mut self, place: Place, card: Rc<Card>, kind: ActionKind) {
        if self.made.len() >= MAX_ROWS {
            self.made.remove(0);
        }
        self.made.push(Decision {
            place,
            card,
            kind,
            phase: Phase::Unsaved,
        });
    }

    /// The decision is durable. A dismissal was confirmed while it could be undone, so its row leaves at once.
    pub(crate) fn saved(&mut self, card_id: &CardId, kind: ActionKind, now: Millis) -> bool {
        if kind == ActionKind::Dismissed {
            return self.remove(card_id);
        }
        let until = now.plus(CONFIRMED_FOR);
        self.turn(card_id, Phase::Saved { until }).is_some()
    }

    /// The decision does not count; returns the card of its row.
    pub(crate) fn refused(&mut self, card_id: &CardId, why: Text, now: Millis) -> Option<Rc<Card>> {
        let until = now.plus(REFUSED_FOR);
        self.turn(card_id, Phase::Refused { why, until })
    }

    /// Takes the row of a card away; true if there was one.
    pub(crate) fn remove(&mut self, card_id: &CardId) -> bool {
        self.keep(|decision| decision.card.id != *card_id)
    }

    /// Takes the rows away whose time is over at `now`; true if there was one.
    pub(crate) fn tick(&mut self, now: Millis) -> bool {
        self.keep(|decision| decision.until().is_none_or(|until| now < until))
    }

    /// Whether the row of a card is that of a task.
    pub(crate) fn is_of_task(&self, card_id: &CardId) -> bool {
        let mut made = self.made.iter();
        made.find(|decision| decision.card.id == *card_id)
            .is_some_and(|decision| matches!(decision.card.body, CardBody::Task(_)))
    }

    /// When the next row leaves (steady time).
    pub(crate) fn deadline(&self) -> Option<Millis> {
        self.made.iter().filter_map(Decision::until).min()
    }

    /// All of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Decision> {
        self.made.iter()
    }

    /// Forgets everything: another agent.
    pub(crate) fn clear(&mut self) {
        self.made.clear();
    }

    fn turn(&mut self, card_id: &CardId, phase: Phase) -> Option<Rc<Card>> {
        let mut made = self.made.iter_mut();
        let decision = made.find(|decision| decision.card.id == *card_id)?;
        decision.phase = phase;
        Some(decision.card.clone())
    }

    fn keep(&mut self, is_kept: impl FnMut(&Decision) -> bool) -> bool {
        let before = self.made.len();
        self.made.retain(is_kept);
        self.made.len() < before
    }
}
