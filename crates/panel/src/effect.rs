//! What the panel wants done. The shell has one file for each.

use std::rc::Rc;

use cuecard_protocol::json::{self, FromJson, Misfit, Tree};
use cuecard_protocol::session::TicketInfo;
use cuecard_protocol::typing::TypingRequest;
use cuecard_protocol::{
    Action, ActionKind, AgentId, Card, CardId, ClientMessage, InteractionId, Millis,
};
use serde::Serialize;

use crate::{Status, Text, Way};

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
    /// Open the WebSocket; answer with `SocketOpened` or `SocketShared`, `SocketMessage`, `SocketClosed`. An older socket is dropped first, silently.
    OpenSocket(TicketInfo),
    /// Send on the open socket.
    Send(ClientMessage),
    /// Close and forget the socket; no `SocketClosed` follows.
    CloseSocket,
    /// Keep this in sessionStorage, replacing what was there.
    Store(Stored),
    /// Give a snippet to the host or the clipboard; answer with `HandedOver`.
    HandOver(HandOver),
    /// Tell the host page what the agent decided.
    TellHost(Decided),
    /// Tell the host page what happened; nothing is asked of it.
    News(News),
    /// Offer the host page a task's conversation to open; open it otherwise, if the page says where.
    OpenTask(TaskLink),
    /// Tell the agent who looks elsewhere, if they want to be told and no tab is visible.
    Notify(Notice),
    /// Show the session in place of the cards, as [`crate::Panel::insights`] tells it, or the cards again.
    ToggleInsights,
    /// Put the keyboard on this card, with the next frame.
    Focus(CardId),
    /// Give the host page what the agent sends.
    Message(String),
    /// `POST /api/typing`, also while the page goes; answer with `TypingTold`.
    Typing(TypingRequest),
    /// Put text into a live region.
    Announce(Announcement),
}

/// A snippet for the host or the clipboard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandOver {
    /// Where to.
    pub way: Way,
    /// The prompt.
    pub card_id: CardId,
    /// Its conversation.
    pub interaction_id: InteractionId,
    /// Which of its snippets.
    pub snippet_id: String,
    /// What it says, its variables filled.
    pub text: String,
    /// Whether it belongs to the conversation that the host shows.
    pub fits_composer: bool,
}

/// A decision of the agent, for the host page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// Accepted, dismissed or snoozed.
    pub kind: ActionKind,
    /// What was decided on, by [`Card::kind`](cuecard_protocol::Card::kind).
    pub card_kind: &'static str,
    /// The card.
    pub card_id: CardId,
    /// Its conversation, by the platform's own id.
    pub interaction_id: String,
    /// The agent's words, if any.
    pub reason: Option<String>,
}

/// What a host page may want to know, whatever it does with it.
#[derive(Debug, Clone, PartialEq)]
pub enum News {
    /// A card has come on the list that was not there.
    Card(Rc<Card>),
    /// The status line says something else; that only its next try has moved is no news.
    Status(Status),
    /// Something has stopped the panel, or does not count.
    Error {
        /// Which, for programs: `sign_in`, `forbidden`, `replaced`, `refused` (all stop the panel) or `not_recorded`.
        code: &'static str,
        /// The words for it.
        message: String,
        /// The card whose decision does not count.
        card_id: Option<CardId>,
    },
}

/// A task, and the conversation that it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskLink {
    /// The card.
    pub card_id: CardId,
    /// The platform's id of the task, if it has said one.
    pub task_id: Option<String>,
    /// Its conversation, by the platform's own id.
    pub interaction_id: String,
}

/// A notification of the browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// One with the same tag takes the place of this one.
    pub tag: String,
    /// The first line.
    pub heading: Text,
    /// The second.
    pub text: Text,
    /// The card that a click leads to.
    pub card_id: CardId,
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
    /// The agent's words, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl FromJson for Stored {
    fn from_json(value: &Tree) -> Result<Self, Misfit> {
        Ok(Self {
            agent_id: json::field(value, "agent_id")?,
            outbox: json::field(value, "outbox")?,
            dismissals: json::field(value, "dismissals")?,
        })
    }
}

impl FromJson for PendingDismissal {
    fn from_json(value: &Tree) -> Result<Self, Misfit> {
        Ok(Self {
            card_id: json::field(value, "card_id")?,
            until: json::field(value, "until")?,
            at: json::field(value, "at")?,
            reason: json::field(value, "reason")?,
        })
    }
}

/// A text for screen readers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announcement {
    /// How urgent.
    pub politeness: Politeness,
    /// What to say, one after the other.
    pub texts: Vec<Text>,
}

/// Which live region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Politeness {
    /// When the reader has time.
    Polite,
    /// At once; critical alerts only.
    Assertive,
}
