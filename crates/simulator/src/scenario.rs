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
//! [[steps]]
//! repeat = 2
//! risk = { interactionId = "INT-1", agentId = "AGT-1", riskScore = 0.97, factors = ["threatens to cancel"] }
//! ```
//!
//! Start with [`Scenario::from_file`]; the call that plays when nothing is said is [`Scenario::builtin`].

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use cuecard_cxone::wire::risk::RiskScore;
use serde::Deserialize;

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

    /// The call that plays by default: agent `AGT-1`, interaction `INT-1`. The risk is critical in the second answer,
    /// then falls, and flares up once more before the call ends well.
    pub fn builtin() -> Self {
        let steps = [
            (0.88, &["Third call this week", "Raised voice"][..]),
            (
                0.97,
                &[
                    "Threatens to cancel",
                    "Asks for a supervisor",
                    "Third call this week",
                ][..],
            ),
            (0.91, &["Asks for a supervisor", "Talks over the agent"][..]),
            (0.74, &["Long silence after the offer"][..]),
            (0.52, &["Still frustrated"][..]),
            (0.31, &[][..]),
            (0.58, &["Asks about the cancellation fee"][..]),
            (
                0.86,
                &["Mentions a competitor", "Asks about the cancellation fee"][..],
            ),
            (
                0.96,
                &[
                    "Threatens a public complaint",
                    "Raised voice",
                    "Mentions a competitor",
                ][..],
            ),
            (0.67, &["Calmer after the credit was offered"][..]),
            (0.24, &[][..]),
            (0.12, &[][..]),
        ];
        let steps = steps
            .into_iter()
            .map(|(score, factors)| Step {
                risk: RiskScore {
                    interaction_id: "INT-1".into(),
                    agent_id: "AGT-1".into(),
                    risk_score: score,
                    factors: factors.iter().map(ToString::to_string).collect(),
                },
                repeat: 1,
            })
            .collect();
        Self {
            agents: None,
            interactions: BTreeMap::new(),
            steps,
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
            if !(1..=1000).contains(&step.repeat) {
                return Err(malformed(format!(
                    "steps[{index}].repeat is {}, expected 1 to 1000",
                    step.repeat
                )));
            }
            if !(0.0..=1.0).contains(&step.risk.risk_score) {
                let score = step.risk.risk_score;
                return Err(malformed(format!(
                    "steps[{index}].risk.riskScore is {score}, expected 0 to 1"
                )));
            }
        }
        Ok(scenario)
    }

    /// What the risk API answers, in turn.
    pub fn risk_answers(&self) -> impl Iterator<Item = &RiskScore> {
        self.steps
            .iter()
            .flat_map(|step| std::iter::repeat_n(&step.risk, step.repeat as usize))
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
            "#,
        )
        .unwrap();
        let json = read(
            "call.json",
            r#"{"agents":["AGT-7"],"interactions":{"INT-9":"AGT-7"},"steps":[{"repeat":2,"risk":{"interactionId":"INT-8","agentId":"AGT-7","riskScore":0.97,"factors":["a"]}}]}"#,
        )
        .unwrap();
        assert_eq!(toml, json);
        assert_eq!(toml.risk_answers().count(), 2);
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
    }

    #[test]
    fn the_builtin_call_is_critical_early_and_knows_quiet_moments() {
        let scores: Vec<f64> = Scenario::builtin()
            .risk_answers()
            .map(|risk| risk.risk_score)
            .collect();
        assert!(scores[..2].iter().any(|score| *score >= 0.95), "{scores:?}");
        assert!(
            scores.iter().any(|score| (0.85..0.95).contains(score)),
            "{scores:?}"
        );
        assert!(scores.iter().any(|score| *score < 0.85), "{scores:?}");
    }
}
