//! The HTTP API: everything a program reaches. Teams with a model post cards here and learn what became of them.
//!
//! Start at [`router`]. One endpoint is one file: [`alerts`], [`suggestions`], [`prompts`], [`cards`], [`outcomes`],
//! [`interactions`]. [`door`] says who may come in, [`body`] and [`check`] what is read, [`publish`] what all posts
//! share, [`openapi`] and [`docs`] describe it. The rules of cards are the protocol's, and the store keeps them.

mod alerts;
mod body;
mod cards;
mod check;
mod docs;
mod door;
mod interactions;
pub mod key;
mod openapi;
mod outcomes;
mod prompts;
mod publish;
mod suggestions;
mod time;

use std::ops::Deref;
use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{Method, Uri};
use axum::middleware;
use axum::routing::{get, post};
use cuecard_protocol::CardId;

use self::door::Callers;
use crate::app::App;
use crate::refusal::{Ledger, Reason, Refusal};

/// What the endpoints share. Cheap to clone.
#[derive(Clone)]
struct Api(Arc<Shared>);

struct Shared {
    app: App,
    callers: Callers,
    refusals: Ledger,
}

/// The routes of the API, its description, and the page to try it.
pub fn router(app: App) -> Router {
    let api = Api(Arc::new(Shared {
        callers: Callers::new(&app.config.api),
        refusals: Ledger::default(),
        app,
    }));
    let routes = Router::new()
        .route("/alerts", post(alerts::post))
        .route("/suggestions", post(suggestions::post))
        .route("/prompts", post(prompts::post))
        .route("/cards/{id}", get(cards::read).delete(cards::withdraw))
        .route("/outcomes", get(outcomes::follow))
        .route(
            "/interactions/{id}",
            get(interactions::read).put(interactions::change),
        )
        .fallback(async |uri: Uri| {
            Reason::NOT_FOUND.because(format!("{} is no endpoint", uri.path()))
        })
        .method_not_allowed_fallback(async |method: Method| {
            Reason::BAD_METHOD.because(format!("{method} is not one of this endpoint's methods"))
        })
        .layer(DefaultBodyLimit::max(body::MAX_BYTES))
        .layer(middleware::from_fn_with_state(api.clone(), door::admit))
        .with_state(api);
    Router::new().nest("/v1", routes).merge(docs::router())
}

impl Api {
    fn refuse_while_draining(&self) -> Result<(), Refusal> {
        if self.app.shutdown.is_draining() {
            return Err(Reason::DRAINING.because("try again shortly"));
        }
        Ok(())
    }

    /// Does work to its end, in a task of its own that a drain waits for: when a client goes away, its request is dropped,
    /// and what is written then must be noted all the same.
    async fn complete<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, Refusal>> + Send + 'static,
    ) -> Result<T, Refusal> {
        let hold = self.app.shutdown.hold();
        let task = tokio::spawn(async move {
            let done = work.await;
            drop(hold);
            done
        });
        task.await.unwrap_or_else(|error| {
            tracing::error!(%error, "a request could not be completed");
            Err(Reason::STORE_FAILED.because("try again shortly"))
        })
    }

    /// An id for a card whose client gave none: a UUID v4, as the platform's own clients use.
    fn new_id(&self) -> CardId {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&self.app.clock.random_bytes()[..16]);
        let id = uuid::Builder::from_random_bytes(bytes).into_uuid();
        // Hexadecimal digits and dashes are a card id.
        CardId::parse(id.to_string()).unwrap_or_else(|invalid| unreachable!("{invalid}"))
    }
}

impl Deref for Api {
    type Target = Shared;
    fn deref(&self) -> &Shared {
        &self.0
    }
}
