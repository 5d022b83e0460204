//! What the notification socket decides: who is subscribed, which reports are under way, whether anybody answers.
//!
//! Pure: [`Machine::step`] takes an event, the time and a drawn number, and returns effects; [`Machine::deadline`]
//! says when it wants [`Event::Timer`]. No socket, no clock, no token. The shell is [`super::socket`]; the queue of
//! reports is [`super::reports`].

use std::{collections::BTreeMap, time::Duration};

use super::{
    NotificationEvent, ReportError,
    reports::{Reports, Waiter},
    step::{Beat, Command, Effect, Event},
};
use crate::{
    backoff::Moment,
    outage::Outage,
    platform::NOTIFICATIONS_SCOPE,
    reconnect::Reconnect,
    wire::notification::{ErrorBody, OutcomeKind, OutcomeReport, ServerFrame},
};

/// The heartbeat's interval (platform wire, section 13).
pub const HEARTBEAT: Duration = Duration::from_secs(20);
/// So many heartbeats in a row without an answer mean that the connection is dead (platform wire, section 13).
pub const MISSES: u32 = 3;
/// How long the platform may take to answer `CONNECT`.
pub const GREETING_WAIT: Duration = Duration::from_secs(10);
/// How long the platform may take to answer our close frame.
pub const CLOSE_WAIT: Duration = Duration::from_secs(5);

#[derive(Debug, Clone, Copy)]
enum State {
    Idle,
    Connecting,
    /// `CONNECT` is sent.
    Greeting {
        until: Moment,
    },
    /// `CONNECTED` has come.
    Ready {
        heartbeat_at: Moment,
        sent: Beat,
        answered: Beat,
        misses: u32,
    },
    Waiting {
        until: Moment,
    },
    Closing {
        until: Moment,
    },
    Stopped,
}

/// How far a wanted topic is, on this connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Subscription {
    Wanted,
    Asked(Beat),
    Confirmed,
}

/// The notification socket's decisions.
#[derive(Debug, Clone)]
pub(crate) struct Machine {
    state: State,
    reconnect: Reconnect,
    topics: BTreeMap<String, Subscription>,
    reports: Reports,
}

impl Machine {
    pub(crate) fn new() -> Self {
        Self {
            state: State::Idle,
            reconnect: Reconnect::default(),
            topics: BTreeMap::new(),
            reports: Reports::default(),
        }
    }

    /// Whether all is over.
    pub(crate) fn is_stopped(&self) -> bool {
        matches!(self.state, State::Stopped)
    }

    /// How many topics are wanted.
    pub(crate) fn topics(&self) -> usize {
        self.topics.len()
    }

    /// How many reports are under way.
    pub(crate) fn reports(&self) -> usize {
        self.reports.len()
    }

    /// When [`Event::Timer`] is wanted.
    pub(crate) fn deadline(&self) -> Option<Moment> {
        let state = match self.state {
            State::Idle | State::Connecting | State::Stopped => None,
            State::Greeting { until } | State::Waiting { until } | State::Closing { until } => {
                Some(until)
            }
            State::Ready { heartbeat_at, .. } => Some(heartbeat_at),
        };
        [state, self.reports.expire_at()]
            .into_iter()
            .flatten()
            .min()
    }

    /// One step. `draw` is uniform in 0 to 1, drawn anew for each.
    pub(crate) fn step(&mut self, event: Event, now: Moment, draw: f64) -> Vec<Effect> {
        let mut effects = Vec::new();
        self.reports.expire(now, &mut effects);
        match event {
            Event::Start => self.connect(&mut effects),
            Event::Subscribe(topic) => self.subscribe(topic, &mut effects),
            Event::Unsubscribe(topic) => self.unsubscribe(topic, &mut effects),
            Event::Report {
                waiter,
                kind,
                report,
            } => {
                self.report(waiter, kind, report, now, &mut effects);
            }
            Event::Opened => {
                if matches!(self.state, State::Connecting) {
                    self.state = State::Greeting {
                        until: now + GREETING_WAIT,
                    };
                    effects.push(Effect::Send(Command::Connect));
                }
            }
            Event::Failed(outage) => self.outage(outage, now, draw, &mut effects),
            Event::Frame(frame) => self.frame(frame, now, draw, &mut effects),
            Event::Unreadable { reason } => {
                effects.push(Effect::Emit(NotificationEvent::Unreadable { reason }));
            }
            Event::Ended { reason } => match self.state {
                State::Closing { .. } => self.stopped(&mut effects),
                _ => self.outage(Outage::Ended { reason }, now, draw, &mut effects),
            },
            Event::Timer => self.timer(now, draw, &mut effects),
            Event::Stop => self.stop(now, &mut effects),
        }
        effects
    }

