//! Access tokens: cached, refreshed by one request at a time, and thrown away when the platform rejects them.
//!
//! Start at [`TokenSource`]. Every user of the platform shares one (it is cheap to clone), so that however many ask
//! at once, the token endpoint sees a single request. One request is in [`request`], the failures in [`error`].

mod error;
mod request;

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::{FutureExt as _, future::BoxFuture, future::Shared};
use metrics::counter;
use reqwest::Client;
use secrecy::SecretString;
use tokio::{
    sync::oneshot,
    time::{Instant, sleep},
};
use tracing::{info, warn};

pub use self::error::TokenError;
use crate::{
    http::{ClientError, client},
    platform::Platform,
    wire::oauth::TokenResponse,
};

/// The next token is asked for this long before one expires (platform wire, section 2).
pub const MARGIN: Duration = Duration::from_mins(1);
/// How long a caller is held in all while the token endpoint answers 429; a longer `Retry-After` is an error at once,
/// and the endpoint is left alone until it has passed.
pub const LONGEST_HOLD: Duration = Duration::from_mins(1);
/// The wait after a 429 without a usable `Retry-After` (platform wire, section 2: the clients wait 2 s).
pub const DEFAULT_WAIT: Duration = Duration::from_secs(2);

/// A bearer token. Neither `Debug` nor anything else shows it; [`AccessToken::secret`] gives it out.
#[derive(Clone)]
pub struct AccessToken(Arc<Issued>);

struct Issued {
    serial: u64,
    secret: SecretString,
    scope: Option<String>,
    obtained: Instant,
    /// `None` when the platform does not say: then the token serves the callers that wait for it, and no others.
    lifetime: Option<Duration>,
}

impl AccessToken {
    /// The token itself.
    pub fn secret(&self) -> &SecretString {
        &self.0.secret
    }

    /// The scopes that were granted, if the platform says so.
    pub fn scope(&self) -> Option<&str> {
        self.0.scope.as_deref()
    }

    /// How old it is, counted from before it was asked for.
    pub fn age(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.0.obtained)
    }

    /// Whether it may be handed out without asking for the next one.
    fn is_fresh(&self, now: Instant) -> bool {
        self.0
            .lifetime
            .is_some_and(|lifetime| self.age(now) < lifetime.saturating_sub(MARGIN))
    }

    /// Whether the platform still takes it, as far as we know.
    fn is_alive(&self, now: Instant) -> bool {
        self.0
            .lifetime
            .is_some_and(|lifetime| self.age(now) < lifetime)
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AccessToken(#{}, redacted)", self.0.serial)
    }
}

/// Where tokens come from. Clones share one cache and one request.
#[derive(Clone)]
pub struct TokenSource(Arc<Source>);

struct Source {
    platform: Platform,
    http: Client,
    state: Mutex<State>,
}

/// The outcome of a request that is under way.
type Flight = Shared<BoxFuture<'static, Result<AccessToken, TokenError>>>;
/// Where whoever makes the request tells its outcome.
type Departure = oneshot::Sender<Result<AccessToken, TokenError>>;

#[derive(Default)]
struct State {
    serial: u64,
    cached: Option<AccessToken>,
    flight: Option<Flight>,
    /// The endpoint wants to be left alone until then.
    closed_until: Option<Instant>,
}

impl fmt::Debug for TokenSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenSource")
            .field("token_url", &self.0.platform.token_url)
            .finish_non_exhaustive()
    }
}

impl TokenSource {
    /// A source for these settings. Asks for nothing yet.
    pub fn new(platform: Platform) -> Result<Self, ClientError> {
        if platform.token_url.is_exposed() {
            warn!(token_url = %platform.token_url, "credentials travel unencrypted; use https");
        }
        Ok(Self(Arc::new(Source {
            platform,
            http: client()?,
            state: Mutex::default(),
        })))
    }

    /// The scopes that are asked for.
    pub fn scope(&self) -> &str {
        &self.0.platform.scope
    }

