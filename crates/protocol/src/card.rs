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
    /// A suggested next step, to accept or to dismiss.
    Suggestion(Suggestion),
    /// Snippets to paste.
    Prompt(Prompt),
    /// Something to be done after the conversation.
    Task(Task),
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

/// A suggested next step. Its context window ends with the card's `expires_at`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Suggestion {
    /// Plain text.
    pub content: String,
    /// The publisher's word for how urgent it is, such as `HIGH`; at most 32 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<String>,
    /// How well it fits, 0.70 to 1.
    pub relevance: f64,
    /// Who made it, as the publisher names itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

/// Snippets to paste, best first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Prompt {
    /// 1 to 5; five is the most urgent.
    pub level: u8,
    /// Stands on top of everything: an override from level 4.
    pub is_pinned: bool,
    /// How well it fits, 0 to 1 (platform wire, section 5.2).
    pub relevance: f64,
    /// One to ten.
    pub snippets: Vec<Snippet>,
}

/// A text to paste.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snippet {
    /// The publisher's id, unique within its prompt; at most 128 bytes.
    pub id: String,
    /// Plain text.
    pub content: String,
    /// What it is about.
    pub tags: Vec<String>,
    /// The system it comes from, such as `CRM`.
    pub source: String,
}

/// Something to be done after the conversation. `accepted` means done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Task {
    /// The platform's id, if it has said one; at most 128 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_id: Option<String>,
    /// The interaction's id where [`Card::interaction_id`] cannot hold it as it is; at most 256 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub true_interaction_id: Option<String>,
    /// Plain text.
    pub subject: String,
    /// How urgent it is.
    pub priority: TaskPriority,
    /// When it shall be done. The card leaves [`Card::TASK_OVERDUE`] later.
    pub due_at: Millis,
    /// The score that it was made for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
}

/// How urgent a task is, in rising order and as the platform writes it (platform wire, section 6.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum TaskPriority {
    /// Whenever there is time.
    Low,
    /// As usual.
    Normal,
    /// Before the usual.
    Medium,
    /// Soon.
    High,
    /// Now.
    Critical,
}

impl TaskPriority {
    /// The priority as the platform writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "Low",
            Self::Normal => "Normal",
            Self::Medium => "Medium",
            Self::High => "High",
            Self::Critical => "Critical",
        }
    }
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

    /// A task leaves so long after it is due.
    pub const TASK_OVERDUE: Millis = Millis::from_secs(7 * 24 * 3600);

    /// The slot this card takes, if its kind has one: one live alert for each interaction and level.
    pub fn slot(&self) -> Option<Slot> {
        match &self.body {
            CardBody::Alert(alert) => Some(Slot {
                interaction_id: self.interaction_id.clone(),
                level: alert.level,
            }),
            CardBody::Suggestion(_) | CardBody::Prompt(_) | CardBody::Task(_) => None,
        }
    }

    /// Whether both take the same [slot](Self::slot).
    pub fn shares_slot_with(&self, other: &Self) -> bool {
        match (&self.body, &other.body) {
            (CardBody::Alert(one), CardBody::Alert(two)) => {
                one.level == two.level && self.interaction_id == other.interaction_id
            }
            _ => false,
        }
    }

    /// The kind as logs, metrics and attributes name it.
    pub const fn kind(&self) -> &'static str {
        match &self.body {
            CardBody::Alert(_) => "alert",
            CardBody::Suggestion(_) => "suggestion",
            CardBody::Prompt(_) => "prompt",
            CardBody::Task(_) => "task",
        }
    }

    /// Its interaction by the platform's own id, whatever that consists of.
    pub fn true_interaction_id(&self) -> &str {
        match &self.body {
            CardBody::Task(Task {
                true_interaction_id: Some(id),
                ..
            }) => id,
            _ => self.interaction_id.as_str(),
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
