//! What the server keeps, behind one trait, so that nothing above knows which store it is.
//!
//! An ordered log for each agent, actions that count once, once-keys with a lifetime ([`Backbone`]); what was posted and
//! what became of it ([`publications`]); work that must be done at least once ([`jobs`]). Every method that writes
//! returns only when the write is durable.

pub mod embedded;
pub mod jobs;
pub mod publications;
pub mod subscription;

use async_trait::async_trait;
use cuecard_protocol::{
    Action, AgentId, Card, CardId, Entry, InteractionId, LiveCard, Millis, RemovalReason, Seq,
};

use jobs::Jobs;
use publications::{Kind, Publications, State};

/// The store. Cheap to clone behind an `Arc`.
#[async_trait]
pub trait Backbone: Publications + Jobs {
    /// The id of this store's logs; another one means that no earlier sequence number counts.
    fn log_id(&self) -> &str;

    /// Appends a card to the agent's log, once for each card id; a card for an occupied slot supersedes the older one.
    ///
    /// A suggestion's or task's id may come again with another `published_at`, which makes it another card. Alerts and prompts
    /// name their agent, so the agent is remembered as the holder of the conversation.
    async fn append(&self, agent: &AgentId, card: Card) -> Result<Appended, BackboneError>;

    /// Takes a live card out and appends that to the log. `None` if the card is not live.
    async fn remove(
        &self,
        agent: &AgentId,
        card: &str,
        reason: RemovalReason,
    ) -> Result<Option<Seq>, BackboneError>;

    /// Counts an action once, and takes the card out if the action decides it; both or neither.
    ///
    /// A task that is snoozed becomes a job that brings it back. A decision counts only while the card is live. `rendered` also counts later, as long as the card is known: it
    /// says what was, and may come late from a panel that was offline.
    async fn record(&self, agent: &AgentId, action: &Action) -> Result<Recorded, BackboneError>;

    /// Actions recorded but not yet confirmed by the platform, oldest first, at most `limit`, over all agents.
    async fn unreported(&self, limit: usize) -> Result<Vec<Unreported>, BackboneError>;

    /// The platform has confirmed this action.
    async fn reported(&self, agent: &AgentId, action: &Action) -> Result<(), BackboneError>;

    /// The entries behind `after`, in order, at most `limit`; or that the log no longer reaches back so far.
    async fn read(
        &self,
        agent: &AgentId,
        after: Seq,
        limit: usize,
    ) -> Result<Reading, BackboneError>;

    /// The last place of the agent's log.
    async fn head(&self, agent: &AgentId) -> Result<Seq, BackboneError>;

    /// The live cards, oldest first, and the head they belong to (one consistent reading).
    async fn live(&self, agent: &AgentId) -> Result<(Seq, Vec<LiveCard>), BackboneError>;

    /// How many cards are live, over all agents.
    async fn live_count(&self) -> Result<u64, BackboneError>;

    /// Agents whose log grows; the receiver then reads. A lagging receiver reads anyway, so nothing is lost.
    fn follow(&self) -> tokio::sync::broadcast::Receiver<AgentId>;

    /// Takes cards whose time is over out of all logs, and ends what was posted and never came to one; returns both.
    async fn expire(&self, now: Millis) -> Result<Vec<Expired>, BackboneError>;

    /// Remembers a key until `until`. True the first time, false while it is remembered: tickets, `jti`.
    async fn once(&self, key: &str, now: Millis, until: Millis) -> Result<bool, BackboneError>;

    /// Whether a once-key is remembered at `now`, without remembering it: revoked sessions.
    async fn is_spent(&self, key: &str, now: Millis) -> Result<bool, BackboneError>;
}

/// What became of an append.
#[derive(Debug, Clone, PartialEq)]
pub enum Appended {
    /// It is entry `seq`.
    New {
        /// Its place.
        seq: Seq,
        /// The card it took the slot of, if any.
        superseded: Option<Card>,
    },
    /// This card was appended before, as entry `seq`; nothing changed.
    Repeat {
        /// Its place.
        seq: Seq,
    },
    /// It is over already, in this state, and not shown: it was posted here, and the platform will be told; or one that was
    /// published later has its place.
    Over(State),
}

/// What became of an action.
#[derive(Debug, Clone, PartialEq)]
pub enum Recorded {
    /// Counted now. `removed` is the log entry if it decided the card; the card is given for audit and metrics.
    New {
        /// The card acted on.
        card: Card,
        /// The entry that took it out.
        removed: Option<Seq>,
    },
    /// This action, or the same kind of action on this card, was counted before.
    Repeat,
    /// It does not count, and no repeat will change that.
    Refused {
        /// What was wrong and what was expected.
        message: String,
        /// How the card had left, where that is what was wrong.
        left_by: Option<RemovalReason>,
    },
}

/// An action that the platform has not confirmed yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Unreported {
    /// Whose.
    pub agent: AgentId,
    /// The conversation of the card acted on.
    pub interaction: InteractionId,
    /// The action; or one that the server makes in the agent's place, for a card that left without a decision.
    pub action: Action,
}

/// A card whose time was over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expired {
    /// Whose.
    pub agent: AgentId,
    /// The card.
    pub card: CardId,
    /// Its conversation.
    pub interaction: InteractionId,
    /// Its kind.
    pub kind: Kind,
    /// How it ended: expired, or lost because the platform never had it.
    pub state: State,
    /// Whether it was ever on screen.
    pub seen: bool,
    /// The key that posted it; none if it came from elsewhere.
    pub client: Option<String>,
}

/// A part of a log.
#[derive(Debug, Clone, PartialEq)]
pub enum Reading {
    /// The entries, in order, without holes.
    Entries(Vec<(Seq, Entry)>),
    /// The log begins behind `after`, or ends before it: take a snapshot.
    Gap,
}

/// The store failed.
#[derive(Debug, thiserror::Error)]
#[error("backbone: {doing} failed: {source}")]
pub struct BackboneError {
    /// What was being done.
    pub doing: &'static str,
    /// Why it failed.
    #[source]
    pub source: Box<dyn std::error::Error + Send + Sync>,
}
