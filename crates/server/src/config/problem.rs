//! What is wrong with the settings: which key, what it was, what is expected. Values of secrets are never in here.

use std::fmt;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The key, `section.key`; or the name of the file if it cannot be read at all.
    pub key: String,
    /// What it was; `None` if it was not given.
    pub value: Option<String>,
    /// What would do.
    pub expected: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Some(value) => write!(f, "{} is {value}: expected {}", self.key, self.expected),
            None => write!(f, "{} is missing: expected {}", self.key, self.expected),
        }
    }
}

/// Settings that cannot be used, with everything that is wrong with them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", lines(.0))]
pub struct ConfigError(pub Vec<Problem>);

fn lines(problems: &[Problem]) -> String {
    problems
        .iter()
        .map(Problem::to_string)
        .collect::<Vec<_>>()
        .join("\n")
}

impl ConfigError {
    /// One problem.
    pub fn one(key: &str, value: Option<String>, expected: impl Into<String>) -> Self {
        Self(vec![Problem {
            key: key.to_owned(),
            value,
            expected: expected.into(),
        }])
    }
}

/// Collects while the sections are read.
#[derive(Debug, Default)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// Notes what is wrong with a key that was given.
    pub fn wrong(&mut self, key: &str, value: impl Into<String>, expected: impl Into<String>) {
        self.push(Problem {
            key: key.to_owned(),
            value: Some(value.into()),
            expected: expected.into(),
        });
    }

    /// Notes a key that should have been given.
    pub fn missing(&mut self, key: &str, expected: impl Into<String>) {
        self.push(Problem {
            key: key.to_owned(),
            value: None,
            expected: expected.into(),
        });
    }

    /// Notes a problem.
    pub fn push(&mut self, problem: Problem) {
        self.0.push(problem);
    }

    /// Notes the problem of a failed check, and goes on without its value.
    pub fn take<T>(&mut self, result: Result<T, Problem>) -> Option<T> {
        result.map_err(|problem| self.push(problem)).ok()
    }

    /// The value, if nothing was wrong.
    pub fn settle<T>(self, value: Option<T>) -> Result<T, ConfigError> {
        match value {
            Some(value) if self.0.is_empty() => Ok(value),
            _ => Err(ConfigError(self.0)),
        }
    }
}

/// A value as the errors show it.
pub fn quoted(value: impl fmt::Display) -> String {
    format!("{:?}", value.to_string())
}
