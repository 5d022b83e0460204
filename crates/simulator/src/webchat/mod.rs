//! Web chat: guests, and what customers see of an agent's typing (platform wire, sections 7, 13 and 14.10).
//!
//! The state is here, pure and told the time; one file for each endpoint; the guest's socket is in `sockets::guest`.
//! A guest lives until its client closes its socket, or for its lifetime after the last call while no socket is open;
//! with the guest the indicator goes off. A digital thread, which `sender_actions` writes to, has no end. Start with
//! [`Webchat`].

pub mod guests;
pub mod sender_actions;
pub mod typing;

use std::collections::{BTreeMap, VecDeque};

use axum::http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::api_error::ApiError;
use crate::frame_rules::shown;

/// Guests and threads that are remembered at most, of each; the oldest guest, or the first thread, leaves first.
const MAX_KEPT: usize = 10_000;
/// Changes of one view that are remembered at most; the oldest leave first.
const MAX_CHANGES: usize = 10_000;

/// A change of the indicator, as the customer saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// When, epoch milliseconds.
    pub at_ms: i64,
    /// What the indicator showed from then on.
    pub typing: bool,
}

/// Why a guest cannot be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GuestRefusal {
    /// Never made, or forgotten.
    #[error("there is no such guest")]
    Unknown,
    /// Its session is over.
    #[error("the guest's session is over")]
    Expired,
}

impl GuestRefusal {
    /// 404, with the code of the refusal.
    pub fn answer(self, guest_id: &str) -> ApiError {
        let error = match self {
            Self::Unknown => "not_found",
            Self::Expired => "guest_expired",
        };
        let message = format!("guest {:?}: {self}", shown(guest_id));
        ApiError::new(StatusCode::NOT_FOUND, error, message)
    }
}

/// What one customer has seen. It begins with an indicator that is off.
#[derive(Debug, Default)]
struct View(VecDeque<Shown>);

impl View {
    fn typing(&self) -> bool {
        self.0.back().is_some_and(|change| change.typing)
    }

    fn show(&mut self, typing: bool, now: Timestamp) {
        if typing == self.typing() {
            return;
        }
        if self.0.len() == MAX_CHANGES {
            self.0.pop_front();
        }
        let at_ms = now.as_millisecond();
        self.0.push_back(Shown { at_ms, typing });
    }

    fn changes(&self) -> Vec<Shown> {
        self.0.iter().copied().collect()
    }
}

#[derive(Debug)]
struct Guest {
    view: View,
    /// The last call, or the last coming or going of a socket.
    touched: Timestamp,
    sockets: usize,
    over: bool,
}

impl Guest {
    /// Ends it if its time is over.
    fn settle(&mut self, lifetime: SignedDuration, now: Timestamp) {
        if !self.over && self.sockets == 0 && now.duration_since(self.touched) >= lifetime {
            self.end(self.touched + lifetime);
        }
    }

    fn end(&mut self, at: Timestamp) {
        self.over = true;
        self.view.show(false, at);
    }
}

/// All guests and threads.
#[derive(Debug)]
pub struct Webchat {
    lifetime: SignedDuration,
    guests: BTreeMap<String, Guest>,
    /// Ids in `guests`, oldest first.
    order: VecDeque<String>,
    threads: BTreeMap<String, View>,
}

impl Webchat {
    /// Nobody yet. Guests live for `lifetime` after their last call.
    pub fn new(lifetime: SignedDuration) -> Self {
        Self {
            lifetime,
            guests: BTreeMap::new(),
            order: VecDeque::new(),
            threads: BTreeMap::new(),
        }
    }

    /// Makes a guest of a new id.
    pub fn create(&mut self, id: String, now: Timestamp) {
        if self.order.len() == MAX_KEPT
            && let Some(oldest) = self.order.pop_front()
        {
            self.guests.remove(&oldest);
        }
        let guest = Guest {
            view: View::default(),
            touched: now,
            sockets: 0,
            over: false,
        };
        self.order.push_back(id.clone());
        self.guests.insert(id, guest);
    }

    /// Turns a guest's indicator on or off.
    ///
    /// # Errors
    ///
    /// [`GuestRefusal`] when there is no such guest any more.
    pub fn set(&mut self, id: &str, typing: bool, now: Timestamp) -> Result<(), GuestRefusal> {
        self.call(id, now)?.view.show(typing, now);
        Ok(())
    }

