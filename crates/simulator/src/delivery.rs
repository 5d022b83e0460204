//! Who gets which card: subscriptions, cards kept for agents who are away, and what has been seen before; pure.
//!
//! Connections are numbers here and time is an argument; sending is done elsewhere (`exchange`). Start with
//! [`Hub::publish`]. The rules are those of platform wire sections 14.5 to 14.7.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cuecard_cxone::wire::notification::{OutcomeKind, agent_topic};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::recent::{MEMORY, Recent};

/// Names a socket within this process.
pub type ConnectionId = u64;

/// Undelivered alerts are kept for so long (section 14.5).
pub const ALERT_LIFETIME: SignedDuration = MEMORY;
/// Cards kept at most for one agent who is away; the oldest leave first.
pub const MAX_KEPT: usize = 10_000;

/// A card on its way to an agent.
#[derive(Debug, Clone, PartialEq)]
pub struct Card {
    /// `contentId`, suggestion id or `frame_id`.
    pub object_id: String,
    /// The interaction.
    pub contact_id: String,
    /// The agent.
    pub agent_id: String,
    /// The published frame, unchanged.
    pub content: Value,
    /// Its size as JSON, in bytes.
    pub bytes: usize,
    /// After this moment it is not delivered any more.
    pub expires: Timestamp,
}

/// A card with its place in the order of publication.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// Rises with every published card.
    pub seq: u64,
    /// The card.
    pub card: Card,
}

/// Subscriptions and kept cards.
#[derive(Debug, Default)]
pub struct Hub {
    next_seq: u64,
    subscribers: BTreeMap<String, BTreeSet<ConnectionId>>,
    kept: BTreeMap<String, BTreeMap<u64, Arc<Delivery>>>,
    content_ids: Recent<String>,
    reports: Recent<(OutcomeKind, String, String)>,
}

impl Hub {
    /// Publishes a card: the connections it goes to, or none, and then it is kept until it expires.
    pub fn publish(&mut self, card: Card) -> (Arc<Delivery>, Vec<ConnectionId>) {
        self.next_seq += 1;
        let delivery = Arc::new(Delivery {
            seq: self.next_seq,
            card,
        });
        let connections = self.subscribers_of(&delivery.card.agent_id);
        if connections.is_empty() {
            self.keep(Arc::clone(&delivery));
        }
        (delivery, connections)
    }

    /// Takes back what a connection could not deliver, unless somebody else has had it.
    pub fn take_back(&mut self, delivery: Arc<Delivery>) {
        if self.subscribers_of(&delivery.card.agent_id).is_empty() {
            self.keep(delivery);
        }
    }

    /// Subscribes a connection; what was kept for the topic, in the order of publication. Repeats do no harm.
    pub fn subscribe(
        &mut self,
        connection: ConnectionId,
        topic: &str,
        now: Timestamp,
    ) -> Vec<Arc<Delivery>> {
        self.subscribers
            .entry(topic.to_owned())
            .or_default()
            .insert(connection);
        let kept = self.kept.remove(topic).unwrap_or_default();
        kept.into_values()
            .filter(|delivery| now < delivery.card.expires)
            .collect()
    }

    /// Ends one subscription.
    pub fn unsubscribe(&mut self, connection: ConnectionId, topic: &str) {
        if let Some(connections) = self.subscribers.get_mut(topic) {
            connections.remove(&connection);
            if connections.is_empty() {
                self.subscribers.remove(topic);
            }
        }
    }

    /// Ends all subscriptions of a connection.
    pub fn disconnect(&mut self, connection: ConnectionId) {
        self.subscribers.retain(|_, connections| {
            connections.remove(&connection);
            !connections.is_empty()
        });
    }

    /// Whether this alert id is new; if so it is remembered.
    pub fn first_sight(&mut self, content_id: &str, now: Timestamp) -> bool {
        self.content_ids.insert(content_id.to_owned(), now)
    }

    /// Whether this is a new report and no repeat; if so it is remembered. The same kind for the same card at another
    /// time is another report: the id of a suggestion may come again.
    pub fn first_report(
        &mut self,
        kind: OutcomeKind,
        object_id: &str,
        at: &str,
        now: Timestamp,
    ) -> bool {
        self.reports
            .insert((kind, object_id.to_owned(), at.to_owned()), now)
    }

