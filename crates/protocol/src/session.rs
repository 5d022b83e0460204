//! Bodies of `POST /api/session` and `POST /api/ticket`.

use serde::{Deserialize, Serialize};

use crate::{AgentId, Millis};

/// Body of `POST /api/session`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum SessionRequest {
    /// A JWT that the desktop's own backend signed.
    Assertion {
        /// The token, in compact form.
        assertion: String,
    },
    /// Development only: a plain agent id, taken on loopback.
    Development {
        /// Who to be.
        agent_id: AgentId,
    },
}

/// Answer of `POST` and `GET /api/session`: what the panel must know. The session itself is a cookie.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionInfo {
    /// Whose cards come.
    pub agent_id: AgentId,
    /// The server's version.
    pub version: String,
    /// BCP 47 language of the agent.
    pub locale: String,
    /// When the session ends.
    pub expires_at: Millis,
    /// Origins that images in cards may come from.
    pub image_origins: Vec<String>,
}

/// Answer of `POST /api/ticket`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketInfo {
    /// Goes into the subprotocol, once.
    pub ticket: String,
    /// The WebSocket's address, absolute, without anything secret.
    pub url: String,
    /// Seconds until the ticket is void.
    pub expires_in: u64,
    /// The same for all tickets of a session, and for no other's. None from an older server.
    pub session: Option<String>,
}
