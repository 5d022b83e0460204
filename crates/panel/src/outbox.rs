//! Actions on their way to the broker: kept until acknowledged, at most one of a kind for each card (for each
//! snippet, of adoptions), bounded. When they are sent is the panel's affair.

use std::collections::VecDeque;

use cuecard_protocol::{Action, ActionId, ActionKind, CardId, Millis};

/// Most actions kept. An agent without network has at most 200 cards to see and to decide on; more than this waits only
/// if the broker acknowledges nothing.
pub(crate) const MAX_WAITING: usize = 1_000;

/// Something that was done, before it has an id.
#[derive(Debug, Clone)]
pub(crate) struct Deed {
    pub(crate) card_id: CardId,
    pub(crate) kind: ActionKind,
    /// When (server's clock).
    pub(crate) at: Millis,
    pub(crate) reason: Option<String>,
    pub(crate) snippet_id: Option<String>,
    /// Of a snoozed card: when it comes back (server's clock).
    pub(crate) until: Option<Millis>,
}

impl Deed {
    /// One without a reason or a snippet.
    pub(crate) const fn new(card_id: CardId, kind: ActionKind, at: Millis) -> Self {
        Self {
            card_id,
            kind,
            at,
            reason: None,
            snippet_id: None,
            until: None,
        }
    }
}

/// The outbox.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    waiting: VecDeque<Action>,
    /// How many of them decide a card, so that most look-ups end here.
    decisions: usize,
    lost: u64,
    /// Makes ids that no other panel and no earlier life of this one made.
    life: String,
    next_id: u64,
}

impl Outbox {
    /// Begins a life; `now` and `random` (uniform in 0 … 1) make its action ids unlike all others.
    pub(crate) fn begin(&mut self, now: Millis, random: f64) {
        // All 52 bits of the fraction of a number in 1 … 2 are random.
        let bits = (1.0 + random.clamp(0.0, 1.0)).to_bits() & ((1 << 52) - 1);
        self.life = format!("{:x}-{bits:x}", now.0);
    }

    /// The name of this life.
    pub(crate) fn life(&self) -> &str {
        &self.life
    }

    /// Takes over what an earlier life left behind; it goes before everything else.
    pub(crate) fn restore(&mut self, actions: Vec<Action>) {
        for action in actions {
            self.push(action);
        }
    }

    /// Takes an action, unless one of its kind waits for this card (and snippet), and returns it for sending.
    pub(crate) fn add(&mut self, deed: Deed) -> Option<&Action> {
        self.next_id += 1;
        let id = ActionId::parse(format!("{}-{:x}", self.life, self.next_id)).ok()?;
        self.push(Action {
            id,
            card_id: deed.card_id,
            kind: deed.kind,
            at: deed.at,
            reason: deed.reason,
            snippet_id: deed.snippet_id,
            until: deed.until,
        })
    }

    /// The action is acknowledged; returns it if it was waiting.
    pub(crate) fn acknowledge(&mut self, id: &ActionId) -> Option<Action> {
        let index = self.waiting.iter().position(|action| action.id == *id)?;
        self.take(index)
    }

