//! What the server shows of itself: metrics, health, and log lines.
//!
//! Metrics go through the `metrics` facade wherever they happen; labels never carry ids, tokens or customers' words.

use std::io::stderr;
use std::sync::OnceLock;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;

use crate::app::App;
use crate::config::log::{Format, Log};

/// Upper bounds of the latency histogram, in seconds.
const LATENCY_BUCKETS: [f64; 13] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 60.0, 600.0,
];

/// What `/metrics` shows. The recorder is one for the process, as the facade wants it.
#[derive(Clone)]
pub struct Metrics(PrometheusHandle);

impl Metrics {
    /// Begins to record, once for the process; later calls get the same recorder.
    pub fn install() -> Result<Self, BuildError> {
        static INSTALLED: OnceLock<PrometheusHandle> = OnceLock::new();
        if let Some(handle) = INSTALLED.get() {
            return Ok(Self(handle.clone()));
        }
        let recorder = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &LATENCY_BUCKETS)?
            .build_recorder();
        let handle = recorder.handle();
        let handle = INSTALLED.get_or_init(|| {
            // Another recorder was there first only if a host program set one; then ours stays empty.
            if metrics::set_global_recorder(recorder).is_err() {
                tracing::warn!("another metrics recorder is installed; /metrics stays empty");
            }
            describe();
            handle
        });
        Ok(Self(handle.clone()))
    }

    /// The metrics in Prometheus' text format.
    pub fn render(&self) -> String {
        self.0.render()
    }

    /// Frees what histograms have gathered; to be called every few seconds.
    pub fn upkeep(&self) {
        self.0.run_upkeep();
    }
}

fn describe() {
    describe_gauge!("cuecard_connections", "Browsers' sockets that are open");
    describe_counter!(
        "cuecard_resumes_total",
        "Greetings of browsers, by how they caught up"
    );
    describe_counter!(
        "cuecard_frames_total",
        "Frames from the platform, by kind and what became of them"
    );
    describe_counter!(
        "cuecard_refused_total",
        "Requests, sockets and messages refused, by reason"
    );
    describe_counter!(
        "cuecard_actions_total",
        "Actions of agents that count, by kind of card, action and who published the card"
    );
    describe_histogram!(
        "cuecard_card_latency_seconds",
        Unit::Seconds,
        "From published to delivered, rendered or decided, by kind of card"
    );
    describe_gauge!("cuecard_live_cards", "Cards that are live, over all agents");
    describe_gauge!(
        "cuecard_token_age_seconds",
        Unit::Seconds,
        "Age of the platform's token"
    );
    describe_counter!(
        "cuecard_risk_polls_total",
        "Polls of risk APIs, by source and outcome"
    );
    describe_counter!(
        "cuecard_alerts_lost_total",
        "Alerts whose time was over before they could be sent"
    );
    describe_counter!(
        "cuecard_slow_consumers_total",
        "Sockets closed because the browser did not read"
    );
    describe_counter!(
        "cuecard_cards_expired_total",
        "Cards whose time was over, by kind and by whether they were seen"
    );
    describe_counter!(
        "cuecard_publications_total",
        "Cards posted to the API, by kind, who posted them and how far they came"
    );
    describe_counter!(
        "cuecard_publications_deferred_total",
        "Times that the platform had no room for a suggestion yet"
    );
    describe_counter!(
        "cuecard_withdrawals_total",
        "Cards that were taken back, by who had posted them"
    );
    describe_counter!(
        "cuecard_callbacks_total",
        "Tries to tell receivers of outcomes, by receiver and what became of them"
    );
    describe_gauge!(
        "cuecard_jobs_open",
        "Jobs that wait or are under way, by queue"
    );
    describe_gauge!("cuecard_jobs_dead", "Jobs that were given up, by queue");
    describe_gauge!(
        "cuecard_jobs_oldest_seconds",
        Unit::Seconds,
        "Age of the oldest open job, by queue"
    );
    crate::typing::describe();
    crate::tasks::describe();
    describe_counter!(
        "cuecard_audit_errors_total",
        "Failed tries to write the audit trail"
    );
    describe_counter!(
        "cuecard_audit_lost_total",
        "Events that never reached the audit trail"
    );
}

/// Sends log lines to stderr. A second call in one process changes nothing.
pub fn init_logs(log: &Log) {
    let filter = EnvFilter::try_new(&log.level).unwrap_or_default();
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(stderr);
    let done = match log.format {
        Format::Text => lines.with_ansi(false).try_init(),
        Format::Json => lines.json().try_init(),
    };
    if done.is_err() {
        tracing::debug!("logs are already set up");
    }
}

/// The routes of this module.
pub fn router(app: App) -> Router {
    Router::new()
        .route("/metrics", get(metrics))
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .with_state(app)
}

async fn metrics(State(app): State<App>) -> impl IntoResponse {
    (
        [(
            header::CONTENT_TYPE,
            "text/plain; version=0.0.4; charset=utf-8",
        )],
        app.metrics.render(),
    )
}

/// Ready means: not draining, and the store takes writes.
async fn ready(State(app): State<App>) -> (StatusCode, &'static str) {
    if app.shutdown.is_draining() {
        return (StatusCode::SERVICE_UNAVAILABLE, "draining\n");
    }
    // A key that is over at once: it goes with the next sweep, and says that the disk is not full.
    let now = app.clock.now();
    match app.backbone.once("readyz", now, now).await {
        Ok(_) => (StatusCode::OK, "ready\n"),
        Err(error) => {
            tracing::error!(%error, "not ready");
            (
                StatusCode::SERVICE_UNAVAILABLE,
                "the store does not answer\n",
            )
        }
    }
}
