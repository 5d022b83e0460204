//! Reading what the broker says out of one parsed tree, field by field.
//!
//! Derived readers are written anew by the compiler for every type, with all their error texts; together they were a
//! fifth of what an agent's browser has to load. So what the panel reads is read here, by hand. What the server reads
//! keeps its derived readers. The tests hold both to the same shapes.

use std::fmt;

pub use serde_json::Value;

use crate::server::{AckOutcome, LiveCard, RemovalReason, Resume, ServerMessage};
use crate::session::{SessionInfo, TicketInfo};
use crate::{
    Action, ActionId, ActionKind, AgentId, Alert, AlertLevel, Card, CardBody, CardId,
    InteractionId, InvalidId, Millis, Seq,
};

/// A value that is not what was expected: where it stands, what it is, what was expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    path: String,
    problem: String,
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.path, self.problem)
    }
}

impl std::error::Error for Misfit {}

impl Misfit {
    fn new(found: &Value, expected: &str) -> Self {
        let found = match found {
            Value::Null => "is missing".to_owned(),
            Value::Bool(_) => "is a boolean".to_owned(),
            Value::Number(_) => "is another number".to_owned(),
            Value::String(text) => format!("is {:?}", text.chars().take(64).collect::<String>()),
            Value::Array(_) => "is a list".to_owned(),
            Value::Object(_) => "is an object".to_owned(),
        };
        Self {
            path: String::new(),
            problem: format!("{found}, expected {expected}"),
        }
    }

    fn within(mut self, field: &str) -> Self {
        let dot = if self.path.is_empty() { "" } else { "." };
        self.path = format!("{field}{dot}{}", self.path);
        self
    }
}

/// What can be read out of a parsed tree.
pub trait FromJson: Sized {
    /// Reads it.
    fn from_json(value: &Value) -> Result<Self, Misfit>;
}

/// Reads a text of JSON.
pub fn read<T: FromJson>(text: &str) -> Result<T, Misfit> {
    T::from_json(&tree(text)?)
}

/// Parses a text of JSON.
pub fn tree(text: &str) -> Result<Value, Misfit> {
    serde_json::from_str(text).map_err(|error| Misfit {
        path: "message".to_owned(),
        problem: format!("is not JSON: {error}"),
    })
}

/// Reads one field of an object; an absent one reads like `null`.
pub fn field<T: FromJson>(object: &Value, name: &str) -> Result<T, Misfit> {
    T::from_json(object.get(name).unwrap_or(&Value::Null)).map_err(|misfit| misfit.within(name))
}

impl FromJson for String {
    fn from_json(value: &Value) -> Result<Self, Misfit> {
        let text = value.as_str().ok_or_else(|| Misfit::new(value, "a text"))?;
        Ok(text.to_owned())
    }
}

impl FromJson for bool {
    fn from_json(value: &Value) -> Result<Self, Misfit> {
        value
            .as_bool()
            .ok_or_else(|| Misfit::new(value, "true or false"))
    }
}

impl FromJson for u64 {
    fn from_json(value: &Value) -> Result<Self, Misfit> {
        value
            .as_u64()
            .ok_or_else(|| Misfit::new(value, "a whole number from 0"))
    }
}

impl FromJson for f64 {
    fn from_json(value: &Value) -> Result<Self, Misfit> {
        value.as_f64().ok_or_else(|| Misfit::new(value, "a number"))
    }
}

impl<T: FromJson> FromJson for Option<T> {
    fn from_json(value: &Value) -> Result<Self, Misfit> {
        if value.is_null() {
            return Ok(None);
        }
        T::from_json(value).map(Some)
    }
}

impl<T: FromJson> FromJson for Vec<T> {
    fn from_json(value: &Value) -> Result<Self, Misfit> {
        let list = value
            .as_array()
            .ok_or_else(|| Misfit::new(value, "a list"))?;
        list.iter().map(T::from_json).collect()
    }
}

impl FromJson for Seq {
    fn from_json(value: &Value) -> Result<Self, Misfit> {
        u64::from_json(value).map(Self)
    }
}

