//! What a socket leaves in metrics and in the audit trail.

use cuecard_protocol::{Action, ActionKind, AgentId, Card, Resume, ServerMessage};
use metrics::{counter, gauge, histogram};
use serde_json::Map;

use crate::app::App;
use crate::audit::Event;
use crate::backbone::Recorded;
use crate::publish::Sources;

/// The witness of one socket.
#[derive(Clone)]
pub struct Observer {
    /// The server.
    pub app: App,
    /// Whose socket it is.
    pub agent: AgentId,
}

/// Counts a socket for as long as it lives.
pub struct Counted;

impl Counted {
    /// One more.
    pub fn new() -> Self {
        gauge!("cuecard_connections").increment(1.0);
        Self
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        gauge!("cuecard_connections").decrement(1.0);
    }
}

impl Observer {
    /// A message was handed to the socket.
    pub fn sent(&self, message: &ServerMessage) {
        match message {
            ServerMessage::Welcome { resume, .. } => {
                let outcome = match resume {
                    Resume::Resumed => "resumed",
                    Resume::Gap => "gap",
                };
                counter!("cuecard_resumes_total", "outcome" => outcome).increment(1);
            }
            ServerMessage::Card { card, .. } => self.card("delivered", card, "ok"),
            ServerMessage::Snapshot { cards, .. } => {
                for live in cards {
                    self.card("delivered", &live.card, "snapshot");
                }
            }
            ServerMessage::Removed { .. }
            | ServerMessage::Ack { .. }
            | ServerMessage::Pong
            | ServerMessage::Bye { .. } => {}
        }
    }

    /// Something of the browser was ignored, or ended its socket.
    pub fn refused(&self, reason: &'static str) {
        counter!("cuecard_refused_total", "reason" => reason).increment(1);
        if reason == "slow_consumer" {
            counter!("cuecard_slow_consumers_total").increment(1);
        }
        self.app.audit.record(Event {
            event: "refused",
            actor: self.agent.to_string(),
            outcome: reason,
            ..Event::default()
        });
    }

    /// The store has taken an action, or will not.
    pub async fn recorded(&self, action: &Action, recorded: &Recorded) {
        let kind = action.kind.as_str();
        match recorded {
            Recorded::New { card, .. } => {
                self.card(kind, card, "ok");
                self.app.reports.nudge();
                self.measure(action, card).await;
            }
            Recorded::Repeat => {}
            Recorded::Refused { .. } => {
                let mut detail = Map::new();
                detail.insert("kind".to_owned(), kind.into());
                self.app.audit.record(Event {
                    event: "refused",
                    actor: self.agent.to_string(),
                    card: Some(action.card_id.to_string()),
                    outcome: "action_refused",
                    detail,
                    ..Event::default()
                });
                counter!("cuecard_refused_total", "reason" => "action_refused").increment(1);
            }
        }
    }

    /// Each action that counts, and how long after it was published the card came that far.
    async fn measure(&self, action: &Action, card: &Card) {
        let source = Sources::of(&self.app, &card.id).await;
        counter!("cuecard_actions_total", "kind" => card.kind(), "action" => action.kind.as_str(), "source" => source)
            .increment(1);
        let stage = match action.kind {
            ActionKind::Rendered => "rendered",
            ActionKind::Accepted | ActionKind::Dismissed => "decided",
            ActionKind::Adopted | ActionKind::Snoozed => return,
        };
        // The panel's clock is only nearly ours.
        let at = action.at.min(self.app.clock.now());
        let latency = at.since(card.published_at);
        histogram!("cuecard_card_latency_seconds", "stage" => stage, "kind" => card.kind())
            .record(std::time::Duration::from_millis(latency.0).as_secs_f64());
    }

    fn card(&self, event: &'static str, card: &Card, outcome: &'static str) {
        let mut detail = Map::new();
        detail.insert("kind".to_owned(), card.kind().into());
        self.app.audit.record(Event {
            event,
            actor: self.agent.to_string(),
            interaction: Some(card.interaction_id.to_string()),
            card: Some(card.id.to_string()),
            outcome,
            detail,
        });
    }
}
