//! The order of cards in the feed.

use std::cmp::{Ordering, Reverse};

use crate::{AlertLevel, Card, CardBody};

/// How high a card stands, before its age: pinned prompts, then critical, high, the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// Everything without a level.
    Rest,
    /// An alert of level high.
    High,
    /// An alert of level critical.
    Critical,
    /// A prompt that overrides everything else.
    Pinned,
}

impl Rank {
    /// The rank of a card.
    pub const fn of(card: &Card) -> Self {
        match &card.body {
            CardBody::Alert(alert) => match alert.level {
                AlertLevel::Critical => Self::Critical,
                AlertLevel::High => Self::High,
            },
            CardBody::Prompt(prompt) if prompt.is_pinned => Self::Pinned,
            CardBody::Suggestion(_) | CardBody::Prompt(_) | CardBody::Task(_) => Self::Rest,
        }
    }
}

/// Highest rank first; within a rank the newest first; then by id, so that the order is total.
pub fn feed_order(a: &Card, b: &Card) -> Ordering {
    let key = |card: &Card| (Reverse(Rank::of(card)), Reverse(card.received_at));
    key(a).cmp(&key(b)).then_with(|| a.id.cmp(&b.id))
}
