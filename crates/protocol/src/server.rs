//! Messages from the broker to the panel.

use serde::{Deserialize, Serialize};

use crate::{ActionId, Card, CardId, Millis, Seq, json};

/// What the broker says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerMessage {
    /// The answer to `hello`.
    Welcome {
        /// The server's version.
        version: String,
        /// The agent's log; it changes when the store was made anew, and then no `last_seq` counts.
        log: String,
        /// The last entry of the log at this moment.
        head: Seq,
        /// How the panel catches up.
        resume: Resume,
        /// The server's clock.
        now: Millis,
    },
    /// After a gap: the live cards, oldest first, in as many messages as it takes.
    Snapshot {
        /// The live cards of this part.
        cards: Vec<LiveCard>,
        /// Whether this part is the last.
        last: bool,
    },
    /// A new card: entry `seq` of the log.
    Card {
        /// Its place in the log.
        seq: Seq,
        /// The card.
        card: Card,
    },
    /// A card that left: entry `seq` of the log.
    Removed {
        /// Its place in the log.
        seq: Seq,
        /// Which card.
        card_id: CardId,
        /// Why.
        reason: RemovalReason,
    },
    /// The action is durable, or refused for good; it need not be sent again.
    Ack {
        /// Which action.
        id: ActionId,
        /// What became of it.
        #[serde(flatten)]
        outcome: AckOutcome,
    },
    /// The answer to `ping`.
    Pong,
    /// The server is about to close.
    Bye {
        /// Why, for the status line and the log.
        reason: String,
        /// Wait at least so long before the next try.
        retry_after_ms: u64,
    },
}

/// How a panel catches up after `hello`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resume {
    /// Every entry behind the panel's `last_seq` follows, in order.
    Resumed,
    /// The entries are gone, or the panel is new: forget the cards, a snapshot follows.
    Gap,
}

/// A card with its place in the log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LiveCard {
    /// Its place in the log.
    pub seq: Seq,
    /// The card.
    pub card: Card,
}

/// One entry of an agent's log, without its place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Entry {
    /// A card came.
    Card(Card),
    /// A card left.
    Removed {
        /// Which.
        card_id: CardId,
        /// Why.
        reason: RemovalReason,
    },
}

impl Entry {
    /// The message that carries this entry.
    pub fn at(self, seq: Seq) -> ServerMessage {
        match self {
            Self::Card(card) => ServerMessage::Card { seq, card },
            Self::Removed { card_id, reason } => ServerMessage::Removed {
                seq,
                card_id,
                reason,
            },
        }
    }
}

/// Why a card left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RemovalReason {
    /// The agent accepted it.
    Accepted,
    /// The agent dismissed it.
    Dismissed,
    /// Its time was over.
    Expired,
    /// Its publisher took it back.
    Withdrawn,
    /// Its publisher replaced it.
    Superseded,
    /// The conversation has moved on.
    Stale,
    /// The agent put it off; it comes back as a new entry.
    Snoozed,
}

impl RemovalReason {
    /// The reason as logs, metrics and the store name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Dismissed => "dismissed",
            Self::Expired => "expired",
            Self::Withdrawn => "withdrawn",
            Self::Superseded => "superseded",
            Self::Stale => "stale",
            Self::Snoozed => "snoozed",
        }
    }
}

/// What became of an action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum AckOutcome {
    /// Durable now, or already before.
    Recorded,
    /// Not counted, and no repeat will change that.
    Refused {
        /// What was wrong and what was expected, for developers.
        message: String,
        /// How the card had left, where that is what was wrong.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        left_by: Option<RemovalReason>,
    },
}

/// A message that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Valid JSON with a `type` of a newer version: ignore and count.
    #[error("message type {0:?} is not known to version {version}", version = crate::VERSION)]
    UnknownType(String),
    /// Not a message at all.
    #[error("message is not valid: {0}")]
    Invalid(String),
}

impl ServerMessage {
    /// Reads a message; an unknown `type` is told apart from a broken message.
    pub fn parse(text: &str) -> Result<Self, Unreadable> {
        let tree = json::tree(text).map_err(|misfit| Unreadable::Invalid(misfit.to_string()))?;
        Self::read(&tree)
    }

    /// The same for one that is parsed.
    pub fn read(tree: &json::Tree) -> Result<Self, Unreadable> {
        let invalid = |misfit: json::Misfit| Unreadable::Invalid(misfit.to_string());
        let kind: String = json::field(tree, "type").map_err(invalid)?;
        json::message(&kind, tree)
            .map_err(invalid)?
            .ok_or_else(|| unknown_type(&kind))
    }
}

impl crate::ClientMessage {
    /// Reads a message; an unknown `type` is told apart from a broken message.
    pub fn parse(text: &str) -> Result<Self, Unreadable> {
        #[derive(Deserialize)]
        struct Typed {
            #[serde(rename = "type")]
            kind: String,
        }
        serde_json::from_str(text).map_err(|error| match serde_json::from_str::<Typed>(text) {
            Ok(Typed { kind }) if !["hello", "action", "ping"].contains(&kind.as_str()) => {
                unknown_type(&kind)
            }
            _ => Unreadable::Invalid(error.to_string()),
        })
    }
}

