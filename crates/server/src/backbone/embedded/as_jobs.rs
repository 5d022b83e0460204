//! [`Embedded`] as [`Jobs`].

use async_trait::async_trait;
use cuecard_protocol::Millis;
use serde_json::Value;
use tokio::sync::watch;

use super::{Embedded, jobs};
use crate::backbone::BackboneError;
use crate::backbone::jobs::{Job, JobId, JobState, Jobs, QueueDepth, Settlement};

#[async_trait]
impl Jobs for Embedded {
    async fn enqueue(
        &self,
        queue: &str,
        delivery: &str,
        payload: Value,
    ) -> Result<bool, BackboneError> {
        let (queue, delivery) = (queue.to_owned(), delivery.to_owned());
        let (payload, now) = (payload.to_string(), self.clock.now());
        self.writer
            .write("enqueue", move |write| {
                jobs::enqueue(write, &queue, &delivery, &payload, now, now)
            })
            .await
    }

    async fn lease(
        &self,
        queue: &str,
        limit: usize,
        until: Millis,
    ) -> Result<Vec<Job>, BackboneError> {
        let (queue, now) = (queue.to_owned(), self.clock.now());
        self.writer
            .write("lease", move |write| {
                jobs::lease(write.db, &queue, limit, now, until)
            })
            .await
    }

    async fn keep(&self, job: JobId, attempts: u32, payload: Value) -> Result<bool, BackboneError> {
        let payload = payload.to_string();
        self.writer
            .write("keep", move |write| {
                jobs::keep(write.db, job, attempts, &payload)
            })
            .await
    }

    async fn settle(
        &self,
        job: JobId,
        attempts: u32,
        settlement: Settlement,
    ) -> Result<bool, BackboneError> {
        let now = self.clock.now();
        self.writer
            .write("settle", move |write| {
                jobs::settle(write, job, attempts, &settlement, now)
            })
            .await
    }

    async fn forget(&self, queue: &str, delivery: &str) -> Result<bool, BackboneError> {
        let (queue, delivery) = (queue.to_owned(), delivery.to_owned());
        self.writer
            .write("forget a job", move |write| {
                jobs::forget(write.db, &queue, &delivery)
            })
            .await
    }

    async fn next_due(&self, queue: &str) -> Result<Option<Millis>, BackboneError> {
        let queue = queue.to_owned();
        self.readers
            .read("next_due", move |db| jobs::next_due(db, &queue))
            .await
    }

    async fn jobs(
        &self,
        queue: Option<&str>,
        state: Option<JobState>,
        limit: usize,
    ) -> Result<Vec<Job>, BackboneError> {
        let queue = queue.map(str::to_owned);
        self.readers
            .read("list jobs", move |db| {
                jobs::list(db, queue.as_deref(), state, limit)
            })
            .await
    }

    async fn job(&self, job: JobId) -> Result<Option<Job>, BackboneError> {
        self.readers
            .read("find a job", move |db| jobs::one(db, job))
            .await
    }

    async fn replay(&self, job: JobId) -> Result<bool, BackboneError> {
        let now = self.clock.now();
        self.writer
            .write("replay", move |write| {
                let is_dead = jobs::replay(write.db, job, now)?;
                write.news.has_jobs |= is_dead;
                Ok(is_dead)
            })
            .await
    }

    async fn discard(&self, job: JobId) -> Result<bool, BackboneError> {
        self.writer
            .write("discard", move |write| jobs::discard(write.db, job))
            .await
    }

    async fn depths(&self) -> Result<Vec<QueueDepth>, BackboneError> {
        self.readers.read("depths", jobs::depths).await
    }

    fn follow_jobs(&self) -> watch::Receiver<u64> {
        self.followers.jobs.subscribe()
    }
}
