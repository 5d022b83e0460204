//! What the alerts socket decides: which alerts are sent when, which are kept, and which are lost.
//!
//! Pure: [`Machine::step`] takes an event, the time and a drawn number, and returns effects; [`Machine::deadline`]
//! says when it wants [`Event::Timer`]. No socket, no clock. The shell is [`super::socket`].
//!
//! The platform acknowledges no alert (platform wire, section 3.3). So a WebSocket ping follows what was sent: its
//! pong says that the peer has read everything before it. What no pong covers when the connection ends is sent again
//! on the next one; the platform knows a repeat by its `contentId` and says `duplicate`, which then means success.

use std::{
    collections::{BTreeSet, VecDeque},
    time::Duration,
};

use super::{
    AlertEvent, Loss,
    step::{Effect, Event},
};
use crate::{
    backoff::Moment,
    outage::Outage,
    reconnect::Reconnect,
    wire::{
        alerts::Alert,
        error_frame::{ErrorCode, ErrorFrame},
    },
};

/// The heartbeat's interval (platform wire, section 3.5).
pub const HEARTBEAT: Duration = Duration::from_secs(25);
/// An alert is of no use after this long (platform wire, section 14.5).
pub const LIFETIME: Duration = Duration::from_mins(10);
/// So many alerts are kept; with one more, the oldest is lost.
pub const CAPACITY: usize = 1000;
/// A pong that takes longer means that the connection is dead.
pub const PONG_WAIT: Duration = Duration::from_secs(10);
/// How long the platform may take to answer our close frame.
pub const CLOSE_WAIT: Duration = Duration::from_secs(5);

/// An alert that is not known to have arrived.
#[derive(Debug, Clone)]
struct Kept {
    alert: Alert,
    since: Moment,
    /// Sent on this connection.
    sent: bool,
    /// Sent on an earlier one.
    sent_before: bool,
}

/// A probe that waits for its pong.
#[derive(Debug, Clone, Copy)]
struct Probe {
    number: u64,
    until: Moment,
    /// How many of the kept alerts, from the front, were sent before it.
    covers: usize,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Idle,
    Connecting,
    Open {
        heartbeat_at: Moment,
        probe: Option<Probe>,
    },
    Waiting {
        until: Moment,
    },
    Closing {
        until: Moment,
    },
    Stopped,
}

/// The alerts socket's decisions.
#[derive(Debug, Clone)]
pub(crate) struct Machine {
    state: State,
    reconnect: Reconnect,
    /// Oldest first. On an open connection all are sent; off it, none is.
    kept: VecDeque<Kept>,
    probes: u64,
    /// What was sent again on this connection, for which `duplicate` means success.
    repeated: BTreeSet<String>,
}

impl Machine {
    pub(crate) fn new() -> Self {
        Self {
            state: State::Idle,
            reconnect: Reconnect::default(),
            kept: VecDeque::new(),
            probes: 0,
            repeated: BTreeSet::new(),
        }
    }

    /// Whether all is over.
    pub(crate) fn is_stopped(&self) -> bool {
        matches!(self.state, State::Stopped)
    }

    /// How many alerts are kept.
    pub(crate) fn kept(&self) -> usize {
        self.kept.len()
    }

    /// When [`Event::Timer`] is wanted.
    pub(crate) fn deadline(&self) -> Option<Moment> {
        let state = match self.state {
            State::Idle | State::Connecting | State::Stopped => None,
            State::Open {
                heartbeat_at,
                probe,
            } => Some(probe.map_or(heartbeat_at, |probe| probe.until.min(heartbeat_at))),
            State::Waiting { until } | State::Closing { until } => Some(until),
        };
        let oldest = self.kept.front().map(|kept| kept.since + LIFETIME);
        [state, oldest].into_iter().flatten().min()
    }

