//! Reads the commands of the notification socket; pure (platform wire, sections 13 and 14.6).
//!
//! Whether a token is good or a client connected is asked by the socket. Start with [`read`].

use cuecard_cxone::wire::notification::{
    ClientFrame, ErrorBody, OutcomeKind, OutcomeReport, ResponseCode, topic_agent,
};
use jiff::Timestamp;
use secrecy::ExposeSecret;
use serde::Deserialize as _;
use serde_json::Value;

use crate::tokens::TokenRefusal;

/// A command that is right in itself.
#[derive(Debug, PartialEq, Eq)]
pub enum Command {
    /// Opens the conversation.
    Connect {
        /// The token.
        token: String,
    },
    /// Asks for a topic.
    Subscribe {
        /// The token.
        token: String,
        /// The topic.
        topic: String,
        /// The agent, when it is an agent's topic.
        agent: Option<String>,
    },
    /// Gives a topic up.
    Unsubscribe {
        /// The topic.
        topic: String,
    },
    /// Asks for a sign of life.
    Heartbeat,
    /// Reports on a card.
    Outcome {
        /// What became of it.
        kind: OutcomeKind,
        /// Which card, when, why.
        report: OutcomeReport,
    },
}

/// Why a command is refused: the body of `ERROR`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// As in HTTP.
    pub code: i64,
    /// In words.
    pub text: String,
}

impl Refusal {
    /// 400: the frame is not what it must be.
    pub fn malformed(text: impl Into<String>) -> Self {
        Self {
            code: 400,
            text: text.into(),
        }
    }

    /// 401: the token of the command is not good.
    pub fn token(command: &str, refusal: TokenRefusal) -> Self {
        Self {
            code: 401,
            text: format!("{command}: {refusal}"),
        }
    }

    /// 409: anything but `CONNECT` on a connection that is not connected.
    pub fn not_connected() -> Self {
        Self {
            code: 409,
            text: "not connected: the first command must be CONNECT".into(),
        }
    }

    /// 404: the topic of an agent who does not exist.
    pub fn unknown_agent(topic: &str) -> Self {
        Self {
            code: 404,
            text: format!("SUBSCRIBE {topic}: there is no such agent"),
        }
    }

    /// As it is sent.
    pub fn into_body(self) -> ErrorBody {
        ErrorBody {
            response_code: ResponseCode::Number(self.code),
            response_text: self.text,
        }
    }
}

const COMMANDS: [&str; 7] = [
    "CONNECT",
    "SUBSCRIBE",
    "UNSUBSCRIBE",
    "HEARTBEAT",
    "RENDERED",
    "ACCEPTED",
    "DISMISSED",
];

/// Reads a frame: what may be written down of it (the token masked; `None` when it is not JSON), and the command.
pub fn read(text: &str) -> (Option<Value>, Result<Command, Refusal>) {
    match serde_json::from_str::<Value>(text) {
        Ok(mut frame) => {
            let command = understand(&frame);
            if let Some(token) = frame.pointer_mut("/headers/sessionToken") {
                *token = if token == "" { "".into() } else { "***".into() };
            }
            (Some(frame), command)
        }
        Err(error) => (
            None,
            Err(Refusal::malformed(format!(
                "the frame is not JSON: {error}"
            ))),
        ),
    }
}

fn understand(frame: &Value) -> Result<Command, Refusal> {
    let Some(name) = frame.get("command") else {
        return Err(Refusal::malformed("the frame has no command"));
    };
    let Some(name) = name.as_str().filter(|name| COMMANDS.contains(name)) else {
        let shown: String = name.to_string().chars().take(64).collect();
        return Err(Refusal::malformed(format!("unknown command {shown}")));
    };
    let frame = ClientFrame::deserialize(frame)
        .map_err(|error| Refusal::malformed(format!("{name}: {error}")))?;
    Ok(match frame {
        ClientFrame::Connect { headers, .. } => Command::Connect {
            token: headers.session_token.expose_secret().to_owned(),
        },
        ClientFrame::Subscribe { headers, body } => Command::Subscribe {
            token: headers.session_token.expose_secret().to_owned(),
            agent: checked_topic(&body.topic)?.map(str::to_owned),
            topic: body.topic,
        },
        ClientFrame::Unsubscribe { body, .. } => {
            checked_topic(&body.topic)?;
            Command::Unsubscribe { topic: body.topic }
        }
        ClientFrame::Heartbeat { .. } => Command::Heartbeat,
        ClientFrame::Rendered { body, .. } => outcome(name, OutcomeKind::Rendered, body)?,
        ClientFrame::Accepted { body, .. } => outcome(name, OutcomeKind::Accepted, body)?,
        ClientFrame::Dismissed { body, .. } => outcome(name, OutcomeKind::Dismissed, body)?,
    })
}

