//! `/api/v1/webchat/guests/{id}/typing`: sets and reads the indicator of a guest (platform wire, section 7).

use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use cuecard_cxone::wire::typing::TypingState;
use serde_json::json;

use super::guests::SCOPE;
use crate::api_error::{ApiError, object};
use crate::fault_layer::Noted;
use crate::platform::Platform;
use crate::{bearer, clock};

/// Where it is.
pub const PATH: &str = "/api/v1/webchat/guests/{id}/typing";

/// `POST`: answers the state it was given.
pub async fn set(
    State(platform): State<Arc<Platform>>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, ApiError> {
    bearer::admit(&platform, request.headers(), SCOPE)?;
    let state: TypingState = object(request).await?;
    platform
        .webchat()
        .set(&id, state.typing, clock::now())
        .map_err(|refusal| refusal.answer(&id))?;
    let noted = Noted(json!({"guest": id, "typing": state.typing}));
    Ok((Extension(noted), Json(state)).into_response())
}

/// `GET`: answers the state.
pub async fn read(
    State(platform): State<Arc<Platform>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    bearer::admit(&platform, &headers, SCOPE)?;
    let typing = platform
        .webchat()
        .typing(&id, clock::now())
        .map_err(|refusal| refusal.answer(&id))?;
    Ok((
        Extension(Noted(json!({"guest": id}))),
        Json(TypingState { typing }),
    )
        .into_response())
}
