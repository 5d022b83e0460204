//! `POST /admin/drop`: drops connections; 1006, the default, is an abrupt TCP end.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::api_error::{ApiError, Body};
use crate::platform::Platform;
use crate::sockets::{ABRUPT, SocketName};

/// The body.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    socket: Which,
    #[serde(default = "abrupt")]
    code: u16,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Which {
    Alerts,
    Suggestions,
    Prompts,
    Notifications,
    Guest,
    All,
}

const fn abrupt() -> u16 {
    ABRUPT
}

impl Which {
    const fn name(self) -> Option<SocketName> {
        match self {
            Self::Alerts => Some(SocketName::Alerts),
            Self::Suggestions => Some(SocketName::Suggestions),
            Self::Prompts => Some(SocketName::Prompts),
            Self::Notifications => Some(SocketName::Notifications),
            Self::Guest => Some(SocketName::Guest),
            Self::All => None,
        }
    }
}

/// Answers `{"dropped": <how many>}`.
pub async fn post(
    State(platform): State<Arc<Platform>>,
    Body(order): Body<Order>,
) -> Result<Json<Value>, ApiError> {
    check_code(order.code).map_err(ApiError::invalid)?;
    Ok(Json(
        json!({"dropped": platform.sockets().drop_all(order.socket.name(), order.code)}),
    ))
}

/// Whether a connection can be ended with this code: one that RFC 6455 (section 7.4) lets an endpoint send, or 1006.
///
/// # Errors
///
/// A sentence for the caller.
pub fn check_code(code: u16) -> Result<(), String> {
    match code {
        ABRUPT | 1000..=1003 | 1007..=1014 | 3000..=4999 => Ok(()),
        _ => Err(format!(
            "code is {code}, expected 1006 or a close code that may be sent (1000 to 1014, 3000 to 4999)"
        )),
    }
}
