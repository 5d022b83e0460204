//! What a scenario's call plays besides its risk: suggestions and prompts, as if other clients had published them; pure.
//!
//! Start with [`Cue::frames`].

use cuecard_cxone::wire::prompts::{PromptPayload, PromptSnippet, PromptSync};
use cuecard_cxone::wire::suggestions::{ContextWindow, Suggest, Suggestion};
use cuecard_cxone::wire::tasks::Form;
use cuecard_protocol::Millis;
use cuecard_protocol::rules::prompt::{self, CRM};
use cuecard_protocol::rules::suggestion::MIN_RELEVANCE;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::clock::iso;

/// The longest context window that can be asked for, in seconds: a long call.
const MAX_SECONDS: u32 = 7200;

/// A suggestion of a script.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CuedSuggestion {
    /// What is suggested.
    pub content: String,
    /// Such as `HIGH`.
    pub priority: String,
    /// 0.70 to 1.
    pub relevance_score: f64,
    /// How long its context window is, 1 to 7200 s.
    pub seconds: u32,
}

/// A prompt of a script.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CuedPrompt {
    /// 1 to 5.
    pub priority_level: u8,
    /// Stands above everything else, from level 4.
    #[serde(default)]
    pub priority_override: bool,
    /// 10 to 120.
    pub ttl_seconds: u32,
    /// One to ten.
    pub snippets: Vec<PromptSnippet>,
}

/// The end of a script's call.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CuedEnd {
    /// What its form says; without it there is none.
    #[serde(default)]
    pub form: Option<Form>,
}

/// What is published when its step of the call is reached.
#[derive(Debug, Clone, PartialEq)]
pub struct Cue {
    /// The interaction.
    pub interaction_id: String,
    /// The agent who holds it.
    pub agent_id: String,
    /// A suggestion.
    pub suggestion: Option<CuedSuggestion>,
    /// A prompt.
    pub prompt: Option<CuedPrompt>,
    /// The end.
    pub completed: Option<CuedEnd>,
}

impl Cue {
    /// The frames, with the times and the ids of this moment.
    pub fn frames(&self, now: Timestamp, mut fresh_id: impl FnMut() -> String) -> Vec<Value> {
        let suggestion = self.suggestion.as_ref().map(|cued| {
            json!(Suggest {
                interaction_id: self.interaction_id.clone(),
                suggestion: cued.published(fresh_id(), now),
            })
        });
        let prompt = self.prompt.as_ref().map(|cued| {
            json!(PromptSync {
                frame_id: fresh_id(),
                sequence: 1,
                payload: cued.published(self, now),
            })
        });
        suggestion.into_iter().chain(prompt).collect()
    }
}

impl CuedSuggestion {
    /// Whether it can be played.
    ///
    /// # Errors
    ///
    /// Which field is wrong.
    pub fn check(&self) -> Result<(), String> {
        let (relevance, seconds) = (self.relevance_score, self.seconds);
        if !(MIN_RELEVANCE..=1.0).contains(&relevance) {
            return Err(format!(
                "relevance_score is {relevance}, expected {MIN_RELEVANCE:.2} to 1"
            ));
        }
        if !(1..=MAX_SECONDS).contains(&seconds) {
            return Err(format!("seconds is {seconds}, expected 1 to {MAX_SECONDS}"));
        }
        Ok(())
    }

    fn published(&self, id: String, now: Timestamp) -> Suggestion {
        let end = now + SignedDuration::from_secs(self.seconds.into());
        Suggestion {
            id,
            content: self.content.clone(),
            priority: self.priority.clone(),
            relevance_score: self.relevance_score,
            context_window: ContextWindow {
                start: iso(now),
                end: iso(end),
            },
            injected_at: iso(now),
            source: None,
        }
    }
}

impl CuedPrompt {
    /// Whether it can be played.
    ///
    /// # Errors
    ///
    /// Which rule it breaks.
    pub fn check(&self) -> Result<(), String> {
        let offer = prompt::Offer {
            snippets: self.snippets.len(),
            level: self.priority_level,
            is_override: self.priority_override,
            age: Millis(0),
            ttl: Millis::from_secs(self.ttl_seconds.into()),
        };
        prompt::check(&offer).map_err(|refusal| refusal.to_string())
    }

    fn published(&self, cue: &Cue, now: Timestamp) -> PromptPayload {
        let any_from_crm = self
            .snippets
            .iter()
            .any(|snippet| snippet.source_system == CRM);
        PromptPayload {
            session_id: format!("scenario-{}", cue.interaction_id),
            agent_id: cue.agent_id.clone(),
            interaction_id: cue.interaction_id.clone(),
            snippets: self.snippets.clone(),
            priority_override: self.priority_override,
            priority_level: self.priority_level,
            relevance_score: prompt::relevance(self.snippets.len(), any_from_crm),
            timestamp: now.as_duration().as_secs_f64(),
            ttl_seconds: self.ttl_seconds,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_those_of_a_client_of_this_moment() {
        let cue = Cue {
            interaction_id: "INT-1".into(),
            agent_id: "AGT-1".into(),
            suggestion: Some(CuedSuggestion {
                content: "text".into(),
                priority: "HIGH".into(),
                relevance_score: 0.9,
                seconds: 60,
            }),
            prompt: Some(CuedPrompt {
                priority_level: 5,
                priority_override: true,
                ttl_seconds: 45,
                snippets: vec![PromptSnippet {
                    snippet_id: "KB-1".into(),
                    content: "text".into(),
                    tags: vec![],
                    source_system: "CRM".into(),
                }],
            }),
            completed: None,
        };
        let now = Timestamp::from_millisecond(1_795_164_586_026).unwrap();
        let mut ids = 0;
        let frames = cue.frames(now, || {
            ids += 1;
            format!("id-{ids}")
        });
        assert_eq!(
            frames,
            [
                json!({
                    "type": "agentassist.suggest", "interactionId": "INT-1",
                    "suggestion": {
                        "id": "id-1", "content": "text", "priority": "HIGH", "relevanceScore": 0.9,
                        "contextWindow": {"start": "2026-11-20T08:49:46.026Z", "end": "2026-11-20T08:50:46.026Z"},
                        "injectedAt": "2026-11-20T08:49:46.026Z",
                    },
                }),
                json!({
                    "type": "PROMPT_SYNC", "frame_id": "id-2", "sequence": 1,
                    "payload": {
                        "session_id": "scenario-INT-1", "agent_id": "AGT-1", "interaction_id": "INT-1",
                        "snippets": [{"snippet_id": "KB-1", "content": "text", "tags": [], "source_system": "CRM"}],
                        "priority_override": true, "priority_level": 5, "relevance_score": 0.75,
                        "timestamp": 1_795_164_586.026, "ttl_seconds": 45,
                    },
                }),
            ]
        );
    }
}
