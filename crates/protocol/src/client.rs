//! Messages from the panel to the broker.

use serde::{Deserialize, Serialize};

use crate::{ActionId, CardId, Millis, Seq};

/// What the panel says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ClientMessage {
    /// The first message: where the panel stands.
    Hello {
        /// The last entry the panel has applied; zero for a panel that has none.
        last_seq: Seq,
        /// The log that `last_seq` counts in, from the last `welcome`; absent for a panel that has none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        log: Option<String>,
        /// The panel's version.
        version: String,
    },
    /// Something the agent did, or that happened to a card on screen. Repeated until it is acknowledged.
    Action(Action),
    /// Is anybody there? Answered by `pong`.
    Ping,
}

/// One action on one card.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Action {
    /// The same on every repeat.
    pub id: ActionId,
    /// The card.
    pub card_id: CardId,
    /// What was done.
    pub kind: ActionKind,
    /// When, by the server's clock as the panel knows it.
    pub at: Millis,
    /// The agent's words, if any; at most 500 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What an action does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionKind {
    /// The card has been on screen.
    Rendered,
    /// The agent took it up.
    Accepted,
    /// The agent put it away.
    Dismissed,
}

impl ActionKind {
    /// The kind as logs and metrics name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rendered => "rendered",
            Self::Accepted => "accepted",
            Self::Dismissed => "dismissed",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(message: &ClientMessage, json: &str) {
        assert_eq!(serde_json::to_string(message).unwrap(), json);
        assert_eq!(
            &serde_json::from_str::<ClientMessage>(json).unwrap(),
            message
        );
    }

    #[test]
    fn golden() {
        check(
            &ClientMessage::Hello {
                last_seq: Seq(41),
                log: Some("a1".into()),
                version: "0.1.0".into(),
            },
            r#"{"type":"hello","last_seq":41,"log":"a1","version":"0.1.0"}"#,
        );
        check(&ClientMessage::Ping, r#"{"type":"ping"}"#);
        check(
            &ClientMessage::Action(Action {
                id: ActionId::parse("x1").unwrap(),
                card_id: CardId::parse("c1").unwrap(),
                kind: ActionKind::Dismissed,
                at: Millis(5),
                reason: None,
            }),
            r#"{"type":"action","id":"x1","card_id":"c1","kind":"dismissed","at":5}"#,
        );
    }
}
