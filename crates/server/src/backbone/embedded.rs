//! The backbone in one SQLite file. Start at [`Embedded`].
//!
//! One thread writes ([`writer`]): it takes what waits, does it in one transaction, syncs once, and only then answers,
//! so an answer means that a power cut changes nothing. Reads go to connections of their own ([`readers`]) and never
//! wait for the writer (WAL).
//!
//! - [`tables`]: what is kept; [`schema`] opens the file. [`columns`]: values as columns.
//! - [`log`], [`actions`], [`upkeep`]: agents' logs, what agents do, what time does.
//! - [`publishing`], [`platform_reports`]: what may be posted, and what the platform says of it.
//! - [`life`]: what all of these mean for a card's publication, the outcomes and the platform. Read it first.
//! - [`publications`], [`outcomes`], [`conversations`], [`jobs`]: statements.

mod actions;
mod as_jobs;
mod as_publications;
pub mod beside;
mod columns;
mod conversations;
mod jobs;
mod life;
mod log;
mod outcome_followers;
mod outcomes;
mod platform_reports;
mod publications;
mod publishing;
mod readers;
mod schema;
mod tables;
mod upkeep;
mod writer;

use std::path::Path;

use async_trait::async_trait;
use cuecard_protocol::{Action, AgentId, Card, LiveCard, Millis, RemovalReason, Seq};
use tokio::sync::{broadcast, watch};

use super::subscription::Subscription;
use super::{Appended, Backbone, BackboneError, Expired, Reading, Recorded, Unreported};
use crate::clock::Clock;
use outcome_followers::OutcomeFollowers;
use readers::Readers;
use writer::{Followers, Standing, Writer};

/// How many growing logs a follower may be behind before it is told that it lagged.
const FOLLOWER_QUEUE: usize = 4096;

/// Entries of a log are kept so long behind their time; older ones may be gone, and a panel that asks gets a snapshot.
pub const RETENTION: Millis = Millis::from_secs(3600);

/// An action that the platform did not confirm in this time is given up. The platform keeps outcomes for 10 minutes.
pub const REPORT_WITHIN: Millis = Millis::from_secs(24 * 3600);

/// Outcomes can be asked for so long.
pub const OUTCOMES_FOR: Millis = Millis::from_secs(7 * 24 * 3600);

/// What became of a publication can be asked for so long after it is over.
pub const OVER_FOR: Millis = Millis::from_secs(24 * 3600);

/// A dead job can be replayed for so long.
pub const DEAD_FOR: Millis = Millis::from_secs(30 * 24 * 3600);

/// The store in one file. Clones are not needed: share it behind an `Arc`.
pub struct Embedded {
    log_id: String,
    clock: Clock,
    writer: Writer,
    readers: Readers,
    followers: Followers,
}

impl Embedded {
    /// Opens the database, makes it if it is not there, and keeps other servers from it. Nobody is told of outcomes.
    pub fn open(path: &Path, clock: Clock) -> Result<Self, BackboneError> {
        Self::open_with(path, clock, Vec::new())
    }

    /// As [`open`](Self::open), with those who are told of outcomes.
    pub fn open_with(
        path: &Path,
        clock: Clock,
        subscriptions: Vec<Subscription>,
    ) -> Result<Self, BackboneError> {
        let fresh_log_id = clock.random_token().chars().take(22).collect::<String>();
        let store = schema::open(path, &fresh_log_id)?;
        let followers = Followers {
            grown: broadcast::Sender::new(FOLLOWER_QUEUE),
            outcomes: OutcomeFollowers::new(outcomes::last(&store.connection)?),
            jobs: watch::Sender::new(0),
        };
        let standing = Standing {
            log_id: store.log_id.clone(),
            subscriptions,
        };
        Ok(Self {
            log_id: store.log_id,
            clock,
            writer: Writer::spawn(store.connection, store.lock, standing, followers.clone())?,
            readers: Readers::new(path),
            followers,
        })
    }
}

#[async_trait]
impl Backbone for Embedded {
    fn log_id(&self) -> &str {
        &self.log_id
    }

    async fn append(&self, agent: &AgentId, card: Card) -> Result<Appended, BackboneError> {
        let (agent, now) = (agent.clone(), self.clock.now());
        self.writer
            .write("append", move |write| {
                log::append(write, &agent, &card, now)
            })
            .await
    }

    async fn remove(
        &self,
        agent: &AgentId,
        card: &str,
        reason: RemovalReason,
    ) -> Result<Option<Seq>, BackboneError> {
        let (agent, card, now) = (agent.clone(), card.to_owned(), self.clock.now());
        let removed = self.writer.write("remove", move |write| {
            life::leave(write, &agent, &card, reason, None, now, now)
        });
        Ok(removed.await?.map(|(seq, _)| seq))
    }

    async fn record(&self, agent: &AgentId, action: &Action) -> Result<Recorded, BackboneError> {
        let (agent, action, now) = (agent.clone(), action.clone(), self.clock.now());
        self.writer
            .write("record", move |write| {
                actions::record(write, &agent, &action, now)
            })
            .await
    }

    async fn unreported(&self, limit: usize) -> Result<Vec<Unreported>, BackboneError> {
        self.readers
            .read("unreported", move |connection| {
                actions::unreported(connection, limit)
            })
            .await
    }

    async fn reported(&self, agent: &AgentId, action: &Action) -> Result<(), BackboneError> {
        let (agent, action) = (agent.clone(), action.id.clone());
        self.writer
            .write("reported", move |write| {
                actions::reported(write, &agent, &action)
            })
            .await
    }

    async fn read(
        &self,
        agent: &AgentId,
        after: Seq,
        limit: usize,
    ) -> Result<Reading, BackboneError> {
        let agent = agent.clone();
        self.readers
            .read("read", move |connection| {
                log::read(connection, &agent, after, limit)
            })
            .await
    }

    async fn head(&self, agent: &AgentId) -> Result<Seq, BackboneError> {
        let agent = agent.clone();
        self.readers
            .read("head", move |connection| log::head(connection, &agent))
            .await
    }

    async fn live(&self, agent: &AgentId) -> Result<(Seq, Vec<LiveCard>), BackboneError> {
        let agent = agent.clone();
        self.readers
            .read("live", move |connection| log::live(connection, &agent))
            .await
    }

    async fn live_count(&self) -> Result<u64, BackboneError> {
        self.readers.read("live_count", log::live_count).await
    }

    fn follow(&self) -> broadcast::Receiver<AgentId> {
        self.followers.grown.subscribe()
    }

    async fn expire(&self, now: Millis) -> Result<Vec<Expired>, BackboneError> {
        self.writer
            .write("expire", move |write| upkeep::expire(write, now))
            .await
    }

    async fn once(&self, key: &str, now: Millis, until: Millis) -> Result<bool, BackboneError> {
        let key = key.to_owned();
        self.writer
            .write("once", move |write| upkeep::once(write, &key, now, until))
            .await
    }

    async fn is_spent(&self, key: &str, now: Millis) -> Result<bool, BackboneError> {
        let key = key.to_owned();
        self.readers
            .read("is_spent", move |connection| {
                upkeep::is_spent(connection, &key, now)
            })
            .await
    }
}

fn failed(
    doing: &'static str,
    source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> BackboneError {
    BackboneError {
        doing,
        source: source.into(),
    }
}

#[cfg(test)]
mod tests;