    /// How many heartbeats were sent; `None` unless commands can be sent.
    fn beat(&self) -> Option<Beat> {
        match self.state {
            State::Ready { sent, .. } => Some(sent),
            _ => None,
        }
    }

    fn connect(&mut self, effects: &mut Vec<Effect>) {
        self.state = State::Connecting;
        effects.push(Effect::Connect);
    }

    fn subscribe(&mut self, topic: String, effects: &mut Vec<Effect>) {
        if self.topics.contains_key(&topic) {
            return;
        }
        let subscription = match self.beat() {
            Some(beat) => {
                effects.push(Effect::Send(Command::Subscribe(topic.clone())));
                Subscription::Asked(beat)
            }
            None => Subscription::Wanted,
        };
        self.topics.insert(topic, subscription);
    }

    fn unsubscribe(&mut self, topic: String, effects: &mut Vec<Effect>) {
        // On a connection that is not ready, nothing was subscribed, and nothing need be given up.
        if self.topics.remove(&topic).is_some() && self.beat().is_some() {
            effects.push(Effect::Send(Command::Unsubscribe(topic)));
        }
    }

    fn report(
        &mut self,
        waiter: Waiter,
        kind: OutcomeKind,
        report: OutcomeReport,
        now: Moment,
        effects: &mut Vec<Effect>,
    ) {
        if matches!(self.state, State::Closing { .. } | State::Stopped) {
            effects.push(Effect::Resolve {
                waiters: vec![waiter],
                result: Err(ReportError::Stopped),
            });
            return;
        }
        let object_id = report.object_id.clone();
        self.reports.add(waiter, kind, report, now, effects);
        if let Some(beat) = self.beat() {
            self.reports.send_next(&object_id, beat, effects);
        }
    }

    fn frame(&mut self, frame: ServerFrame, now: Moment, draw: f64, effects: &mut Vec<Effect>) {
        match frame {
            ServerFrame::Connected { headers, .. } => {
                self.connected(headers.connection_id, now, effects);
            }
            ServerFrame::Subscribed { body, .. } => {
                if let Some(subscription @ Subscription::Asked(_)) =
                    self.topics.get_mut(&body.topic)
                {
                    *subscription = Subscription::Confirmed;
                }
            }
            ServerFrame::HeartbeatAck { .. } => self.heartbeat_answered(effects),
            ServerFrame::Message { body, .. } => {
                effects.push(Effect::Emit(NotificationEvent::Message(body)));
            }
            ServerFrame::Received { body, .. } => {
                self.reports.received(&body.object_id, self.beat(), effects);
            }
            ServerFrame::Error { body, .. } => self.error(&body, now, draw, effects),
            ServerFrame::Unsubscribed { .. } | ServerFrame::Unknown => {}
        }
    }

    fn connected(&mut self, connection_id: String, now: Moment, effects: &mut Vec<Effect>) {
        if !matches!(self.state, State::Greeting { .. }) {
            return;
        }
        self.reconnect.connected(now);
        self.state = State::Ready {
            heartbeat_at: now + HEARTBEAT,
            sent: 0,
            answered: 0,
            misses: 0,
        };
        effects.push(Effect::Emit(NotificationEvent::Connected { connection_id }));
        for (topic, subscription) in &mut self.topics {
            *subscription = Subscription::Asked(0);
            effects.push(Effect::Send(Command::Subscribe(topic.clone())));
        }
        self.reports.send_all(0, effects);
    }