impl FromJson for Millis {
    fn from_json(value: &Value) -> Result<Self, Misfit> {
        u64::from_json(value).map(Self)
    }
}

fn id<T>(value: &Value, parse: fn(String) -> Result<T, InvalidId>) -> Result<T, Misfit> {
    parse(String::from_json(value)?).map_err(|invalid| Misfit::new(value, invalid.expected))
}

impl FromJson for AgentId {
    fn from_json(value: &Value) -> Result<Self, Misfit> {
        id(value, Self::parse)
    }
}

impl FromJson for InteractionId {
    fn from_json(value: &Value) -> Result<Self, Misfit> {
        id(value, Self::parse)
    }
}

impl FromJson for CardId {
    fn from_json(value: &Value) -> Result<Self, Misfit> {
        id(value, Self::parse)
    }
}

impl FromJson for ActionId {
    fn from_json(value: &Value) -> Result<Self, Misfit> {
        id(value, Self::parse)
    }
}

/// Reads one word out of a few.
fn word<T: Copy>(value: &Value, words: &[(&str, T)], expected: &str) -> Result<T, Misfit> {
    let found = words.iter().find(|(word, _)| value.as_str() == Some(word));
    found
        .map(|(_, meaning)| *meaning)
        .ok_or_else(|| Misfit::new(value, expected))
}

impl FromJson for AlertLevel {
    fn from_json(value: &Value) -> Result<Self, Misfit> {
        let words = [("HIGH", Self::High), ("CRITICAL", Self::Critical)];
        word(value, &words, "HIGH or CRITICAL")
    }
}

impl FromJson for Resume {
    fn from_json(value: &Value) -> Result<Self, Misfit> {
        let words = [("resumed", Self::Resumed), ("gap", Self::Gap)];
        word(value, &words, "resumed or gap")
    }
}

impl FromJson for RemovalReason {
    fn from_json(value: &Value) -> Result<Self, Misfit> {
        let words = [
            ("accepted", Self::Accepted),
            ("dismissed", Self::Dismissed),
            ("expired", Self::Expired),
        ];
        word(value, &words, "accepted, dismissed or expired")
    }
}

impl FromJson for ActionKind {
    fn from_json(value: &Value) -> Result<Self, Misfit> {
        let words = [
            ("rendered", Self::Rendered),
            ("accepted", Self::Accepted),
            ("dismissed", Self::Dismissed),
        ];
        word(value, &words, "rendered, accepted or dismissed")
    }
}

impl FromJson for Action {
    fn from_json(value: &Value) -> Result<Self, Misfit> {
        Ok(Self {
            id: field(value, "id")?,
            card_id: field(value, "card_id")?,
            kind: field(value, "kind")?,
            at: field(value, "at")?,
            reason: field(value, "reason")?,
        })
    }
}

impl FromJson for Alert {
    fn from_json(value: &Value) -> Result<Self, Misfit> {
        Ok(Self {
            level: field(value, "level")?,
            title: field(value, "title")?,
            score: field(value, "score")?,
            html: field(value, "html")?,
        })
    }
}

impl FromJson for CardBody {
    fn from_json(value: &Value) -> Result<Self, Misfit> {
        match value.get("alert") {
            Some(alert) => Alert::from_json(alert)
                .map(Self::Alert)
                .map_err(|misfit| misfit.within("alert")),
            None => Err(Misfit::new(value, "an object with `alert`")),
        }
    }
}

impl FromJson for Card {
    fn from_json(value: &Value) -> Result<Self, Misfit> {
        Ok(Self {
            id: field(value, "id")?,
            interaction_id: field(value, "interaction_id")?,
            published_at: field(value, "published_at")?,
            received_at: field(value, "received_at")?,
            expires_at: field(value, "expires_at")?,
            body: field(value, "body")?,
        })
    }
}

impl FromJson for LiveCard {
    fn from_json(value: &Value) -> Result<Self, Misfit> {
        Ok(Self {
            seq: field(value, "seq")?,
            card: field(value, "card")?,
        })
    }
}

