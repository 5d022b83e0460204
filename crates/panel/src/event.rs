//! What happens to the panel.

use cuecard_protocol::session::{SessionInfo, TicketInfo};
use cuecard_protocol::{CardId, Millis};

use crate::Stored;

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
    /// A text message came.
    SocketMessage(String),
    /// The WebSocket is closed, or could not be opened (1006).
    SocketClosed {
        /// The close code.
        code: u16,
    },
    /// The deadline of [`crate::Panel::deadline`] has come.
    DeadlineReached,
    /// The browser believes that it is online again.
    CameOnline,
    /// The page became visible or hidden.
    VisibilityChanged {
        /// Whether it is visible now.
        visible: bool,
    },
    /// A card has been on screen, at least half of it, on a visible page.
    CardSeen(CardId),
    /// The agent dismisses a card; it can be undone for five seconds.
    Dismiss(CardId),
    /// The agent takes the dismissal back.
    Undo(CardId),
    /// The agent pressed "Try now".
    TryNow,
}

/// Why a request failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// No answer.
    Network,
    /// 401: the session or the assertion is not accepted.
    Unauthorized,
    /// 429, or any 5xx: it passes by itself. With the wait the server asks for.
    Busy {
        /// Not before this has passed.
        retry_after: Option<Millis>,
    },
    /// Any other refusal (400, 403, 404): trying again will not help, so the panel stops and shows the words.
    Refused {
        /// The server's words.
        message: String,
    },
}
