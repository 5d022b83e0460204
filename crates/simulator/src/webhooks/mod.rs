//! The webhook `interaction.completed`, sent until it is answered 2xx (platform wire, sections 6.1 and 14.9).
//!
//! What is known of each delivery is here; how one is signed in `signature`, how one is sent in `courier`. Start with
//! [`send`].

mod courier;
mod signature;

use std::collections::VecDeque;
use std::sync::Arc;

use cuecard_cxone::http::{ClientError, client};
use cuecard_cxone::platform::HttpUrl;
use cuecard_cxone::wire::tasks::InteractionCompleted;
use reqwest::Client;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::clock;
use crate::platform::Platform;

/// Deliveries that are remembered at most; the oldest leave first.
const MAX_KEPT: usize = 10_000;
/// Requests that are under way at the same time.
const MAX_REQUESTS: usize = 32;

/// Where webhooks go, and the secret that signs them; unsigned without.
#[derive(Debug, Clone)]
pub struct Receiver {
    /// The address.
    pub url: HttpUrl,
    /// The secret.
    pub secret: Option<SecretString>,
}

/// What is known of a delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Webhook {
    /// Its id, in the header `X-Cuecard-Delivery`.
    pub delivery: String,
    /// The body.
    #[serde(flatten)]
    pub event: InteractionCompleted,
    /// How often it shall be answered 2xx.
    pub wanted: u32,
    /// How often it was sent.
    pub attempts: u32,
    /// How often it was answered 2xx.
    pub received: u32,
    /// The status of the last answer; `None` before the first, and when there was no answer.
    pub status: Option<u16>,
}

/// All deliveries, and the tasks that send them.
#[derive(Debug)]
pub struct Webhooks {
    /// Made when it is first needed: that loads the system's certificates.
    client: Option<Client>,
    places: Arc<Semaphore>,
    known: VecDeque<Webhook>,
    /// How many are not known any more.
    forgotten: usize,
    couriers: JoinSet<()>,
}

impl Default for Webhooks {
    fn default() -> Self {
        Self {
            client: None,
            places: Arc::new(Semaphore::new(MAX_REQUESTS)),
            known: VecDeque::new(),
            forgotten: 0,
            couriers: JoinSet::new(),
        }
    }
}

impl Webhooks {
    /// What is known of the deliveries, oldest first.
    pub fn known(&self) -> Vec<Webhook> {
        self.known.iter().cloned().collect()
    }

    /// Ends all sending.
    pub fn stop(&mut self) {
        self.couriers.abort_all();
    }

    /// Remembers a new delivery; its number.
    fn add(&mut self, webhook: Webhook) -> usize {
        if self.known.len() == MAX_KEPT {
            self.known.pop_front();
            self.forgotten += 1;
        }
        self.known.push_back(webhook);
        self.forgotten + self.known.len() - 1
    }

    /// Brings what is known of a delivery up to date.
    fn update(&mut self, number: usize, webhook: &Webhook) {
        let index = number.checked_sub(self.forgotten);
        if let Some(known) = index.and_then(|index| self.known.get_mut(index)) {
            known.clone_from(webhook);
        }
    }

    fn client(&mut self) -> Result<Client, ClientError> {
        Ok(match &self.client {
            Some(made) => made.clone(),
            None => self.client.insert(client()?).clone(),
        })
    }
}

/// Starts to send an event; the id of its delivery. It is sent until it was answered 2xx, and then again, until it was
/// answered so `wanted` times.
///
/// # Errors
///
/// When there is no HTTP client.
pub fn send(
    platform: &Arc<Platform>,
    receiver: Receiver,
    event: InteractionCompleted,
    wanted: u32,
) -> Result<String, ClientError> {
    let webhook = Webhook {
        delivery: clock::fresh_id(),
        event,
        wanted,
        attempts: 0,
        received: 0,
        status: None,
    };
    let id = webhook.delivery.clone();
    let mut webhooks = platform.webhooks();
    let errand = courier::Errand {
        client: webhooks.client()?,
        places: Arc::clone(&webhooks.places),
        receiver,
        number: webhooks.add(webhook.clone()),
        webhook,
    };
    // Those that have come back are let go, or they would be kept for ever.
    while webhooks.couriers.try_join_next().is_some() {}
    webhooks
        .couriers
        .spawn(courier::carry(Arc::clone(platform), errand));
    Ok(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_bounded() {
        let mut webhooks = Webhooks::default();
        let webhook = |id: usize| Webhook {
            delivery: id.to_string(),
            event: InteractionCompleted {
                interaction_id: "INT-1".into(),
                agent_id: "AGT-1".into(),
            },
            wanted: 1,
            attempts: 0,
            received: 0,
            status: None,
        };
        for n in 0..=MAX_KEPT {
            assert_eq!(webhooks.add(webhook(n)), n);
        }
        let sent = |n| Webhook {
            attempts: 1,
            ..webhook(n)
        };
        webhooks.update(0, &sent(0));
        webhooks.update(2, &sent(2));
        let known = webhooks.known();
        assert_eq!(known.len(), MAX_KEPT);
        assert_eq!(known[..3], [webhook(1), sent(2), webhook(3)]);
    }
}
