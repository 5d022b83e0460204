//! One step of the notification machine, from outside: what it is told, and what it wants done. Data only.

use super::{NotificationEvent, ReportError, reports::Waiter};
use crate::{
    outage::Outage,
    wire::notification::{OutcomeKind, OutcomeReport, ServerFrame},
};

/// What the machine is told.
#[derive(Debug, Clone)]
pub(crate) enum Event {
    /// The socket's task runs.
    Start,
    /// A topic is wanted from now on.
    Subscribe(String),
    /// A topic is not wanted any more.
    Unsubscribe(String),
    /// An outcome to be reported.
    Report {
        waiter: Waiter,
        kind: OutcomeKind,
        report: OutcomeReport,
    },
    /// The connection asked for is open.
    Opened,
    /// It could not be opened.
    Failed(Outage),
    /// A frame from the platform.
    Frame(ServerFrame),
    /// The platform sent what cannot be read.
    Unreadable { reason: String },
    /// The connection is over.
    Ended { reason: String },
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
    /// Send a command.
    Send(Command),
    /// Begin the close handshake with 1000.
    Close,
    /// Drop the connection, or the try to make one.
    Abort,
    /// Tell the listener.
    Emit(NotificationEvent),
    /// Tell those who wait for a report.
    Resolve {
        waiters: Vec<Waiter>,
        result: Result<(), ReportError>,
    },
}

/// How many heartbeats have been sent on a connection. What was sent when n had been is settled, one way or the
/// other, once the answer to heartbeat n + 1 is there, because the platform answers in order.
pub(crate) type Beat = u64;

/// A client frame without its token.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Command {
    Connect,
    Subscribe(String),
    Unsubscribe(String),
    Heartbeat,
    Report(OutcomeKind, OutcomeReport),
}