impl FromJson for AckOutcome {
    fn from_json(value: &Value) -> Result<Self, Misfit> {
        match field::<String>(value, "outcome")?.as_str() {
            "recorded" => Ok(Self::Recorded),
            "refused" => Ok(Self::Refused {
                message: field(value, "message")?,
            }),
            _ => Err(Misfit::new(&value["outcome"], "recorded or refused").within("outcome")),
        }
    }
}

impl FromJson for SessionInfo {
    fn from_json(value: &Value) -> Result<Self, Misfit> {
        Ok(Self {
            agent_id: field(value, "agent_id")?,
            version: field(value, "version")?,
            locale: field(value, "locale")?,
            expires_at: field(value, "expires_at")?,
            image_origins: field(value, "image_origins")?,
        })
    }
}

impl FromJson for TicketInfo {
    fn from_json(value: &Value) -> Result<Self, Misfit> {
        Ok(Self {
            ticket: field(value, "ticket")?,
            url: field(value, "url")?,
            expires_in: field(value, "expires_in")?,
        })
    }
}

/// Reads a message of the type `kind`; none if this version does not know the type.
pub(crate) fn message(kind: &str, value: &Value) -> Result<Option<ServerMessage>, Misfit> {
    Ok(Some(match kind {
        "card" => ServerMessage::Card {
            seq: field(value, "seq")?,
            card: field(value, "card")?,
        },
        "removed" => ServerMessage::Removed {
            seq: field(value, "seq")?,
            card_id: field(value, "card_id")?,
            reason: field(value, "reason")?,
        },
        "ack" => ServerMessage::Ack {
            id: field(value, "id")?,
            outcome: AckOutcome::from_json(value)?,
        },
        "snapshot" => ServerMessage::Snapshot {
            cards: field(value, "cards")?,
            last: field(value, "last")?,
        },
        "welcome" => ServerMessage::Welcome {
            version: field(value, "version")?,
            log: field(value, "log")?,
            head: field(value, "head")?,
            resume: field(value, "resume")?,
            now: field(value, "now")?,
        },
        "pong" => ServerMessage::Pong,
        "bye" => ServerMessage::Bye {
            reason: field(value, "reason")?,
            retry_after_ms: field(value, "retry_after_ms")?,
        },
        _ => return Ok(None),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_server_writes_is_read() {
        let session = SessionInfo {
            agent_id: AgentId::parse("A").unwrap(),
            version: "1".into(),
            locale: "en".into(),
            expires_at: Millis(5),
            image_origins: vec!["https://img.example".into()],
        };
        assert_eq!(read(&serde_json::to_string(&session).unwrap()), Ok(session));
        let ticket = TicketInfo {
            ticket: "t".into(),
            url: "ws://x".into(),
            expires_in: 30,
        };
        assert_eq!(read(&serde_json::to_string(&ticket).unwrap()), Ok(ticket));
        for kind in [
            ActionKind::Rendered,
            ActionKind::Accepted,
            ActionKind::Dismissed,
        ] {
            let action = Action {
                id: ActionId::parse("x").unwrap(),
                card_id: CardId::parse("c").unwrap(),
                kind,
                at: Millis(7),
                reason: Some("no".into()),
            };
            assert_eq!(read(&serde_json::to_string(&action).unwrap()), Ok(action));
        }
    }

    #[test]
    fn a_misfit_is_named_with_its_place_and_what_was_expected() {
        let read = |text| read::<LiveCard>(text).unwrap_err().to_string();
        assert_eq!(
            read(r#"{"seq":"x"}"#),
            "seq is \"x\", expected a whole number from 0"
        );
        assert_eq!(
            read(r#"{"seq":1,"card":{"id":"a b"}}"#),
            "card.id is \"a b\", expected 1 to 128 of the characters A-Z a-z 0-9 _ -"
        );
        assert_eq!(
            read(
                r#"{"seq":1,"card":{"id":"a","interaction_id":"i","published_at":1,"received_at":1,"expires_at":1,"body":{"alert":{"level":"LOW"}}}}"#
            ),
            "card.body.alert.level is \"LOW\", expected HIGH or CRITICAL"
        );
        assert!(read("nonsense").starts_with("message is not JSON: "));
    }
}
