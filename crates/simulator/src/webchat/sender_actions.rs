//! `POST /dfo/3.0/channels/{channelId}/threads/{threadId}/sender-actions`: an agent's typing on a digital channel
//! (platform wire, section 13). The customer's view has the id `<channelId>/<threadId>`.

use std::sync::Arc;

use axum::Extension;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use cuecard_cxone::wire::typing::{Action, SenderAction};
use serde_json::json;

use crate::api_error::{ApiError, object};
use crate::fault_layer::Noted;
use crate::platform::Platform;
use crate::{bearer, clock};

/// Where it is.
pub const PATH: &str = "/dfo/3.0/channels/{channel}/threads/{thread}/sender-actions";
/// The scope it needs.
pub const SCOPE: &str = "webchat:message";

/// The endpoint. Answers 204.
pub async fn act(
    State(platform): State<Arc<Platform>>,
    Path((channel, thread)): Path<(String, String)>,
    request: Request,
) -> Result<Response, ApiError> {
    bearer::admit(&platform, request.headers(), SCOPE)?;
    let SenderAction { action } = object(request).await?;
    let typing = action == Action::TypingOn;
    let id = format!("{channel}/{thread}");
    let noted = Noted(json!({"guest": id, "typing": typing}));
    platform.webchat().act(id, typing, clock::now());
    Ok((StatusCode::NO_CONTENT, Extension(noted)).into_response())
}
