//! The frame of a prompt (platform wire, section 5.2).

use std::collections::BTreeSet;

use cuecard_cxone::wire::notification::AppElement;
use cuecard_protocol::ids::MAX_ID_BYTES;
use cuecard_protocol::rules::prompt::{self, Offer};
use cuecard_protocol::{AgentId, Card, CardBody, CardId, InteractionId, Millis, Prompt, Snippet};
use serde_json::Value;

use super::super::fields;
use super::words::Scissors;
use super::{
    Context, Delivery, Ids, Reason, Refused, believed, id as id_of, match_envelope, still_live,
};
use crate::clean::MAX_ENCODED_BYTES;

/// Most characters of a snippet.
const MAX_CONTENT: usize = 2_000;
/// Most tags of a snippet, and characters of a tag.
const MAX_TAGS: usize = 10;
const MAX_TAG: usize = 40;
/// Most characters of a source.
const MAX_SOURCE: usize = 64;

/// The card of a prompt's frame.
pub(super) fn read(
    frame: &Value,
    element: &AppElement,
    context: &Context<'_>,
    ids: &mut Ids,
) -> Result<Delivery, Refused> {
    let id = id_of(frame, "frame_id", CardId::parse)?;
    ids.card = Some(id.clone());
    let agent = id_of(frame, "payload.agent_id", AgentId::parse)?;
    ids.agent = Some(agent.clone());
    let interaction_id = id_of(frame, "payload.interaction_id", InteractionId::parse)?;
    ids.interaction = Some(interaction_id.clone());
    let level = fields::number(frame, "payload.priority_level")?;
    let is_pinned = is_override(frame)?;
    let relevance = fields::number(frame, "payload.relevance_score")?;
    let made = fields::number(frame, "payload.timestamp")?;
    let ttl = fields::number(frame, "payload.ttl_seconds")?;
    match_envelope(
        element,
        context,
        (&id, "frame_id"),
        (&interaction_id, "payload.interaction_id"),
    )?;
    if !(context.is_here)(&agent) {
        return Err(Refused(
            Reason::UnknownAgent,
            "field payload.agent_id names nobody who is here".to_owned(),
        ));
    }
    if !(0.0..=1.0).contains(&relevance) {
        let detail = format!("field payload.relevance_score is {relevance}, expected 0 to 1");
        return Err(Refused(Reason::Malformed, detail));
    }
    let given = snippets(frame)?;
    let published_at = believed(Some(seconds(made)), context.now).unwrap_or(context.now);
    let offer = Offer {
        // More are not refused but trimmed.
        snippets: given.len().min(prompt::MAX_SNIPPETS),
        level: whole(level, "payload.priority_level")?,
        is_override: is_pinned,
        // It was fresh enough for the platform, which may have kept it for an agent who was away.
        age: Millis(0),
        ttl: Millis::from_secs(u64::from(whole(ttl, "payload.ttl_seconds")?)),
    };
    prompt::check(&offer).map_err(|refusal| refused(&refusal))?;
    let expires_at = published_at.plus(offer.ttl);
    still_live(published_at, expires_at, context.now)?;

    let has_trimmed = given.len() > prompt::MAX_SNIPPETS;
    let best = prompt::best(given, &[], context.trusted_sources);
    let (snippets, has_cut) = fit(&best);
    let card = Card {
        id,
        interaction_id,
        published_at,
        received_at: context.now,
        expires_at,
        body: CardBody::Prompt(Prompt {
            level: offer.level,
            is_pinned,
            relevance,
            snippets,
        }),
    };
    Ok(Delivery {
        agent,
        card,
        is_cut: has_cut || has_trimmed,
    })
}

fn is_override(frame: &Value) -> Result<bool, Refused> {
    match frame.pointer("/payload/priority_override") {
        None => Ok(false),
        Some(Value::Bool(value)) => Ok(*value),
        Some(value) => Err(Refused(
            Reason::Malformed,
            format!(
                "field payload.priority_override is {}, expected a boolean",
                fields::json_type(value)
            ),
        )),
    }
}

fn refused(refusal: &prompt::Refusal) -> Refused {
    let reason = match refusal {
        prompt::Refusal::Level { .. } | prompt::Refusal::Ttl { .. } => Reason::Malformed,
        prompt::Refusal::SnippetLimit { .. } => Reason::SnippetLimit,
        prompt::Refusal::PriorityOverride { .. } => Reason::PriorityOverride,
        prompt::Refusal::Stale { .. } => Reason::Stale,
    };
    Refused(reason, refusal.to_string())
}

/// The snippets as they come; of two with one id the first counts.
fn snippets(frame: &Value) -> Result<Vec<Snippet>, Refused> {
    let malformed = |detail: String| Refused(Reason::Malformed, detail);
    let list = frame
        .pointer("/payload/snippets")
        .and_then(Value::as_array)
        .ok_or_else(|| malformed("field payload.snippets is no list".to_owned()))?;
    let mut known = BTreeSet::new();
    let mut snippets = Vec::with_capacity(list.len());
    for snippet in list {
        let id = fields::text(snippet, "snippet_id")?;
        if id.is_empty() || id.len() > MAX_ID_BYTES || id.chars().any(char::is_control) {
            let detail = format!("field snippet_id is no valid id ({} bytes)", id.len());
            return Err(malformed(detail));
        }
        let content = fields::text(snippet, "content")?;
        let source = fields::text(snippet, "source_system").unwrap_or_default();
        let tags = match snippet.get("tags") {
            None | Some(Value::Null) => Vec::new(),
            Some(_) => fields::texts(snippet, "tags")?,
        };
        if known.insert(id) {
            snippets.push(Snippet {
                id: id.to_owned(),
                content: content.to_owned(),
                tags,
                source: source.to_owned(),
            });
        }
    }
    Ok(snippets)
}

/// The snippets within their limits, all of them together small enough for a message; and whether something was cut.
fn fit(snippets: &[Snippet]) -> (Vec<Snippet>, bool) {
    let mut most = MAX_CONTENT;
    loop {
        let mut scissors = Scissors::default();
        let cut: Vec<Snippet> = snippets
            .iter()
            .map(|snippet| cut(snippet, most, &mut scissors))
            .collect();
        // Our own types always have a JSON form.
        let bytes = serde_json::to_vec(&cut).map_or(0, |json| json.len());
        if bytes <= MAX_ENCODED_BYTES {
            return (cut, scissors.has_cut);
        }
        most /= 2;
    }
}

fn cut(snippet: &Snippet, most: usize, scissors: &mut Scissors) -> Snippet {
    scissors.has_cut |= snippet.tags.len() > MAX_TAGS;
    Snippet {
        id: snippet.id.clone(),
        content: scissors.text(&snippet.content, most),
        tags: snippet
            .tags
            .iter()
            .take(MAX_TAGS)
            .map(|tag| scissors.text(tag, MAX_TAG))
            .collect(),
        source: scissors.text(&snippet.source, MAX_SOURCE),
    }
}

/// Epoch seconds with a fraction, as our own time.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "saturates at both ends of time"
)]
fn seconds(at: f64) -> Millis {
    Millis((at * 1_000.0).round() as u64)
}

/// A small whole number: levels and seconds of life are.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked to be one"
)]
fn whole(value: f64, path: &str) -> Result<u8, Refused> {
    if (0.0..=255.0).contains(&value) && value.fract() == 0.0 {
        return Ok(value as u8);
    }
    let detail = format!("field {path} is {value}, expected a small whole number");
    Err(Refused(Reason::Malformed, detail))
}

#[cfg(test)]
#[path = "prompt_tests.rs"]
mod tests;
