//! Checks of single values, and how a wrong one is named: cut, and by its length alone where it is somebody's words.

use std::ops::RangeInclusive;

use cuecard_protocol::{AgentId, CardId, InteractionId, InvalidId};
use http::HeaderMap;

use crate::clean;
use crate::refusal::{Reason, Refusal, shown};

/// Longest idempotency key, in characters.
const MAX_KEY: usize = 200;

/// The header that makes a repeated request one card.
pub const IDEMPOTENCY_KEY: &str = "Idempotency-Key";

/// Text of so many characters, with one to see among them: of other text, nothing would be left on its way to the agent.
pub fn text(field: &str, value: &str, chars: RangeInclusive<usize>) -> Result<(), Refusal> {
    let count = value.chars().count();
    let is_blank = clean::text(value, count).0.is_empty();
    if chars.contains(&count) && !is_blank {
        return Ok(());
    }
    let found = if is_blank && count > 0 {
        format!("text of {count} characters that nobody sees")
    } else {
        format!("text of {count} characters")
    };
    let expected = format!("{} to {} characters", chars.start(), chars.end());
    Err(Reason::INVALID_FIELD.field(field, found, expected))
}

/// A whole number in a range.
pub fn whole(field: &str, value: u64, range: RangeInclusive<u64>) -> Result<(), Refusal> {
    if range.contains(&value) {
        return Ok(());
    }
    let expected = format!("{} to {}", range.start(), range.end());
    Err(Reason::INVALID_FIELD.field(field, value, expected))
}

/// A list of so many.
pub fn count(field: &str, count: usize, range: RangeInclusive<usize>) -> Result<(), Refusal> {
    if range.contains(&count) {
        return Ok(());
    }
    let expected = format!("{} to {}", range.start(), range.end());
    Err(Reason::INVALID_FIELD.field(field, format!("a list of {count}"), expected))
}

/// A card's id in a path: what cannot be one is a card that is not there.
pub fn card_in_path(id: &str) -> Result<CardId, Refusal> {
    CardId::parse(id).map_err(|_| unknown_card(id))
}

/// There is no card with this id, for this caller.
pub fn unknown_card(id: &str) -> Refusal {
    Reason::UNKNOWN_CARD.because(format!("no card {} was posted with this key", shown(id)))
}

/// An interaction's id in a path.
pub fn interaction_in_path(id: &str) -> Result<InteractionId, Refusal> {
    InteractionId::parse(id).map_err(|invalid| invalid_id("id", &invalid))
}

fn invalid_id(field: &str, invalid: &InvalidId) -> Refusal {
    Reason::INVALID_FIELD.field(field, shown(&invalid.value), invalid.expected)
}

/// The idempotency key of a request, if it has one.
pub fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Refusal> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let text = value.to_str().unwrap_or_default();
    let is_visible = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
    if is_visible && text.len() <= MAX_KEY && values.next().is_none() {
        return Ok(Some(text.to_owned()));
    }
    let found = format!("{} bytes", value.len());
    let expected = format!("one, of 1 to {MAX_KEY} visible ASCII characters");
    Err(Reason::INVALID_FIELD.field(IDEMPOTENCY_KEY, found, expected))
}

/// Who a card is for: whom the request names, or who is known to hold the interaction.
pub fn holder(named: Option<AgentId>, known: Option<AgentId>) -> Result<AgentId, Refusal> {
    named.or(known).ok_or_else(|| {
        let expected = "an agent, because nobody is known to hold this interaction";
        Reason::UNKNOWN_AGENT.field("agent_id", "missing", expected)
    })
}
