//! What came in through our own HTTP API, from the moment it is taken until it is over, and what became of every card.
//!
//! A publication is kept before its poster gets an answer, and handed to the platform until the platform has it. Its
//! outcomes are a list that only grows, numbered in the order in which they became durable: a reader who asks for what
//! comes after a number skips nothing.

use async_trait::async_trait;
use cuecard_protocol::rules::suggestion::Acceptance;
use cuecard_protocol::{AgentId, CardBody, CardId, InteractionId, Millis, rules};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::watch;
use utoipa::ToSchema;

use super::BackboneError;

/// The kinds of cards.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A risk alert.
    Alert,
    /// A suggested next step.
    Suggestion,
    /// Snippets to paste.
    Prompt,
    /// Something to be done after the conversation; nobody posts these.
    Task,
}

impl Kind {
    /// The kind of a card.
    pub const fn of(body: &CardBody) -> Self {
        match body {
            CardBody::Alert(_) => Self::Alert,
            CardBody::Suggestion(_) => Self::Suggestion,
            CardBody::Prompt(_) => Self::Prompt,
            CardBody::Task(_) => Self::Task,
        }
    }

    /// The kind as metrics, the store and [`cuecard_protocol::Card::kind`] name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Alert => "alert",
            Self::Suggestion => "suggestion",
            Self::Prompt => "prompt",
            Self::Task => "task",
        }
    }
}

/// A card that was posted.
#[derive(Debug, Clone, PartialEq)]
pub struct Publication {
    /// The card's id: `contentId`, suggestion id or `frame_id` on the platform's wire.
    pub id: CardId,
    /// The name of the API key that posted it.
    pub client: String,
    /// Its kind.
    pub kind: Kind,
    /// For whom.
    pub agent: AgentId,
    /// The conversation.
    pub interaction: InteractionId,
    /// Of a suggestion: how well it fits, before it is adjusted.
    pub relevance: Option<f64>,
    /// Of a suggestion: when its window begins; not sent earlier than its clock tolerance before.
    pub starts_at: Millis,
    /// When it was taken.
    pub published_at: Millis,
    /// When it is over.
    pub expires_at: Millis,
    /// The card of the same client that it takes the place of.
    pub supersedes: Option<CardId>,
    /// The state of the conversation it was made for; over when the conversation has a higher one.
    pub revision: Option<u64>,
    /// What goes to the platform, whole.
    pub frame: Value,
}

/// Makes a repeated request one publication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Idempotency {
    /// The client's key, unique for the client.
    pub key: String,
    /// Of the request's body.
    pub digest: String,
    /// Remembered so long.
    pub until: Millis,
}

/// What became of a request to publish.
#[derive(Debug, Clone, PartialEq)]
pub enum Published {
    /// It is kept and will go to the platform.
    Taken {
        /// Of a suggestion: the relevance with which it goes, adjusted by the interaction's acceptance.
        relevance: Option<f64>,
        /// The card that left for it, if that was live.
        superseded: Option<CardId>,
        /// Cards that went stale because it belongs to a later state of the conversation.
        stale: Vec<CardId>,
    },
    /// The same request was taken before, as this card.
    Repeat(CardId),
    /// The idempotency key belongs to another request.
    KeyReused,
    /// The id is taken: the store knows a card that had it, if only one that is over.
    Duplicate,
    /// A rule of suggestions is broken.
    Refused(rules::suggestion::Refusal),
    /// The conversation has moved on to this revision.
    Stale(u64),
    /// `supersedes` names no card of this client.
    UnknownSuperseded,
}

/// Where a publication stands.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Kept; the platform does not have it yet.
    Queued,
    /// The platform has it.
    Sent,
    /// In the agent's log.
    Delivered,
    /// Has been on the agent's screen.
    Rendered,
    /// The agent took it up.
    Accepted,
    /// The agent put it away.
    Dismissed,
    /// Its time was over.
    Expired,
    /// Its client took it back.
    Withdrawn,
    /// A newer card took its place.
    Superseded,
    /// The conversation moved on.
    Stale,
    /// The agent put it off; it comes back as another card of the same id.
    Snoozed,
    /// The platform refused it.
    Refused,
    /// It could not be handed to the platform within its time.
    Lost,
}

impl State {
    /// Whether nothing more becomes of it.
    pub const fn is_over(self) -> bool {
        !matches!(
            self,
            Self::Queued | Self::Sent | Self::Delivered | Self::Rendered
        )
    }

    /// The state as metrics, the store and the API name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Rendered => "rendered",
            Self::Accepted => "accepted",
            Self::Dismissed => "dismissed",
            Self::Expired => "expired",
            Self::Withdrawn => "withdrawn",
            Self::Superseded => "superseded",
            Self::Stale => "stale",
            Self::Snoozed => "snoozed",
            Self::Refused => "refused",
            Self::Lost => "lost",
        }
    }
}

/// A publication and what became of it so far.
#[derive(Debug, Clone, PartialEq)]
pub struct Status {
    /// What was posted.
    pub publication: Publication,
    /// Where it stands.
    pub state: State,
    /// Every outcome, in order, with its time.
    pub outcomes: Vec<Outcome>,
    /// What the platform has confirmed on the socket that it was published on: `acknowledged`, then `accepted` or
    /// `dismissed`.
    pub platform: Vec<(String, Millis)>,
}

