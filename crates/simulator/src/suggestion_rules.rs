//! Whether a frame on the suggestions socket is what it must be; pure (platform wire, sections 4.2 and 14.1).
//!
//! The limits are `cuecard_protocol::rules::suggestion`'s; the agent, the slots and the sender's scopes are asked by
//! the socket. Start with [`read`].

use cuecard_cxone::wire::error_frame::{ErrorCode, ErrorFrame};
use cuecard_cxone::wire::suggestions::{SUGGEST, Suggest};
use cuecard_protocol::rules::suggestion::{Offer, Refusal};
use cuecard_protocol::{CardId, InteractionId, InvalidId, Millis};
use jiff::Timestamp;
use serde::Deserialize as _;
use serde_json::Value;

use crate::clock::millis;
use crate::frame_rules::{kind, refuse, shown, unknown_type};

/// `type` of the frame that says who the client is.
const AUTH: &str = "auth";

/// A frame that is right.
#[derive(Debug, PartialEq)]
pub enum SuggestionsFrame {
    /// Says who the client is, with this token, empty if there is none.
    Auth(String),
    /// A suggestion.
    Suggest(Box<Suggested>),
}

/// A suggestion as it was understood.
#[derive(Debug, Clone, PartialEq)]
pub struct Suggested {
    /// The interaction.
    pub interaction: InteractionId,
    /// What the rules look at.
    pub offer: Offer,
    /// When its client sent it.
    pub sent_at: Millis,
    /// The end of its window.
    pub expires: Timestamp,
}

/// Reads a frame that has been parsed.
///
/// # Errors
///
/// The error frame to be sent back.
pub fn read(frame: &Value) -> Result<SuggestionsFrame, ErrorFrame> {
    match kind(frame, reference(frame))? {
        AUTH => {
            let token = frame.get("token").and_then(Value::as_str);
            let token = token.unwrap_or_default().to_owned();
            Ok(SuggestionsFrame::Auth(token))
        }
        SUGGEST => match suggestion(frame) {
            Ok(suggested) => Ok(SuggestionsFrame::Suggest(Box::new(suggested))),
            Err(message) => Err(refuse(ErrorCode::InvalidField, message, reference(frame))),
        },
        other => {
            let expected = "\"auth\" or \"agentassist.suggest\"";
            Err(unknown_type(other, expected, reference(frame)))
        }
    }
}

fn suggestion(frame: &Value) -> Result<Suggested, String> {
    let Suggest {
        interaction_id,
        suggestion,
    } = Suggest::deserialize(frame).map_err(|error| format!("{SUGGEST}: {error}"))?;
    let named = |field: &'static str| move |error: InvalidId| format!("{field}: {error}");
    let window = suggestion.context_window;
    let expires = time("suggestion.contextWindow.end", &window.end)?;
    Ok(Suggested {
        interaction: InteractionId::parse(interaction_id).map_err(named("interactionId"))?,
        offer: Offer {
            id: CardId::parse(suggestion.id).map_err(named("suggestion.id"))?,
            relevance: suggestion.relevance_score,
            start: millis(time("suggestion.contextWindow.start", &window.start)?),
            end: millis(expires),
        },
        sent_at: millis(time("suggestion.injectedAt", &suggestion.injected_at)?),
        expires,
    })
}

fn time(field: &str, text: &str) -> Result<Timestamp, String> {
    text.parse().map_err(|_| {
        format!(
            "{field} is {:?}, expected ISO 8601 with a zone",
            shown(text)
        )
    })
}

/// What the platform says of a rule that was broken.
pub fn broken(refusal: &Refusal, id: &CardId) -> ErrorFrame {
    let code = match refusal {
        Refusal::BufferLimit { .. } => ErrorCode::BufferLimit,
        Refusal::Duplicate { .. } => ErrorCode::Duplicate,
        Refusal::ContextWindow { .. } => ErrorCode::ContextWindow,
        Refusal::Relevance { .. } => ErrorCode::Relevance,
    };
    refuse(code, refusal.to_string(), Some(id.as_str()))
}

fn reference(frame: &Value) -> Option<&str> {
    frame.pointer("/suggestion/id").and_then(Value::as_str)
}
