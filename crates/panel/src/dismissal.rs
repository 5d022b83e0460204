//! Dismissals that can still be taken back. A dismissed card is not acted on for five seconds; then the dismissal is
//! final and goes to the outbox.

use cuecard_protocol::{CardId, Millis};

/// How long a dismissal can be taken back.
pub(crate) const UNDO_FOR: Millis = Millis::from_secs(5);

/// A dismissal within its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pending {
    /// When it becomes final (steady time).
    pub(crate) until: Millis,
    /// When the agent made it (server's clock).
    pub(crate) at: Millis,
    /// The agent's words, if any.
    pub(crate) reason: Option<String>,
}

/// The pending dismissals, in the order in which they were made.
#[derive(Debug, Default)]
pub(crate) struct Dismissals {
    pending: Vec<(CardId, Pending)>,
}

impl Dismissals {
    /// Takes a dismissal; false if it says nothing new: one is pending for this card, and it has this reason or the
    /// new one has none. A reason gives the pending one its time anew, so that there is time to write it.
    pub(crate) fn add(&mut self, card_id: CardId, pending: Pending) -> bool {
        let known = self.pending.iter_mut().find(|(id, _)| *id == card_id);
        match known {
            Some((_, known)) if pending.reason.is_none() || known.reason == pending.reason => {
                return false;
            }
            Some((_, known)) => {
                known.reason = pending.reason;
                known.until = pending.until;
            }
            None => self.pending.push((card_id, pending)),
        }
        true
    }

    /// Takes a dismissal away: taken back, or overtaken by what became of the card.
    pub(crate) fn remove(&mut self, card_id: &CardId) -> Option<Pending> {
        let at = self.pending.iter().position(|(id, _)| id == card_id)?;
        Some(self.pending.remove(at).1)
    }

    /// Takes one dismissal away that is final at `now`, the earliest first.
    pub(crate) fn pop_final(&mut self, now: Millis) -> Option<(CardId, Pending)> {
        let pending = self.pending.iter().enumerate();
        let (at, _) = pending
            .filter(|(_, (_, pending))| pending.until <= now)
            .min_by_key(|(_, (_, pending))| pending.until)?;
        Some(self.pending.remove(at))
    }

    /// This card's dismissal, while it can be taken back.
    pub(crate) fn get(&self, card_id: &CardId) -> Option<&Pending> {
        let mut pending = self.pending.iter();
        pending
            .find(|(id, _)| id == card_id)
            .map(|(_, pending)| pending)
    }

    /// All of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &(CardId, Pending)> {
        self.pending.iter()
    }

    /// When the next one becomes final.
    pub(crate) fn deadline(&self) -> Option<Millis> {
        self.pending.iter().map(|(_, pending)| pending.until).min()
    }

    /// Forgets everything: another agent.
    pub(crate) fn clear(&mut self) {
        self.pending.clear();
    }
}
