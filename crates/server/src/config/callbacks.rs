//! `[callbacks]`: the URLs that are told what became of cards.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use cuecard_cxone::platform::HttpUrl;
use secrecy::SecretString;
use serde::Deserialize;

use super::Problems;
use super::problem::quoted;
use super::source::{self, Source};
use crate::backbone::publications::Kind;

/// The checked section.
#[derive(Debug, Clone)]
pub struct Callbacks {
    /// Who is told; nobody by default.
    pub receivers: Vec<Receiver>,
}

/// One URL that is told.
#[derive(Debug, Clone)]
pub struct Receiver {
    /// Its name in logs, metrics and queues: 1 to 32 of `a-z 0-9 _ -`.
    pub name: String,
    /// Where events are posted.
    pub url: HttpUrl,
    /// What they are signed with.
    pub secret: SecretString,
    /// Which events.
    pub events: Vec<Event>,
    /// About which kinds of cards.
    pub kinds: Vec<Kind>,
    /// How long an answer may take.
    pub timeout: Duration,
}

/// What a receiver can be told, as outcomes are named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// An agent accepted a card.
    Accepted,
    /// An agent dismissed a card.
    Dismissed,
    /// An agent used a snippet.
    Adopted,
    /// A card's time was over.
    Expired,
}

impl Event {
    /// The event as settings and outcomes name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Dismissed => "dismissed",
            Self::Adopted => "adopted",
            Self::Expired => "expired",
        }
    }
}

/// Longest time for an answer, in seconds: less than a lease, so that nothing is sent twice at the same time.
const LONGEST_TIMEOUT: f64 = 50.0;

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Raw {
    receivers: Vec<RawReceiver>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawReceiver {
    name: String,
    url: String,
    secret: Option<SecretString>,
    secret_file: Option<PathBuf>,
    #[serde(default = "decisions")]
    events: Vec<Event>,
    #[serde(default = "all_kinds")]
    kinds: Vec<Kind>,
    #[serde(default = "ten_seconds")]
    timeout_seconds: f64,
}

fn decisions() -> Vec<Event> {
    vec![Event::Accepted, Event::Dismissed]
}

fn all_kinds() -> Vec<Kind> {
    vec![Kind::Alert, Kind::Suggestion, Kind::Prompt, Kind::Task]
}

const fn ten_seconds() -> f64 {
    10.0
}

pub(super) fn read(source: &Source, problems: &mut Problems) -> Option<Callbacks> {
    let raw: Raw = source.section("callbacks", problems)?;
    let mut names = BTreeSet::new();
    let receivers = raw.receivers.into_iter().enumerate();
    let receivers: Vec<_> = receivers
        .map(|(index, raw)| {
            receiver(
                &format!("callbacks.receivers[{index}]"),
                raw,
                &mut names,
                problems,
            )
        })
        .collect();
    Some(Callbacks {
        receivers: receivers.into_iter().collect::<Option<_>>()?,
    })
}

fn receiver(
    section: &str,
    raw: RawReceiver,
    names: &mut BTreeSet<String>,
    problems: &mut Problems,
) -> Option<Receiver> {
    let key = |field: &str| format!("{section}.{field}");
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-';
    if !(1..=32).contains(&raw.name.len()) || !raw.name.chars().all(plain) {
        let expected = "1 to 32 of the characters a-z 0-9 _ -";
        problems.wrong(&key("name"), quoted(&raw.name), expected);
    } else if !names.insert(raw.name.clone()) {
        let expected = "a name that no other receiver has";
        problems.wrong(&key("name"), quoted(&raw.name), expected);
    }
    let url = HttpUrl::parse(&raw.url);
    if url.is_err() {
        // The value is left out: it could carry a password.
        problems.wrong(
            &key("url"),
            "not such a URL",
            "an absolute http:// or https:// URL without a user name or password",
        );
    }
    for (field, is_empty) in [
        ("events", raw.events.is_empty()),
        ("kinds", raw.kinds.is_empty()),
    ] {
        if is_empty {
            problems.wrong(&key(field), "an empty list", "at least one");
        }
    }
    if !(0.1..=LONGEST_TIMEOUT).contains(&raw.timeout_seconds) {
        problems.wrong(
            &key("timeout_seconds"),
            raw.timeout_seconds.to_string(),
            format!("0.1 to {LONGEST_TIMEOUT} seconds"),
        );
    }
    let is_given = raw.secret.is_some() || raw.secret_file.is_some();
    if !is_given {
        let expected = "it or secret_file, so that the receiver can tell who is calling";
        problems.missing(&key("secret"), expected);
    }
    let secret = source::secret(
        section,
        "secret",
        raw.secret,
        raw.secret_file.as_deref(),
        problems,
    )?;
    source::require_signer(&key("secret"), &secret, problems);
    Some(Receiver {
        name: raw.name,
        url: url.ok()?,
        secret,
        events: raw.events,
        kinds: raw.kinds,
        timeout: Duration::try_from_secs_f64(raw.timeout_seconds).ok()?,
    })
}
