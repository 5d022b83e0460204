//! `PUT /admin/interactions/{id}`: who holds the interaction.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::api_error::{ApiError, Body};
use crate::platform::Platform;

/// The body.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Holder {
    agent_id: String,
}

/// Answers what it was told.
pub async fn put(
    State(platform): State<Arc<Platform>>,
    Path(id): Path<String>,
    Body(Holder { agent_id }): Body<Holder>,
) -> Result<Json<Value>, ApiError> {
    let mut directory = platform.directory();
    if !directory.knows(&agent_id) {
        return Err(ApiError::invalid(format!(
            "agentId is {agent_id:?}, which is no agent"
        )));
    }
    directory.learn(id.clone(), agent_id.clone());
    Ok(Json(json!({"interactionId": id, "agentId": agent_id})))
}
