//! Deliveries of the platform on their way into the agents' logs: checked, appended, counted, audited.
//!
//! What a delivery says is decided in [`super::normalise`]. Start at [`Ingest::check`].

use std::time::Duration;

use cuecard_cxone::wire::notification::{AppElement, MessageBody};
use cuecard_protocol::{AgentId, Card, CardBody, CardId, InteractionId, Millis};
use metrics::{counter, histogram};
use serde_json::{Map, Value, json};
use tokio::time::sleep;

use super::normalise::{self, Context, Delivery, Refusal};
use crate::{
    App,
    audit::Event,
    backbone::{Appended, BackboneError},
    clean::Cleaner,
};

/// Waits between tries to append.
const APPEND_WAITS: [Duration; 2] = [Duration::from_millis(200), Duration::from_secs(1)];

/// Takes deliveries in.
pub struct Ingest {
    app: App,
    cleaner: Cleaner,
}

impl Ingest {
    /// An intake with the configured cleaning.
    pub fn new(app: App) -> Self {
        let cards = &app.config.cards;
        let cleaner = if cards.clean_html {
            let origins: Vec<_> = cards
                .image_origins
                .iter()
                .map(ToString::to_string)
                .collect();
            Cleaner::new(&origins)
        } else {
            tracing::warn!("cards.clean_html is off: card bodies reach the browser as they come");
            Cleaner::disabled()
        };
        Self { app, cleaner }
    }

    /// Checks the elements of a delivery, each by itself: one that is refused disturbs no other. What comes out is to
    /// be [delivered](Self::deliver).
    pub async fn check(&self, body: &MessageBody) -> Vec<Delivery> {
        let mut deliveries = Vec::with_capacity(body.acp_app_elements.len());
        for element in &body.acp_app_elements {
            let recipient = match normalise::suggested(element) {
                Some((card, interaction)) => self.recipient(&card, &interaction).await,
                None => None,
            };
            let is_here = |agent: &AgentId| self.app.presence.is_here(agent);
            match self.normalise(element, &body.contact_id, recipient, &is_here) {
                Ok(delivery) => deliveries.push(delivery),
                Err(refusal) => self.refuse(*refusal),
            }
        }
        deliveries
    }

    /// For whom a card is, and is here: the platform does not say, and delivers to those who are. One who is known to
    /// have held the interaction, but has gone, has handed it on; and if only one is here, the delivery was for that one.
    async fn recipient(&self, card: &CardId, interaction: &InteractionId) -> Option<AgentId> {
        let presence = &self.app.presence;
        let known = self.app.backbone.recipient(card, interaction).await;
        let known = known.unwrap_or_else(|error| {
            tracing::error!(%card, %error, "for whom a card is cannot be read");
            None
        });
        known
            .filter(|agent| presence.is_here(agent))
            .or_else(|| presence.only_one())
    }

    fn normalise(
        &self,
        element: &AppElement,
        contact_id: &str,
        recipient: Option<AgentId>,
        is_here: &dyn Fn(&AgentId) -> bool,
    ) -> Result<Delivery, Box<Refusal>> {
        let context = Context {
            contact_id,
            now: self.app.clock.now(),
            cleaner: &self.cleaner,
            is_here,
            recipient,
            trusted_sources: &self.app.config.api.trusted_sources,
        };
        normalise::card(element, &context)
    }

