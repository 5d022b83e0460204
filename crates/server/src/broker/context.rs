//! `POST /api/context`: what the desktop's backend has signed about the conversation on the agent's screen, checked.
//!
//! Any script in the page around a frame can send it messages, so the frame believes only what comes back from here.
//! Nothing of it is kept or logged: the values are a customer's.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use cuecard_protocol::InteractionId;
use http::HeaderMap;
use serde::{Deserialize, Serialize};

use super::session::spend;
use super::{Broker, MAX_REQUEST_BYTES};
use crate::body::unreadable;
use crate::refusal::{Reason, Refusal};

/// The body.
#[derive(Deserialize)]
pub struct ContextRequest {
    /// A JWT in compact form, signed as an assertion is.
    context: String,
}

/// The answer: what the token says.
#[derive(Serialize)]
pub struct ContextInfo {
    /// The conversation that is shown, if any.
    interaction: Option<InteractionId>,
    /// What is known of it, by name.
    context: BTreeMap<String, String>,
}

/// The handler.
pub async fn verify(
    State(broker): State<Broker>,
    headers: HeaderMap,
    body: Result<Json<ContextRequest>, JsonRejection>,
) -> Result<Json<ContextInfo>, Refusal> {
    broker.origins.require(&headers)?;
    let session = broker.session(&headers).await?;
    let Json(request) = body.map_err(|error| {
        // The rejection's own words may quote the body.
        let expected = "expected a body such as {\"context\": \"<JWT>\"}";
        unreadable(error.status(), MAX_REQUEST_BYTES, expected)
    })?;
    let signed = broker
        .assertions
        .check_context(&request.context, broker.app.clock.now())
        .map_err(|error| Reason::BAD_CONTEXT.because(error.to_string()))?;
    if signed.agent != session.agent {
        let detail = "sub is another agent than the session's, expected the same";
        return Err(Reason::BAD_CONTEXT.because(detail));
    }
    if !spend(&broker, &signed.jti, signed.expires_at).await? {
        return Err(Reason::USED_CONTEXT.because("expected a new token with a jti of its own"));
    }
    Ok(Json(ContextInfo {
        interaction: signed.interaction,
        context: signed.values,
    }))
}
