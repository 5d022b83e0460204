//! The prompts socket (platform wire, section 5.2): one frame, client to platform.
//!
//! The platform answers nothing; what it refuses comes back as an [error frame](super::error_frame).

use serde::{Deserialize, Serialize};

/// `type` of a prompt.
pub const PROMPT_SYNC: &str = "PROMPT_SYNC";

/// Snippets for an agent, as published and, unchanged, as delivered to the desktop.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename = "PROMPT_SYNC")]
pub struct PromptSync {
    /// A UUID, unique for ten minutes.
    pub frame_id: String,
    /// Counts the frames of one publisher from 1; may have gaps.
    pub sequence: u64,
    /// The snippets, and for whom.
    pub payload: PromptPayload,
}

/// The snippets, and for whom.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PromptPayload {
    /// The session; the platform keeps at most a hundred.
    pub session_id: String,
    /// The agent.
    pub agent_id: String,
    /// The interaction.
    pub interaction_id: String,
    /// At most ten.
    pub snippets: Vec<PromptSnippet>,
    /// Stands above everything else; needs a level of 4.
    pub priority_override: bool,
    /// 1 to 5; five is the most urgent.
    pub priority_level: u8,
    /// 0 to 1.
    pub relevance_score: f64,
    /// When it was made: epoch **seconds**, with a fraction.
    pub timestamp: f64,
    /// How long it is of use: 10 to 120 s.
    pub ttl_seconds: u32,
}

/// One text to paste.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PromptSnippet {
    /// Unique within its prompt.
    pub snippet_id: String,
    /// Plain text.
    pub content: String,
    /// What it is about.
    pub tags: Vec<String>,
    /// Where it comes from, such as `CRM`.
    pub source_system: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Recorded from the reference client, platform wire section 12: with Python's spaces.
    const RECORDED: &str = r#"{"type": "PROMPT_SYNC", "frame_id": "5fc410d7-21c1-4a1b-b9c6-56500c606047", "sequence": 1, "payload": {"session_id": "SESS-998877", "agent_id": "AGT-4455", "interaction_id": "INT-112233", "snippets": [{"snippet_id": "KB-1001", "content": "Verify customer account status before escalation.", "tags": ["billing", "escalation"], "source_system": "CRM"}, {"snippet_id": "KB-1002", "content": "Apply retention discount code RET24.", "tags": ["retention", "discount"], "source_system": "KNOWLEDGE_BASE"}], "priority_override": true, "priority_level": 5, "relevance_score": 0.7999999999999999, "timestamp": 1795164588.8463392, "ttl_seconds": 45}}"#;

    #[test]
    #[expect(clippy::float_cmp, reason = "to the last digit, as it was recorded")]
    fn recorded_prompt_survives_but_for_the_spaces() {
        let frame: PromptSync = serde_json::from_str(RECORDED).unwrap();
        assert_eq!(frame.payload.relevance_score, 0.799_999_999_999_999_9);
        assert_eq!(frame.payload.timestamp, 1_795_164_588.846_339_2);
        let compact = RECORDED.replace(": ", ":").replace(", ", ",");
        assert_eq!(serde_json::to_string(&frame).unwrap(), compact);
    }

    #[test]
    fn pythons_escapes_are_read() {
        let json = RECORDED.replace("Apply", "\\u00c4pply \\ud83d\\ude00");
        let frame: PromptSync = serde_json::from_str(&json).unwrap();
        assert_eq!(
            frame.payload.snippets[1].content,
            "\u{c4}pply \u{1f600} retention discount code RET24."
        );
    }
}
