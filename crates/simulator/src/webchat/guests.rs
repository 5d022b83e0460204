//! `POST /api/v1/webchat/guests`: makes a guest (platform wire, section 7).
//!
//! Ids are random, so that a simulator that is started again never gives one interaction the guest of another.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use cuecard_cxone::wire::typing::{Guest, GuestRequest};
use serde_json::json;

use crate::api_error::{ApiError, object};
use crate::fault_layer::Noted;
use crate::platform::Platform;
use crate::{bearer, clock};

/// Where it is.
pub const PATH: &str = "/api/v1/webchat/guests";
/// The scope that guests and their typing need.
pub const SCOPE: &str = "webchat:guest";

/// The endpoint. Answers 201 with the id and the address of the guest's socket.
pub async fn create(
    State(platform): State<Arc<Platform>>,
    request: Request,
) -> Result<Response, ApiError> {
    bearer::admit(&platform, request.headers(), SCOPE)?;
    let authority = authority(request.headers())?;
    let order: GuestRequest = object(request).await?;
    let id = format!("guest-{}", clock::fresh_id());
    platform.webchat().create(id.clone(), clock::now());
    let noted = Noted(json!({"guest": id, "attributes": order.attributes}));
    let guest = Guest {
        web_socket_url: Some(format!("ws://{authority}{PATH}/{id}/socket")),
        id,
    };
    Ok((StatusCode::CREATED, Extension(noted), Json(guest)).into_response())
}

/// The address the request came to, as its client named it: the one address that the client is sure to reach.
fn authority(headers: &HeaderMap) -> Result<String, ApiError> {
    headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .map(str::to_owned)
        .ok_or_else(|| ApiError::invalid("the Host header is missing or not text"))
}
