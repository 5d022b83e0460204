//! The alerts socket (platform wire, section 3): `/api/v2/agentassist/realtime/ws?access_token=…`.
//!
//! The token is checked at the upgrade and not again: a socket lives on when its token ends. Alerts are checked,
//! taken once and sent to their agent's desktops; heartbeats get no answer; what is refused gets an error frame and
//! the socket stays open. Start with [`upgrade`].

use std::sync::Arc;

use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{Utf8Bytes, WebSocketUpgrade};
use axum::extract::{ConnectInfo, RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use cuecard_cxone::wire::error_frame::{ErrorCode, ErrorFrame};
use serde_json::Value;

use super::{Connection, Ended, Input, SocketName, accept};
use crate::alert_rules::{self, AlertsFrame};
use crate::api_error::ApiError;
use crate::clock;
use crate::delivery::{ALERT_LIFETIME, Card};
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
    let grant = match admit(&platform, query.as_deref()) {
        Ok(grant) => grant,
        Err(refusal) => return refusal.into_response(),
    };
    accept(platform, SocketName::Alerts, peer, upgrade, |connection| {
        serve(connection, grant)
    })
}

fn admit(platform: &Platform, query: Option<&str>) -> Result<Grant, ApiError> {
    let pairs = url::form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    let token = pairs
        .into_iter()
        .find(|(name, _)| name == "access_token")
        .map(|(_, token)| token);
    let tokens = platform.tokens();
    let grant = tokens
        .check(token.as_deref().unwrap_or_default(), clock::now())
        .map_err(|refusal| {
            ApiError::new(
                StatusCode::UNAUTHORIZED,
                "unauthorized",
                refusal.to_string(),
            )
        })?;
    if grant.scopes.allow(UPGRADE_SCOPE) {
        Ok(grant.clone())
    } else {
        let message = format!("the access token lacks the scope {UPGRADE_SCOPE}");
        Err(ApiError::new(StatusCode::FORBIDDEN, "forbidden", message))
    }
}

async fn serve(mut connection: Connection, grant: Grant) {
    let ended = loop {
        let refused = match connection.next().await {
            Input::Text(text) => take(&connection, &grant, &text),
            Input::Binary(bytes) => {
                connection.note_frame(bytes, None, Some("invalid_json"));
                let message = format!("a binary frame of {bytes} bytes, expected text");
                Err(ErrorFrame {
                    code: ErrorCode::InvalidJson,
                    message,
                    reference: None,
                })
            }
            Input::Ended(ended) => break ended,
        };
        let Err(error) = refused else { continue };
        let closes = error.code.closes_socket();
        if let Err(ended) = connection.send(json_text(&error)).await {
            break ended;
        }
        if closes {
            break Ended::ByUs(1008, "refused");
        }
    };
    connection.finish(ended).await;
}

/// Handles one text frame and writes it down.
fn take(connection: &Connection, grant: &Grant, text: &Utf8Bytes) -> Result<(), ErrorFrame> {
    let parsed: Result<Value, _> = serde_json::from_str(text);
    let outcome = match &parsed {
        Ok(frame) => alert_rules::read(frame.clone())
            .and_then(|frame| publish(connection, grant, frame, text.len())),
        Err(error) => {
            let message = format!("the frame is not JSON: {error}");
            Err(ErrorFrame {
                code: ErrorCode::InvalidJson,
                message,
                reference: None,
            })
        }
    };
    let code = outcome
        .as_ref()
        .err()
        .map(|error| serde_json::json!(error.code));
    connection.note_frame(
        text.len(),
        parsed.as_ref().ok(),
        code.as_ref().and_then(Value::as_str),
    );
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
    if !ALERT_SCOPES.iter().any(|scope| grant.scopes.allow(scope)) {
        let message = format!("the access token lacks the scope {}", ALERT_SCOPES[0]);
        return Err(alert_rules::refuse(&frame, ErrorCode::Forbidden, message));
    }
    let agent_id = alert.metadata.agent_id;
    if !platform.directory().knows(&agent_id) {
        let start: String = agent_id.chars().take(64).collect();
        return Err(alert_rules::refuse(
            &frame,
            ErrorCode::UnknownAgent,
            format!("there is no agent {start:?}"),
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

fn json_text(error: &ErrorFrame) -> String {
    serde_json::json!(error).to_string()
}
