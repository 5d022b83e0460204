//! `PUT /admin/risk`: what `/v1/score` answers, in turn, over and over; `[]` plays nothing.
//!
//! The answers are not checked: a source that talks nonsense must be playable.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use crate::api_error::Body;
use crate::platform::Platform;

/// Answers `{"answers": <how many>}`.
pub async fn put(
    State(platform): State<Arc<Platform>>,
    Body(answers): Body<Vec<Value>>,
) -> Json<Value> {
    let count = answers.len();
    platform.set_risk(answers);
    Json(json!({"answers": count}))
}
