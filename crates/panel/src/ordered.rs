//! Cards in feed order, found by id, slot and end of life; never more than [`MAX_CARDS`], never two of one id or slot.
//! Each operation is a walk along at most 200 cards, whatever the size of a flood. Knows no time of its own, no
//! snapshots, no agent.

#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::rc::Rc;

use cuecard_protocol::order::Rank;
use cuecard_protocol::{Card, CardId, MAX_CARDS, Millis};

/// Where a card stands. A card that replaces another in its slot takes its place, so that nothing moves on screen; for
/// all others this is the order of [`cuecard_protocol::order::feed_order`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    rank: Reverse<Rank>,
    received_at: Reverse<Millis>,
    id: CardId,
    /// Tells places apart that were made for the same id at different times.
    serial: u64,
}

/// A card that is kept.
#[derive(Debug, Clone)]
pub(crate) struct Kept {
    /// Stays the same one where an equal card comes again: whoever draws it goes by that.
    pub(crate) card: Rc<Card>,
    /// Whether it waits until nobody reads the list; a card that comes for one on show does not.
    pub(crate) is_waiting: bool,
    /// Whether it has been on screen.
    pub(crate) is_seen: bool,
    /// The snippets that were copied or inserted.
    pub(crate) adopted: Vec<String>,
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

/// The ordered cards. A plain list: with at most 200 cards a walk costs less than the upkeep of an index, and the page
/// that has to load it stays small.
#[derive(Debug, Default)]
pub(crate) struct OrderedCards {
    cards: Vec<(Place, Kept)>,
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
        let same_id = self.take(self.at_id(&card.id));
        let same_slot = self.take(self.at_slot_of(&card));
        let is_shown = |(_, kept): &(Place, Kept)| !kept.is_waiting;
        let is_id_shown = same_id.as_ref().is_some_and(is_shown);
        let replaced = same_slot.or(same_id);

        let earlier = replaced
            .clone()
            .or_else(|| before.and_then(|before| before.find(&card)));
        let is_waiting = !is_id_shown && !earlier.as_ref().is_some_and(is_shown);
        let inherited =
            earlier.filter(|(place, _)| place.rank == rank && self.search(place).is_err());
        let (place, kept) = match inherited {
            Some((place, kept)) if *kept.card == card => (place, kept),
            Some((place, kept)) => {
                let is_seen = kept.is_seen && kept.card.id == card.id;
                (place, kept_anew(card, is_waiting, is_seen))
            }
            None => {
                let place = Place {
                    rank,
                    received_at: Reverse(card.received_at),
                    id: card.id.clone(),
                    serial,
                };
                (place, kept_anew(card, is_waiting, false))
            }
        };

        let card = kept.card.clone();
        let at = self.search(&place).unwrap_or_else(|at| at);
        self.cards.insert(at, (place, kept));
        let evicted = self.evict();
        Inserted {
            card: (!evicted.as_ref().is_some_and(|gone| Rc::ptr_eq(gone, &card))).then_some(card),
            replaced: replaced.map(|(_, kept)| kept.card),
            evicted,
        }
    }

    /// Takes a card out, with its place.
    pub(crate) fn remove(&mut self, id: &CardId) -> Option<(Place, Kept)> {
        self.take(self.at_id(id))
    }

    /// Takes one card out whose time is over at `now` (server's clock), the one that ended first.
    pub(crate) fn pop_expired(&mut self, now: Millis) -> Option<Kept> {
        let ended = self.cards.iter().enumerate();
        let (at, _) = ended
            .filter(|(_, (_, kept))| kept.card.is_expired(now))
            .min_by_key(|(_, (_, kept))| kept.card.expires_at)?;
        self.take(Some(at)).map(|(_, kept)| kept)
    }

    /// When the next card's time is over (server's clock).
    pub(crate) fn next_end(&self) -> Option<Millis> {
        self.iter().map(|kept| kept.card.expires_at).min()
    }

    /// A card by its id.
    pub(crate) fn get(&self, id: &CardId) -> Option<&Kept> {
        self.at_id(id).map(|at| &self.cards[at].1)
    }

    /// The card in the slot that `card` would take.
    pub(crate) fn in_slot_of(&self, card: &Card) -> Option<Rc<Card>> {
        self.at_slot_of(card)
            .map(|at| self.cards[at].1.card.clone())
    }

    /// Notes that a card has been on screen; returns it the first time.
    pub(crate) fn mark_seen(&mut self, id: &CardId) -> Option<Rc<Card>> {
        let at = self.at_id(id)?;
        let kept = &mut self.cards[at].1;
        (!std::mem::replace(&mut kept.is_seen, true)).then(|| kept.card.clone())
    }

    /// Notes that a snippet was copied or inserted; true the first time.
    pub(crate) fn mark_adopted(&mut self, id: &CardId, snippet_id: &str) -> bool {
        let Some(at) = self.at_id(id) else {
            return false;
        };
        let adopted = &mut self.cards[at].1.adopted;
        let is_new = !adopted.iter().any(|known| known == snippet_id);
        if is_new {
            adopted.push(snippet_id.to_owned());
        }
        is_new
    }

    /// Whether a card waits.
    pub(crate) fn has_waiting(&self) -> bool {
        self.iter().any(|kept| kept.is_waiting)
    }

    /// No card waits any more.
    pub(crate) fn show_waiting(&mut self) {
        for (_, kept) in &mut self.cards {
            kept.is_waiting = false;
        }
    }

    /// All cards, in feed order.
    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = &Kept> {
        self.cards.iter().map(|(_, kept)| kept)
    }

    /// All cards with their places, in feed order.
    pub(crate) fn places(&self) -> impl ExactSizeIterator<Item = &(Place, Kept)> {
        self.cards.iter()
    }

    fn search(&self, place: &Place) -> Result<usize, usize> {
        self.cards.binary_search_by(|(other, _)| other.cmp(place))
    }

    fn at_id(&self, id: &CardId) -> Option<usize> {
        self.iter().position(|kept| kept.card.id == *id)
    }

    fn at_slot_of(&self, card: &Card) -> Option<usize> {
        self.iter()
            .position(|kept| kept.card.shares_slot_with(card))
    }

    /// The card with this one's id, else the one in its slot.
    fn find(&self, card: &Card) -> Option<(Place, Kept)> {
        let at = self.at_id(&card.id).or_else(|| self.at_slot_of(card))?;
        Some(self.cards[at].clone())
    }

    /// The last in order leaves when there is one too many: the oldest of the lowest rank.
    fn evict(&mut self) -> Option<Rc<Card>> {
        let last = (self.cards.len() > MAX_CARDS).then(|| self.cards.pop())?;
        last.map(|(_, kept)| kept.card)
    }

    fn take(&mut self, at: Option<usize>) -> Option<(Place, Kept)> {
        at.map(|at| self.cards.remove(at))
    }
}

fn kept_anew(card: Card, is_waiting: bool, is_seen: bool) -> Kept {
    Kept {
        card: Rc::new(card),
        is_waiting,
        is_seen,
        adopted: Vec::new(),
    }
}
