//! The notification socket's shell: carries out what [`super::machine`] decides, and tells it what happened.

use std::collections::BTreeMap;

use metrics::{counter, gauge};
use secrecy::SecretString;
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::sleep_until,
};
use tracing::{info, warn};

use super::{
    NotificationEvent, Order, ReportError,
    machine::Machine,
    reports::Waiter,
    step::{Command, Effect, Event},
};
use crate::{
    clock::{self, Clock},
    link::{Link, LinkEvent, Target},
    outlet::Outlet,
    platform::{NOTIFICATIONS_SCOPE, SocketUrl},
    publisher::dialect::Authentication,
    token::TokenSource,
    unreadable::complaint,
    wire::notification::{ClientFrame, ServerFrame},
};

/// The reason of our close frame.
const GOODBYE: &str = "Graceful shutdown";

/// The socket's task, to be run once.
pub struct NotificationTask {
    link: Link,
    orders: mpsc::UnboundedReceiver<Order>,
}

impl NotificationTask {
    pub(super) fn new(
        url: SocketUrl,
        tokens: TokenSource,
        orders: mpsc::UnboundedReceiver<Order>,
    ) -> Self {
        let target = Target {
            url,
            authentication: Authentication::Frame,
            headers: &[],
            scope: NOTIFICATIONS_SCOPE,
        };
        Self {
            link: Link::new(target, tokens),
            orders,
        }
    }

    /// Keeps the socket connected and its topics subscribed, until `stop` holds `true` or its sender is gone, or
    /// nobody listens to the events any more; then closes with 1000 and returns.
    ///
    /// No event is dropped: while too many wait for their listener, the socket does not read.
    pub async fn run(
        self,
        events: mpsc::Sender<NotificationEvent>,
        mut stop: watch::Receiver<bool>,
    ) {
        let Self { link, mut orders } = self;
        let clock = Clock::start();
        let listener = events.clone();
        let mut shell = Shell {
            link,
            outlet: Outlet::new(events),
            waiters: BTreeMap::new(),
            next_waiter: 0,
        };
        let mut machine = Machine::new();
        let mut stopping = false;
        let mut event = Event::Start;
        loop {
            let effects = machine.step(event, clock.now(), clock::draw());
            shell.execute(effects).await;
            measure(&machine);
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
                    () = listener.closed(), if !stopping => {
                        stopping = true;
                        break Event::Stop;
                    }
                    () = sleep_until(clock.instant(deadline.unwrap_or_default())), if deadline.is_some() => break Event::Timer,
                    () = shell.outlet.drain(), if !shell.outlet.is_empty() => {}
                    Some(order) = orders.recv() => break shell.take(order),
                    link_event = shell.link.next(), if !shell.outlet.is_full() => {
                        if let Some(event) = read(link_event) {
                            break event;
                        }
                    }
                }
            };
        }
        // The waiters of orders that come too late learn it from their channel, which ends with this.
        drop(orders);
        shell.outlet.finish().await;
    }
}

/// What the effects work on.
struct Shell {
    link: Link,
    outlet: Outlet<NotificationEvent>,
    waiters: BTreeMap<Waiter, oneshot::Sender<Result<(), ReportError>>>,
    next_waiter: Waiter,
}

impl Shell {
    fn take(&mut self, order: Order) -> Event {
        match order {
            Order::Subscribe(topic) => Event::Subscribe(topic),
            Order::Unsubscribe(topic) => Event::Unsubscribe(topic),
            Order::Report { kind, report, done } => {
                let waiter = self.next_waiter;
                self.next_waiter += 1;
                self.waiters.insert(waiter, done);
                Event::Report {
                    waiter,
                    kind,
                    report,
                }
            }
        }
    }

    async fn execute(&mut self, effects: Vec<Effect>) {
        // One token for all frames of a step: asking for each could take long when the token endpoint is down.
        let mut token = None;
        for effect in effects {
            match effect {
                Effect::Connect => self.link.connect(),
                Effect::DiscardToken => self.link.discard_token(),
                Effect::Send(Command::Heartbeat) => self.send(&ClientFrame::heartbeat()).await,
                Effect::Send(command) => {
                    if token.is_none() {
                        token = self.link.frame_token().await;
                    }
                    let secret = token
                        .as_ref()
                        .map(|token| token.secret().clone())
                        .unwrap_or_default();
                    self.send(&frame(command, secret)).await;
                }
                Effect::Close => self.link.close(GOODBYE).await,
                Effect::Abort => self.link.abort(),
                Effect::Emit(event) => {
                    record(&event);
                    self.outlet.push(event);
                }
                Effect::Resolve { waiters, result } => {
                    if let Err(error) = result {
                        counter!("cuecard_platform_reports_failed_total").increment(1);
                        warn!(%error, "an outcome was not reported");
                    }
                    for done in waiters
                        .iter()
                        .filter_map(|waiter| self.waiters.remove(waiter))
                    {
                        // Whoever asked may have stopped waiting.
                        let _gone = done.send(result);
                    }
                }
            }
        }
    }