    /// One step. `draw` is uniform in 0 to 1, drawn anew for each.
    pub(crate) fn step(&mut self, event: Event, now: Moment, draw: f64) -> Vec<Effect> {
        let mut effects = Vec::new();
        self.expire(now, &mut effects);
        match event {
            Event::Start => {
                self.state = State::Connecting;
                effects.push(Effect::Connect);
            }
            Event::Publish(alert) => self.publish(alert, now, &mut effects),
            Event::Opened => self.opened(now, &mut effects),
            Event::Failed(outage) => self.outage(outage, now, draw, &mut effects),
            Event::Pong(number) => self.pong(number, now, &mut effects),
            Event::Error(frame) => self.error(frame, now, draw, &mut effects),
            Event::Unreadable { reason } => {
                effects.push(Effect::Emit(AlertEvent::Unreadable { reason }));
            }
            Event::Ended { clean, reason } => self.ended(clean, reason, now, draw, &mut effects),
            Event::Timer => self.timer(now, draw, &mut effects),
            Event::Stop => self.stop(now, &mut effects),
        }
        effects
    }

    fn expire(&mut self, now: Moment, effects: &mut Vec<Effect>) {
        while self
            .kept
            .front()
            .is_some_and(|kept| now.saturating_sub(kept.since) >= LIFETIME)
        {
            self.lose_oldest(Loss::Expired, effects);
        }
    }

    fn lose_oldest(&mut self, loss: Loss, effects: &mut Vec<Effect>) {
        if let Some(kept) = self.remove(0) {
            effects.push(Effect::Emit(AlertEvent::Lost {
                content_id: kept.alert.content_id,
                loss,
            }));
        }
    }

    /// Takes one out, and keeps the count of what the probe covers right.
    fn remove(&mut self, index: usize) -> Option<Kept> {
        if let State::Open {
            probe: Some(probe), ..
        } = &mut self.state
            && index < probe.covers
        {
            probe.covers -= 1;
        }
        self.kept.remove(index)
    }

    fn publish(&mut self, alert: Alert, now: Moment, effects: &mut Vec<Effect>) {
        if matches!(self.state, State::Closing { .. } | State::Stopped) {
            effects.push(Effect::Emit(AlertEvent::Lost {
                content_id: alert.content_id,
                loss: Loss::Stopped,
            }));
            return;
        }
        if self.kept.len() >= CAPACITY {
            self.lose_oldest(Loss::Crowded, effects);
        }
        let open = matches!(self.state, State::Open { .. });
        if open {
            effects.push(Effect::Send(alert.clone()));
        }
        self.kept.push_back(Kept {
            alert,
            since: now,
            sent: open,
            sent_before: false,
        });
        self.probe(now, effects);
    }

    /// Probes when something waits to be confirmed and no probe is under way.
    fn probe(&mut self, now: Moment, effects: &mut Vec<Effect>) {
        let covers = self.kept.len();
        if let State::Open {
            probe: probe @ None,
            ..
        } = &mut self.state
            && covers > 0
        {
            self.probes += 1;
            *probe = Some(Probe {
                number: self.probes,
                until: now + PONG_WAIT,
                covers,
            });
            effects.push(Effect::Probe(self.probes));
        }
    }

    fn opened(&mut self, now: Moment, effects: &mut Vec<Effect>) {
        if !matches!(self.state, State::Connecting) {
            return;
        }
        self.reconnect.connected(now);
        self.state = State::Open {
            heartbeat_at: now + HEARTBEAT,
            probe: None,
        };
        effects.push(Effect::Emit(AlertEvent::Connected));
        for kept in &mut self.kept {
            kept.sent = true;
            if kept.sent_before {
                self.repeated.insert(kept.alert.content_id.clone());
            }
            effects.push(Effect::Send(kept.alert.clone()));
        }
        self.probe(now, effects);
    }

    fn pong(&mut self, number: u64, now: Moment, effects: &mut Vec<Effect>) {
        let State::Open { probe, .. } = &mut self.state else {
            return;
        };
        let Some(answered) = probe.take_if(|probe| probe.number == number) else {
            return;
        };
        self.deliver(answered.covers, effects);
        self.probe(now, effects);
    }

    /// The first `count` have arrived.
    fn deliver(&mut self, count: usize, effects: &mut Vec<Effect>) {
        let arrived = self.kept.drain(..count);
        effects.extend(arrived.map(|kept| {
            Effect::Emit(AlertEvent::Delivered {
                content_id: kept.alert.content_id,
            })
        }));
    }

