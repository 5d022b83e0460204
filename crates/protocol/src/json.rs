//! Reading what the broker says out of one parsed tree, field by field.
//!
//! Derived readers are written anew by the compiler for every type, with all their error texts; together they were a
//! fifth of what an agent's browser has to load. So what the panel reads is read here, by hand. What the server reads
//! keeps its derived readers. The tests hold both to the same shapes.

mod tree;

use std::fmt;

pub use tree::Tree;

use crate::server::{AckOutcome, LiveCard, RemovalReason, Resume, ServerMessage};
use crate::session::{SessionInfo, TicketInfo};
use crate::{
    Action, ActionId, ActionKind, AgentId, Alert, AlertLevel, Card, CardBody, CardId,
    InteractionId, InvalidId, Millis, Prompt, Seq, Snippet, Suggestion, Task, TaskPriority,
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
    fn new(found: &Tree, expected: &str) -> Self {
        let found = match found {
            Tree::Null => "is missing".to_owned(),
            Tree::Boolean(_) => "is a boolean".to_owned(),
            Tree::Number(_) => "is another number".to_owned(),
            Tree::Text(text) => format!("is {:?}", text.chars().take(64).collect::<String>()),
            Tree::List(_) => "is a list".to_owned(),
            Tree::Object(_) => "is an object".to_owned(),
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
    fn from_json(value: &Tree) -> Result<Self, Misfit>;
}

/// Parses a text of JSON.
pub fn tree(text: &str) -> Result<Tree, Misfit> {
    let parsed = serde_json::from_str::<serde_json::Value>(text).map_err(|error| Misfit {
        path: "message".to_owned(),
        problem: format!("is not JSON: {error}"),
    });
    parsed.map(Tree::from)
}

/// Reads one field of an object; an absent one reads like `null`.
pub fn field<T: FromJson>(object: &Tree, name: &str) -> Result<T, Misfit> {
    T::from_json(object.get(name).unwrap_or(&Tree::Null)).map_err(|misfit| misfit.within(name))
}

impl FromJson for String {
    fn from_json(value: &Tree) -> Result<Self, Misfit> {
        let text = value.text().ok_or_else(|| Misfit::new(value, "a text"))?;
        Ok(text.to_owned())
    }
}

impl FromJson for bool {
    fn from_json(value: &Tree) -> Result<Self, Misfit> {
        match value {
            Tree::Boolean(is_so) => Ok(*is_so),
            _ => Err(Misfit::new(value, "true or false")),
        }
    }
}

impl FromJson for u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "whole, not negative, and a cast saturates"
    )]
    fn from_json(value: &Tree) -> Result<Self, Misfit> {
        let is_whole = |number: &f64| number.fract() == 0.0 && *number >= 0.0;
        let whole = value.number().filter(is_whole);
        whole
            .map(|number| number as Self)
            .ok_or_else(|| Misfit::new(value, "a whole number from 0"))
    }
}

impl FromJson for u8 {
    fn from_json(value: &Tree) -> Result<Self, Misfit> {
        let small = u64::from_json(value).ok();
        small
            .and_then(|number| number.try_into().ok())
            .ok_or_else(|| Misfit::new(value, "a whole number from 0 to 255"))
    }
}

impl FromJson for f64 {
    fn from_json(value: &Tree) -> Result<Self, Misfit> {
        let finite = value.number().filter(|number| number.is_finite());
        finite.ok_or_else(|| Misfit::new(value, "a number"))
    }
}

impl<T: FromJson> FromJson for Option<T> {
    fn from_json(value: &Tree) -> Result<Self, Misfit> {
        if *value == Tree::Null {
            return Ok(None);
        }
        T::from_json(value).map(Some)
    }
}

impl<T: FromJson> FromJson for Vec<T> {
    fn from_json(value: &Tree) -> Result<Self, Misfit> {
        let list = value.list().ok_or_else(|| Misfit::new(value, "a list"))?;
        list.iter().map(T::from_json).collect()
    }
}

impl FromJson for Seq {
    fn from_json(value: &Tree) -> Result<Self, Misfit> {
        u64::from_json(value).map(Self)
    }
}

