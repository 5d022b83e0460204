//! The risk monitor's shell: asks the sources, and publishes what [`super::risk_poll`] finds. It decides nothing.
//!
//! Start at [`watch`], which runs for one source.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use cuecard_cxone::{alerts::AlertPublisher, http, retry_after};
use cuecard_protocol::{CardId, Millis};
use metrics::counter;
use reqwest::{Client, header::ACCEPT};
use serde_json::{Map, json};
use tokio::time::{Instant, sleep_until};

use super::{
    risk_html::Finding,
    risk_poll::{Answer, Effect, Event, MAX_ANSWER_BYTES, Now, Poller, Settings},
};
use crate::{App, audit, clock::Clock, config::risk::RiskSource};

/// Gives each alert of this process a time of its own, which makes its id unique.
#[derive(Debug, Clone, Default)]
pub struct Stamps(Arc<AtomicU64>);

impl Stamps {
    /// Now, or just behind the last stamp.
    fn next(&self, now: Millis) -> Millis {
        let next = |last: u64| Some(now.0.max(last.saturating_add(1)));
        match self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, next)
        {
            Ok(last) | Err(last) => Millis(now.0.max(last.saturating_add(1))),
        }
    }
}

/// Watches one source. Runs until it is dropped.
pub async fn watch(
    app: App,
    source: RiskSource,
    http: Client,
    publisher: AlertPublisher,
    stamps: Stamps,
) {
    let risk = &app.config.risk;
    let monitor = Monitor {
        source: &source,
        http,
        timeout: risk.timeout,
        publisher,
        stamps,
        app: &app,
    };
    let start = Instant::now();
    let mut poller = Poller::new(Settings {
        every: risk.poll,
        high: risk.high,
        critical: risk.critical,
    });
    loop {
        if let Some(deadline) = poller.deadline() {
            sleep_until(start + deadline).await;
        }
        let mut event = Some(Event::Timer);
        while let Some(next) = event.take() {
            for effect in poller.step(next, now(&app.clock, start)) {
                event = monitor.execute(effect).await.or(event);
            }
        }
    }
}

fn now(clock: &Clock, start: Instant) -> Now {
    Now {
        moment: start.elapsed(),
        wall: clock.now(),
        draw: clock.draw(),
    }
}

struct Monitor<'a> {
    app: &'a App,
    source: &'a RiskSource,
    http: Client,
    timeout: Duration,
    publisher: AlertPublisher,
    stamps: Stamps,
}

impl Monitor<'_> {
    /// Carries an effect out; what follows from it, if anything.
    async fn execute(&self, effect: Effect) -> Option<Event> {
        let name = &self.source.name;
        match effect {
            Effect::Poll => return Some(Event::Answered(self.ask().await)),
            Effect::Publish(finding) => return self.publish(finding),
            Effect::Count(outcome) => {
                counter!("cuecard_risk_polls_total", "source" => name.clone(), "outcome" => outcome.as_str()).increment(1);
            }
            Effect::Trouble { outcome, reason } => {
                tracing::warn!(
                    source = name,
                    outcome = outcome.as_str(),
                    reason,
                    "a risk source is in trouble"
                );
                self.app.audit.record(audit::Event {
                    event: "risk_source_failed",
                    actor: name.clone(),
                    outcome: outcome.as_str(),
                    detail: Map::from_iter([("detail".to_owned(), json!(reason))]),
                    ..audit::Event::default()
                });
            }
            Effect::Recovered => {
                tracing::info!(source = name, "a risk source is well again");
                self.app.audit.record(audit::Event {
                    event: "risk_source_recovered",
                    actor: name.clone(),
                    outcome: "ok",
                    ..audit::Event::default()
                });
            }
        }
        None
    }

    fn publish(&self, finding: Finding) -> Option<Event> {
        let slot = (finding.interaction_id.clone(), finding.level);
        let alert = finding.into_alert(self.stamps.next(self.app.clock.now()));
        let event = |outcome| audit::Event {
            event: "published",
            actor: self.source.name.clone(),
            interaction: Some(alert.metadata.interaction_id.clone()),
            card: Some(alert.content_id.clone()),
            outcome,
            detail: Map::from_iter([
                ("kind".to_owned(), json!("alert")),
                ("level".to_owned(), json!(slot.1)),
                ("agent".to_owned(), json!(alert.metadata.agent_id)),
            ]),
        };
        match self.publisher.publish(alert.clone()) {
            Ok(()) => {
                if let Ok(card) = CardId::parse(alert.content_id.as_str()) {
                    self.app.sources.learn(&card, &self.source.name);
                }
                self.app.audit.record(event("ok"));
                None
            }
            Err(error) => {
                counter!("cuecard_alerts_lost_total").increment(1);
                tracing::error!(source = self.source.name, card = alert.content_id, %error, "an alert is lost");
                self.app.audit.record(event("lost"));
                Some(Event::Unpublished(slot.0, slot.1))
            }
        }
    }

    /// One poll, answer and body together within the timeout.
    async fn ask(&self) -> Answer {
        match tokio::time::timeout(self.timeout, self.request()).await {
            Ok(Ok(answer)) => answer,
            // The URL is left out: a query can hold a key.
            Ok(Err(error)) => Answer::Unreachable {
                reason: http::describe(error),
            },
            Err(_) => Answer::TimedOut,
        }
    }

    async fn request(&self) -> Result<Answer, reqwest::Error> {
        let request = self
            .http
            .get(self.source.url.as_url().clone())
            .header(ACCEPT, "application/json");
        let mut response = request.send().await?;
        let status = response.status().as_u16();
        let wall = std::time::UNIX_EPOCH + Duration::from_millis(self.app.clock.now().0);
        let retry_after = retry_after::from_headers(response.headers(), wall);
        let mut body = Some(Vec::new());
        while let Some(chunk) = response.chunk().await? {
            body = body.filter(|body| body.len() + chunk.len() <= MAX_ANSWER_BYTES);
            let Some(body) = &mut body else { break };
            body.extend_from_slice(&chunk);
        }
        Ok(Answer::Http {
            status,
            retry_after,
            body,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_stamps_are_alike_even_when_the_clock_stands_or_goes_back() {
        let stamps = Stamps::default();
        let other = stamps.clone();
        let times = [100, 100, 99, 100, 105, 105].map(|now| stamps.next(Millis(now)).0);
        assert_eq!(times, [100, 101, 102, 103, 105, 106]);
        assert_eq!(other.next(Millis(1)).0, 107);
    }
}
