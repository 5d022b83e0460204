//! Messages from the panel to the broker.

use serde::{Deserialize, Serialize};

use crate::{ActionId, AgentId, CardId, Millis, Seq};

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
        /// The id of this life of the panel, as in its calls of `POST /api/typing`: whoever hears no more of the life
        /// takes its typing to be over.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        life: Option<String>,
        /// Whose panel it is, as it knows: the browser's session may have become another agent's meanwhile.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        agent_id: Option<AgentId>,
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
    /// Of `adopted`: which snippet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snippet_id: Option<String>,
    /// Of `snoozed`: when the card comes back, by the server's clock as the panel knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Millis>,
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
    /// The agent copied or inserted a snippet; the card stays. Counts once for each snippet.
    Adopted,
    /// The agent put a task off; the card leaves, and comes back.
    Snoozed,
}

impl ActionKind {
    /// The kind as logs and metrics name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rendered => "rendered",
            Self::Accepted => "accepted",
            Self::Dismissed => "dismissed",
            Self::Adopted => "adopted",
            Self::Snoozed => "snoozed",
        }
    }

    /// Whether it decides the card, which then leaves.
    pub const fn is_decision(self) -> bool {
        match self {
            Self::Accepted | Self::Dismissed | Self::Snoozed => true,
            Self::Rendered | Self::Adopted => false,
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
                life: Some("19f-c".into()),
                agent_id: AgentId::parse("AGT-1").ok(),
            },
            r#"{"type":"hello","last_seq":41,"log":"a1","version":"0.1.0","life":"19f-c","agent_id":"AGT-1"}"#,
        );
        check(&ClientMessage::Ping, r#"{"type":"ping"}"#);
        check(
            &ClientMessage::Action(Action {
                id: ActionId::parse("x1").unwrap(),
                card_id: CardId::parse("c1").unwrap(),
                kind: ActionKind::Dismissed,
                at: Millis(5),
                reason: None,
                snippet_id: None,
                until: None,
            }),
            r#"{"type":"action","id":"x1","card_id":"c1","kind":"dismissed","at":5}"#,
        );
        check(
            &ClientMessage::Action(Action {
                id: ActionId::parse("x2").unwrap(),
                card_id: CardId::parse("task-1").unwrap(),
                kind: ActionKind::Snoozed,
                at: Millis(5),
                reason: None,
                snippet_id: None,
                until: Some(Millis(9)),
            }),
            r#"{"type":"action","id":"x2","card_id":"task-1","kind":"snoozed","at":5,"until":9}"#,
        );
    }
}
