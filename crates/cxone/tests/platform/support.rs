//! What the tests against a running simulator share: settings for it, samples, and waiting with a deadline.

use std::{fmt::Debug, time::Duration};

use cuecard_cxone::{
    platform::{ALERTS_SCOPE, ClientAuth, Grant, HttpUrl, Platform, SocketUrl},
    token::TokenSource,
    wire::alerts::{Alert, AlertMetadata, HTML, RiskLevel},
};
use cuecard_simulator::{Options, Scenario, SeenEntry, SeenKind, Simulator};
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{mpsc, watch},
    task::JoinHandle,
    time::timeout,
};
use tokio_tungstenite::{WebSocketStream, tungstenite::Message};

/// No condition takes longer, on however busy a machine.
pub const LIMIT: Duration = Duration::from_mins(2);

/// A simulator that plays nothing and knows every agent.
pub async fn simulator() -> Simulator {
    simulator_with(Options::default()).await
}

pub async fn simulator_with(options: Options) -> Simulator {
    Simulator::spawn(Options {
        scenario: Scenario::none(),
        ..options
    })
    .await
    .expect("free ports on the loopback")
}

/// The settings for it.
pub fn platform(simulator: &Simulator) -> Platform {
    platform_at(&simulator.base_url(), &simulator.ws_url())
}

pub fn platform_at(http: &str, ws: &str) -> Platform {
    let socket = |path| SocketUrl::parse(&format!("{ws}{path}")).expect("a URL");
    Platform {
        token_url: HttpUrl::parse(&format!("{http}/oauth/token")).expect("a URL"),
        alerts_url: socket("/api/v2/agentassist/realtime/ws"),
        suggestions_url: Some(socket("/ws/v1")),
        prompts_url: Some(socket("/realtime/v1")),
        notifications_url: socket("/agent-assist-notifications/notifications/ws"),
        grant: Grant::ClientCredentials,
        client_auth: ClientAuth::Body,
        client_id: "cid".into(),
        client_secret: "csecret".into(),
        scope: ALERTS_SCOPE.into(),
    }
}

pub fn tokens(platform: &Platform) -> TokenSource {
    TokenSource::new(platform.clone()).expect("an HTTP client")
}

pub fn alert(id: &str) -> Alert {
    Alert {
        content_id: id.to_owned(),
        title: "CRITICAL Risk Alert Detected".to_owned(),
        content: "\n<p>97.0%</p>\n".to_owned(),
        content_type: HTML.to_owned(),
        metadata: AlertMetadata {
            interaction_id: "INT-1".to_owned(),
            agent_id: "AGT-1".to_owned(),
            risk_level: RiskLevel::Critical,
            timestamp: "2026-11-20T08:50:10.765Z".to_owned(),
        },
    }
}

/// A socket's task, its events, and how to stop it.
pub struct Running<E> {
    pub events: mpsc::Receiver<E>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl<E: Debug + Send + 'static> Running<E> {
    /// Starts what `run` makes of an events channel of this size and a stop signal.
    pub fn start<F>(
        size: usize,
        run: impl FnOnce(mpsc::Sender<E>, watch::Receiver<bool>) -> F,
    ) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (sender, events) = mpsc::channel(size);
        let (stop, stopped) = watch::channel(false);
        Self {
            events,
            stop,
            task: tokio::spawn(run(sender, stopped)),
        }
    }

    /// The next event.
    pub async fn next(&mut self) -> E {
        timeout(LIMIT, self.events.recv())
            .await
            .expect("an event in time")
            .expect("the task runs")
    }

    /// The first event that `wanted` makes something of. Those before it are dropped.
    pub async fn find<T>(&mut self, mut wanted: impl FnMut(&E) -> Option<T>) -> T {
        loop {
            if let Some(found) = wanted(&self.next().await) {
                return found;
            }
        }
    }

    /// Stops it, waits for its end, and returns the events that were still to come.
    pub async fn stop(mut self) -> Vec<E> {
        self.stop.send_replace(true);
        let mut rest = Vec::new();
        timeout(LIMIT, async {
            while let Some(event) = self.events.recv().await {
                rest.push(event);
            }
            self.task.await.expect("the task does not panic");
        })
        .await
        .expect("the task ends when told to");
        rest
    }
}

/// A platform under the test's hand: it takes any upgrade, and does what it is told.
pub struct Puppet {
    listener: TcpListener,
}

/// One connection to a [`Puppet`].
pub type PuppetSocket = WebSocketStream<TcpStream>;

impl Puppet {
    pub async fn start() -> (Self, SocketUrl) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let url = SocketUrl::parse(&format!("ws://{address}")).expect("a URL");
        (Self { listener }, url)
    }

    pub async fn accept(&self) -> PuppetSocket {
        let accepted = timeout(LIMIT, self.listener.accept()).await;
        let (stream, _) = accepted.expect("in time").expect("a connection");
        tokio_tungstenite::accept_async(stream)
            .await
            .expect("an upgrade")
    }
}

/// The next text that the client sends; its pings are answered.
pub async fn text(socket: &mut PuppetSocket) -> String {
    loop {
        let message = timeout(LIMIT, socket.next()).await.expect("in time");
        if let Message::Text(text) = message.expect("it is open").expect("a message") {
            return text.as_str().to_owned();
        }
    }
}

/// Sends JSON to the client.
pub async fn tell(socket: &mut PuppetSocket, frame: serde_json::Value) {
    let sent = socket.send(Message::text(frame.to_string())).await;
    sent.expect("the client listens");
}

/// The data frames that have arrived on one socket, as JSON, with the code they were refused with.
pub fn frames(simulator: &Simulator, route: &str) -> Vec<(serde_json::Value, Option<String>)> {
    let entries = simulator
        .seen(0, Some(SeenKind::Frame))
        .into_iter()
        .filter(|entry| entry.route == route);
    entries
        .map(|entry| {
            (
                entry.details["frame"].clone(),
                entry.text("error").map(str::to_owned),
            )
        })
        .collect()
}

/// The requests that have arrived on one route.
pub fn requests(simulator: &Simulator, route: &str) -> Vec<SeenEntry> {
    simulator
        .seen(0, Some(SeenKind::Http))
        .into_iter()
        .filter(|entry| entry.route == route)
        .collect()
}

/// Waits until a data frame on `route` satisfies `wanted`.
pub async fn await_frame(
    simulator: &Simulator,
    route: &str,
    wanted: impl Fn(&serde_json::Value) -> bool,
) -> SeenEntry {
    simulator
        .await_seen(0, LIMIT, |entry| {
            entry.kind == SeenKind::Frame
                && entry.route == route
                && entry.details.get("frame").is_some_and(&wanted)
        })
        .await
        .expect("the frame arrives in time")
}

/// Lets virtual time pass at once; timers that come due fire. Needs the single-threaded runtime.
pub async fn pass(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}
