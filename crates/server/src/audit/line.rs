//! The form of a line, and how lines hang together. Pure.
//!
//! A line is one JSON object whose last member is `hash`: SHA-256 over the hash of the line before (64 hex digits; zeros
//! before the first) and the line as it would be without that member. `n` counts the lines from 1.

use cuecard_protocol::Millis;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use super::Event;

/// A place in the chain: how many lines, and the hash of the last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Link {
    pub n: u64,
    pub hash: String,
}

impl Link {
    /// Before the first line.
    pub fn genesis() -> Self {
        Self {
            n: 0,
            hash: "0".repeat(HASH_DIGITS),
        }
    }
}

const HASH_DIGITS: usize = 64;
const HASH_MEMBER: &str = ",\"hash\":\"";

#[derive(Serialize)]
struct Line<'a> {
    n: u64,
    at: String,
    event: &'a str,
    actor: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    interaction: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    card: Option<&'a str>,
    outcome: &'a str,
    #[serde(skip_serializing_if = "Map::is_empty")]
    detail: &'a Map<String, Value>,
}

/// The next line, without its line break, and the place in the chain it makes.
pub(super) fn write(before: &Link, at: Millis, event: &Event) -> (String, Link) {
    let n = before.n + 1;
    let line = Line {
        n,
        at: timestamp(at),
        event: event.event,
        actor: &event.actor,
        interaction: event.interaction.as_deref(),
        card: event.card.as_deref(),
        outcome: event.outcome,
        detail: &event.detail,
    };
    // Strings, numbers and maps with string keys: there is nothing here that serialization could refuse.
    let mut text = serde_json::to_string(&line).unwrap_or_default();
    let hash = hash(&before.hash, &text);
    text.pop();
    text.push_str(HASH_MEMBER);
    text.push_str(&hash);
    text.push_str("\"}");
    (text, Link { n, hash })
}

/// What a line claims: its number and hash, and what its hash should be if it follows `before`.
pub(super) struct Claim {
    pub link: Link,
    pub expected: String,
}

/// Reads a line that should follow the hash `before`. `None` if it is no line of a trail.
pub(super) fn read(before: &str, line: &str) -> Option<Claim> {
    #[derive(Deserialize)]
    struct Numbered {
        n: u64,
    }
    let (body, rest) = line.rsplit_once(HASH_MEMBER)?;
    let hash = rest.strip_suffix("\"}").filter(|hash| {
        hash.len() == HASH_DIGITS
            && hash
                .bytes()
                .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    })?;
    let body = format!("{body}}}");
    let Numbered { n } = serde_json::from_str(&body).ok()?;
    Some(Claim {
        expected: self::hash(before, &body),
        link: Link {
            n,
            hash: hash.to_owned(),
        },
    })
}

fn hash(before: &str, body: &str) -> String {
    let mut hasher = Sha256::new();
    hasher.update(before);
    hasher.update(body);
    hex::encode(hasher.finalize())
}

fn timestamp(at: Millis) -> String {
    let millis = i64::try_from(at.0).unwrap_or(i64::MAX);
    jiff::Timestamp::from_millisecond(millis)
        .unwrap_or(jiff::Timestamp::MAX)
        .to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn golden() {
        let Value::Object(detail) = json!({"seq": 42}) else {
            panic!("an object")
        };
        let event = Event {
            event: "delivered",
            actor: "AGT-1".into(),
            interaction: Some("INT-1".into()),
            card: Some("c1".into()),
            outcome: "ok",
            detail,
        };
        let (text, written) = write(&Link::genesis(), Millis(1_700_000_000_123), &event);
        let body = r#"{"n":1,"at":"2023-11-14T22:13:20.123Z","event":"delivered","actor":"AGT-1","interaction":"INT-1","card":"c1","outcome":"ok","detail":{"seq":42}}"#;
        let hash = hex::encode(Sha256::digest(format!("{}{body}", "0".repeat(64))));
        assert_eq!(
            text,
            format!("{},\"hash\":\"{hash}\"}}", &body[..body.len() - 1])
        );
        assert_eq!(
            written,
            Link {
                n: 1,
                hash: hash.clone()
            }
        );
        let claim = read(&Link::genesis().hash, &text).unwrap();
        assert_eq!((claim.link, claim.expected), (written, hash));
    }

    #[test]
    fn a_value_that_looks_like_a_hash_member_does_not_confuse() {
        let actor = "x\",\"hash\":\"y".to_owned();
        let (text, written) = write(
            &Link::genesis(),
            Millis(0),
            &Event {
                actor,
                ..Event::default()
            },
        );
        let claim = read(&Link::genesis().hash, &text).unwrap();
        assert_eq!(
            (claim.link.clone(), claim.expected),
            (written.clone(), written.hash)
        );
    }
}
