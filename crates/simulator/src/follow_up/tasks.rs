//! `POST /api/v2/workflows/tasks`: makes a task for an agent (platform wire, section 6.2).

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use cuecard_cxone::wire::tasks::TaskRequest;

use super::posted::{Posted, check_agent};
use super::rules::check_task;
use crate::api_error::ApiError;
use crate::platform::Platform;

/// Where it is.
pub const PATH: &str = "/api/v2/workflows/tasks";
/// The scope it needs.
pub const SCOPE: &str = "workflow:task:create";

/// The endpoint. Answers 201 with the task's id.
pub async fn create(
    State(platform): State<Arc<Platform>>,
    request: Request,
) -> Result<Response, ApiError> {
    let posted: Posted<TaskRequest> = Posted::take(&platform, request, SCOPE).await?;
    check_task(&posted.order).map_err(ApiError::invalid)?;
    check_agent(&platform, "assigneeId", &posted.order.assignee_id)?;
    Ok(posted.make(&mut platform.follow_up().tasks))
}
