//! An open connection on which frames can be sent: its heartbeat, and the ping that is under way.
//!
//! Pure. What is sent on it is [`super::machine`]'s to decide.

use super::machine::PONG_WAIT;
use crate::backoff::Moment;

/// A ping that waits for its pong.
#[derive(Debug, Clone, Copy)]
struct Probe {
    number: u64,
    until: Moment,
    /// How many sends there were before it.
    covers: u64,
}

/// An open connection on which frames can be sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Connection {
    heartbeat_at: Moment,
    probe: Option<Probe>,
    /// How many sends pongs have covered.
    covered: u64,
    /// Whether what may have been sent before can be sent again.
    pub(super) takes_repeats: bool,
}

impl Connection {
    /// One that is new, after so many sends on others.
    pub(super) fn new(heartbeat_at: Moment, sends: u64, takes_repeats: bool) -> Self {
        Self {
            heartbeat_at,
            probe: None,
            covered: sends,
            takes_repeats,
        }
    }

    /// When something is to be done about it.
    pub(super) fn deadline(&self) -> Moment {
        let silent_at = self.probe.map(|probe| probe.until);
        silent_at.map_or(self.heartbeat_at, |at| at.min(self.heartbeat_at))
    }

    /// Whether the platform has let a ping go unanswered for too long.
    pub(super) fn is_silent(&self, now: Moment) -> bool {
        self.probe.is_some_and(|probe| now >= probe.until)
    }

    /// Whether a heartbeat is due.
    pub(super) fn is_beat_due(&self, now: Moment) -> bool {
        now >= self.heartbeat_at
    }

    /// A heartbeat is sent; the next one is due then.
    pub(super) fn beat_again_at(&mut self, at: Moment) {
        self.heartbeat_at = at;
    }

    /// Whether it takes a pong to know more: of so many sends some are not covered, or repeats wait for one.
    pub(super) fn wants_pong(&self, sends: u64) -> bool {
        sends > self.covered || !self.takes_repeats
    }

    /// The number of a ping to be sent now, unless one is under way. `probes` counts those of all connections.
    pub(super) fn probe(&mut self, probes: &mut u64, sends: u64, now: Moment) -> Option<u64> {
        if self.probe.is_some() {
            return None;
        }
        *probes += 1;
        self.probe = Some(Probe {
            number: *probes,
            until: now + PONG_WAIT,
            covers: sends,
        });
        Some(*probes)
    }

    /// The pong of this number has come: how many sends it covers, if it was waited for.
    pub(super) fn pong(&mut self, number: u64) -> Option<u64> {
        let answered = self.probe.take_if(|probe| probe.number == number)?;
        self.covered = answered.covers;
        self.takes_repeats = true;
        Some(answered.covers)
    }
}
