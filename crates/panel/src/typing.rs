//! The browser's half of the typing indicator: told keystrokes, it says what the broker is to be told, and when. A burst
//! of any length costs two calls; where another panel holds the socket also one every few seconds, because to the broker
//! that socket stands for the other panel only. What the broker believes is kept as what it may believe, so that a lost
//! answer never leaves a `true` behind. Start at [`Typing::keystroke`]; the call itself is the shell's.

use cuecard_protocol::typing::{TYPING_GONE, TYPING_IDLE, TypingRequest};
use cuecard_protocol::{InteractionId, Millis};

use crate::{Effect, Failure};

/// A call without an answer has failed after this.
const CALL_TIMEOUT: Millis = Millis::from_secs(3);

/// First wait after a failure, in seconds; it doubles with each one more.
const FIRST_WAIT: u64 = 1;

/// Longest wait after a failure, in seconds. By then the broker has turned the indicator off by itself.
const LONGEST_WAIT: u64 = 30;

/// A longer wait than this is a mistake of the server.
const LONGEST_ASKED_WAIT: Millis = Millis::from_secs(3600);

/// A panel that shares another one's socket tells again after this.
const TELL_AGAIN: Millis = Millis(TYPING_GONE.0 / 2);

/// What typing has cost since the panel began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TypingCounts {
    /// Keystrokes seen.
    pub keystrokes: u64,
    /// Calls made.
    pub calls: u64,
    /// Calls that the broker put off (429 or 503).
    pub put_off: u64,
    /// How long calls had to wait for that, in all.
    pub closed_for: Millis,
}

impl TypingCounts {
    /// Calls that were not made, of one for each keystroke.
    pub const fn saved(&self) -> u64 {
        self.keystrokes.saturating_sub(self.calls)
    }
}

/// The machine.
#[derive(Debug, Default)]
pub(crate) struct Typing {
    /// Names this life of the panel to the broker.
    life: String,
    /// Where the agent is typing.
    wanted: Option<InteractionId>,
    last_key: Millis,
    /// Where the broker may believe that the agent is typing.
    believed: Vec<InteractionId>,
    /// The broker believes just that.
    is_sure: bool,
    /// The broker sees no socket of this panel, and forgets what it was told soon after this.
    again_after: Option<Millis>,
    again: Again,
    in_flight: Option<Call>,
    /// The broker takes no call before.
    closed_until: Millis,
    /// After a failure, no call before; leaving does not wait for it.
    retry_at: Millis,
    failures: u32,
    /// The broker knows no session of ours: it would take no call before it has said welcome to one.
    is_locked_out: bool,
    n: u64,
    /// Keystrokes that the broker has not heard of.
    unreported: u64,
    counts: TypingCounts,
    /// What [`Typing::has_changed`] said last.
    was_shown: bool,
}

/// When the broker, which believes that the agent is typing, is to be told so again.
#[derive(Debug, Default, PartialEq, Eq)]
enum Again {
    #[default]
    Never,
    At(Millis),
    Now,
}

/// The newest call, while its answer is awaited.
#[derive(Debug)]
struct Call {
    n: u64,
    interaction: InteractionId,
    typing: bool,
    keystrokes: u64,
    /// It made the broker possibly believe something new.
    is_news: bool,
    was_sure: bool,
    until: Millis,
}

impl Typing {
    /// Begins a life, by its name.
    pub(crate) fn begin(&mut self, life: String) {
        self.life = life;
    }

    /// The agent has written something.
    pub(crate) fn keystroke(&mut self, interaction: &InteractionId, now: Millis) {
        self.counts.keystrokes += 1;
        self.unreported += 1;
        self.last_key = now;
        if self.wanted.as_ref() != Some(interaction) {
            self.wanted = Some(interaction.clone());
        }
    }

    /// The agent has sent, has left the field, or goes away altogether: the end is told at once, also past a call that is
    /// in flight. Their numbers put them in order.
    pub(crate) fn leave(&mut self, now: Millis, effects: &mut Vec<Effect>) {
        if self.wanted.take().is_none() {
            return;
        }
        self.retry_at = now;
        let is_on_its_way = self.in_flight.as_ref().is_some_and(|call| !call.typing);
        if !is_on_its_way && self.closed_until <= now {
            self.call(false, now, effects);
        }
    }

    /// Another agent: the broker ends what was told in the name of the one before.
    pub(crate) fn clear(&mut self) {
        self.wanted = None;
        self.believed.clear();
        self.in_flight = None;
    }

    /// The broker is there again, and may have forgotten.
    pub(crate) fn welcomed(&mut self, now: Millis) {
        self.is_sure = false;
        self.is_locked_out = false;
        self.failures = 0;
        self.retry_at = now;
    }

    /// Whether the socket that opens is another panel's.
    pub(crate) fn share(&mut self, is_shared: bool) {
        self.again_after = is_shared.then_some(TELL_AGAIN);
    }

