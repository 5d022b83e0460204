//! What the platform delivers, made into cards: every field checked, the body cleaned, the times put in order.
//!
//! Pure. One element of a delivery is one card or one [`Refusal`], which says what was wrong without repeating what a
//! publisher or customer wrote. Start at [`card`]; a new kind of card is a new arm there.

use cuecard_cxone::wire::{
    alerts::HTML,
    notification::{AppElement, CUSTOM_CARD, ContentError},
};
use cuecard_protocol::{AgentId, Alert, AlertLevel, Card, CardBody, CardId, InteractionId, Millis};
use serde_json::Value;

use super::{
    fields::{self, FieldError},
    timestamp,
};
use crate::clean::{self, Cleaner};

/// A publisher's clock may be this far ahead of ours; a card from further in the future counts as made now.
pub const CLOCK_TOLERANCE: Millis = Millis::from_secs(2);

/// A card and whom it is for.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// For whom.
    pub agent: AgentId,
    /// The card.
    pub card: Card,
    /// Whether its body was too long and lost its end.
    pub is_cut: bool,
}

/// Why an element became no card, with the ids as far as they could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The kind of reason.
    pub reason: Reason,
    /// What was wrong and what was expected.
    pub detail: String,
    /// For whom it was.
    pub agent: Option<AgentId>,
    /// The conversation it was about.
    pub interaction: Option<InteractionId>,
    /// Its id.
    pub card: Option<CardId>,
}

/// The kinds of reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// Not what its protocol says: no JSON, a missing field, a wrong type, an invalid id or level.
    Malformed,
    /// A kind of content that is not shown.
    Unsupported,
    /// For an agent who is not here.
    UnknownAgent,
    /// Envelope and content say different things.
    Mismatch,
    /// Its time was over when it came.
    Stale,
}

impl Reason {
    /// The reason as metrics and the audit trail name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Unsupported => "unsupported",
            Self::UnknownAgent => "unknown_agent",
            Self::Mismatch => "mismatch",
            Self::Stale => "stale",
        }
    }
}

/// What an element is checked against.
pub struct Context<'a> {
    /// The interaction that the delivery's envelope names; may be empty.
    pub contact_id: &'a str,
    /// The server's clock.
    pub now: Millis,
    /// What cleans bodies.
    pub cleaner: &'a Cleaner,
    /// Whether an agent is here.
    pub is_here: &'a dyn Fn(&AgentId) -> bool,
}

/// The card that an element carries.
pub fn card(element: &AppElement, context: &Context<'_>) -> Result<Delivery, Box<Refusal>> {
    let mut ids = Ids {
        card: CardId::parse(element.object_id.as_str()).ok(),
        ..Ids::default()
    };
    read(element, context, &mut ids).map_err(|Refused(reason, detail)| {
        Box::new(Refusal {
            reason,
            detail,
            agent: ids.agent,
            interaction: ids.interaction,
            card: ids.card,
        })
    })
}

/// What has been read before something was refused.
#[derive(Default)]
struct Ids {
    agent: Option<AgentId>,
    interaction: Option<InteractionId>,
    card: Option<CardId>,
}

struct Refused(Reason, String);

impl From<FieldError> for Refused {
    fn from(error: FieldError) -> Self {
        Self(Reason::Malformed, error.to_string())
    }
}

fn read(element: &AppElement, context: &Context<'_>, ids: &mut Ids) -> Result<Delivery, Refused> {
    if element.content_type.is_empty() {
        return Err(Refused(
            Reason::Malformed,
            "the element cannot be read, expected an object with contentType".to_owned(),
        ));
    }
    if element.content_type != CUSTOM_CARD {
        return Err(Refused(
            Reason::Unsupported,
            format!(
                "contentType {}, expected {CUSTOM_CARD}",
                name(&element.content_type)
            ),
        ));
    }
    let frame = element.content_object().map_err(|error| {
        // The parser's words can repeat the content, so only the kind of failure is passed on.
        let detail = match error {
            ContentError::NotJson { source, .. } => {
                format!(
                    "field content is text that is not JSON (line {}, column {})",
                    source.line(),
                    source.column()
                )
            }
            ContentError::NotAnObject { found, .. } => {
                format!("field content is {found}, expected an object")
            }
        };
        Refused(Reason::Malformed, detail)
    })?;
    match fields::text(&frame, "type")? {
        HTML => alert(&frame, element, context, ids),
        other => Err(Refused(
            Reason::Unsupported,
            format!("frame of type {}, expected {HTML}", name(other)),
        )),
    }
}