impl FromJson for Millis {
    fn from_json(value: &Tree) -> Result<Self, Misfit> {
        u64::from_json(value).map(Self)
    }
}

fn id<T>(value: &Tree, parse: fn(String) -> Result<T, InvalidId>) -> Result<T, Misfit> {
    parse(String::from_json(value)?).map_err(|invalid| Misfit::new(value, invalid.expected))
}

impl FromJson for AgentId {
    fn from_json(value: &Tree) -> Result<Self, Misfit> {
        id(value, Self::parse)
    }
}

impl FromJson for InteractionId {
    fn from_json(value: &Tree) -> Result<Self, Misfit> {
        id(value, Self::parse)
    }
}

impl FromJson for CardId {
    fn from_json(value: &Tree) -> Result<Self, Misfit> {
        id(value, Self::parse)
    }
}

impl FromJson for ActionId {
    fn from_json(value: &Tree) -> Result<Self, Misfit> {
        id(value, Self::parse)
    }
}

/// Reads one word out of a few.
fn word<T: Copy>(value: &Tree, words: &[(&str, T)], expected: &str) -> Result<T, Misfit> {
    let found = words.iter().find(|(word, _)| value.text() == Some(word));
    found
        .map(|(_, meaning)| *meaning)
        .ok_or_else(|| Misfit::new(value, expected))
}

impl FromJson for AlertLevel {
    fn from_json(value: &Tree) -> Result<Self, Misfit> {
        let words = [("HIGH", Self::High), ("CRITICAL", Self::Critical)];
        word(value, &words, "HIGH or CRITICAL")
    }
}

impl FromJson for Resume {
    fn from_json(value: &Tree) -> Result<Self, Misfit> {
        let words = [("resumed", Self::Resumed), ("gap", Self::Gap)];
        word(value, &words, "resumed or gap")
    }
}

impl FromJson for RemovalReason {
    fn from_json(value: &Tree) -> Result<Self, Misfit> {
        let words = [
            ("accepted", Self::Accepted),
            ("dismissed", Self::Dismissed),
            ("expired", Self::Expired),
            ("withdrawn", Self::Withdrawn),
            ("superseded", Self::Superseded),
            ("stale", Self::Stale),
            ("snoozed", Self::Snoozed),
        ];
        let expected = "accepted, dismissed, expired, withdrawn, superseded, stale or snoozed";
        word(value, &words, expected)
    }
}

impl FromJson for ActionKind {
    fn from_json(value: &Tree) -> Result<Self, Misfit> {
        let words = [
            ("rendered", Self::Rendered),
            ("accepted", Self::Accepted),
            ("dismissed", Self::Dismissed),
            ("adopted", Self::Adopted),
            ("snoozed", Self::Snoozed),
        ];
        let expected = "rendered, accepted, dismissed, adopted or snoozed";
        word(value, &words, expected)
    }
}

impl FromJson for Action {
    fn from_json(value: &Tree) -> Result<Self, Misfit> {
        Ok(Self {
            id: field(value, "id")?,
            card_id: field(value, "card_id")?,
            kind: field(value, "kind")?,
            at: field(value, "at")?,
            reason: field(value, "reason")?,
            snippet_id: field(value, "snippet_id")?,
            until: field(value, "until")?,
        })
    }
}

impl FromJson for Alert {
    fn from_json(value: &Tree) -> Result<Self, Misfit> {
        Ok(Self {
            level: field(value, "level")?,
            title: field(value, "title")?,
            score: field(value, "score")?,
            html: field(value, "html")?,
        })
    }
}

impl FromJson for Suggestion {
    fn from_json(value: &Tree) -> Result<Self, Misfit> {
        Ok(Self {
            content: field(value, "content")?,
            priority: field(value, "priority")?,
            relevance: field(value, "relevance")?,
            source: field(value, "source")?,
        })
    }
}

impl FromJson for Prompt {
    fn from_json(value: &Tree) -> Result<Self, Misfit> {
        Ok(Self {
            level: field(value, "level")?,
            is_pinned: field(value, "is_pinned")?,
            relevance: field(value, "relevance")?,
            snippets: field(value, "snippets")?,
        })
    }
}

