//! A call that makes something, as tasks and notifications share it. Start with [`Posted::take`].

use axum::extract::{FromRequest as _, Request};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::Ledger;
use crate::api_error::{ApiError, Body};
use crate::fault_layer::Noted;
use crate::faults::Fault;
use crate::frame_rules::shown;
use crate::platform::Platform;
use crate::{bearer, clock};

/// The longest idempotency key, in bytes.
const MAX_KEY: usize = 255;
/// Calls with the same value are one call, made again. The platform's wire does not ask for it (section 6.3).
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// A call whose caller is good and whose body has the right types.
#[derive(Debug)]
pub struct Posted<T> {
    /// What is asked for.
    pub order: T,
    /// The same as it came.
    body: Value,
    /// The OAuth client that asks.
    client: String,
    key: Option<String>,
    /// The call is carried out twice, as when something on its way repeats it.
    is_doubled: bool,
}

impl<T: DeserializeOwned> Posted<T> {
    /// Takes a call that needs this scope.
    ///
    /// # Errors
    ///
    /// 401 or 403 for its caller, 400 for its key or body.
    pub async fn take(
        platform: &Platform,
        request: Request,
        scope: &str,
    ) -> Result<Self, ApiError> {
        let headers = request.headers();
        bearer::admit(platform, headers, scope)?;
        let client = bearer::client(platform, headers).unwrap_or_default();
        let key = key(headers)?;
        let is_doubled = request.extensions().get() == Some(&Fault::Duplicate);
        // By way of an object, because serde would also read the fields from an array.
        let Body(object) = Body::<Map<String, Value>>::from_request(request, &()).await?;
        let body = Value::Object(object);
        let order = T::deserialize(&body).map_err(|error| ApiError::invalid(error.to_string()))?;
        Ok(Self {
            order,
            body,
            client,
            key,
            is_doubled,
        })
    }

    /// Makes it and answers 201 with its id.
    pub fn make(self, ledger: &mut Ledger) -> Response {
        let mut record =
            || ledger.record(&self.client, self.key.as_deref(), &self.body, clock::now());
        let (id, is_repeat) = record();
        if self.is_doubled {
            record();
        }
        let noted = Noted(json!({"id": id, "repeat": is_repeat}));
        (
            StatusCode::CREATED,
            Extension(noted),
            Json(json!({"id": id})),
        )
            .into_response()
    }
}

/// Whether a task or a notification can be for this agent.
///
/// # Errors
///
/// 403 when there is no such agent.
pub fn check_agent(platform: &Platform, field: &str, agent_id: &str) -> Result<(), ApiError> {
    if platform.directory().knows(agent_id) {
        return Ok(());
    }
    let message = format!("{field} is {:?}, which is no agent", shown(agent_id));
    Err(ApiError::new(
        StatusCode::FORBIDDEN,
        "unknown_agent",
        message,
    ))
}

/// The idempotency key of a request, if it has one.
fn key(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let Some(key) = headers.get(IDEMPOTENCY_KEY) else {
        return Ok(None);
    };
    key.to_str()
        .ok()
        .filter(|key| (1..=MAX_KEY).contains(&key.len()))
        .map(|key| Some(key.to_owned()))
        .ok_or_else(|| {
            ApiError::invalid(format!(
                "Idempotency-Key is empty, not text or too long, expected 1 to {MAX_KEY} visible characters"
            ))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_short_text() {
        let mut headers = HeaderMap::new();
        assert_eq!(key(&headers), Ok(None));
        headers.insert(IDEMPOTENCY_KEY, "k-1".parse().unwrap());
        assert_eq!(key(&headers), Ok(Some("k-1".to_owned())));
        for wrong in ["", "\u{e4}", &"k".repeat(MAX_KEY + 1)] {
            headers.insert(IDEMPOTENCY_KEY, wrong.parse().unwrap());
            assert_eq!(key(&headers).unwrap_err().error, "invalid_request");
        }
    }
}
