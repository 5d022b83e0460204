//! `PUT /admin/faults` replaces all rules, `DELETE` removes them.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::api_error::{ApiError, Body};
use crate::faults::FaultRule;
use crate::platform::Platform;

/// Answers `{"rules": <how many>}`; 400 names the first field that is wrong, and then nothing has changed.
pub async fn put(
    State(platform): State<Arc<Platform>>,
    Body(rules): Body<Vec<FaultRule>>,
) -> Result<Json<Value>, ApiError> {
    let count = rules.len();
    platform
        .faults()
        .set(rules)
        .map_err(|error| ApiError::invalid(error.to_string()))?;
    Ok(Json(json!({"rules": count})))
}

/// Answers 204.
pub async fn delete(State(platform): State<Arc<Platform>>) -> StatusCode {
    platform.faults().clear();
    StatusCode::NO_CONTENT
}
