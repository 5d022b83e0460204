//! `GET /admin/typing/{guestId}` and `GET /admin/typing`: what customers saw of the indicator; and
//! `POST /admin/guests/expire`: every guest's session is over.
//!
//! For `sender-actions` the id is `<channelId>/<threadId>`, with or without the slash encoded.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use serde_json::{Value, json};

use crate::clock;
use crate::platform::Platform;
use crate::webchat::Shown;

/// Answers the changes one customer saw, oldest first; none for a guest nobody made.
pub async fn get(
    State(platform): State<Arc<Platform>>,
    Path(id): Path<String>,
) -> Json<Vec<Shown>> {
    Json(platform.webchat().view(&id, clock::now()))
}

/// Answers `{<guestId>: [changes]}` of all customers.
pub async fn all(State(platform): State<Arc<Platform>>) -> Json<BTreeMap<String, Vec<Shown>>> {
    Json(platform.webchat().views(clock::now()))
}

/// Answers `{"expired": <how many>}`.
pub async fn expire(State(platform): State<Arc<Platform>>) -> Json<Value> {
    Json(json!({"expired": platform.webchat().expire_all(clock::now())}))
}
