//! Identifiers and units as types, so that what was checked once need not be checked again.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Longest identifier, in bytes.
pub const MAX_ID_BYTES: usize = 128;

/// An identifier that broke its rule: which kind, what it was, and what is expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind} {value:?} is not valid: expected {expected}")]
pub struct InvalidId {
    /// The kind of identifier, as the field names it ("agent id").
    pub kind: &'static str,
    /// The refused value, cut to 64 characters.
    pub value: String,
    /// The rule in words.
    pub expected: &'static str,
}

macro_rules! string_id {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $expected:literal, $valid:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Takes the value if it keeps the rule.
            pub fn parse(value: impl Into<String>) -> Result<Self, InvalidId> {
                let value = value.into();
                let valid: fn(char) -> bool = $valid;
                if value.is_empty() || value.len() > MAX_ID_BYTES || !value.chars().all(valid) {
                    return Err(InvalidId {
                        kind: $kind,
                        value: value.chars().take(64).collect(),
                        expected: $expected,
                    });
                }
                Ok(Self(value))
            }

            /// The identifier as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;
            fn try_from(value: String) -> Result<Self, InvalidId> {
                Self::parse(value)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

fn is_plain(c: char) -> bool {
    !c.is_control() && !c.is_whitespace()
}

fn is_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '-' || c == '_'
}

string_id!(
    /// An agent of the contact centre.
    AgentId, "agent id", "1 to 128 bytes without spaces or control characters", is_plain
);
string_id!(
    /// One conversation with a customer; the platform also says contact.
    InteractionId, "interaction id", "1 to 128 bytes without spaces or control characters", is_plain
);
string_id!(
    /// A card: the publisher's content id, suggestion id or frame id.
    CardId, "card id", "1 to 128 of the characters A-Z a-z 0-9 _ -", is_token
);
string_id!(
    /// One action of an agent; made by the panel, the same on every repeat.
    ActionId, "action id", "1 to 128 of the characters A-Z a-z 0-9 _ -", is_token
);

/// The place of an entry in its agent's log: 1 for the first, without holes.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Seq(pub u64);

impl Seq {
    /// Before the first entry.
    pub const ZERO: Self = Self(0);

    /// The place behind this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Milliseconds: a time since the Unix epoch, or a span.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Millis(pub u64);

impl Millis {
    /// A span in whole seconds.
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs * 1000)
    }

    /// This plus a span; stays at the end of time rather than overflow.
    #[must_use]
    pub const fn plus(self, span: Self) -> Self {
        Self(self.0.saturating_add(span.0))
    }

    /// How long after `earlier` this is; zero if it is before.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Self {
        Self(self.0.saturating_sub(earlier.0))
    }
}

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ms", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn card_id_refuses_what_the_platform_refuses() {
        for bad in ["", "a b", "a.b", "ü", "a/b", &"x".repeat(129)] {
            assert!(CardId::parse(bad).is_err(), "{bad:?}");
        }
        assert_eq!(
            CardId::parse("risk-alert-INT_1-17").unwrap().as_str(),
            "risk-alert-INT_1-17"
        );
    }

    #[test]
    fn the_error_names_kind_value_and_rule() {
        let error = AgentId::parse("A 1").unwrap_err();
        assert_eq!(
            error.to_string(),
            "agent id \"A 1\" is not valid: expected 1 to 128 bytes without spaces or control characters"
        );
    }

    #[test]
    fn an_id_is_checked_when_it_is_read() {
        assert!(serde_json::from_str::<CardId>("\"a b\"").is_err());
        assert_eq!(
            serde_json::to_string(&CardId::parse("a").unwrap()).unwrap(),
            "\"a\""
        );
    }
}
