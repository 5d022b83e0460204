//! `[api]`: who may use the HTTP API, how often, and whose snippets count as trusted.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::Problems;
use super::problem::quoted;
use super::source::Source;

/// The checked section. Without keys nobody may use the API.
#[derive(Debug, Clone)]
pub struct Api {
    /// Who may use it.
    pub keys: Vec<ApiKey>,
    /// Requests a second that each key may make, in the long run.
    pub requests_per_second: u64,
    /// Requests that each key may make at once.
    pub burst: u64,
    /// Systems whose snippets win where a prompt has too many.
    pub trusted_sources: Vec<String>,
}

/// A client of the API. The key itself is not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// The client's name in cards, metrics and the audit trail: 1 to 32 of `a-z 0-9 _ -`.
    pub name: String,
    /// SHA-256 of the key.
    pub sha256: [u8; 32],
    /// What it may do.
    pub scopes: BTreeSet<Scope>,
}

/// What a key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
pub enum Scope {
    /// Post alerts.
    #[serde(rename = "alerts:write")]
    AlertsWrite,
    /// Post suggestions.
    #[serde(rename = "suggestions:write")]
    SuggestionsWrite,
    /// Post prompts.
    #[serde(rename = "prompts:write")]
    PromptsWrite,
    /// Ask what became of a card, and how an interaction stands.
    #[serde(rename = "cards:read")]
    CardsRead,
    /// Withdraw cards.
    #[serde(rename = "cards:write")]
    CardsWrite,
    /// Follow outcomes.
    #[serde(rename = "outcomes:read")]
    OutcomesRead,
    /// Move interactions on.
    #[serde(rename = "interactions:write")]
    InteractionsWrite,
}

impl Scope {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::AlertsWrite,
        Self::SuggestionsWrite,
        Self::PromptsWrite,
        Self::CardsRead,
        Self::CardsWrite,
        Self::OutcomesRead,
        Self::InteractionsWrite,
    ];

    /// The scope as settings and problems name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AlertsWrite => "alerts:write",
            Self::SuggestionsWrite => "suggestions:write",
            Self::PromptsWrite => "prompts:write",
            Self::CardsRead => "cards:read",
            Self::CardsWrite => "cards:write",
            Self::OutcomesRead => "outcomes:read",
            Self::InteractionsWrite => "interactions:write",
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Raw {
    keys: Vec<RawKey>,
    requests_per_second: u64,
    burst: u64,
    trusted_sources: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawKey {
    name: String,
    sha256: String,
    scopes: BTreeSet<Scope>,
}

impl Default for Raw {
    fn default() -> Self {
        Self {
            keys: Vec::new(),
            requests_per_second: 100,
            burst: 200,
            trusted_sources: vec!["CRM".to_owned()],
        }
    }
}

/// Most requests a second, and at once: an allowance counts in whole microseconds.
const MOST_REQUESTS: u64 = 1_000_000;

pub(super) fn read(source: &Source, problems: &mut Problems) -> Option<Api> {
    let raw: Raw = source.section("api", problems)?;
    for (key, value) in [
        ("api.requests_per_second", raw.requests_per_second),
        ("api.burst", raw.burst),
    ] {
        if !(1..=MOST_REQUESTS).contains(&value) {
            let expected = format!("1 to {MOST_REQUESTS} requests");
            problems.wrong(key, value.to_string(), expected);
        }
    }
    let (mut names, mut hashes) = (BTreeSet::new(), BTreeSet::new());
    let mut keys = Vec::with_capacity(raw.keys.len());
    for (index, key) in raw.keys.into_iter().enumerate() {
        let path = |field: &str| format!("api.keys[{index}].{field}");
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
        if !(1..=32).contains(&key.name.len()) || !key.name.chars().all(plain) {
            let expected = "1 to 32 of the characters a-z 0-9 _ -";
            problems.wrong(&path("name"), quoted(&key.name), expected);
        } else if key.name == PLATFORM || !names.insert(key.name.clone()) {
            let expected = "a name that no other key has, and not \"platform\"";
            problems.wrong(&path("name"), quoted(&key.name), expected);
        }
        if key.scopes.is_empty() {
            let all = Scope::ALL.map(Scope::as_str).join(", ");
            problems.wrong(&path("scopes"), "empty", format!("some of {all}"));
        }
        let Ok(sha256) = <[u8; 32]>::try_from(hex::decode(&key.sha256).unwrap_or_default()) else {
            // The value is left out: somebody may have put the key itself here.
            let expected =
                "the 64 hexadecimal digits of the key's SHA-256: see cuecard-server api-key new";
            problems.wrong(&path("sha256"), "(hidden) something else", expected);
            continue;
        };
        if !hashes.insert(sha256) {
            let expected = "a key that no other client has";
            problems.wrong(&path("sha256"), "(hidden) there already", expected);
        }
        keys.push(ApiKey {
            name: key.name,
            sha256,
            scopes: key.scopes,
        });
    }
    Some(Api {
        keys,
        requests_per_second: raw.requests_per_second,
        burst: raw.burst,
        trusted_sources: raw.trusted_sources,
    })
}

/// The name of those whose cards came without us, in metrics.
pub const PLATFORM: &str = "platform";
