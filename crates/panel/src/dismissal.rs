//! Dismissals that can still be taken back. A dismissed card is not acted on for five seconds; then the dismissal is
//! final and goes to the outbox.

use std::collections::BTreeMap;

use cuecard_protocol::{CardId, Millis};

/// How long a dismissal can be taken back.
pub(crate) const UNDO_FOR: Millis = Millis::from_secs(5);

/// A dismissal within its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pending {
    /// When it becomes final (steady time).
    pub(crate) until: Millis,
    /// When the agent made it (server's clock).
    pub(crate) at: Millis,
}

/// The pending dismissals.
#[derive(Debug, Default)]
pub(crate) struct Dismissals {
    pending: BTreeMap<CardId, Pending>,
}

impl Dismissals {
    /// Takes a dismissal; false if one is pending for this card, which then keeps its time.
    pub(crate) fn add(&mut self, card_id: CardId, pending: Pending) -> bool {
        if self.pending.contains_key(&card_id) {
            return false;
        }
        self.pending.insert(card_id, pending);
        true
    }

    /// Takes a dismissal away: taken back, or overtaken by what became of the card.
    pub(crate) fn remove(&mut self, card_id: &CardId) -> Option<Pending> {
        self.pending.remove(card_id)
    }

    /// Takes one dismissal away that is final at `now`.
    pub(crate) fn pop_final(&mut self, now: Millis) -> Option<(CardId, Pending)> {
        let (card_id, _) = self
            .pending
            .iter()
            .filter(|(_, pending)| pending.until <= now)
            .min_by_key(|(_, pending)| pending.until)?;
        let card_id = card_id.clone();
        let pending = self.pending.remove(&card_id)?;
        Some((card_id, pending))
    }

    /// Until when this card's dismissal can be taken back.
    pub(crate) fn until(&self, card_id: &CardId) -> Option<Millis> {
        self.pending.get(card_id).map(|pending| pending.until)
    }

    /// All of them, by card.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&CardId, &Pending)> {
        self.pending.iter()
    }

    /// When the next one becomes final.
    pub(crate) fn deadline(&self) -> Option<Millis> {
        self.pending.values().map(|pending| pending.until).min()
    }

    /// Forgets everything: another agent.
    pub(crate) fn clear(&mut self) {
        self.pending.clear();
    }
}
