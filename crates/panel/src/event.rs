//! What happens to the panel.

use cuecard_protocol::json::Tree;
use cuecard_protocol::session::{SessionInfo, TicketInfo};
use cuecard_protocol::{CardId, InteractionId, Millis};

use crate::{Filter, Stored, Text};

/// Everything the shell tells the panel. Times are the browser's clock, in milliseconds since the epoch.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The element is on a page: begin. Comes first, once.
    Started {
        /// What an earlier life of this panel left behind.
        stored: Option<Stored>,
    },
    /// `POST /api/session` succeeded.
    SessionOpened(SessionInfo),
    /// `POST /api/session` did not, or the host gave no assertion.
    SessionFailed(Failure),
    /// `POST /api/ticket` succeeded.
    TicketIssued(TicketInfo),
    /// `POST /api/ticket` did not.
    TicketFailed(Failure),
    /// The WebSocket is open.
    SocketOpened,
    /// There is no need for a WebSocket: another panel of this agent shares its own, which is as good as open.
    SocketShared,
    /// A text message came; none if it is no JSON.
    SocketMessage(Option<Tree>),
    /// The WebSocket is closed, or could not be opened (1006).
    SocketClosed {
        /// The close code.
        code: u16,
    },
    /// The deadline of [`crate::Panel::deadline`] has come.
    DeadlineReached,
    /// The browser believes that it is online again, or another panel of this agent has got through to the broker.
    CameOnline,
    /// The page became visible or hidden.
    VisibilityChanged {
        /// Whether it is visible now.
        visible: bool,
    },
    /// A card has been on screen, at least half of it, on a visible page.
    CardSeen(CardId),
    /// The agent takes a suggestion up, or has done a task.
    Accept(CardId),
    /// The agent dismisses a card; it can be undone for five seconds. Said again with a reason, it takes the reason and
    /// begins the five seconds anew.
    Dismiss {
        /// The card.
        card_id: CardId,
        /// The agent's words, if any; what is too long is cut.
        reason: Option<String>,
    },
    /// The agent takes the dismissal back.
    Undo(CardId),
    /// The agent puts a task off.
    Snooze {
        /// The task.
        card_id: CardId,
        /// When it comes back (browser's clock); not later than it would leave.
        until: Millis,
    },
    /// The agent wants to see the conversation of a task.
    OpenTask(CardId),
    /// The agent wants a snippet of a prompt.
    Take {
        /// The prompt.
        card_id: CardId,
        /// Which of its snippets.
        snippet_id: String,
        /// Where to.
        way: Way,
        /// What the agent has written for its variables: names and values.
        values: Vec<(String, String)>,
    },
    /// The agent does not want the snippet whose variables are asked for.
    StopAsking,
    /// What became of [`crate::Effect::HandOver`].
    HandedOver {
        /// The prompt.
        card_id: CardId,
        /// Which of its snippets.
        snippet_id: String,
        /// Where it is now.
        outcome: Handover,
    },
    /// The agent wants to see only some cards.
    Filter(Filter),
    /// The agent wants to see the tasks alone, or all cards again.
    ShowTasks(bool),
    /// The agent has moved or pressed something in the list, or has left it: while they read, cards that come wait. To be
    /// said again for as long as they move or press something there.
    Reading(bool),
    /// The agent wants to see the cards that wait.
    ShowNew,
    /// The agent wants to see this card: it was in a notice.
    ShowCard(CardId),
    /// The host shows this conversation now: what is written is for its customer, and the context is about it.
    Shows(Option<InteractionId>),
    /// What the host knows of that conversation, for the variables of snippets: names and values, all of them.
    Context(Vec<(String, String)>),
    /// The agent has written something in a composer.
    Keystroke,
    /// The agent has sent what was written, has cleared it, or has left the composer.
    LeftComposer,
    /// The agent sends this from the panel's own composer.
    Message(String),
    /// What became of [`crate::Effect::Typing`].
    TypingTold {
        /// Which call.
        n: u64,
        /// Whether the broker has taken it.
        outcome: Result<(), Failure>,
    },
    /// The agent wants to see what happened in this session, or does not any more.
    ToggleInsights,
    /// The agent pressed "Try now".
    TryNow,
}

/// Where the agent wants a snippet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// On the clipboard.
    Copy,
    /// In the host's composer; on the clipboard if the host has none.
    Insert,
}

/// Where a snippet went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handover {
    /// On the clipboard.
    Copied,
    /// The host took it.
    Inserted,
    /// Nowhere: the browser does not allow it.
    Failed,
}

/// Why a request failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// No answer, or a 5xx other than 503: a server that is starting, or a proxy before it.
    Network,
    /// 401: the session or the assertion is not accepted.
    Unauthorized,
    /// 429 or 503: it passes by itself. With the wait the server asks for.
    Busy {
        /// Not before this has passed.
        retry_after: Option<Millis>,
    },
    /// Any other refusal (400, 403, 404): trying again will not help, so the panel stops and shows the words.
    Refused {
        /// The server's words, or ours of what it did.
        message: Text,
    },
}