    /// What became of call `n`.
    pub(crate) fn told(&mut self, n: u64, outcome: &Result<(), Failure>, now: Millis) {
        let call = self.in_flight.take_if(|call| call.n == n);
        match outcome {
            Err(Failure::Busy { retry_after }) => {
                let until = match *retry_after {
                    Some(asked) => now.plus(asked.min(LONGEST_ASKED_WAIT)),
                    None => now.plus(self.next_wait()),
                };
                self.counts.put_off += 1;
                let added = until.since(self.closed_until.max(now));
                self.counts.closed_for = self.counts.closed_for.plus(added);
                self.closed_until = self.closed_until.max(until);
                if let Some(call) = call {
                    self.not_heard(&call);
                }
            }
            Err(failure @ (Failure::Network | Failure::Unauthorized)) => {
                if let Some(call) = call {
                    self.is_locked_out = *failure == Failure::Unauthorized;
                    self.failed(&call, now);
                }
            }
            // Trying again would not help; the call after it may be about another conversation.
            Ok(()) | Err(Failure::Refused { .. }) => {
                if let Some(call) = call {
                    self.heard(call, now);
                }
            }
        }
    }

    /// Does what is due. A `true` needs the broker to be there (`is_open`), an end does not.
    pub(crate) fn tick(&mut self, is_open: bool, now: Millis, effects: &mut Vec<Effect>) {
        if self.wanted.is_some() && self.last_key.plus(TYPING_IDLE) <= now {
            self.wanted = None;
        }
        if let Some(call) = self.in_flight.take_if(|call| call.until <= now) {
            self.failed(&call, now);
        }
        if matches!(self.again, Again::At(at) if at <= now) {
            self.again = Again::Now;
        }
        if self.in_flight.is_none() && self.closed_until.max(self.retry_at) <= now {
            self.call(is_open, now, effects);
        }
    }

    /// When something will be due.
    pub(crate) fn deadline(&self, is_open: bool) -> Option<Millis> {
        let idle = self
            .wanted
            .as_ref()
            .map(|_| self.last_key.plus(TYPING_IDLE));
        let call = match &self.in_flight {
            Some(call) => Some(call.until),
            None => self
                .next(is_open)
                .map(|_| self.closed_until.max(self.retry_at)),
        };
        let again = match self.again {
            Again::At(at) if self.is_shown() => Some(at),
            _ => None,
        };
        idle.into_iter().chain(call).chain(again).min()
    }

    /// Whether the broker knows that the agent is typing.
    pub(crate) fn is_shown(&self) -> bool {
        self.is_sure && self.wanted.is_some() && self.believed.first() == self.wanted.as_ref()
    }

    /// Whether that is another than when this was asked last.
    pub(crate) fn has_changed(&mut self) -> bool {
        let is_shown = self.is_shown();
        std::mem::replace(&mut self.was_shown, is_shown) != is_shown
    }

    pub(crate) const fn counts(&self) -> TypingCounts {
        self.counts
    }

    /// Whether the broker knows no session of ours, as far as is known.
    pub(crate) const fn is_locked_out(&self) -> bool {
        self.is_locked_out
    }

    /// What has to be told, if anything.
    fn next(&self, is_open: bool) -> Option<(&InteractionId, bool)> {
        match &self.wanted {
            _ if self.is_locked_out => None,
            None => self.believed.last().map(|interaction| (interaction, false)),
            Some(_) if !is_open || (self.is_shown() && self.again != Again::Now) => None,
            Some(interaction) => Some((interaction, true)),
        }
    }

    fn call(&mut self, is_open: bool, now: Millis, effects: &mut Vec<Effect>) {
        let Some((interaction, typing)) = self.next(is_open) else {
            return;
        };
        let interaction = interaction.clone();
        let is_news = !self.believed.contains(&interaction);
        if is_news {
            self.believed.push(interaction.clone());
        }
        self.n += 1;
        self.counts.calls += 1;
        let keystrokes = std::mem::take(&mut self.unreported);
        let was_sure = self.is_sure;
        // While it is told again, the broker believes it still.
        self.is_sure = typing && self.is_shown();
        self.again = Again::Never;
        self.in_flight = Some(Call {
            n: self.n,
            interaction: interaction.clone(),
            typing,
            keystrokes,
            is_news,
            was_sure,
            until: now.plus(CALL_TIMEOUT),
        });
        effects.push(Effect::Typing(TypingRequest {
            interaction_id: interaction,
            typing,
            life: self.life.clone(),
            n: self.n,
            keystrokes,
        }));
    }

    /// The broker has taken the call: it believes that, and nothing else of what came before.
    fn heard(&mut self, call: Call, now: Millis) {
        self.failures = 0;
        self.is_sure = true;
        if call.typing {
            if let Some(after) = self.again_after {
                self.again = Again::At(now.plus(after));
            }
            self.believed = vec![call.interaction];
        } else {
            self.believed.retain(|other| *other != call.interaction);
        }
    }

    /// The broker has not taken the call: it believes what it did.
    fn not_heard(&mut self, call: &Call) {
        self.unreported += call.keystrokes;
        self.is_sure = call.was_sure;
        if call.was_sure && call.typing {
            self.again = Again::Now;
        }
        if call.is_news {
            self.believed.retain(|other| *other != call.interaction);
        }
    }

    /// Nobody knows whether the broker has taken the call.
    fn failed(&mut self, call: &Call, now: Millis) {
        self.is_sure = false;
        self.unreported += call.keystrokes;
        self.retry_at = now.plus(self.next_wait());
    }

    fn next_wait(&mut self) -> Millis {
        let seconds = FIRST_WAIT << self.failures.min(16);
        self.failures = self.failures.saturating_add(1);
        Millis::from_secs(seconds.min(LONGEST_WAIT))
    }
}
