//! How the server starts, and how it ends: listen, serve, drain, stop. Start at [`start`].

use std::future::IntoFuture as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::api;
use crate::app::{App, Shared};
use crate::audit::{Audit, AuditError, Event};
use crate::backbone::BackboneError;
use crate::backbone::embedded::Embedded;
use crate::broker::{self, KeyError};
use crate::callbacks;
use crate::clock::Clock;
use crate::config::Config;
use crate::publish::{self, Outgoing, Presence, Reporter, Sources};
use crate::shutdown::Shutdown;
use crate::sweep;
use crate::tasks;
use crate::telemetry::{self, Metrics};
use crate::typing::{self, Typing};

/// How long requests that are under way may take once the browsers' sockets are closed.
const LAST_REQUESTS: Duration = Duration::from_secs(5);

/// A server that listens.
#[must_use = "the server runs on without its handle"]
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    /// What its parts share; for tests.
    pub app: App,
    task: JoinHandle<()>,
}

/// Why the server did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address is taken, or not ours.
    #[error("server.listen is \"{address}\": expected an address that is free ({source})")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why not.
        source: std::io::Error,
    },
    /// The store cannot be opened.
    #[error("storage.path is {path:?}: expected a database of this server ({source})")]
    Storage {
        /// The file.
        path: std::path::PathBuf,
        /// Why not.
        source: BackboneError,
    },
    /// A part failed while it started.
    #[error("the start failed: {0}")]
    Task(tokio::task::JoinError),
    /// The audit trail cannot be taken up.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// The key of sessions cannot be read or made.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The platform cannot be spoken to.
    #[error("platform: {0}")]
    Platform(#[from] cuecard_cxone::http::ClientError),
    /// Typing cannot be shown.
    #[error("typing: {0}")]
    Typing(#[from] cuecard_cxone::typing::TypingError),
    /// Tasks cannot be made.
    #[error("tasks: {0}")]
    Tasks(#[from] cuecard_cxone::tasks::TaskError),
    /// Metrics cannot be recorded.
    #[error("metrics: {0}")]
    Metrics(#[from] metrics_exporter_prometheus::BuildError),
}

/// Starts the server; it accepts connections when this returns.
pub async fn start(config: Config) -> Result<Running, StartError> {
    start_with(config, Clock::system()).await
}

/// As [`start`], with the time and randomness of a test.
pub async fn start_with(config: Config, clock: Clock) -> Result<Running, StartError> {
    let address = config.server.listen;
    let listen = |source| StartError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(listen)?;
    let address = listener.local_addr().map_err(listen)?;
    let metrics = Metrics::install()?;
    let (backbone, audit) = open_files(&config, &clock).await?;
    let app = App::new(Shared {
        backbone: Arc::new(backbone),
        audit,
        clock,
        metrics,
        shutdown: Shutdown::default(),
        presence: Presence::default(),
        reports: Reporter::default(),
        outgoing: Outgoing::default(),
        sources: Sources::default(),
        typing: Typing::new(config.typing.requests_per_second),
        config,
    });
    let router = broker::router(app.clone())?
        .merge(api::router(app.clone()))
        .merge(tasks::router(app.clone()))
        .merge(telemetry::router(app.clone()));
    app.audit.record(started(&app, address));
    sweep::start(&app);
    publish::start(&app)?;
    callbacks::start(&app)?;
    typing::start(&app)?;
    tasks::start(&app)?;
    let task = tokio::spawn(serve(listener, router, app.clone()));
    Ok(Running { address, app, task })
}

/// Opens what must survive, away from the async threads: it may wait for the server before to let go.
async fn open_files(config: &Config, clock: &Clock) -> Result<(Embedded, Audit), StartError> {
    let (store, trail) = (config.storage.path.clone(), config.audit.path.clone());
    let (clock, told) = (clock.clone(), callbacks::subscriptions(&config.callbacks));
    let open = move || {
        let backbone = Embedded::open_with(&store, clock.clone(), told);
        let backbone = backbone.map_err(|source| StartError::Storage {
            path: store,
            source,
        })?;
        Ok((backbone, Audit::open(&trail, clock)?))
    };
    tokio::task::spawn_blocking(open)
        .await
        .map_err(StartError::Task)?
}

impl Running {
    /// Drains and stops; returns when everything is on disk.
    pub async fn shutdown(self) {
        self.app.shutdown.begin();
        self.ended().await;
    }

    /// Returns when the server has ended.
    pub async fn ended(self) {
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the server's task failed");
        }
    }
}

/// Serves until the drain: browsers' sockets are told `bye` and leave while new requests still get their answers
/// (`/readyz` says 503, so that nobody sends more), then the listener closes.
async fn serve(listener: TcpListener, router: Router, app: App) {
    let close = Arc::new(Notify::new());
    let closing = {
        let close = Arc::clone(&close);
        async move { close.notified().await }
    };
    let server = axum::serve(listener, router).with_graceful_shutdown(closing);
    let mut server = tokio::spawn(server.into_future());

    app.shutdown.draining().await;
    tracing::info!("draining");
    let limit = Duration::from_secs(app.config.server.drain_seconds);
    if timeout(limit, app.shutdown.idle()).await.is_err() {
        tracing::warn!(
            seconds = limit.as_secs(),
            "some sockets did not close in time"
        );
    }
    close.notify_one();
    match timeout(LAST_REQUESTS, &mut server).await {
        Ok(Ok(Ok(()))) => {}
        Ok(failed) => tracing::error!(?failed, "the listener failed"),
        Err(_) => server.abort(),
    }
    app.audit.record(Event {
        event: "server_stopped",
        outcome: "ok",
        ..Event::default()
    });
    if !app.audit.flush().await {
        tracing::error!("the audit trail is not complete on disk");
    }
    tracing::info!("stopped");
}

/// The configuration at start, without secrets: what it was set to do, not with which keys.
fn started(app: &App, address: SocketAddr) -> Event {
    let config = &app.config;
    let detail = serde_json::json!({
        "version": cuecard_protocol::VERSION,
        "address": address.to_string(),
        "dev_mode": config.server.dev_mode,
        "clean_html": config.cards.clean_html,
        "allowed_origins": config.server.allowed_origins.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "embed_origins": config.server.embed_origins.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "image_origins": config.cards.image_origins.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "risk_sources": config.risk.sources.iter().map(|source| source.name.as_str()).collect::<Vec<_>>(),
        "risk_high": config.risk.high,
        "risk_critical": config.risk.critical,
        "callbacks": config.callbacks.receivers.iter().map(|receiver| receiver.name.as_str()).collect::<Vec<_>>(),
        "webhooks": match &config.webhooks {
            None => "off",
            Some(webhooks) if webhooks.accept_unsigned => "unsigned",
            Some(_) => "signed",
        },
        "platform": config.platform.is_some(),
        "typing": config.typing.adapter.as_ref().map(|typing| typing.adapter.as_str()),
        "api_keys": config.api.keys.iter().map(|key| key.name.as_str()).collect::<Vec<_>>(),
        "log": app.backbone.log_id(),
    });
    let detail = if let serde_json::Value::Object(detail) = detail {
        detail
    } else {
        serde_json::Map::new()
    };
    Event {
        event: "server_started",
        outcome: "ok",
        detail,
        ..Event::default()
    }
}
