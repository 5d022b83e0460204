//! What the panel wants done. The shell has one file for each.

use cuecard_protocol::json::{self, FromJson, Misfit, Value};
use cuecard_protocol::session::TicketInfo;
use cuecard_protocol::{Action, AgentId, CardId, ClientMessage, Millis};
use serde::Serialize;

/// One thing for the shell to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// `POST /api/session`; answer with `SessionOpened` or `SessionFailed`. An older request is dropped.
    OpenSession {
        /// The last assertion was refused: ask the host for a new one.
        fresh_assertion: bool,
    },
    /// `POST /api/ticket`; answer with `TicketIssued` or `TicketFailed`. An older request is dropped.
    FetchTicket,
    /// Open the WebSocket; answer with `SocketOpened`, `SocketMessage`, `SocketClosed`. An older socket is dropped first, silently.
    OpenSocket(TicketInfo),
    /// Send on the open socket.
    Send(ClientMessage),
    /// Close and forget the socket; no `SocketClosed` follows.
    CloseSocket,
    /// Keep this in sessionStorage, replacing what was there.
    Store(Stored),
    /// Put text into a live region.
    Announce(Announcement),
}

/// What survives a reload.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Stored {
    /// Whose this is; what another agent left behind is never sent.
    pub agent_id: Option<AgentId>,
    /// Actions without an acknowledgement, oldest first.
    pub outbox: Vec<Action>,
    /// Dismissals that can still be taken back, or that the page did not live to send.
    pub dismissals: Vec<PendingDismissal>,
}

/// A dismissal within its five seconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PendingDismissal {
    /// The card.
    pub card_id: CardId,
    /// When it becomes final (browser's clock).
    pub until: Millis,
    /// When the agent dismissed the card (server's clock).
    pub at: Millis,
}

impl Stored {
    /// Reads what was stored as JSON; what a newer or older version stored otherwise is not read.
    pub fn read(text: &str) -> Result<Self, Misfit> {
        json::read(text)
    }
}

impl FromJson for Stored {
    fn from_json(value: &Value) -> Result<Self, Misfit> {
        Ok(Self {
            agent_id: json::field(value, "agent_id")?,
            outbox: json::field(value, "outbox")?,
            dismissals: json::field(value, "dismissals")?,
        })
    }
}

impl FromJson for PendingDismissal {
    fn from_json(value: &Value) -> Result<Self, Misfit> {
        Ok(Self {
            card_id: json::field(value, "card_id")?,
            until: json::field(value, "until")?,
            at: json::field(value, "at")?,
        })
    }
}

/// A text for screen readers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announcement {
    /// How urgent.
    pub politeness: Politeness,
    /// What to say.
    pub text: String,
}

/// Which live region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Politeness {
    /// When the reader has time.
    Polite,
    /// At once; critical alerts only.
    Assertive,
}
