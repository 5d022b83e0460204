//! Plays the desktop for agents nobody has subscribed: which outcome comes next, and when.
//!
//! Start with [`AutoOutcome::next`]; [`play`] brings it about.

use std::sync::Arc;
use std::time::Duration;

use cuecard_cxone::wire::notification::OutcomeKind;
use cuecard_protocol::{CardId, InteractionId};
use serde::{Deserialize, Serialize};

use crate::clock;
use crate::platform::Platform;

/// What becomes of suggestions for agents nobody has subscribed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// All are accepted.
    Accepted,
    /// All are dismissed.
    Dismissed,
    /// The first is accepted, the next dismissed, and so on.
    Both,
    /// Nothing: they wait for their agent.
    #[default]
    None,
}

/// What is set, and whose turn it is.
#[derive(Debug, Default)]
pub struct AutoOutcome {
    outcome: Outcome,
    delay: Duration,
    is_dismissals_turn: bool,
}

impl AutoOutcome {
    /// What is played from now on, and how long after the `ack`.
    pub fn set(&mut self, outcome: Outcome, delay: Duration) {
        *self = Self {
            outcome,
            delay,
            is_dismissals_turn: false,
        };
    }

    /// What becomes of the next suggestion, if that is decided here.
    pub fn next(&mut self) -> Option<(OutcomeKind, Duration)> {
        let kind = match self.outcome {
            Outcome::None => return None,
            Outcome::Accepted => OutcomeKind::Accepted,
            Outcome::Dismissed => OutcomeKind::Dismissed,
            Outcome::Both => {
                let is_dismissed = self.is_dismissals_turn;
                self.is_dismissals_turn = !is_dismissed;
                if is_dismissed {
                    OutcomeKind::Dismissed
                } else {
                    OutcomeKind::Accepted
                }
            }
        };
        Some((kind, self.delay))
    }
}

/// Reports a suggestion as rendered, and after the delay as decided.
pub fn play(
    platform: &Arc<Platform>,
    interaction: InteractionId,
    id: CardId,
    (kind, delay): (OutcomeKind, Duration),
) {
    let platform = Arc::clone(platform);
    tokio::spawn(async move {
        let report = |kind| {
            let now = clock::millis(clock::now());
            platform.injectors().report(kind, &interaction, &id, now);
        };
        report(OutcomeKind::Rendered);
        tokio::time::sleep(delay).await;
        report(kind);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_in_turn() {
        let mut auto = AutoOutcome::default();
        assert_eq!(auto.next(), None);
        let delay = Duration::from_millis(200);
        let mut kinds = |outcome| {
            auto.set(outcome, delay);
            [(); 3].map(|()| auto.next().map(|(kind, _)| kind))
        };
        let [accepted, dismissed] = [OutcomeKind::Accepted, OutcomeKind::Dismissed].map(Some);
        assert_eq!(kinds(Outcome::Accepted), [accepted; 3]);
        assert_eq!(kinds(Outcome::Dismissed), [dismissed; 3]);
        assert_eq!(kinds(Outcome::Both), [accepted, dismissed, accepted]);
        assert_eq!(kinds(Outcome::None), [None; 3]);
    }
}
