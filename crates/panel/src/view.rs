//! What the screen shows, made once for each animation frame. Cheap to make: cards are shared, not copied.

use std::rc::Rc;

use cuecard_protocol::{AgentId, Card, Millis};

/// Everything on screen.
#[derive(Debug, Clone, PartialEq)]
pub struct View {
    /// Whose panel this is, once known.
    pub agent_id: Option<AgentId>,
    /// The status line.
    pub status: Status,
    /// The feed, in order.
    pub cards: Vec<CardView>,
    /// Cards that are kept but not shown, or were dropped unseen because there were too many.
    pub hidden: usize,
    /// Server's clock minus the browser's, in milliseconds; add it to the browser's clock to age cards.
    pub clock_offset: i64,
    /// The server runs another version: offer a reload.
    pub is_outdated: bool,
}

/// One card of the feed.
#[derive(Debug, Clone, PartialEq)]
pub struct CardView {
    /// The card.
    pub card: Rc<Card>,
    /// Rises when the card at this place was replaced, so that a keyed list builds it anew.
    pub revision: u32,
    /// What is going on with it.
    pub state: CardState,
}

/// What is going on with a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CardState {
    /// On show.
    Live,
    /// Dismissed; can be taken back until then (browser's clock).
    Undoable {
        /// The end of the offer.
        until: Millis,
    },
}

/// The status line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// The first connection is being made.
    Connecting,
    /// All is well. Also for the first two seconds of an outage.
    Connected,
    /// An outage.
    Reconnecting {
        /// When the next try comes (browser's clock); none while a try runs.
        next_try_at: Option<Millis>,
    },
    /// The end, until the host or the agent does something.
    Stopped {
        /// Why, in plain words.
        reason: String,
    },
}
