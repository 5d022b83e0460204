//! The frames that are kept: which of them are due, which have been sent, and which are done with.
//!
//! Pure. It knows no connection: [`super::machine`] tells it when frames can be sent, and what is heard of them.

use std::{collections::VecDeque, time::Duration};

use super::{
    dialect::Confirmation,
    step::{Frame, Offer},
};
use crate::backoff::Moment;

/// The longest wait of a frame that the platform has no room for.
const LONGEST_DEFERRAL: Duration = Duration::from_secs(10);

/// The platform says `duplicate` soon after it has read a frame. A connection that lasts for weeks must not gather all of them.
const MOST_REPEATED: usize = 1000;

/// A frame that is kept.
#[derive(Debug, Clone)]
struct Kept {
    frame: Frame,
    /// Not sent before.
    due: Moment,
    /// Of no use from then on.
    until: Moment,
    /// Sent on this connection, as this one of all sends.
    sent: Option<u64>,
    /// Sent on an earlier connection, so the platform may have it.
    sent_before: bool,
    /// Its arrival has been told.
    is_told: bool,
    /// How often the platform had no room for it.
    deferrals: u32,
}

/// The frames that are kept, in the order in which they were offered.
#[derive(Debug, Clone)]
pub(super) struct Backlog {
    confirmation: Confirmation,
    kept: VecDeque<Kept>,
    /// How many sends there were, on all connections.
    sends: u64,
    /// What was sent again on this connection, for which `duplicate` means success; the last [`MOST_REPEATED`].
    repeated: VecDeque<String>,
}

