//! Why the body of a request was not taken: one word for all endpoints of the broker, and the same as under `/v1`.

use axum::http::StatusCode;

use super::MAX_REQUEST_BYTES;
use crate::refusal::{Reason, Refusal};

/// The refusal of a body that an extractor rejected with this status; `detail` is for what is neither too large nor of
/// another media type, and must not quote what could be a secret.
pub fn unreadable(status: StatusCode, detail: impl Into<String>) -> Refusal {
    match status {
        StatusCode::PAYLOAD_TOO_LARGE => {
            let detail = format!("the body is larger, expected at most {MAX_REQUEST_BYTES} bytes");
            Reason::TOO_LARGE.because(detail)
        }
        StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            Reason::WRONG_MEDIA_TYPE.field("Content-Type", "missing or another", "application/json")
        }
        _ => Reason::BAD_REQUEST.because(detail),
    }
}
