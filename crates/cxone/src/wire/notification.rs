//! The notification socket, the desktop's side of the platform (platform wire, section 13, and 14.5 and 14.6).
//!
//! One frame is `{"command", "headers", "body"}`. [`ClientFrame`] is what a desktop sends, [`ServerFrame`] what it
//! receives, [`MessageBody`] what a delivered card is wrapped in. Heartbeat and subscription rules are not here.

use std::borrow::Cow;

use secrecy::SecretString;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// The `contentType` that published frames are delivered with.
pub const CUSTOM_CARD: &str = "customCard";
/// The `cardType` that published frames are delivered with.
pub const TEXT_CARD: &str = "Text";

/// The topic on which an agent's cards are delivered: `<agentId>_agentcopilot`.
pub fn agent_topic(agent_id: &str) -> String {
    format!("{agent_id}{AGENT_TOPIC_SUFFIX}")
}

/// The agent an agent topic belongs to; `None` for health and transcript topics and for anything else.
pub fn topic_agent(topic: &str) -> Option<&str> {
    topic
        .strip_suffix(AGENT_TOPIC_SUFFIX)
        .filter(|agent| !agent.is_empty())
}

const AGENT_TOPIC_SUFFIX: &str = "_agentcopilot";

/// A frame from the desktop.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ClientFrame {
    /// Opens the conversation; answered `CONNECTED` or `ERROR`.
    Connect {
        /// Carries the token.
        headers: ClientHeaders,
        /// `{}`.
        #[serde(default)]
        body: Empty,
    },
    /// Asks for a topic; answered `SUBSCRIBED` or `ERROR`.
    Subscribe {
        /// Carries the token.
        headers: ClientHeaders,
        /// Which topic.
        body: Topic,
    },
    /// Gives a topic up; answered `UNSUBSCRIBED`.
    Unsubscribe {
        /// Carries the token.
        headers: ClientHeaders,
        /// Which topic.
        body: Topic,
    },
    /// Every 20 s; answered `HEARTBEAT_ACK`. The token may be empty.
    Heartbeat {
        /// The token may be empty.
        headers: ClientHeaders,
        /// `{}`.
        #[serde(default)]
        body: Empty,
    },
    /// A card has been on the agent's screen; answered `RECEIVED`.
    Rendered {
        /// Carries the token.
        headers: ClientHeaders,
        /// Which card, when.
        body: OutcomeReport,
    },
    /// The agent took a card up; answered `RECEIVED`.
    Accepted {
        /// Carries the token.
        headers: ClientHeaders,
        /// Which card, when.
        body: OutcomeReport,
    },
    /// The agent put a card away; answered `RECEIVED`.
    Dismissed {
        /// Carries the token.
        headers: ClientHeaders,
        /// Which card, when, why.
        body: OutcomeReport,
    },
}

impl ClientFrame {
    /// `CONNECT` with the token of the session.
    pub fn connect(token: SecretString) -> Self {
        Self::Connect {
            headers: ClientHeaders {
                session_token: token,
            },
            body: Empty {},
        }
    }

    /// `SUBSCRIBE` to one topic.
    pub fn subscribe(token: SecretString, topic: impl Into<String>) -> Self {
        Self::Subscribe {
            headers: ClientHeaders {
                session_token: token,
            },
            body: Topic {
                topic: topic.into(),
            },
        }
    }

    /// `UNSUBSCRIBE` from one topic.
    pub fn unsubscribe(token: SecretString, topic: impl Into<String>) -> Self {
        Self::Unsubscribe {
            headers: ClientHeaders {
                session_token: token,
            },
            body: Topic {
                topic: topic.into(),
            },
        }
    }

    /// `HEARTBEAT`, without a token, as the vendor's own desktop may send it.
    pub fn heartbeat() -> Self {
        Self::Heartbeat {
            headers: ClientHeaders::default(),
            body: Empty {},
        }
    }

    /// `RENDERED`, `ACCEPTED` or `DISMISSED`.
    pub fn outcome(kind: OutcomeKind, token: SecretString, body: OutcomeReport) -> Self {
        let headers = ClientHeaders {
            session_token: token,
        };
        match kind {
            OutcomeKind::Rendered => Self::Rendered { headers, body },
            OutcomeKind::Accepted => Self::Accepted { headers, body },
            OutcomeKind::Dismissed => Self::Dismissed { headers, body },
        }
    }
}

/// Headers of a client frame.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClientHeaders {
    /// The bearer token, without `Bearer`.
    #[serde(serialize_with = "super::exposed")]
    pub session_token: SecretString,
}

/// The body of commands that say all with their name: `{}`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Empty {}

/// The body of the subscription commands and their answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Topic {
    /// `<agentId>_agentcopilot`, `<agentId>_agentcopilot_health` or `<contactId>_transcript`.
    pub topic: String,
}

/// What became of a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum OutcomeKind {
    /// It has been on screen.
    Rendered,
    /// The agent took it up.
    Accepted,
    /// The agent put it away.
    Dismissed,
}

/// The body of `RENDERED`, `ACCEPTED` and `DISMISSED` (section 14.6).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OutcomeReport {
    /// `objectId` of the delivered card.
    pub object_id: String,
    /// The interaction.
    pub contact_id: String,
    /// The agent who reports.
    pub agent_id: String,
    /// When it happened, ISO 8601.
    pub at: String,
    /// Why, if the agent said so; `null` otherwise.
    pub reason: Option<String>,
}

