//! The way to the broker and back to it: session, ticket, socket, `hello`, `welcome`; pings; what a close means; when
//! to try again. Knows nothing of cards. Start at [`Connection::start`]; [`Phase`] is where it stands; `due` has what
//! happens by time alone.

mod due;

use cuecard_protocol::session::TicketInfo;
use cuecard_protocol::{ClientMessage, CloseCode, Millis, PING_EVERY};

use crate::backoff::Backoff;
use crate::{Effect, Failure, Text};

/// How long each step of a try may take (session, ticket, socket, `welcome`) before the try has failed.
const STEP_TIMEOUT: Millis = Millis::from_secs(10);

/// A resume without any wait happens at most this often, so that a broken stream cannot become a tight loop.
const AT_ONCE_EVERY: Millis = Millis::from_secs(5);

/// Least wait after "too many" and "draining" where the server names none.
const BUSY_WAIT: Millis = Millis::from_secs(1);

/// A longer wait than this is a mistake of the server; the panel must not be lost to it.
const LONGEST_ASKED_WAIT: Millis = Millis::from_secs(3600);

/// What a program is told of a stop that a new sign-in may end.
const SIGN_IN: &str = "sign_in";

/// Where the connection stands.
#[derive(Debug, Clone, PartialEq)]
enum Phase {
    Idle,
    OpeningSession {
        until: Millis,
    },
    FetchingTicket {
        until: Millis,
    },
    OpeningSocket {
        until: Millis,
    },
    AwaitingWelcome {
        until: Millis,
    },
    Open {
        since: Millis,
        next_ping: Millis,
        pong_due: Option<Millis>,
    },
    Waiting {
        until: Millis,
        /// The server asked not to come before; nothing but time overrides that.
        not_before: Millis,
    },
    Stopped {
        code: &'static str,
        reason: Text,
    },
}

/// What is known of the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Session {
    Unopened,
    Open,
    /// The host's assertion, or the session made with it, was refused: the next assertion must be new.
    Refused,
}

/// The connection machine.
#[derive(Debug)]
pub(crate) struct Connection {
    phase: Phase,
    backoff: Backoff,
    session: Session,
    /// The host was asked for a new assertion since the last stable connection; a second refusal is the end.
    has_renewed: bool,
    was_ever_open: bool,
    outage_since: Option<Millis>,
    /// From `bye`, for the close that follows it.
    bye_until: Option<Millis>,
    at_once_since: Option<Millis>,
}

impl Connection {
    pub(crate) fn new() -> Self {
        Self {
            phase: Phase::Idle,
            backoff: Backoff::default(),
            session: Session::Unopened,
            has_renewed: false,
            was_ever_open: false,
            outage_since: None,
            bye_until: None,
            at_once_since: None,
        }
    }

    /// Begins, once.
    pub(crate) fn start(&mut self, now: Millis, effects: &mut Vec<Effect>) {
        if self.phase == Phase::Idle {
            self.attempt(now, effects);
        }
    }

