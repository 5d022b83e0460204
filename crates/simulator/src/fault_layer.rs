//! Around every route of the platform: throws the dice, does what a fault wants, counts against rate limits, and writes
//! the request down.
//!
//! What a fault does to frames is in `sockets`. Start with [`around`].

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::faults::{Fault, FaultRoute, Moment, RetryAfterForm};
use crate::listener::Peer;
use crate::platform::Platform;
use crate::retried::creates;
use crate::seen::SeenKind;
use crate::{api_error::ApiError, bearer, clock, oauth, retried};

/// What `garbage` answers instead of JSON.
pub const GARBAGE: &str = "<html>\u{0}{\"garbage\": [1, 2,";

/// What a refusal says that a fault wants.
const ASKED_FOR: &str = "a fault that was asked for";

/// Which route this is, for faults and for the log.
#[derive(Debug, Clone)]
pub struct Route {
    /// The state.
    pub platform: Arc<Platform>,
    /// Its name in the log.
    pub name: &'static str,
    /// What rules call it.
    pub faults: FaultRoute,
    /// Whether it is a request or an upgrade.
    pub moment: Moment,
}

/// What an endpoint wants written down about a request: put it into the answer's extensions.
#[derive(Debug, Clone)]
pub struct Noted(pub Value);

/// The middleware.
pub async fn around(State(route): State<Route>, mut request: Request, next: Next) -> Response {
    let decision = route.platform.decide(route.faults, route.moment);
    if decision.delay_ms > 0 {
        tokio::time::sleep(Duration::from_millis(decision.delay_ms)).await;
    }
    let mut details = json!({
        "method": request.method().as_str(),
        "path": request.uri().path(),
        "user_agent": header_text(&request, header::USER_AGENT),
        "accept": header_text(&request, header::ACCEPT),
        "content_type": header_text(&request, header::CONTENT_TYPE),
    });
    let answer = match decision.fault {
        Some(Fault::Status {
            status,
            retry_after,
        }) => refusal(route.faults, status, retry_after, ASKED_FOR),
        Some(Fault::Reset) => {
            let peer = request.extensions().get::<ConnectInfo<Peer>>().cloned();
            let answer = if creates(route.faults) {
                limited_or(&route, request, next).await
            } else {
                StatusCode::BAD_GATEWAY.into_response()
            };
            // The answer is never written: the switch makes the write fail, and the connection with it.
            if let Some(ConnectInfo(peer)) = peer {
                peer.switch.reset();
            }
            answer
        }
        Some(Fault::Garbage) => {
            ([(header::CONTENT_TYPE, "application/json")], GARBAGE).into_response()
        }
        other => {
            if let Some(fault) = other {
                request.extensions_mut().insert(fault);
            }
            limited_or(&route, request, next).await
        }
    };
    details["status"] = answer.status().as_u16().into();
    if let Some(fault) = decision.fault {
        details["fault"] = json!(fault_name(fault));
    }
    if let (Some(Noted(Value::Object(noted))), Value::Object(details)) =
        (answer.extensions().get::<Noted>(), &mut details)
    {
        details.extend(noted.clone());
    }
    route
        .platform
        .seen
        .note(clock::now(), SeenKind::Http, route.name, 0, details);
    answer
}

/// Passes a request on, unless it comes too early.
async fn limited_or(route: &Route, request: Request, next: Next) -> Response {
    if route.moment != Moment::Request {
        return next.run(request).await;
    }
    let platform = &route.platform;
    let client = bearer::client(platform, request.headers());
    let (request, mark) = match retried::mark(route.faults, request).await {
        Ok(marked) => marked,
        Err(error) => return error.into_response(),
    };
    let taken = platform
        .rate_limits()
        .take(route.faults, client, mark, clock::now());
    match taken {
        Ok(()) => next.run(request).await,
        Err(seconds) => {
            let retry_after = Some((seconds, platform.settings.rate_limit_form));
            refusal(route.faults, 429, retry_after, "too many requests")
        }
    }
}

fn header_text(request: &Request, name: header::HeaderName) -> Option<&str> {
    request
        .headers()
        .get(name)
        .and_then(|value| value.to_str().ok())
}

const fn fault_name(fault: Fault) -> &'static str {
    match fault {
        Fault::Status { .. } => "status",
        Fault::Reset => "reset",
        Fault::Garbage => "garbage",
        Fault::Duplicate => "duplicate",
        Fault::Reorder => "reorder",
    }
}

fn refusal(
    route: FaultRoute,
    status: u16,
    retry_after: Option<(u32, RetryAfterForm)>,
    message: &'static str,
) -> Response {
    // Rules are checked when they are set; a status that cannot be sent does not get here.
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut answer = if route == FaultRoute::Oauth {
        oauth::fault_answer(status, message)
    } else {
        ApiError::new(status, error_code(status), message).into_response()
    };
    if let Some((seconds, form)) = retry_after {
        let text = match form {
            RetryAfterForm::Seconds => seconds.to_string(),
            RetryAfterForm::Date => http_date(clock::now(), seconds),
        };
        if let Ok(value) = HeaderValue::from_str(&text) {
            answer.headers_mut().insert(header::RETRY_AFTER, value);
        }
    }
    answer
}

/// An HTTP date has no fractions: it is rounded up, or a client that obeys it to the second would come too early.
fn http_date(now: Timestamp, seconds: u32) -> String {
    let up = u64::from(now.subsec_nanosecond() > 0);
    let epoch = u64::try_from(now.as_second()).unwrap_or(0) + u64::from(seconds) + up;
    httpdate::fmt_http_date(std::time::UNIX_EPOCH + Duration::from_secs(epoch))
}

const fn error_code(status: StatusCode) -> &'static str {
    match status.as_u16() {
        401 => "unauthorized",
        403 => "forbidden",
        404 => "not_found",
        429 => "rate_limited",
        400..=499 => "invalid_request",
        _ => "unavailable",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_rounded_up_to_the_second() {
        let whole = Timestamp::from_second(784_111_777).unwrap();
        assert_eq!(http_date(whole, 0), "Sun, 06 Nov 1994 08:49:37 GMT");
        let late = Timestamp::from_millisecond(784_111_777_001).unwrap();
        assert_eq!(http_date(late, 2), "Sun, 06 Nov 1994 08:49:40 GMT");
    }
}
