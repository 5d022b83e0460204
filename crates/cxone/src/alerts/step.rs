//! One step of the alerts machine, from outside: what it is told, and what it wants done. Data only.

use super::AlertEvent;
use crate::{
    outage::Outage,
    wire::{alerts::Alert, error_frame::ErrorFrame},
};

/// What the machine is told.
#[derive(Debug, Clone)]
pub(crate) enum Event {
    /// The socket's task runs.
    Start,
    /// An alert to be published.
    Publish(Alert),
    /// The connection asked for is open.
    Opened,
    /// It could not be opened.
    Failed(Outage),
    /// The answer to a probe.
    Pong(u64),
    /// The platform refused a frame.
    Error(ErrorFrame),
    /// The platform sent what cannot be read.
    Unreadable { reason: String },
    /// The connection is over.
    Ended { clean: bool, reason: String },
    /// The deadline has come.
    Timer,
    /// The program ends.
    Stop,
}

/// What the machine wants done.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Effect {
    /// Get a token and open a connection.
    Connect,
    /// Never use the token of the last connection again.
    DiscardToken,
    /// Send an alert.
    Send(Alert),
    /// Send the heartbeat, with the time of day.
    Heartbeat,
    /// Send a WebSocket ping with this number.
    Probe(u64),
    /// Begin the close handshake: 1000, "Graceful shutdown".
    Close,
    /// Drop the connection, or the try to make one.
    Abort,
    /// Tell the listener.
    Emit(AlertEvent),
}
