//! A refused request: what the caller is told (RFC 9457), and the name under which it is counted. Used by both doors, the
//! browsers' under `/api` and the programs' under `/v1`.

use std::fmt::Display;
use std::sync::{Mutex, PoisonError};

use axum::Json;
use axum::response::{IntoResponse, Response};
use cuecard_protocol::Millis;
use http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

use crate::allowance::Allowance;
use crate::audit::{Audit, Event};
use crate::backbone::BackboneError;

/// Why a request was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {detail}", reason.code)]
pub struct Refusal {
    /// Which problem it is.
    pub reason: &'static Reason,
    /// What was wrong, with which value, and what was expected. Never a secret, never a customer's words.
    pub detail: String,
    /// The field, header or parameter that was wrong, such as `snippets[3].content`.
    pub field: Option<String>,
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

/// Body of every refused request (RFC 9457).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Problem {
    /// The code as a URI: `urn:cuecard:problem:<code>`.
    #[serde(rename = "type")]
    pub uri: String,
    /// The same for every problem with this code.
    pub title: &'static str,
    /// HTTP status.
    pub status: u16,
    /// A short name in `snake_case` that programs can rely on.
    pub code: &'static str,
    /// What was wrong, with which value, and what was expected.
    pub detail: String,
    /// The field, header or parameter that was wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub field: Option<String>,
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
        BAD_CONTEXT = UNPROCESSABLE_ENTITY, "bad_context", "The signed context is not accepted";
        USED_CONTEXT = CONFLICT, "used_context", "The signed context was used before";
        NO_TICKET = UNAUTHORIZED, "no_ticket", "There is no ticket";
        USED_TICKET = UNAUTHORIZED, "used_ticket", "The ticket was used before";
        EXPIRED_TICKET = UNAUTHORIZED, "expired_ticket", "The ticket's time is over";
        FOREIGN_TICKET = FORBIDDEN, "foreign_ticket", "The ticket belongs to another session or origin";
        UNSIGNED = UNAUTHORIZED, "unsigned", "The webhook is not signed";
        BAD_SIGNATURE = UNAUTHORIZED, "bad_signature", "The webhook's signature is not accepted";
        OLD_SIGNATURE = UNAUTHORIZED, "old_signature", "The webhook was signed at another time";
        BAD_KEY = UNAUTHORIZED, "bad_api_key", "The API key is not accepted";
        MISSING_SCOPE = FORBIDDEN, "missing_scope", "The API key may not do this";
        TOO_MANY = TOO_MANY_REQUESTS, "too_many_requests", "There are too many requests";
        BAD_REQUEST = BAD_REQUEST, "bad_request", "The request cannot be read";
        NOT_FOUND = NOT_FOUND, "not_found", "There is nothing here";
        UNKNOWN_CARD = NOT_FOUND, "unknown_card", "There is no such card";
        BAD_METHOD = METHOD_NOT_ALLOWED, "method_not_allowed", "This method is not taken here";
        TOO_LARGE = PAYLOAD_TOO_LARGE, "body_too_large", "The body is too large";
        WRONG_MEDIA_TYPE = UNSUPPORTED_MEDIA_TYPE, "wrong_media_type", "This media type is not taken here";
        INVALID_FIELD = UNPROCESSABLE_ENTITY, "invalid_field", "A field is not as it should be";
        KEY_REUSED = UNPROCESSABLE_ENTITY, "idempotency_key_reused", "The idempotency key belongs to another request";
        UNKNOWN_AGENT = UNPROCESSABLE_ENTITY, "unknown_agent", "Nobody is known to hold this interaction";
        NOT_HOLDER = FORBIDDEN, "not_holder", "Somebody else is known to hold this interaction";
        UNKNOWN_SUPERSEDED = UNPROCESSABLE_ENTITY, "unknown_superseded", "There is no such card to supersede";
        CONTEXT_WINDOW = UNPROCESSABLE_ENTITY, "context_window", "The context window does not hold now";
        RELEVANCE = UNPROCESSABLE_ENTITY, "relevance", "The relevance is out of range";
        SNIPPET_LIMIT = UNPROCESSABLE_ENTITY, "snippet_limit", "The number of snippets is out of range";
        PRIORITY_OVERRIDE = UNPROCESSABLE_ENTITY, "priority_override", "An override needs a higher level";
        BUFFER_LIMIT = CONFLICT, "buffer_limit", "The interaction has enough active suggestions";
        DUPLICATE = CONFLICT, "duplicate", "There is a card with this id";
        STALE = CONFLICT, "stale", "The conversation has moved on";
        ALREADY_OVER = CONFLICT, "already_over", "The card is over";
        DRAINING = SERVICE_UNAVAILABLE, "draining", "The server is going away";
        NO_PLATFORM = SERVICE_UNAVAILABLE, "no_platform", "The platform is not configured for this";
        STORE_FAILED = SERVICE_UNAVAILABLE, "store_failed", "The server's store failed";
    }

    /// A refusal for this reason.
    pub fn because(&'static self, detail: impl Into<String>) -> Refusal {
        Refusal {
            reason: self,
            detail: detail.into(),
            field: None,
        }
    }

    /// A refusal of one field: what it is, and what was expected.
    pub fn field(
        &'static self,
        field: impl Into<String>,
        found: impl Display,
        expected: impl Display,
    ) -> Refusal {
        let field = field.into();
        Refusal {
            reason: self,
            detail: format!("{field} is {found}, expected {expected}"),
            field: Some(field),
        }
    }
}

