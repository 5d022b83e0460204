//! Who may come in: an API key in `Authorization: Bearer`, known by its hash, with its scopes and its allowance.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::header::{AUTHORIZATION, CACHE_CONTROL, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, HeaderValue};
use subtle::{ConditionallySelectable as _, ConstantTimeEq as _};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{Api, key};
use crate::allowance::Allowance;
use crate::config::api::{self, Scope};
use crate::refusal::{Reason, Refusal};

/// So many requests of a key may wait for news at once.
const MOST_WAITING: usize = 16;

/// Lets requests of known clients through, as many as they are allowed, and takes down the others.
pub async fn admit(State(api): State<Api>, mut request: Request, next: Next) -> Response {
    let now = api.app.clock.now();
    let (actor, mut response) = match api.callers.identify(request.headers()) {
        Ok(caller) => {
            let actor = Some(caller.name().to_owned());
            let response = if caller.0.allowance().take(now) {
                request.extensions_mut().insert(caller);
                next.run(request).await
            } else {
                too_many(&api).into_response()
            };
            (actor, response)
        }
        Err(refusal) => (None, refusal.into_response()),
    };
    api.refusals.note(&response, actor, &api.app.audit, now);
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

fn too_many(api: &Api) -> Refusal {
    let settings = &api.app.config.api;
    Reason::TOO_MANY.because(format!(
        "expected at most {} requests a second, {} at once",
        settings.requests_per_second, settings.burst
    ))
}

/// Who has a key.
pub struct Callers(Vec<Caller>);

/// A client of the API. Cheap to clone.
#[derive(Clone)]
pub struct Caller(Arc<Client>);

struct Client {
    name: String,
    sha256: [u8; 32],
    scopes: BTreeSet<Scope>,
    allowance: Mutex<Allowance>,
    waiting: Arc<Semaphore>,
}

impl Client {
    fn allowance(&self) -> std::sync::MutexGuard<'_, Allowance> {
        self.allowance
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Callers {
    /// Those of the settings.
    pub fn new(settings: &api::Api) -> Self {
        let client = |key: &api::ApiKey| {
            Caller(Arc::new(Client {
                name: key.name.clone(),
                sha256: key.sha256,
                scopes: key.scopes.clone(),
                allowance: Mutex::new(Allowance::new(settings.burst, settings.requests_per_second)),
                waiting: Arc::new(Semaphore::new(MOST_WAITING)),
            }))
        };
        Self(settings.keys.iter().map(client).collect())
    }

    /// Whose key the request carries. Takes the same time whichever key it is like, and how much.
    fn identify(&self, headers: &HeaderMap) -> Result<Caller, Refusal> {
        let value = headers.get(AUTHORIZATION).ok_or_else(|| {
            Reason::BAD_KEY.because("expected the header Authorization: Bearer <API key>")
        })?;
        let text = value.to_str().unwrap_or_default();
        let given = match text.split_once(' ') {
            Some((scheme, given)) if scheme.eq_ignore_ascii_case("bearer") => given.trim(),
            _ => {
                let detail =
                    "the header Authorization is of another form, expected Bearer <API key>";
                return Err(Reason::BAD_KEY.because(detail));
            }
        };
        let hash = key::hash(given);
        let mut found = u64::MAX;
        for (index, caller) in (0_u64..).zip(&self.0) {
            found.conditional_assign(&index, caller.0.sha256.ct_eq(&hash));
        }
        usize::try_from(found)
            .ok()
            .and_then(|index| self.0.get(index))
            .cloned()
            .ok_or_else(|| {
                Reason::BAD_KEY
                    .because("no client has this key, expected one that is in the settings")
            })
    }
}

impl Caller {
    /// The client's name, as the settings give it.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Takes one of the places for requests that wait for news; it is free again when the permit is dropped.
    pub fn wait(&self) -> Result<OwnedSemaphorePermit, Refusal> {
        let waiting = Arc::clone(&self.0.waiting);
        waiting.try_acquire_owned().map_err(|_| {
            let detail = format!("expected at most {MOST_WAITING} requests that wait at once");
            Reason::TOO_MANY.because(detail)
        })
    }

    /// Refuses what the key has no scope for.
    pub fn may(&self, scope: Scope) -> Result<(), Refusal> {
        if self.0.scopes.contains(&scope) {
            return Ok(());
        }
        Err(Reason::MISSING_SCOPE.because(format!(
            "the key {:?} lacks a scope, expected {}",
            self.name(),
            scope.as_str()
        )))
    }
}
