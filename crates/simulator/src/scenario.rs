//! What the simulator plays: who there is, and what the risk API answers.
//!
//! A scenario is a JSON or TOML file (by its ending, `.toml` or `.json`):
//!
//! ```toml
//! # Optional. With it, only these agents exist; without it, every well-formed agent id does.
//! agents = ["AGT-1"]
//!
//! # Who holds which interaction, beyond what the steps say. Optional.
//! [interactions]
//! "INT-1" = "AGT-1"
//!
//! # What `/v1/score` answers, in turn, and again from the start. `repeat` (default 1) gives the same answer so often.
//! # With the first of them the step's suggestion and prompt, if it has any, are published to the agent.
//! [[steps]]
//! repeat = 2
//! risk = { interactionId = "INT-1", agentId = "AGT-1", riskScore = 0.97, factors = ["threatens to cancel"] }
//! suggestion = { content = "Offer a call back", priority = "HIGH", relevance_score = 0.9, seconds = 60 }
//!
//! [steps.prompt]
//! priority_level = 5
//! priority_override = true
//! ttl_seconds = 45
//! snippets = [{ snippet_id = "KB-1", content = "I am sorry.", tags = ["tone"], source_system = "CRM" }]
//!
//! # The interaction is over: its form is there from now on (without `form` there is none), and the platform's webhook
//! # is sent, if the simulator knows where to.
//! [[steps]]
//! risk = { interactionId = "INT-1", agentId = "AGT-1", riskScore = 0.1, factors = [] }
//! completed = { form = { responses = [{ fieldName = "overall_satisfaction", value = 2 }] } }
//! ```
//!
//! Start with [`Scenario::from_file`]; the call that plays when nothing is said is [`Scenario::builtin`].

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use cuecard_cxone::wire::risk::RiskScore;
use serde::Deserialize;

use crate::builtin_call;
use crate::cue::{Cue, CuedEnd, CuedPrompt, CuedSuggestion};

/// A script.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// The agents that exist; `None`: all.
    #[serde(default)]
    pub agents: Option<Vec<String>>,
    /// Interaction to agent.
    #[serde(default)]
    pub interactions: BTreeMap<String, String>,
    /// What happens.
    #[serde(default)]
    pub steps: Vec<Step>,
}

/// One step of a script.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// What the risk API answers.
    pub risk: RiskScore,
    /// How often in a row, 1 to 1000.
    #[serde(default = "once")]
    pub repeat: u32,
    /// What another client suggests meanwhile.
    #[serde(default)]
    pub suggestion: Option<CuedSuggestion>,
    /// What another client prompts meanwhile.
    #[serde(default)]
    pub prompt: Option<CuedPrompt>,
    /// With this the interaction is over.
    #[serde(default)]
    pub completed: Option<CuedEnd>,
}

impl Step {
    /// A step of one risk answer and nothing else.
    pub const fn of_risk(risk: RiskScore) -> Self {
        Self {
            risk,
            repeat: once(),
            suggestion: None,
            prompt: None,
            completed: None,
        }
    }

    fn cue(&self) -> Option<Cue> {
        let is_cue = self.suggestion.is_some() || self.prompt.is_some() || self.completed.is_some();
        is_cue.then(|| Cue {
            interaction_id: self.risk.interaction_id.clone(),
            agent_id: self.risk.agent_id.clone(),
            suggestion: self.suggestion.clone(),
            prompt: self.prompt.clone(),
            completed: self.completed.clone(),
        })
    }

    fn check(&self) -> Result<(), String> {
        let repeat = self.repeat;
        if !(1..=1000).contains(&repeat) {
            return Err(format!("repeat is {repeat}, expected 1 to 1000"));
        }
        let score = self.risk.risk_score;
        if !(0.0..=1.0).contains(&score) {
            return Err(format!("risk.riskScore is {score}, expected 0 to 1"));
        }
        if let Some(suggestion) = &self.suggestion {
            let checked = suggestion.check();
            checked.map_err(|reason| format!("suggestion.{reason}"))?;
        }
        if let Some(prompt) = &self.prompt {
            prompt
                .check()
                .map_err(|reason| format!("prompt: {reason}"))?;
        }
        Ok(())
    }
}

const fn once() -> u32 {
    1
}

/// A scenario that cannot be played.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// It cannot be read.
    #[error("scenario {path} cannot be read: {source}")]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// It is not what a scenario looks like.
    #[error("scenario {path}: {reason}")]
    Malformed {
        /// Which file.
        path: PathBuf,
        /// What is wrong where.
        reason: String,
    },
}

impl Scenario {
    /// Plays nothing; `/v1/score` answers 404 `no_scenario` until it is told otherwise.
    pub fn none() -> Self {
        Self::default()
    }

    /// The call that plays by default, of agent `AGT-1` and interaction `INT-1`.
    pub fn builtin() -> Self {
        Self {
            steps: builtin_call::steps(),
            ..Self::none()
        }
    }

