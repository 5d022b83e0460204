//! The alerts dialect of [publishing](crate::publisher): platform wire, section 3. Start at [`alerts`].
//!
//! How an alert is worded, and when one is due, is not decided here.

use std::time::Duration;

use crate::{
    backoff::Moment,
    platform::{ALERTS_SCOPE, SocketUrl},
    publisher::{
        Dialect, Loss, PublishSocket, Publisher,
        dialect::{Authentication, Confirmation, Rules, json},
        publisher,
        step::{Frame, Offer},
    },
    token::TokenSource,
    wire::alerts::Alert,
};

/// An alert is of no use after this long (platform wire, section 14.5).
pub const LIFETIME: Duration = Duration::from_mins(10);

/// How the alerts socket behaves; the heartbeat is section 3.5's.
pub const RULES: Rules = Rules {
    authentication: Authentication::Query,
    confirmation: Confirmation::Pong,
    heartbeat_every: Duration::from_secs(25),
    has_heartbeat_frame: true,
    too_late: Loss::Expired,
};

/// Publishes alerts.
pub type AlertPublisher = Publisher<Alerts>;
/// The socket behind an [`AlertPublisher`].
pub type AlertSocket = PublishSocket<Alerts>;

/// A publisher, and the socket that has to be [run](AlertSocket::run) for it.
pub fn alerts(url: SocketUrl, tokens: TokenSource) -> (AlertPublisher, AlertSocket) {
    publisher(Alerts, url, tokens)
}

/// The dialect.
#[derive(Debug)]
pub struct Alerts;

impl Dialect for Alerts {
    type Content = Alert;
    const NAME: &'static str = "alerts";
    const RULES: Rules = RULES;
    /// Section 3.1.
    const HEADERS: &'static [(&'static str, &'static str)] = &[
        ("user-agent", "CXone-AgentAssist-Risk-Service/1.0"),
        ("accept", "application/json"),
    ];
    const SCOPE: &'static str = ALERTS_SCOPE;
    /// Section 3.2.
    const GOODBYE: &'static str = "Graceful shutdown";

    fn offer(&mut self, alert: Alert, now: Moment, _wall_ms: i64) -> Offer {
        let text = json(&alert);
        Offer {
            frame: Frame {
                id: alert.content_id,
                text,
            },
            from: now,
            until: now + LIFETIME,
        }
    }
}
