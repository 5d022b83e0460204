//! `PUT /admin/auto-outcome`: plays the desktop for agents nobody has subscribed.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};

use crate::api_error::{ApiError, Body};
use crate::auto_outcome::Outcome;
use crate::platform::Platform;

/// The longest delay that can be asked for: an hour, past every context window in use.
const MAX_DELAY_MS: u64 = 3_600_000;

/// The body.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    outcome: Outcome,
    #[serde(default = "usual_delay")]
    delay_ms: u64,
}

const fn usual_delay() -> u64 {
    200
}

/// Answers what it was told.
pub async fn put(
    State(platform): State<Arc<Platform>>,
    Body(order): Body<Order>,
) -> Result<Json<Order>, ApiError> {
    let delay_ms = order.delay_ms;
    if delay_ms > MAX_DELAY_MS {
        return Err(ApiError::invalid(format!(
            "delay_ms is {delay_ms}, expected at most {MAX_DELAY_MS}"
        )));
    }
    let delay = Duration::from_millis(delay_ms);
    platform.auto_outcome().set(order.outcome, delay);
    Ok(Json(order))
}