/// Most characters of a value in a refusal.
const SHOWN_CHARS: usize = 64;

/// A value that is nobody's words, in quotes, cut.
pub fn shown(value: &str) -> String {
    let cut: String = value.chars().take(SHOWN_CHARS).collect();
    format!("{cut:?}")
}

/// Seconds that a caller is asked to wait after a 503.
const AFTER_FAILURE: HeaderValue = HeaderValue::from_static("2");

/// Seconds that a caller is asked to wait after a 429: every allowance has some left after a second.
const AFTER_TOO_MANY: HeaderValue = HeaderValue::from_static("1");

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let problem = Problem {
            uri: format!("urn:cuecard:problem:{}", self.reason.code),
            title: self.reason.title,
            status: self.reason.status.as_u16(),
            code: self.reason.code,
            detail: self.detail,
            field: self.field,
        };
        let mut response = (self.reason.status, Json(problem)).into_response();
        let headers = response.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        match self.reason.status {
            StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert(RETRY_AFTER, AFTER_FAILURE);
            }
            StatusCode::TOO_MANY_REQUESTS => {
                headers.insert(RETRY_AFTER, AFTER_TOO_MANY);
            }
            _ if self.reason == &Reason::BAD_KEY => {
                let challenge = HeaderValue::from_static("Bearer realm=\"cuecard\"");
                headers.insert(WWW_AUTHENTICATE, challenge);
            }
            _ => {}
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

/// Where refusals are taken down: all are counted, and so many are audited that nobody can fill the disk. Strangers have
/// an allowance of their own, so that they cannot push those whom we know out of the trail.
pub struct Ledger {
    event: &'static str,
    strangers: Mutex<Allowance>,
    known: Mutex<Allowance>,
}

impl Default for Ledger {
    fn default() -> Self {
        Self::of("refused")
    }
}

impl Ledger {
    /// One that audits under this name.
    pub const fn of(event: &'static str) -> Self {
        Self {
            event,
            strangers: Mutex::new(Allowance::new(100, 10)),
            known: Mutex::new(Allowance::new(100, 10)),
        }
    }

    /// Takes a refusal down, if the answer is one.
    pub fn note(&self, response: &Response, actor: Option<String>, audit: &Audit, now: Millis) {
        let Some(reason) = response.extensions().get::<&'static Reason>() else {
            return;
        };
        metrics::counter!("cuecard_refused_total", "reason" => reason.code).increment(1);
        let allowance = match actor {
            Some(_) => &self.known,
            None => &self.strangers,
        };
        let mut allowance = allowance.lock().unwrap_or_else(PoisonError::into_inner);
        if allowance.take(now) {
            audit.record(Event {
                event: self.event,
                actor: actor.unwrap_or_default(),
                outcome: reason.code,
                ..Event::default()
            });
        }
    }
}
