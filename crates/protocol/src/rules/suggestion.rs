//! Suggestions: the buffer of five, duplicates, the context window, relevance and its adjustment.

use std::collections::BTreeMap;

use crate::{CardId, InteractionId, Millis};

/// Active suggestions of one interaction (platform wire, section 4.4).
pub const MAX_ACTIVE: usize = 5;

/// Least relevance (platform wire, section 4.4).
pub const MIN_RELEVANCE: f64 = 0.70;

/// How far a publisher's clock may be off.
pub const CLOCK_SKEW: Millis = Millis::from_secs(2);

/// How the suggestions of one interaction were taken so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Acceptance {
    /// Accepted ones.
    pub accepted: u64,
    /// Accepted and dismissed ones.
    pub decided: u64,
}

impl Acceptance {
    /// The part that was accepted, 0 to 1; none before the first decision.
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52 decisions")]
    pub fn rate(self) -> Option<f64> {
        (self.decided > 0).then(|| self.accepted as f64 / self.decided as f64)
    }
}

/// A suggestion that wants to become active.
#[derive(Debug, Clone, PartialEq)]
pub struct Offer {
    /// Its id.
    pub id: CardId,
    /// As its publisher rates it.
    pub relevance: f64,
    /// Its context window begins.
    pub start: Millis,
    /// Its context window ends.
    pub end: Millis,
}

/// Why a suggestion is refused, in the order in which the rules are checked.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// Five are active.
    #[error(
        "interaction {interaction:?} has {active} active suggestions, expected fewer than {MAX_ACTIVE}"
    )]
    BufferLimit {
        /// Which interaction.
        interaction: String,
        /// How many.
        active: usize,
    },
    /// It is active already.
    #[error("suggestion {id:?} is active, expected an id that is not")]
    Duplicate {
        /// Which.
        id: String,
    },
    /// Now is outside its window.
    #[error("context window is {start} to {end}, expected one that holds now ({now}) within {} ms", CLOCK_SKEW.0)]
    ContextWindow {
        /// Epoch milliseconds.
        start: Millis,
        /// Epoch milliseconds.
        end: Millis,
        /// Epoch milliseconds.
        now: Millis,
    },
    /// Not relevant enough, or no number that could be.
    #[error("relevance is {relevance}, expected {MIN_RELEVANCE:.2} to 1")]
    Relevance {
        /// As it was given.
        relevance: f64,
    },
}

impl Refusal {
    /// The code of the platform's error frame (platform wire, section 14.1).
    pub const fn code(&self) -> &'static str {
        match self {
            Self::BufferLimit { .. } => "buffer_limit",
            Self::Duplicate { .. } => "duplicate",
            Self::ContextWindow { .. } => "context_window",
            Self::Relevance { .. } => "relevance",
        }
    }
}

/// Checks an offer against the ids that are active in its interaction.
pub fn check(
    interaction: &InteractionId,
    offer: &Offer,
    active: &[CardId],
    now: Millis,
) -> Result<(), Refusal> {
    if active.len() >= MAX_ACTIVE {
        let interaction = interaction.to_string();
        let active = active.len();
        return Err(Refusal::BufferLimit {
            interaction,
            active,
        });
    }
    if active.contains(&offer.id) {
        return Err(Refusal::Duplicate {
            id: offer.id.to_string(),
        });
    }
    let (start, end) = (offer.start, offer.end);
    let begins = Millis(start.0.saturating_sub(CLOCK_SKEW.0)) <= now;
    if start > end || !begins || end.plus(CLOCK_SKEW) < now {
        return Err(Refusal::ContextWindow { start, end, now });
    }
    let relevance = offer.relevance;
    if !(MIN_RELEVANCE..=1.0).contains(&relevance) {
        return Err(Refusal::Relevance { relevance });
    }
    Ok(())
}

/// The relevance as the interaction's acceptance adjusts it (platform wire, section 4.4).
pub fn adjusted(relevance: f64, acceptance: Acceptance) -> f64 {
    match acceptance.rate() {
        Some(rate) if rate > 0.8 => (relevance + 0.05).min(1.0),
        Some(rate) if rate < 0.3 => (relevance - 0.05).max(MIN_RELEVANCE),
        _ => relevance,
    }
}

/// So many interactions are known at once; with one more, the longest unused is forgotten.
pub const MAX_INTERACTIONS: usize = 10_000;

/// The active suggestions of all interactions. A slot is freed by an outcome or when its window is over, whatever
/// became of the connection it came on.
#[derive(Debug, Clone, Default)]
pub struct Buffer {
    interactions: BTreeMap<InteractionId, Interaction>,
}

#[derive(Debug, Clone, Default)]
struct Interaction {
    active: BTreeMap<CardId, Millis>,
    acceptance: Acceptance,
    /// When a suggestion was last taken or decided.
    used: Millis,
}

impl Buffer {
    /// Takes an offer if it keeps the rules; gives its adjusted relevance.
    pub fn offer(
        &mut self,
        interaction: &InteractionId,
        offer: &Offer,
        now: Millis,
    ) -> Result<f64, Refusal> {
        let known = self.interactions.get(interaction);
        let active: Vec<CardId> = known
            .into_iter()
            .flat_map(|entry| &entry.active)
            .filter(|(_, end)| **end > now)
            .map(|(id, _)| id.clone())
            .collect();
        check(interaction, offer, &active, now)?;
        if known.is_none() {
            self.make_room(now);
        }
        let entry = self.interactions.entry(interaction.clone()).or_default();
        entry.active.retain(|_, end| *end > now);
        entry.active.insert(offer.id.clone(), offer.end);
        entry.used = now;
        Ok(adjusted(offer.relevance, entry.acceptance))
    }

    /// When it is full, forgets the interactions of which there is nothing to know, and if that is none, the longest
    /// unused.
    fn make_room(&mut self, now: Millis) {
        if self.interactions.len() < MAX_INTERACTIONS {
            return;
        }
        self.interactions.retain(|_, entry| {
            entry.acceptance.decided > 0 || entry.active.values().any(|end| *end > now)
        });
        if self.interactions.len() < MAX_INTERACTIONS {
            return;
        }
        let oldest = self.interactions.iter().min_by_key(|(_, entry)| entry.used);
        if let Some(oldest) = oldest.map(|(interaction, _)| interaction.clone()) {
            self.interactions.remove(&oldest);
        }
    }

    /// Frees the slot of a decided suggestion and counts the decision; false if it was not active at `now`.
    pub fn decide(
        &mut self,
        interaction: &InteractionId,
        id: &CardId,
        is_accepted: bool,
        now: Millis,
    ) -> bool {
        let Some(entry) = self.interactions.get_mut(interaction) else {
            return false;
        };
        let is_active = entry.active.remove(id).is_some_and(|end| end > now);
        if is_active {
            entry.used = now;
            entry.acceptance.decided += 1;
            entry.acceptance.accepted += u64::from(is_accepted);
        }
        is_active
    }

    /// How many are active in an interaction at `now`.
    pub fn active(&self, interaction: &InteractionId, now: Millis) -> usize {
        self.interactions.get(interaction).map_or(0, |entry| {
            let ends = entry.active.values();
            ends.filter(|end| **end > now).count()
        })
    }
}

#[cfg(test)]
#[path = "suggestion_tests.rs"]
mod tests;
