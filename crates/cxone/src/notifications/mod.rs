//! The desktop side of the platform: what is meant for agents comes in, and what became of it goes out.
//!
//! One connection carries any number of agents. Start at [`notifications`]. Decisions are in [`machine`] (pure) and
//! [`reports`] (pure), the socket in [`socket`]. What a message means is not decided here.

mod machine;
mod reports;
mod socket;
mod step;

use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

pub use self::{
    machine::{CLOSE_WAIT, GREETING_WAIT, HEARTBEAT, MISSES},
    reports::{ATTEMPTS, CAPACITY, LIFETIME},
    socket::NotificationTask,
};
use crate::{
    outage::Outage,
    platform::SocketUrl,
    token::TokenSource,
    wire::notification::{MessageBody, OutcomeKind, OutcomeReport, ResponseCode},
};

/// The handle, and the task that has to be [run](NotificationTask::run) for it.
pub fn notifications(
    url: SocketUrl,
    tokens: TokenSource,
) -> (NotificationSocket, NotificationTask) {
    let (sender, receiver) = mpsc::unbounded_channel();
    (
        NotificationSocket { orders: sender },
        NotificationTask::new(url, tokens, receiver),
    )
}

/// What the handle asks of the task.
enum Order {
    Subscribe(String),
    Unsubscribe(String),
    Report {
        kind: OutcomeKind,
        report: OutcomeReport,
        done: oneshot::Sender<Result<(), ReportError>>,
    },
}

/// Subscribes agents and reports outcomes. Cheap to clone.
///
/// Orders are taken in the order they are given, connected or not.
#[derive(Debug, Clone)]
pub struct NotificationSocket {
    /// Unbounded, because what may be forgotten is bounded elsewhere: reports by [`CAPACITY`], subscriptions by their
    /// callers, of which each has one agent at a time.
    orders: mpsc::UnboundedSender<Order>,
}

/// The platform is not known to have a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReportError {
    /// It could not be sent for [`LIFETIME`].
    #[error("the report could not be delivered within {} min", LIFETIME.as_secs() / 60)]
    Expired,
    /// It was sent, and the platform does not answer it, or refuses it.
    #[error("the platform answered none of {ATTEMPTS} attempts to report")]
    Unanswered,
    /// Too many are under way.
    #[error("{CAPACITY} reports are under way already")]
    Crowded,
    /// The socket's task is over.
    #[error("the notification socket has stopped")]
    Stopped,
}

impl NotificationSocket {
    /// Wants a topic (see [`agent_topic`](crate::wire::notification::agent_topic)), on this connection and all that
    /// follow. A topic that is wanted already stays so.
    pub fn subscribe(&self, topic: impl Into<String>) {
        self.order(Order::Subscribe(topic.into()));
    }

    /// Gives a topic up.
    pub fn unsubscribe(&self, topic: impl Into<String>) {
        self.order(Order::Unsubscribe(topic.into()));
    }

    /// Reports an outcome; returns when the platform has it.
    ///
    /// It is sent again after a reconnect, for up to [`LIFETIME`]; the platform takes a repeat for what it is. The
    /// report goes on when the caller stops waiting.
    pub async fn report(
        &self,
        kind: OutcomeKind,
        report: OutcomeReport,
    ) -> Result<(), ReportError> {
        let (done, outcome) = oneshot::channel();
        self.order(Order::Report { kind, report, done });
        outcome.await.unwrap_or(Err(ReportError::Stopped))
    }

    fn order(&self, order: Order) {
        // Without a task there is nobody who could be subscribed, and a report's waiter learns it by its channel.
        drop(self.orders.send(order));
    }
}

/// What happens on the notification socket.
#[derive(Debug, Clone, PartialEq)]
pub enum NotificationEvent {
    /// It is connected, and every wanted topic has been asked for.
    Connected {
        /// The platform's name for the connection.
        connection_id: String,
    },
    /// It is not, any more or still not.
    Disconnected {
        /// Why.
        outage: Outage,
        /// When the next try comes.
        retry_in: Duration,
    },
    /// A delivery. The platform may deliver one twice.
    Message(MessageBody),
    /// The platform refused a command; it does not say which.
    Rejected {
        /// Its code, as text. Its words could repeat a customer's.
        code: String,
    },
    /// The platform sent what cannot be read; it is ignored.
    Unreadable {
        /// What is wrong with it.
        reason: String,
    },
}

fn code_text(code: &ResponseCode) -> String {
    match code {
        ResponseCode::Number(number) => number.to_string(),
        ResponseCode::Text(text) => text.clone(),
    }
}
