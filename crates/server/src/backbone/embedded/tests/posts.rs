//! What the tests of publications post, and what they read back.

use cuecard_protocol::{
    Action, ActionId, ActionKind, Card, CardBody, CardId, InteractionId, Millis, Prompt, Snippet,
    Suggestion,
};
use serde_json::json;

use super::START;
use crate::backbone::Backbone;
use crate::backbone::embedded::Embedded;
use crate::backbone::publications::{Kind, Outcome, Publication, Published};
use crate::backbone::subscription::Subscription;
use crate::clock::Clock;

pub const CLIENT: &str = "model";
pub const QUEUE: &str = "callback:crm";
/// How long suggestions of these tests last, if nothing else is said.
pub const WINDOW: Millis = Millis::from_secs(60);

pub fn id(card: &str) -> CardId {
    CardId::parse(card).unwrap()
}

pub fn interaction(n: u8) -> InteractionId {
    InteractionId::parse(format!("INT-{n}")).unwrap()
}

pub fn suggestion(card: &str, interaction_n: u8, now: Millis) -> Publication {
    Publication {
        id: id(card),
        client: CLIENT.to_owned(),
        kind: Kind::Suggestion,
        agent: super::agent(0),
        interaction: interaction(interaction_n),
        relevance: Some(0.8),
        starts_at: now,
        published_at: now,
        expires_at: now.plus(WINDOW),
        supersedes: None,
        revision: None,
        frame: json!({"suggestion": {"relevanceScore": 0.8}}),
    }
}

/// The card that the platform delivers for a publication.
pub fn delivered(publication: &Publication) -> Card {
    let body = match publication.kind {
        Kind::Suggestion => CardBody::Suggestion(Suggestion {
            content: "Offer a call back".to_owned(),
            priority: None,
            relevance: 0.8,
            source: None,
        }),
        Kind::Prompt => CardBody::Prompt(Prompt {
            level: 3,
            is_pinned: false,
            relevance: 0.7,
            snippets: ["s1", "s2"]
                .map(|id| Snippet {
                    id: id.to_owned(),
                    content: "text".to_owned(),
                    tags: Vec::new(),
                    source: "CRM".to_owned(),
                })
                .to_vec(),
        }),
        Kind::Alert | Kind::Task => panic!("these tests post no alerts and no tasks"),
    };
    Card {
        id: publication.id.clone(),
        interaction_id: publication.interaction.clone(),
        published_at: publication.published_at,
        received_at: publication.published_at,
        expires_at: publication.expires_at,
        body,
    }
}

pub fn act(action: &str, card: &str, kind: ActionKind, at: Millis) -> Action {
    Action {
        id: ActionId::parse(action).unwrap(),
        card_id: id(card),
        kind,
        at,
        reason: None,
        snippet_id: None,
        until: None,
    }
}

/// A store of its own, with one receiver that wants to know of every end by agent or time, and of adoptions.
pub struct Desk {
    _dir: tempfile::TempDir,
    pub clock: Clock,
    pub store: Embedded,
}

pub fn open(dir: &tempfile::TempDir, clock: &Clock) -> Embedded {
    let told = Subscription {
        queue: QUEUE.to_owned(),
        outcomes: ["accepted", "dismissed", "adopted", "expired"]
            .map(str::to_owned)
            .to_vec(),
        kinds: vec![Kind::Suggestion, Kind::Prompt],
    };
    Embedded::open_with(&dir.path().join("store.db"), clock.clone(), vec![told]).unwrap()
}

impl Desk {
    pub fn new() -> Self {
        let (dir, clock) = (tempfile::tempdir().unwrap(), Clock::manual(START));
        let store = open(&dir, &clock);
        Self {
            _dir: dir,
            clock,
            store,
        }
    }

    pub fn now(&self) -> Millis {
        self.clock.now()
    }

    pub async fn take(&self, publication: Publication) -> Publication {
        let published = publish(&self.store, publication.clone()).await;
        assert!(
            matches!(published, Published::Taken { .. }),
            "expected {} to be taken, got {published:?}",
            publication.id
        );
        publication
    }

    /// Posted, and in the agent's log.
    pub async fn show(&self, publication: Publication) -> Publication {
        let publication = self.take(publication).await;
        let card = delivered(&publication);
        self.store.append(&super::agent(0), card).await.unwrap();
        publication
    }

    /// All outcomes of the client as `card outcome reason`.
    pub async fn told(&self) -> Vec<String> {
        let outcomes = outcomes(&self.store).await;
        outcomes
            .iter()
            .map(|outcome| {
                let more = outcome.reason.as_ref().or(outcome.snippet_id.as_ref());
                let more = more.map(|more| format!(" {more}")).unwrap_or_default();
                format!("{} {}{more}", outcome.card_id, outcome.outcome)
            })
            .collect()
    }

    /// What the platform is to be told, as `card kind reason`.
    pub async fn to_report(&self) -> Vec<String> {
        let left = self.store.unreported(usize::MAX).await.unwrap();
        left.iter()
            .map(|left| {
                let reason = left.action.reason.as_deref().unwrap_or("-");
                format!(
                    "{} {} {reason}",
                    left.action.card_id,
                    left.action.kind.as_str()
                )
            })
            .collect()
    }
}

pub async fn publish(store: &Embedded, publication: Publication) -> Published {
    use crate::backbone::publications::Publications as _;
    store.publish(publication, None, false).await.unwrap()
}

pub async fn outcomes(store: &Embedded) -> Vec<Outcome> {
    use crate::backbone::publications::Publications as _;
    store.outcomes(CLIENT, 0, usize::MAX).await.unwrap()
}
