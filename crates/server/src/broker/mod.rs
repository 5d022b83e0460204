//! The broker: everything a browser reaches. Sessions, tickets, the socket that cards come on, and the page itself.
//!
//! Start at [`router`]. One endpoint is one file: [`session`], [`ticket`], [`gateway`], [`typing`], [`embed`], [`context`],
//! [`assets`]. What the gateway says on a socket is decided in [`connection`], without a socket; who is connected here is in [`hub`].
//!
//! The platform's token and its client's secret have no way in here: nothing below takes the platform's settings.

mod assets;
pub mod connection;
mod context;
mod csp;
mod embed;
mod gateway;
mod guard;
mod hub;
mod origin;
mod session;
mod ticket;
mod typing;

use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderMap, Method, Uri};
use axum::middleware;
use axum::routing::{get, post};
use tower_http::set_header::SetResponseHeaderLayer;

use self::connection::Limits;
use self::hub::Hub;
use self::origin::Origins;
use self::session::assertion::Assertions;
use self::session::cookie::{Cookies, Session};
use self::session::key::Key;
use self::ticket::Tickets;
use crate::allowance::Allowances;
use crate::app::App;
use crate::refusal::{Ledger, Reason, Refusal};

pub use self::session::key::KeyError;

/// Largest body of a request, in bytes: an assertion and its wrapping.
const MAX_REQUEST_BYTES: usize = 16 * 1024;

/// How often the panels of one session may catch up by `POST /api/replay`. All of a browser's tabs are one session, and all
/// come at once when the one that led has gone: more than anybody has tabs.
const REPLAYS_AT_ONCE: u64 = 32;
/// And after that.
const REPLAYS_PER_SECOND: u64 = 1;

/// What the endpoints share. Cheap to clone.
#[derive(Clone)]
struct Broker(Arc<Shared>);

struct Shared {
    app: App,
    limits: Limits,
    origins: Origins,
    assertions: Assertions,
    cookies: Cookies,
    tickets: Tickets,
    hub: Arc<Hub>,
    refusals: Ledger,
    /// By session.
    replays: Mutex<Allowances>,
}

/// The routes of the broker, and the page.
pub fn router(app: App) -> Result<Router, KeyError> {
    router_with(app, Limits::default())
}

/// As [`router`], with other limits for sockets: for tests.
pub fn router_with(app: App, limits: Limits) -> Result<Router, KeyError> {
    let server = &app.config.server;
    let key = Key::load_or_make(app.config.storage.data_dir(), app.clock.random_bytes())?;
    let fence = csp::headers(&app.config);
    let page = assets::router(server.assets_dir.as_deref());
    let broker = Broker(Arc::new(Shared {
        limits,
        origins: Origins::new(server),
        assertions: Assertions::new(&app.config.session),
        cookies: Cookies::new(&key, !server.embed_origins.is_empty()),
        tickets: Tickets::new(key),
        hub: Arc::default(),
        refusals: Ledger::default(),
        replays: Mutex::new(Allowances::new(REPLAYS_AT_ONCE, REPLAYS_PER_SECOND)),
        app,
    }));
    let hub = Arc::downgrade(&broker.hub);
    let following = hub::follow(hub, broker.app.backbone.follow());
    broker.app.shutdown.run("hub", following);

    let cross_origin = guard::cross_origin(&broker);
    let routes = Router::new()
        .nest("/api", api(broker))
        .merge(page)
        .layer(cross_origin);
    Ok(fence.into_iter().fold(routes, |routes, (name, value)| {
        routes.layer(SetResponseHeaderLayer::overriding(name, value))
    }))
}

fn api(broker: Broker) -> Router {
    Router::new()
        .route(
            "/session",
            post(session::open)
                .get(session::current)
                .delete(session::end),
        )
        .route("/ticket", post(ticket::issue))
        .route("/typing", post(typing::tell))
        .route("/embed", get(embed::tell))
        .route("/context", post(context::verify))
        .route("/ws", get(gateway::upgrade))
        .route("/replay", post(gateway::replay))
        .fallback(async |uri: Uri| {
            Reason::NOT_FOUND.because(format!("{} is no endpoint", uri.path()))
        })
        .method_not_allowed_fallback(async |method: Method| {
            Reason::BAD_METHOD.because(format!("{method} is not one of this endpoint's methods"))
        })
        .layer(DefaultBodyLimit::max(MAX_REQUEST_BYTES))
        .layer(middleware::from_fn_with_state(broker.clone(), guard::admit))
        .with_state(broker)
}

impl Broker {
    /// The session of a request, neither over nor ended.
    async fn session(&self, headers: &HeaderMap) -> Result<Session, Refusal> {
        let now = self.app.clock.now();
        let session = self.cookies.read(headers, now).ok_or_else(|| {
            Reason::NO_SESSION.because(
                "expected the cookie of a session that is not over: POST /api/session first",
            )
        })?;
        if self
            .app
            .backbone
            .is_spent(&session::revoked(&session.id), now)
            .await?
        {
            return Err(
                Reason::NO_SESSION.because("the session was ended: POST /api/session first")
            );
        }
        Ok(session)
    }

    /// Whether one of the session's panels may catch up now; it counts.
    fn may_replay(&self, session: &Session) -> bool {
        let now = self.app.clock.now();
        let mut replays = self.replays.lock().unwrap_or_else(PoisonError::into_inner);
        replays.take(&session.id, now)
    }

    fn refuse_while_draining(&self) -> Result<(), Refusal> {
        if self.app.shutdown.is_draining() {
            return Err(Reason::DRAINING.because("try again shortly"));
        }
        Ok(())
    }
}

impl Deref for Broker {
    type Target = Shared;
    fn deref(&self) -> &Shared {
        &self.0
    }
}
