//! The admin API: steers the simulator and tells what it has seen. One file for each call.
//!
//! It has its own port on the loopback and no authentication. Calls that this version does not have answer 404 in
//! JSON. Start with [`router`].

mod auto_outcome;
mod drop;
mod faults;
mod follow_up;
mod interactions;
mod push;
mod risk;
mod seen;
mod tokens;
mod typing;
mod webhook;

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
        .route("/admin/auto-outcome", put(auto_outcome::put))
        .route("/admin/push", post(push::post))
        .route("/admin/faults", put(faults::put).delete(faults::delete))
        .route("/admin/drop", post(drop::post))
        .route(
            "/admin/forms/{*id}",
            put(follow_up::put_form).delete(follow_up::delete_form),
        )
        .route("/admin/tasks", get(follow_up::tasks))
        .route("/admin/notifications", get(follow_up::notifications))
        .route("/admin/webhook", post(webhook::post))
        .route("/admin/webhooks", get(webhook::all))
        .route("/admin/tokens/expire", post(tokens::expire))
        .route("/admin/guests/expire", post(typing::expire))
        .route("/admin/typing", get(typing::all))
        .route("/admin/typing/{*guest}", get(typing::get))
        .route("/admin/seen", get(seen::get))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(platform)
}
