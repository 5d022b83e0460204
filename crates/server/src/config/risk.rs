//! `[risk]`: the risk APIs that are polled, and from which score on they alarm.

use std::collections::BTreeSet;
use std::time::Duration;

use cuecard_cxone::platform::HttpUrl;
use serde::Deserialize;

use super::Problems;
use super::problem::quoted;
use super::source::Source;

/// The checked section.
#[derive(Debug, Clone)]
pub struct Risk {
    /// The APIs; none means that nothing is polled.
    pub sources: Vec<RiskSource>,
    /// How often each is polled (platform wire, section 3.5: 5 s).
    pub poll: Duration,
    /// How long an answer may take (platform wire, section 3.5: 3 s).
    pub timeout: Duration,
    /// Alerts begin at this score (platform wire, section 3.5: 0.85).
    pub high: f64,
    /// Alerts are critical from this score (platform wire, section 3.5: 0.95).
    pub critical: f64,
}

/// One risk API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RiskSource {
    /// Its name in logs and metrics: 1 to 32 of `a-z 0-9 _ -`.
    pub name: String,
    /// Where it is.
    pub url: HttpUrl,
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Raw {
    sources: Vec<RawSource>,
    poll_seconds: f64,
    timeout_seconds: f64,
    high: f64,
    critical: f64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSource {
    name: String,
    url: String,
}

impl Default for Raw {
    fn default() -> Self {
        Self {
            sources: Vec::new(),
            poll_seconds: 5.0,
            timeout_seconds: 3.0,
            high: 0.85,
            critical: 0.95,
        }
    }
}

pub(super) fn read(source: &Source, has_platform: bool, problems: &mut Problems) -> Option<Risk> {
    let raw: Raw = source.section("risk", problems)?;
    let poll = seconds("risk.poll_seconds", raw.poll_seconds, problems);
    let timeout = seconds("risk.timeout_seconds", raw.timeout_seconds, problems);
    if !(raw.high > 0.0 && raw.high <= 1.0) {
        problems.wrong(
            "risk.high",
            raw.high.to_string(),
            "a score above 0, at most 1",
        );
    }
    if !(raw.critical >= raw.high && raw.critical <= 1.0) {
        let expected = format!("a score from risk.high ({}) to 1", raw.high);
        problems.wrong("risk.critical", raw.critical.to_string(), expected);
    }
    if !raw.sources.is_empty() && !has_platform {
        problems.missing(
            "platform",
            "a section [platform], through which the alerts of risk.sources go",
        );
    }
    let mut names = BTreeSet::new();
    let mut sources = Vec::with_capacity(raw.sources.len());
    for (index, RawSource { name, url }) in raw.sources.into_iter().enumerate() {
        let key = |field: &str| format!("risk.sources[{index}].{field}");
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
        if !(1..=32).contains(&name.len()) || !name.chars().all(plain) {
            problems.wrong(
                &key("name"),
                quoted(&name),
                "1 to 32 of the characters a-z 0-9 _ -",
            );
        } else if !names.insert(name.clone()) {
            problems.wrong(
                &key("name"),
                quoted(&name),
                "a name that no other source has",
            );
        }
        match HttpUrl::parse(&url) {
            Ok(url) => sources.push(RiskSource { name, url }),
            // The value is left out: it could carry a password.
            Err(_) => problems.wrong(
                &key("url"),
                "not such a URL",
                "an absolute http:// or https:// URL without a user name or password",
            ),
        }
    }
    Some(Risk {
        sources,
        poll: poll?,
        timeout: timeout?,
        high: raw.high,
        critical: raw.critical,
    })
}

fn seconds(key: &str, value: f64, problems: &mut Problems) -> Option<Duration> {
    if (0.05..=3600.0).contains(&value) {
        return Some(Duration::from_secs_f64(value));
    }
    problems.wrong(key, value.to_string(), "0.05 to 3600 seconds");
    None
}
