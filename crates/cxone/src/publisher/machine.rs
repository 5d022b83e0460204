//! What a publish socket decides: what is sent when, what is kept, and what is lost.
//!
//! Pure: [`Machine::step`] takes an event, the time and a drawn number, and returns effects; [`Machine::deadline`]
//! says when it wants [`Event::Timer`]. No socket, no clock. The shell is `socket`; what is kept is in `backlog`, an open
//! connection in `connection`.
//!
//! The platform acknowledges no alert and no prompt (platform wire, section 8.12). So a WebSocket ping follows what
//! was sent: its pong says that the peer has read everything before it. What no pong covers when the connection ends
//! is sent again on the next one; the platform knows a repeat by its id and says `duplicate`, which then means
//! success.
//!
//! A suggestion is kept until it was rendered or decided. What was decided while the connection was away is told right
//! behind `auth.success`; so repeats wait for the first pong of a connection, or a decided one would be sent again and
//! take a place in the platform's buffer.

use std::time::Duration;

use super::{
    CAPACITY, Loss, PublishEvent,
    backlog::Backlog,
    connection::Connection,
    dialect::{Authentication, Confirmation, Rules},
    step::{Answer, Effect, Event, Offer},
};
use crate::{
    backoff::Moment,
    outage::Outage,
    reconnect::Reconnect,
    wire::error_frame::{ErrorCode, ErrorFrame},
};

/// A pong that takes longer means that the connection is dead.
pub const PONG_WAIT: Duration = Duration::from_secs(10);
/// How long the platform may take to answer the frame that carries the token.
pub const AUTH_WAIT: Duration = Duration::from_secs(10);
/// How long the platform may take to answer our close frame.
pub const CLOSE_WAIT: Duration = Duration::from_secs(5);

#[derive(Debug, Clone, Copy)]
enum State {
    Idle,
    Connecting,
    Authenticating { until: Moment },
    Open(Connection),
    Waiting { until: Moment },
    Closing { until: Moment },
    Stopped,
}

/// A publish socket's decisions.
#[derive(Debug, Clone)]
pub struct Machine {
    rules: Rules,
    state: State,
    reconnect: Reconnect,
    backlog: Backlog,
    probes: u64,
}

impl Machine {
    /// A machine that waits for [`Event::Start`].
    pub fn new(rules: Rules) -> Self {
        Self {
            rules,
            state: State::Idle,
            reconnect: Reconnect::default(),
            backlog: Backlog::new(rules.confirmation),
            probes: 0,
        }
    }

    /// Whether all is over.
    pub fn is_stopped(&self) -> bool {
        matches!(self.state, State::Stopped)
    }

    /// How many frames are kept.
    pub fn kept(&self) -> usize {
        self.backlog.len()
    }

    /// Whether the frame of this id is kept.
    pub fn keeps(&self, id: &str) -> bool {
        self.backlog.holds(id)
    }

    /// When [`Event::Timer`] is wanted.
    pub fn deadline(&self) -> Option<Moment> {
        let state = match self.state {
            State::Idle | State::Connecting | State::Stopped => None,
            State::Open(connection) => {
                let due = self.backlog.due_at(connection.takes_repeats);
                Some(due.map_or(connection.deadline(), |due| due.min(connection.deadline())))
            }
            State::Authenticating { until }
            | State::Waiting { until }
            | State::Closing { until } => Some(until),
        };
        [state, self.backlog.expires_at()]
            .into_iter()
            .flatten()
            .min()
    }

    /// One step. `draw` is uniform in 0 to 1, drawn anew for each.
    pub fn step(&mut self, event: Event, now: Moment, draw: f64) -> Vec<Effect> {
        let mut effects = Vec::new();
        self.expire(now, &mut effects);
        match event {
            Event::Start => {
                self.state = State::Connecting;
                effects.push(Effect::Connect);
            }
            Event::Publish { offer, is_repeat } => self.publish(offer, is_repeat, &mut effects),
            Event::Withdraw(id) => {
                self.backlog.remove(&id);
            }
            Event::Opened => self.opened(now, &mut effects),
            Event::Authenticated => {
                if matches!(self.state, State::Authenticating { .. }) {
                    self.ready(now, &mut effects);
                }
            }
            Event::Failed(outage) => self.outage(outage, now, draw, &mut effects),
            Event::Pong(number) => self.pong(number, &mut effects),
            Event::Answer { id, answer } => self.answer(id, answer, &mut effects),
            Event::Error(frame) => self.error(frame, now, draw, &mut effects),
            Event::Unreadable { reason } => {
                effects.push(Effect::Emit(PublishEvent::Unreadable { reason }));
            }
            Event::Ended { clean, reason } => self.ended(clean, reason, now, draw, &mut effects),
            Event::Timer => self.timer(now, draw, &mut effects),
            Event::Stop => self.stop(now, &mut effects),
        }
        self.expire(now, &mut effects);
        self.send(now, &mut effects);
        effects
    }

