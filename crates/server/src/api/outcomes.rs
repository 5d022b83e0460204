//! `GET /v1/outcomes`: what became of the caller's cards, in order, nothing skipped. Waits for news if asked to.

use std::time::Duration;

use axum::extract::{RawQuery, State};
use axum::{Extension, Json};
use cuecard_protocol::{AgentId, CardId, InteractionId};
use serde::Serialize;
use tokio::time::{Instant, sleep_until};
use url::form_urlencoded;
use utoipa::{IntoParams, ToSchema};

use super::door::Caller;
use super::time::Time;
use super::{Api, check};
use crate::backbone::publications::{Kind, Outcome};
use crate::config::api::Scope;
use crate::refusal::{Reason, Refusal, shown};

/// Longest wait, in seconds.
const LONGEST_WAIT: u64 = 30;
/// Most outcomes of an answer, and how many if nothing is said.
const MOST: u64 = 1_000;
const USUAL: u64 = 100;

/// One thing that became of a card.
#[derive(Debug, Serialize, ToSchema)]
pub struct OutcomeEntry {
    /// Its place in the list of all outcomes; rises.
    n: u64,
    /// The card.
    #[schema(value_type = String)]
    card_id: CardId,
    /// The card's kind.
    kind: Kind,
    /// `sent`, `delivered`, `rendered`, `adopted` (once for each snippet), and one of `accepted`, `dismissed`, `expired`,
    /// `withdrawn`, `superseded`, `stale`, `refused`, `lost`, after which nothing more comes but what is late.
    outcome: String,
    /// When.
    at: Time,
    /// Whose card it was.
    #[schema(value_type = String)]
    agent_id: AgentId,
    /// The conversation.
    #[schema(value_type = String)]
    interaction_id: InteractionId,
    /// The agent's words, or why it was refused or lost.
    reason: Option<String>,
    /// Of `adopted`: which snippet.
    snippet_id: Option<String>,
    /// When the card was published.
    published_at: Time,
}

impl From<Outcome> for OutcomeEntry {
    fn from(outcome: Outcome) -> Self {
        Self {
            n: outcome.n,
            card_id: outcome.card_id,
            kind: outcome.kind,
            outcome: outcome.outcome,
            at: Time(outcome.at),
            agent_id: outcome.agent_id,
            interaction_id: outcome.interaction_id,
            reason: outcome.reason,
            snippet_id: outcome.snippet_id,
            published_at: Time(outcome.published_at),
        }
    }
}

/// A part of the list of outcomes.
#[derive(Debug, Serialize, ToSchema)]
pub struct Outcomes {
    /// In order.
    outcomes: Vec<OutcomeEntry>,
    /// What `after` is next time.
    next: u64,
}

/// The parameters, in the address.
#[derive(Debug, PartialEq, Eq, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Question {
    /// Gives what comes behind this place: `next` of the answer before, or 0. Kept for seven days.
    #[param(
        required = false,
        minimum = 0,
        maximum = 9_007_199_254_740_991_u64,
        default = 0
    )]
    after: u64,
    /// At most so many.
    #[param(required = false, minimum = 1, maximum = 1000, default = 100)]
    limit: u64,
    /// If there are none, waits up to so many seconds for one. At most 16 requests of a key wait at once.
    #[param(required = false, minimum = 0, maximum = 30, default = 0)]
    wait: u64,
}

/// Follow outcomes
#[utoipa::path(
    get, path = "/v1/outcomes", operation_id = "follow_outcomes", tag = "outcomes",
    params(Question),
    responses((status = 200, description = "Outcomes of the cards that were posted with this key", body = Outcomes)),
    security(("api_key" = ["outcomes:read"])),
)]
pub async fn follow(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    RawQuery(query): RawQuery,
) -> Result<Json<Outcomes>, Refusal> {
    caller.may(Scope::OutcomesRead)?;
    let question = Question::read(query.as_deref().unwrap_or_default())?;
    // Held until the answer.
    let _waiting = match question.wait {
        0 => None,
        _ => Some(caller.wait()?),
    };
    let store = &api.app.backbone;
    // Before the first look, so that nothing can come between.
    let mut news = store.follow_outcomes(caller.name());
    let last = *news.borrow_and_update();
    // An outcome can be read a moment before its followers are told.
    if question.after > last
        && store
            .outcomes(caller.name(), question.after - 1, 1)
            .await?
            .is_empty()
    {
        let expected = format!("at most {last}, the last there is");
        return Err(Reason::INVALID_FIELD.field("after", question.after, expected));
    }
    let until = Instant::now() + Duration::from_secs(question.wait);
    // At most 1000, so it fits.
    let limit = usize::try_from(question.limit).unwrap_or(usize::MAX);
    let found = loop {
        let found = store.outcomes(caller.name(), question.after, limit).await?;
        if !found.is_empty() {
            break found;
        }
        tokio::select! {
            changed = news.changed() => if changed.is_err() { break found },
            () = sleep_until(until) => break found,
            () = api.app.shutdown.draining() => break found,
        }
    };
    let next = found.last().map_or(question.after, |outcome| outcome.n);
    let outcomes = found.into_iter().map(OutcomeEntry::from).collect();
    Ok(Json(Outcomes { outcomes, next }))
}

impl Question {
    fn read(query: &str) -> Result<Self, Refusal> {
        let (mut after, mut limit, mut wait) = (None, None, None);
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let (place, range) = match &*name {
                "after" => (&mut after, 0..=(1 << 53) - 1),
                "limit" => (&mut limit, 1..=MOST),
                "wait" => (&mut wait, 0..=LONGEST_WAIT),
                other => {
                    let expected = "one of after, limit, wait";
                    return Err(Reason::INVALID_FIELD.field(
                        shown(other),
                        "not a known parameter",
                        expected,
                    ));
                }
            };
            let number = value.parse::<u64>().map_err(|_| {
                Reason::INVALID_FIELD.field(&*name, shown(&value), "a whole number, at least 0")
            })?;
            check::whole(&name, number, range)?;
            if place.replace(number).is_some() {
                return Err(Reason::INVALID_FIELD.field(&*name, "there twice", "once"));
            }
        }
        Ok(Self {
            after: after.unwrap_or(0),
            limit: limit.unwrap_or(USUAL),
            wait: wait.unwrap_or(0),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_have_defaults_and_bounds() {
        let read = |query| Question::read(query).map_err(|refusal| refusal.detail);
        let question = |after, limit, wait| Ok(Question { after, limit, wait });
        assert_eq!(read(""), question(0, 100, 0));
        assert_eq!(read("after=7&limit=1000&wait=30"), question(7, 1000, 30));
        for (query, detail) in [
            (
                "after=-1",
                "after is \"-1\", expected a whole number, at least 0",
            ),
            (
                "after=",
                "after is \"\", expected a whole number, at least 0",
            ),
            ("limit=0", "limit is 0, expected 1 to 1000"),
            ("wait=31", "wait is 31, expected 0 to 30"),
            ("wait=1&wait=1", "wait is there twice, expected once"),
            (
                "since=1",
                "\"since\" is not a known parameter, expected one of after, limit, wait",
            ),
        ] {
            assert_eq!(read(query), Err(detail.to_owned()), "{query}");
        }
    }
}
