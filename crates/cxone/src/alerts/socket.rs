//! The alerts socket's shell: carries out what [`super::machine`] decides, and tells it what happened.

use metrics::{counter, gauge};
use tokio::{
    sync::{mpsc, watch},
    time::sleep_until,
};
use tracing::{debug, info, warn};

use super::{
    AlertEvent,
    machine::Machine,
    step::{Effect, Event},
};
use crate::{
    clock::{self, Clock},
    link::{Link, LinkEvent, Target},
    outlet::Outlet,
    platform::{ALERTS_SCOPE, SocketUrl},
    token::TokenSource,
    unreadable::complaint,
    wire::{
        alerts::{Alert, Ping},
        error_frame::ErrorFrame,
    },
};

/// The alerts dialect's upgrade headers (platform wire, section 3.1).
const HEADERS: &[(&str, &str)] = &[
    ("user-agent", "CXone-AgentAssist-Risk-Service/1.0"),
    ("accept", "application/json"),
];
/// The reason of our close frame (platform wire, section 3.2).
const GOODBYE: &str = "Graceful shutdown";

/// The socket, to be run in a task of its own.
pub struct AlertSocket {
    link: Link,
    alerts: mpsc::Receiver<Alert>,
}

impl AlertSocket {
    pub(super) fn new(url: SocketUrl, tokens: TokenSource, alerts: mpsc::Receiver<Alert>) -> Self {
        let target = Target {
            url,
            token_in_query: true,
            headers: HEADERS,
            scope: ALERTS_SCOPE,
        };
        Self {
            link: Link::new(target, tokens),
            alerts,
        }
    }

    /// Keeps the socket connected, and publishes, until `stop` holds `true` or its sender is gone; then closes with
    /// 1000 and returns.
    ///
    /// Events wait for their listener, and while too many do the socket does not read. When the listener is gone,
    /// publishing goes on without it.
    pub async fn run(self, events: mpsc::Sender<AlertEvent>, mut stop: watch::Receiver<bool>) {
        let Self {
            mut link,
            mut alerts,
        } = self;
        let clock = Clock::start();
        let mut machine = Machine::new();
        let mut outlet = Outlet::new(events);
        let mut stopping = false;
        let mut event = Event::Start;
        loop {
            for effect in machine.step(event, clock.now(), clock::draw()) {
                execute(effect, &mut link, &mut outlet).await;
            }
            #[expect(clippy::cast_precision_loss, reason = "at most a thousand")]
            gauge!("cuecard_platform_alerts_kept").set(machine.kept() as f64);
            if machine.is_stopped() {
                break;
            }
            let deadline = machine.deadline();
            event = loop {
                tokio::select! {
                    _ = stop.wait_for(|stop| *stop), if !stopping => {
                        stopping = true;
                        break Event::Stop;
                    }
                    () = sleep_until(clock.instant(deadline.unwrap_or_default())), if deadline.is_some() => break Event::Timer,
                    () = outlet.drain(), if !outlet.is_empty() => {}
                    Some(alert) = alerts.recv() => break Event::Publish(alert),
                    link_event = link.next(), if !outlet.is_full() => {
                        if let Some(event) = read(link_event) {
                            break event;
                        }
                    }
                }
            };
        }
        alerts.close();
        while let Ok(alert) = alerts.try_recv() {
            for effect in machine.step(Event::Publish(alert), clock.now(), 0.0) {
                execute(effect, &mut link, &mut outlet).await;
            }
        }
        outlet.finish().await;
    }
}

async fn execute(effect: Effect, link: &mut Link, outlet: &mut Outlet<AlertEvent>) {
    match effect {
        Effect::Connect => link.connect(),
        Effect::DiscardToken => link.discard_token(),
        Effect::Send(alert) => {
            counter!("cuecard_platform_alerts_sent_total").increment(1);
            link.send(json(&alert)).await;
        }
        Effect::Heartbeat => {
            link.send(json(&Ping {
                timestamp: clock::epoch_ms(),
            }))
            .await;
        }
        Effect::Probe(number) => link.probe(number).await,
        Effect::Close => link.close(GOODBYE).await,
        Effect::Abort => link.abort(),
        Effect::Emit(event) => {
            record(&event);
            outlet.push(event);
        }
    }
}

/// What the link tells, as the machine understands it; `None` for what is only counted.
fn read(event: LinkEvent) -> Option<Event> {
    Some(match event {
        LinkEvent::Opened => Event::Opened,
        LinkEvent::Failed(outage) => Event::Failed(outage),
        LinkEvent::Pong(number) => Event::Pong(number),
        LinkEvent::Ended { clean, reason } => Event::Ended { clean, reason },
        LinkEvent::Binary(length) => Event::Unreadable {
            reason: format!("a binary message of {length} bytes, expected JSON text"),
        },
        LinkEvent::Text(text) => return read_text(&text),
    })
}

/// An error frame, or a reason why not. Frames of other types are for clients that are newer than this one.
fn read_text(text: &str) -> Option<Event> {
    let unreadable = |reason: String| Some(Event::Unreadable { reason });
    let value: serde_json::Value = match serde_json::from_str(text) {
        Ok(value) => value,
        Err(error) => {
            return unreadable(format!("{} bytes that are not JSON: {error}", text.len()));
        }
    };
    match value.get("type").and_then(serde_json::Value::as_str) {
        Some("error") => match serde_json::from_value::<ErrorFrame>(value) {
            Ok(frame) => Some(Event::Error(frame)),
            Err(error) => unreadable(format!(
                "an error frame that cannot be read: {}",
                complaint(&error)
            )),
        },
        Some(_) => {
            counter!("cuecard_platform_unknown_frames_total", "socket" => "alerts").increment(1);
            None
        }
        None => unreadable("JSON without a text \"type\", expected an object with one".to_owned()),
    }
}

/// Counts and logs what is told to the listener.
fn record(event: &AlertEvent) {
    match event {
        AlertEvent::Connected => {
            counter!("cuecard_platform_connects_total", "socket" => "alerts").increment(1);
            info!(socket = "alerts", "connected");
        }
        AlertEvent::Disconnected { outage, retry_in } => {
            crate::outage::record("alerts", outage, *retry_in);
        }
        AlertEvent::Delivered { content_id } => debug!(content_id, "delivered"),
        AlertEvent::Rejected {
            code,
            message,
            content_id,
        } => {
            counter!("cuecard_platform_alerts_rejected_total").increment(1);
            warn!(?code, message, ?content_id, "the platform refused an alert");
        }
        AlertEvent::Lost { content_id, loss } => {
            counter!("cuecard_platform_alerts_lost_total", "loss" => loss.label()).increment(1);
            warn!(content_id, loss = loss.label(), "an alert is lost");
        }
        AlertEvent::Unreadable { reason } => {
            counter!("cuecard_platform_unreadable_frames_total", "socket" => "alerts").increment(1);
            warn!(socket = "alerts", reason, "unreadable frame");
        }
    }
}

fn json(frame: &impl serde::Serialize) -> String {
    serde_json::to_string(frame).expect("wire types have text keys only, so they can be written")
}