    fn expire(&mut self, now: Moment, effects: &mut Vec<Effect>) {
        for id in self.backlog.expire(now) {
            effects.push(lost(id, self.rules.too_late));
        }
    }

    fn publish(&mut self, offer: Offer, is_repeat: bool, effects: &mut Vec<Effect>) {
        if self.backlog.holds(&offer.frame.id) {
            return;
        }
        if matches!(self.state, State::Closing { .. } | State::Stopped) {
            effects.push(lost(offer.frame.id, Loss::Stopped));
            return;
        }
        if self.backlog.len() >= CAPACITY
            && let Some(id) = self.backlog.remove_oldest()
        {
            effects.push(lost(id, Loss::Crowded));
        }
        self.backlog.add(offer, is_repeat);
    }

    /// Sends what is due, and probes when something waits to be confirmed and no probe is under way.
    fn send(&mut self, now: Moment, effects: &mut Vec<Effect>) {
        let State::Open(connection) = &mut self.state else {
            return;
        };
        let due = self.backlog.send(connection.takes_repeats, now);
        effects.extend(due.into_iter().map(Effect::Send));
        let sends = self.backlog.sends();
        if connection.wants_pong(sends) {
            let probe = connection.probe(&mut self.probes, sends, now);
            effects.extend(probe.map(Effect::Probe));
        }
    }

    fn opened(&mut self, now: Moment, effects: &mut Vec<Effect>) {
        if !matches!(self.state, State::Connecting) {
            return;
        }
        match self.rules.authentication {
            Authentication::Query | Authentication::RawQuery => self.ready(now, effects),
            Authentication::Frame => {
                self.state = State::Authenticating {
                    until: now + AUTH_WAIT,
                };
                effects.push(Effect::Authenticate);
            }
        }
    }

    fn ready(&mut self, now: Moment, effects: &mut Vec<Effect>) {
        self.reconnect.connected(now);
        let takes_repeats =
            self.rules.confirmation == Confirmation::Pong || !self.backlog.has_repeats();
        self.state = State::Open(Connection::new(
            now + self.rules.heartbeat_every,
            self.backlog.sends(),
            takes_repeats,
        ));
        effects.push(Effect::Emit(PublishEvent::Connected));
    }

    fn pong(&mut self, number: u64, effects: &mut Vec<Effect>) {
        let State::Open(connection) = &mut self.state else {
            return;
        };
        if let Some(sends) = connection.pong(number) {
            self.arrived(sends, effects);
        }
    }

    /// The platform has read the first `sends` of all sends.
    fn arrived(&mut self, sends: u64, effects: &mut Vec<Effect>) {
        let arrived = self.backlog.arrived(sends).into_iter();
        effects.extend(arrived.map(|id| Effect::Emit(PublishEvent::Arrived { id })));
    }

    fn answer(&mut self, id: String, answer: Answer, effects: &mut Vec<Effect>) {
        self.backlog.answered(&id);
        effects.push(Effect::Emit(match answer {
            Answer::Acknowledged { latency } => PublishEvent::Acknowledged { id, latency },
            Answer::Accepted => PublishEvent::Accepted { id },
            Answer::Dismissed => PublishEvent::Dismissed { id },
        }));
    }

    fn error(&mut self, frame: ErrorFrame, now: Moment, draw: f64, effects: &mut Vec<Effect>) {
        let ErrorFrame {
            code, reference, ..
        } = frame;
        // A frame refused because the token was not good is sent again with another: refused is the token.
        let refused = reference.filter(|_| code != ErrorCode::Unauthorized);
        let event = match refused {
            Some(id) => self.refused(id, code, now),
            None => PublishEvent::Rejected { code, id: None },
        };
        effects.push(Effect::Emit(event));
        let is_up = matches!(self.state, State::Authenticating { .. } | State::Open(_));
        if is_up && code.closes_socket() {
            effects.push(Effect::Abort);
            let outage = match code {
                ErrorCode::Unauthorized => Outage::Unauthorized,
                _ => Outage::Rejected {
                    code: "protocol".to_owned(),
                },
            };
            self.outage(outage, now, draw, effects);
        }
    }

