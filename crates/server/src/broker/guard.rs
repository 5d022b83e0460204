//! What every request under `/api` must pass, and what becomes of those that do not: counted and audited.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use cuecard_protocol::REQUEST_HEADER;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderName, HeaderValue, Method};
use tower_http::cors::{AllowCredentials, AllowOrigin, CorsLayer};

use super::Broker;
use super::origin::Origins;
use crate::config::Origin;
use crate::refusal::{Reason, Refusal};

/// The one path whose requests cannot carry the header: a browser's WebSocket sets none. Its ticket stands for it.
const SOCKET_PATH: &str = "/ws";

/// Lets requests through that come from the panel: from a known origin, and with the header that no form can set.
pub async fn admit(State(broker): State<Broker>, request: Request, next: Next) -> Response {
    // Pure, and before the request is gone; the store is not asked, so an ended session still gives its name.
    let actor = broker
        .cookies
        .read(request.headers(), broker.app.clock.now());
    let actor = actor.map(|session| session.agent.to_string());
    let mut response = match check(&broker, &request) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    };
    let app = &broker.app;
    broker
        .refusals
        .note(&response, actor, &app.audit, app.clock.now());
    response
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn check(broker: &Broker, request: &Request) -> Result<(), Refusal> {
    broker.origins.check(request.headers())?;
    let has_header = request
        .headers()
        .get(REQUEST_HEADER)
        .is_some_and(|value| value == "1");
    if !has_header && request.uri().path() != SOCKET_PATH {
        return Err(Reason::MISSING_HEADER.because(format!("expected {REQUEST_HEADER}: 1")));
    }
    Ok(())
}

/// Lets the pages of configured origins read answers, with their cookies; nobody else's.
pub fn cross_origin(broker: &Broker) -> CorsLayer {
    let (origins, credentials) = (broker.origins.clone(), broker.origins.clone());
    CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(move |value, _| {
            is_named(&origins, value)
        }))
        .allow_credentials(AllowCredentials::predicate(move |value, _| {
            is_named(&credentials, value)
        }))
        .allow_methods([Method::GET, Method::POST, Method::DELETE])
        .allow_headers([CONTENT_TYPE, HeaderName::from_static("x-cuecard")])
        // A panel of another origin waits as long as it is told to.
        .expose_headers([RETRY_AFTER])
        .max_age(std::time::Duration::from_mins(10))
}

fn is_named(origins: &Origins, value: &HeaderValue) -> bool {
    let origin = value.to_str().ok().and_then(Origin::parse);
    origin.is_some_and(|origin| origins.names(&origin))
}
