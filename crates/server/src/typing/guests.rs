//! Carries out what the [`gate`](super::gate) of each guest decides: one task for each conversation, until its guest
//! has been silent for long. It decides nothing.
//!
//! Start at [`Guests::want`]; [`Attendant::run`] is the task.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cuecard_cxone::token::TokenError;
use cuecard_cxone::typing::{GuestId, Indicator, TypingError};
use cuecard_protocol::{AgentId, InteractionId};
use tokio::sync::watch;
use tokio::time::{Duration, Instant, sleep, sleep_until};

use super::gate::{Answer, Call, Effect, Event, Gate};
use super::marks::{self, Mark};
use super::observe;
use crate::App;

/// A guest that was silent for so long is gone on the platform too (platform wire, section 14.10).
const KEPT: Duration = Duration::from_mins(30);

/// So many conversations of one agent are looked after: more than anybody holds at once, and more than an agent can type
/// in at once, so one that is at rest can always make room.
const MOST_ATTENDED: usize = 32;

/// A 429 that names no wait closes its route to the other guests for so long; its own guest's gate waits longer if it
/// was not the first.
const UNNAMED_WAIT: Duration = Duration::from_secs(1);

/// All guests of this server.
pub(super) struct Guests {
    shared: Arc<Shared>,
    wanted: BTreeMap<InteractionId, Wanted>,
    /// What is wanted has changed so often.
    wishes: u64,
}

/// What is wanted of one guest.
struct Wanted {
    typing: watch::Sender<bool>,
    /// Who typed last; none for what an earlier run left.
    agent: Option<AgentId>,
    /// The number of the wish that was the newest.
    newest: u64,
}

struct Shared {
    app: App,
    indicator: Arc<dyn Indicator>,
    routes: Routes,
}

/// When the platform takes calls again, after a 429. All guests of a tenant share a route (platform wire, section 14.11).
#[derive(Debug, Default)]
struct Routes {
    /// That of new guests.
    creation: Mutex<Option<Instant>>,
    /// That of indicators, set or read.
    typing: Mutex<Option<Instant>>,
}

impl Guests {
    pub(super) fn new(app: App, indicator: Arc<dyn Indicator>) -> Self {
        let shared = Shared {
            app,
            indicator,
            routes: Routes::default(),
        };
        Self {
            shared: Arc::new(shared),
            wanted: BTreeMap::new(),
            wishes: 0,
        }
    }

    /// Whom the customer of this conversation should see typing from now on, if anybody.
    pub(super) fn want(&mut self, interaction: InteractionId, agent: Option<AgentId>) {
        self.wishes += 1;
        if let Some(wanted) = self.wanted.get_mut(&interaction)
            && wanted.typing.send(agent.is_some()).is_ok()
        {
            wanted.newest = self.wishes;
            wanted.agent = agent.or_else(|| wanted.agent.take());
            return;
        }
        let Some(agent) = agent else { return };
        // Those whose guest was silent for long have ended.
        self.wanted.retain(|_, wanted| !wanted.typing.is_closed());
        self.retire(&agent);
        self.attend(interaction, Some(agent), Gate::default(), None);
    }

    /// Makes room for one more conversation of this agent: lets go of the one that has not been typed in for longest.
    fn retire(&mut self, agent: &AgentId) {
        let of_agent = |wanted: &Wanted| wanted.agent.as_ref() == Some(agent);
        let own = self.wanted.iter().filter(|(_, wanted)| of_agent(wanted));
        if own.clone().count() < MOST_ATTENDED {
            return;
        }
        let oldest = own
            .filter(|(_, wanted)| !*wanted.typing.borrow())
            .min_by_key(|(_, wanted)| wanted.newest)
            .map(|(interaction, _)| interaction.clone());
        // Who looks after it ends when the indicator is off.
        oldest.and_then(|oldest| self.wanted.remove(&oldest));
    }

    /// Turns off what an earlier run of this server may have left on.
    pub(super) fn take_over(&mut self, marks: Vec<Mark>) {
        for mark in marks {
            self.attend(mark.interaction, None, Gate::taken_over(), Some(mark.guest));
        }
    }

