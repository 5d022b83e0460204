//! What all sockets of the platform have in common: a registry to drop them by, and [`Connection`].
//!
//! One file for each socket says what its frames mean; nothing here reads them. Start with [`Connection::next`].

pub mod alerts;
mod connection;
pub mod guest;
pub mod notification;
pub mod prompts;
mod query_token;
pub mod suggestions;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

pub use connection::{Connection, Ended, Input};

use crate::api_error::ApiError;
use crate::delivery::ConnectionId;
use crate::listener::Peer;
use crate::platform::Platform;

/// The code of a connection that ends without a close handshake. It is never sent.
pub const ABRUPT: u16 = 1006;
/// The largest message taken; a larger one closes with 1009.
pub const MAX_MESSAGE: usize = 2 << 20;

/// The sockets of the platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SocketName {
    /// `/api/v2/agentassist/realtime/ws`.
    Alerts,
    /// `/ws/v1`.
    Suggestions,
    /// `/realtime/v1`.
    Prompts,
    /// `/agent-assist-notifications/notifications/ws`.
    Notifications,
    /// A guest's.
    Guest,
}

impl SocketName {
    /// As it is written in the log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Alerts => "alerts",
            Self::Suggestions => "suggestions",
            Self::Prompts => "prompts",
            Self::Notifications => "notifications",
            Self::Guest => "guest",
        }
    }
}

/// The open sockets, to be dropped by name or one by one.
#[derive(Debug, Default)]
pub struct Registry {
    open: BTreeMap<ConnectionId, (SocketName, mpsc::Sender<u16>)>,
    /// Once set, every connection is dropped with it, those that are just opening too.
    closing: Option<u16>,
}

impl Registry {
    /// Enters a connection; orders to drop it come with their close code.
    pub fn enter(&mut self, connection: ConnectionId, name: SocketName) -> mpsc::Receiver<u16> {
        let (sender, receiver) = mpsc::channel(1);
        if let Some(code) = self.closing {
            // The channel is new and has room for one order.
            let _ = sender.try_send(code);
        }
        self.open.insert(connection, (name, sender));
        receiver
    }

    /// Forgets a connection.
    pub fn leave(&mut self, connection: ConnectionId) {
        self.open.remove(&connection);
    }

    /// Drops all connections with this code, and those that come later as well.
    pub fn close_for_good(&mut self, code: u16) {
        self.closing = Some(code);
        self.drop_all(None, code);
    }

    /// Drops one connection. An order that is already waiting stands.
    pub fn drop_one(&self, connection: ConnectionId, code: u16) {
        if let Some((_, orders)) = self.open.get(&connection) {
            let _ = orders.try_send(code);
        }
    }

    /// Drops all connections of a socket, or all; how many.
    pub fn drop_all(&self, name: Option<SocketName>, code: u16) -> usize {
        let concerned = self
            .open
            .values()
            .filter(|(open, _)| name.is_none_or(|name| name == *open));
        concerned
            .filter(|(_, orders)| orders.try_send(code).is_ok())
            .count()
    }
}

/// Answers an upgrade and serves the connection. Offers of `permessage-deflate` are not taken up, which a client must
/// allow.
fn accept<Serve, Served>(
    platform: Arc<Platform>,
    name: SocketName,
    peer: Peer,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
    serve: Serve,
) -> Response
where
    Serve: FnOnce(Connection) -> Served + Send + 'static,
    Served: Future<Output = ()> + Send + 'static,
{
    let upgrade = match upgrade {
        Ok(upgrade) => upgrade,
        Err(rejection) => {
            let (status, message) = (rejection.status(), rejection.body_text());
            return ApiError::new(status, "upgrade_required", message).into_response();
        }
    };
    // Before the answer: a client that has read it counts on being told when the platform closes.
    let live = platform.socket_opens();
    upgrade
        // axum's default buffers cost 128 KiB for each socket.
        .read_buffer_size(4096)
        .write_buffer_size(0)
        .max_message_size(MAX_MESSAGE)
        .max_frame_size(MAX_MESSAGE)
        .on_upgrade(move |socket| {
            serve(Connection::open(platform, name, socket, peer.switch, live))
        })
}