/// A frame from the platform.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ServerFrame {
    /// The token was good.
    Connected {
        /// Names the connection.
        headers: ServerHeaders,
        /// `{}`.
        #[serde(default)]
        body: Empty,
    },
    /// Cards of the topic follow.
    Subscribed {
        /// Names the connection.
        headers: ServerHeaders,
        /// Which topic.
        body: Topic,
    },
    /// No more cards of the topic follow.
    Unsubscribed {
        /// Names the connection.
        headers: ServerHeaders,
        /// Which topic.
        body: Topic,
    },
    /// The connection lives.
    HeartbeatAck {
        /// Names the connection.
        headers: ServerHeaders,
        /// `{}`.
        #[serde(default)]
        body: Empty,
    },
    /// A delivery.
    Message {
        /// Names the connection.
        headers: ServerHeaders,
        /// What is delivered.
        body: MessageBody,
    },
    /// A command was refused.
    Error {
        /// Names the connection.
        headers: ServerHeaders,
        /// Why.
        body: ErrorBody,
    },
    /// An outcome has been taken down; the same answer for every repeat.
    Received {
        /// Names the connection.
        headers: ServerHeaders,
        /// Which card.
        body: Received,
    },
    /// A command this version does not know; to be counted and ignored.
    #[serde(other, skip_serializing)]
    Unknown,
}

/// Headers of a server frame.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServerHeaders {
    /// The platform's name for this connection.
    #[serde(default)]
    pub connection_id: String,
}

/// The body of `RECEIVED`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Received {
    /// `objectId` of the report it answers.
    pub object_id: String,
}

/// The body of `ERROR`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ErrorBody {
    /// A code, as text or number.
    pub response_code: ResponseCode,
    /// The refusal in words.
    #[serde(default)]
    pub response_text: String,
}

/// A response code: the platform sends text or a number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ResponseCode {
    /// A number, as in HTTP.
    Number(i64),
    /// A word, or a number in quotes.
    Text(String),
}

impl ResponseCode {
    /// The code as a number, however it was written; `None` when it is a word.
    pub fn as_number(&self) -> Option<i64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Text(text) => text.trim().parse().ok(),
        }
    }
}

/// The body of `MESSAGE`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MessageBody {
    /// Which part of the platform speaks.
    #[serde(default)]
    pub agent_assist_source: String,
    /// The interaction.
    #[serde(default)]
    pub contact_id: String,
    /// When it was delivered, ISO 8601.
    #[serde(default)]
    pub utc_timestamp: String,
    /// The cards; empty for kinds that carry none. One that cannot be read is [`AppElement::default`], so that it takes
    /// none of its neighbours with it.
    #[serde(default, deserialize_with = "each_by_itself")]
    pub acp_app_elements: Vec<AppElement>,
    /// `Transcript` for voice transcripts, else absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_type: Option<String>,
}

/// One card inside a `MESSAGE`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AppElement {
    /// What it is, such as [`CUSTOM_CARD`] or `nextBestResponse`.
    pub content_type: String,
    /// How it is drawn, such as [`TEXT_CARD`] or `AdaptiveCard`.
    #[serde(default)]
    pub card_type: String,
    /// The card's id.
    #[serde(default)]
    pub object_id: String,
    /// An object, or a string that holds one as JSON; read it with [`AppElement::content_object`].
    #[serde(default)]
    pub content: Value,
}

fn each_by_itself<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<AppElement>, D::Error> {
    let elements = Vec::<Value>::deserialize(deserializer)?;
    Ok(elements
        .into_iter()
        .map(|element| serde_json::from_value(element).unwrap_or_default())
        .collect())
}

/// The `content` of an element is neither an object nor a string that holds one.
#[derive(Debug, thiserror::Error)]
pub enum ContentError {
    /// A string that is not JSON.
    #[error("content of element {object_id:?} is a string but not JSON: {source}")]
    NotJson {
        /// The element.
        object_id: String,
        /// What the parser said.
        source: serde_json::Error,
    },
    /// JSON of another type.
    #[error(
        "content of element {object_id:?} is {found}, expected an object or a string holding one"
    )]
    NotAnObject {
        /// The element.
        object_id: String,
        /// The JSON type that came.
        found: &'static str,
    },
}

impl AppElement {
    /// A published frame, as it comes to a desktop (platform wire, section 14.5).
    pub fn custom_card(object_id: impl Into<String>, frame: Value) -> Self {
        Self {
            content_type: CUSTOM_CARD.to_owned(),
            card_type: TEXT_CARD.to_owned(),
            object_id: object_id.into(),
            content: frame,
        }
    }

    /// The content as an object, whichever of its two forms was sent.
    ///
    /// # Errors
    ///
    /// [`ContentError`] when it is neither.
    pub fn content_object(&self) -> Result<Cow<'_, Value>, ContentError> {
        let value = match &self.content {
            Value::String(text) => {
                Cow::Owned(
                    serde_json::from_str(text).map_err(|source| ContentError::NotJson {
                        object_id: self.object_id.clone(),
                        source,
                    })?,
                )
            }
            other => Cow::Borrowed(other),
        };
        if value.is_object() {
            Ok(value)
        } else {
            Err(ContentError::NotAnObject {
                object_id: self.object_id.clone(),
                found: json_type(&value),
            })
        }
    }
}

const fn json_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
#[path = "notification_tests.rs"]
mod tests;
