//! The indicator of web chat guests (platform wire, section 7).

use std::time::Duration;

use async_trait::async_trait;
use http::Method;
use serde_json::{Value, json};

use super::{CALL_LIMIT, GuestId, Indicator, TypingError, counted};
use crate::{
    platform::HttpUrl,
    rest::{Answer, Rest},
    token::{TokenError, TokenSource},
    wire::typing::{Guest, GuestRequest, TypingState},
};

/// Below the base address.
const GUESTS: [&str; 4] = ["api", "v1", "webchat", "guests"];

/// A guest for each interaction. Its socket is not opened: nothing comes over it.
#[derive(Debug)]
pub struct Guests(Rest);

impl Guests {
    /// Guests below `base`, usually an origin. Calls nobody yet.
    pub fn new(tokens: TokenSource, base: &HttpUrl) -> Result<Self, TypingError> {
        let rest = Rest::new(tokens, base, CALL_LIMIT).map_err(TokenError::from)?;
        Ok(Self(rest))
    }

    /// The same with another limit than [`CALL_LIMIT`].
    #[must_use]
    pub fn with_limit(self, limit: Duration) -> Self {
        Self(self.0.with_limit(limit))
    }

    async fn typing(
        &self,
        guest: &GuestId,
        method: Method,
        body: Option<&Value>,
    ) -> Result<Answer, TypingError> {
        let [api, version, webchat, guests] = GUESTS;
        let path = [api, version, webchat, guests, guest.as_str(), "typing"];
        let answer = self.0.call(method, &path, body, None).await?;
        if answer.status.is_success() {
            Ok(answer)
        } else {
            Err(TypingError::of(&answer, true))
        }
    }

    async fn create(&self, interaction: &str) -> Result<GuestId, TypingError> {
        let attributes = [("source", "cuecard"), ("interactionId", interaction)];
        let request = GuestRequest {
            attributes: attributes
                .map(|(name, value)| (name.to_owned(), value.into()))
                .into(),
        };
        let answer = self
            .0
            .call(Method::POST, &GUESTS, Some(&json!(request)), None)
            .await?;
        if !answer.status.is_success() {
            return Err(TypingError::of(&answer, false));
        }
        let guest: Guest = answer
            .object()
            .map_err(|reason| TypingError::Unreadable { reason })?;
        Ok(GuestId::parse(guest.id)?)
    }

    async fn state(&self, guest: &GuestId) -> Result<Option<bool>, TypingError> {
        let answer = self.typing(guest, Method::GET, None).await?;
        let state: TypingState = answer
            .object()
            .map_err(|reason| TypingError::Unreadable { reason })?;
        Ok(Some(state.typing))
    }
}

#[async_trait]
impl Indicator for Guests {
    async fn open(&self, interaction: &str) -> Result<GuestId, TypingError> {
        counted("open", self.create(interaction).await)
    }

    async fn set(&self, guest: &GuestId, typing: bool) -> Result<(), TypingError> {
        let body = json!(TypingState { typing });
        let answer = self.typing(guest, Method::POST, Some(&body)).await;
        counted("set", answer.map(drop))
    }

    async fn read(&self, guest: &GuestId) -> Result<Option<bool>, TypingError> {
        counted("read", self.state(guest).await)
    }
}
