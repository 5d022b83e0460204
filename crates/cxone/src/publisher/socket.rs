//! A publish socket's shell: carries out what [`super::machine`] decides, and tells it what happened.

use metrics::{counter, gauge};
use secrecy::SecretString;
use serde_json::Value;
use tokio::{
    sync::{mpsc, watch},
    time::sleep_until,
};
use tracing::{debug, info, warn};

use super::{
    Dialect, Order, PublishEvent,
    dialect::json,
    machine::Machine,
    step::{Effect, Event},
};
use crate::{
    clock::{self, Clock},
    link::{Link, LinkEvent, Target},
    outlet::Outlet,
    platform::SocketUrl,
    token::TokenSource,
    unreadable::complaint,
    wire::{alerts::Ping, error_frame::ErrorFrame, suggestions::Auth},
};

/// The socket, to be run in a task of its own.
pub struct PublishSocket<D: Dialect> {
    dialect: D,
    link: Link,
    orders: mpsc::Receiver<Order<D::Content>>,
}

impl<D: Dialect> PublishSocket<D> {
    pub(super) fn new(
        dialect: D,
        url: SocketUrl,
        tokens: TokenSource,
        orders: mpsc::Receiver<Order<D::Content>>,
    ) -> Self {
        let target = Target {
            url,
            authentication: D::RULES.authentication,
            headers: D::HEADERS,
            scope: D::SCOPE,
        };
        Self {
            dialect,
            link: Link::new(target, tokens),
            orders,
        }
    }

    /// Keeps the socket connected, and publishes, until `stop` holds `true` or its sender is gone; then closes with
    /// 1000 and returns.
    ///
    /// Events wait for their listener, and while too many do the socket does not read. When the listener is gone,
    /// publishing goes on without it.
    pub async fn run(self, events: mpsc::Sender<PublishEvent>, mut stop: watch::Receiver<bool>) {
        let Self {
            mut dialect,
            mut link,
            mut orders,
        } = self;
        let clock = Clock::start();
        let mut machine = Machine::new(D::RULES);
        let mut outlet = Outlet::new(events);
        let mut stopping = false;
        let mut event = Event::Start;
        loop {
            for effect in machine.step(event, clock.now(), clock::draw()) {
                execute::<D>(effect, &mut link, &mut outlet).await;
            }
            #[expect(clippy::cast_precision_loss, reason = "at most a thousand")]
            gauge!("cuecard_platform_frames_kept", "socket" => D::NAME).set(machine.kept() as f64);
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
                    Some(order) = orders.recv() => break take(order, &mut dialect, clock),
                    link_event = link.next(), if !outlet.is_full() => {
                        if let Some(event) = read::<D>(link_event) {
                            break event;
                        }
                    }
                }
            };
        }
        orders.close();
        while let Ok(order) = orders.try_recv() {
            let event = take(order, &mut dialect, clock);
            for effect in machine.step(event, clock.now(), 0.0) {
                execute::<D>(effect, &mut link, &mut outlet).await;
            }
        }
        outlet.finish().await;
    }
}

fn take<D: Dialect>(order: Order<D::Content>, dialect: &mut D, clock: Clock) -> Event {
    match order {
        Order::Publish { content, is_repeat } => Event::Publish {
            offer: dialect.offer(content, clock.now(), clock::epoch_ms()),
            is_repeat,
        },
        Order::Withdraw(id) => Event::Withdraw(id),
    }
}

async fn execute<D: Dialect>(effect: Effect, link: &mut Link, outlet: &mut Outlet<PublishEvent>) {
    match effect {
        Effect::Connect => link.connect(),
        Effect::DiscardToken => link.discard_token(),
        Effect::Authenticate => {
            let token = link
                .token()
                .map_or_else(SecretString::default, |token| token.secret().clone());
            link.send(json(&Auth { token })).await;
        }
        Effect::Send(frame) => {
            counter!("cuecard_platform_frames_sent_total", "socket" => D::NAME).increment(1);
            link.send(frame.text).await;
        }
        Effect::Heartbeat => {
            let timestamp = clock::epoch_ms();
            link.send(json(&Ping { timestamp })).await;
        }
        Effect::Probe(number) => link.probe(number).await,
        Effect::Close => link.close(D::GOODBYE).await,
        Effect::Abort => link.abort(),
        Effect::Emit(event) => {
            record(D::NAME, &event);
            outlet.push(event);
        }
    }
}