    /// Of several guests of one conversation the last one goes on; the others end when they are off.
    fn attend(
        &mut self,
        interaction: InteractionId,
        agent: Option<AgentId>,
        gate: Gate,
        guest: Option<GuestId>,
    ) {
        let (typing, wanted) = watch::channel(agent.is_some());
        let attendant = Attendant {
            shared: Arc::clone(&self.shared),
            interaction: interaction.clone(),
            gate,
            marked: guest.clone(),
            guest,
        };
        tokio::spawn(attendant.run(wanted));
        let wanted = Wanted {
            typing,
            agent,
            newest: self.wishes,
        };
        self.wanted.insert(interaction, wanted);
    }
}

/// One guest.
struct Attendant {
    shared: Arc<Shared>,
    interaction: InteractionId,
    gate: Gate,
    guest: Option<GuestId>,
    /// Whose mark is kept; not always that of `guest`, which may be a new one.
    marked: Option<GuestId>,
}

/// A call that has ended.
struct Ended {
    answer: Answer,
    /// Of [`Call::Open`].
    opened: Option<GuestId>,
    /// Whether the platform or the store was asked at all.
    was_asked: bool,
}

impl From<Answer> for Ended {
    fn from(answer: Answer) -> Self {
        Self {
            answer,
            opened: None,
            was_asked: true,
        }
    }
}

type UnderWay = Pin<Box<dyn Future<Output = Ended> + Send>>;

impl Attendant {
    /// Runs until the guest has been silent for long, or nobody can want anything of it any more. While the indicator
    /// may be on, a drain waits for it.
    async fn run(mut self, mut wanted: watch::Receiver<bool>) {
        let start = Instant::now();
        let mut is_heard = true;
        let mut under_way: Option<(Call, UnderWay)> = None;
        let mut was_asked = true;
        let mut event = Event::Want(*wanted.borrow_and_update());
        let mut hold = None;
        loop {
            for effect in self.gate.step(event, start.elapsed()) {
                match effect {
                    Effect::Call(call) => under_way = Some((call, self.call(call))),
                    Effect::Note(note) => {
                        observe::noted(&self.shared.app, &self.interaction, note, was_asked);
                    }
                }
            }
            if self.gate.is_at_rest() {
                hold = None;
                if !is_heard {
                    return;
                }
            } else if hold.is_none() {
                hold = Some(self.shared.app.shutdown.hold());
            }
            let deadline = self.gate.deadline().map(|at| start + at);
            event = tokio::select! {
                // What is told in the guest's last moment still counts.
                biased;
                ended = arrival(&mut under_way), if under_way.is_some() => {
                    was_asked = ended.1.was_asked;
                    self.ended(ended)
                }
                changed = wanted.changed(), if is_heard => {
                    is_heard = changed.is_ok();
                    Event::Want(is_heard && *wanted.borrow_and_update())
                }
                () = sleep_until(deadline.unwrap_or(start)), if deadline.is_some() => Event::Timer,
                () = sleep(KEPT), if hold.is_none() => return,
            };
        }
    }

    fn ended(&mut self, (call, ended): (Call, Ended)) -> Event {
        match (call, &ended.answer) {
            (Call::Open, Answer::Done) => self.guest = ended.opened,
            (Call::Mark, Answer::Done) => self.marked.clone_from(&self.guest),
            (Call::Unmark, Answer::Done) => self.marked = None,
            _ => {}
        }
        if ended.was_asked {
            observe::called(call, &ended.answer);
        }
        Event::Answered(ended.answer)
    }

