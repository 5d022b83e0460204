//! `[tasks]`: which scores of a finished interaction's form make a task, and which one.

use std::ops::RangeInclusive;
use std::time::Duration;

use cuecard_cxone::platform::{HttpUrl, Platform};
use cuecard_cxone::tasks::TASKS_SCOPE;
use cuecard_protocol::{Millis, TaskPriority};
use serde::Deserialize;

use super::Problems;
use super::problem::{Problem, quoted};
use super::source::Source;
use crate::work::retry;

/// The checked section.
#[derive(Debug, Clone, PartialEq)]
pub struct Tasks {
    /// The form's field that holds the score.
    pub score_field: String,
    /// A lower score is none; no limit by default.
    pub score_min: Option<f64>,
    /// A higher score is none; no limit by default.
    pub score_max: Option<f64>,
    /// Rising; the first that a score is below makes the task, and a score that is below none makes none.
    pub rules: Vec<Rule>,
    /// The tenant's own field of a task, in which the interaction is named.
    pub custom_field_id: String,
    /// The bound of the growing waits between tries.
    pub longest_wait: Duration,
    /// How the platform is called; nobody is without one.
    pub calls: Option<Calls>,
}

/// What a low score leads to.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// For scores below this.
    pub below: f64,
    /// How urgent the task is.
    pub priority: TaskPriority,
    /// When it is due, after the score was read.
    pub due_in: Millis,
}

/// How the platform is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calls {
    /// What the API's paths begin behind.
    pub base_url: HttpUrl,
    /// The scopes that the calls' tokens need, separated by spaces.
    pub scope: String,
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Raw {
    score_field: String,
    score_min: Option<f64>,
    score_max: Option<f64>,
    rules: Vec<RawRule>,
    custom_field_id: String,
    longest_wait_seconds: u64,
    base_url: Option<String>,
    scope: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRule {
    below: f64,
    priority: TaskPriority,
    due_days: f64,
}

/// Platform wire, section 6.3.
impl Default for Raw {
    fn default() -> Self {
        let rule = |below, priority, due_days| RawRule {
            below,
            priority,
            due_days,
        };
        Self {
            score_field: "overall_satisfaction".to_owned(),
            score_min: None,
            score_max: None,
            rules: vec![
                rule(3.0, TaskPriority::High, 1.0),
                rule(4.0, TaskPriority::Medium, 3.0),
            ],
            custom_field_id: "interaction_id_link".to_owned(),
            longest_wait_seconds: retry::CAP.as_secs(),
            base_url: None,
            scope: None,
        }
    }
}

/// A day in milliseconds.
const DAY: f64 = 86_400_000.0;

/// The latest that a task can be due, in days.
const MOST_DAYS: f64 = 365.0;

/// In seconds; a job is given up after a day.
const LONGEST_WAITS: RangeInclusive<u64> = 1..=3_600;

pub(super) fn read(
    source: &Source,
    platform: Option<&Platform>,
    problems: &mut Problems,
) -> Option<Tasks> {
    let raw: Raw = source.section("tasks", problems)?;
    for (key, text) in [
        ("tasks.score_field", &raw.score_field),
        ("tasks.custom_field_id", &raw.custom_field_id),
    ] {
        if text.trim().is_empty() {
            problems.wrong(key, quoted(text), "the field's name");
        }
    }
    if let (Some(min), Some(max)) = (raw.score_min, raw.score_max)
        && min > max
    {
        let expected = format!("a score from tasks.score_min ({min})");
        problems.wrong("tasks.score_max", max.to_string(), expected);
    }
    if !LONGEST_WAITS.contains(&raw.longest_wait_seconds) {
        let expected = format!("{} to {}", LONGEST_WAITS.start(), LONGEST_WAITS.end());
        let value = raw.longest_wait_seconds.to_string();
        problems.wrong("tasks.longest_wait_seconds", value, expected);
    }
    let rules = rules(raw.rules, problems);
    let base_url = raw.base_url.and_then(|value| {
        problems.take(HttpUrl::parse(&value).map_err(|_| Problem {
            key: "tasks.base_url".to_owned(),
            // The value is left out: it could carry a password.
            value: Some("not such a URL".to_owned()),
            expected:
                "an absolute http:// or https:// URL without a user name or password".to_owned(),
        }))
    });
    Some(Tasks {
        score_field: raw.score_field,
        score_min: raw.score_min,
        score_max: raw.score_max,
        rules,
        custom_field_id: raw.custom_field_id,
        longest_wait: Duration::from_secs(raw.longest_wait_seconds),
        calls: platform.map(|platform| Calls {
            base_url: base_url.unwrap_or_else(|| platform.token_url.origin()),
            scope: raw.scope.unwrap_or_else(|| TASKS_SCOPE.to_owned()),
        }),
    })
}

fn rules(raw: Vec<RawRule>, problems: &mut Problems) -> Vec<Rule> {
    if raw.is_empty() {
        problems.wrong("tasks.rules", "an empty list", "at least one rule");
    }
    let mut before: Option<f64> = None;
    let mut rules = Vec::with_capacity(raw.len());
    for (index, rule) in raw.into_iter().enumerate() {
        let key = |field: &str| format!("tasks.rules[{index}].{field}");
        let is_rising = before.is_none_or(|before| rule.below > before);
        if !rule.below.is_finite() || !is_rising {
            let expected = before.map_or("a score".to_owned(), |before| {
                format!("a score above the rule's before ({before})")
            });
            problems.wrong(&key("below"), rule.below.to_string(), expected);
        }
        if !(rule.due_days > 0.0 && rule.due_days <= MOST_DAYS) {
            let expected = format!("more than 0, at most {MOST_DAYS} days");
            problems.wrong(&key("due_days"), rule.due_days.to_string(), expected);
        }
        before = Some(rule.below);
        rules.push(Rule {
            below: rule.below,
            priority: rule.priority,
            due_in: Millis(in_millis(rule.due_days)),
        });
    }
    rules
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "at most a year; what is not, is refused"
)]
fn in_millis(days: f64) -> u64 {
    (days * DAY).round() as u64
}

#[cfg(test)]
#[path = "tasks_tests.rs"]
mod tests;
