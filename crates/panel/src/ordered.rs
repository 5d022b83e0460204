//! Cards in feed order, found by id, slot and end of life; never more than [`MAX_CARDS`], never two of one id or slot.
//! Each operation costs a few steps in trees of at most 200 cards, whatever the size of a flood. Knows no time of its
//! own, no snapshots, no agent.

#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use cuecard_protocol::card::Slot;
use cuecard_protocol::order::Rank;
use cuecard_protocol::{Card, CardId, MAX_CARDS, Millis};

/// Where a card stands. A card that replaces another in its slot takes its place, so that nothing moves on screen; for
/// all others this is the order of [`cuecard_protocol::order::feed_order`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    rank: Reverse<Rank>,
    received_at: Reverse<Millis>,
    id: CardId,
    /// Tells places apart that were made for the same id at different times.
    serial: u64,
}

/// A card that is kept.
#[derive(Debug, Clone)]
pub(crate) struct Kept {
    pub(crate) card: Rc<Card>,
    pub(crate) revision: u32,
    /// Whether it has been on screen.
    pub(crate) is_seen: bool,
}

/// What an insertion did.
#[derive(Debug, PartialEq)]
pub(crate) struct Inserted {
    /// The new card as it is kept now; none if it would have been the one too many.
    pub(crate) card: Option<Rc<Card>>,
    /// The card it took the place of.
    pub(crate) replaced: Option<Rc<Card>>,
    /// The card that was one too many.
    pub(crate) evicted: Option<Rc<Card>>,
}

/// The ordered cards.
#[derive(Debug, Default)]
pub(crate) struct OrderedCards {
    cards: BTreeMap<Rc<Place>, Kept>,
    by_id: BTreeMap<CardId, Rc<Place>>,
    by_slot: BTreeMap<Slot, Rc<Place>>,
    by_end: BTreeSet<(Millis, Rc<Place>)>,
}

impl OrderedCards {
    /// Puts a card into its place: that of the card in its slot or with its id, else a new one named by `serial`.
    /// `before` are the cards that this set will take over from; places are inherited from there.
    pub(crate) fn insert(
        &mut self,
        card: Card,
        serial: u64,
        before: Option<&OrderedCards>,
    ) -> Inserted {
        let rank = Reverse(Rank::of(&card));
        let slot = card.slot();
        let same_id = self.remove_with_place(&card.id);
        let same_slot = slot
            .as_ref()
            .and_then(|slot| self.by_slot.get(slot).cloned())
            .and_then(|place| self.take(&place));
        let replaced = same_slot.or(same_id);

        let inherited = match &replaced {
            Some((place, kept)) => Some((place.clone(), kept.clone())),
            None => before.and_then(|before| before.find(&card.id, slot.as_ref())),
        };
        let inherited =
            inherited.filter(|(place, _)| place.rank == rank && !self.cards.contains_key(place));
        let (place, kept) = match inherited {
            Some((place, kept)) if *kept.card == card => (place, kept),
            Some((place, kept)) => {
                let is_seen = kept.is_seen && kept.card.id == card.id;
                let revision = kept.revision.wrapping_add(1);
                (place, kept_anew(card, revision, is_seen))
            }
            None => {
                let place = Rc::new(Place {
                    rank,
                    received_at: Reverse(card.received_at),
                    id: card.id.clone(),
                    serial,
                });
                (place, kept_anew(card, 0, false))
            }
        };

        let card = kept.card.clone();
        self.by_id.insert(card.id.clone(), place.clone());
        self.by_end.insert((card.expires_at, place.clone()));
        if let Some(slot) = slot {
            self.by_slot.insert(slot, place.clone());
        }
        self.cards.insert(place, kept);
        let evicted = self.evict();
        Inserted {
            card: (!evicted.as_ref().is_some_and(|gone| Rc::ptr_eq(gone, &card))).then_some(card),
            replaced: replaced.map(|(_, kept)| kept.card),
            evicted,
        }
    }

    /// Takes a card out.
    pub(crate) fn remove(&mut self, id: &CardId) -> Option<Rc<Card>> {
        self.remove_with_place(id).map(|(_, kept)| kept.card)
    }

    /// Takes one card out whose time is over at `now` (server's clock).
    pub(crate) fn pop_expired(&mut self, now: Millis) -> Option<Rc<Card>> {
        let (end, place) = self.by_end.first()?;
        if *end > now {
            return None;
        }
        let place = place.clone();
        self.take(&place).map(|(_, kept)| kept.card)
    }

    /// When the next card's time is over (server's clock).
    pub(crate) fn next_end(&self) -> Option<Millis> {
        self.by_end.first().map(|(end, _)| *end)
    }

    /// A card by its id.
    pub(crate) fn get(&self, id: &CardId) -> Option<&Kept> {
        self.cards.get(self.by_id.get(id)?)
    }

    /// The card in the slot that `card` would take.
    pub(crate) fn in_slot_of(&self, card: &Card) -> Option<Rc<Card>> {
        let place = self.by_slot.get(&card.slot()?)?;
        Some(self.cards.get(place)?.card.clone())
    }

    /// Notes that a card has been on screen; true the first time.
    pub(crate) fn mark_seen(&mut self, id: &CardId) -> bool {
        let kept = self
            .by_id
            .get(id)
            .and_then(|place| self.cards.get_mut(place));
        kept.is_some_and(|kept| !std::mem::replace(&mut kept.is_seen, true))
    }

    /// All cards, in feed order.
    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = &Kept> {
        self.cards.values()
    }

    fn find(&self, id: &CardId, slot: Option<&Slot>) -> Option<(Rc<Place>, Kept)> {
        let place = self
            .by_id
            .get(id)
            .or_else(|| self.by_slot.get(slot?))?
            .clone();
        let kept = self.cards.get(&place)?.clone();
        Some((place, kept))
    }

    /// The last in order leaves when there is one too many: the oldest of the lowest rank.
    fn evict(&mut self) -> Option<Rc<Card>> {
        if self.cards.len() <= MAX_CARDS {
            return None;
        }
        let (place, _) = self.cards.last_key_value()?;
        let place = place.clone();
        self.take(&place).map(|(_, kept)| kept.card)
    }

    fn remove_with_place(&mut self, id: &CardId) -> Option<(Rc<Place>, Kept)> {
        let place = self.by_id.get(id)?.clone();
        self.take(&place)
    }

    fn take(&mut self, place: &Rc<Place>) -> Option<(Rc<Place>, Kept)> {
        let kept = self.cards.remove(place)?;
        self.by_id.remove(&kept.card.id);
        self.by_end.remove(&(kept.card.expires_at, place.clone()));
        if let Some(slot) = kept.card.slot() {
            self.by_slot.remove(&slot);
        }
        Some((place.clone(), kept))
    }
}

fn kept_anew(card: Card, revision: u32, is_seen: bool) -> Kept {
    Kept {
        card: Rc::new(card),
        revision,
        is_seen,
    }
}
