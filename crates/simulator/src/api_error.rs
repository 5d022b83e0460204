//! The JSON errors of the platform's REST and of the admin API (platform wire, section 14.8).
//!
//! OAuth errors have their own shape and live in `oauth`. Start with [`ApiError::new`].

use axum::Json;
use axum::extract::FromRequest;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

/// An error answer: `{"error": <snake_case>, "message": <text>}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    /// The status.
    pub status: StatusCode,
    /// The code.
    pub error: &'static str,
    /// The same in words, with the value.
    pub message: String,
}

impl ApiError {
    /// An error answer.
    pub fn new(status: StatusCode, error: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            error,
            message: message.into(),
        }
    }

    /// 400 `invalid_request`.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request", message)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        (
            self.status,
            Json(json!({"error": self.error, "message": self.message})),
        )
            .into_response()
    }
}

/// A JSON body whose faults are answered 400, with the path of the field.
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<S: Send + Sync, T: serde::de::DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: axum::extract::Request, state: &S) -> Result<Self, ApiError> {
        match Json::<T>::from_request(request, state).await {
            Ok(Json(value)) => Ok(Self(value)),
            Err(JsonRejection::BytesRejection(rejection)) => Err(ApiError::new(
                rejection.status(),
                "unreadable_body",
                rejection.body_text(),
            )),
            Err(rejection) => Err(ApiError::invalid(rejection.body_text())),
        }
    }
}

/// A JSON body that must be an object. [`Body`] alone would also read the fields of a struct from an array.
///
/// # Errors
///
/// 400 that says what is wrong.
pub async fn object<T: serde::de::DeserializeOwned>(
    request: axum::extract::Request,
) -> Result<T, ApiError> {
    let Body(object) = Body::<Map<String, Value>>::from_request(request, &()).await?;
    T::deserialize(Value::Object(object)).map_err(|error| ApiError::invalid(error.to_string()))
}
