//! `POST /admin/webhook`: sends `interaction.completed`; `GET /admin/webhooks`: what became of it.
//!
//! The ids are not checked: a platform that talks nonsense must be playable.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use cuecard_cxone::platform::HttpUrl;
use cuecard_cxone::wire::tasks::InteractionCompleted;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::api_error::{ApiError, Body};
use crate::platform::Platform;
use crate::webhooks::{self, Receiver, Webhook};

/// How often one can be asked to be received.
const MAX_DELIVERIES: u32 = 1000;

/// The body.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Order {
    /// Left out, the address of `--webhook-url`.
    url: Option<HttpUrl>,
    interaction_id: String,
    agent_id: String,
    #[serde(default = "once")]
    deliveries: u32,
    /// Left out, the secret of `--webhook-secret`; without either it is not signed.
    secret: Option<SecretString>,
}

const fn once() -> u32 {
    1
}

/// Answers 202 with `{"delivery": <its id>}`.
pub async fn post(
    State(platform): State<Arc<Platform>>,
    Body(order): Body<Order>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let deliveries = order.deliveries;
    if !(1..=MAX_DELIVERIES).contains(&deliveries) {
        return Err(ApiError::invalid(format!(
            "deliveries is {deliveries}, expected 1 to {MAX_DELIVERIES}"
        )));
    }
    let settings = &platform.settings;
    let url = order.url.or_else(|| settings.webhook_url.clone());
    let receiver = Receiver {
        url: url
            .ok_or_else(|| ApiError::invalid("url is missing, and --webhook-url is not set"))?,
        secret: order.secret.or_else(|| settings.webhook_secret.clone()),
    };
    let event = InteractionCompleted {
        interaction_id: order.interaction_id,
        agent_id: order.agent_id,
    };
    let delivery = webhooks::send(&platform, receiver, event, deliveries).map_err(|error| {
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        ApiError::new(status, "unavailable", error.to_string())
    })?;
    Ok((StatusCode::ACCEPTED, Json(json!({"delivery": delivery}))))
}

/// Answers what is known of all webhooks, oldest first.
pub async fn all(State(platform): State<Arc<Platform>>) -> Json<Vec<Webhook>> {
    Json(platform.webhooks().known())
}
