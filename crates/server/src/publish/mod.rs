//! Between the platform and the agents' logs: what is published, what comes back, and what is reported.
//!
//! - [`ingest`] and [`normalise`]: deliveries become cards. Start here for a new kind of card.
//! - [`outgoing`]: what was posted to our own API, handed to the platform. [`sources`]: who published what.
//! - [`presence`]: whose deliveries are wanted. [`reporter`]: what agents did, told to the platform.
//! - [`risk`], [`risk_poll`], [`risk_html`]: risk APIs are polled and alarms published.
//! - [`fields`]: reading foreign JSON.
//!
//! The wire, the sockets and the tokens are `cuecard_cxone`'s; what is kept is the backbone's.

pub mod fields;
pub mod ingest;
pub mod normalise;
pub mod outgoing;
pub mod presence;
pub mod reporter;
pub mod risk;
pub mod risk_html;
pub mod risk_poll;
pub mod sources;

#[cfg(test)]
pub(crate) mod stage;

use std::{sync::Arc, time::Duration};

use cuecard_cxone::{
    alerts::alerts,
    http::{self, ClientError},
    notifications::{NotificationEvent, notifications},
    prompts::prompts,
    publisher::{Dialect, PublishSocket},
    suggestions::suggestions,
    token::TokenSource,
};
use futures_util::{StreamExt as _, stream::FuturesUnordered};
use metrics::gauge;
use tokio::{
    sync::{mpsc, watch},
    task::unconstrained,
    time::{Instant, interval},
};

use self::{ingest::Ingest, outgoing::Sockets, risk::Stamps};
pub use self::{
    outgoing::Outgoing,
    presence::{Presence, PresenceGuard},
    reporter::Reporter,
    sources::Sources,
};
use crate::{App, backbone::publications::Kind};

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
    let urls = (
        platform.suggestions_url.clone(),
        platform.prompts_url.clone(),
    );
    let (alerts_url, notifications_url) = (
        platform.alerts_url.clone(),
        platform.notifications_url.clone(),
    );
    let tokens = TokenSource::new(platform)?;
    let (notification_socket, notification_task) = notifications(notifications_url, tokens.clone());
    let (stop, stopped) = watch::channel(false);
    let (notification_events, notifications_told) = mpsc::channel(EVENTS);
    let hold = app.shutdown.hold();
    tokio::spawn({
        let app = app.clone();
        async move {
            app.shutdown.draining().await;
            stop.send_replace(true);
        }
    });
    let (publisher, socket) = alerts(alerts_url, tokens.clone());
    let ingest = Arc::new(Ingest::new(app.clone()));
    run_socket(app, &ingest, Kind::Alert, socket, &stopped);
    let sockets = Sockets {
        alerts: publisher.clone(),
        suggestions: urls.0.map(|url| {
            let (injector, socket) = suggestions(url, tokens.clone());
            run_socket(app, &ingest, Kind::Suggestion, socket, &stopped);
            injector
        }),
        prompts: urls.1.map(|url| {
            let (publisher, socket) = prompts(url, tokens.clone());
            run_socket(app, &ingest, Kind::Prompt, socket, &stopped);
            publisher
        }),
    };
    let notifications = notification_task.run(notification_events, stopped);
    app.shutdown.run("notification socket", notifications);
    app.shutdown.run("notifications", {
        let app = app.clone();
        async move {
            follow_notifications(&app, &ingest, notifications_told).await;
            drop(hold);
        }
    });
    until_drain(app, "posted cards", {
        let app = app.clone();
        async move { app.outgoing.run(&app, &sockets).await }
    });

    let stamps = Stamps::default();
    for source in app.config.risk.sources.clone() {
        until_drain(
            app,
            "risk source",
            risk::watch(
                app.clone(),
                source,
                http.clone(),
                publisher.clone(),
                stamps.clone(),
            ),
        );
    }
    until_drain(app, "presence", {
        let (app, socket) = (app.clone(), notification_socket.clone());
        async move { app.presence.subscribe(&socket).await }
    });
    until_drain(app, "reports", {
        let app = app.clone();
        async move { app.reports.run(&app, &notification_socket).await }
    });
    until_drain(app, "token measurement", measure(tokens));
    Ok(())
}

/// Runs a publish socket, and takes down what it tells, until it has ended; a drain waits for that.
fn run_socket<D: Dialect>(
    app: &App,
    ingest: &Arc<Ingest>,
    kind: Kind,
    socket: PublishSocket<D>,
    stopped: &watch::Receiver<bool>,
) {
    let (events, told) = mpsc::channel(EVENTS);
    let shutdown = &app.shutdown;
    shutdown.run("publish socket", socket.run(events, stopped.clone()));
    let (app, ingest, hold) = (app.clone(), ingest.clone(), shutdown.hold());
    shutdown.run("publications", async move {
        outgoing::follow(&app, &ingest, kind, told).await;
        drop(hold);
    });
}

/// Runs a part in a task of its own until the drain begins.
fn until_drain(app: &App, part: &'static str, work: impl Future<Output = ()> + Send + 'static) {
    let shutdown = app.shutdown.clone();
    app.shutdown.run(part, async move {
        tokio::select! {
            () = shutdown.draining() => {}
            () = work => {}
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

/// Takes deliveries in until the socket has ended and the last is kept.
async fn follow_notifications(
    app: &App,
    ingest: &Ingest,
    mut events: mpsc::Receiver<NotificationEvent>,
) {
    let mut appends = FuturesUnordered::new();
    let (mut is_open, mut was_away) = (true, false);
    while is_open || !appends.is_empty() {
        tokio::select! {
            // The runtime's budget would have some wait that were polled in their turn.
            Some(()) = unconstrained(appends.next()), if !appends.is_empty() => {}
            event = events.recv(), if is_open && appends.len() < APPENDS => match event {
                // First polled in the order in which they are pushed, and so appended in that order.
                Some(NotificationEvent::Message(body)) => {
                    appends.extend(ingest.check(&body).await.into_iter().map(|delivery| ingest.deliver(delivery)));
                }
                Some(NotificationEvent::Unreadable { reason }) => ingest.unreadable(&reason),
                Some(NotificationEvent::Connected { .. }) => {
                    app.reports.nudge();
                    // What was written to the old connection may not have been read from it.
                    if was_away {
                        app.outgoing.all_again();
                    }
                }
                Some(NotificationEvent::Disconnected { .. }) => was_away = true,
                Some(NotificationEvent::Rejected { .. }) => {}
                None => is_open = false,
            },
        }
    }
}