    /// Appends a card to its agent's log. Cards for one agent come in the order in which this is first polled.
    pub async fn deliver(
        &self,
        Delivery {
            agent,
            card,
            is_cut,
        }: Delivery,
    ) {
        let event = |outcome, detail| Event {
            event: "delivered",
            actor: agent.to_string(),
            interaction: Some(card.interaction_id.to_string()),
            card: Some(card.id.to_string()),
            outcome,
            detail,
        };
        match self.append(&agent, &card).await {
            Ok(Appended::New { seq, superseded }) => {
                let latency = self.app.clock.now().since(card.published_at);
                counter!("cuecard_frames_total", "result" => "delivered", "kind" => card.kind())
                    .increment(1);
                histogram!("cuecard_card_latency_seconds", "stage" => "delivered", "kind" => card.kind())
                    .record(seconds(latency));
                let mut detail = Map::from_iter([
                    ("kind".to_owned(), json!(card.kind())),
                    ("seq".to_owned(), json!(seq)),
                    ("latency_ms".to_owned(), json!(latency)),
                ]);
                if let Some(Card { id, .. }) = superseded {
                    detail.insert("superseded".to_owned(), json!(id));
                }
                if is_cut {
                    detail.insert("cut".to_owned(), Value::Bool(true));
                }
                self.app.audit.record(event("ok", detail));
                if matches!(card.body, CardBody::Suggestion(_)) {
                    self.app.outgoing.nudge();
                }
            }
            Ok(Appended::Repeat { seq }) => {
                counter!("cuecard_frames_total", "result" => "duplicate", "kind" => card.kind())
                    .increment(1);
                tracing::debug!(card = %card.id, %seq, "a card that came before");
            }
            Ok(Appended::Over(state)) => {
                counter!("cuecard_frames_total", "result" => "over", "kind" => card.kind())
                    .increment(1);
                self.app.reports.nudge();
                self.app.audit.record(event(state.as_str(), Map::new()));
            }
            Err(error) => {
                counter!("cuecard_frames_total", "result" => "failed", "kind" => card.kind())
                    .increment(1);
                tracing::error!(card = %card.id, %error, "a card could not be kept");
                self.app.audit.record(event("failed", Map::new()));
                self.app.outgoing.again(&card.id);
            }
        }
    }

    /// Takes a card in from what was posted, if the platform has it and it is in no log. Its delivery came when this
    /// server did not listen, or ended before it was kept; there is no second. If there is one after all, it is a repeat.
    pub async fn make_up_for(&self, card: &CardId) {
        let publication = match self.app.backbone.undelivered(card).await {
            Ok(Some(publication)) => publication,
            Ok(None) => return,
            Err(error) => {
                tracing::error!(%card, %error, "what was posted cannot be read");
                return;
            }
        };
        let element = AppElement::custom_card(card.as_str(), publication.frame);
        let interaction = publication.interaction.as_str();
        match self.normalise(&element, interaction, Some(publication.agent), &|_| true) {
            Ok(delivery) => {
                tracing::info!(%card, "a delivery that was missed is made up for");
                self.deliver(delivery).await;
            }
            Err(refusal) => self.refuse(*refusal),
        }
    }

    /// Appends, and again if that fails: the platform will not deliver the card a second time.
    async fn append(&self, agent: &AgentId, card: &Card) -> Result<Appended, BackboneError> {
        for wait in APPEND_WAITS {
            match self.app.backbone.append(agent, card.clone()).await {
                Ok(appended) => return Ok(appended),
                Err(error) => tracing::warn!(card = %card.id, %error, "a card is not kept yet"),
            }
            sleep(wait).await;
        }
        self.app.backbone.append(agent, card.clone()).await
    }

    fn refuse(
        &self,
        Refusal {
            reason,
            detail,
            agent,
            interaction,
            card,
        }: Refusal,
    ) {
        counter!("cuecard_frames_total", "result" => "refused", "kind" => "unknown").increment(1);
        counter!("cuecard_refused_total", "reason" => reason.as_str()).increment(1);
        tracing::warn!(
            reason = reason.as_str(),
            detail,
            card = card.as_ref().map(ToString::to_string),
            "a delivery is refused"
        );
        self.app.audit.record(Event {
            event: "refused",
            actor: agent.map(String::from).unwrap_or_default(),
            interaction: interaction.map(String::from),
            card: card.map(String::from),
            outcome: reason.as_str(),
            detail: Map::from_iter([("detail".to_owned(), json!(detail))]),
        });
    }

    /// Notes a frame that could not even be read.
    pub fn unreadable(&self, reason: &str) {
        counter!("cuecard_frames_total", "result" => "refused", "kind" => "unknown").increment(1);
        counter!("cuecard_refused_total", "reason" => "unreadable").increment(1);
        self.app.audit.record(Event {
            event: "refused",
            outcome: "unreadable",
            detail: Map::from_iter([("detail".to_owned(), json!(reason))]),
            ..Event::default()
        });
    }
}

#[expect(clippy::cast_precision_loss, reason = "a histogram; far below 2^52 ms")]
fn seconds(span: Millis) -> f64 {
    span.0 as f64 / 1000.0
}

#[cfg(test)]
#[path = "ingest_tests.rs"]
mod tests;
