//! Takes one receiver's jobs and delivers them. It decides nothing: see [`super::settlement`].

use std::time::Duration;

use cuecard_cxone::{http, retry_after};
use metrics::counter;
use reqwest::Client;
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use serde_json::{Map, json};

use super::request;
use super::settlement::{Answer, settle};
use crate::App;
use crate::audit::Event;
use crate::backbone::jobs::{Job, Settlement};
use crate::backbone::publications::Outcome;
use crate::config::callbacks::Receiver;
use crate::signature::{self, DELIVERY, SIGNATURE, TIMESTAMP};
use crate::work;

/// Most deliveries of one receiver under way at once.
const AT_ONCE: usize = 4;

/// Delivers until the drain begins.
pub(super) async fn run(app: App, receiver: Receiver, http: Client) {
    let queue = super::queue(&receiver);
    work::run(&app, &queue, AT_ONCE, |job| {
        deliver(&app, &receiver, &http, job)
    })
    .await;
}

async fn deliver(app: &App, receiver: &Receiver, http: &Client, job: Job) -> Settlement {
    match serde_json::from_value::<Outcome>(job.payload.clone()) {
        Ok(outcome) => {
            let answer = post(app, receiver, http, &job, &outcome).await;
            let settlement = settle(&answer, &job, app.clock.now(), app.clock.draw());
            tell(app, receiver, &job, &outcome, &answer, &settlement);
            settlement
        }
        Err(error) => Settlement::Dead {
            reason: format!("the job cannot be read: {error}"),
        },
    }
}

async fn post(
    app: &App,
    receiver: &Receiver,
    http: &Client,
    job: &Job,
    outcome: &Outcome,
) -> Answer {
    let body = match request::body(outcome) {
        Ok(body) => body,
        Err(error) => return Answer::Unreachable(error.to_string()),
    };
    let (timestamp, signature) = signature::sign(&receiver.secret, app.clock.now(), &body);
    let sent = http
        .post(receiver.url.as_url().clone())
        .timeout(receiver.timeout)
        .header(CONTENT_TYPE, "application/json")
        .header(TIMESTAMP, timestamp)
        .header(SIGNATURE, signature)
        .header(DELIVERY, &job.delivery)
        .body(body)
        .send();
    match sent.await {
        Ok(response) => Answer::Status {
            code: response.status().as_u16(),
            retry_after: wait_asked(app, response.headers()),
        },
        Err(error) => Answer::Unreachable(http::describe(error)),
    }
}

fn wait_asked(app: &App, headers: &HeaderMap) -> Option<Duration> {
    let now = std::time::UNIX_EPOCH + Duration::from_millis(app.clock.now().0);
    retry_after::from_headers(headers, now)
}

/// Log, metrics and audit of a try.
fn tell(
    app: &App,
    receiver: &Receiver,
    job: &Job,
    outcome: &Outcome,
    answer: &Answer,
    settlement: &Settlement,
) {
    let (name, reason) = (receiver.name.as_str(), answer.reason());
    let (result, event) = match settlement {
        Settlement::Done => ("delivered", Some("callback_delivered")),
        Settlement::Retry { .. } => ("retry", None),
        Settlement::Dead { .. } => ("dead", Some("callback_dead")),
    };
    counter!("cuecard_callbacks_total", "receiver" => name.to_owned(), "outcome" => result)
        .increment(1);
    match settlement {
        Settlement::Done => {}
        Settlement::Retry { .. } => {
            tracing::warn!(
                receiver = name,
                job = job.id,
                attempts = job.attempts,
                reason,
                "a callback will be tried again"
            );
        }
        Settlement::Dead { .. } => {
            tracing::error!(
                receiver = name,
                job = job.id,
                attempts = job.attempts,
                reason,
                "a callback is dead"
            );
        }
    }
    let Some(event) = event else { return };
    let mut detail = Map::from_iter([
        ("event".to_owned(), json!(outcome.outcome)),
        ("kind".to_owned(), json!(outcome.kind)),
        ("delivery".to_owned(), json!(job.delivery)),
        ("attempts".to_owned(), json!(job.attempts)),
    ]);
    if let Answer::Status { code, .. } = answer {
        detail.insert("status".to_owned(), json!(code));
    }
    app.audit.record(Event {
        event,
        actor: receiver.name.clone(),
        interaction: Some(outcome.interaction_id.to_string()),
        card: Some(outcome.card_id.to_string()),
        outcome: if result == "dead" { "dead" } else { "ok" },
        detail,
    });
}
