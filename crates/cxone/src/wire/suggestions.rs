//! The suggestions socket (platform wire, section 4): authentication by the first frame, suggestions, and what became
//! of them.
//!
//! What the platform refuses comes back as an [error frame](super::error_frame).

use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::exposed;

/// `type` of a suggestion.
pub const SUGGEST: &str = "agentassist.suggest";

/// The first frame: who the client is.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "type", rename = "auth")]
pub struct Auth {
    /// The bearer token, without `Bearer`.
    #[serde(serialize_with = "exposed")]
    pub token: SecretString,
}

/// A suggestion, as published and, unchanged, as delivered to the desktop.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename = "agentassist.suggest", rename_all = "camelCase")]
pub struct Suggest {
    /// The interaction it belongs to; the platform knows who holds it.
    pub interaction_id: String,
    /// What is suggested.
    pub suggestion: Suggestion,
}

/// What is suggested.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Suggestion {
    /// A UUID; unique while the suggestion is active. Comes back as `suggestionId`.
    pub id: String,
    /// Plain text.
    pub content: String,
    /// Such as `HIGH`; the other values are not known.
    pub priority: String,
    /// 0.70 to 1.
    pub relevance_score: f64,
    /// When it is of use.
    pub context_window: ContextWindow,
    /// When it was sent: ISO 8601.
    pub injected_at: String,
    /// Who made it. Not of the reference client's; the platform passes it on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

/// When a suggestion is of use, both ends included.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContextWindow {
    /// ISO 8601.
    pub start: String,
    /// ISO 8601.
    pub end: String,
}

/// What the platform sends besides error frames.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all_fields = "camelCase")]
pub enum ServerFrame {
    /// The token is good; frames may follow.
    #[serde(rename = "auth.success")]
    AuthSuccess {},
    /// It is not; the socket is closed.
    #[serde(rename = "auth.failure")]
    AuthFailure {
        /// Why.
        message: String,
    },
    /// The suggestion was rendered.
    #[serde(rename = "agentassist.ack")]
    Ack {
        /// The interaction.
        interaction_id: String,
        /// `suggestion.id` of the suggestion.
        suggestion_id: String,
        /// When it was sent, epoch milliseconds. A number of any kind: JavaScript knows no integers.
        sent_timestamp: serde_json::Number,
    },
    /// The agent took it up.
    #[serde(rename = "agentassist.accepted")]
    Accepted {
        /// The interaction.
        interaction_id: String,
        /// `suggestion.id` of the suggestion.
        suggestion_id: String,
    },
    /// The agent put it away.
    #[serde(rename = "agentassist.dismissed")]
    Dismissed {
        /// The interaction.
        interaction_id: String,
        /// `suggestion.id` of the suggestion.
        suggestion_id: String,
    },
    /// A type this version does not know; to be ignored (platform wire, section 4.3).
    #[serde(other)]
    Unknown,
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    /// Recorded from the reference client, platform wire section 12.
    const RECORDED: &str = r#"{"type":"agentassist.suggest","interactionId":"INTERACTION_12345","suggestion":{"id":"54d26b8a-15da-4a7e-b30f-4d2fb8f5e9ae","content":"Verify return policy eligibility before processing refund","priority":"HIGH","relevanceScore":0.85,"contextWindow":{"start":"2026-11-20T08:49:46.026Z","end":"2026-11-20T08:54:46.026Z"},"injectedAt":"2026-11-20T08:49:46.026Z"}}"#;

    #[test]
    fn recorded_suggestion_survives_byte_for_byte() {
        let frame: Suggest = serde_json::from_str(RECORDED).unwrap();
        assert_eq!(
            frame.suggestion.context_window.end,
            "2026-11-20T08:54:46.026Z"
        );
        assert_eq!(serde_json::to_string(&frame).unwrap(), RECORDED);
    }

    #[test]
    fn recorded_auth_survives_byte_for_byte_and_its_token_is_not_printed() {
        let json = r#"{"type":"auth","token":"TOKEN"}"#;
        let auth: Auth = serde_json::from_str(json).unwrap();
        assert_eq!(auth.token.expose_secret(), "TOKEN");
        assert_eq!(serde_json::to_string(&auth).unwrap(), json);
        assert!(!format!("{auth:?}").contains("TOKEN"));
    }

    #[test]
    fn what_the_platform_says_survives_byte_for_byte() {
        let interaction_id = "INTERACTION_12345".to_owned();
        let suggestion_id = "54d26b8a-15da-4a7e-b30f-4d2fb8f5e9ae".to_owned();
        for (json, wanted) in [
            (r#"{"type":"auth.success"}"#, ServerFrame::AuthSuccess {}),
            (
                r#"{"type":"auth.failure","message":"the token is not valid"}"#,
                ServerFrame::AuthFailure {
                    message: "the token is not valid".into(),
                },
            ),
            (
                r#"{"type":"agentassist.ack","interactionId":"INTERACTION_12345","suggestionId":"54d26b8a-15da-4a7e-b30f-4d2fb8f5e9ae","sentTimestamp":1795164586026}"#,
                ServerFrame::Ack {
                    interaction_id: interaction_id.clone(),
                    suggestion_id: suggestion_id.clone(),
                    sent_timestamp: 1_795_164_586_026_i64.into(),
                },
            ),
            (
                r#"{"type":"agentassist.accepted","interactionId":"INTERACTION_12345","suggestionId":"54d26b8a-15da-4a7e-b30f-4d2fb8f5e9ae"}"#,
                ServerFrame::Accepted {
                    interaction_id: interaction_id.clone(),
                    suggestion_id: suggestion_id.clone(),
                },
            ),
            (
                r#"{"type":"agentassist.dismissed","interactionId":"INTERACTION_12345","suggestionId":"54d26b8a-15da-4a7e-b30f-4d2fb8f5e9ae"}"#,
                ServerFrame::Dismissed {
                    interaction_id,
                    suggestion_id,
                },
            ),
        ] {
            assert_eq!(serde_json::from_str::<ServerFrame>(json).unwrap(), wanted);
            assert_eq!(serde_json::to_string(&wanted).unwrap(), json);
        }
    }

    #[test]
    fn further_fields_and_unknown_types_are_ignored() {
        let accepted: ServerFrame = serde_json::from_str(
            r#"{"type":"agentassist.accepted","interactionId":"I","suggestionId":"S","agentId":"A","timestamp":1}"#,
        )
        .unwrap();
        assert!(matches!(accepted, ServerFrame::Accepted { .. }));
        let later: ServerFrame = serde_json::from_str(r#"{"type":"later","x":[1]}"#).unwrap();
        assert_eq!(later, ServerFrame::Unknown);
    }
}
