//! Whether a frame on the alerts socket is what it must be; pure (platform wire, sections 3.2, 14.1 and 14.2).
//!
//! Checked in this order: JSON object, `type`, the fields, `contentId`. Whether the sender may publish, whether the
//! agent exists and whether the id is new is asked by the socket, which knows. Start with [`read`].

use cuecard_cxone::wire::alerts::{Alert, HTML, PING, Ping};
use cuecard_cxone::wire::error_frame::{ErrorCode, ErrorFrame};
use jiff::Timestamp;
use serde::Deserialize as _;
use serde_json::Value;

use crate::frame_rules::{self, kind, shown, unknown_type};

/// The longest `contentId`, in bytes. The platform names no limit; an id longer than this is not one.
const MAX_CONTENT_ID: usize = frame_rules::MAX_REFERENCE;

/// A frame that is right.
#[derive(Debug, Clone, PartialEq)]
pub enum AlertsFrame {
    /// A heartbeat: no answer.
    Ping(Ping),
    /// An alert: the frame as it came, and as it was understood.
    Alert {
        /// Understood.
        alert: Box<Alert>,
        /// As it came.
        frame: Value,
    },
}

/// Reads a frame that has been parsed.
///
/// # Errors
///
/// The error frame to be sent back.
pub fn read(frame: Value) -> Result<AlertsFrame, ErrorFrame> {
    match kind(&frame, reference(&frame))? {
        PING => match Ping::deserialize(&frame) {
            Ok(ping) => Ok(AlertsFrame::Ping(ping)),
            Err(error) => Err(refuse(
                &frame,
                ErrorCode::InvalidField,
                format!("ping: {error}"),
            )),
        },
        HTML => alert(frame),
        other => Err(unknown_type(
            other,
            "\"ping\" or \"html\"",
            reference(&frame),
        )),
    }
}

fn alert(frame: Value) -> Result<AlertsFrame, ErrorFrame> {
    let alert = match Alert::deserialize(&frame) {
        Ok(alert) => alert,
        Err(error) => {
            return Err(refuse(
                &frame,
                ErrorCode::InvalidField,
                format!("alert: {error}"),
            ));
        }
    };
    let id_fits = (1..=MAX_CONTENT_ID).contains(&alert.content_id.len())
        && alert
            .content_id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    if !id_fits {
        let (start, length) = (shown(&alert.content_id), alert.content_id.len());
        let message = format!(
            "contentId {start:?} ({length} bytes): expected 1 to {MAX_CONTENT_ID} of A-Z a-z 0-9 - _"
        );
        return Err(refuse(&frame, ErrorCode::InvalidContentId, message));
    }
    if alert.metadata.interaction_id.is_empty() {
        return Err(refuse(
            &frame,
            ErrorCode::InvalidField,
            "metadata.interactionId is empty".into(),
        ));
    }
    // Any time is taken, past or future: the platform does not judge the clocks of its clients.
    if alert.metadata.timestamp.parse::<Timestamp>().is_err() {
        return Err(refuse(
            &frame,
            ErrorCode::InvalidField,
            "metadata.timestamp is not ISO 8601 with a zone".into(),
        ));
    }
    Ok(AlertsFrame::Alert {
        alert: Box::new(alert),
        frame,
    })
}

/// An error frame about `frame`.
pub fn refuse(frame: &Value, code: ErrorCode, message: String) -> ErrorFrame {
    frame_rules::refuse(code, message, reference(frame))
}

fn reference(frame: &Value) -> Option<&str> {
    frame.get("contentId").and_then(Value::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn sample() -> Value {
        json!({
            "contentId": "risk-alert-INT-1-1", "title": "HIGH Risk Alert Detected", "content": "\n<b>x</b>\n", "type": "html",
            "metadata": {"interactionId": "INT-1", "agentId": "AGT-1", "riskLevel": "HIGH", "timestamp": "2026-11-20T08:50:10.765Z"},
        })
    }

    /// The sample with one value replaced, or removed with `null`.
    fn with(pointer: &str, value: Value) -> Value {
        let mut frame = sample();
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        let parent = frame.pointer_mut(parent).unwrap().as_object_mut().unwrap();
        if value.is_null() {
            parent.remove(key);
        } else {
            parent.insert(key.to_owned(), value);
        }
        frame
    }

    fn refused(frame: Value) -> (ErrorCode, Option<String>) {
        let error = read(frame).unwrap_err();
        (error.code, error.reference)
    }

    #[test]
    fn the_sample_and_a_ping_pass() {
        assert!(
            matches!(read(sample()), Ok(AlertsFrame::Alert { frame, .. }) if frame == sample())
        );
        assert_eq!(
            read(json!({"type": "ping", "timestamp": 5})),
            Ok(AlertsFrame::Ping(Ping { timestamp: 5 }))
        );
        for time in ["1999-01-01T00:00:00.000Z", "2099-01-01T00:00:00.000Z"] {
            assert!(
                read(with("/metadata/timestamp", json!(time))).is_ok(),
                "{time}"
            );
        }
        assert!(read(with("/title", json!("x".repeat(1_000_000)))).is_ok());
    }

    #[test]
    fn frames_that_are_no_objects() {
        for frame in [json!(null), json!([]), json!("ping"), json!(7)] {
            assert_eq!(refused(frame), (ErrorCode::InvalidJson, None));
        }
    }

    #[test]
    fn types() {
        assert_eq!(
            refused(json!({"timestamp": 5})),
            (ErrorCode::InvalidField, None)
        );
        assert_eq!(refused(json!({"type": 5})), (ErrorCode::InvalidField, None));
        assert_eq!(
            refused(json!({"type": "PROMPT_SYNC"})),
            (ErrorCode::UnknownType, None)
        );
        assert_eq!(
            refused(json!({"type": "ping", "timestamp": "now"})),
            (ErrorCode::InvalidField, None)
        );
    }

    #[test]
    fn every_field_is_needed_and_typed() {
        for pointer in [
            "/contentId",
            "/title",
            "/content",
            "/metadata",
            "/metadata/interactionId",
            "/metadata/agentId",
            "/metadata/riskLevel",
            "/metadata/timestamp",
        ] {
            for value in [Value::Null, json!(7)] {
                let reference = (pointer != "/contentId").then(|| "risk-alert-INT-1-1".to_owned());
                assert_eq!(
                    refused(with(pointer, value)),
                    (ErrorCode::InvalidField, reference),
                    "{pointer}"
                );
            }
        }
        for (pointer, value) in [
            ("/metadata/riskLevel", "LOW"),
            ("/metadata/timestamp", "yesterday"),
            ("/metadata/interactionId", ""),
        ] {
            assert_eq!(
                refused(with(pointer, json!(value))).0,
                ErrorCode::InvalidField,
                "{pointer}"
            );
        }
    }

    #[test]
    fn content_ids() {
        for id in ["a b", "ä", "a/b", "<x>", ""] {
            assert_eq!(
                refused(with("/contentId", json!(id))),
                (ErrorCode::InvalidContentId, Some(id.to_owned()))
            );
        }
        assert_eq!(
            refused(with("/contentId", json!("a".repeat(513)))),
            (ErrorCode::InvalidContentId, None)
        );
    }
}