    /// Whether a desktop shows the agent's cards.
    pub fn is_present(&self, agent_id: &str) -> bool {
        self.subscribers.contains_key(&agent_topic(agent_id))
    }

    fn subscribers_of(&self, agent_id: &str) -> Vec<ConnectionId> {
        self.subscribers
            .get(&agent_topic(agent_id))
            .into_iter()
            .flatten()
            .copied()
            .collect()
    }

    fn keep(&mut self, delivery: Arc<Delivery>) {
        let kept = self
            .kept
            .entry(agent_topic(&delivery.card.agent_id))
            .or_default();
        kept.insert(delivery.seq, delivery);
        if kept.len() > MAX_KEPT {
            kept.pop_first();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn card(agent: &str, id: &str) -> Card {
        Card {
            object_id: id.into(),
            contact_id: "INT-1".into(),
            agent_id: agent.into(),
            content: Value::Null,
            bytes: 4,
            expires: at(600),
        }
    }

    fn ids(deliveries: &[Arc<Delivery>]) -> Vec<&str> {
        deliveries
            .iter()
            .map(|delivery| delivery.card.object_id.as_str())
            .collect()
    }

    #[test]
    fn cards_go_to_every_subscriber_of_the_agent_and_to_nobody_else() {
        let mut hub = Hub::default();
        hub.subscribe(1, "AGT-1_agentcopilot", at(0));
        hub.subscribe(2, "AGT-1_agentcopilot", at(0));
        hub.subscribe(3, "AGT-2_agentcopilot", at(0));
        hub.subscribe(4, "AGT-1_agentcopilot_health", at(0));
        assert_eq!(hub.publish(card("AGT-1", "a")).1, [1, 2]);
        hub.unsubscribe(1, "AGT-1_agentcopilot");
        assert_eq!(hub.publish(card("AGT-1", "b")).1, [2]);
        hub.disconnect(2);
        assert_eq!(
            hub.publish(card("AGT-1", "c")).1,
            Vec::<ConnectionId>::new()
        );
    }

    #[test]
    fn cards_for_the_absent_are_kept_until_they_expire_and_handed_over_once_in_order() {
        let mut hub = Hub::default();
        hub.publish(Card {
            expires: at(5),
            ..card("AGT-1", "short")
        });
        let (first, _) = hub.publish(card("AGT-1", "a"));
        hub.publish(card("AGT-1", "b"));
        assert_eq!(
            ids(&hub.subscribe(1, "AGT-1_agentcopilot", at(5))),
            ["a", "b"]
        );
        assert_eq!(
            ids(&hub.subscribe(2, "AGT-1_agentcopilot", at(5))),
            Vec::<&str>::new()
        );
        hub.disconnect(1);
        hub.take_back(Arc::clone(&first));
        assert_eq!(
            ids(&hub.subscribe(3, "AGT-1_agentcopilot", at(6))),
            Vec::<&str>::new(),
            "2 has had it"
        );
        hub.disconnect(2);
        hub.disconnect(3);
        hub.publish(card("AGT-1", "c"));
        hub.take_back(first);
        assert_eq!(
            ids(&hub.subscribe(4, "AGT-1_agentcopilot", at(6))),
            ["a", "c"],
            "the older one first"
        );
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let mut hub = Hub::default();
        for n in 0..=MAX_KEPT {
            hub.publish(card("AGT-1", &n.to_string()));
        }
        let kept = hub.subscribe(1, "AGT-1_agentcopilot", at(0));
        assert_eq!(
            (kept.len(), kept[0].card.object_id.as_str()),
            (MAX_KEPT, "1")
        );
    }

    #[test]
    fn ids_are_remembered_for_ten_minutes() {
        let mut hub = Hub::default();
        assert!(hub.first_sight("a", at(0)));
        assert!(
            !hub.first_sight("a", at(599)),
            "still within the window, which a repeat does not extend"
        );
        assert!(hub.first_sight("a", at(600)));
        let mut first = |kind, at_text: &str| hub.first_report(kind, "a", at_text, at(1));
        assert!(first(OutcomeKind::Rendered, "t1"));
        assert!(first(OutcomeKind::Dismissed, "t1"));
        assert!(!first(OutcomeKind::Dismissed, "t1"));
        assert!(first(OutcomeKind::Dismissed, "t2"), "of its next life");
    }
}
