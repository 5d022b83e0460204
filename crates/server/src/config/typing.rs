//! `[typing]`: how customers are shown that an agent types, and how often a panel may say so.

use cuecard_cxone::platform::{HttpUrl, Platform};
use cuecard_cxone::typing::TYPING_SCOPE;
use serde::Deserialize;

use super::Problems;
use super::problem::{Problem, quoted};
use super::source::Source;

/// The checked section.
#[derive(Debug, Clone)]
pub struct Typing {
    /// How the platform is told; none if it is not.
    pub adapter: Option<Indicated>,
    /// Calls a second that each agent's panels may make in the long run; twice as many at once.
    pub requests_per_second: u64,
}

/// How the platform is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Indicated {
    /// Through what.
    pub adapter: Adapter,
    /// What the API's paths begin behind.
    pub base_url: HttpUrl,
    /// The scopes that its tokens need, separated by spaces.
    pub scope: String,
}

/// What an indicator hangs on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Adapter {
    /// A web chat guest for each conversation (platform wire, section 7).
    Guests,
    /// A thread of a digital channel, whose id is the conversation's (platform wire, section 13).
    SenderActions {
        /// The channel.
        channel_id: String,
    },
}

impl Adapter {
    /// The adapter as the settings and the audit trail name it.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Guests => "guests",
            Self::SenderActions { .. } => "sender_actions",
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Raw {
    adapter: Option<Name>,
    base_url: Option<String>,
    channel_id: Option<String>,
    scope: Option<String>,
    requests_per_second: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Name {
    Guests,
    SenderActions,
    Off,
}

impl Default for Raw {
    fn default() -> Self {
        Self {
            adapter: None,
            base_url: None,
            channel_id: None,
            scope: None,
            requests_per_second: 5,
        }
    }
}

/// Most calls a second; more is taken for a mistake.
const MOST_REQUESTS: u64 = 1_000;

pub(super) fn read(
    source: &Source,
    platform: Option<&Platform>,
    problems: &mut Problems,
) -> Option<Typing> {
    let raw: Raw = source.section("typing", problems)?;
    if !(1..=MOST_REQUESTS).contains(&raw.requests_per_second) {
        problems.wrong(
            "typing.requests_per_second",
            raw.requests_per_second.to_string(),
            format!("1 to {MOST_REQUESTS} calls"),
        );
    }
    let is_wanted = raw.adapter.is_some_and(|adapter| adapter != Name::Off);
    if is_wanted && !source.has("platform") {
        problems.missing(
            "platform",
            "a section [platform], whose customers see that an agent types",
        );
    }
    let adapter = match raw.adapter.unwrap_or(Name::Guests) {
        Name::Off => None,
        Name::Guests => {
            if let Some(channel) = &raw.channel_id {
                problems.wrong(
                    "typing.channel_id",
                    quoted(channel),
                    "none, or typing.adapter = \"sender_actions\"",
                );
            }
            Some(Adapter::Guests)
        }
        Name::SenderActions => {
            let channel_id = raw.channel_id.unwrap_or_default();
            if channel_id.is_empty() {
                problems.missing(
                    "typing.channel_id",
                    "the digital channel's id, for typing.adapter = \"sender_actions\"",
                );
            } else if matches!(channel_id.as_str(), "." | "..") {
                let expected = "a digital channel's id";
                problems.wrong("typing.channel_id", quoted(&channel_id), expected);
            }
            Some(Adapter::SenderActions { channel_id })
        }
    };
    let base_url = raw.base_url.and_then(|value| {
        problems.take(HttpUrl::parse(&value).map_err(|_| Problem {
            key: "typing.base_url".to_owned(),
            // The value is left out: it could carry a password.
            value: Some("not such a URL".to_owned()),
            expected:
                "an absolute http:// or https:// URL without a user name or password".to_owned(),
        }))
    });
    Some(Typing {
        adapter: adapter.zip(platform).map(|(adapter, platform)| Indicated {
            base_url: base_url.unwrap_or_else(|| origin(&platform.token_url)),
            scope: raw.scope.unwrap_or_else(|| match adapter {
                Adapter::Guests => TYPING_SCOPE.to_owned(),
                // Which one these need depends on the tenant.
                Adapter::SenderActions { .. } => platform.scope.clone(),
            }),
            adapter,
        }),
        requests_per_second: raw.requests_per_second,
    })
}

/// The URL without path, query and fragment.
fn origin(url: &HttpUrl) -> HttpUrl {
    let origin = url.as_url().origin().ascii_serialization();
    HttpUrl::parse(&origin).unwrap_or_else(|_| url.clone())
}

#[cfg(test)]
#[path = "typing_tests.rs"]
mod tests;
