//! `POST /admin/push`: delivers a published frame to an agent's topic, as if its publisher had sent it.
//!
//! The frame is not checked and its id may come again, so that any delivery can be played. Start with [`post`].

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::api_error::{ApiError, Body};
use crate::clock;
use crate::delivery::{ALERT_LIFETIME, Card};
use crate::platform::Platform;

/// The body.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Pushed {
    agent_id: String,
    frame: Value,
}

/// Answers `{"objectId", "delivered": <to how many connections>}`; with 0 the card is kept for its agent.
pub async fn post(
    State(platform): State<Arc<Platform>>,
    Body(body): Body<Pushed>,
) -> Result<Json<Value>, ApiError> {
    let Pushed { agent_id, frame } = body;
    if agent_id.is_empty() {
        return Err(ApiError::invalid("agentId is empty, expected an agent"));
    }
    let (object_id, delivered) = push(&platform, agent_id, frame);
    Ok(Json(json!({"objectId": object_id, "delivered": delivered})))
}

/// Delivers a frame to an agent: its object id, and how many connections it goes to.
pub fn push(platform: &Platform, agent_id: String, frame: Value) -> (String, usize) {
    let card = card(agent_id, frame, clock::now(), clock::fresh_id);
    let object_id = card.object_id.clone();
    if !card.contact_id.is_empty() {
        platform
            .directory()
            .learn(card.contact_id.clone(), card.agent_id.clone());
    }
    (object_id, platform.publish(card).delivered)
}

/// The card of any published frame; ids that it lacks are made up or left empty.
fn card(agent_id: String, frame: Value, now: Timestamp, fresh_id: impl FnOnce() -> String) -> Card {
    let text = |pointers: &[&str]| {
        pointers
            .iter()
            .find_map(|pointer| frame.pointer(pointer).and_then(Value::as_str))
            .map(str::to_owned)
    };
    let object_id = text(&["/contentId", "/suggestion/id", "/frame_id"]).unwrap_or_else(fresh_id);
    let contact_id = text(&[
        "/metadata/interactionId",
        "/interactionId",
        "/payload/interaction_id",
    ])
    .unwrap_or_default();
    let window_end =
        text(&["/suggestion/contextWindow/end"]).and_then(|end| end.parse::<Timestamp>().ok());
    let ttl = frame
        .pointer("/payload/ttl_seconds")
        .and_then(Value::as_i64)
        .filter(|ttl| (0..=86_400).contains(ttl));
    let expires = window_end
        .or_else(|| ttl.map(|ttl| now + SignedDuration::from_secs(ttl)))
        .unwrap_or(now + ALERT_LIFETIME);
    let bytes = frame.to_string().len();
    Card {
        object_id,
        contact_id,
        agent_id,
        content: frame,
        bytes,
        expires,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(frame: Value) -> (String, String, i64) {
        let card = card(
            "AGT-1".into(),
            frame,
            Timestamp::from_second(1000).unwrap(),
            || "fresh".into(),
        );
        (card.object_id, card.contact_id, card.expires.as_second())
    }

    #[test]
    fn each_kind_has_its_ids_and_its_end() {
        assert_eq!(
            made(json!({"contentId": "a", "metadata": {"interactionId": "I"}})),
            ("a".into(), "I".into(), 1600)
        );
        assert_eq!(
            made(
                json!({"interactionId": "I", "suggestion": {"id": "s", "contextWindow": {"end": "1970-01-01T00:20:00Z"}}})
            ),
            ("s".into(), "I".into(), 1200)
        );
        assert_eq!(
            made(json!({"frame_id": "f", "payload": {"interaction_id": "I", "ttl_seconds": 45}})),
            ("f".into(), "I".into(), 1045)
        );
        assert_eq!(
            made(json!("nonsense")),
            ("fresh".into(), String::new(), 1600)
        );
    }
}