    /// All that waits, oldest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Action> {
        self.waiting.iter()
    }

    /// Whether a decision on this card is on its way; then the card is no longer the agent's to see.
    pub(crate) fn is_decided(&self, card_id: &CardId) -> bool {
        self.decisions > 0
            && self
                .waiting
                .iter()
                .any(|action| action.kind.is_decision() && action.card_id == *card_id)
    }

    /// How many actions were given up because too many waited.
    pub(crate) const fn lost(&self) -> u64 {
        self.lost
    }

    /// Forgets everything: another agent.
    pub(crate) fn clear(&mut self) {
        self.waiting.clear();
        self.decisions = 0;
    }

    fn push(&mut self, action: Action) -> Option<&Action> {
        let is_known = self.waiting.iter().any(|known| {
            known.kind == action.kind
                && known.card_id == action.card_id
                && known.snippet_id == action.snippet_id
        });
        if is_known {
            return None;
        }
        if self.waiting.len() >= MAX_WAITING {
            // A report is worth less than a decision.
            let report = self.waiting.iter().position(|old| !old.kind.is_decision());
            self.take(report.unwrap_or(0));
            self.lost += 1;
        }
        self.decisions += usize::from(action.kind.is_decision());
        self.waiting.push_back(action);
        self.waiting.back()
    }

    fn take(&mut self, index: usize) -> Option<Action> {
        let action = self.waiting.remove(index)?;
        self.decisions -= usize::from(action.kind.is_decision());
        Some(action)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outbox() -> Outbox {
        let mut outbox = Outbox::default();
        outbox.begin(Millis(1), 0.0);
        outbox
    }

    fn id(n: usize) -> CardId {
        CardId::parse(format!("c{n}")).unwrap()
    }

    fn kinds(outbox: &Outbox) -> Vec<(CardId, ActionKind)> {
        let actions = outbox.iter();
        actions
            .map(|action| (action.card_id.clone(), action.kind))
            .collect()
    }

    #[test]
    fn one_of_a_kind_for_each_card() {
        let mut outbox = outbox();
        assert!(
            outbox
                .add(Deed::new(id(1), ActionKind::Rendered, Millis(1)))
                .is_some()
        );
        assert!(
            outbox
                .add(Deed::new(id(1), ActionKind::Rendered, Millis(2)))
                .is_none()
        );
        assert!(!outbox.is_decided(&id(1)));
        assert!(
            outbox
                .add(Deed::new(id(1), ActionKind::Dismissed, Millis(2)))
                .is_some()
        );
        assert!(outbox.is_decided(&id(1)));
        assert!(!outbox.is_decided(&id(2)));
    }

    #[test]
    fn each_snippet_of_a_prompt_is_adopted_once() {
        let mut outbox = outbox();
        let mut adopt = |snippet: &str| {
            let mut deed = Deed::new(id(1), ActionKind::Adopted, Millis(1));
            deed.snippet_id = Some(snippet.to_owned());
            outbox.add(deed).is_some()
        };
        assert_eq!(["s1", "s2", "s1"].map(&mut adopt), [true, true, false]);
        assert!(!outbox.is_decided(&id(1)));
    }

    #[test]
    fn a_full_outbox_gives_up_the_oldest_report_before_any_decision() {
        let mut outbox = outbox();
        outbox.add(Deed::new(id(0), ActionKind::Dismissed, Millis(1)));
        for n in 1..MAX_WAITING {
            outbox.add(Deed::new(id(n), ActionKind::Rendered, Millis(1)));
        }
        assert_eq!(outbox.lost(), 0);
        outbox.add(Deed::new(id(0), ActionKind::Rendered, Millis(1)));
        assert_eq!(outbox.lost(), 1);
        let kinds = kinds(&outbox);
        assert_eq!(kinds.len(), MAX_WAITING);
        assert_eq!(kinds[0], (id(0), ActionKind::Dismissed));
        assert_eq!(kinds[1], (id(2), ActionKind::Rendered));
        assert_eq!(kinds[MAX_WAITING - 1], (id(0), ActionKind::Rendered));
    }

    #[test]
    fn an_unknown_acknowledgement_takes_nothing() {
        let mut outbox = outbox();
        let action = outbox
            .add(Deed::new(id(1), ActionKind::Dismissed, Millis(1)))
            .cloned();
        assert_eq!(outbox.acknowledge(&ActionId::parse("other").unwrap()), None);
        let action = action.unwrap();
        assert_eq!(outbox.acknowledge(&action.id), Some(action.clone()));
        assert_eq!(outbox.acknowledge(&action.id), None);
        assert!(!outbox.is_decided(&id(1)));
        assert_eq!(kinds(&outbox), []);
    }
}