impl Backlog {
    pub(super) fn new(confirmation: Confirmation) -> Self {
        Self {
            confirmation,
            kept: VecDeque::new(),
            sends: 0,
            repeated: VecDeque::new(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.kept.len()
    }

    pub(super) fn sends(&self) -> u64 {
        self.sends
    }

    pub(super) fn holds(&self, id: &str) -> bool {
        self.position(id).is_some()
    }

    /// Keeps a frame whose id it does not hold.
    pub(super) fn add(&mut self, offer: Offer, is_repeat: bool) {
        self.kept.push_back(Kept {
            frame: offer.frame,
            due: offer.from,
            until: offer.until,
            sent: None,
            sent_before: is_repeat,
            is_told: false,
            deferrals: 0,
        });
    }

    /// Stops keeping a frame.
    pub(super) fn remove(&mut self, id: &str) -> bool {
        self.position(id)
            .and_then(|index| self.kept.remove(index))
            .is_some()
    }

    /// Stops keeping the oldest; its id.
    pub(super) fn remove_oldest(&mut self) -> Option<String> {
        self.kept.pop_front().map(|kept| kept.frame.id)
    }

    /// Stops keeping what is of no use any more; the ids.
    pub(super) fn expire(&mut self, now: Moment) -> Vec<String> {
        let confirmation = self.confirmation;
        let mut expired = Vec::new();
        self.kept.retain(|kept| {
            let is_over = kept.expires_at(confirmation).is_some_and(|at| now >= at);
            if is_over {
                expired.push(kept.frame.id.clone());
            }
            !is_over
        });
        expired
    }

    /// When the next frame expires.
    pub(super) fn expires_at(&self) -> Option<Moment> {
        let expiries = self.kept.iter();
        expiries
            .filter_map(|kept| kept.expires_at(self.confirmation))
            .min()
    }

    /// Whether any frame may have been sent on an earlier connection.
    pub(super) fn has_repeats(&self) -> bool {
        self.kept.iter().any(|kept| kept.sent_before)
    }

    /// When the next frame is due that was not sent yet.
    pub(super) fn due_at(&self, with_repeats: bool) -> Option<Moment> {
        let waiting = self.kept.iter().filter(|kept| kept.waits(with_repeats));
        waiting.map(|kept| kept.due).min()
    }

    /// The frames that are due; from now on they are sent.
    pub(super) fn send(&mut self, with_repeats: bool, now: Moment) -> Vec<Frame> {
        let mut frames = Vec::new();
        for kept in &mut self.kept {
            if kept.waits(with_repeats) && kept.due <= now {
                self.sends += 1;
                kept.sent = Some(self.sends);
                if kept.sent_before {
                    if self.repeated.len() == MOST_REPEATED {
                        self.repeated.pop_front();
                    }
                    self.repeated.push_back(kept.frame.id.clone());
                }
                frames.push(kept.frame.clone());
            }
        }
        frames
    }

    /// The platform has read the first `sends` of all sends. The ids of those whose arrival was not told yet.
    pub(super) fn arrived(&mut self, sends: u64) -> Vec<String> {
        let mut arrived = Vec::new();
        for kept in &mut self.kept {
            if kept.sent.is_some_and(|sent| sent <= sends) && !kept.is_told {
                kept.is_told = true;
                arrived.push(kept.frame.id.clone());
            }
        }
        if self.confirmation == Confirmation::Pong {
            self.kept.retain(|kept| !kept.is_told);
        }
        arrived
    }

    /// The platform has said what became of a frame; stops keeping it, unless it was never sent.
    pub(super) fn answered(&mut self, id: &str) {
        if let Some(index) = self.position(id)
            && self.kept[index].was_sent()
        {
            self.kept.remove(index);
        }
    }

    /// The platform knows a frame already. Whether that is one that was sent again: it has arrived then.
    pub(super) fn known(&mut self, id: &str) -> bool {
        let is_ours = self.forget_repeat(id);
        if is_ours && let Some(index) = self.position(id) {
            self.kept[index].is_told = true;
            if self.confirmation == Confirmation::Pong {
                self.kept.remove(index);
            }
        }
        is_ours
    }

    /// The platform has no room for a frame that was sent. How long it waits until it is sent again; `None` if it is
    /// not kept, or a full buffer is not waited out.
    pub(super) fn defer(&mut self, id: &str, now: Moment) -> Option<Duration> {
        if self.confirmation == Confirmation::Pong {
            return None;
        }
        let index = self.position(id)?;
        let kept = &mut self.kept[index];
        kept.sent.take()?;
        let wait = Duration::from_secs(1 << kept.deferrals.min(6)).min(LONGEST_DEFERRAL);
        kept.deferrals += 1;
        kept.due = now + wait;
        self.forget_repeat(id);
        Some(wait)
    }

    /// The platform has refused a frame for good; stops keeping it if it was sent.
    pub(super) fn refused(&mut self, id: &str) {
        self.forget_repeat(id);
        if let Some(index) = self.position(id)
            && self.kept[index].sent.is_some()
        {
            self.kept.remove(index);
        }
    }

    /// The connection is over: what was sent on it has to be sent again.
    pub(super) fn disconnected(&mut self) {
        for kept in &mut self.kept {
            kept.sent_before |= kept.sent.take().is_some();
        }
        self.repeated.clear();
    }

    /// Whether it was one.
    fn forget_repeat(&mut self, id: &str) -> bool {
        let index = self.repeated.iter().position(|repeated| repeated == id);
        index
            .and_then(|index| self.repeated.remove(index))
            .is_some()
    }

    fn position(&self, id: &str) -> Option<usize> {
        self.kept.iter().position(|kept| kept.frame.id == id)
    }
}

impl Kept {
    /// Whether it was ever sent.
    fn was_sent(&self) -> bool {
        self.sent.is_some() || self.sent_before || self.deferrals > 0
    }

    fn waits(&self, with_repeats: bool) -> bool {
        self.sent.is_none() && (with_repeats || !self.sent_before)
    }

    /// When it is lost, as things stand: one whose pong is under way will have arrived in time.
    fn expires_at(&self, confirmation: Confirmation) -> Option<Moment> {
        (self.sent.is_none() || confirmation == Confirmation::Answer).then_some(self.until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_that_lasts_keeps_only_its_last_repeats() {
        let mut backlog = Backlog::new(Confirmation::Pong);
        let now = Moment::ZERO;
        for number in 0..=MOST_REPEATED {
            let frame = Frame {
                id: number.to_string(),
                text: String::new(),
            };
            let (from, until) = (now, Moment::MAX);
            backlog.add(Offer { frame, from, until }, true);
            assert_eq!(backlog.send(true, now).len(), 1);
            backlog.arrived(backlog.sends());
        }
        assert!(!backlog.known("0"));
        assert!(backlog.known("1") && backlog.known(&MOST_REPEATED.to_string()));
        assert!(!backlog.known("1"));
    }
}