    /// The platform has refused the frame of this id: what that means for it.
    fn refused(&mut self, id: String, code: ErrorCode, now: Moment) -> PublishEvent {
        if code == ErrorCode::Duplicate && self.backlog.known(&id) {
            return PublishEvent::Known { id };
        }
        if code == ErrorCode::BufferLimit
            && let Some(retry_in) = self.backlog.defer(&id, now)
        {
            return PublishEvent::Deferred { id, retry_in };
        }
        self.backlog.refused(&id);
        // One that is still to be sent is not refused: it was another under the same id.
        let id = Some(id).filter(|id| !self.backlog.holds(id));
        PublishEvent::Rejected { code, id }
    }

    fn ended(
        &mut self,
        clean: bool,
        reason: String,
        now: Moment,
        draw: f64,
        effects: &mut Vec<Effect>,
    ) {
        match self.state {
            State::Authenticating { .. } | State::Open(_) => {
                self.outage(Outage::Ended { reason }, now, draw, effects);
            }
            State::Closing { .. } => {
                if clean {
                    // The answer to our close frame comes after everything that we sent was read.
                    self.arrived(self.backlog.sends(), effects);
                }
                self.stopped(effects);
            }
            State::Idle | State::Connecting | State::Waiting { .. } | State::Stopped => {}
        }
    }

    fn outage(&mut self, outage: Outage, now: Moment, draw: f64, effects: &mut Vec<Effect>) {
        if !matches!(
            self.state,
            State::Connecting | State::Authenticating { .. } | State::Open(_)
        ) {
            return;
        }
        let plan = self.reconnect.failed(&outage, now, draw);
        self.backlog.disconnected();
        self.state = State::Waiting {
            until: now + plan.wait,
        };
        if plan.discard_token {
            effects.push(Effect::DiscardToken);
        }
        effects.push(Effect::Emit(PublishEvent::Disconnected {
            outage,
            retry_in: plan.wait,
        }));
    }

    fn timer(&mut self, now: Moment, draw: f64, effects: &mut Vec<Effect>) {
        match &mut self.state {
            State::Waiting { until } if now >= *until => {
                self.state = State::Connecting;
                effects.push(Effect::Connect);
            }
            State::Closing { until } if now >= *until => {
                effects.push(Effect::Abort);
                self.stopped(effects);
            }
            State::Authenticating { until } if now >= *until => {
                effects.push(Effect::Abort);
                self.outage(Outage::Silent { after: AUTH_WAIT }, now, draw, effects);
            }
            State::Open(connection) if connection.is_silent(now) => {
                effects.push(Effect::Abort);
                self.outage(Outage::Silent { after: PONG_WAIT }, now, draw, effects);
            }
            State::Open(connection) if connection.is_beat_due(now) => {
                connection.beat_again_at(now + self.rules.heartbeat_every);
                if self.rules.has_heartbeat_frame {
                    effects.push(Effect::Heartbeat);
                }
                // A heartbeat frame gets no answer, and a dead connection takes writes for many minutes.
                let probe = connection.probe(&mut self.probes, self.backlog.sends(), now);
                effects.extend(probe.map(Effect::Probe));
            }
            _ => {}
        }
    }

    fn stop(&mut self, now: Moment, effects: &mut Vec<Effect>) {
        match self.state {
            State::Open(_) => {
                effects.push(Effect::Close);
                self.state = State::Closing {
                    until: now + CLOSE_WAIT,
                };
            }
            State::Idle
            | State::Connecting
            | State::Authenticating { .. }
            | State::Waiting { .. } => {
                effects.push(Effect::Abort);
                self.stopped(effects);
            }
            State::Closing { .. } | State::Stopped => {}
        }
    }

    fn stopped(&mut self, effects: &mut Vec<Effect>) {
        self.state = State::Stopped;
        while let Some(id) = self.backlog.remove_oldest() {
            effects.push(lost(id, Loss::Stopped));
        }
    }
}

fn lost(id: String, loss: Loss) -> Effect {
    Effect::Emit(PublishEvent::Lost { id, loss })
}

#[cfg(test)]
#[path = "machine_tests.rs"]
mod tests;
