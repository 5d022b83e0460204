//! Why the body of a request is not taken: the same words at every door.

use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};

use crate::refusal::{Reason, Refusal, shown};

/// Refuses what says that it is something else.
pub fn require_json(headers: &HeaderMap) -> Result<(), Refusal> {
    let value = headers
        .get(CONTENT_TYPE)
        .map(|value| value.to_str().unwrap_or_default());
    let essence = value.map(|value| value.split(';').next().unwrap_or_default().trim());
    if essence.is_some_and(|essence| essence.eq_ignore_ascii_case("application/json")) {
        return Ok(());
    }
    let found = value.map_or("missing".to_owned(), shown);
    Err(Reason::WRONG_MEDIA_TYPE.field("Content-Type", found, "application/json"))
}

/// The refusal of a body that may have `most` bytes and that an extractor rejected with this status. `otherwise` is for what
/// is neither too large nor of another media type, and must not quote what could be a secret or somebody's words.
pub fn unreadable(status: StatusCode, most: usize, otherwise: impl Into<String>) -> Refusal {
    match status {
        StatusCode::PAYLOAD_TOO_LARGE => {
            let detail = format!("the body is larger, expected at most {most} bytes");
            Reason::TOO_LARGE.because(detail)
        }
        StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            Reason::WRONG_MEDIA_TYPE.field("Content-Type", "missing or another", "application/json")
        }
        _ => Reason::BAD_REQUEST.because(otherwise),
    }
}

/// What is wrong with a body that did not come whole.
pub const CUT_SHORT: &str = "the body ended early, expected all of it";
