//! Prompts: how many snippets, which are the best, override, relevance, freshness and life.
//!
//! Start with [`check`]; what a publisher with too many snippets sends is what [`best`] leaves.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use crate::{Millis, Snippet};

/// Most snippets of a prompt; of more the best are taken (platform wire, section 5.4).
pub const MAX_SNIPPETS: usize = 10;

/// An override needs at least this level (platform wire, section 5.4).
pub const OVERRIDE_LEVEL: u8 = 4;

/// The most urgent level; the least is 1 (platform wire, section 5.2).
pub const MAX_LEVEL: u8 = 5;

/// A prompt older than this is not sent any more (platform wire, section 5.4).
pub const FRESH_FOR: Millis = Millis::from_secs(2);

/// Shortest life of a prompt (platform wire, section 5.2).
pub const MIN_TTL: Millis = Millis::from_secs(10);

/// Longest life of a prompt (platform wire, section 5.2).
pub const MAX_TTL: Millis = Millis::from_secs(120);

/// The source that raises a prompt's relevance (platform wire, section 5.2).
pub const CRM: &str = "CRM";

/// A prompt that wants to be published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offer {
    /// How many snippets it has.
    pub snippets: usize,
    /// How urgent it is.
    pub level: u8,
    /// Whether it wants to stand on top of everything.
    pub is_override: bool,
    /// How long ago it was made.
    pub age: Millis,
    /// How long it is good for.
    pub ttl: Millis,
}

/// Why a prompt is refused, in the order in which the rules are checked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A level that there is not.
    #[error("priority level is {level}, expected 1 to {MAX_LEVEL}")]
    Level {
        /// As it was given.
        level: u8,
    },
    /// Too short or too long a life.
    #[error("time to live is {ttl}, expected {MIN_TTL} to {MAX_TTL}")]
    Ttl {
        /// As it was given.
        ttl: Millis,
    },
    /// No snippet, or too many.
    #[error("prompt has {snippets} snippets, expected 1 to {MAX_SNIPPETS}")]
    SnippetLimit {
        /// How many.
        snippets: usize,
    },
    /// An override without the level for it.
    #[error(
        "override at priority level {level}, expected {OVERRIDE_LEVEL} or more for an override"
    )]
    PriorityOverride {
        /// As it was given.
        level: u8,
    },
    /// Made too long ago.
    #[error("prompt is {age} old, expected at most {limit}")]
    Stale {
        /// How long ago it was made.
        age: Millis,
        /// How old it may be.
        limit: Millis,
    },
}

impl Refusal {
    /// The code of the platform's error frame (platform wire, section 14.1).
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Level { .. } | Self::Ttl { .. } => "invalid_field",
            Self::SnippetLimit { .. } => "snippet_limit",
            Self::PriorityOverride { .. } => "priority_override",
            Self::Stale { .. } => "stale",
        }
    }
}

/// Checks a prompt as it would be sent; more snippets than fit are trimmed [before](best).
pub fn check(offer: &Offer) -> Result<(), Refusal> {
    let Offer {
        snippets,
        level,
        is_override,
        age,
        ttl,
    } = *offer;
    if !(1..=MAX_LEVEL).contains(&level) {
        return Err(Refusal::Level { level });
    }
    if !(MIN_TTL..=MAX_TTL).contains(&ttl) {
        return Err(Refusal::Ttl { ttl });
    }
    if !(1..=MAX_SNIPPETS).contains(&snippets) {
        return Err(Refusal::SnippetLimit { snippets });
    }
    if is_override && level < OVERRIDE_LEVEL {
        return Err(Refusal::PriorityOverride { level });
    }
    // Shorter than the shortest life, so age and life need not be compared.
    const { assert!(FRESH_FOR.0 < MIN_TTL.0) };
    if age > FRESH_FOR {
        let limit = FRESH_FOR;
        return Err(Refusal::Stale { age, limit });
    }
    Ok(())
}

/// The relevance of a prompt, 0.6 to 1 (platform wire, section 5.2), added up in the order of deployed publishers, so
/// that the last digit is theirs as well.
#[expect(clippy::cast_precision_loss, reason = "far below 2^52 snippets")]
pub fn relevance(snippets: usize, any_from_crm: bool) -> f64 {
    let of_number = (0.05 * snippets as f64).min(0.3);
    let of_source = if any_from_crm { 0.1 } else { 0.0 };
    (0.6 + of_number + of_source).min(1.0)
}

/// The snippets as they came if they fit, else the best ten, best first: those with the most tags that name a topic,
/// of equal ones those from a trusted source, of equal ones those that came first. Case does not matter.
pub fn best(snippets: Vec<Snippet>, topics: &[String], trusted: &[String]) -> Vec<Snippet> {
    if snippets.len() <= MAX_SNIPPETS {
        return snippets;
    }
    let topics = lowercase(topics);
    let trusted = lowercase(trusted);
    let mut ranked = snippets;
    // A stable sort: what is equal stays in the order in which it came.
    ranked.sort_by_cached_key(|snippet| {
        let on_topic = lowercase(&snippet.tags).intersection(&topics).count();
        Reverse((on_topic, trusted.contains(&snippet.source.to_lowercase())))
    });
    ranked.truncate(MAX_SNIPPETS);
    ranked
}

fn lowercase(words: &[String]) -> BTreeSet<String> {
    words.iter().map(|word| word.to_lowercase()).collect()
}

#[cfg(test)]
#[path = "prompt_tests.rs"]
mod tests;
