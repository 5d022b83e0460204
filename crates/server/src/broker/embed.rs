//! `GET /api/embed`: in whose pages the panel's frame may stand. The frame speaks to no other page around it.
//!
//! Nothing secret: the policy of every page names the same origins in `frame-ancestors`.

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use super::Broker;

/// The answer.
#[derive(Debug, Serialize)]
pub struct EmbedInfo {
    /// As browsers write them.
    origins: Vec<String>,
}

/// The handler.
pub async fn tell(State(broker): State<Broker>) -> Json<EmbedInfo> {
    let origins = &broker.app.config.server.embed_origins;
    Json(EmbedInfo {
        origins: origins.iter().map(ToString::to_string).collect(),
    })
}
