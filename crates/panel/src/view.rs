//! What the screen shows, made once for each animation frame. Cheap to make: cards are shared, not copied.

use std::rc::Rc;

use cuecard_protocol::{ActionKind, AgentId, Card, CardId, Millis};

use crate::{Filter, Handover, Text, TypingCounts, Way};

/// Everything on screen.
#[derive(Debug, Clone, PartialEq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a thing of its own on screen, and all come together"
)]
pub struct View {
    /// Whose panel this is, once known.
    pub agent_id: Option<AgentId>,
    /// The status line.
    pub status: Status,
    /// The feed, in order.
    pub cards: Vec<CardView>,
    /// Cards that wait until the agent does not read the list any more, or asks for them.
    pub waiting: usize,
    /// Those of them that are critical alerts.
    pub waiting_critical: usize,
    /// Cards that were dropped because there were too many, and are still within their time.
    pub hidden: usize,
    /// Cards that the filter hides.
    pub filtered: usize,
    /// What the agent wants to see.
    pub filter: Filter,
    /// Whether only tasks are shown, the one that is due first on top.
    pub shows_tasks: bool,
    /// Open tasks.
    pub tasks: usize,
    /// A critical alert came while nobody looked: offer notices.
    pub has_missed: bool,
    /// The snippet that was handed over last, for a moment.
    pub handed: Option<Handed>,
    /// The snippet whose variables are asked for.
    pub asking: Option<Asking>,
    /// Whether the customer sees that the agent is typing.
    pub is_typing: bool,
    /// What typing has cost; by itself no reason to draw.
    pub typing: TypingCounts,
    /// Server's clock minus the browser's, in milliseconds; add it to the browser's clock to age cards.
    pub clock_offset: i64,
    /// The server runs another version: offer a reload.
    pub is_outdated: bool,
}

/// One card of the feed.
#[derive(Debug, Clone, PartialEq)]
pub struct CardView {
    /// The card: the same one for as long as nothing else takes its place.
    pub card: Rc<Card>,
    /// What is going on with it.
    pub state: CardState,
    /// The snippets that the agent has taken.
    pub adopted: Vec<String>,
}

/// A snippet that was handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handed {
    /// The prompt.
    pub card_id: CardId,
    /// Which of its snippets.
    pub snippet_id: String,
    /// Where it is now.
    pub outcome: Handover,
}

/// A snippet that waits for the values of its variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asking {
    /// The prompt.
    pub card_id: CardId,
    /// Which of its snippets.
    pub snippet_id: String,
    /// Where it goes then.
    pub way: Way,
    /// The names that no value is known for, in the order of the text.
    pub missing: Vec<String>,
}

/// What is going on with a card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CardState {
    /// On show.
    Live,
    /// Dismissed; can be taken back until then (browser's clock).
    Undoable {
        /// The end of the offer.
        until: Millis,
        /// The agent's words, if any.
        reason: Option<String>,
    },
    /// Decided, but not yet durable.
    Deciding {
        /// Accepted, dismissed or snoozed.
        kind: ActionKind,
    },
    /// Decided and durable; leaves in a moment.
    Decided {
        /// Accepted, dismissed or snoozed.
        kind: ActionKind,
    },
    /// Decided, but it does not count; leaves after a while.
    Refused {
        /// Accepted, dismissed or snoozed.
        kind: ActionKind,
        /// For the agent.
        why: Text,
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
        reason: Text,
    },
}
