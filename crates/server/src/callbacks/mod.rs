//! Outcomes, told to the URLs that want to know: signed, at least once, each receiver by itself.
//!
//! What is to be told is in the backbone's queues, one for each receiver, since the moment the outcome became durable
//! ([`subscriptions`]). [`worker`] delivers, [`request`] is what is posted, [`settlement`] decides what an answer means.

pub mod request;
pub mod settlement;
mod worker;

use std::collections::BTreeSet;
use std::time::Duration;

use cuecard_cxone::http::{self, ClientError};
use metrics::gauge;
use tokio::time::{MissedTickBehavior, interval};

use crate::App;
use crate::backbone::BackboneError;
use crate::backbone::subscription::Subscription;
use crate::config::callbacks::{Callbacks, Event, Receiver};

/// How often the queues are measured.
const MEASURE_EVERY: Duration = Duration::from_secs(5);

/// The queue of a receiver.
fn queue(receiver: &Receiver) -> String {
    format!("callback:{}", receiver.name)
}

/// What the backbone is to make jobs of.
pub fn subscriptions(callbacks: &Callbacks) -> Vec<Subscription> {
    let receivers = callbacks.receivers.iter();
    let subscription = |receiver: &Receiver| Subscription {
        queue: queue(receiver),
        outcomes: receiver
            .events
            .iter()
            .copied()
            .map(Event::as_str)
            .map(str::to_owned)
            .collect(),
        kinds: receiver.kinds.clone(),
    };
    receivers.map(subscription).collect()
}

/// Starts a worker for each receiver, and the measurement of all queues; they end with the drain, which waits until they have
/// let go of the store.
pub fn start(app: &App) -> Result<(), ClientError> {
    app.shutdown.run("queues' measurement", {
        let (app, hold) = (app.clone(), app.shutdown.hold());
        async move {
            measure(&app).await;
            drop((app, hold));
        }
    });
    if app.config.callbacks.receivers.is_empty() {
        return Ok(());
    }
    let http = http::client()?;
    for receiver in app.config.callbacks.receivers.clone() {
        let worker = worker::run(app.clone(), receiver, http.clone());
        app.shutdown.run("callbacks", worker);
    }
    Ok(())
}

async fn measure(app: &App) {
    let mut ticks = interval(MEASURE_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut queues: BTreeSet<String> = app.config.callbacks.receivers.iter().map(queue).collect();
    loop {
        tokio::select! {
            () = app.shutdown.draining() => return,
            _ = ticks.tick() => {}
        }
        if let Err(error) = show(app, &mut queues).await {
            tracing::error!(%error, "the queues cannot be measured");
        }
    }
}

/// Shows how the queues stand; one that was seen before and is empty now shows zeros.
#[expect(clippy::cast_precision_loss, reason = "counts of jobs, and seconds")]
async fn show(app: &App, queues: &mut BTreeSet<String>) -> Result<(), BackboneError> {
    let depths = app.backbone.depths().await?;
    queues.extend(depths.iter().map(|depth| depth.queue.clone()));
    let now = app.clock.now();
    for queue in queues.iter() {
        let depth = depths.iter().find(|depth| depth.queue == *queue);
        let (open, dead) = depth.map_or((0, 0), |depth| (depth.open, depth.dead));
        let oldest = depth.and_then(|depth| depth.oldest);
        let age = oldest.map_or(0, |oldest| now.since(oldest).0);
        gauge!("cuecard_jobs_open", "queue" => queue.clone()).set(open as f64);
        gauge!("cuecard_jobs_dead", "queue" => queue.clone()).set(dead as f64);
        gauge!("cuecard_jobs_oldest_seconds", "queue" => queue.clone()).set(age as f64 / 1000.0);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;
    use crate::publish::stage::Stage;

    #[tokio::test]
    async fn a_drain_waits_until_the_store_is_let_go() {
        let stage = Stage::new();
        start(&stage.app).unwrap();
        let idle = stage.app.shutdown.idle().now_or_never();
        assert!(idle.is_none(), "nothing keeps the server");
        stage.app.shutdown.begin();
        stage.app.shutdown.idle().await;
    }
}