/// The agent of an agent's topic, if it is one.
fn checked_topic(topic: &str) -> Result<Option<&str>, Refusal> {
    let other = |suffix| {
        topic
            .strip_suffix(suffix)
            .is_some_and(|id: &str| !id.is_empty())
    };
    match topic_agent(topic) {
        Some(agent) => Ok(Some(agent)),
        None if other("_agentcopilot_health") || other("_transcript") => Ok(None),
        None => {
            let shown: String = topic.chars().take(64).collect();
            Err(Refusal::malformed(format!(
                "topic is {shown:?}, expected <agentId>_agentcopilot, <agentId>_agentcopilot_health or <contactId>_transcript"
            )))
        }
    }
}

fn outcome(name: &str, kind: OutcomeKind, report: OutcomeReport) -> Result<Command, Refusal> {
    if report.object_id.is_empty() {
        return Err(Refusal::malformed(format!("{name}: objectId is empty")));
    }
    if report.at.parse::<Timestamp>().is_err() {
        let shown: String = report.at.chars().take(64).collect();
        return Err(Refusal::malformed(format!(
            "{name}: at is {shown:?}, expected ISO 8601 with a zone"
        )));
    }
    Ok(Command::Outcome { kind, report })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn refused(frame: &Value) -> String {
        let (_, command) = read(&frame.to_string());
        command.unwrap_err().text
    }

    #[test]
    fn tokens_are_masked_in_what_is_written_down() {
        let (masked, command) =
            read(r#"{"command":"CONNECT","headers":{"sessionToken":"tok"},"body":{}}"#);
        assert_eq!(
            masked.unwrap(),
            json!({"command": "CONNECT", "headers": {"sessionToken": "***"}, "body": {}})
        );
        assert_eq!(
            command,
            Ok(Command::Connect {
                token: "tok".into()
            })
        );
        let (masked, command) =
            read(r#"{"command":"HEARTBEAT","headers":{"sessionToken":""},"body":{}}"#);
        assert_eq!(masked.unwrap()["headers"]["sessionToken"], "");
        assert_eq!(command, Ok(Command::Heartbeat));
        let (masked, command) =
            read(r#"{"command":"CONNECT","headers":{"sessionToken":["tok"]},"body":{}}"#);
        assert_eq!(masked.unwrap()["headers"]["sessionToken"], "***");
        assert!(
            command
                .unwrap_err()
                .text
                .starts_with("CONNECT: invalid type: sequence")
        );
    }

    #[test]
    fn topics() {
        let subscribe = |topic: &str| json!({"command": "SUBSCRIBE", "headers": {"sessionToken": "t"}, "body": {"topic": topic}});
        let (_, command) = read(&subscribe("AGT-1_agentcopilot").to_string());
        assert_eq!(
            command,
            Ok(Command::Subscribe {
                token: "t".into(),
                topic: "AGT-1_agentcopilot".into(),
                agent: Some("AGT-1".into())
            })
        );
        let (_, command) = read(&subscribe("INT-1_transcript").to_string());
        assert!(matches!(
            command,
            Ok(Command::Subscribe { agent: None, .. })
        ));
        assert!(refused(&subscribe("news")).starts_with("topic is \"news\""));
        assert!(refused(&subscribe("_agentcopilot")).starts_with("topic is"));
    }

    #[test]
    fn broken_frames() {
        assert_eq!(refused(&json!({})), "the frame has no command");
        assert_eq!(refused(&json!([1])), "the frame has no command");
        assert_eq!(
            refused(&json!({"command": "SHOUT"})),
            "unknown command \"SHOUT\""
        );
        assert_eq!(refused(&json!({"command": 7})), "unknown command 7");
        assert_eq!(
            refused(&json!({"command": "CONNECT"})),
            "CONNECT: missing field `headers`"
        );
        let (written, command) = read("{");
        assert_eq!(written, None);
        assert!(
            command
                .unwrap_err()
                .text
                .starts_with("the frame is not JSON")
        );
    }

    #[test]
    fn outcomes_need_an_id_and_a_time() {
        let report = |id: &str, at: &str| {
            json!({"command": "DISMISSED", "headers": {"sessionToken": "t"},
                "body": {"objectId": id, "contactId": "INT-1", "agentId": "AGT-1", "at": at, "reason": null}})
        };
        assert_eq!(
            refused(&report("", "2026-11-20T08:50:10.765Z")),
            "DISMISSED: objectId is empty"
        );
        assert_eq!(
            refused(&report("a", "today")),
            "DISMISSED: at is \"today\", expected ISO 8601 with a zone"
        );
        let (_, command) = read(&report("a", "2026-11-20T08:50:10.765Z").to_string());
        assert!(
            matches!(command, Ok(Command::Outcome { kind: OutcomeKind::Dismissed, report }) if report.object_id == "a")
        );
    }
}
