//! Whether a panel whose agent types is still there. A network that vanishes without a word closes no socket, and its
//! customer would see the agent type until the socket is given up; so it is probed often, while the agent types.

use cuecard_protocol::Millis;

use super::Limits;

/// The watch over one socket while its agent types.
#[derive(Debug)]
pub(super) struct Pulse {
    /// When the agent began to type with this panel, if it does. To begin is a sign of life.
    typing_since: Option<Millis>,
    probed_at: Millis,
    /// When the first probe of this burst was sent that is not answered.
    unanswered_since: Option<Millis>,
    is_silent: bool,
}

/// What is due.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Beat {
    /// A probe.
    Probe,
    /// The panel has been silent for so long.
    Silent(Millis),
}

impl Pulse {
    /// Of a socket whose agent does not type.
    pub(super) const fn new() -> Self {
        Self {
            typing_since: None,
            probed_at: Millis(0),
            unanswered_since: None,
            is_silent: false,
        }
    }

    /// Whether the agent types with this panel.
    pub(super) fn types(&mut self, typing: bool, now: Millis) {
        self.typing_since = typing.then(|| self.typing_since.unwrap_or(now));
        self.unanswered_since = self.unanswered_since.filter(|_| typing);
    }

    /// Something came. True if the panel had been silent.
    pub(super) fn heard(&mut self) -> bool {
        self.unanswered_since = None;
        std::mem::take(&mut self.is_silent)
    }

    /// When something is due.
    pub(super) fn deadline(&self, last_heard: Millis, limits: &Limits) -> Option<Millis> {
        self.typing_since.filter(|_| !self.is_silent)?;
        let probe = last_heard
            .max(self.probed_at)
            .plus(limits.typing_probe_after);
        let silent = self.silent_at(last_heard, limits);
        Some(silent.map_or(probe, |silent| probe.min(silent)))
    }

    fn silent_at(&self, last_heard: Millis, limits: &Limits) -> Option<Millis> {
        let heard = last_heard.max(self.typing_since?);
        Some(limits.silent_at(heard, self.unanswered_since?))
    }

    /// What is due now.
    pub(super) fn beat(
        &mut self,
        last_heard: Millis,
        limits: &Limits,
        now: Millis,
    ) -> Option<Beat> {
        if self.deadline(last_heard, limits)? > now {
            return None;
        }
        let silent = self.silent_at(last_heard, limits);
        if silent.is_some_and(|silent| silent <= now) {
            self.is_silent = true;
            let heard = last_heard.max(self.typing_since?);
            return Some(Beat::Silent(now.since(heard)));
        }
        self.probed_at = now;
        self.unanswered_since.get_or_insert(now);
        Some(Beat::Probe)
    }
}