fn alert(
    frame: &Value,
    element: &AppElement,
    context: &Context<'_>,
    ids: &mut Ids,
) -> Result<Delivery, Refused> {
    let id = id(frame, "contentId", CardId::parse)?;
    ids.card = Some(id.clone());
    let agent = self::id(frame, "metadata.agentId", AgentId::parse)?;
    ids.agent = Some(agent.clone());
    let interaction_id = self::id(frame, "metadata.interactionId", InteractionId::parse)?;
    ids.interaction = Some(interaction_id.clone());
    let level = match fields::text(frame, "metadata.riskLevel")? {
        "CRITICAL" => AlertLevel::Critical,
        "HIGH" => AlertLevel::High,
        _ => {
            return Err(Refused(
                Reason::Malformed,
                "field metadata.riskLevel is neither CRITICAL nor HIGH".to_owned(),
            ));
        }
    };
    let title = fields::text(frame, "title")?;
    let markup = fields::text(frame, "content")?;

    if !element.object_id.is_empty() && element.object_id != id.as_str() {
        return Err(Refused(
            Reason::Mismatch,
            "objectId is not the frame's contentId".to_owned(),
        ));
    }
    if !context.contact_id.is_empty() && context.contact_id != interaction_id.as_str() {
        return Err(Refused(
            Reason::Mismatch,
            "contactId is not the frame's metadata.interactionId".to_owned(),
        ));
    }
    if !(context.is_here)(&agent) {
        return Err(Refused(
            Reason::UnknownAgent,
            "field metadata.agentId names nobody who is here".to_owned(),
        ));
    }
    let published_at = published_at(frame, context.now);
    let expires_at = published_at.plus(Card::ALERT_LIFETIME);
    if expires_at <= context.now {
        let detail = format!(
            "made {} s ago, expected at most {} s",
            context.now.since(published_at).0 / 1000,
            Card::ALERT_LIFETIME.0 / 1000
        );
        return Err(Refused(Reason::Stale, detail));
    }
    let body = context.cleaner.body(markup);
    let alert = Alert {
        level,
        title: title_of(title, level),
        score: score(markup),
        html: body.html,
    };
    let card = Card {
        id,
        interaction_id,
        published_at,
        received_at: context.now,
        expires_at,
        body: CardBody::Alert(alert),
    };
    Ok(Delivery {
        agent,
        card,
        is_cut: body.is_cut,
    })
}

fn id<T, E>(
    frame: &Value,
    path: &'static str,
    parse: impl FnOnce(String) -> Result<T, E>,
) -> Result<T, Refused> {
    // The value can be long, and is somebody's; so the error names the field only.
    let text = fields::text(frame, path)?;
    let invalid = || {
        Refused(
            Reason::Malformed,
            format!("field {path} is no valid id ({} bytes)", text.len()),
        )
    };
    if text.len() > cuecard_protocol::ids::MAX_ID_BYTES {
        return Err(invalid());
    }
    parse(text.to_owned()).map_err(|_| invalid())
}

/// When the publisher made it, by its own words as far as they can be believed.
fn published_at(frame: &Value, now: Millis) -> Millis {
    let said = fields::text(frame, "metadata.timestamp")
        .ok()
        .and_then(timestamp::read);
    said.filter(|&at| at <= now.plus(CLOCK_TOLERANCE))
        .unwrap_or(now)
}

/// The title; the level's own words when it has none.
fn title_of(text: &str, level: AlertLevel) -> String {
    let title = clean::title(text);
    if title.is_empty() {
        format!("{} Risk Alert Detected", level.as_str())
    } else {
        title
    }
}

/// The score that an alert's body states as `Risk Score:</strong> 97.0%`, as 0 to 1.
fn score(body: &str) -> Option<f64> {
    let (_, rest) = body.split_once("Risk Score:")?;
    let rest = rest.trim_start();
    let rest = rest.strip_prefix("</strong>").unwrap_or(rest).trim_start();
    let (number, behind) = rest.split_at(rest.find(|c: char| c != '.' && !c.is_ascii_digit())?);
    let percent: f64 = number.parse().ok()?;
    (behind.starts_with('%') && (0.0..=100.0).contains(&percent)).then_some(percent / 100.0)
}

/// A name of the platform's own vocabulary, or how long something else is.
fn name(text: &str) -> String {
    let is_name = text.len() <= 40
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
    if is_name {
        format!("{text:?}")
    } else {
        format!("of {} bytes", text.len())
    }
}

#[cfg(test)]
#[path = "normalise_tests.rs"]
mod tests;