impl FromJson for Snippet {
    fn from_json(value: &Tree) -> Result<Self, Misfit> {
        Ok(Self {
            id: field(value, "id")?,
            content: field(value, "content")?,
            tags: field(value, "tags")?,
            source: field(value, "source")?,
        })
    }
}

impl FromJson for TaskPriority {
    fn from_json(value: &Tree) -> Result<Self, Misfit> {
        let words = [
            ("Low", Self::Low),
            ("Normal", Self::Normal),
            ("Medium", Self::Medium),
            ("High", Self::High),
            ("Critical", Self::Critical),
        ];
        word(value, &words, "Low, Normal, Medium, High or Critical")
    }
}

impl FromJson for Task {
    fn from_json(value: &Tree) -> Result<Self, Misfit> {
        Ok(Self {
            task_id: field(value, "task_id")?,
            true_interaction_id: field(value, "true_interaction_id")?,
            subject: field(value, "subject")?,
            priority: field(value, "priority")?,
            due_at: field(value, "due_at")?,
            score: field(value, "score")?,
        })
    }
}

impl FromJson for CardBody {
    fn from_json(value: &Tree) -> Result<Self, Misfit> {
        if value.get("alert").is_some() {
            return field(value, "alert").map(Self::Alert);
        }
        if value.get("suggestion").is_some() {
            return field(value, "suggestion").map(Self::Suggestion);
        }
        if value.get("prompt").is_some() {
            return field(value, "prompt").map(Self::Prompt);
        }
        if value.get("task").is_some() {
            return field(value, "task").map(Self::Task);
        }
        let expected = "an object with `alert`, `suggestion`, `prompt` or `task`";
        Err(Misfit::new(value, expected))
    }
}

impl FromJson for Card {
    fn from_json(value: &Tree) -> Result<Self, Misfit> {
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
    fn from_json(value: &Tree) -> Result<Self, Misfit> {
        Ok(Self {
            seq: field(value, "seq")?,
            card: field(value, "card")?,
        })
    }
}

impl FromJson for AckOutcome {
    fn from_json(value: &Tree) -> Result<Self, Misfit> {
        match field::<String>(value, "outcome")?.as_str() {
            "recorded" => Ok(Self::Recorded),
            "refused" => Ok(Self::Refused {
                message: field(value, "message")?,
                // Of a newer server it may be a word that is not known here.
                left_by: field(value, "left_by").unwrap_or(None),
            }),
            _ => Err(Misfit::new(
                value.get("outcome").unwrap_or(&Tree::Null),
                "recorded or refused",
            )
            .within("outcome")),
        }
    }
}

impl FromJson for SessionInfo {
    fn from_json(value: &Tree) -> Result<Self, Misfit> {
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
    fn from_json(value: &Tree) -> Result<Self, Misfit> {
        Ok(Self {
            ticket: field(value, "ticket")?,
            url: field(value, "url")?,
            expires_in: field(value, "expires_in")?,
            session: field(value, "session")?,
        })
    }
}

/// Why a card left. Of a newer server it may be a word that is not known here; the card leaves all the same.
fn removal_reason(message: &Tree) -> Result<RemovalReason, Misfit> {
    let is_word = message.get("reason").and_then(Tree::text).is_some();
    match field(message, "reason") {
        Err(_) if is_word => Ok(RemovalReason::Withdrawn),
        read => read,
    }
}

/// Reads a message of the type `kind`; none if this version does not know the type.
pub(crate) fn message(kind: &str, value: &Tree) -> Result<Option<ServerMessage>, Misfit> {
    Ok(Some(match kind {
        "card" => ServerMessage::Card {
            seq: field(value, "seq")?,
            card: field(value, "card")?,
        },
        "removed" => ServerMessage::Removed {
            seq: field(value, "seq")?,
            card_id: field(value, "card_id")?,
            reason: removal_reason(value)?,
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
#[path = "json_tests.rs"]
mod tests;
