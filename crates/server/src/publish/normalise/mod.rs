//! What the platform delivers, made into cards: every field checked, the body cleaned, the times put in order.
//!
//! Pure. One element of a delivery is one card or one [`Refusal`], which says what was wrong without repeating what a
//! publisher or customer wrote. Start at [`card`]; a new kind of card is a new arm there, and a file beside [`alert`],
//! [`suggestion`] and [`prompt`]. [`words`] has how long texts are cut.

mod alert;
mod prompt;
mod suggestion;
mod words;

use cuecard_cxone::wire::{
    alerts::HTML,
    notification::{AppElement, CUSTOM_CARD, ContentError},
    prompts::PROMPT_SYNC,
    suggestions::SUGGEST,
};
use cuecard_protocol::{AgentId, Card, CardId, InteractionId, Millis};
use serde_json::Value;

use super::fields::{self, FieldError};
use crate::clean::Cleaner;

/// A publisher's clock may be this far ahead of ours; a card from further in the future counts as made now.
pub const CLOCK_TOLERANCE: Millis = Millis::from_secs(2);

/// A card and whom it is for.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// For whom.
    pub agent: AgentId,
    /// The card.
    pub card: Card,
    /// Whether something of it was too long and lost its end.
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
    /// Its context window does not hold now.
    ContextWindow,
    /// Not relevant enough.
    Relevance,
    /// It has no snippets.
    SnippetLimit,
    /// It wants to stand on top of everything without the level for it.
    PriorityOverride,
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
            Self::ContextWindow => "context_window",
            Self::Relevance => "relevance",
            Self::SnippetLimit => "snippet_limit",
            Self::PriorityOverride => "priority_override",
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
    /// For whom a [suggestion](suggested) is, if that agent is here: its frame does not say.
    pub recipient: Option<AgentId>,
    /// Systems whose snippets win where a prompt has too many.
    pub trusted_sources: &'a [String],
}

/// The id and interaction of an element that holds a suggestion: for whom it is must be known before it can be a card.
pub fn suggested(element: &AppElement) -> Option<(CardId, InteractionId)> {
    if element.content_type != CUSTOM_CARD {
        return None;
    }
    let frame = element.content_object().ok()?;
    if fields::text(&frame, "type") != Ok(SUGGEST) {
        return None;
    }
    let card = self::id(&frame, "suggestion.id", CardId::parse).ok()?;
    let interaction = self::id(&frame, "interactionId", InteractionId::parse).ok()?;
    Some((card, interaction))
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
        HTML => alert::read(&frame, element, context, ids),
        SUGGEST => suggestion::read(&frame, element, context, ids),
        PROMPT_SYNC => prompt::read(&frame, element, context, ids),
        other => Err(Refused(
            Reason::Unsupported,
            format!(
                "frame of type {}, expected {HTML}, {SUGGEST} or {PROMPT_SYNC}",
                name(other)
            ),
        )),
    }
}

/// Refuses an element whose envelope says something else than its frame.
fn match_envelope(
    element: &AppElement,
    context: &Context<'_>,
    id: (&CardId, &str),
    interaction: (&InteractionId, &str),
) -> Result<(), Refused> {
    let mismatch = |name: &str, path: &str| {
        Err(Refused(
            Reason::Mismatch,
            format!("{name} is not the frame's {path}"),
        ))
    };
    if !element.object_id.is_empty() && element.object_id != id.0.as_str() {
        return mismatch("objectId", id.1);
    }
    if !context.contact_id.is_empty() && context.contact_id != interaction.0.as_str() {
        return mismatch("contactId", interaction.1);
    }
    Ok(())
}

/// Refuses a card whose time is over.
fn still_live(published_at: Millis, expires_at: Millis, now: Millis) -> Result<(), Refused> {
    if expires_at > now {
        return Ok(());
    }
    let detail = format!(
        "made {} s ago, expected at most {} s",
        now.since(published_at).0 / 1000,
        expires_at.since(published_at).0 / 1000
    );
    Err(Refused(Reason::Stale, detail))
}

/// A time that a publisher names, as far as it can be believed.
fn believed(said: Option<Millis>, now: Millis) -> Option<Millis> {
    said.filter(|&at| at <= now.plus(CLOCK_TOLERANCE))
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
