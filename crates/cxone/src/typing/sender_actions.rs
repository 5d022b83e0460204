//! The indicator of threads of one digital channel (platform wire, section 13). The interaction is the thread.

use std::time::Duration;

use async_trait::async_trait;
use http::Method;
use serde_json::json;

use super::{CALL_LIMIT, GuestId, Indicator, TypingError, counted};
use crate::{
    platform::HttpUrl,
    rest::Rest,
    segment,
    token::{TokenError, TokenSource},
    wire::typing::{Action, SenderAction},
};

/// Actions on the threads of a channel.
#[derive(Debug)]
pub struct SenderActions {
    rest: Rest,
    channel: String,
}

impl SenderActions {
    /// Actions below `base`, usually an origin, on the threads of a channel. Calls nobody yet.
    pub fn new(
        tokens: TokenSource,
        base: &HttpUrl,
        channel: impl Into<String>,
    ) -> Result<Self, TypingError> {
        let channel = channel.into();
        segment::check("channel", &channel)?;
        let rest = Rest::new(tokens, base, CALL_LIMIT).map_err(TokenError::from)?;
        Ok(Self { rest, channel })
    }

    /// The same with another limit than [`CALL_LIMIT`].
    #[must_use]
    pub fn with_limit(self, limit: Duration) -> Self {
        Self {
            rest: self.rest.with_limit(limit),
            ..self
        }
    }

    async fn act(&self, thread: &GuestId, action: Action) -> Result<(), TypingError> {
        let path = [
            "dfo",
            "3.0",
            "channels",
            &self.channel,
            "threads",
            thread.as_str(),
            "sender-actions",
        ];
        let body = json!(SenderAction { action });
        let answer = self
            .rest
            .call(Method::POST, &path, Some(&body), None)
            .await?;
        if answer.status.is_success() {
            Ok(())
        } else {
            // A thread does not expire: a 403 means a scope here and nothing else. A 404 still says that it is gone.
            Err(TypingError::of(
                &answer,
                answer.status == http::StatusCode::NOT_FOUND,
            ))
        }
    }
}

#[async_trait]
impl Indicator for SenderActions {
    /// Takes no call: the thread is there.
    async fn open(&self, interaction: &str) -> Result<GuestId, TypingError> {
        Ok(GuestId::parse(interaction)?)
    }

    async fn set(&self, guest: &GuestId, typing: bool) -> Result<(), TypingError> {
        let action = if typing {
            Action::TypingOn
        } else {
            Action::TypingOff
        };
        counted("set", self.act(guest, action).await)
    }

    /// Takes no call: what the customer sees cannot be asked for.
    async fn read(&self, _guest: &GuestId) -> Result<Option<bool>, TypingError> {
        Ok(None)
    }
}
