//! Tells a task or a notification that is asked for again from another one, because none of them is refused twice in a
//! row for coming too early (platform wire, section 10.8). Start with [`mark`].

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use sha2::{Digest as _, Sha256};

use crate::api_error::ApiError;
use crate::faults::FaultRoute;
use crate::follow_up::IDEMPOTENCY_KEY;
use crate::rate_limits::Mark;
use crate::routes::MAX_BODY;

/// What the call is about: its idempotency key or, without one, its body, which is therefore read here and given back
/// with the request. `None` on the routes where it does not matter.
///
/// # Errors
///
/// When the body cannot be read.
pub async fn mark(
    route: FaultRoute,
    request: Request,
) -> Result<(Request, Option<Mark>), ApiError> {
    if !creates(route) {
        return Ok((request, None));
    }
    if let Some(key) = request.headers().get(IDEMPOTENCY_KEY) {
        let mark = Sha256::digest(key.as_bytes()).into();
        return Ok((request, Some(mark)));
    }
    let (head, body) = request.into_parts();
    let body = to_bytes(body, MAX_BODY).await.map_err(|error| {
        ApiError::invalid(format!("the body cannot be read to its end: {error}"))
    })?;
    let mark = Sha256::digest(&body).into();
    Ok((Request::from_parts(head, Body::from(body)), Some(mark)))
}

/// Whether calls of the route make something that should not be made twice.
pub const fn creates(route: FaultRoute) -> bool {
    matches!(route, FaultRoute::Tasks | FaultRoute::Notifications)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_key_counts_or_the_body_which_stays() {
        let marked = async |route, key: Option<&str>, body: &'static str| {
            let mut request = Request::new(Body::from(body));
            if let Some(key) = key {
                let key = key.parse().unwrap();
                request.headers_mut().insert(IDEMPOTENCY_KEY, key);
            }
            let (request, mark) = mark(route, request).await.unwrap();
            assert_eq!(to_bytes(request.into_body(), 9).await.unwrap(), body);
            mark
        };
        let task = FaultRoute::Tasks;
        let by_key = marked(task, Some("k"), "a").await;
        assert!(by_key.is_some());
        assert_eq!(marked(task, Some("k"), "b").await, by_key);
        assert_ne!(marked(task, Some("l"), "a").await, by_key);
        let by_body = marked(FaultRoute::Notifications, None, "a").await;
        assert_eq!(marked(FaultRoute::Notifications, None, "a").await, by_body);
        assert_ne!(marked(FaultRoute::Notifications, None, "b").await, by_body);
        assert_eq!(marked(FaultRoute::Forms, Some("k"), "a").await, None);
        let long = Request::new(Body::from(vec![0; MAX_BODY + 1]));
        assert!(mark(task, long).await.is_err());
    }
}
