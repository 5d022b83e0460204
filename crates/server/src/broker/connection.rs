//! What the broker says on one browser's socket, as a state machine without a socket, a store or a clock.
//!
//! [`Connection::step`] takes what happened and answers with what to do, in order; `gateway.rs` does it and brings
//! back the results. At most one [`Output::Join`], [`Output::Read`] or [`Output::TakeSnapshot`] is open at a time,
//! and the machine asks for the next part of the log only when the last has been given out: so what is held for a
//! socket is one part of the log, however much is waiting for it.

mod fit;
mod limits;
mod pulse;
mod step;
#[cfg(test)]
mod tests;

use cuecard_protocol::client::{Action, ActionKind, ClientMessage};
use cuecard_protocol::ids::MAX_ID_BYTES;
use cuecard_protocol::server::Unreadable;
use cuecard_protocol::typing::MAX_LIFE_BYTES;
use cuecard_protocol::{
    AckOutcome, ActionId, AgentId, CloseCode, Entry, LiveCard, Millis, Resume, Seq, ServerMessage,
};

use crate::allowance::Allowance;
use crate::backbone::{Reading, Recorded};

use pulse::{Beat, Pulse};

pub use limits::Limits;
pub use step::{Input, Output};

/// Most entries taken from the log at once: the most that is held in memory for a browser that reads slowly.
pub const PART: usize = 32;

/// Longest reason of an action, in characters.
const MAX_REASON_CHARS: usize = 500;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    AwaitingHello,
    Joining,
    Following,
    Over,
}

/// One browser's socket.
#[derive(Debug)]
pub struct Connection {
    log: String,
    agent: AgentId,
    /// As `hello` has named it; until it is taken.
    life: Option<String>,
    limits: Limits,
    session_ends: Millis,
    opened: Millis,
    phase: Phase,
    /// The last entry the panel has been sent, or has by its own word.
    cursor: Seq,
    /// An answer of the store is outstanding.
    is_reading: bool,
    /// The log has grown since that question was put.
    has_grown: bool,
    behind_since: Option<Millis>,
    last_heard: Millis,
    /// When the probe was sent that is not answered.
    probed_at: Option<Millis>,
    pulse: Pulse,
    allowance: Allowance,
}

impl Connection {
    /// A socket that was opened at `now`, for the log with the id `log`, in a session of the agent that ends at
    /// `session_ends`.
    pub const fn new(
        log: String,
        agent: AgentId,
        session_ends: Millis,
        limits: Limits,
        now: Millis,
    ) -> Self {
        Self {
            log,
            agent,
            life: None,
            limits,
            session_ends,
            opened: now,
            phase: Phase::AwaitingHello,
            cursor: Seq::ZERO,
            is_reading: false,
            has_grown: false,
            behind_since: None,
            last_heard: now,
            probed_at: None,
            pulse: Pulse::new(),
            allowance: Allowance::new(limits.burst, limits.per_second),
        }
    }

    /// When [`Input::DeadlineReached`] is due.
    pub fn deadline(&self) -> Millis {
        let mut deadline = self.session_ends.min(self.quiet_until());
        if self.phase == Phase::AwaitingHello {
            deadline = deadline.min(self.opened.plus(self.limits.hello_within));
        }
        let beat = self.pulse.deadline(self.last_heard, &self.limits);
        beat.map_or(deadline, |beat| deadline.min(beat))
    }

    /// How long it may say nothing more: until the probe, or the end.
    fn quiet_until(&self) -> Millis {
        let (heard, limits) = (self.last_heard, &self.limits);
        let probe = heard.plus(limits.probe_after);
        self.probed_at
            .map_or(probe, |probed| limits.dead_at(heard, probed))
    }

    /// The id of the panel's life, once, when `hello` has named it.
    pub fn take_life(&mut self) -> Option<String> {
        self.life.take()
    }

    /// Whether a `close` or `drop` was the last word.
    pub fn is_over(&self) -> bool {
        self.phase == Phase::Over
    }

