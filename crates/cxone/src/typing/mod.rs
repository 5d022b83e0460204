//! An agent's typing, told to the platform: one trait, two ways (platform wire, sections 7 and 13).
//!
//! - [`Guests`]: a web chat guest for each interaction, whose indicator is set and read.
//! - [`SenderActions`]: an action on a thread of a digital channel; what it shows cannot be read.
//!
//! Each method is one call (two when the first token is rejected) that ends within [`CALL_LIMIT`] or another limit.
//! When to call, in which order and how often again is not decided here. Start at [`Indicator`].

mod error;
mod guests;
mod sender_actions;

use std::{fmt, time::Duration};

use async_trait::async_trait;
use metrics::counter;
use serde::{Deserialize, Serialize};

pub use self::{error::TypingError, guests::Guests, sender_actions::SenderActions};
use crate::segment::{self, IdError};

/// What typing calls need (platform wire, sections 2 and 7).
pub const TYPING_SCOPE: &str = "webchat.guest webchat.message";
/// How long a call may take, its token included. Short, because the next wanted state waits behind it.
pub const CALL_LIMIT: Duration = Duration::from_secs(4);

/// Whose indicator it is: a guest's id, or a thread's. It can be a segment of a path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct GuestId(String);

impl GuestId {
    /// Takes an id as the platform gave it.
    pub fn parse(id: impl Into<String>) -> Result<Self, IdError> {
        let id = id.into();
        segment::check("guest", &id)?;
        Ok(Self(id))
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for GuestId {
    type Error = IdError;

    fn try_from(id: String) -> Result<Self, IdError> {
        Self::parse(id)
    }
}

impl From<GuestId> for String {
    fn from(id: GuestId) -> Self {
        id.0
    }
}

impl fmt::Display for GuestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The indicator that the customers of interactions see.
#[async_trait]
pub trait Indicator: fmt::Debug + Send + Sync {
    /// Makes what the indicator of an interaction hangs on. It shows nothing yet.
    async fn open(&self, interaction: &str) -> Result<GuestId, TypingError>;

    /// Turns the indicator on or off.
    ///
    /// After [`TypingError::Unreachable`] it may have been turned all the same, and even later than that.
    async fn set(&self, guest: &GuestId, typing: bool) -> Result<(), TypingError>;

    /// Whether it is on; `None` when the platform cannot say.
    async fn read(&self, guest: &GuestId) -> Result<Option<bool>, TypingError>;
}

/// Counts a call by its outcome.
fn counted<T>(call: &'static str, result: Result<T, TypingError>) -> Result<T, TypingError> {
    let outcome = result.as_ref().err().map_or("done", TypingError::label);
    counter!("cuecard_platform_typing_calls_total", "call" => call, "outcome" => outcome)
        .increment(1);
    if result.as_ref().is_err_and(TypingError::is_rate_limit) {
        counter!("cuecard_platform_rate_limited_total", "route" => "typing").increment(1);
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_checked_wherever_they_come_from() {
        for id in ["", ".."] {
            assert!(GuestId::parse(id).is_err());
            assert!(serde_json::from_value::<GuestId>(id.into()).is_err());
        }
        let id = GuestId::parse("guest-2").expect("an id");
        assert_eq!(serde_json::to_string(&id).expect("JSON"), r#""guest-2""#);
    }
}
