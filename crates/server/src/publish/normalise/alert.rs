//! The frame of a risk alert (platform wire, section 3.2).

use cuecard_cxone::wire::notification::AppElement;
use cuecard_protocol::{AgentId, Alert, AlertLevel, Card, CardBody, CardId, InteractionId};
use serde_json::Value;

use super::super::fields;
use super::{
    Context, Delivery, Ids, Reason, Refused, believed, id as id_of, match_envelope, still_live,
};
use crate::clean;
use crate::timestamp;

/// The card of an alert's frame.
pub(super) fn read(
    frame: &Value,
    element: &AppElement,
    context: &Context<'_>,
    ids: &mut Ids,
) -> Result<Delivery, Refused> {
    let id = id_of(frame, "contentId", CardId::parse)?;
    ids.card = Some(id.clone());
    let agent = id_of(frame, "metadata.agentId", AgentId::parse)?;
    ids.agent = Some(agent.clone());
    let interaction_id = id_of(frame, "metadata.interactionId", InteractionId::parse)?;
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

    match_envelope(
        element,
        context,
        (&id, "contentId"),
        (&interaction_id, "metadata.interactionId"),
    )?;
    if !(context.is_here)(&agent) {
        return Err(Refused(
            Reason::UnknownAgent,
            "field metadata.agentId names nobody who is here".to_owned(),
        ));
    }
    let said = fields::text(frame, "metadata.timestamp")
        .ok()
        .and_then(timestamp::read);
    let published_at = believed(said, context.now).unwrap_or(context.now);
    let expires_at = published_at.plus(Card::ALERT_LIFETIME);
    still_live(published_at, expires_at, context.now)?;
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

#[cfg(test)]
#[path = "alert_tests.rs"]
mod tests;
