//! One step of the machine, from outside: what it is told, and what it wants done. Data only.

use std::time::Duration;

use super::PublishEvent;
use crate::{backoff::Moment, outage::Outage, wire::error_frame::ErrorFrame};

/// A frame as it is sent, each time the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// By what the platform knows it.
    pub id: String,
    /// JSON.
    pub text: String,
}

/// A frame to be published, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The frame.
    pub frame: Frame,
    /// Not before.
    pub from: Moment,
    /// Before, or not at all.
    pub until: Moment,
}

/// What the platform says of a frame that it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// It was rendered.
    Acknowledged {
        /// From when it was sent to when this was heard.
        latency: Duration,
    },
    /// The agent took it up.
    Accepted,
    /// The agent put it away.
    Dismissed,
}

/// What the machine is told.
#[derive(Debug, Clone)]
pub enum Event {
    /// The socket's task runs.
    Start,
    /// A frame to be published.
    Publish {
        /// The frame, and when.
        offer: Offer,
        /// Whether the platform may have it from an earlier run of the program.
        is_repeat: bool,
    },
    /// The frame of this id is not to be published any more.
    Withdraw(String),
    /// The connection asked for is open.
    Opened,
    /// The platform has taken the token that was sent as a frame.
    Authenticated,
    /// The connection could not be opened.
    Failed(Outage),
    /// The answer to a probe.
    Pong(u64),
    /// The platform says something of a frame.
    Answer {
        /// Which.
        id: String,
        /// What.
        answer: Answer,
    },
    /// The platform refused a frame, or the token.
    Error(ErrorFrame),
    /// The platform sent what cannot be read.
    Unreadable {
        /// What is wrong with it.
        reason: String,
    },
    /// The connection is over.
    Ended {
        /// Whether both sides said so.
        clean: bool,
        /// The close code and reason, or what the network said.
        reason: String,
    },
    /// The deadline has come.
    Timer,
    /// The program ends.
    Stop,
}

/// What the machine wants done.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Get a token and open a connection.
    Connect,
    /// Never use the token of the last connection again.
    DiscardToken,
    /// Send the token of this connection as a frame.
    Authenticate,
    /// Send a frame.
    Send(Frame),
    /// Send the heartbeat's frame, with the time of day.
    Heartbeat,
    /// Send a WebSocket ping with this number.
    Probe(u64),
    /// Begin the close handshake with 1000.
    Close,
    /// Drop the connection, or the try to make one.
    Abort,
    /// Tell the listener.
    Emit(PublishEvent),
}