    fn error(&mut self, frame: ErrorFrame, now: Moment, draw: f64, effects: &mut Vec<Effect>) {
        let ErrorFrame {
            code,
            message,
            reference,
        } = frame;
        if !self.settle(code, reference.as_deref(), effects) {
            let (message, content_id) = (message.clone(), reference);
            effects.push(Effect::Emit(AlertEvent::Rejected {
                code,
                message,
                content_id,
            }));
        }
        if matches!(self.state, State::Open { .. }) && code.closes_socket() {
            effects.push(Effect::Abort);
            let outage = match code {
                ErrorCode::Unauthorized => Outage::Unauthorized,
                _ => Outage::Rejected {
                    code: "protocol".to_owned(),
                    text: message,
                },
            };
            self.outage(outage, now, draw, effects);
        }
    }

    /// Stops keeping the alert that an error frame names. Whether that alert has arrived after all.
    fn settle(
        &mut self,
        code: ErrorCode,
        reference: Option<&str>,
        effects: &mut Vec<Effect>,
    ) -> bool {
        let Some(id) = reference else { return false };
        // An alert refused because the token was not good is not settled; any other refusal of it is final.
        if code == ErrorCode::Unauthorized {
            return false;
        }
        let kept = self
            .kept
            .iter()
            .position(|kept| kept.sent && kept.alert.content_id == id);
        let kept = kept.and_then(|index| self.remove(index));
        let arrived = code == ErrorCode::Duplicate && self.repeated.remove(id);
        if let (true, Some(kept)) = (arrived, kept) {
            effects.push(Effect::Emit(AlertEvent::Delivered {
                content_id: kept.alert.content_id,
            }));
        }
        arrived
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
            State::Open { .. } => self.outage(Outage::Ended { reason }, now, draw, effects),
            State::Closing { .. } => {
                if clean {
                    // The answer to our close frame comes after everything that we sent was read.
                    self.deliver(self.kept.len(), effects);
                }
                self.stopped(effects);
            }
            State::Idle | State::Connecting | State::Waiting { .. } | State::Stopped => {}
        }
    }

    fn outage(&mut self, outage: Outage, now: Moment, draw: f64, effects: &mut Vec<Effect>) {
        if !matches!(self.state, State::Connecting | State::Open { .. }) {
            return;
        }
        let plan = self.reconnect.failed(&outage, now, draw);
        for kept in &mut self.kept {
            kept.sent_before |= kept.sent;
            kept.sent = false;
        }
        self.repeated.clear();
        self.state = State::Waiting {
            until: now + plan.wait,
        };
        if plan.discard_token {
            effects.push(Effect::DiscardToken);
        }
        effects.push(Effect::Emit(AlertEvent::Disconnected {
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
            State::Open {
                probe: Some(probe), ..
            } if now >= probe.until => {
                effects.push(Effect::Abort);
                self.outage(Outage::Silent { after: PONG_WAIT }, now, draw, effects);
            }
            State::Open {
                heartbeat_at,
                probe,
            } if now >= *heartbeat_at => {
                *heartbeat_at = now + HEARTBEAT;
                effects.push(Effect::Heartbeat);
                if probe.is_none() {
                    // The heartbeat gets no answer, and a dead connection takes writes for many minutes.
                    self.probes += 1;
                    *probe = Some(Probe {
                        number: self.probes,
                        until: now + PONG_WAIT,
                        covers: self.kept.len(),
                    });
                    effects.push(Effect::Probe(self.probes));
                }
            }
            _ => {}
        }
    }

    fn stop(&mut self, now: Moment, effects: &mut Vec<Effect>) {
        match self.state {
            State::Open { .. } => {
                effects.push(Effect::Close);
                self.state = State::Closing {
                    until: now + CLOSE_WAIT,
                };
            }
            State::Idle | State::Connecting | State::Waiting { .. } => {
                effects.push(Effect::Abort);
                self.stopped(effects);
            }
            State::Closing { .. } | State::Stopped => {}
        }
    }

    fn stopped(&mut self, effects: &mut Vec<Effect>) {
        self.state = State::Stopped;
        while !self.kept.is_empty() {
            self.lose_oldest(Loss::Stopped, effects);
        }
    }
}

#[cfg(test)]
#[path = "machine_tests.rs"]
mod tests;
