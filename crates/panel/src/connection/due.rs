//! What time does to the connection: what is due, when the next thing will be, and what the status line says
//! meanwhile. What events do is one file up.

use cuecard_protocol::{ClientMessage, Millis, PING_EVERY, PONG_WITHIN};

use super::{Connection, Phase};
use crate::{Effect, Status};

/// How long a connection must hold before earlier failures are forgotten.
const STABLE_AFTER: Millis = Millis::from_secs(30);

/// How long an outage is kept from the agent; most are over by then.
const QUIET_FOR: Millis = Millis::from_secs(2);

impl Connection {
    /// Does what is due.
    pub(crate) fn tick(&mut self, now: Millis, random: f64, effects: &mut Vec<Effect>) {
        self.settle(now);
        match self.phase {
            Phase::OpeningSession { until } | Phase::FetchingTicket { until } if until <= now => {
                self.wait(Millis(0), now, random);
            }
            Phase::OpeningSocket { until } | Phase::AwaitingWelcome { until } if until <= now => {
                effects.push(Effect::CloseSocket);
                self.wait(Millis(0), now, random);
            }
            Phase::Waiting { until, .. } if until <= now => self.attempt(now, effects),
            Phase::Open {
                pong_due: Some(due),
                ..
            } if due <= now => {
                effects.push(Effect::CloseSocket);
                self.wait(Millis(0), now, random);
            }
            Phase::Open {
                next_ping,
                pong_due: None,
                ..
            } if next_ping <= now => self.ping(now, effects),
            _ => {}
        }
    }

    /// When something will be due, after `now`.
    pub(crate) fn deadline(&self, now: Millis) -> Option<Millis> {
        let step = match self.phase {
            Phase::Idle | Phase::Stopped { .. } => return None,
            Phase::OpeningSession { until }
            | Phase::FetchingTicket { until }
            | Phase::OpeningSocket { until }
            | Phase::AwaitingWelcome { until }
            | Phase::Waiting { until, .. } => until,
            Phase::Open {
                next_ping,
                pong_due,
                ..
            } => pong_due.unwrap_or(next_ping),
        };
        let end_of_quiet = self.outage_since.map(|since| since.plus(QUIET_FOR));
        end_of_quiet
            .filter(|end| *end > now)
            .map_or(Some(step), |end| Some(end.min(step)))
    }

    /// What the status line says at `now`; times are steady.
    pub(crate) fn status(&self, now: Millis) -> Status {
        let is_quiet = self
            .outage_since
            .is_none_or(|since| now < since.plus(QUIET_FOR));
        match &self.phase {
            Phase::Stopped { reason, .. } => Status::Stopped {
                reason: reason.clone(),
            },
            Phase::Open { .. } => Status::Connected,
            _ if is_quiet && self.was_ever_open => Status::Connected,
            _ if is_quiet => Status::Connecting,
            Phase::Waiting { until, .. } => Status::Reconnecting {
                next_try_at: Some(*until),
            },
            _ => Status::Reconnecting { next_try_at: None },
        }
    }

    /// Why it has stopped, for programs, if it has.
    pub(crate) const fn stop_code(&self) -> Option<&'static str> {
        match self.phase {
            Phase::Stopped { code, .. } => Some(code),
            _ => None,
        }
    }

    /// Forgets earlier failures once the connection has held long enough.
    pub(super) fn settle(&mut self, now: Millis) {
        if let Phase::Open { since, .. } = self.phase
            && now >= since.plus(STABLE_AFTER)
        {
            self.backoff.reset();
            self.has_renewed = false;
        }
    }

    /// Asks whether anybody is there.
    pub(super) fn ping(&mut self, now: Millis, effects: &mut Vec<Effect>) {
        if let Phase::Open {
            next_ping,
            pong_due,
            ..
        } = &mut self.phase
        {
            *next_ping = now.plus(PING_EVERY);
            *pong_due = Some(now.plus(PONG_WITHIN));
            effects.push(Effect::Send(ClientMessage::Ping));
        }
    }
}
