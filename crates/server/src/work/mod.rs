//! Takes the jobs of one queue and has them done, some at a time.
//!
//! Whoever does a job says how the attempt ended ([`Settlement`]); [`retry`] says when to try again. Start at [`run`].

pub mod retry;

use std::time::Duration;

use cuecard_protocol::Millis;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::time::sleep;

use crate::App;
use crate::backbone::BackboneError;
use crate::backbone::jobs::{Job, Settlement};

/// How long a job is ours; an attempt must take less, so that nobody does the same at the same time.
pub const LEASE: Millis = Millis::from_secs(60);
/// How often is looked at what another process made due.
const POLL: Duration = Duration::from_millis(500);

/// The end of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// What becomes of the job.
    pub settlement: Settlement,
    /// Until then whoever does the work wants to be left alone, so that no other job of the queue is begun either.
    pub closed_until: Option<Millis>,
}

impl From<Settlement> for Ended {
    fn from(settlement: Settlement) -> Self {
        Self {
            settlement,
            closed_until: None,
        }
    }
}

/// Has jobs done, at most `at_once` at a time, until the drain begins; what is under way then is brought to its end, and
/// the drain waits for it.
pub async fn run<F>(app: &App, queue: &str, at_once: usize, work: impl Fn(Job) -> F)
where
    F: Future<Output: Into<Ended>>,
{
    let _hold = app.shutdown.hold();
    let mut jobs = app.backbone.follow_jobs();
    let mut under_way = FuturesUnordered::new();
    let mut closed_until = Millis(0);
    loop {
        let is_closed = app.clock.now() < closed_until;
        let limit = if is_closed {
            0
        } else {
            at_once - under_way.len()
        };
        match due(app, queue, limit).await {
            Ok(due) => under_way.extend(due.into_iter().map(|job| {
                let (id, attempts) = (job.id, job.attempts);
                let done = work(job);
                async move {
                    let ended = done.await.into();
                    settle(app, id, attempts, ended.settlement).await;
                    ended.closed_until
                }
            })),
            Err(error) => tracing::error!(%error, queue, "the queue cannot be read"),
        }
        let is_full = under_way.len() == at_once;
        tokio::select! {
            () = app.shutdown.draining() => break,
            Some(closed) = under_way.next(), if !under_way.is_empty() => {
                closed_until = closed.map_or(closed_until, |until| closed_until.max(until));
            }
            _ = jobs.changed(), if !is_full => {}
            () = sleep(POLL), if !is_full => {}
        }
    }
    while under_way.next().await.is_some() {}
}

/// Leases what is due now. A look first: a lease is a write, and most looks find nothing.
async fn due(app: &App, queue: &str, limit: usize) -> Result<Vec<Job>, BackboneError> {
    if limit == 0 {
        return Ok(Vec::new());
    }
    let now = app.clock.now();
    let next = app.backbone.next_due(queue).await?;
    if next.is_none_or(|next| next > now) {
        return Ok(Vec::new());
    }
    app.backbone.lease(queue, limit, now.plus(LEASE)).await
}

async fn settle(app: &App, job: i64, attempts: u32, settlement: Settlement) {
    if let Err(error) = app.backbone.settle(job, attempts, settlement).await {
        // The lease ends, and the job is done once more.
        tracing::error!(%error, job, "the end of an attempt cannot be noted");
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use serde_json::json;

    use super::*;
    use crate::backbone::jobs::JobState;
    use crate::publish::stage::{START, Stage};

    #[tokio::test]
    async fn a_closed_queue_is_left_alone() {
        let stage = Stage::new();
        let (backbone, clock) = (&stage.app.backbone, &stage.app.clock);
        for delivery in ["1", "2", "3"] {
            backbone.enqueue("q", delivery, json!({})).await.unwrap();
        }
        let opens = START.plus(Millis::from_secs(5));
        let begun = Mutex::new(Vec::new());
        let work = async |job: Job| {
            begun.lock().unwrap().push((job.delivery, clock.now()));
            if job.attempts > 1 || clock.now() > START {
                return Ended::from(Settlement::Done);
            }
            Ended {
                settlement: Settlement::Retry {
                    at: START.plus(Millis::from_secs(1)),
                    reason: "429".to_owned(),
                },
                closed_until: Some(opens),
            }
        };
        let look = async {
            while backbone.jobs(Some("q"), None, 9).await.unwrap()[0].state == JobState::Leased
                || begun.lock().unwrap().is_empty()
            {
                sleep(Duration::from_millis(5)).await;
            }
            clock.advance(Millis(opens.since(START).0 - 1));
            // Longer than a look at the queue is due.
            sleep(POLL * 2).await;
            clock.advance(Millis(1));
            while !backbone.jobs(Some("q"), None, 9).await.unwrap().is_empty() {
                sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::select! {
            () = run(&stage.app, "q", 1, work) => panic!("the worker ended"),
            ended = tokio::time::timeout(Duration::from_mins(1), look) => ended.unwrap(),
        }
        let at = |delivery: &str, at| (delivery.to_owned(), at);
        let mut begun = begun.into_inner().unwrap();
        begun.sort();
        assert_eq!(
            begun,
            [
                at("1", START),
                at("1", opens),
                at("2", opens),
                at("3", opens)
            ]
        );
    }
}
