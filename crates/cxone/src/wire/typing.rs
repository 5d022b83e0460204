//! Guests, their typing indicator, and an agent's typing on a digital channel (platform wire, sections 7 and 13).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The body of `POST /api/v1/webchat/guests`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuestRequest {
    /// Free attributes; the recorded client sends `source`.
    #[serde(default)]
    pub attributes: BTreeMap<String, Value>,
}

/// The answer to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Guest {
    /// The guest's id, for all further calls.
    pub id: String,
    /// The guest's own socket. Our client opens none, so an answer without it is good enough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub web_socket_url: Option<String>,
}

/// The indicator's state, as it is set and as it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TypingState {
    /// Whether it is on.
    pub typing: bool,
}

/// The body of `POST /dfo/3.0/channels/{channelId}/threads/{threadId}/sender-actions`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SenderAction {
    /// What the agent does.
    pub action: Action,
}

/// What an agent does on a digital channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Action {
    /// Begins to type.
    #[serde(rename = "isTypingOn")]
    TypingOn,
    /// Has stopped typing.
    #[serde(rename = "isTypingOff")]
    TypingOff,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same<T: Serialize + serde::de::DeserializeOwned>(json: &str) {
        let value: T = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&value).unwrap(), json);
    }

    #[test]
    fn the_recorded_bodies() {
        same::<GuestRequest>(r#"{"attributes":{"source":"nodejs-typing-client"}}"#);
        same::<TypingState>(r#"{"typing":true}"#);
        same::<TypingState>(r#"{"typing":false}"#);
        same::<Guest>(r#"{"id":"guest-2","webSocketUrl":"wss://example.com/g"}"#);
        same::<Guest>(r#"{"id":"guest-2"}"#);
        same::<SenderAction>(r#"{"action":"isTypingOn"}"#);
        same::<SenderAction>(r#"{"action":"isTypingOff"}"#);
        assert!(serde_json::from_str::<SenderAction>(r#"{"action":"isDancing"}"#).is_err());
    }
}