    async fn send(&mut self, frame: &ClientFrame) {
        let text = serde_json::to_string(frame)
            .expect("wire types have text keys only, so they can be written");
        self.link.send(text).await;
    }
}

fn frame(command: Command, token: SecretString) -> ClientFrame {
    match command {
        Command::Connect => ClientFrame::connect(token),
        Command::Subscribe(topic) => ClientFrame::subscribe(token, topic),
        Command::Unsubscribe(topic) => ClientFrame::unsubscribe(token, topic),
        Command::Heartbeat => ClientFrame::heartbeat(),
        Command::Report(kind, report) => ClientFrame::outcome(kind, token, report),
    }
}

/// What the link tells, as the machine understands it; `None` for what has no meaning here.
fn read(event: LinkEvent) -> Option<Event> {
    Some(match event {
        LinkEvent::Opened => Event::Opened,
        LinkEvent::Failed(outage) => Event::Failed(outage),
        LinkEvent::Ended { reason, .. } => Event::Ended { reason },
        LinkEvent::Pong(_) => return None,
        LinkEvent::Binary(length) => Event::Unreadable {
            reason: format!("a binary message of {length} bytes, expected JSON text"),
        },
        LinkEvent::Text(text) => read_text(&text),
    })
}

/// A frame, or a reason why not. The text itself is not repeated: it may hold what a customer said.
fn read_text(text: &str) -> Event {
    match serde_json::from_str(text) {
        Ok(ServerFrame::Unknown) => {
            counter!("cuecard_platform_unknown_frames_total", "socket" => "notifications")
                .increment(1);
            Event::Frame(ServerFrame::Unknown)
        }
        Ok(frame) => Event::Frame(frame),
        Err(error) => Event::Unreadable {
            reason: format!("{} bytes: {}", text.len(), complaint(&error)),
        },
    }
}

/// Counts and logs what is told to the listener.
fn record(event: &NotificationEvent) {
    match event {
        NotificationEvent::Connected { connection_id } => {
            counter!("cuecard_platform_connects_total", "socket" => "notifications").increment(1);
            info!(socket = "notifications", connection_id, "connected");
        }
        NotificationEvent::Disconnected { outage, retry_in } => {
            crate::outage::record("notifications", outage, *retry_in);
        }
        NotificationEvent::Message(_) => counter!("cuecard_platform_messages_total").increment(1),
        NotificationEvent::Rejected { code } => {
            counter!("cuecard_platform_commands_rejected_total").increment(1);
            warn!(code, "the platform refused a command");
        }
        NotificationEvent::Unreadable { reason } => {
            counter!("cuecard_platform_unreadable_frames_total", "socket" => "notifications")
                .increment(1);
            warn!(socket = "notifications", reason, "unreadable frame");
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a gauge; far below 2^52")]
fn measure(machine: &Machine) {
    gauge!("cuecard_platform_topics").set(machine.topics() as f64);
    gauge!("cuecard_platform_reports_under_way").set(machine.reports() as f64);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_is_told_without_what_it_says() {
        let reason = |text: &str| match read_text(text) {
            Event::Unreadable { reason } => reason,
            other => panic!("{text} must not be readable, got {other:?}"),
        };
        assert_eq!(
            reason("{"),
            "1 bytes: EOF while parsing an object at line 1 column 1"
        );
        assert_eq!(
            reason(r#"{"headers":{}}"#),
            "14 bytes: missing field `command` at line 1 column 14"
        );
        let expected = "4 bytes: a value of the wrong type, expected internally tagged enum ServerFrame at line 1 column 4";
        assert_eq!(reason("null"), expected);
        let personal = r#"{"command":"MESSAGE","headers":{},"body":{"acpAppElements":"my card is 4111, expected"}}"#;
        assert_eq!(
            reason(personal),
            "88 bytes: a value of the wrong type, expected a sequence"
        );
        let missing = r#"{"command":"SUBSCRIBED","headers":{},"body":{}}"#;
        assert_eq!(reason(missing), "47 bytes: missing field `topic`");
    }
}
