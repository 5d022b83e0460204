//! Who is told of outcomes: every outcome that matches becomes a job in the same transaction, so that none is forgotten.

use super::publications::{Kind, Outcome};

/// One receiver's wishes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// The queue that its jobs go to; a job's payload is the [`Outcome`].
    pub queue: String,
    /// The outcomes it wants, as [`Outcome::outcome`] names them.
    pub outcomes: Vec<String>,
    /// The kinds of cards it wants.
    pub kinds: Vec<Kind>,
}

impl Subscription {
    /// Whether this outcome is wanted.
    pub fn wants(&self, outcome: &Outcome) -> bool {
        self.outcomes.contains(&outcome.outcome) && self.kinds.contains(&outcome.kind)
    }
}
