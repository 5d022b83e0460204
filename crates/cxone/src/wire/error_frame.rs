//! The error frame of the publish sockets (platform wire, section 14.1).

use serde::{Deserialize, Serialize};

/// What the platform says about a frame it refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename = "error")]
pub struct ErrorFrame {
    /// What was wrong.
    pub code: ErrorCode,
    /// The same in words, with the value.
    pub message: String,
    /// The `contentId`, suggestion id or `frame_id` of the refused frame; `null` when it could not be read.
    #[serde(rename = "ref")]
    pub reference: Option<String>,
}

/// The codes of section 14.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// The token is not, or no longer, good. The socket is closed.
    Unauthorized,
    /// The frame breaks the protocol itself. The socket is closed.
    Protocol,
    /// Not JSON, or not an object.
    InvalidJson,
    /// A `type` that this socket does not know.
    UnknownType,
    /// A field is missing or of the wrong type.
    InvalidField,
    /// A `contentId` with other characters than letters, digits, `-` and `_`.
    InvalidContentId,
    /// More than five active suggestions for one interaction.
    BufferLimit,
    /// The id has been seen within its window.
    Duplicate,
    /// Now is outside the suggestion's window.
    ContextWindow,
    /// Below 0.70.
    Relevance,
    /// Too old when it arrived.
    Stale,
    /// More than ten snippets.
    SnippetLimit,
    /// An override below level 4.
    PriorityOverride,
    /// The oldest of more than a hundred sessions, evicted.
    SessionLimit,
    /// The scopes of the token do not allow it.
    Forbidden,
    /// The platform does not know the agent.
    UnknownAgent,
    /// A code this version does not know.
    #[serde(other)]
    Unknown,
}

impl ErrorCode {
    /// Whether the platform closes the socket behind this error; all others leave it open.
    pub const fn closes_socket(self) -> bool {
        matches!(self, Self::Unauthorized | Self::Protocol)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shape_and_order() {
        let json = r#"{"type":"error","code":"invalid_content_id","message":"contentId is \"a b\"","ref":"a b"}"#;
        let frame: ErrorFrame = serde_json::from_str(json).unwrap();
        assert_eq!(frame.code, ErrorCode::InvalidContentId);
        assert_eq!(serde_json::to_string(&frame).unwrap(), json);
        let without = ErrorFrame {
            code: ErrorCode::InvalidJson,
            message: "m".into(),
            reference: None,
        };
        assert_eq!(
            serde_json::to_string(&without).unwrap(),
            r#"{"type":"error","code":"invalid_json","message":"m","ref":null}"#
        );
    }

    #[test]
    fn only_unauthorized_and_protocol_close() {
        assert!(ErrorCode::Unauthorized.closes_socket() && ErrorCode::Protocol.closes_socket());
        assert!(!ErrorCode::Duplicate.closes_socket() && !ErrorCode::Forbidden.closes_socket());
        let later: ErrorCode = serde_json::from_str(r#""brand_new""#).unwrap();
        assert_eq!(later, ErrorCode::Unknown);
    }
}
