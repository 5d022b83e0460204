//! The admin API: steers the simulator and tells what it has seen. One file for each call.
//!
//! It has its own port on the loopback and no authentication. Calls that this version does not have answer 404 in
//! JSON. Start with [`router`].

mod drop;
mod faults;
mod interactions;
mod push;
mod risk;
mod seen;
mod tokens;

use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post, put};
use axum::{Json, Router};
use serde_json::json;

use crate::platform::Platform;
use crate::routes::{method_not_allowed, not_found};

pub use drop::check_code;
pub use push::push;

/// Bodies are taken up to this size: frames may be large, and a list of risk answers long.
const MAX_BODY: usize = 16 << 20;

/// All calls.
pub fn router(platform: Arc<Platform>) -> Router {
    Router::new()
        .route("/healthz", get(async || Json(json!({"status": "ok"}))))
        .route("/admin/risk", put(risk::put))
        .route("/admin/interactions/{id}", put(interactions::put))
        .route("/admin/push", post(push::post))
        .route("/admin/faults", put(faults::put).delete(faults::delete))
        .route("/admin/drop", post(drop::post))
        .route("/admin/tokens/expire", post(tokens::expire))
        .route("/admin/seen", get(seen::get))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(platform)
}
