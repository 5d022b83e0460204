//! What the publish sockets' frames have in common, and how one is refused; pure (platform wire, section 14.1).
//!
//! Checked in this order: JSON, an object, `type`, the fields. What a type needs is in `alert_rules`,
//! `suggestion_rules` and `prompt_rules`. Start with [`parse`].

use cuecard_cxone::wire::error_frame::{ErrorCode, ErrorFrame};
use serde_json::Value;

/// The longest id that is given back as `ref`, in bytes; a longer one is none.
pub const MAX_REFERENCE: usize = 512;

/// Reads a text frame.
///
/// # Errors
///
/// `invalid_json` when it is none.
pub fn parse(text: &str) -> Result<Value, ErrorFrame> {
    serde_json::from_str(text).map_err(|error| {
        let message = format!("the frame is not JSON: {error}");
        refuse(ErrorCode::InvalidJson, message, None)
    })
}

/// What a binary frame is answered.
pub fn binary(bytes: usize) -> ErrorFrame {
    let message = format!("a binary frame of {bytes} bytes, expected text");
    refuse(ErrorCode::InvalidJson, message, None)
}

/// The `type` of a frame.
///
/// # Errors
///
/// When the frame is no object or has no such text.
pub fn kind<'a>(frame: &'a Value, reference: Option<&str>) -> Result<&'a str, ErrorFrame> {
    let (code, message) = if frame.is_object() {
        match frame.get("type") {
            Some(Value::String(kind)) => return Ok(kind),
            Some(_) => (ErrorCode::InvalidField, "type is not a string"),
            None => (ErrorCode::InvalidField, "missing field `type`"),
        }
    } else {
        let message = "the frame is JSON but not an object";
        (ErrorCode::InvalidJson, message)
    };
    Err(refuse(code, message.to_owned(), reference))
}

/// What a frame of another type than those expected is answered.
pub fn unknown_type(kind: &str, expected: &str, reference: Option<&str>) -> ErrorFrame {
    let message = format!("type is {:?}, expected {expected}", shown(kind));
    refuse(ErrorCode::UnknownType, message, reference)
}

/// An error frame, with the id of the refused frame where it has one that can be told.
pub fn refuse(code: ErrorCode, message: String, reference: Option<&str>) -> ErrorFrame {
    let reference = reference.filter(|id| id.len() <= MAX_REFERENCE);
    ErrorFrame {
        code,
        message,
        reference: reference.map(str::to_owned),
    }
}

/// As much of a value as a message shows.
pub fn shown(text: &str) -> String {
    text.chars().take(64).collect()
}
