//! Whether the agent reads the list right now: while they do, cards that come wait, so that nothing moves under the eyes
//! or the mouse. Which cards wait is noted with the cards, in `ordered`.

use cuecard_protocol::Millis;

use crate::{Effect, Panel};

/// So long after the last sign of an agent nobody reads: a mouse that was left lying in the list must not hold a critical
/// alert back for ever.
const IDLE_AFTER: Millis = Millis::from_secs(30);

/// So long an empty list fills without waiting: what a panel is sent when it begins is one arrival.
const FILLS_FOR: Millis = Millis::from_secs(1);

/// The reader (steady time).
#[derive(Debug, Default)]
pub(crate) struct Reading {
    /// Until when the agent reads without another sign of them.
    until: Option<Millis>,
    /// Until when a list fills that was empty.
    fills_until: Millis,
}

impl Reading {
    /// The agent moved or pressed something in the list, or has left it.
    pub(crate) fn sign(&mut self, reads: bool, now: Millis) {
        self.until = reads.then(|| now.plus(IDLE_AFTER));
    }

    fn is_on(&self, now: Millis) -> bool {
        self.until.is_some_and(|until| now < until) && self.fills_until <= now
    }
}

impl Panel {
    /// Shows what waits when nobody reads, or when there is nothing else to read.
    pub(crate) fn show_unread(&mut self, now: Millis) {
        if !self.feed.has_waiting() {
            return;
        }
        if self.reading.is_on(now) && self.rows().cards.is_empty() {
            self.reading.fills_until = now.plus(FILLS_FOR);
        }
        if !self.reading.is_on(now) {
            self.feed.show_waiting();
        }
    }

    /// The agent wants to see what waits: the first of it gets the keyboard.
    pub(crate) fn show_new(&mut self, effects: &mut Vec<Effect>) {
        let waiting = self.rows().waiting;
        self.feed.show_waiting();
        effects.extend(waiting.first().map(|card| Effect::Focus(card.id.clone())));
    }

    /// When what waits is shown at the latest (steady time).
    pub(crate) fn shows_new_at(&self) -> Option<Millis> {
        self.reading.until.filter(|_| self.feed.has_waiting())
    }
}