fn unknown_type(kind: &str) -> Unreadable {
    Unreadable::UnknownType(kind.chars().take(64).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(message: &ServerMessage, json: &str) {
        assert_eq!(serde_json::to_string(message).unwrap(), json);
        assert_eq!(&ServerMessage::parse(json).unwrap(), message);
    }

    #[test]
    fn golden() {
        check(
            &ServerMessage::Welcome {
                version: "0.1.0".into(),
                log: "a1".into(),
                head: Seq(57),
                resume: Resume::Resumed,
                now: Millis(9),
            },
            r#"{"type":"welcome","version":"0.1.0","log":"a1","head":57,"resume":"resumed","now":9}"#,
        );
        check(
            &ServerMessage::Removed {
                seq: Seq(43),
                card_id: CardId::parse("c1").unwrap(),
                reason: RemovalReason::Expired,
            },
            r#"{"type":"removed","seq":43,"card_id":"c1","reason":"expired"}"#,
        );
        check(
            &ServerMessage::Ack {
                id: ActionId::parse("x").unwrap(),
                outcome: AckOutcome::Recorded,
            },
            r#"{"type":"ack","id":"x","outcome":"recorded"}"#,
        );
        check(
            &ServerMessage::Bye {
                reason: "draining".into(),
                retry_after_ms: 500,
            },
            r#"{"type":"bye","reason":"draining","retry_after_ms":500}"#,
        );
    }

    #[test]
    fn a_refusal_and_a_snapshot_are_read_as_they_were_written() {
        check(
            &ServerMessage::Ack {
                id: ActionId::parse("x").unwrap(),
                outcome: AckOutcome::Refused {
                    message: "no such card".into(),
                    left_by: None,
                },
            },
            r#"{"type":"ack","id":"x","outcome":"refused","message":"no such card"}"#,
        );
        check(
            &ServerMessage::Ack {
                id: ActionId::parse("x").unwrap(),
                outcome: AckOutcome::Refused {
                    message: "too late".into(),
                    left_by: Some(RemovalReason::Expired),
                },
            },
            r#"{"type":"ack","id":"x","outcome":"refused","message":"too late","left_by":"expired"}"#,
        );
        check(
            &ServerMessage::Snapshot {
                cards: vec![],
                last: true,
            },
            r#"{"type":"snapshot","cards":[],"last":true}"#,
        );
    }

    #[test]
    fn a_refusal_with_a_word_of_a_newer_server_is_a_refusal() {
        let text =
            r#"{"type":"ack","id":"x","outcome":"refused","message":"m","left_by":"merged"}"#;
        let ServerMessage::Ack { outcome, .. } = ServerMessage::parse(text).unwrap() else {
            panic!("expected an acknowledgement")
        };
        let (message, left_by) = ("m".to_owned(), None);
        assert_eq!(outcome, AckOutcome::Refused { message, left_by });
    }

    #[test]
    fn a_card_leaves_for_a_reason_of_a_newer_server_too() {
        let text = r#"{"type":"removed","seq":1,"card_id":"c","reason":"merged"}"#;
        let left = ServerMessage::Removed {
            seq: Seq(1),
            card_id: CardId::parse("c").unwrap(),
            reason: RemovalReason::Withdrawn,
        };
        assert_eq!(ServerMessage::parse(text), Ok(left));
    }

    #[test]
    fn a_card_is_read_alike_wherever_its_type_stands() {
        let card = r#""seq":7,"card":{"id":"c","interaction_id":"i","published_at":1,"received_at":2,"expires_at":3,"body":{"alert":{"level":"HIGH","title":"t","html":"<b>x</b>"}}}"#;
        let first = ServerMessage::parse(&format!(r#"{{"type":"card",{card}}}"#)).unwrap();
        let last = ServerMessage::parse(&format!(r#"{{{card},"type":"card"}}"#)).unwrap();
        assert!(matches!(first, ServerMessage::Card { seq: Seq(7), .. }));
        assert_eq!(first, last);
    }

    #[test]
    fn a_newer_type_is_not_a_broken_message() {
        assert_eq!(
            ServerMessage::parse(r#"{"type":"confetti","n":1}"#),
            Err(Unreadable::UnknownType("confetti".into()))
        );
        assert!(matches!(
            ServerMessage::parse(r#"{"type":"card","seq":"x"}"#),
            Err(Unreadable::Invalid(_))
        ));
        assert!(matches!(
            ServerMessage::parse("nonsense"),
            Err(Unreadable::Invalid(_))
        ));
    }

    #[test]
    fn a_missing_or_unknown_value_is_named() {
        for (text, words) in [
            (
                r#"{"type":"card","seq":1}"#,
                "card.id is missing, expected a text",
            ),
            (
                r#"{"type":"snapshot","cards":[]}"#,
                "last is missing, expected true or false",
            ),
            (
                r#"{"type":"welcome","version":"1"}"#,
                "log is missing, expected a text",
            ),
            (
                r#"{"type":"removed","seq":1,"card_id":"c","reason":7}"#,
                "reason is another number, expected accepted, dismissed, expired, withdrawn, superseded, stale or snoozed",
            ),
        ] {
            assert_eq!(
                ServerMessage::parse(text),
                Err(Unreadable::Invalid(words.into()))
            );
        }
    }

    #[test]
    fn unknown_fields_are_ignored() {
        assert_eq!(
            ServerMessage::parse(r#"{"type":"pong","later":true}"#),
            Ok(ServerMessage::Pong)
        );
    }
}