    /// Whether a guest's indicator is on.
    ///
    /// # Errors
    ///
    /// [`GuestRefusal`] when there is no such guest any more.
    pub fn typing(&mut self, id: &str, now: Timestamp) -> Result<bool, GuestRefusal> {
        self.call(id, now).map(|guest| guest.view.typing())
    }

    /// A guest's socket opens.
    ///
    /// # Errors
    ///
    /// [`GuestRefusal`] when there is no such guest any more.
    pub fn socket_opens(&mut self, id: &str, now: Timestamp) -> Result<(), GuestRefusal> {
        self.call(id, now)?.sockets += 1;
        Ok(())
    }

    /// A guest's socket has ended. When the client closed the last one, the session is over; a connection that was
    /// merely lost may come again.
    pub fn socket_ends(&mut self, id: &str, closed_by_client: bool, now: Timestamp) {
        let Some(guest) = self.guests.get_mut(id).filter(|guest| !guest.over) else {
            return;
        };
        guest.sockets = guest.sockets.saturating_sub(1);
        guest.touched = now;
        if closed_by_client && guest.sockets == 0 {
            guest.end(now);
        }
    }

    /// Turns the indicator of a digital thread (`<channelId>/<threadId>`) on or off.
    pub fn act(&mut self, thread: String, typing: bool, now: Timestamp) {
        if self.threads.len() == MAX_KEPT && !self.threads.contains_key(&thread) {
            self.threads.pop_first();
        }
        self.threads.entry(thread).or_default().show(typing, now);
    }

    /// Ends all guests; how many lived.
    pub fn expire_all(&mut self, now: Timestamp) -> usize {
        self.settle(now);
        let alive = self.guests.values_mut().filter(|guest| !guest.over);
        alive.map(|guest| guest.end(now)).count()
    }

    /// What the customer of a guest or a thread saw; nothing when there is none.
    pub fn view(&mut self, id: &str, now: Timestamp) -> Vec<Shown> {
        self.settle(now);
        let view = self.guests.get(id).map(|guest| &guest.view);
        view.or_else(|| self.threads.get(id))
            .map(View::changes)
            .unwrap_or_default()
    }

    /// What all customers saw.
    pub fn views(&mut self, now: Timestamp) -> BTreeMap<String, Vec<Shown>> {
        self.settle(now);
        let guests = self.guests.iter().map(|(id, guest)| (id, &guest.view));
        guests
            .chain(&self.threads)
            .map(|(id, view)| (id.clone(), view.changes()))
            .collect()
    }

    fn settle(&mut self, now: Timestamp) {
        for guest in self.guests.values_mut() {
            guest.settle(self.lifetime, now);
        }
    }

