//! The state behind all routes: each pure part behind its own lock, none of them held across an await.
//!
//! No rule lives here; the rules are in `tokens`, `faults`, `risk`, `delivery`, `directory`. What is here joins them:
//! [`Platform::publish`] is how every card starts on its way.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cuecard_cxone::platform::HttpUrl;
use cuecard_protocol::Millis;
use jiff::SignedDuration;
use secrecy::SecretString;
use tokio::sync::watch;

use crate::auto_outcome::AutoOutcome;
use crate::delivery::{Card, ConnectionId};
use crate::directory::Directory;
use crate::exchange::{Exchange, Published};
use crate::faults::{Decision, FaultMachine, FaultRoute, Moment, RetryAfterForm};
use crate::follow_up::FollowUp;
use crate::injectors::Injectors;
use crate::prompt_desk::Prompts;
use crate::rate_limits::{RateLimit, RateLimits};
use crate::risk::{Played, RiskFeed};
use crate::scenario::Scenario;
use crate::seen::SeenLog;
use crate::sockets::Registry;
use crate::tokens::TokenBook;
use crate::webchat::Webchat;
use crate::webhooks::Webhooks;

/// What does not change while it runs.
#[derive(Debug)]
pub struct Settings {
    /// The one OAuth client there is.
    pub client_id: String,
    /// Its secret.
    pub client_secret: SecretString,
    /// Lifetime of tokens.
    pub token_ttl: Duration,
    /// A socket on which the client has been silent for so long is dropped.
    pub idle_limit: Duration,
    /// A client of the suggestions socket that has not authenticated for so long is dropped.
    pub auth_limit: Duration,
    /// A prompt may come from a clock that is ahead by so much.
    pub clock_skew: Millis,
    /// A guest without a socket lives for so long after its last call.
    pub guest_ttl: Duration,
    /// How often routes may be called; a route without a limit as often as anybody likes.
    pub rate_limits: Vec<RateLimit>,
    /// How those limits write `Retry-After`.
    pub rate_limit_form: RetryAfterForm,
    /// Where a call that is over is told; without it nowhere.
    pub webhook_url: Option<HttpUrl>,
    /// What signs that; without it nothing.
    pub webhook_secret: Option<SecretString>,
}

/// The longest lifetime of guests.
const LONGEST_TTL: SignedDuration = SignedDuration::from_hours(24 * 365);

/// An open socket, for as long as it is one.
#[derive(Debug)]
#[must_use = "dropping it says that the socket is closed"]
pub struct Live(watch::Sender<usize>);

impl Drop for Live {
    fn drop(&mut self) {
        self.0.send_modify(|live| *live -= 1);
    }
}

/// Everything the simulator knows.
#[derive(Debug)]
pub struct Platform {
    /// What does not change.
    pub settings: Settings,
    /// What arrived.
    pub seen: SeenLog,
    tokens: Mutex<TokenBook>,
    faults: Mutex<FaultMachine>,
    risk: Mutex<RiskFeed>,
    directory: Mutex<Directory>,
    exchange: Mutex<Exchange>,
    injectors: Mutex<Injectors>,
    auto_outcome: Mutex<AutoOutcome>,
    prompts: Mutex<Prompts>,
    webchat: Mutex<Webchat>,
    follow_up: Mutex<FollowUp>,
    webhooks: Mutex<Webhooks>,
    rate_limits: Mutex<RateLimits>,
    sockets: Mutex<Registry>,
    next_connection: AtomicU64,
    live: watch::Sender<usize>,
}

impl Platform {
    /// A platform at the start of a scenario.
    pub fn new(settings: Settings, scenario: &Scenario, seed: u64) -> Self {
        let mut directory = Directory::new(scenario.agents.clone());
        for (interaction, agent) in &scenario.interactions {
            directory.learn(interaction.clone(), agent.clone());
        }
        // A lifetime that is too long to be counted with is as good as none.
        let guest_ttl = SignedDuration::try_from(settings.guest_ttl).unwrap_or(LONGEST_TTL);
        let platform = Self {
            rate_limits: Mutex::new(RateLimits::new(settings.rate_limits.clone())),
            webchat: Mutex::new(Webchat::new(guest_ttl.min(LONGEST_TTL))),
            settings,
            seen: SeenLog::default(),
            tokens: Mutex::default(),
            faults: Mutex::new(FaultMachine::new(seed)),
            risk: Mutex::default(),
            directory: Mutex::new(directory),
            exchange: Mutex::default(),
            injectors: Mutex::default(),
            auto_outcome: Mutex::default(),
            prompts: Mutex::default(),
            follow_up: Mutex::default(),
            webhooks: Mutex::default(),
            sockets: Mutex::default(),
            next_connection: AtomicU64::new(1),
            live: watch::Sender::new(0),
        };
        let played = scenario.answers().map(|(answer, cue)| Played {
            answer: serde_json::json!(answer),
            cue,
        });
        platform.play(played.collect());
        platform
    }