    fn call(&self, call: Call) -> UnderWay {
        let shared = Arc::clone(&self.shared);
        let interaction = self.interaction.clone();
        let guest = match call {
            Call::Unmark => self.marked.clone(),
            _ => self.guest.clone(),
        };
        Box::pin(async move {
            if let Some(left) = shared.routes.wait(call) {
                return Ended {
                    was_asked: false,
                    ..Answer::Limited {
                        retry_after: Some(left),
                    }
                    .into()
                };
            }
            match (call, guest) {
                (Call::Open, _) => shared.open(&interaction).await,
                (Call::Mark, Some(guest)) => {
                    stored(marks::keep(&*shared.app.backbone, &guest, &interaction).await)
                }
                (Call::Unmark, Some(guest)) => {
                    stored(marks::forget(&*shared.app.backbone, &guest).await)
                }
                (Call::Turn(typing), Some(guest)) => {
                    let set = shared.indicator.set(&guest, typing).await;
                    set.map_or_else(|error| shared.failed(call, &error), |()| Answer::Done)
                        .into()
                }
                (Call::Read, Some(guest)) => {
                    let read = shared.indicator.read(&guest).await;
                    read.map_or_else(|error| shared.failed(call, &error), Answer::Shown)
                        .into()
                }
                // The gate opens a guest before it does anything with one.
                (_, None) => Answer::Gone.into(),
            }
        })
    }
}

impl Routes {
    /// The one that a call goes by; none for our own store's.
    fn of(&self, call: Call) -> Option<&Mutex<Option<Instant>>> {
        match call {
            Call::Open => Some(&self.creation),
            Call::Turn(_) | Call::Read => Some(&self.typing),
            Call::Mark | Call::Unmark => None,
        }
    }

    /// How long a call has to wait yet.
    fn wait(&self, call: Call) -> Option<Duration> {
        let until = (*lock(self.of(call)?))?;
        let left = until.saturating_duration_since(Instant::now());
        (!left.is_zero()).then_some(left)
    }

    /// A call was answered 429.
    fn limited(&self, call: Call, error: &TypingError) {
        let asked = error.retry_after().filter(|wait| !wait.is_zero());
        let until = Instant::now() + asked.unwrap_or(UNNAMED_WAIT);
        if let Some(route) = self.of(call) {
            let mut closed = lock(route);
            *closed = (*closed).max(Some(until));
        }
    }
}

impl Shared {
    /// What a failed call of the platform means to the gate.
    fn failed(&self, call: Call, error: &TypingError) -> Answer {
        if error.is_rate_limit() {
            self.routes.limited(call, error);
        }
        failed(call, error)
    }

    async fn open(&self, interaction: &InteractionId) -> Ended {
        match self.indicator.open(interaction.as_str()).await {
            Ok(guest) => Ended {
                opened: Some(guest),
                ..Answer::Done.into()
            },
            Err(error) => self.failed(Call::Open, &error).into(),
        }
    }
}

fn lock(route: &Mutex<Option<Instant>>) -> MutexGuard<'_, Option<Instant>> {
    route.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The call's end, once; the place is empty then.
async fn arrival(under_way: &mut Option<(Call, UnderWay)>) -> (Call, Ended) {
    let Some((call, future)) = under_way else {
        return std::future::pending().await;
    };
    let ended = (*call, future.await);
    *under_way = None;
    ended
}

fn stored(result: Result<(), crate::backbone::BackboneError>) -> Ended {
    let answer = match result {
        Ok(()) => Answer::Done,
        Err(error) => {
            tracing::error!(%error, "the mark of a typing indicator cannot be written");
            Answer::Lost { retry_after: None }
        }
    };
    answer.into()
}

/// What a failed call means to the gate.
fn failed(call: Call, error: &TypingError) -> Answer {
    let retry_after = error.retry_after();
    let is_limited = error.is_rate_limit()
        || matches!(error, TypingError::Token(TokenError::RateLimited { .. }));
    if is_limited {
        Answer::Limited { retry_after }
    } else if error.is_gone() {
        tracing::info!(?call, %error, "a guest is gone");
        Answer::Gone
    } else if error.is_retryable() {
        tracing::warn!(?call, %error, "a typing call failed and will be tried again");
        Answer::Lost { retry_after }
    } else {
        tracing::error!(?call, %error, "a typing call was refused");
        Answer::Refused
    }
}

#[cfg(test)]
#[path = "guests_tests.rs"]
mod tests;
