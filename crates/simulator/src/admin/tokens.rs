//! `POST /admin/tokens/expire`: every issued token is refused from now on.
//!
//! Refused where it is presented: at upgrades, in `CONNECT` and `SUBSCRIBE`. Open sockets live on; drop them with
//! `/admin/drop`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use crate::platform::Platform;

/// Answers `{"expired": <how many>}`.
pub async fn expire(State(platform): State<Arc<Platform>>) -> Json<Value> {
    Json(json!({"expired": platform.tokens().revoke_all()}))
}
