//! Whether a frame on the prompts socket is what it must be; pure (platform wire, sections 5.2 and 14.1).
//!
//! The limits are `cuecard_protocol::rules::prompt`'s; the agent, repeats, sessions and the sender's scopes are asked
//! by the socket. Start with [`read`].

use cuecard_cxone::wire::error_frame::{ErrorCode, ErrorFrame};
use cuecard_cxone::wire::prompts::{PROMPT_SYNC, PromptPayload, PromptSync};
use cuecard_protocol::rules::prompt::{self, Offer, Refusal};
use cuecard_protocol::{CardId, InteractionId, Millis};
use serde::Deserialize as _;
use serde_json::Value;

use crate::frame_rules::{kind, refuse, unknown_type};

/// The longest session id, in bytes.
const MAX_SESSION_ID: usize = 128;

/// Reads a frame that has been parsed, from a client whose clock may be ahead by `skew`.
///
/// # Errors
///
/// The error frame to be sent back.
pub fn read(frame: &Value, now: Millis, skew: Millis) -> Result<PromptSync, ErrorFrame> {
    match kind(frame, reference(frame))? {
        PROMPT_SYNC => prompt(frame, now.plus(skew))
            .map_err(|message| refuse(ErrorCode::InvalidField, message, reference(frame))),
        other => Err(unknown_type(other, "\"PROMPT_SYNC\"", reference(frame))),
    }
}

fn prompt(frame: &Value, latest: Millis) -> Result<PromptSync, String> {
    let sync = PromptSync::deserialize(frame).map_err(|error| format!("{PROMPT_SYNC}: {error}"))?;
    CardId::parse(sync.frame_id.clone()).map_err(|error| format!("frame_id: {error}"))?;
    let payload = &sync.payload;
    InteractionId::parse(payload.interaction_id.clone())
        .map_err(|error| format!("payload.interaction_id: {error}"))?;
    let length = payload.session_id.len();
    if !(1..=MAX_SESSION_ID).contains(&length) {
        return Err(format!(
            "payload.session_id has {length} bytes, expected 1 to {MAX_SESSION_ID}"
        ));
    }
    let relevance = payload.relevance_score;
    if !(0.0..=1.0).contains(&relevance) {
        return Err(format!(
            "payload.relevance_score is {relevance}, expected 0 to 1"
        ));
    }
    // A time in milliseconds, say, lies thousands of years ahead.
    if payload.timestamp < 0.0 || made_at(payload) > latest {
        return Err(format!(
            "payload.timestamp is {}, expected epoch seconds, not in the future",
            payload.timestamp
        ));
    }
    Ok(sync)
}

/// Whether a prompt keeps the limits.
///
/// # Errors
///
/// The error frame to be sent back.
pub fn check(sync: &PromptSync, now: Millis) -> Result<(), ErrorFrame> {
    let payload = &sync.payload;
    let offer = Offer {
        // The platform takes an empty list (section 5.2); a card of nothing is refused by who would show it.
        snippets: payload.snippets.len().max(1),
        level: payload.priority_level,
        is_override: payload.priority_override,
        age: now.since(made_at(payload)),
        ttl: Millis::from_secs(payload.ttl_seconds.into()),
    };
    prompt::check(&offer).map_err(|refusal| {
        let code = match refusal {
            Refusal::Level { .. } | Refusal::Ttl { .. } => ErrorCode::InvalidField,
            Refusal::SnippetLimit { .. } => ErrorCode::SnippetLimit,
            Refusal::PriorityOverride { .. } => ErrorCode::PriorityOverride,
            Refusal::Stale { .. } => ErrorCode::Stale,
        };
        refuse(code, refusal.to_string(), Some(&sync.frame_id))
    })
}

/// When a prompt's time is over.
pub fn expires_at(payload: &PromptPayload) -> Millis {
    made_at(payload).plus(Millis::from_secs(payload.ttl_seconds.into()))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "such a cast ends at the ends of the range, which are then refused"
)]
fn made_at(payload: &PromptPayload) -> Millis {
    Millis((payload.timestamp * 1000.0) as u64)
}

fn reference(frame: &Value) -> Option<&str> {
    frame.get("frame_id").and_then(Value::as_str)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_clock_may_be_ahead_by_so_much_and_no_more() {
        let frame = json!({
            "type": "PROMPT_SYNC", "frame_id": "f1", "sequence": 1,
            "payload": {
                "session_id": "S1", "agent_id": "AGT-1", "interaction_id": "INT-1", "snippets": [],
                "priority_override": false, "priority_level": 5, "relevance_score": 0.75,
                "timestamp": 102.0, "ttl_seconds": 45,
            },
        });
        let is_read = |now| read(&frame, Millis(now), Millis::from_secs(2)).is_ok();
        assert!(is_read(100_000));
        assert!(!is_read(99_999));
    }
}
