//! Sends one webhook: again until it is answered 2xx, then as often as asked. Start with [`carry`].

use std::sync::Arc;
use std::time::Duration;

use axum::http::header;
use reqwest::Client;
use serde_json::json;
use tokio::sync::Semaphore;
use tokio::time::sleep;

use super::signature::{DELIVERY, SIGNATURE, TIMESTAMP, sign};
use super::{Receiver, Webhook};
use crate::clock;
use crate::platform::Platform;

/// The longest wait between two tries.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// What is to be sent, and where to.
#[derive(Debug)]
pub struct Errand {
    /// Sends it.
    pub client: Client,
    /// Free when it may be sent.
    pub places: Arc<Semaphore>,
    /// Where it goes.
    pub receiver: Receiver,
    /// Its number among the webhooks.
    pub number: usize,
    /// What is known of it.
    pub webhook: Webhook,
}

/// Sends it until it was answered 2xx as often as wanted.
pub async fn carry(platform: Arc<Platform>, mut errand: Errand) {
    let event = &errand.webhook.event;
    let body = json!({
        "event": "interaction.completed",
        "interactionId": event.interaction_id,
        "agentId": event.agent_id,
    })
    .to_string();
    let mut failures = 0;
    loop {
        let status = errand.send(&body).await;
        let is_received = status.is_some_and(|status| (200..300).contains(&status));
        let webhook = &mut errand.webhook;
        webhook.attempts += 1;
        webhook.received += u32::from(is_received);
        webhook.status = status;
        platform.webhooks().update(errand.number, webhook);
        if webhook.received >= webhook.wanted {
            return;
        }
        if is_received {
            failures = 0;
        } else {
            tracing::info!(delivery = %webhook.delivery, status, "a webhook was not received");
            sleep(wait(failures)).await;
            failures += 1;
        }
    }
}

impl Errand {
    /// Sends it once, signed anew; the status of the answer, if there was one.
    async fn send(&self, body: &str) -> Option<u16> {
        // Never closed, so there is always a place sooner or later.
        let _place = self.places.acquire().await.ok()?;
        let timestamp = clock::now().as_second();
        let mut request = self
            .client
            .post(self.receiver.url.as_url().clone())
            .header(header::CONTENT_TYPE, "application/json")
            .header(DELIVERY, &self.webhook.delivery);
        if let Some(secret) = &self.receiver.secret {
            request = request
                .header(TIMESTAMP, timestamp)
                .header(SIGNATURE, sign(secret, timestamp, body.as_bytes()));
        }
        let answer = request.body(body.to_owned()).send().await.ok()?;
        Some(answer.status().as_u16())
    }
}

/// How long to wait after so many failures in a row before: 1 s, 2 s, 4 s and so on.
fn wait(failures: u32) -> Duration {
    let seconds = 2_u64.saturating_pow(failures);
    Duration::from_secs(seconds).min(LONGEST_WAIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_half_a_minute() {
        let waits: Vec<u64> = (0..8).map(|failures| wait(failures).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 30, 30, 30]);
        assert_eq!(wait(u32::MAX), LONGEST_WAIT);
    }
}
