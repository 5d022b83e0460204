//! The alerts socket (platform wire, section 3): `/api/v2/agentassist/realtime/ws?access_token=…`.
//!
//! Alerts are checked, taken once and sent to their agent's desktops; heartbeats get no answer; what is refused gets an
//! error frame and the socket stays open. Start with [`upgrade`].

use std::sync::Arc;

use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{Utf8Bytes, WebSocketUpgrade};
use axum::extract::{ConnectInfo, RawQuery, State};
use axum::response::{IntoResponse, Response};
use cuecard_cxone::wire::error_frame::{ErrorCode, ErrorFrame};

use super::query_token::{admit, allow};
use super::{Connection, Input, SocketName, accept};
use crate::alert_rules::{self, AlertsFrame};
use crate::clock;
use crate::delivery::{ALERT_LIFETIME, Card};
use crate::frame_rules::{self, shown};
use crate::listener::Peer;
use crate::platform::Platform;
use crate::tokens::Grant;

/// Where it is.
pub const PATH: &str = "/api/v2/agentassist/realtime/ws";
/// The scope without which the upgrade is refused with 403.
pub const UPGRADE_SCOPE: &str = "realtime:agentassist:publish";
/// The scopes one of which an alert needs; without them it is `forbidden`.
pub const ALERT_SCOPES: [&str; 2] = ["agentassist:content:write", "agentassist:write"];

/// The upgrade: 401 for a bad token and 403 for a missing scope, as statuses.
pub async fn upgrade(
    State(platform): State<Arc<Platform>>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    RawQuery(query): RawQuery,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let grant = match admit(&platform, query.as_deref(), UPGRADE_SCOPE) {
        Ok(grant) => grant,
        Err(refusal) => return refusal.into_response(),
    };
    accept(platform, SocketName::Alerts, peer, upgrade, |connection| {
        serve(connection, grant)
    })
}

async fn serve(mut connection: Connection, grant: Grant) {
    let ended = loop {
        let refused = match connection.next().await {
            Input::Text(text) => take(&connection, &grant, &text),
            Input::Binary(bytes) => {
                connection.note_frame(bytes, None, Some("invalid_json"));
                Err(frame_rules::binary(bytes))
            }
            Input::Ended(ended) => break ended,
        };
        let Err(error) = refused else { continue };
        if let Err(ended) = connection.refuse(&error).await {
            break ended;
        }
    };
    connection.finish(ended).await;
}

/// Handles one text frame and writes it down.
fn take(connection: &Connection, grant: &Grant, text: &Utf8Bytes) -> Result<(), ErrorFrame> {
    let parsed = frame_rules::parse(text);
    let outcome = parsed.as_ref().map_err(Clone::clone).and_then(|frame| {
        alert_rules::read(frame.clone())
            .and_then(|frame| publish(connection, grant, frame, text.len()))
    });
    connection.note_outcome(text.len(), parsed.as_ref().ok(), &outcome);
    outcome
}

fn publish(
    connection: &Connection,
    grant: &Grant,
    frame: AlertsFrame,
    bytes: usize,
) -> Result<(), ErrorFrame> {
    let AlertsFrame::Alert { alert, frame } = frame else {
        return Ok(());
    };
    let platform = &connection.platform;
    let now = clock::now();
    allow(grant, &ALERT_SCOPES, Some(&alert.content_id))?;
    let agent_id = alert.metadata.agent_id;
    if !platform.directory().knows(&agent_id) {
        let message = format!("there is no agent {:?}", shown(&agent_id));
        return Err(alert_rules::refuse(
            &frame,
            ErrorCode::UnknownAgent,
            message,
        ));
    }
    if !platform.exchange().hub.first_sight(&alert.content_id, now) {
        let message = "this contentId was published within the last ten minutes".to_owned();
        return Err(alert_rules::refuse(&frame, ErrorCode::Duplicate, message));
    }
    platform
        .directory()
        .learn(alert.metadata.interaction_id.clone(), agent_id.clone());
    platform.publish(Card {
        object_id: alert.content_id,
        contact_id: alert.metadata.interaction_id,
        agent_id,
        content: frame,
        bytes,
        expires: now + ALERT_LIFETIME,
    });
    Ok(())
}
