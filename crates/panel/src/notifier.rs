//! What the browser tells an agent who looks elsewhere, and how often: a new task, a critical alert, while the page is
//! hidden. The first at once; what comes in the next seconds is told as one. Whether the agent wants to be told, and
//! whether another tab does it, is known to the shell.

use std::rc::Rc;

use cuecard_protocol::order::Rank;
use cuecard_protocol::{Card, CardBody, CardId, Millis};

use crate::{Notice, Text, title};

/// Least time between two notices. What comes in between is told as one.
const NOTICE_EVERY: Millis = Millis::from_secs(5);

/// A card that the server took so long ago is no news: it comes with a snapshot, or after an outage.
const NEWS_FOR: Millis = Millis::from_secs(30);

/// Most cards remembered as told. A card that is still news is among the newest, so more need not be known.
const MAX_TOLD: usize = 256;

/// The tag of a notice that stands for several cards; the next such one takes its place.
const SEVERAL: &str = "cuecard";

/// The notifier.
#[derive(Debug, Default)]
pub(crate) struct Notifier {
    is_hidden: bool,
    has_missed: bool,
    /// Cards that wait to be told, oldest first.
    waiting: Vec<Rc<Card>>,
    /// Cards told, or waiting to be, by id and the time they came: one that comes back is news again.
    told: Vec<(CardId, Millis)>,
    next_from: Millis,
}

impl Notifier {
    /// The page became visible or hidden. The agent who looks again sees for themselves.
    pub(crate) fn visibility(&mut self, is_visible: bool) {
        self.is_hidden = !is_visible;
        if is_visible {
            self.forget_cards();
        }
    }

    /// A card came. `now` is the server's clock. True if a critical alert was missed for the first time.
    pub(crate) fn card(&mut self, card: &Rc<Card>, now: Millis) -> bool {
        let is_critical = Rank::of(card) == Rank::Critical;
        let is_worth_it = is_critical || matches!(card.body, CardBody::Task(_));
        if !self.is_hidden || !is_worth_it || now.since(card.received_at) > NEWS_FOR {
            return false;
        }
        let key = (card.id.clone(), card.received_at);
        if self.told.contains(&key) {
            return false;
        }
        if self.told.len() >= MAX_TOLD {
            self.told.remove(0);
        }
        self.told.push(key);
        if self.waiting.len() >= MAX_TOLD {
            self.waiting.remove(0);
        }
        self.waiting.push(card.clone());
        is_critical && !std::mem::replace(&mut self.has_missed, true)
    }

    /// Tells what may be told at `now` (steady time). A card that has left the feed by then (`is_there`) is no news.
    pub(crate) fn tick(
        &mut self,
        now: Millis,
        is_there: impl Fn(&CardId) -> bool,
    ) -> Option<Notice> {
        if now < self.next_from {
            return None;
        }
        self.waiting.retain(|card| is_there(&card.id));
        let count = self.waiting.len();
        let newest = self.waiting.pop()?;
        self.waiting.clear();
        self.next_from = now.plus(NOTICE_EVERY);
        let title = title(&newest);
        let (tag, heading, text) = match (&newest.body, count) {
            (_, 2..) => (
                SEVERAL,
                Text::counted("{0} new card|{0} new cards", count, Vec::new()),
                Text::with("Newest: {0}", vec![title]),
            ),
            (CardBody::Task(_), _) => (newest.id.as_str(), Text::plain("New task"), title),
            _ => (newest.id.as_str(), Text::plain("Critical alert"), title),
        };
        Some(Notice {
            tag: tag.to_owned(),
            heading,
            text,
            card_id: newest.id.clone(),
        })
    }

    /// When something can be told that waits (steady time).
    pub(crate) fn deadline(&self) -> Option<Millis> {
        (!self.waiting.is_empty()).then_some(self.next_from)
    }

    /// Whether a critical alert came while nobody looked.
    pub(crate) const fn has_missed(&self) -> bool {
        self.has_missed
    }

    /// What waits is not for these eyes: another agent, or they look by themselves.
    pub(crate) fn forget_cards(&mut self) {
        self.waiting.clear();
    }
}