    /// The living guest that a call is about.
    fn call(&mut self, id: &str, now: Timestamp) -> Result<&mut Guest, GuestRefusal> {
        let guest = self.guests.get_mut(id).ok_or(GuestRefusal::Unknown)?;
        guest.settle(self.lifetime, now);
        if guest.over {
            return Err(GuestRefusal::Expired);
        }
        guest.touched = now;
        Ok(guest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millisecond(ms).unwrap()
    }

    fn on(at_ms: i64) -> Shown {
        Shown {
            at_ms,
            typing: true,
        }
    }

    fn off(at_ms: i64) -> Shown {
        Shown {
            at_ms,
            typing: false,
        }
    }

    /// One guest, `g`, made at 0, that lives for 1000 ms.
    fn webchat() -> Webchat {
        let mut webchat = Webchat::new(SignedDuration::from_secs(1));
        webchat.create("g".into(), at(0));
        webchat
    }

    #[test]
    fn only_changes_are_seen() {
        let mut webchat = webchat();
        for (ms, typing) in [
            (1, false),
            (2, true),
            (3, true),
            (4, false),
            (5, false),
            (6, true),
        ] {
            assert_eq!(webchat.set("g", typing, at(ms)), Ok(()));
            assert_eq!(webchat.typing("g", at(ms)), Ok(typing));
        }
        assert_eq!(webchat.view("g", at(7)), [on(2), off(4), on(6)]);
    }

    #[test]
    fn a_guest_ends_its_lifetime_after_the_last_call_and_the_indicator_with_it() {
        let mut webchat = webchat();
        assert_eq!(webchat.set("g", true, at(900)), Ok(()));
        assert_eq!(webchat.view("g", at(1800)), [on(900)], "looking is no call");
        assert_eq!(webchat.typing("g", at(1899)), Ok(true));
        assert_eq!(
            webchat.typing("g", at(2899)),
            Err(GuestRefusal::Expired),
            "asking was a call"
        );
        assert_eq!(
            webchat.set("g", false, at(2900)),
            Err(GuestRefusal::Expired)
        );
        assert_eq!(webchat.view("g", at(9000)), [on(900), off(2899)]);
        assert_eq!(webchat.typing("h", at(0)), Err(GuestRefusal::Unknown));
    }

    #[test]
    fn an_open_socket_keeps_a_guest_until_its_client_closes_it() {
        let mut webchat = webchat();
        webchat.socket_opens("g", at(1)).unwrap();
        webchat.socket_opens("g", at(2)).unwrap();
        assert_eq!(webchat.set("g", true, at(5000)), Ok(()));
        webchat.socket_ends("g", true, at(8000));
        assert_eq!(webchat.typing("g", at(9500)), Ok(true), "one is still open");
        webchat.socket_ends("g", true, at(9600));
        assert_eq!(webchat.typing("g", at(9601)), Err(GuestRefusal::Expired));
        assert_eq!(
            webchat.socket_opens("g", at(9601)),
            Err(GuestRefusal::Expired)
        );
        assert_eq!(webchat.view("g", at(9601)), [on(5000), off(9600)]);
    }

    #[test]
    fn a_lost_socket_leaves_the_guest_its_lifetime() {
        let mut webchat = webchat();
        webchat.socket_opens("g", at(1)).unwrap();
        webchat.set("g", true, at(2)).unwrap();
        webchat.socket_ends("g", false, at(5000));
        assert_eq!(webchat.view("g", at(5999)), [on(2)]);
        assert_eq!(webchat.view("g", at(6000)), [on(2), off(6000)]);
    }

    #[test]
    fn threads_and_guests_are_seen_side_by_side() {
        let mut webchat = webchat();
        webchat.act("chat/INT-1".into(), true, at(1));
        webchat.act("chat/INT-1".into(), true, at(2));
        webchat.act("chat/INT-1".into(), false, at(90_000));
        assert_eq!(webchat.view("chat/INT-1", at(90_000)), [on(1), off(90_000)]);
        assert_eq!(
            webchat.views(at(90_000)),
            BTreeMap::from([
                ("chat/INT-1".into(), vec![on(1), off(90_000)]),
                ("g".into(), vec![])
            ])
        );
        assert_eq!(webchat.view("nobody", at(0)), []);
    }

    #[test]
    fn all_guests_can_be_ended_at_once() {
        let mut webchat = webchat();
        webchat.create("h".into(), at(10));
        webchat.set("h", true, at(11)).unwrap();
        assert_eq!(webchat.expire_all(at(20)), 2);
        assert_eq!(webchat.expire_all(at(21)), 0);
        assert_eq!(webchat.typing("g", at(21)), Err(GuestRefusal::Expired));
        assert_eq!(webchat.view("h", at(21)), [on(11), off(20)]);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut webchat = webchat();
        for n in 0..MAX_KEPT {
            webchat.create(format!("g{n}"), at(0));
            webchat.act(format!("c/{n:05}"), true, at(0));
        }
        assert_eq!(webchat.typing("g", at(0)), Err(GuestRefusal::Unknown));
        assert_eq!(webchat.typing("g0", at(0)), Ok(false));
        webchat.act("c/x".into(), true, at(0));
        assert_eq!(webchat.threads.len(), MAX_KEPT);
        assert_eq!(webchat.view("c/00000", at(0)), []);
        for n in 0..=MAX_CHANGES {
            webchat
                .set("g0", n % 2 == 0, at(i64::try_from(n).unwrap()))
                .unwrap();
        }
        let view = webchat.view("g0", at(10_500));
        assert_eq!((view.len(), view[0]), (MAX_CHANGES, off(1)));
    }
}
