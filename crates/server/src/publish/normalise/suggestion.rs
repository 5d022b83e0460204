//! The frame of a suggestion (platform wire, section 4.2).

use cuecard_cxone::wire::notification::AppElement;
use cuecard_protocol::rules::suggestion::{self, CLOCK_SKEW, Offer};
use cuecard_protocol::{Card, CardBody, CardId, InteractionId, Millis, Suggestion};
use serde_json::Value;

use super::super::fields;
use super::words::Scissors;
use super::{
    Context, Delivery, Ids, Reason, Refused, believed, id as id_of, match_envelope, still_live,
};
use crate::timestamp;

/// Most characters of a suggestion.
const MAX_CONTENT: usize = 2_000;
/// Most characters of a priority, and of a source.
const MAX_PRIORITY: usize = 32;
const MAX_SOURCE: usize = 64;

/// The card of a suggestion's frame.
pub(super) fn read(
    frame: &Value,
    element: &AppElement,
    context: &Context<'_>,
    ids: &mut Ids,
) -> Result<Delivery, Refused> {
    let id = id_of(frame, "suggestion.id", CardId::parse)?;
    ids.card = Some(id.clone());
    let interaction_id = id_of(frame, "interactionId", InteractionId::parse)?;
    ids.interaction = Some(interaction_id.clone());
    ids.agent.clone_from(&context.recipient);
    let words = fields::text(frame, "suggestion.content")?;
    let relevance = fields::number(frame, "suggestion.relevanceScore")?;
    let start = time(frame, "suggestion.contextWindow.start")?;
    let end = time(frame, "suggestion.contextWindow.end")?;
    match_envelope(
        element,
        context,
        (&id, "suggestion.id"),
        (&interaction_id, "interactionId"),
    )?;
    let Some(agent) = context.recipient.clone() else {
        return Err(Refused(
            Reason::UnknownAgent,
            "nobody who is here is known to hold the interaction".to_owned(),
        ));
    };
    let injected_at = fields::text(frame, "suggestion.injectedAt")
        .ok()
        .and_then(timestamp::read);
    let published_at = believed(injected_at, context.now)
        .or(believed(Some(start), context.now))
        .unwrap_or(context.now);
    if start <= end && start <= context.now.plus(CLOCK_SKEW) {
        still_live(published_at, end, context.now)?;
    }
    check(&interaction_id, &id, relevance, (start, end), context.now)?;

    let mut scissors = Scissors::default();
    let said = scissors.text(words, MAX_CONTENT);
    if said.is_empty() {
        return Err(Refused(
            Reason::Malformed,
            "field suggestion.content is empty, expected text".to_owned(),
        ));
    }
    let mut word = |path, most| {
        let text = fields::text(frame, path).unwrap_or_default();
        Some(scissors.text(text, most)).filter(|text| !text.is_empty())
    };
    let suggestion = Suggestion {
        content: said,
        priority: word("suggestion.priority", MAX_PRIORITY),
        relevance,
        source: word("suggestion.source", MAX_SOURCE),
    };
    let card = Card {
        id,
        interaction_id,
        published_at,
        received_at: context.now,
        expires_at: end,
        body: CardBody::Suggestion(suggestion),
    };
    Ok(Delivery {
        agent,
        card,
        is_cut: scissors.has_cut,
    })
}

/// The rules, but for how many are active and which: that was the platform's to judge when it took the suggestion.
fn check(
    interaction: &InteractionId,
    id: &CardId,
    relevance: f64,
    (start, end): (Millis, Millis),
    now: Millis,
) -> Result<(), Refused> {
    let offer = Offer {
        id: id.clone(),
        relevance,
        start,
        end,
    };
    suggestion::check(interaction, &offer, &[], now).map_err(|refusal| {
        let reason = match refusal {
            suggestion::Refusal::Relevance { .. } => Reason::Relevance,
            suggestion::Refusal::ContextWindow { .. }
            | suggestion::Refusal::BufferLimit { .. }
            | suggestion::Refusal::Duplicate { .. } => Reason::ContextWindow,
        };
        Refused(reason, refusal.to_string())
    })
}

fn time(frame: &Value, path: &'static str) -> Result<Millis, Refused> {
    timestamp::read(fields::text(frame, path)?).ok_or_else(|| {
        Refused(
            Reason::Malformed,
            format!("field {path} is no time, expected ISO 8601 with a zone"),
        )
    })
}

#[cfg(test)]
#[path = "suggestion_tests.rs"]
mod tests;
