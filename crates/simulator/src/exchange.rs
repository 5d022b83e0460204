//! Brings cards to connections: the [`Hub`] with a bounded outbox for each of them.
//!
//! A connection that does not read never holds up a publisher: when its outbox is full it is cut off, and what it
//! had not delivered is kept like any card for an agent who is away. Start with [`Exchange::publish`].

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use crate::delivery::{Card, ConnectionId, Delivery, Hub};

/// Cards that wait at most for one connection.
const OUTBOX_CARDS: usize = 8192;
/// Bytes of cards that wait at most for one connection.
const OUTBOX_BYTES: usize = 16 << 20;

/// The receiving end of a connection's outbox.
#[derive(Debug)]
pub struct Outbox {
    cards: mpsc::Receiver<Arc<Delivery>>,
    waiting: Arc<AtomicUsize>,
}

impl Outbox {
    /// The next card, once there is one; for ever pending when the connection has been cut off. Cancel safe.
    pub async fn next(&mut self) -> Arc<Delivery> {
        match self.cards.recv().await {
            Some(delivery) => {
                self.waiting
                    .fetch_sub(delivery.card.bytes, Ordering::Relaxed);
                delivery
            }
            None => std::future::pending().await,
        }
    }
}

#[derive(Debug)]
struct Inlet {
    cards: mpsc::Sender<Arc<Delivery>>,
    waiting: Arc<AtomicUsize>,
}

/// What became of a published card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// So many connections have it in their outbox.
    pub delivered: usize,
    /// These could not take it and must be dropped.
    pub overrun: Vec<ConnectionId>,
}

/// The hub and the outboxes.
#[derive(Debug, Default)]
pub struct Exchange {
    /// Subscriptions, kept cards, known ids.
    pub hub: Hub,
    inlets: BTreeMap<ConnectionId, Inlet>,
}

impl Exchange {
    /// Opens an outbox for a connection.
    pub fn open(&mut self, connection: ConnectionId) -> Outbox {
        let (sender, receiver) = mpsc::channel(OUTBOX_CARDS);
        let waiting = Arc::new(AtomicUsize::new(0));
        self.inlets.insert(
            connection,
            Inlet {
                cards: sender,
                waiting: Arc::clone(&waiting),
            },
        );
        Outbox {
            cards: receiver,
            waiting,
        }
    }

    /// Publishes a card to everyone who is subscribed, or keeps it.
    pub fn publish(&mut self, card: Card) -> Published {
        let (delivery, connections) = self.hub.publish(card);
        let mut published = Published {
            delivered: 0,
            overrun: Vec::new(),
        };
        for connection in connections {
            if self
                .inlets
                .get(&connection)
                .is_some_and(|inlet| inlet.offer(&delivery))
            {
                published.delivered += 1;
            } else {
                self.inlets.remove(&connection);
                self.hub.disconnect(connection);
                published.overrun.push(connection);
            }
        }
        if !published.overrun.is_empty() {
            self.hub.take_back(delivery);
        }
        published
    }

    /// Subscribes a connection; what was kept, to be delivered before anything from its outbox.
    pub fn subscribe(
        &mut self,
        connection: ConnectionId,
        topic: &str,
        now: Timestamp,
    ) -> Vec<Arc<Delivery>> {
        self.hub.subscribe(connection, topic, now)
    }

    /// Closes a connection's outbox and takes back what it had not delivered.
    pub fn close(
        &mut self,
        connection: ConnectionId,
        undelivered: Vec<Arc<Delivery>>,
        mut outbox: Outbox,
    ) {
        self.inlets.remove(&connection);
        self.hub.disconnect(connection);
        for delivery in undelivered {
            self.hub.take_back(delivery);
        }
        while let Ok(delivery) = outbox.cards.try_recv() {
            self.hub.take_back(delivery);
        }
    }
}

impl Inlet {
    fn offer(&self, delivery: &Arc<Delivery>) -> bool {
        let bytes = delivery.card.bytes;
        // One card always fits, however big, or it could never be delivered.
        let waiting = self.waiting.load(Ordering::Relaxed);
        if waiting > 0 && waiting + bytes > OUTBOX_BYTES {
            return false;
        }
        self.waiting.fetch_add(bytes, Ordering::Relaxed);
        match self.cards.try_send(Arc::clone(delivery)) {
            Ok(()) => true,
            Err(TrySendError::Full(_) | TrySendError::Closed(_)) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card(n: usize, bytes: usize) -> Card {
        Card {
            object_id: n.to_string(),
            contact_id: "INT-1".into(),
            agent_id: "AGT-1".into(),
            content: serde_json::Value::Null,
            bytes,
            expires: Timestamp::MAX,
        }
    }

    #[test]
    fn a_connection_that_does_not_read_is_cut_off_and_loses_nothing() {
        let mut exchange = Exchange::default();
        let idle = exchange.open(1);
        let _reading = exchange.open(2);
        exchange.subscribe(1, "AGT-1_agentcopilot", Timestamp::UNIX_EPOCH);
        for n in 0..OUTBOX_CARDS {
            assert_eq!(
                exchange.publish(card(n, 1)),
                Published {
                    delivered: 1,
                    overrun: vec![]
                }
            );
        }
        assert_eq!(
            exchange.publish(card(OUTBOX_CARDS, 1)),
            Published {
                delivered: 0,
                overrun: vec![1]
            }
        );
        exchange.close(1, vec![], idle);
        let kept = exchange.subscribe(2, "AGT-1_agentcopilot", Timestamp::UNIX_EPOCH);
        let ids: Vec<_> = kept
            .iter()
            .map(|delivery| delivery.card.object_id.parse::<usize>().unwrap())
            .collect();
        assert_eq!(ids, (0..=OUTBOX_CARDS).collect::<Vec<_>>());
    }

    #[test]
    fn bytes_are_bounded_too_but_one_card_always_fits() {
        let mut exchange = Exchange::default();
        let _outbox = exchange.open(1);
        exchange.subscribe(1, "AGT-1_agentcopilot", Timestamp::UNIX_EPOCH);
        assert_eq!(exchange.publish(card(1, 2 * OUTBOX_BYTES)).delivered, 1);
        assert_eq!(exchange.publish(card(2, 1)).overrun, [1]);
    }
}