    /// Takes what happened at `now`; answers with what to do, in order.
    pub fn step(&mut self, input: Input, now: Millis) -> Vec<Output> {
        if self.is_over() {
            return Vec::new();
        }
        match input {
            Input::Message(text) => {
                let back = self.heard(now);
                back.into_iter().chain(self.message(&text, now)).collect()
            }
            Input::Unreadable(what) => {
                vec![
                    Output::Count("bad_frame"),
                    self.close(CloseCode::BadMessage, &what),
                ]
            }
            Input::Heard => self.heard(now).into_iter().collect(),
            Input::Typing(typing) => {
                self.pulse.types(typing, now);
                Vec::new()
            }
            Input::LogGrew => self.grew(),
            Input::Joined { head, reading } => self.joined(head, reading, now),
            Input::Read(reading) => self.read(reading, now),
            Input::Snapshot { head, cards } => self.snapshot(head, cards, now),
            Input::Recorded { id, recorded } => vec![ack(id, recorded)],
            Input::StoreFailed { retry_after_ms } => {
                self.bye("the server's store failed", retry_after_ms)
            }
            Input::DeadlineReached => self.deadline_reached(now),
            Input::Stalled => self.slow(),
            Input::SessionEnded => {
                vec![self.close(CloseCode::SessionEnded, "the session was ended")]
            }
            Input::Draining { retry_after_ms } => {
                self.bye("the server is draining", retry_after_ms)
            }
        }
    }

    fn message(&mut self, text: &str, now: Millis) -> Vec<Output> {
        if !self.allowance.take(now) {
            let reason = format!("more than {} messages a second", self.limits.per_second);
            return vec![
                Output::Count("too_many_messages"),
                self.close(CloseCode::TooMany, &reason),
            ];
        }
        let message = match ClientMessage::parse(text) {
            Ok(message) => message,
            Err(Unreadable::UnknownType(_)) => return vec![Output::Count("unknown_type")],
            Err(Unreadable::Invalid(why)) => {
                return vec![
                    Output::Count("bad_message"),
                    self.close(CloseCode::BadMessage, &why),
                ];
            }
        };
        match (self.phase, message) {
            (
                Phase::AwaitingHello,
                ClientMessage::Hello {
                    last_seq,
                    log,
                    life,
                    agent_id,
                    ..
                },
            ) => {
                if agent_id.is_some_and(|agent| agent != self.agent) {
                    let reason = "the session is another agent's";
                    return vec![self.close(CloseCode::SessionEnded, reason)];
                }
                self.life = life.filter(|life| (1..=MAX_LIFE_BYTES).contains(&life.len()));
                self.hello(last_seq, log.as_deref())
            }
            (Phase::AwaitingHello, _) => self.out_of_turn("the first message is not hello"),
            (_, ClientMessage::Hello { .. }) => self.out_of_turn("hello came twice"),
            (_, ClientMessage::Ping) => vec![Output::Send(ServerMessage::Pong)],
            (_, ClientMessage::Action(action)) => vec![check(action)],
        }
    }

    fn out_of_turn(&mut self, why: &str) -> Vec<Output> {
        vec![
            Output::Count("out_of_turn"),
            self.close(CloseCode::BadMessage, why),
        ]
    }

    fn hello(&mut self, last_seq: Seq, log: Option<&str>) -> Vec<Output> {
        self.phase = Phase::Joining;
        self.is_reading = true;
        if log == Some(self.log.as_str()) {
            self.cursor = last_seq;
            vec![Output::Join { after: last_seq }]
        } else {
            vec![Output::TakeSnapshot]
        }
    }

    fn joined(&mut self, head: Seq, reading: Reading, now: Millis) -> Vec<Output> {
        let missed = head.0.saturating_sub(self.cursor.0);
        match reading {
            Reading::Entries(entries) if missed <= self.limits.replay_at_most => {
                self.phase = Phase::Following;
                let mut outputs = vec![self.welcome(head, Resume::Resumed, now)];
                outputs.extend(self.give_out(entries, now));
                outputs
            }
            Reading::Entries(_) | Reading::Gap => vec![Output::TakeSnapshot],
        }
    }

    fn snapshot(&mut self, head: Seq, cards: Vec<LiveCard>, now: Millis) -> Vec<Output> {
        self.phase = Phase::Following;
        self.cursor = head;
        let mut outputs = vec![self.welcome(head, Resume::Gap, now)];
        outputs.extend(fit::snapshot_parts(cards).into_iter().map(Output::Send));
        outputs.extend(self.read_on(false));
        outputs
    }

    fn read(&mut self, reading: Reading, now: Millis) -> Vec<Output> {
        match reading {
            Reading::Entries(entries) => self.give_out(entries, now),
            // The log was cut behind us: only a browser that is very far behind can live to see that.
            Reading::Gap => self.slow(),
        }
    }

