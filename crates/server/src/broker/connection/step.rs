//! What happens to a connection, and what it wants done. The gateway has an arm for each.

use cuecard_protocol::{Action, ActionId, CloseCode, LiveCard, Millis, Seq, ServerMessage};

use crate::backbone::{Reading, Recorded};

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// A text message came.
    Message(String),
    /// Something came that is no text message of a permitted size; the words say what.
    Unreadable(String),
    /// A WebSocket ping or pong came: somebody is there.
    Heard,
    /// Whether the agent types with this panel, as far as the broker knows.
    Typing(bool),
    /// The agent's log has grown.
    LogGrew,
    /// The answer to [`Output::Join`].
    Joined {
        /// The last place of the log, read before the entries.
        head: Seq,
        /// The first entries behind the panel's place.
        reading: Reading,
    },
    /// The answer to [`Output::Read`].
    Read(Reading),
    /// The answer to [`Output::TakeSnapshot`].
    Snapshot {
        /// The place the cards belong to.
        head: Seq,
        /// The live cards, oldest first.
        cards: Vec<LiveCard>,
    },
    /// The answer to [`Output::Record`].
    Recorded {
        /// Which action.
        id: ActionId,
        /// What became of it.
        recorded: Recorded,
    },
    /// The store could not answer.
    StoreFailed {
        /// What `bye` asks the panel to wait.
        retry_after_ms: u64,
    },
    /// The deadline has come.
    DeadlineReached,
    /// A message could not be written in time.
    Stalled,
    /// Somebody ended the session.
    SessionEnded,
    /// The server is going away.
    Draining {
        /// What `bye` asks the panel to wait; spread, so that not all come back at once.
        retry_after_ms: u64,
    },
}

/// What to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// Send this.
    Send(ServerMessage),
    /// Read the head of the log, then the first part behind `after`.
    Join {
        /// The panel's place.
        after: Seq,
    },
    /// Read the next part.
    Read {
        /// The last entry that was sent.
        after: Seq,
    },
    /// Read the live cards.
    TakeSnapshot,
    /// Make the action durable. Nothing else is taken from the socket until that is done, so actions keep their order.
    Record(Action),
    /// Send a WebSocket ping.
    Probe,
    /// Nothing has come for so long while the agent types: for the indicator, this panel is gone since then.
    Silent(Millis),
    /// Something came after all: for the indicator, this panel is there again.
    Back,
    /// Count what was ignored or refused, by its reason.
    Count(&'static str),
    /// Close with this code and reason. Nothing follows.
    Close(CloseCode, String),
    /// Let go without a word: nobody is there.
    Drop,
}