    /// A token that is alive: at once, if there is one.
    ///
    /// From [`MARGIN`] before its end on, each call starts a request for the next one unless that is under way, and
    /// leaves it to itself: neither a slow endpoint nor a 429 nor a failure holds anybody up while a token lives.
    /// Callers that find none wait for the outcome of the request, the failure included, and up to [`LONGEST_HOLD`]
    /// when the endpoint answers 429. The request goes on when its callers go away.
    pub async fn token(&self) -> Result<AccessToken, TokenError> {
        let (flight, departure, alive) = {
            let mut state = self.state();
            let now = Instant::now();
            let alive = state.alive(now);
            if let Some(token) = alive.as_ref().filter(|token| token.is_fresh(now)) {
                return Ok(token.clone());
            }
            match state.closed_until {
                Some(until) if now < until => {
                    return alive.ok_or(TokenError::RateLimited {
                        retry_after: until - now,
                    });
                }
                _ => state.closed_until = None,
            }
            let (flight, departure) = state.board();
            (flight, departure, alive)
        };
        // Not while the state is locked: a runtime that ends drops a new task at once, and then it lands.
        if let Some(departure) = departure {
            self.depart(departure);
        }
        match alive {
            Some(token) => Ok(token),
            None => flight.await,
        }
    }

    /// The platform answered 401 to this token: it will not be handed out again.
    ///
    /// However many report the same token, it is replaced once; a newer one is left alone.
    pub fn rejected(&self, token: &AccessToken) {
        let mut state = self.state();
        if state
            .cached
            .as_ref()
            .is_some_and(|cached| cached.0.serial == token.0.serial)
        {
            state.cached = None;
            counter!("cuecard_platform_tokens_rejected_total").increment(1);
            info!(token = ?token, "the platform rejected the token; the next use asks for a new one");
        }
    }

    /// How old the cached token is; `None` without one. For a gauge.
    pub fn age(&self, now: Instant) -> Option<Duration> {
        self.state().cached.as_ref().map(|token| token.age(now))
    }

    /// Starts the one request, in a task of its own so that no caller's end can end it.
    fn depart(&self, departure: Departure) {
        let landing = Landing(self.clone());
        tokio::spawn(async move {
            let outcome = landing.0.fetch().await;
            drop(landing);
            // All callers may have gone away: fine.
            let _ = departure.send(outcome);
        });
    }

    /// Asks until there is a token, a failure, or too long a wait.
    async fn fetch(&self) -> Result<AccessToken, TokenError> {
        let mut held = Duration::ZERO;
        loop {
            // Counted from before the request: the platform's clock started somewhere after.
            let asked = Instant::now();
            let error = match request::send(&self.0.http, &self.0.platform).await {
                Ok(answer) => {
                    counter!("cuecard_platform_token_requests_total", "outcome" => "granted")
                        .increment(1);
                    return Ok(self.state().keep(answer, asked));
                }
                Err(error) => error,
            };
            counter!("cuecard_platform_token_requests_total", "outcome" => error.label())
                .increment(1);
            let TokenError::RateLimited { retry_after } = error else {
                warn!(%error, "no new token");
                self.state().closed_until = error.retry_after().map(|wait| Instant::now() + wait);
                return Err(error);
            };
            counter!("cuecard_platform_rate_limited_total", "route" => "oauth").increment(1);
            let wait = if retry_after.is_zero() {
                DEFAULT_WAIT
            } else {
                retry_after
            };
            warn!(wait_s = wait.as_secs(), "the token endpoint answered 429");
            if held + wait > LONGEST_HOLD {
                self.state().closed_until = Some(Instant::now() + wait);
                return Err(TokenError::RateLimited { retry_after: wait });
            }
            held += wait;
            sleep(wait).await;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No code panics while it holds the lock, and no state is left half-written.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The request that is under way; if there was none, with what it takes to make it.
    fn board(&mut self) -> (Flight, Option<Departure>) {
        if let Some(flight) = &self.flight {
            return (flight.clone(), None);
        }
        let (departure, outcome) = oneshot::channel();
        let abandoned = || TokenError::Unreachable {
            reason: "the request was abandoned".to_owned(),
        };
        let flight = async move { outcome.await.unwrap_or_else(|_| Err(abandoned())) };
        let flight = flight.boxed().shared();
        self.flight = Some(flight.clone());
        (flight, Some(departure))
    }

    fn keep(&mut self, answer: TokenResponse, obtained: Instant) -> AccessToken {
        self.serial += 1;
        let token = AccessToken(Arc::new(Issued {
            serial: self.serial,
            secret: answer.access_token,
            scope: answer.scope,
            obtained,
            lifetime: answer.expires_in.map(Duration::from_secs),
        }));
        self.cached = Some(token.clone());
        token
    }

    fn alive(&self, now: Instant) -> Option<AccessToken> {
        self.cached.clone().filter(|token| token.is_alive(now))
    }
}

/// Ends the flight when its task ends, in whichever way, so that the next caller starts another.
struct Landing(TokenSource);

impl Drop for Landing {
    fn drop(&mut self) {
        self.0.state().flight = None;
    }
}
