//! Between the platform and the agents' logs: what is published, what comes back, and what is reported.
//!
//! - [`ingest`] and [`normalise`]: deliveries become cards. Start here for a new kind of card.
//! - [`presence`]: whose deliveries are wanted. [`reporter`]: what agents did, told to the platform.
//! - [`risk`], [`risk_poll`], [`risk_html`]: risk APIs are polled and alarms published.
//! - [`fields`], [`timestamp`]: reading foreign JSON and times.
//!
//! The wire, the sockets and the tokens are `cuecard_cxone`'s; what is kept is the backbone's.

pub mod fields;
pub mod ingest;
pub mod normalise;
pub mod presence;
pub mod reporter;
pub mod risk;
pub mod risk_html;
pub mod risk_poll;
pub mod timestamp;

#[cfg(test)]
mod stage;

use std::time::Duration;

use cuecard_cxone::{
    alerts::{AlertEvent, alerts},
    http::{self, ClientError},
    notifications::{NotificationEvent, notifications},
    token::TokenSource,
};
use futures_util::{StreamExt as _, stream::FuturesUnordered};
use metrics::{counter, gauge};
use serde_json::{Map, json};
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, interval},
};

use self::{ingest::Ingest, risk::Stamps};
pub use self::{
    presence::{Presence, PresenceGuard},
    reporter::Reporter,
};
use crate::{App, audit::Event};

/// So many events of a socket may wait for us.
const EVENTS: usize = 256;
/// So many cards may be on their way into the store at once.
const APPENDS: usize = 128;
/// How often the token's age is measured.
const MEASURE_EVERY: Duration = Duration::from_secs(5);

/// Starts everything that talks to the platform; nothing without a `[platform]`. It ends with the drain: what has been
/// received is kept, what has been recorded is reported after the next start.
pub fn start(app: &App) -> Result<(), ClientError> {
    let Some(platform) = app.config.platform.clone() else {
        tracing::warn!("there is no [platform]: no cards will come");
        return Ok(());
    };
    let http = http::client()?;
    let (alerts_url, notifications_url) = (
        platform.alerts_url.clone(),
        platform.notifications_url.clone(),
    );
    let tokens = TokenSource::new(platform)?;
    let (publisher, alert_socket) = alerts(alerts_url, tokens.clone());
    let (notification_socket, notification_task) = notifications(notifications_url, tokens.clone());

    let (stop, stopped) = watch::channel(false);
    let (alert_events, alerts_told) = mpsc::channel(EVENTS);
    let (notification_events, notifications_told) = mpsc::channel(EVENTS);
    let hold = app.shutdown.hold();
    tokio::spawn({
        let app = app.clone();
        async move {
            app.shutdown.draining().await;
            stop.send_replace(true);
        }
    });
    tokio::spawn(alert_socket.run(alert_events, stopped.clone()));
    tokio::spawn(notification_task.run(notification_events, stopped));
    tokio::spawn({
        let app = app.clone();
        async move {
            tokio::join!(
                follow_alerts(&app, alerts_told),
                follow_notifications(&app, notifications_told)
            );
            drop(hold);
        }
    });

    let stamps = Stamps::default();
    for source in app.config.risk.sources.clone() {
        until_drain(
            app,
            risk::watch(
                app.clone(),
                source,
                http.clone(),
                publisher.clone(),
                stamps.clone(),
            ),
        );
    }
    until_drain(app, {
        let (app, socket) = (app.clone(), notification_socket.clone());
        async move { app.presence.subscribe(&socket).await }
    });
    until_drain(app, {
        let app = app.clone();
        async move { app.reports.run(&app, &notification_socket).await }
    });
    until_drain(app, measure(tokens));
    Ok(())
}

/// Runs a part in a task of its own until the drain begins.
fn until_drain(app: &App, part: impl Future<Output = ()> + Send + 'static) {
    let app = app.clone();
    tokio::spawn(async move {
        tokio::select! {
            () = app.shutdown.draining() => {}
            () = part => {}
        }
    });
}

async fn measure(tokens: TokenSource) {
    let mut ticks = interval(MEASURE_EVERY);
    loop {
        ticks.tick().await;
        if let Some(age) = tokens.age(Instant::now()) {
            gauge!("cuecard_token_age_seconds").set(age.as_secs_f64());
        }
    }
}

/// Takes down what becomes of published alerts. The client has logged and counted it for itself.
async fn follow_alerts(app: &App, mut events: mpsc::Receiver<AlertEvent>) {
    while let Some(event) = events.recv().await {
        let (outcome, card, detail) = match event {
            AlertEvent::Lost { content_id, loss } => {
                counter!("cuecard_alerts_lost_total").increment(1);
                (
                    "lost",
                    Some(content_id),
                    json!(format!("{loss:?}").to_lowercase()),
                )
            }
            AlertEvent::Rejected {
                code, content_id, ..
            } => ("rejected", content_id, json!(code)),
            AlertEvent::Connected
            | AlertEvent::Disconnected { .. }
            | AlertEvent::Delivered { .. }
            | AlertEvent::Unreadable { .. } => {
                continue;
            }
        };
        app.audit.record(Event {
            event: "publish_failed",
            card,
            outcome,
            detail: Map::from_iter([("detail".to_owned(), detail)]),
            ..Event::default()
        });
    }
}

/// Takes deliveries in until the socket has ended and the last is kept.
async fn follow_notifications(app: &App, mut events: mpsc::Receiver<NotificationEvent>) {
    let ingest = Ingest::new(app.clone());
    let mut appends = FuturesUnordered::new();
    let mut is_open = true;
    while is_open || !appends.is_empty() {
        tokio::select! {
            Some(()) = appends.next(), if !appends.is_empty() => {}
            event = events.recv(), if is_open && appends.len() < APPENDS => match event {
                // First polled in the order in which they are pushed, and so appended in that order.
                Some(NotificationEvent::Message(body)) => {
                    appends.extend(ingest.check(&body).into_iter().map(|delivery| ingest.deliver(delivery)));
                }
                Some(NotificationEvent::Unreadable { reason }) => ingest.unreadable(&reason),
                Some(NotificationEvent::Connected { .. }) => app.reports.nudge(),
                Some(NotificationEvent::Disconnected { .. } | NotificationEvent::Rejected { .. }) => {}
                None => is_open = false,
            },
        }
    }
}
