//! The upgrade of the two sockets that take their token in the query: 401 for a bad one and 403 for a missing scope, as
//! statuses (platform wire, sections 3.1 and 5.1).
//!
//! The token is checked at the upgrade and not again: a socket lives on when its token ends. Start with [`admit`].

use axum::http::StatusCode;
use cuecard_cxone::wire::error_frame::{ErrorCode, ErrorFrame};

use crate::api_error::ApiError;
use crate::clock;
use crate::frame_rules::refuse;
use crate::platform::Platform;
use crate::tokens::Grant;

/// What the token in the query allows, if that includes `scope`.
///
/// # Errors
///
/// The answer to the upgrade.
pub fn admit(platform: &Platform, query: Option<&str>, scope: &str) -> Result<Grant, ApiError> {
    let pairs = url::form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    let token = pairs
        .into_iter()
        .find(|(name, _)| name == "access_token")
        .map(|(_, token)| token);
    let tokens = platform.tokens();
    let grant = tokens
        .check(token.as_deref().unwrap_or_default(), clock::now())
        .map_err(|refusal| {
            ApiError::new(
                StatusCode::UNAUTHORIZED,
                "unauthorized",
                refusal.to_string(),
            )
        })?;
    if grant.scopes.allow(scope) {
        Ok(grant.clone())
    } else {
        let message = lacks(scope);
        Err(ApiError::new(StatusCode::FORBIDDEN, "forbidden", message))
    }
}

/// Whether a frame may be published with one of these scopes.
///
/// # Errors
///
/// `forbidden` about the frame with this id.
pub fn allow(grant: &Grant, scopes: &[&str], reference: Option<&str>) -> Result<(), ErrorFrame> {
    if scopes.iter().any(|scope| grant.scopes.allow(scope)) {
        return Ok(());
    }
    let message = lacks(scopes.first().copied().unwrap_or_default());
    Err(refuse(ErrorCode::Forbidden, message, reference))
}

fn lacks(scope: &str) -> String {
    format!("the access token lacks the scope {scope}")
}
