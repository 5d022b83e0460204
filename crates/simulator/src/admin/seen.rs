//! `GET /admin/seen?after=N&kind=http|frame|socket`: what arrived after entry `N`, oldest first.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use serde::Deserialize;

use crate::api_error::ApiError;
use crate::platform::Platform;
use crate::seen::{SeenEntry, SeenKind};

/// The query.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    #[serde(default)]
    after: u64,
    kind: Option<SeenKind>,
}

/// Answers an array of entries.
pub async fn get(
    State(platform): State<Arc<Platform>>,
    filter: Result<Query<Filter>, QueryRejection>,
) -> Result<Json<Vec<SeenEntry>>, ApiError> {
    let Query(filter) = filter.map_err(|rejection| ApiError::invalid(rejection.body_text()))?;
    Ok(Json(platform.seen.after(filter.after, filter.kind)))
}