/// What the platform says of a publication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Report {
    /// It has arrived there.
    Sent,
    /// It was there before it was sent again, and may have been delivered while nobody here listened.
    Known,
    /// It was on screen (`agentassist.ack`).
    Acknowledged,
    /// The agent accepted it, here or on another desktop.
    Accepted,
    /// The agent dismissed it, here or on another desktop.
    Dismissed,
    /// It was refused.
    Refused {
        /// The platform's code. Its words could repeat a customer's.
        code: String,
    },
    /// It will not be sent any more.
    Lost {
        /// Why.
        reason: String,
    },
}

/// One thing that became of a card. A card has at most one of a kind, `adopted` one for each snippet; and at most one
/// of those that end it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// Its place in the list of all outcomes; rises by at least one.
    pub n: u64,
    /// The card.
    pub card_id: CardId,
    /// The card's kind.
    pub kind: Kind,
    /// What: a [`State`] from `sent` on, or `adopted`.
    pub outcome: String,
    /// When.
    pub at: Millis,
    /// Whose card it was.
    pub agent_id: AgentId,
    /// The conversation.
    pub interaction_id: InteractionId,
    /// The agent's words, or why it was refused.
    pub reason: Option<String>,
    /// Of `adopted`: which snippet.
    pub snippet_id: Option<String>,
    /// When the card was published.
    pub published_at: Millis,
    /// The key that posted the card; none for a card that came from elsewhere.
    pub client: Option<String>,
}

/// A card that went stale.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stale {
    /// Which.
    pub card: CardId,
    /// The key that posted it.
    pub client: String,
}

/// What became of a request to withdraw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Withdrawn {
    /// It is withdrawn now.
    Now,
    /// It was over before, in this state.
    Over(State),
    /// This client has posted no such card.
    Unknown,
}

/// How a conversation stands.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Conversation {
    /// Who holds it, as far as it is known.
    pub agent: Option<AgentId>,
    /// The revision that it was moved on to, if it ever was.
    pub revision: Option<u64>,
    /// Suggestions that are active now.
    pub active: u64,
    /// How its suggestions were taken.
    pub acceptance: Acceptance,
    /// Outcomes by kind of card and outcome, with how many; in order.
    pub outcomes: Vec<(Kind, String, u64)>,
}

/// Publications and outcomes.
#[async_trait]
pub trait Publications: Send + Sync + 'static {
    /// Checks the rules against what is kept, and keeps the publication; all or nothing.
    ///
    /// Its revision makes older cards of the same client stale. Its agent becomes the holder of the conversation if
    /// nobody is known, or if it `may_redirect` that.
    async fn publish(
        &self,
        publication: Publication,
        idempotency: Option<Idempotency>,
        may_redirect: bool,
    ) -> Result<Published, BackboneError>;

    /// Publications of a kind that may not have come through the platform, and whose time is not over: those that are
    /// queued, oldest first, then those that were sent but are in no log yet, newest first. Of prompts only those that
    /// are queued: the platform takes none twice.
    async fn unsettled(&self, kind: Kind, limit: usize) -> Result<Vec<Publication>, BackboneError>;

    /// A publication that the platform has, but that is in no log yet; none if it is over.
    async fn undelivered(&self, card: &CardId) -> Result<Option<Publication>, BackboneError>;

    /// Takes down what the platform says. True if that is news; a repeat changes nothing.
    async fn note(&self, card: &CardId, report: Report) -> Result<bool, BackboneError>;

    /// Takes a card back: out of the log if it is there, and from the platform.
    async fn withdraw(&self, client: &str, card: &CardId) -> Result<Withdrawn, BackboneError>;

    /// A publication of this client and what became of it.
    async fn status(&self, client: &str, card: &CardId) -> Result<Option<Status>, BackboneError>;

    /// Who posted a card; none if it was not posted here, or is no longer known.
    async fn client(&self, card: &CardId) -> Result<Option<String>, BackboneError>;

    /// Outcomes behind `after` of cards that this client posted, at most `limit`, in order.
    async fn outcomes(
        &self,
        client: &str,
        after: u64,
        limit: usize,
    ) -> Result<Vec<Outcome>, BackboneError>;

    /// Tells when there are new outcomes of cards that this client posted; holds a number that none of them is above.
    fn follow_outcomes(&self, client: &str) -> watch::Receiver<u64>;

    /// Moves a conversation on: cards of earlier revisions go stale, whoever posted them; those that did. A lower
    /// revision changes nothing.
    async fn advance(
        &self,
        interaction: &InteractionId,
        revision: u64,
    ) -> Result<Vec<Stale>, BackboneError>;

    /// How a conversation stands.
    async fn conversation(
        &self,
        interaction: &InteractionId,
    ) -> Result<Conversation, BackboneError>;

    /// Who holds a conversation, as far as it is known.
    async fn holder(&self, interaction: &InteractionId) -> Result<Option<AgentId>, BackboneError>;

    /// Whom a card is for whose delivery does not say: whom it was posted for, else who holds the conversation.
    async fn recipient(
        &self,
        card: &CardId,
        interaction: &InteractionId,
    ) -> Result<Option<AgentId>, BackboneError>;

    /// Remembers who holds a conversation; the latest word counts.
    async fn learn(
        &self,
        interaction: &InteractionId,
        agent: &AgentId,
    ) -> Result<(), BackboneError>;
}
