//! A guest's socket (platform wire, section 7): `/api/v1/webchat/guests/{id}/socket`.
//!
//! The address is all a client needs; nothing is sent, and what arrives is only written down. A client that closes it
//! ends the guest's session. Start with [`upgrade`].

use std::sync::Arc;

use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{ConnectInfo, Path, State};
use axum::response::{IntoResponse as _, Response};

use super::{Connection, Ended, Input, SocketName, accept};
use crate::clock;
use crate::listener::Peer;
use crate::platform::Platform;

/// Where it is.
pub const PATH: &str = "/api/v1/webchat/guests/{id}/socket";

/// The upgrade: 404 when there is no such guest any more.
pub async fn upgrade(
    State(platform): State<Arc<Platform>>,
    Path(id): Path<String>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    // A question before the answer, and only with the connection it counts: an upgrade may still come to nothing.
    if let Err(refusal) = platform.webchat().typing(&id, clock::now()) {
        return refusal.answer(&id).into_response();
    }
    accept(platform, SocketName::Guest, peer, upgrade, |connection| {
        serve(connection, id)
    })
}

async fn serve(mut connection: Connection, id: String) {
    let platform = Arc::clone(&connection.platform);
    let opened = platform.webchat().socket_opens(&id, clock::now());
    let ended = if opened.is_err() {
        Ended::ByUs(4404, "guest_expired")
    } else {
        loop {
            match connection.next().await {
                Input::Text(text) => connection.note_frame(text.len(), None, None),
                Input::Binary(bytes) => connection.note_frame(bytes, None, None),
                Input::Ended(ended) => break ended,
            }
        }
    };
    if opened.is_ok() {
        let by_client = matches!(ended, Ended::ByClient(..));
        platform.webchat().socket_ends(&id, by_client, clock::now());
    }
    connection.finish(ended).await;
}