    /// With each answered heartbeat, what was sent before it and had no answer is asked for again.
    fn heartbeat_answered(&mut self, effects: &mut Vec<Effect>) {
        let State::Ready {
            sent,
            answered,
            misses,
            ..
        } = &mut self.state
        else {
            return;
        };
        *misses = 0;
        *answered = (*answered + 1).min(*sent);
        let (sent, answered) = (*sent, *answered);
        for (topic, subscription) in &mut self.topics {
            if matches!(subscription, Subscription::Asked(beat) if *beat < answered) {
                *subscription = Subscription::Asked(sent);
                effects.push(Effect::Send(Command::Subscribe(topic.clone())));
            }
        }
        self.reports.settle(answered, sent, effects);
    }

    fn error(&mut self, body: &ErrorBody, now: Moment, draw: f64, effects: &mut Vec<Effect>) {
        let number = body.response_code.as_number();
        let code = super::code_text(&body.response_code);
        effects.push(Effect::Emit(NotificationEvent::Rejected {
            code: code.clone(),
        }));
        let outage = match (self.state, number) {
            (State::Greeting { .. } | State::Ready { .. }, Some(401)) => Outage::Unauthorized,
            (State::Greeting { .. }, Some(403)) => Outage::Forbidden {
                scope: NOTIFICATIONS_SCOPE.to_owned(),
            },
            (State::Greeting { .. }, _) => Outage::Rejected { code },
            // Refused was one topic or report, and the frame does not say which; the next round asks again.
            _ => return,
        };
        effects.push(Effect::Abort);
        self.outage(outage, now, draw, effects);
    }

    fn outage(&mut self, outage: Outage, now: Moment, draw: f64, effects: &mut Vec<Effect>) {
        if !matches!(
            self.state,
            State::Connecting | State::Greeting { .. } | State::Ready { .. }
        ) {
            return;
        }
        let plan = self.reconnect.failed(&outage, now, draw);
        for subscription in self.topics.values_mut() {
            *subscription = Subscription::Wanted;
        }
        self.reports.disconnected();
        self.state = State::Waiting {
            until: now + plan.wait,
        };
        if plan.discard_token {
            effects.push(Effect::DiscardToken);
        }
        effects.push(Effect::Emit(NotificationEvent::Disconnected {
            outage,
            retry_in: plan.wait,
        }));
    }

    fn timer(&mut self, now: Moment, draw: f64, effects: &mut Vec<Effect>) {
        match self.state {
            State::Waiting { until } if now >= until => self.connect(effects),
            State::Greeting { until } if now >= until => {
                effects.push(Effect::Abort);
                self.outage(
                    Outage::Silent {
                        after: GREETING_WAIT,
                    },
                    now,
                    draw,
                    effects,
                );
            }
            State::Ready {
                heartbeat_at,
                misses: MISSES,
                ..
            } if now >= heartbeat_at => {
                effects.push(Effect::Abort);
                self.outage(
                    Outage::Silent {
                        after: HEARTBEAT * MISSES,
                    },
                    now,
                    draw,
                    effects,
                );
            }
            State::Ready {
                heartbeat_at,
                sent,
                answered,
                misses,
            } if now >= heartbeat_at => {
                let heartbeat_at = now + HEARTBEAT;
                self.state = State::Ready {
                    heartbeat_at,
                    sent: sent + 1,
                    answered,
                    misses: misses + 1,
                };
                effects.push(Effect::Send(Command::Heartbeat));
            }
            State::Closing { until } if now >= until => {
                effects.push(Effect::Abort);
                self.stopped(effects);
            }
            _ => {}
        }
    }

    fn stop(&mut self, now: Moment, effects: &mut Vec<Effect>) {
        match self.state {
            State::Greeting { .. } | State::Ready { .. } => {
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
        self.reports.stop(effects);
    }
}

#[cfg(test)]
#[path = "machine_tests.rs"]
mod tests;
