//! `GET /v1/cards/{id}`: what became of a card. `DELETE /v1/cards/{id}`: takes it back.

use axum::extract::State;
use axum::{Extension, Json};
use cuecard_protocol::{AgentId, CardId, InteractionId};
use metrics::counter;
use serde::Serialize;
use utoipa::ToSchema;

use super::body::PathText;
use super::door::Caller;
use super::outcomes::OutcomeEntry;
use super::time::Time;
use super::{Api, check, publish};
use crate::audit::Event;
use crate::backbone::publications::{Kind, State as CardState, Status, Withdrawn};
use crate::config::api::Scope;
use crate::refusal::{Problem, Reason, Refusal};

/// A card and what became of it so far.
#[derive(Debug, Serialize, ToSchema)]
pub struct CardStatus {
    /// The card's id.
    #[schema(value_type = String)]
    id: CardId,
    /// Its kind.
    kind: Kind,
    /// Where it stands.
    state: CardState,
    /// For whom.
    #[schema(value_type = String)]
    agent_id: AgentId,
    /// The conversation.
    #[schema(value_type = String)]
    interaction_id: InteractionId,
    /// How well it fits, for kinds that say so; adjusted.
    relevance: Option<f64>,
    /// When it was taken.
    published_at: Time,
    /// When it leaves by itself.
    expires_at: Time,
    /// The card that left for it.
    #[schema(value_type = Option<String>)]
    supersedes: Option<CardId>,
    /// The state of the conversation it was made for.
    revision: Option<u64>,
    /// Everything that became of it, in order.
    outcomes: Vec<OutcomeEntry>,
    /// What the platform has confirmed, in order.
    platform: Vec<PlatformWord>,
}

/// Something that the platform has confirmed.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlatformWord {
    /// `acknowledged`, `accepted` or `dismissed`.
    event: String,
    /// When it did.
    at: Time,
}

/// A card that was taken back.
#[derive(Debug, Serialize, ToSchema)]
pub struct TakenBack {
    /// The card's id.
    #[schema(value_type = String)]
    id: CardId,
    /// `withdrawn`.
    state: CardState,
}

/// What became of a card
#[utoipa::path(
    get, path = "/v1/cards/{id}", operation_id = "read_card", tag = "cards",
    params(("id" = String, Path, description = "The card's id", max_length = 128, pattern = "^[A-Za-z0-9_-]+$")),
    responses(
        (status = 200, description = "The card", body = CardStatus),
        (status = 404, description = "No such card was posted with this key", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_key" = ["cards:read"])),
)]
pub async fn read(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    PathText(id): PathText,
) -> Result<Json<CardStatus>, Refusal> {
    caller.may(Scope::CardsRead)?;
    let card = check::card_in_path(&id)?;
    let status = api.app.backbone.status(caller.name(), &card).await?;
    let Status {
        publication,
        state,
        outcomes,
        platform,
    } = status.ok_or_else(|| check::unknown_card(&id))?;
    Ok(Json(CardStatus {
        relevance: publish::relevance_in(&publication),
        id: publication.id,
        kind: publication.kind,
        state,
        agent_id: publication.agent,
        interaction_id: publication.interaction,
        published_at: Time(publication.published_at),
        expires_at: Time(publication.expires_at),
        supersedes: publication.supersedes,
        revision: publication.revision,
        outcomes: outcomes.into_iter().map(OutcomeEntry::from).collect(),
        platform: platform
            .into_iter()
            .map(|(event, at)| PlatformWord {
                event,
                at: Time(at),
            })
            .collect(),
    }))
}

/// Withdraw a card
#[utoipa::path(
    delete, path = "/v1/cards/{id}", operation_id = "withdraw_card", tag = "cards",
    params(("id" = String, Path, description = "The card's id", max_length = 128, pattern = "^[A-Za-z0-9_-]+$")),
    responses(
        (status = 200, description = "It is withdrawn, now or since before", body = TakenBack),
        (status = 404, description = "No such card was posted with this key", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "It was over before, in another way", body = Problem, content_type = "application/problem+json"),
    ),
    security(("api_key" = ["cards:write"])),
)]
pub async fn withdraw(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    PathText(id): PathText,
) -> Result<Json<TakenBack>, Refusal> {
    caller.may(Scope::CardsWrite)?;
    let card = check::card_in_path(&id)?;
    api.refuse_while_draining()?;
    api.complete(take_back(api.clone(), caller, card))
        .await
        .map(Json)
}

async fn take_back(api: Api, caller: Caller, id: CardId) -> Result<TakenBack, Refusal> {
    match api.app.backbone.withdraw(caller.name(), &id).await? {
        Withdrawn::Now => note(&api, &caller, &id),
        Withdrawn::Over(CardState::Withdrawn) => {}
        Withdrawn::Over(state) => {
            let detail = format!(
                "the card is {}, expected one that is not over",
                state.as_str()
            );
            return Err(Reason::ALREADY_OVER.because(detail));
        }
        Withdrawn::Unknown => return Err(check::unknown_card(id.as_str())),
    }
    let state = CardState::Withdrawn;
    Ok(TakenBack { id, state })
}

fn note(api: &Api, caller: &Caller, card: &CardId) {
    let app = &api.app;
    counter!("cuecard_withdrawals_total", "source" => caller.name().to_owned()).increment(1);
    app.audit.record(Event {
        event: "withdrawn",
        actor: caller.name().to_owned(),
        card: Some(card.to_string()),
        outcome: "ok",
        ..Event::default()
    });
    app.outgoing.nudge();
    app.reports.nudge();
}
