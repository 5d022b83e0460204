//! The risk API's answer (platform wire, section 3.4).

use serde::{Deserialize, Serialize};

/// One answer of `GET /v1/score`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RiskScore {
    /// The interaction that was scored.
    pub interaction_id: String,
    /// The agent who holds it.
    pub agent_id: String,
    /// 0 to 1. Not checked here: a source may answer nonsense, and its reader reports it.
    pub risk_score: f64,
    /// Why, in plain words.
    pub factors: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_and_order() {
        let json = r#"{"interactionId":"INT-RISK-1","agentId":"AGT-1","riskScore":0.97,"factors":["threat language","repeat caller"]}"#;
        let score: RiskScore = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&score).unwrap(), json);
    }
}