    /// Reads a scenario; a path that ends in `.toml` as TOML, anything else as JSON.
    ///
    /// # Errors
    ///
    /// [`ScenarioError`] with the file and the place in it.
    pub fn from_file(path: &Path) -> Result<Self, ScenarioError> {
        let text = std::fs::read_to_string(path).map_err(|source| ScenarioError::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        let malformed = |reason: String| ScenarioError::Malformed {
            path: path.to_owned(),
            reason,
        };
        let scenario: Self = if path
            .extension()
            .is_some_and(|extension| extension == "toml")
        {
            toml::from_str(&text).map_err(|error| malformed(error.to_string()))?
        } else {
            serde_json::from_str(&text).map_err(|error| malformed(error.to_string()))?
        };
        for (index, step) in scenario.steps.iter().enumerate() {
            step.check()
                .map_err(|reason| malformed(format!("steps[{index}].{reason}")))?;
        }
        Ok(scenario)
    }

    /// What the risk API answers, in turn, and what else happens with it.
    pub fn answers(&self) -> impl Iterator<Item = (&RiskScore, Option<Cue>)> {
        self.steps.iter().flat_map(|step| {
            let cues = std::iter::once(step.cue()).chain(std::iter::repeat(None));
            std::iter::repeat_n(&step.risk, step.repeat as usize).zip(cues)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, text: &str) -> Result<Scenario, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        Scenario::from_file(&path).map_err(|error| error.to_string())
    }

    #[test]
    fn both_formats_say_the_same() {
        let toml = read(
            "call.toml",
            r#"
            agents = ["AGT-7"]
            [interactions]
            "INT-9" = "AGT-7"
            [[steps]]
            repeat = 2
            risk = { interactionId = "INT-8", agentId = "AGT-7", riskScore = 0.97, factors = ["a"] }
            suggestion = { content = "c", priority = "HIGH", relevance_score = 0.9, seconds = 60 }
            [steps.prompt]
            priority_level = 3
            ttl_seconds = 45
            snippets = [{ snippet_id = "s", content = "c", tags = ["t"], source_system = "CRM" }]
            [steps.completed.form]
            responses = [{ fieldName = "f", value = "2,5" }]
            "#,
        )
        .unwrap();
        let json = read(
            "call.json",
            r#"{"agents":["AGT-7"],"interactions":{"INT-9":"AGT-7"},"steps":[{"repeat":2,"risk":{"interactionId":"INT-8","agentId":"AGT-7","riskScore":0.97,"factors":["a"]},
                "suggestion":{"content":"c","priority":"HIGH","relevance_score":0.9,"seconds":60},
                "prompt":{"priority_level":3,"priority_override":false,"ttl_seconds":45,
                    "snippets":[{"snippet_id":"s","content":"c","tags":["t"],"source_system":"CRM"}]},
                "completed":{"form":{"responses":[{"fieldName":"f","value":"2,5"}]}}}]}"#,
        )
        .unwrap();
        assert_eq!(toml, json);
        let cues: Vec<Option<Cue>> = toml.answers().map(|(_, cue)| cue).collect();
        let cue = Cue {
            interaction_id: "INT-8".into(),
            agent_id: "AGT-7".into(),
            suggestion: toml.steps[0].suggestion.clone(),
            prompt: toml.steps[0].prompt.clone(),
            completed: toml.steps[0].completed.clone(),
        };
        assert_eq!(cues, [Some(cue), None], "with the first answer only");
    }

    #[test]
    fn mistakes_are_named() {
        let error = read("a.json", r#"{"stepz":[]}"#).unwrap_err();
        assert!(
            error.contains("a.json") && error.contains("unknown field `stepz`"),
            "{error}"
        );
        let step = |repeat: u32, score: f64| {
            format!(
                r#"{{"steps":[{{"repeat":{repeat},"risk":{{"interactionId":"I","agentId":"A","riskScore":{score},"factors":[]}}}}]}}"#
            )
        };
        assert!(
            read("a.json", &step(0, 0.5))
                .unwrap_err()
                .ends_with("steps[0].repeat is 0, expected 1 to 1000")
        );
        assert!(
            read("a.json", &step(1, 1.5))
                .unwrap_err()
                .ends_with("steps[0].risk.riskScore is 1.5, expected 0 to 1")
        );
        let with = |cue: &str| {
            let step = step(1, 0.5);
            read(
                "a.json",
                &step.replacen("}}]}", &format!("}},{cue}}}]}}"), 1),
            )
            .unwrap_err()
        };
        let error =
            with(r#""suggestion":{"content":"","priority":"","relevance_score":0.6,"seconds":1}"#);
        assert!(
            error.ends_with("steps[0].suggestion.relevance_score is 0.6, expected 0.70 to 1"),
            "{error}"
        );
        let error = with(r#""prompt":{"priority_level":5,"ttl_seconds":45,"snippets":[]}"#);
        assert!(
            error.ends_with("steps[0].prompt: prompt has 0 snippets, expected 1 to 10"),
            "{error}"
        );
    }

    #[test]
    fn the_builtin_call_is_critical_early_and_knows_quiet_moments() {
        let scores: Vec<f64> = Scenario::builtin()
            .answers()
            .map(|(risk, _)| risk.risk_score)
            .collect();
        assert!(scores[..2].iter().any(|score| *score >= 0.95), "{scores:?}");
        assert!(
            scores.iter().any(|score| (0.85..0.95).contains(score)),
            "{scores:?}"
        );
        assert!(scores.iter().any(|score| *score < 0.85), "{scores:?}");
        for step in Scenario::builtin().steps {
            assert_eq!(step.check(), Ok(()));
        }
    }
}
