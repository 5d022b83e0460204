//! What the risk monitor decides about one source: when to ask, what an answer means, which scores become alerts.
//!
//! Pure: [`Poller::step`] takes an event, the time and a drawn number, and returns effects; [`Poller::deadline`] says
//! when it wants [`Event::Timer`]. The next poll is set only when the last has ended, so none overlap. The shell is
//! [`super::risk`], the alert's words are in [`super::risk_html`].

use std::{collections::BTreeMap, time::Duration};

use cuecard_protocol::{AgentId, AlertLevel, Card, InteractionId, Millis};
use serde_json::Value;

use super::{
    fields::{self, FieldError, json_type},
    risk_html::Finding,
};

/// Regular polls come this much earlier or later, as a share of their interval.
const JITTER: f64 = 0.1;
/// While a source fails, it is asked at least this often (or at its own interval, if that is longer).
const LONGEST_BACKOFF: Duration = Duration::from_secs(30);
/// An alert that says the same as the last one is published again when that one is this old: half its life.
pub const REPEAT_AFTER: Millis = Millis(Card::ALERT_LIFETIME.0 / 2);
/// Largest answer that is read, in bytes.
pub const MAX_ANSWER_BYTES: usize = 256 * 1024;

/// Time since the monitor's start; it never goes back.
pub type Moment = Duration;

/// The settings of a source.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// How often it is asked.
    pub every: Duration,
    /// Alerts begin at this score.
    pub high: f64,
    /// Alerts are critical from this score.
    pub critical: f64,
}

/// When a step happens. `draw` is uniform in 0 to 1, drawn anew for each.
#[derive(Debug, Clone, Copy)]
pub struct Now {
    /// For intervals.
    pub moment: Moment,
    /// For the age of alerts.
    pub wall: Millis,
    /// For jitter.
    pub draw: f64,
}

/// What the poller is told.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The deadline has come.
    Timer,
    /// The poll has ended.
    Answered(Answer),
    /// The alert about this interaction and level did not get away.
    Unpublished(InteractionId, AlertLevel),
}

/// How a poll ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// With an HTTP answer.
    Http {
        /// Its status.
        status: u16,
        /// Its `Retry-After`, if there is a readable one.
        retry_after: Option<Duration>,
        /// Its body; `None` if it was longer than [`MAX_ANSWER_BYTES`].
        body: Option<Vec<u8>>,
    },
    /// Without one in time.
    TimedOut,
    /// Without one.
    Unreachable {
        /// What the network said.
        reason: String,
    },
}

/// What the poller wants done.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Ask the source; then [`Event::Answered`].
    Poll,
    /// Count a poll.
    Count(Outcome),
    /// Publish an alert.
    Publish(Finding),
    /// The source is in trouble of a kind that it was not in before.
    Trouble {
        /// Which kind.
        outcome: Outcome,
        /// In words, without anything of the answer's content.
        reason: String,
    },
    /// The source is well again.
    Recovered,
}

/// How a poll ended, for metrics and audit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// A score below the thresholds.
    Calm,
    /// A score that made an alert.
    Alert,
    /// A score whose alert is out already.
    Unchanged,
    /// 2xx with something that is no score.
    Nonsense,
    /// 429.
    RateLimited,
    /// 5xx.
    Unavailable,
    /// Another status.
    Refused,
    /// No answer in time.
    TimedOut,
    /// No answer.
    Unreachable,
}

