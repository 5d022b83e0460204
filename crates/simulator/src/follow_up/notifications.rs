//! `POST /api/v2/notifications/agents`: tells an agent something (platform wire, section 6.2).

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use cuecard_cxone::wire::tasks::NotificationRequest;

use super::posted::{Posted, check_agent};
use super::rules::check_notification;
use crate::api_error::ApiError;
use crate::platform::Platform;

/// Where it is.
pub const PATH: &str = "/api/v2/notifications/agents";
/// The scope it needs.
pub const SCOPE: &str = "notification:write";

/// The endpoint. Answers 201 with the notification's id.
pub async fn create(
    State(platform): State<Arc<Platform>>,
    request: Request,
) -> Result<Response, ApiError> {
    let posted: Posted<NotificationRequest> = Posted::take(&platform, request, SCOPE).await?;
    check_notification(&posted.order).map_err(ApiError::invalid)?;
    check_agent(&platform, "agentId", &posted.order.agent_id)?;
    Ok(posted.make(&mut platform.follow_up().notifications))
}
