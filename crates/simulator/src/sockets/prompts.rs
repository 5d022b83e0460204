//! The prompts socket (platform wire, section 5): `/realtime/v1?access_token=…`.
//!
//! Prompts are checked, taken once and sent to their agent's desktops. What is refused gets an error frame and the
//! socket stays open; so does the connection whose session was the oldest of too many. Start with [`upgrade`].

use std::sync::Arc;

use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{Utf8Bytes, WebSocketUpgrade};
use axum::extract::{ConnectInfo, RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use cuecard_cxone::wire::error_frame::{ErrorCode, ErrorFrame};
use serde_json::Value;
use tokio::sync::mpsc;

use super::query_token::{admit, allow};
use super::{Connection, Input, SocketName, accept};
use crate::clock;
use crate::delivery::Card;
use crate::frame_rules::{self, refuse, shown};
use crate::listener::Peer;
use crate::platform::Platform;
use crate::prompt_desk::{MAX_SESSIONS, Session};
use crate::prompt_rules;
use crate::tokens::Grant;

/// Where it is.
pub const PATH: &str = "/realtime/v1";
/// The scope without which the upgrade is refused with 403.
pub const UPGRADE_SCOPE: &str = "realtime:read";
/// The scope a prompt needs; without it it is `forbidden`.
pub const PROMPT_SCOPE: &str = "agentassist:write";
/// Frames sent on one connection at most. Deployed clients never read, and their library stops answering pings behind
/// that many frames (platform wire, section 5.3).
pub const MAX_SENT: usize = 16;

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
    accept(platform, SocketName::Prompts, peer, upgrade, |connection| {
        serve(connection, grant)
    })
}

async fn serve(mut connection: Connection, grant: Grant) {
    let (evictions, mut evicted) = mpsc::channel(MAX_SENT);
    let id = connection.id;
    connection.platform.prompts().open(id, evictions);
    let mut sent = 0;
    let ended = loop {
        let refused = tokio::select! {
            input = connection.next() => match input {
                Input::Text(text) => take(&connection, &grant, &text),
                Input::Binary(bytes) => {
                    connection.note_frame(bytes, None, Some("invalid_json"));
                    Err(frame_rules::binary(bytes))
                }
                Input::Ended(ended) => break ended,
            },
            Some(session) = evicted.recv() => Err(session_limit(&session)),
        };
        let Err(error) = refused else { continue };
        if sent < MAX_SENT {
            sent += 1;
            if let Err(ended) = connection.refuse(&error).await {
                break ended;
            }
        }
    };
    connection.platform.prompts().close(id);
    connection.finish(ended).await;
}

/// Handles one text frame and writes it down.
fn take(connection: &Connection, grant: &Grant, text: &Utf8Bytes) -> Result<(), ErrorFrame> {
    let parsed = frame_rules::parse(text);
    let outcome = parsed
        .as_ref()
        .map_err(Clone::clone)
        .and_then(|frame| publish(connection, grant, frame, text.len()));
    connection.note_outcome(text.len(), parsed.as_ref().ok(), &outcome);
    outcome
}

fn publish(
    connection: &Connection,
    grant: &Grant,
    frame: &Value,
    bytes: usize,
) -> Result<(), ErrorFrame> {
    let platform = &connection.platform;
    let now = clock::now();
    let sync = prompt_rules::read(frame, clock::millis(now), platform.settings.clock_skew)?;
    let (frame_id, payload) = (sync.frame_id.as_str(), &sync.payload);
    allow(grant, &[PROMPT_SCOPE], Some(frame_id))?;
    if !platform.directory().knows(&payload.agent_id) {
        let message = format!("there is no agent {:?}", shown(&payload.agent_id));
        return Err(refuse(ErrorCode::UnknownAgent, message, Some(frame_id)));
    }
    let mut prompts = platform.prompts();
    // Before its age is looked at: a client that repeats a prompt after an outage is told that it has arrived.
    if prompts.desk.is_repeat(frame_id, now) {
        let message = "this frame_id was published within the last ten minutes".to_owned();
        return Err(refuse(ErrorCode::Duplicate, message, Some(frame_id)));
    }
    prompt_rules::check(&sync, clock::millis(now))?;
    prompts.take(connection.id, &payload.session_id, frame_id, now);
    drop(prompts);
    platform
        .directory()
        .learn(payload.interaction_id.clone(), payload.agent_id.clone());
    platform.publish(Card {
        object_id: frame_id.to_owned(),
        contact_id: payload.interaction_id.clone(),
        agent_id: payload.agent_id.clone(),
        content: frame.clone(),
        bytes,
        expires: clock::timestamp(prompt_rules::expires_at(payload)),
    });
    Ok(())
}

fn session_limit(session: &Session) -> ErrorFrame {
    let message = format!(
        "session {:?} was the oldest of more than {MAX_SESSIONS} and is evicted",
        shown(&session.id)
    );
    refuse(ErrorCode::SessionLimit, message, Some(&session.frame_id))
}
