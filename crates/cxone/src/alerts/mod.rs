//! Publishing alerts: the publisher that anybody may hold, and the socket behind it.
//!
//! Start at [`alerts`]. Decisions are in [`machine`] (pure), the socket in [`socket`]. How an alert is worded, and
//! when one is due, is not decided here.

mod machine;
mod socket;
mod step;

use std::time::Duration;

use tokio::sync::mpsc::{self, error::TrySendError};

pub use self::{
    machine::{CAPACITY, CLOSE_WAIT, HEARTBEAT, LIFETIME, PONG_WAIT},
    socket::AlertSocket,
};
use crate::{
    outage::Outage,
    platform::SocketUrl,
    token::TokenSource,
    wire::{alerts::Alert, error_frame::ErrorCode},
};

/// A publisher, and the socket that has to be [run](AlertSocket::run) for it.
pub fn alerts(url: SocketUrl, tokens: TokenSource) -> (AlertPublisher, AlertSocket) {
    let (sender, receiver) = mpsc::channel(CAPACITY);
    (
        AlertPublisher { alerts: sender },
        AlertSocket::new(url, tokens, receiver),
    )
}

/// Takes alerts to the socket. Cheap to clone.
#[derive(Debug, Clone)]
pub struct AlertPublisher {
    alerts: mpsc::Sender<Alert>,
}

/// An alert was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PublishError {
    /// The socket's task has more to do than it can.
    #[error("{CAPACITY} alerts wait already; try again later")]
    Crowded,
    /// The socket's task is over.
    #[error("the alerts socket has stopped")]
    Stopped,
}

impl AlertPublisher {
    /// Hands an alert to the socket, which sends it as soon as it is connected, and keeps it for up to [`LIFETIME`].
    ///
    /// What becomes of it is told as an [`AlertEvent`]: delivered, rejected or lost. Delivered means read by the
    /// platform, so a platform that is slow to refuse can still be heard rejecting it afterwards.
    pub fn publish(&self, alert: Alert) -> Result<(), PublishError> {
        self.alerts.try_send(alert).map_err(|error| match error {
            TrySendError::Full(_) => PublishError::Crowded,
            TrySendError::Closed(_) => PublishError::Stopped,
        })
    }
}

/// What happens on the alerts socket.
#[derive(Debug, Clone, PartialEq)]
pub enum AlertEvent {
    /// It is connected.
    Connected,
    /// It is not, any more or still not.
    Disconnected {
        /// Why.
        outage: Outage,
        /// When the next try comes.
        retry_in: Duration,
    },
    /// The platform has read the alert.
    Delivered {
        /// Which.
        content_id: String,
    },
    /// The platform refused a frame (platform wire, section 14.1).
    Rejected {
        /// Its code.
        code: ErrorCode,
        /// Its words.
        message: String,
        /// The alert, if the platform could tell; `ref` on the wire.
        content_id: Option<String>,
    },
    /// The alert is not known to have arrived, and will not be sent any more.
    Lost {
        /// Which.
        content_id: String,
        /// Why.
        loss: Loss,
    },
    /// The platform sent what cannot be read; it is ignored.
    Unreadable {
        /// What is wrong with it.
        reason: String,
    },
}

/// Why an alert is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// It could not be sent for [`LIFETIME`].
    Expired,
    /// There were [`CAPACITY`] newer ones.
    Crowded,
    /// The program ended.
    Stopped,
}

impl Loss {
    fn label(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::Crowded => "crowded",
            Self::Stopped => "stopped",
        }
    }
}
