//! The alerts socket (platform wire, section 3.2): the heartbeat and the risk alert, client to platform.
//!
//! The platform answers neither; what it refuses comes back as an [error frame](super::error_frame).

use serde::{Deserialize, Serialize};

/// `type` of a heartbeat.
pub const PING: &str = "ping";
/// `type` of an alert: there is no envelope, so `type` names the content.
pub const HTML: &str = "html";

/// The application heartbeat. It gets no answer; it resets the platform's idle limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename = "ping")]
pub struct Ping {
    /// When it was sent, epoch milliseconds.
    pub timestamp: i64,
}

/// One risk alert, as published and, unchanged, as delivered to the desktop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Alert {
    /// Unique for ten minutes; letters, digits, `-` and `_` only.
    pub content_id: String,
    /// `CRITICAL Risk Alert Detected` or `HIGH Risk Alert Detected`.
    pub title: String,
    /// HTML. Begins and ends with a newline.
    pub content: String,
    /// [`HTML`].
    #[serde(rename = "type")]
    pub content_type: String,
    /// Where it belongs.
    pub metadata: AlertMetadata,
}

/// What routes an alert to an agent and an interaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AlertMetadata {
    /// The interaction the risk was seen in.
    pub interaction_id: String,
    /// The agent who holds it.
    pub agent_id: String,
    /// How bad it is.
    pub risk_level: RiskLevel,
    /// When the alert was made: ISO 8601 with milliseconds and `Z`.
    pub timestamp: String,
}

/// The level of an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum RiskLevel {
    /// A score from 0.85.
    High,
    /// A score from 0.95.
    Critical,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Recorded from the reference client, platform wire section 12.
    const RECORDED: &str = r#"{"contentId":"risk-alert-INT-RISK-1-1795164610765","title":"CRITICAL Risk Alert Detected","content":"\n<div style=\"padding: 12px; background: #fff3cd; border-left: 4px solid #ffc107;\">\n<strong>Interaction:</strong> INT-RISK-1<br/>\n<strong>Risk Score:</strong> 97.0%<br/>\n<strong>Contributing Factors:</strong>\n<ul style=\"margin-top: 8px;\"><li>threat language</li><li>repeat caller</li></ul>\n</div>\n","type":"html","metadata":{"interactionId":"INT-RISK-1","agentId":"AGT-1","riskLevel":"CRITICAL","timestamp":"2026-11-20T08:50:10.765Z"}}"#;

    #[test]
    fn recorded_alert_survives_byte_for_byte() {
        let alert: Alert = serde_json::from_str(RECORDED).unwrap();
        assert_eq!(alert.content_type, HTML);
        assert_eq!(alert.metadata.risk_level, RiskLevel::Critical);
        assert_eq!(serde_json::to_string(&alert).unwrap(), RECORDED);
    }

    #[test]
    fn recorded_ping_survives_byte_for_byte() {
        let json = r#"{"type":"ping","timestamp":1795164610854}"#;
        let ping: Ping = serde_json::from_str(json).unwrap();
        assert_eq!(
            ping,
            Ping {
                timestamp: 1_795_164_610_854
            }
        );
        assert_eq!(serde_json::to_string(&ping).unwrap(), json);
    }

    #[test]
    fn a_missing_field_is_named() {
        let error = serde_json::from_str::<Alert>(
            r#"{"contentId":"a","title":"t","content":"c","type":"html"}"#,
        );
        assert!(
            error
                .unwrap_err()
                .to_string()
                .contains("missing field `metadata`")
        );
    }
}
