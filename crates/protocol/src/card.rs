//! A card: what is shown beside the conversation. A new kind is a new variant of [`CardBody`].

use serde::{Deserialize, Serialize};

use crate::{CardId, InteractionId, Millis};

/// A card as the broker sends it and the panel keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// The publisher's id; unique among the live cards of an agent.
    pub id: CardId,
    /// The conversation it belongs to.
    pub interaction_id: InteractionId,
    /// When the publisher made it, by the publisher's clock.
    pub published_at: Millis,
    /// When the server took it, by the server's clock; what the panel orders by.
    pub received_at: Millis,
    /// When it leaves by itself, by the server's clock.
    pub expires_at: Millis,
    /// What it says, by kind.
    pub body: CardBody,
}

/// The kinds of cards.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CardBody {
    /// A risk alert.
    Alert(Alert),
}

/// A risk alert: an HTML body under a level.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    /// How grave it is.
    pub level: AlertLevel,
    /// Plain text.
    pub title: String,
    /// The risk score, 0 to 1, where the publisher's body states one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// HTML within [`crate::html`]'s allow-list; styles as data, see [`crate::style`].
    pub html: String,
}

/// The two levels of a risk alert, in rising order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum AlertLevel {
    /// A score from 0.85.
    High,
    /// A score from 0.95.
    Critical,
}

impl AlertLevel {
    /// The level of a risk score, or none below 0.85 (platform wire, section 3.5).
    pub fn of_score(score: f64) -> Option<Self> {
        if score >= 0.95 {
            Some(Self::Critical)
        } else if score >= 0.85 {
            Some(Self::High)
        } else {
            None
        }
    }

    /// The level as the platform writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::High => "HIGH",
            Self::Critical => "CRITICAL",
        }
    }
}

/// A place that holds one live card at a time: a newer card for the same slot replaces the older one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot {
    interaction_id: InteractionId,
    level: AlertLevel,
}

impl Slot {
    /// The slot as one text, for a store's key.
    pub fn key(&self) -> String {
        format!("alert:{}:{}", self.level.as_str(), self.interaction_id)
    }
}

impl Card {
    /// Longest life of an alert.
    pub const ALERT_LIFETIME: Millis = Millis::from_secs(600);

    /// The slot this card takes, if its kind has one: one live alert for each interaction and level.
    pub fn slot(&self) -> Option<Slot> {
        match &self.body {
            CardBody::Alert(alert) => Some(Slot {
                interaction_id: self.interaction_id.clone(),
                level: alert.level,
            }),
        }
    }

    /// Whether both take the same [slot](Self::slot).
    pub fn shares_slot_with(&self, other: &Self) -> bool {
        match (&self.body, &other.body) {
            (CardBody::Alert(one), CardBody::Alert(two)) => {
                one.level == two.level && self.interaction_id == other.interaction_id
            }
        }
    }

    /// The kind as logs, metrics and attributes name it.
    pub const fn kind(&self) -> &'static str {
        match &self.body {
            CardBody::Alert(_) => "alert",
        }
    }

    /// Whether its time is over at `now` (server's clock).
    pub const fn is_expired(&self, now: Millis) -> bool {
        self.expires_at.0 <= now.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cards_share_a_slot_exactly_when_their_slots_are_equal() {
        let card = |interaction: &str, level| Card {
            id: CardId::parse("c").unwrap(),
            interaction_id: InteractionId::parse(interaction).unwrap(),
            published_at: Millis(1),
            received_at: Millis(1),
            expires_at: Millis(2),
            body: CardBody::Alert(Alert {
                level,
                title: String::new(),
                score: None,
                html: String::new(),
            }),
        };
        let cards = ["I1", "I2"].map(|interaction| {
            [AlertLevel::High, AlertLevel::Critical].map(|level| card(interaction, level))
        });
        for one in cards.iter().flatten() {
            for two in cards.iter().flatten() {
                assert_eq!(one.shares_slot_with(two), one.slot() == two.slot());
            }
        }
    }

    #[test]
    fn levels_begin_where_the_platform_says() {
        assert_eq!(AlertLevel::of_score(0.849_99), None);
        assert_eq!(AlertLevel::of_score(0.85), Some(AlertLevel::High));
        assert_eq!(AlertLevel::of_score(0.949_99), Some(AlertLevel::High));
        assert_eq!(AlertLevel::of_score(0.95), Some(AlertLevel::Critical));
        assert_eq!(AlertLevel::of_score(f64::NAN), None);
    }
}