    /// The tokens in circulation.
    pub fn tokens(&self) -> MutexGuard<'_, TokenBook> {
        lock(&self.tokens)
    }

    /// The faults in force.
    pub fn faults(&self) -> MutexGuard<'_, FaultMachine> {
        lock(&self.faults)
    }

    /// What the risk API answers.
    pub fn risk(&self) -> MutexGuard<'_, RiskFeed> {
        lock(&self.risk)
    }

    /// Agents and interactions.
    pub fn directory(&self) -> MutexGuard<'_, Directory> {
        lock(&self.directory)
    }

    /// Cards on their way.
    pub fn exchange(&self) -> MutexGuard<'_, Exchange> {
        lock(&self.exchange)
    }

    /// Suggestions and their injectors.
    pub fn injectors(&self) -> MutexGuard<'_, Injectors> {
        lock(&self.injectors)
    }

    /// What becomes of suggestions for agents nobody has subscribed.
    pub fn auto_outcome(&self) -> MutexGuard<'_, AutoOutcome> {
        lock(&self.auto_outcome)
    }

    /// Sessions and prompts.
    pub fn prompts(&self) -> MutexGuard<'_, Prompts> {
        lock(&self.prompts)
    }

    /// Guests and what customers see of typing.
    pub fn webchat(&self) -> MutexGuard<'_, Webchat> {
        lock(&self.webchat)
    }

    /// Forms, and what was made of them.
    pub fn follow_up(&self) -> MutexGuard<'_, FollowUp> {
        lock(&self.follow_up)
    }

    /// Events on their way to their receivers.
    pub fn webhooks(&self) -> MutexGuard<'_, Webhooks> {
        lock(&self.webhooks)
    }

    /// How often routes may still be called.
    pub fn rate_limits(&self) -> MutexGuard<'_, RateLimits> {
        lock(&self.rate_limits)
    }

    /// Open sockets.
    pub fn sockets(&self) -> MutexGuard<'_, Registry> {
        lock(&self.sockets)
    }

    /// Throws the dice for one call.
    pub fn decide(&self, route: FaultRoute, moment: Moment) -> Decision {
        self.faults().decide(route, moment)
    }

    /// Counts a socket as open from before its upgrade is answered until its last word is written.
    pub fn socket_opens(&self) -> Live {
        self.live.send_modify(|live| *live += 1);
        Live(self.live.clone())
    }

    /// Tells whenever the number of open sockets changes.
    pub fn open_sockets(&self) -> watch::Receiver<usize> {
        self.live.subscribe()
    }

    /// A number for a new connection.
    pub fn next_connection(&self) -> ConnectionId {
        self.next_connection.fetch_add(1, Ordering::Relaxed)
    }

    /// Replaces what the risk API answers, and learns from it who holds the interactions.
    pub fn set_risk(&self, answers: Vec<serde_json::Value>) {
        let played = answers
            .into_iter()
            .map(|answer| Played { answer, cue: None });
        self.play(played.collect());
    }

    fn play(&self, answers: Vec<Played>) {
        let mut directory = self.directory();
        for Played { answer, .. } in &answers {
            if let (Some(interaction), Some(agent)) =
                (answer["interactionId"].as_str(), answer["agentId"].as_str())
            {
                directory.learn(interaction.to_owned(), agent.to_owned());
            }
        }
        drop(directory);
        self.risk().set(answers);
    }

    /// Sends a card to its agent's desktops, or keeps it. Never waits: a connection that cannot take it is dropped.
    pub fn publish(&self, card: Card) -> Published {
        let published = self.exchange().publish(card);
        if !published.overrun.is_empty() {
            let sockets = self.sockets();
            for connection in &published.overrun {
                tracing::warn!(
                    connection,
                    "a desktop does not read; its connection is dropped"
                );
                sockets.drop_one(*connection, crate::sockets::ABRUPT);
            }
        }
        published
    }
}

/// A panic elsewhere leaves these values whole: every change is made in one piece under the lock.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