impl Outcome {
    /// The outcome as metrics and the audit trail name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Calm => "calm",
            Self::Alert => "alert",
            Self::Unchanged => "unchanged",
            Self::Nonsense => "nonsense",
            Self::RateLimited => "rate_limited",
            Self::Unavailable => "unavailable",
            Self::Refused => "refused",
            Self::TimedOut => "timed_out",
            Self::Unreachable => "unreachable",
        }
    }

    const fn is_trouble(self) -> bool {
        !matches!(self, Self::Calm | Self::Alert | Self::Unchanged)
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum State {
    Waiting { until: Moment },
    Polling { since: Moment },
}

/// The decisions about one source.
#[derive(Debug, Clone)]
pub struct Poller {
    settings: Settings,
    state: State,
    failures: u32,
    trouble: Option<Outcome>,
    /// What the last alert said and when, while a repeat would be no news.
    published: BTreeMap<(InteractionId, AlertLevel), (String, Millis)>,
}

/// A 2xx answer that is no score. The words repeat nothing of the answer.
#[derive(Debug, thiserror::Error)]
enum Nonsense {
    #[error("the answer is longer than {MAX_ANSWER_BYTES} bytes")]
    TooLong,
    #[error("the answer is not JSON (line {line}, column {column})")]
    NotJson { line: usize, column: usize },
    #[error("the answer is {0}, expected an object")]
    NotAnObject(&'static str),
    #[error(transparent)]
    Field(#[from] FieldError),
    #[error("field riskScore is {0}, expected a number from 0 to 1")]
    Score(f64),
    #[error("field {0} is not valid, expected 1 to 128 bytes without spaces or control characters")]
    Id(&'static str),
}

impl Poller {
    /// A poller whose first poll is due at once.
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            state: State::Waiting {
                until: Moment::ZERO,
            },
            failures: 0,
            trouble: None,
            published: BTreeMap::new(),
        }
    }

    /// When [`Event::Timer`] is wanted.
    pub fn deadline(&self) -> Option<Moment> {
        match self.state {
            State::Waiting { until } => Some(until),
            State::Polling { .. } => None,
        }
    }

    /// One step.
    pub fn step(&mut self, event: Event, now: Now) -> Vec<Effect> {
        match (event, self.state) {
            (Event::Timer, State::Waiting { until }) if now.moment >= until => {
                self.state = State::Polling { since: now.moment };
                vec![Effect::Poll]
            }
            (Event::Answered(answer), State::Polling { since }) => {
                self.answered(answer, since, now)
            }
            (Event::Unpublished(interaction, level), _) => {
                self.published.remove(&(interaction, level));
                Vec::new()
            }
            // A timer that came too early, or an answer that nobody waits for.
            (Event::Timer | Event::Answered(_), _) => Vec::new(),
        }
    }

    fn answered(&mut self, answer: Answer, since: Moment, now: Now) -> Vec<Effect> {
        let retry_after = match &answer {
            Answer::Http { retry_after, .. } => *retry_after,
            Answer::TimedOut | Answer::Unreachable { .. } => None,
        };
        let (outcome, reason, finding) = self.judge(answer, now.wall);
        self.failures = match outcome {
            Outcome::Calm | Outcome::Alert | Outcome::Unchanged | Outcome::Nonsense => 0,
            _ => self.failures.saturating_add(1),
        };
        self.state = State::Waiting {
            until: self.next(since, retry_after.filter(|_| outcome.is_trouble()), now),
        };

        let mut effects = vec![Effect::Count(outcome)];
        let trouble = outcome.is_trouble().then_some(outcome);
        if trouble != self.trouble {
            effects.push(match trouble {
                Some(outcome) => Effect::Trouble { outcome, reason },
                None => Effect::Recovered,
            });
            self.trouble = trouble;
        }
        effects.extend(finding.map(Effect::Publish));
        effects
    }

    /// A regular poll is one interval after the last began, a poll after a failure one backoff after it failed; both
    /// with jitter. A `Retry-After` is a least wait, and its jitter only adds to it.
    fn next(&self, since: Moment, retry_after: Option<Duration>, now: Now) -> Moment {
        let every = self.settings.every;
        let jitter = 1.0 + JITTER * (2.0 * now.draw - 1.0);
        let regular = match self.failures {
            0 => (since + every.mul_f64(jitter)).max(now.moment),
            n => {
                let factor = 2_u32.checked_pow(n).unwrap_or(u32::MAX);
                now.moment
                    + every
                        .saturating_mul(factor)
                        .min(LONGEST_BACKOFF.max(every))
                        .mul_f64(jitter)
            }
        };
        match retry_after {
            Some(wait) => regular.max(now.moment + wait + every.mul_f64(JITTER * now.draw)),
            None => regular,
        }
    }

    fn judge(&mut self, answer: Answer, wall: Millis) -> (Outcome, String, Option<Finding>) {
        let (status, body) = match answer {
            Answer::Http { status, body, .. } => (status, body),
            Answer::TimedOut => return (Outcome::TimedOut, "no answer in time".to_owned(), None),
            Answer::Unreachable { reason } => return (Outcome::Unreachable, reason, None),
        };
        let outcome = match status {
            200..=299 => match self.read(body) {
                Ok(None) => return (Outcome::Calm, String::new(), None),
                Ok(Some(finding)) if self.is_out(&finding, wall) => {
                    return (Outcome::Unchanged, String::new(), None);
                }
                Ok(Some(finding)) => return (Outcome::Alert, String::new(), Some(finding)),
                Err(nonsense) => return (Outcome::Nonsense, nonsense.to_string(), None),
            },
            429 => Outcome::RateLimited,
            500.. => Outcome::Unavailable,
            _ => Outcome::Refused,
        };
        (outcome, format!("status {status}, expected 2xx"), None)
    }

    /// What an answer finds; nothing below the thresholds.
    fn read(&mut self, body: Option<Vec<u8>>) -> Result<Option<Finding>, Nonsense> {
        let body = body.ok_or(Nonsense::TooLong)?;
        let answer: Value = serde_json::from_slice(&body).map_err(|error| Nonsense::NotJson {
            line: error.line(),
            column: error.column(),
        })?;
        if !answer.is_object() {
            return Err(Nonsense::NotAnObject(json_type(&answer)));
        }
        let interaction = InteractionId::parse(fields::text(&answer, "interactionId")?)
            .map_err(|_| Nonsense::Id("interactionId"))?;
        let agent = AgentId::parse(fields::text(&answer, "agentId")?)
            .map_err(|_| Nonsense::Id("agentId"))?;
        let score = fields::number(&answer, "riskScore")?;
        let factors = fields::texts(&answer, "factors")?;
        if !(0.0..=1.0).contains(&score) {
            return Err(Nonsense::Score(score));
        }
        let level = if score >= self.settings.critical {
            AlertLevel::Critical
        } else if score >= self.settings.high {
            AlertLevel::High
        } else {
            // What rises again after this is news.
            self.published
                .retain(|(calmed, _), _| *calmed != interaction);
            return Ok(None);
        };
        Ok(Some(Finding::new(
            interaction,
            agent,
            level,
            score,
            &factors,
        )))
    }

    /// Whether the same alert went out so lately that it is no news; if not, it counts as out from now on.
    ///
    /// The platform's own alert clients publish on every poll. An agent who has put an alert away does not want it
    /// back five seconds later, though, and one who has not still sees it.
    fn is_out(&mut self, finding: &Finding, wall: Millis) -> bool {
        self.published
            .retain(|_, (_, at)| wall.since(*at) < REPEAT_AFTER);
        let slot = (finding.interaction_id.clone(), finding.level);
        if self
            .published
            .get(&slot)
            .is_some_and(|(html, _)| *html == finding.html)
        {
            return true;
        }
        self.published.insert(slot, (finding.html.clone(), wall));
        false
    }
}

#[cfg(test)]
#[path = "risk_poll_tests.rs"]
mod tests;
