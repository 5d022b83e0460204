//! Publishing, as all three publish sockets do it: the handle that anybody may hold, and the socket behind it.
//!
//! Start at [`Publisher`] and [`PublishEvent`]. What is sent when is decided in [`machine`] (pure, with its [`step`]s,
//! its connection and the backlog of what is kept); `socket` carries it out. What sets one socket apart from another is a
//! [`Dialect`]: [`crate::alerts`], [`crate::suggestions`], [`crate::prompts`].

mod backlog;
mod connection;
pub mod dialect;
pub mod machine;
mod socket;
pub mod step;

use std::time::Duration;

use tokio::sync::mpsc::{self, error::TrySendError};

pub use self::{dialect::Dialect, socket::PublishSocket};
use crate::{
    outage::Outage, platform::SocketUrl, token::TokenSource, wire::error_frame::ErrorCode,
};

/// So many frames are kept; with one more, the oldest is lost.
pub const CAPACITY: usize = 1000;

/// A publisher, and the socket that has to be [run](PublishSocket::run) for it.
pub(crate) fn publisher<D: Dialect>(
    dialect: D,
    url: SocketUrl,
    tokens: TokenSource,
) -> (Publisher<D>, PublishSocket<D>) {
    let (orders, taken) = mpsc::channel(CAPACITY);
    (
        Publisher { orders },
        PublishSocket::new(dialect, url, tokens, taken),
    )
}

/// What the handle asks of the socket.
enum Order<C> {
    Publish { content: C, is_repeat: bool },
    Withdraw(String),
}

/// Takes what is to be published to the socket. Cheap to clone.
#[derive(Debug)]
pub struct Publisher<D: Dialect> {
    orders: mpsc::Sender<Order<D::Content>>,
}

impl<D: Dialect> Clone for Publisher<D> {
    fn clone(&self) -> Self {
        Self {
            orders: self.orders.clone(),
        }
    }
}

/// An order was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PublishError {
    /// The socket's task has more to do than it can.
    #[error("{CAPACITY} frames wait already; try again later")]
    Crowded,
    /// The socket's task is over.
    #[error("the publish socket has stopped")]
    Stopped,
}

impl<D: Dialect> Publisher<D> {
    /// Hands over what is to be published. It is sent as soon as the socket is connected, and kept until it has
    /// arrived (a suggestion: until it was acknowledged) or is of no use any more.
    ///
    /// What becomes of it is told as [`PublishEvent`]s. What is kept under this id already stays as it is.
    pub fn publish(&self, content: D::Content) -> Result<(), PublishError> {
        self.order(Order::Publish {
            content,
            is_repeat: false,
        })
    }

    /// As [`publish`](Self::publish), for what an earlier run of the program may have sent: that the platform knows
    /// it already then means that it has arrived.
    pub fn publish_again(&self, content: D::Content) -> Result<(), PublishError> {
        self.order(Order::Publish {
            content,
            is_repeat: true,
        })
    }

    /// Stops keeping what was published under this id: it is not sent, or not sent again, and its end is not told.
    pub fn withdraw(&self, id: impl Into<String>) -> Result<(), PublishError> {
        self.order(Order::Withdraw(id.into()))
    }

    fn order(&self, order: Order<D::Content>) -> Result<(), PublishError> {
        self.orders.try_send(order).map_err(|error| match error {
            TrySendError::Full(_) => PublishError::Crowded,
            TrySendError::Closed(_) => PublishError::Stopped,
        })
    }
}

/// What happens on a publish socket. An id is a `contentId`, a suggestion id or a `frame_id`.
///
/// Alerts and prompts end with one of arrived, known, rejected and lost; suggestions with one of acknowledged, accepted,
/// dismissed, rejected and lost, and what the platform says of a suggestion afterwards is told as well. Known may also
/// come after arrived.
#[derive(Debug, Clone, PartialEq)]
pub enum PublishEvent {
    /// The socket is connected, and authenticated where that takes a frame.
    Connected,
    /// It is not, any more or still not.
    Disconnected {
        /// Why.
        outage: Outage,
        /// When the next try comes.
        retry_in: Duration,
    },
    /// The platform has read it. A platform that is slow to refuse can still be heard rejecting it afterwards.
    Arrived {
        /// Which.
        id: String,
    },
    /// It was sent again, and the platform had it: it has arrived, and may have been delivered when nobody listened.
    Known {
        /// Which.
        id: String,
    },
    /// It was rendered on a desktop (`agentassist.ack`).
    Acknowledged {
        /// Which; it may be from before a restart.
        id: String,
        /// From when it was sent to when this was heard.
        latency: Duration,
    },
    /// The agent took it up.
    Accepted {
        /// Which; it may be from before a restart.
        id: String,
    },
    /// The agent put it away.
    Dismissed {
        /// Which; it may be from before a restart.
        id: String,
    },
    /// The platform has no room for it yet (`buffer_limit`); it will be sent again.
    Deferred {
        /// Which.
        id: String,
        /// When it is sent again, if it is still of use then.
        retry_in: Duration,
    },
    /// The platform refused a frame (platform wire, section 14.1).
    Rejected {
        /// Its code. Its words could repeat a customer's.
        code: ErrorCode,
        /// The frame, if the platform could tell (`ref` on the wire) and it is not sent again.
        id: Option<String>,
    },
    /// It is not known to have arrived (a suggestion: to have been rendered), and will not be sent any more.
    Lost {
        /// Which.
        id: String,
        /// Why.
        loss: Loss,
    },
    /// The platform sent what cannot be read; it is ignored.
    Unreadable {
        /// What is wrong with it.
        reason: String,
    },
}

/// Why a frame is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// Its time was over.
    Expired,
    /// It was too old when it could have been sent.
    Stale,
    /// There were [`CAPACITY`] newer ones.
    Crowded,
    /// The program ended.
    Stopped,
}

impl Loss {
    /// The loss as metrics and logs name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::Stale => "stale",
            Self::Crowded => "crowded",
            Self::Stopped => "stopped",
        }
    }
}
