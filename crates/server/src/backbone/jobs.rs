//! Work that must be done at least once: kept, leased, tried again, and at the end done or dead.
//!
//! A queue is a name. Whoever leases a job has it until the lease ends; then another may have it.

use async_trait::async_trait;
use cuecard_protocol::{AgentId, Card, Millis};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tokio::sync::watch;
use uuid::Builder;

use super::BackboneError;

/// A job's number.
pub type JobId = i64;

/// The queue of cards that come back, each at its time; a job's payload is [`Snoozed`].
pub const SNOOZE_QUEUE: &str = "snooze";

/// The queue of the marks of typing indicators that may be on. Nobody leases them, and none is work to be done: they are
/// in no list of all queues, no depth, and no news.
pub const TYPING_MARKS: &str = "typing";

/// A card that an agent has put off, as it comes back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Snoozed {
    /// Whose.
    pub agent: AgentId,
    /// The card; published when it comes back, which makes it another card than the one that left.
    pub card: Card,
}

/// The name of a delivery of these parts, without anything to draw or to keep for it: the same parts, the same UUID.
pub fn delivery(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    hash.update(parts.join("\n"));
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.finalize()[..16]);
    Builder::from_custom_bytes(bytes).into_uuid().to_string()
}

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// Waits for its time.
    Waiting,
    /// Somebody has it.
    Leased,
    /// Given up; it can be replayed.
    Dead,
}

impl JobState {
    /// The state as the store and the command line name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Leased => "leased",
            Self::Dead => "dead",
        }
    }
}

/// A job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// Its number.
    pub id: JobId,
    /// The queue it is in.
    pub queue: String,
    /// Names the same work on every attempt; a UUID.
    pub delivery: String,
    /// What is to be done.
    pub payload: Value,
    /// When it was made.
    pub created_at: Millis,
    /// Since when it is tried: since it was made, or last replayed.
    pub tried_since: Millis,
    /// How often it has been leased.
    pub attempts: u32,
    /// Where it stands.
    pub state: JobState,
    /// When it is due, or until when it is leased, or when it died.
    pub due_at: Millis,
    /// Why it failed last.
    pub last_error: Option<String>,
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settlement {
    /// Done; the job is forgotten.
    Done,
    /// Failed; it is tried again.
    Retry {
        /// Not before.
        at: Millis,
        /// Why it failed.
        reason: String,
    },
    /// Failed for good.
    Dead {
        /// Why.
        reason: String,
    },
}

/// How a queue stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueDepth {
    /// Its name.
    pub queue: String,
    /// Jobs that wait or are leased.
    pub open: u64,
    /// Jobs that were given up.
    pub dead: u64,
    /// When the oldest open one was made.
    pub oldest: Option<Millis>,
}

/// Durable jobs with leases.
#[async_trait]
pub trait Jobs: Send + Sync + 'static {
    /// Keeps a job, once for each `delivery`; false if it was known.
    async fn enqueue(
        &self,
        queue: &str,
        delivery: &str,
        payload: Value,
    ) -> Result<bool, BackboneError>;

    /// Takes at most `limit` jobs that are due, or whose lease is over, until `until`; the oldest first.
    async fn lease(
        &self,
        queue: &str,
        limit: usize,
        until: Millis,
    ) -> Result<Vec<Job>, BackboneError>;

    /// Keeps how far a job has come, in the place of its payload. False if the lease had ended and the job is another's:
    /// `attempts` must be the job's.
    async fn keep(&self, job: JobId, attempts: u32, payload: Value) -> Result<bool, BackboneError>;

    /// Ends an attempt. False if the lease had ended and the job is another's: `attempts` must be the job's.
    async fn settle(
        &self,
        job: JobId,
        attempts: u32,
        settlement: Settlement,
    ) -> Result<bool, BackboneError>;

    /// Forgets a job by its delivery, in whatever state it is; false if there is none.
    async fn forget(&self, queue: &str, delivery: &str) -> Result<bool, BackboneError>;

    /// When the next job of a queue is due.
    async fn next_due(&self, queue: &str) -> Result<Option<Millis>, BackboneError>;

    /// Jobs of a queue or of all but [`TYPING_MARKS`], in this state or in all, the oldest first, at most `limit`.
    async fn jobs(
        &self,
        queue: Option<&str>,
        state: Option<JobState>,
        limit: usize,
    ) -> Result<Vec<Job>, BackboneError>;

    /// One job.
    async fn job(&self, job: JobId) -> Result<Option<Job>, BackboneError>;

    /// Makes a dead job due now; false if it is not dead.
    async fn replay(&self, job: JobId) -> Result<bool, BackboneError>;

    /// Forgets a dead job; false if it is not dead.
    async fn discard(&self, job: JobId) -> Result<bool, BackboneError>;

    /// How all queues but [`TYPING_MARKS`] stand.
    async fn depths(&self) -> Result<Vec<QueueDepth>, BackboneError>;

    /// Changes whenever a job was made or became due in this process.
    fn follow_jobs(&self) -> watch::Receiver<u64>;
}
