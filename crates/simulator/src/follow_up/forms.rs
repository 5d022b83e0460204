//! `GET /api/v2/interactions/{interactionId}/postinteractionforms`: the form of an interaction (platform wire, section
//! 6.2). Without one, 404.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use serde_json::json;

use crate::api_error::ApiError;
use crate::bearer;
use crate::fault_layer::Noted;
use crate::frame_rules::shown;
use crate::platform::Platform;

/// Where it is.
pub const PATH: &str = "/api/v2/interactions/{id}/postinteractionforms";
/// The scope it needs.
pub const SCOPE: &str = "postinteractionform:read";

/// The endpoint. Answers the form as it was set.
pub async fn read(
    State(platform): State<Arc<Platform>>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    bearer::admit(&platform, &headers, SCOPE)?;
    let form = platform.follow_up().form(&id).cloned();
    let Some(form) = form else {
        let message = format!("interaction {:?} has no form", shown(&id));
        return Err(ApiError::new(StatusCode::NOT_FOUND, "not_found", message));
    };
    Ok((Extension(Noted(json!({"interaction": id}))), Json(form)).into_response())
}