    /// Whether messages may be sent: `welcome` has come.
    pub(crate) const fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Open { .. })
    }

    /// How it is, in a word; none before it begins.
    pub(crate) const fn name(&self) -> &'static str {
        match self.phase {
            Phase::Idle => "",
            Phase::Open { .. } => "connected",
            Phase::Stopped { .. } => "stopped",
            _ if self.was_ever_open => "reconnecting",
            _ => "connecting",
        }
    }

    /// Whether the broker knows whose panel this is, as far as it has said.
    pub(crate) const fn has_session(&self) -> bool {
        matches!(self.session, Session::Open)
    }

    /// Whether `hello` was sent and `welcome` is what must come next.
    pub(crate) const fn awaits_welcome(&self) -> bool {
        matches!(self.phase, Phase::AwaitingWelcome { .. })
    }

    /// A session is there. False if nobody waits for one (any more).
    pub(crate) fn session_opened(&mut self, now: Millis, effects: &mut Vec<Effect>) -> bool {
        let is_wanted = match self.phase {
            Phase::OpeningSession { .. } => true,
            // A host that needs more than the timeout for its assertion would never get in otherwise.
            Phase::Waiting { .. } => self.session != Session::Open,
            _ => false,
        };
        if is_wanted {
            self.session = Session::Open;
        }
        if matches!(self.phase, Phase::OpeningSession { .. }) {
            self.attempt(now, effects);
        }
        is_wanted
    }

    pub(crate) fn session_failed(
        &mut self,
        failure: Failure,
        now: Millis,
        random: f64,
        effects: &mut Vec<Effect>,
    ) {
        if !matches!(self.phase, Phase::OpeningSession { .. }) {
            return;
        }
        if failure != Failure::Unauthorized {
            return self.failed(failure, now, random);
        }
        if self.session == Session::Refused {
            return self.stop(
                SIGN_IN,
                Text::plain("The sign-in was refused. Sign in again, then try again."),
            );
        }
        self.renew(now, effects);
    }

    pub(crate) fn ticket_issued(
        &mut self,
        ticket: TicketInfo,
        now: Millis,
        effects: &mut Vec<Effect>,
    ) {
        if matches!(self.phase, Phase::FetchingTicket { .. }) {
            self.phase = Phase::OpeningSocket {
                until: now.plus(STEP_TIMEOUT),
            };
            effects.push(Effect::OpenSocket(ticket));
        }
    }

    pub(crate) fn ticket_failed(
        &mut self,
        failure: Failure,
        now: Millis,
        random: f64,
        effects: &mut Vec<Effect>,
    ) {
        if !matches!(self.phase, Phase::FetchingTicket { .. }) {
            return;
        }
        match failure {
            Failure::Unauthorized => self.renew(now, effects),
            other => self.failed(other, now, random),
        }
    }

    /// The socket is open: says `hello`.
    pub(crate) fn socket_opened(
        &mut self,
        hello: ClientMessage,
        now: Millis,
        effects: &mut Vec<Effect>,
    ) {
        if matches!(self.phase, Phase::OpeningSocket { .. }) {
            self.phase = Phase::AwaitingWelcome {
                until: now.plus(STEP_TIMEOUT),
            };
            effects.push(Effect::Send(hello));
        }
    }

    /// `welcome` has come.
    pub(crate) fn welcomed(&mut self, now: Millis) {
        self.phase = Phase::Open {
            since: now,
            next_ping: now.plus(PING_EVERY),
            pong_due: None,
        };
        self.was_ever_open = true;
        self.outage_since = None;
        self.bye_until = None;
    }

    pub(crate) fn pong(&mut self) {
        if let Phase::Open { pong_due, .. } = &mut self.phase {
            *pong_due = None;
        }
    }

    /// The server announced that it will close.
    pub(crate) fn bye(&mut self, retry_after: Millis, now: Millis) {
        self.bye_until = Some(now.plus(retry_after.min(LONGEST_ASKED_WAIT)));
    }

    pub(crate) fn socket_closed(
        &mut self,
        code: u16,
        now: Millis,
        random: f64,
        effects: &mut Vec<Effect>,
    ) {
        if !self.has_socket() {
            return;
        }
        self.settle(now);
        self.outage_since.get_or_insert(now);
        match CloseCode::from_code(code) {
            Some(CloseCode::SessionEnded) => self.renew(now, effects),
            Some(CloseCode::Forbidden) => {
                self.stop(
                    "forbidden",
                    Text::plain(
                        "The server does not allow this page to show cards for this agent.",
                    ),
                );
            }
            Some(CloseCode::Replaced) => {
                self.stop(
                    "replaced",
                    Text::plain("Cards now come to another window of this panel."),
                );
            }
            Some(CloseCode::SlowConsumer) if self.bye_until.is_none() => {
                self.again_at_once(now, random, effects);
            }
            Some(CloseCode::TooMany | CloseCode::Draining) => {
                let asked = self.bye_until.map_or(BUSY_WAIT, |until| until.since(now));
                self.wait(asked, now, random);
            }
            _ => {
                let asked = self.bye_until.map_or(Millis(0), |until| until.since(now));
                self.wait(asked, now, random);
            }
        }
    }

    /// The stream cannot be trusted: closes and comes back to resume.
    pub(crate) fn resync(&mut self, now: Millis, random: f64, effects: &mut Vec<Effect>) {
        if self.has_socket() {
            self.settle(now);
            effects.push(Effect::CloseSocket);
            self.outage_since.get_or_insert(now);
            self.again_at_once(now, random, effects);
        }
    }

    /// The agent wants a try; also the way out of a stop.
    pub(crate) fn try_now(&mut self, now: Millis, effects: &mut Vec<Effect>) {
        if matches!(self.phase, Phase::Stopped { .. }) {
            self.has_renewed = false;
            self.outage_since.get_or_insert(now);
            self.attempt(now, effects);
        } else {
            self.hurry(now, effects);
        }
    }

    /// The network or the page came back: tries at once, or finds out whether an open connection still lives.
    pub(crate) fn hurry(&mut self, now: Millis, effects: &mut Vec<Effect>) {
        match self.phase {
            // One that may not come yet keeps its jitter: all tabs and all agents are hurried by the same outage.
            Phase::Waiting { not_before, .. } if not_before <= now => self.attempt(now, effects),
            Phase::Open { pong_due: None, .. } => self.ping(now, effects),
            _ => {}
        }
    }

    const fn has_socket(&self) -> bool {
        matches!(
            self.phase,
            Phase::OpeningSocket { .. } | Phase::AwaitingWelcome { .. } | Phase::Open { .. }
        )
    }

    fn attempt(&mut self, now: Millis, effects: &mut Vec<Effect>) {
        let until = now.plus(STEP_TIMEOUT);
        self.bye_until = None;
        if self.session == Session::Open {
            self.phase = Phase::FetchingTicket { until };
            effects.push(Effect::FetchTicket);
        } else {
            self.phase = Phase::OpeningSession { until };
            effects.push(Effect::OpenSession {
                fresh_assertion: self.session == Session::Refused,
            });
        }
    }

    /// The session does not count: makes a new one from a new assertion, once.
    fn renew(&mut self, now: Millis, effects: &mut Vec<Effect>) {
        self.session = Session::Refused;
        if self.has_renewed {
            self.stop(
                SIGN_IN,
                Text::plain(
                    "The server does not recognise this session. Sign in again; if that does not help, \
                     the browser may be blocking its cookie.",
                ),
            );
        } else {
            self.has_renewed = true;
            self.attempt(now, effects);
        }
    }

    fn failed(&mut self, failure: Failure, now: Millis, random: f64) {
        match failure {
            Failure::Busy { retry_after } => {
                let asked = retry_after.unwrap_or(BUSY_WAIT).min(LONGEST_ASKED_WAIT);
                self.wait(asked, now, random);
            }
            Failure::Refused { message } if self.has_session() => self.stop("refused", message),
            Failure::Refused { message } => self.stop(SIGN_IN, message),
            Failure::Network | Failure::Unauthorized => self.wait(Millis(0), now, random),
        }
    }

    /// Waits what the server asked for, and the jitter on top of it.
    fn wait(&mut self, asked: Millis, now: Millis, random: f64) {
        self.outage_since.get_or_insert(now);
        let not_before = now.plus(asked);
        self.phase = Phase::Waiting {
            until: not_before.plus(self.backoff.next(random)),
            not_before,
        };
    }

    fn again_at_once(&mut self, now: Millis, random: f64, effects: &mut Vec<Effect>) {
        let is_due = self
            .at_once_since
            .is_none_or(|since| now >= since.plus(AT_ONCE_EVERY));
        if is_due {
            self.at_once_since = Some(now);
            self.attempt(now, effects);
        } else {
            self.wait(Millis(0), now, random);
        }
    }

    fn stop(&mut self, code: &'static str, reason: Text) {
        self.phase = Phase::Stopped { code, reason };
    }
}