    fn give_out(&mut self, entries: Vec<(Seq, Entry)>, now: Millis) -> Vec<Output> {
        let is_full = entries.len() >= PART;
        let mut outputs = Vec::with_capacity(entries.len() + 1);
        for (seq, entry) in entries {
            self.cursor = seq;
            let (message, is_cut) = fit::message(entry, seq);
            if is_cut {
                outputs.push(Output::Count("card_too_large"));
            }
            outputs.push(Output::Send(message));
        }
        if is_full {
            let since = *self.behind_since.get_or_insert(now);
            if now.since(since) > self.limits.behind_at_most {
                outputs.extend(self.slow());
                return outputs;
            }
        } else {
            self.behind_since = None;
        }
        outputs.extend(self.read_on(is_full));
        outputs
    }

    /// Puts the next question if there is, or may be, more.
    fn read_on(&mut self, has_more: bool) -> Option<Output> {
        self.is_reading = has_more || self.has_grown;
        self.has_grown = false;
        self.is_reading
            .then_some(Output::Read { after: self.cursor })
    }

    fn grew(&mut self) -> Vec<Output> {
        self.has_grown = true;
        if self.phase != Phase::Following || self.is_reading {
            return Vec::new();
        }
        self.read_on(true).into_iter().collect()
    }

    fn welcome(&self, head: Seq, resume: Resume, now: Millis) -> Output {
        Output::Send(ServerMessage::Welcome {
            version: cuecard_protocol::VERSION.to_owned(),
            log: self.log.clone(),
            head,
            resume,
            now,
        })
    }

    fn deadline_reached(&mut self, now: Millis) -> Vec<Output> {
        if now >= self.session_ends {
            return vec![self.close(CloseCode::SessionEnded, "the session's time is over")];
        }
        if self.phase == Phase::AwaitingHello && now >= self.opened.plus(self.limits.hello_within) {
            return vec![
                Output::Count("no_hello"),
                self.close(CloseCode::BadMessage, "no hello came in time"),
            ];
        }
        if now >= self.quiet_until() {
            if self.probed_at.is_some() {
                self.phase = Phase::Over;
                return vec![Output::Count("dead_peer"), Output::Drop];
            }
            self.probed_at = Some(now);
            return vec![Output::Probe];
        }
        let beat = self.pulse.beat(self.last_heard, &self.limits, now);
        let due = beat.map(|beat| match beat {
            Beat::Probe => Output::Probe,
            Beat::Silent(quiet) => Output::Silent(quiet),
        });
        due.into_iter().collect()
    }

    fn heard(&mut self, now: Millis) -> Option<Output> {
        self.last_heard = now;
        self.probed_at = None;
        self.pulse.heard().then_some(Output::Back)
    }

    fn slow(&mut self) -> Vec<Output> {
        vec![
            Output::Count("slow_consumer"),
            self.close(
                CloseCode::SlowConsumer,
                "messages were not read fast enough",
            ),
        ]
    }

    fn bye(&mut self, reason: &str, retry_after_ms: u64) -> Vec<Output> {
        vec![
            Output::Send(ServerMessage::Bye {
                reason: reason.to_owned(),
                retry_after_ms,
            }),
            self.close(CloseCode::Draining, reason),
        ]
    }

    fn close(&mut self, code: CloseCode, reason: &str) -> Output {
        self.phase = Phase::Over;
        Output::Close(code, fit::close_reason(reason))
    }
}

/// The action, if it says what it must and its words are few enough; else what the panel is told.
fn check(action: Action) -> Output {
    let chars = action
        .reason
        .as_deref()
        .map_or(0, |reason| reason.chars().count());
    let message = if chars > MAX_REASON_CHARS {
        format!("reason has {chars} characters, expected at most {MAX_REASON_CHARS}")
    } else {
        match (action.kind, &action.snippet_id) {
            (ActionKind::Adopted, None) => {
                "snippet_id is missing, expected which snippet was adopted".to_owned()
            }
            (ActionKind::Adopted, Some(id)) if !(1..=MAX_ID_BYTES).contains(&id.len()) => {
                let bytes = id.len();
                format!("snippet_id has {bytes} bytes, expected 1 to {MAX_ID_BYTES}")
            }
            (ActionKind::Adopted, Some(_)) | (_, None) => return Output::Record(action),
            (kind, Some(_)) => {
                let kind = kind.as_str();
                format!("snippet_id is there in a {kind} action, expected it in adopted only")
            }
        }
    };
    let left_by = None;
    ack(action.id, Recorded::Refused { message, left_by })
}

fn ack(id: ActionId, recorded: Recorded) -> Output {
    let outcome = match recorded {
        Recorded::New { .. } | Recorded::Repeat => AckOutcome::Recorded,
        Recorded::Refused { message, left_by } => AckOutcome::Refused { message, left_by },
    };
    Output::Send(ServerMessage::Ack { id, outcome })
}
