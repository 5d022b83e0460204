//! Who calls a REST endpoint: the bearer token and its scopes. Start with [`admit`].

use axum::http::{HeaderMap, StatusCode, header};

use crate::api_error::ApiError;
use crate::clock;
use crate::platform::Platform;

/// The token of the `Authorization` header, empty without one.
fn token(headers: &HeaderMap) -> &str {
    headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map_or("", |(_, token)| token.trim())
}

/// Lets a caller in whose token is good and has the scope (spelled with colons).
///
/// # Errors
///
/// 401 for a token that is not good, 403 for one without the scope.
pub fn admit(platform: &Platform, headers: &HeaderMap, scope: &str) -> Result<(), ApiError> {
    let tokens = platform.tokens();
    let grant = tokens
        .check(token(headers), clock::now())
        .map_err(|refusal| {
            ApiError::new(
                StatusCode::UNAUTHORIZED,
                "unauthorized",
                refusal.to_string(),
            )
        })?;
    if grant.scopes.allow(scope) {
        return Ok(());
    }
    let message = format!("the access token lacks the scope {scope}");
    Err(ApiError::new(StatusCode::FORBIDDEN, "forbidden", message))
}

/// The OAuth client that a good token names; without one `None`.
pub fn client(platform: &Platform, headers: &HeaderMap) -> Option<String> {
    let tokens = platform.tokens();
    let grant = tokens.check(token(headers), clock::now()).ok()?;
    Some(grant.client_id.clone())
}