/// What the link tells, as the machine understands it; `None` for what is only counted.
fn read<D: Dialect>(event: LinkEvent) -> Option<Event> {
    Some(match event {
        LinkEvent::Opened => Event::Opened,
        LinkEvent::Failed(outage) => Event::Failed(outage),
        LinkEvent::Pong(number) => Event::Pong(number),
        LinkEvent::Ended { clean, reason } => Event::Ended { clean, reason },
        LinkEvent::Binary(length) => Event::Unreadable {
            reason: format!("a binary message of {length} bytes, expected JSON text"),
        },
        LinkEvent::Text(text) => return read_text::<D>(&text),
    })
}

/// A frame that means something, or a reason why not. Frames of other types are for clients that are newer than this
/// one.
fn read_text<D: Dialect>(text: &str) -> Option<Event> {
    let unreadable = |reason: String| Some(Event::Unreadable { reason });
    let frame: Value = match serde_json::from_str(text) {
        Ok(frame) => frame,
        Err(error) => {
            return unreadable(format!("{} bytes that are not JSON: {error}", text.len()));
        }
    };
    let Some(kind) = frame.get("type").and_then(Value::as_str) else {
        return unreadable("JSON without a text \"type\", expected an object with one".to_owned());
    };
    let is_error = kind == "error";
    let read = if is_error {
        serde_json::from_value::<ErrorFrame>(frame).map(|frame| Some(Event::Error(frame)))
    } else {
        D::read(frame, clock::epoch_ms())
    };
    match read {
        Ok(Some(event)) => Some(event),
        Ok(None) => {
            counter!("cuecard_platform_unknown_frames_total", "socket" => D::NAME).increment(1);
            None
        }
        Err(error) => {
            let what = if is_error {
                "an error frame"
            } else {
                "a frame"
            };
            unreadable(format!("{what} that cannot be read: {}", complaint(&error)))
        }
    }
}

/// Counts and logs what is told to the listener.
fn record(socket: &'static str, event: &PublishEvent) {
    match event {
        PublishEvent::Connected => {
            counter!("cuecard_platform_connects_total", "socket" => socket).increment(1);
            info!(socket, "connected");
        }
        PublishEvent::Disconnected { outage, retry_in } => {
            crate::outage::record(socket, outage, *retry_in);
        }
        PublishEvent::Arrived { id } => debug!(socket, id, "arrived"),
        PublishEvent::Known { id } => debug!(socket, id, "was known when it was sent again"),
        PublishEvent::Acknowledged { id, latency } => {
            debug!(socket, id, latency_ms = latency.as_millis(), "acknowledged");
        }
        PublishEvent::Accepted { id } => debug!(socket, id, "accepted"),
        PublishEvent::Dismissed { id } => debug!(socket, id, "dismissed"),
        PublishEvent::Deferred { id, retry_in } => {
            counter!("cuecard_platform_frames_deferred_total", "socket" => socket).increment(1);
            info!(
                socket,
                id,
                retry_in_ms = retry_in.as_millis(),
                "no room yet"
            );
        }
        PublishEvent::Rejected { code, id } => {
            counter!("cuecard_platform_frames_rejected_total", "socket" => socket).increment(1);
            warn!(socket, ?code, ?id, "the platform refused a frame");
        }
        PublishEvent::Lost { id, loss } => {
            counter!("cuecard_platform_frames_lost_total", "socket" => socket, "loss" => loss.as_str())
                .increment(1);
            warn!(socket, id, loss = loss.as_str(), "a frame is lost");
        }
        PublishEvent::Unreadable { reason } => {
            counter!("cuecard_platform_unreadable_frames_total", "socket" => socket).increment(1);
            warn!(socket, reason, "unreadable frame");
        }
    }
}
