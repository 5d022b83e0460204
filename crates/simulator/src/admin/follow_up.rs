//! `PUT` and `DELETE /admin/forms/{interactionId}`: the post-interaction form; `GET /admin/tasks` and
//! `GET /admin/notifications`: what was made.
//!
//! Forms are not checked: a platform that talks nonsense must be playable.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::api_error::Body;
use crate::follow_up::Record;
use crate::platform::Platform;

/// Answers `{"interactionId"}`.
pub async fn put_form(
    State(platform): State<Arc<Platform>>,
    Path(id): Path<String>,
    Body(form): Body<Value>,
) -> Json<Value> {
    platform.follow_up().set_form(id.clone(), form);
    Json(json!({"interactionId": id}))
}

/// Answers 204, also when there was none.
pub async fn delete_form(
    State(platform): State<Arc<Platform>>,
    Path(id): Path<String>,
) -> StatusCode {
    platform.follow_up().remove_form(&id);
    StatusCode::NO_CONTENT
}

/// Answers all tasks, oldest first.
pub async fn tasks(State(platform): State<Arc<Platform>>) -> Json<Vec<Record>> {
    Json(platform.follow_up().tasks.records())
}

/// Answers all agent notifications, oldest first.
pub async fn notifications(State(platform): State<Arc<Platform>>) -> Json<Vec<Record>> {
    Json(platform.follow_up().notifications.records())
}
