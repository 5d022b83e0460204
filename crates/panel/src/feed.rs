//! The agent's live cards: what came, what left, what is on its way in a snapshot, and how many are not shown. Order
//! and limits are kept by `ordered`.

use std::rc::Rc;

use cuecard_protocol::{Card, CardId, Millis};

use crate::ordered::{Inserted, Kept, OrderedCards, Place};

/// The feed.
#[derive(Debug, Default)]
pub(crate) struct Feed {
    shown: Counted,
    /// The cards of a snapshot whose last part has not come.
    incoming: Option<Counted>,
    next_serial: u64,
    revision: u64,
}

/// Cards with the count of those that did not fit.
#[derive(Debug, Default)]
struct Counted {
    cards: OrderedCards,
    dropped: Dropped,
}

impl Feed {
    /// Rises with every change that can be seen.
    pub(crate) const fn revision(&self) -> u64 {
        self.revision
    }

    /// Takes a new card; nothing if its time is over already. `now` is the server's clock.
    pub(crate) fn insert(&mut self, card: Card, now: Millis) -> Option<Inserted> {
        if card.is_expired(now) {
            return None;
        }
        self.revision += 1;
        let serial = self.serial();
        let inserted = self.shown.cards.insert(card, serial, None);
        self.shown.dropped.note(inserted.evicted.as_deref(), now);
        Some(inserted)
    }

    /// Makes ready for a snapshot; the cards on show stay until it is whole.
    pub(crate) fn begin_snapshot(&mut self) {
        self.incoming = Some(Counted::default());
    }

    /// Forgets a snapshot that broke off.
    pub(crate) fn abandon_snapshot(&mut self) {
        self.incoming = None;
    }

    /// Takes a card of a snapshot.
    pub(crate) fn stage(&mut self, card: Card, now: Millis) {
        let serial = self.serial();
        if let Some(incoming) = &mut self.incoming
            && !card.is_expired(now)
        {
            let inserted = incoming.cards.insert(card, serial, Some(&self.shown.cards));
            incoming.dropped.note(inserted.evicted.as_deref(), now);
        }
    }

    /// The snapshot is whole: shows it in place of all before, and returns each card that was not there, in feed
    /// order, with the card that it replaced.
    pub(crate) fn finish_snapshot(&mut self) -> Vec<(Rc<Card>, Option<Rc<Card>>)> {
        let Some(incoming) = self.incoming.take() else {
            return Vec::new();
        };
        self.revision += 1;
        let before = std::mem::replace(&mut self.shown, incoming);
        let news = self.shown.cards.iter().map(|kept| &kept.card);
        news.filter(|card| before.cards.get(&card.id).is_none())
            .map(|card| (card.clone(), before.cards.in_slot_of(card)))
            .collect()
    }

    /// Takes a card out, with its place.
    pub(crate) fn remove(&mut self, id: &CardId) -> Option<(Place, Kept)> {
        // A snapshot on its way was read before this happened.
        if let Some(incoming) = &mut self.incoming {
            incoming.cards.remove(id);
        }
        let taken = self.shown.cards.remove(id)?;
        self.revision += 1;
        Some(taken)
    }

    /// Takes one card out whose time is over at `now` (server's clock).
    pub(crate) fn pop_expired(&mut self, now: Millis) -> Option<Kept> {
        let gone = self.shown.cards.pop_expired(now)?;
        self.revision += 1;
        Some(gone)
    }

    /// Takes the dropped cards out of the count whose time is over at `now` (server's clock).
    pub(crate) fn forget_dropped(&mut self, now: Millis) {
        self.revision += u64::from(self.shown.dropped.forget(now));
    }

    /// Forgets everything: another agent, or the log from its start.
    pub(crate) fn clear(&mut self) {
        self.shown = Counted::default();
        self.incoming = None;
        self.revision += 1;
    }

    /// A card by its id.
    pub(crate) fn get(&self, id: &CardId) -> Option<&Kept> {
        self.shown.cards.get(id)
    }

    /// Notes that a card has been on screen; returns it the first time.
    pub(crate) fn mark_seen(&mut self, id: &CardId) -> Option<Rc<Card>> {
        // It may have been copied to a snapshot on its way already.
        if let Some(incoming) = &mut self.incoming {
            incoming.cards.mark_seen(id);
        }
        self.shown.cards.mark_seen(id)
    }

    /// Notes that a snippet was copied or inserted; true the first time.
    pub(crate) fn mark_adopted(&mut self, id: &CardId, snippet_id: &str) -> bool {
        if let Some(incoming) = &mut self.incoming {
            incoming.cards.mark_adopted(id, snippet_id);
        }
        self.shown.cards.mark_adopted(id, snippet_id)
    }

    /// Whether a card waits for nobody to read the list.
    pub(crate) fn has_waiting(&self) -> bool {
        self.shown.cards.has_waiting()
    }

    /// No card waits any more.
    pub(crate) fn show_waiting(&mut self) {
        self.revision += u64::from(self.shown.cards.has_waiting());
        self.shown.cards.show_waiting();
    }

    /// The cards with their places, in order.
    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = &(Place, Kept)> {
        self.shown.cards.places()
    }

    /// How many cards were dropped because there were too many, and are still within their time.
    pub(crate) const fn hidden(&self) -> usize {
        self.shown.dropped.total
    }

    /// When something leaves by itself (server's clock).
    pub(crate) fn next_end(&self) -> Option<Millis> {
        let dropped = self.shown.dropped.next_end();
        self.shown.cards.next_end().into_iter().chain(dropped).min()
    }

    fn serial(&mut self) -> u64 {
        self.next_serial += 1;
        self.next_serial
    }
}

/// Counts cards that were dropped, until their time is over. Only the seconds are kept, so a flood of any length costs
/// at most 600 numbers; a dropped card that leaves earlier for another reason is counted until then.
#[derive(Debug, Default)]
struct Dropped {
    /// How many end in which second, in rising order.
    by_second: Vec<(u64, usize)>,
    total: usize,
}

impl Dropped {
    fn note(&mut self, card: Option<&Card>, now: Millis) {
        if let Some(card) = card {
            let end = card.expires_at.min(now.plus(Card::ALERT_LIFETIME));
            let second = end.0.div_ceil(1000);
            match self
                .by_second
                .binary_search_by_key(&second, |(second, _)| *second)
            {
                Ok(at) => self.by_second[at].1 += 1,
                Err(at) => self.by_second.insert(at, (second, 1)),
            }
            self.total += 1;
        }
    }

    fn forget(&mut self, now: Millis) -> bool {
        let is_over = |(second, _): &(u64, usize)| second.saturating_mul(1000) <= now.0;
        let over = self.by_second.partition_point(is_over);
        self.total -= self
            .by_second
            .drain(..over)
            .map(|(_, count)| count)
            .sum::<usize>();
        over > 0
    }

    fn next_end(&self) -> Option<Millis> {
        let (second, _) = self.by_second.first()?;
        Some(Millis(second.saturating_mul(1000)))
    }
}
