//! A refused request: what the caller is told (RFC 9457), and the name under which it is counted.

use axum::Json;
use axum::response::{IntoResponse, Response};
use cuecard_protocol::session::Problem;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, StatusCode};

use crate::backbone::BackboneError;

/// Why a request under `/api` was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {detail}", reason.code)]
pub struct Refusal {
    /// Which problem it is.
    pub reason: &'static Reason,
    /// What was wrong, with which value, and what was expected. Never a secret.
    pub detail: String,
}

/// One kind of problem.
#[derive(Debug, PartialEq, Eq)]
pub struct Reason {
    /// HTTP status.
    pub status: StatusCode,
    /// Its name for programs, metrics and the audit trail.
    pub code: &'static str,
    /// Its name for people.
    pub title: &'static str,
}

macro_rules! reasons {
    ($($name:ident = $status:ident, $code:literal, $title:literal;)*) => {
        $(#[doc = $title] pub const $name: Reason = Reason {
            status: StatusCode::$status, code: $code, title: $title,
        };)*
    };
}

impl Reason {
    reasons! {
        MISSING_HEADER = FORBIDDEN, "missing_header", "The header X-Cuecard is missing";
        WRONG_ORIGIN = FORBIDDEN, "wrong_origin", "This origin may not use the broker";
        NO_SESSION = UNAUTHORIZED, "no_session", "There is no session";
        BAD_ASSERTION = UNAUTHORIZED, "bad_assertion", "The assertion is not accepted";
        USED_ASSERTION = UNAUTHORIZED, "used_assertion", "The assertion was used before";
        NO_TICKET = UNAUTHORIZED, "no_ticket", "There is no ticket";
        USED_TICKET = UNAUTHORIZED, "used_ticket", "The ticket was used before";
        EXPIRED_TICKET = UNAUTHORIZED, "expired_ticket", "The ticket's time is over";
        FOREIGN_TICKET = FORBIDDEN, "foreign_ticket", "The ticket belongs to another session or origin";
        BAD_REQUEST = BAD_REQUEST, "bad_request", "The request cannot be read";
        NOT_FOUND = NOT_FOUND, "not_found", "There is nothing here";
        BAD_METHOD = METHOD_NOT_ALLOWED, "method_not_allowed", "This method is not taken here";
        DRAINING = SERVICE_UNAVAILABLE, "draining", "The server is going away";
        STORE_FAILED = SERVICE_UNAVAILABLE, "store_failed", "The server's store failed";
    }

    /// A refusal for this reason.
    pub fn because(&'static self, detail: impl Into<String>) -> Refusal {
        Refusal {
            reason: self,
            detail: detail.into(),
        }
    }
}

/// Seconds that a caller is asked to wait after a 503.
const RETRY_AFTER_SECONDS: HeaderValue = HeaderValue::from_static("2");

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let problem = Problem {
            status: self.reason.status.as_u16(),
            code: self.reason.code.to_owned(),
            title: self.reason.title.to_owned(),
            detail: self.detail,
        };
        let mut response = (self.reason.status, Json(problem)).into_response();
        let headers = response.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if self.reason.status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(RETRY_AFTER, RETRY_AFTER_SECONDS);
        }
        // For the layer that counts and audits.
        response.extensions_mut().insert(self.reason);
        response
    }
}

impl From<BackboneError> for Refusal {
    fn from(error: BackboneError) -> Self {
        tracing::error!(%error, "a request could not be answered");
        Reason::STORE_FAILED.because("try again shortly")
    }
}
