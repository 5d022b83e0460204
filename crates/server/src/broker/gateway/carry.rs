//! Carries out what the connection decides on one socket.

use std::future::Future;
use std::ops::ControlFlow;
use std::pin::{Pin, pin};
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket};
use cuecard_protocol::{Action, AgentId, CloseCode, ServerMessage};
use futures_util::SinkExt as _;
use tokio::time::{sleep, timeout};
use tokio_tungstenite::tungstenite;

use super::super::Broker;
use super::super::connection::{Connection, Input, Output};
use super::super::hub::Seat;
use super::super::session::cookie::Session;
use super::goodbye;
use super::observe::{Counted, Observer};
use super::questions::{self, Pending};
use crate::app::App;
use crate::backbone::BackboneError;
use crate::publish::PresenceGuard;
use crate::typing::AtDesk;

/// `bye` asks the panels to stay away between half a second and this, each for another time.
const LONGEST_BYE_MS: u32 = 5_000;

/// One socket and all that belongs to it.
pub struct Carrier {
    broker: Broker,
    agent: AgentId,
    seat: Seat,
    socket: WebSocket,
    connection: Connection,
    observer: Observer,
    _counted: Counted,
    _present: PresenceGuard,
    at_desk: AtDesk,
    /// To a question about the log.
    answer: Option<Pending>,
    /// To an action. While it is out, nothing more is read from the socket.
    recording: Option<Pending>,
    /// The last thing that happened came from the browser.
    has_spoken: bool,
}

/// Why a message was not written.
enum Unwritten {
    Stalled,
    Gone,
}

impl Carrier {
    /// For a socket that was just opened in this session.
    pub fn new(broker: Broker, session: Session, seat: Seat, socket: WebSocket) -> Self {
        let log = broker.app.backbone.log_id().to_owned();
        let connection = Connection::new(
            log,
            session.agent.clone(),
            session.expires_at,
            broker.limits,
            broker.app.clock.now(),
        );
        Self {
            observer: Observer {
                app: broker.app.clone(),
                agent: session.agent.clone(),
            },
            _counted: Counted::new(),
            _present: broker.app.presence.joined(&session.agent),
            at_desk: broker.app.typing.joined(&session.agent),
            broker,
            agent: session.agent,
            seat,
            socket,
            connection,
            answer: None,
            recording: None,
            has_spoken: false,
        }
    }

    /// Runs until the socket is closed.
    pub async fn run(mut self) {
        let most = self.broker.limits.sockets_per_session;
        if self.seat.of_session > most {
            self.observer.refused("too_many_sockets");
            self.close(
                CloseCode::TooMany,
                format!("this session has {most} sockets already"),
            )
            .await;
            return;
        }
        let shutdown = self.broker.app.shutdown.clone();
        let mut drain = pin!(shutdown.draining());
        self.look_who_types();
        while let Some(input) = self.happening(drain.as_mut()).await {
            let outputs = self.connection.step(input, self.broker.app.clock.now());
            if let Some(life) = self.connection.take_life() {
                self.at_desk.named(life);
                self.look_who_types();
            }
            if self.carry_out(outputs).await.is_break() {
                return;
            }
        }
    }

    /// The next thing that happens; `None` if the browser is gone. What the browser has said counts before a deadline that
    /// has passed meanwhile, but one thing at a time: who never falls silent does not outlive its session.
    async fn happening(&mut self, drain: Pin<&mut impl Future<Output = ()>>) -> Option<Input> {
        let app = &self.broker.app;
        let wait = Duration::from_millis(self.connection.deadline().since(app.clock.now()).0);
        if std::mem::take(&mut self.has_spoken) && wait.is_zero() {
            return Some(Input::DeadlineReached);
        }
        let signals = &self.seat.signals;
        tokio::select! {
            biased;
            () = drain => Some(Input::Draining { retry_after_ms: wait_asked(app) }),
            () = signals.ended.notified() => Some(Input::SessionEnded),
            answer = arrival(&mut self.answer), if self.answer.is_some() => {
                Some(answer.unwrap_or_else(|error| failed(app, &error)))
            }
            recorded = arrival(&mut self.recording), if self.recording.is_some() => {
                Some(recorded.unwrap_or_else(|error| failed(app, &error)))
            }
            message = self.socket.recv(), if self.recording.is_none() => {
                self.has_spoken = true;
                received(message)
            }
            () = signals.grew.notified() => Some(Input::LogGrew),
            () = signals.typed.notified() => Some(Input::Typing(self.at_desk.is_typing())),
            () = sleep(wait) => Some(Input::DeadlineReached),
        }
    }

    /// While the agent types with this panel, the connection looks whether the panel is still there.
    fn look_who_types(&mut self) {
        let typing = Input::Typing(self.at_desk.is_typing());
        // Asks for nothing: it only changes the deadline.
        self.connection.step(typing, self.broker.app.clock.now());
    }

    async fn carry_out(&mut self, outputs: Vec<Output>) -> ControlFlow<()> {
        let mut is_flushed = true;
        for output in outputs {
            let written = match output {
                Output::Send(message) => {
                    is_flushed = false;
                    self.write(message).await
                }
                Output::Probe => {
                    is_flushed = false;
                    self.feed(Message::Ping(axum::body::Bytes::new())).await
                }
                question @ (Output::Join { .. } | Output::Read { .. } | Output::TakeSnapshot) => {
                    self.answer = questions::put(&self.broker.app, &self.agent, &question);
                    Ok(())
                }
                Output::Record(action) => {
                    self.recording = Some(Box::pin(record(self.observer.clone(), action)));
                    Ok(())
                }
                Output::Silent(quiet) => {
                    self.at_desk.silent(Duration::from_millis(quiet.0));
                    Ok(())
                }
                Output::Back => {
                    self.at_desk.back();
                    self.look_who_types();
                    Ok(())
                }
                Output::Count(reason) => {
                    self.observer.refused(reason);
                    Ok(())
                }
                Output::Close(code, reason) => {
                    self.close(code, reason).await;
                    return ControlFlow::Break(());
                }
                Output::Drop => return ControlFlow::Break(()),
            };
            if let Err(unwritten) = written {
                return self.give_up(unwritten).await;
            }
        }
        if is_flushed {
            return ControlFlow::Continue(());
        }
        match self.flush().await {
            Ok(()) => ControlFlow::Continue(()),
            Err(unwritten) => self.give_up(unwritten).await,
        }
    }

    async fn write(&mut self, message: ServerMessage) -> Result<(), Unwritten> {
        // Our own messages always have a JSON form; one that has none is a bug and not the browser's matter.
        let Ok(text) = serde_json::to_string(&message) else {
            return Err(Unwritten::Gone);
        };
        self.feed(Message::Text(text.into())).await?;
        self.observer.sent(&message);
        Ok(())
    }

    async fn feed(&mut self, message: Message) -> Result<(), Unwritten> {
        let within = self.write_within();
        in_time(within, self.socket.feed(message)).await
    }

    async fn flush(&mut self) -> Result<(), Unwritten> {
        let within = self.write_within();
        in_time(within, self.socket.flush()).await
    }

    fn write_within(&self) -> Duration {
        Duration::from_millis(self.broker.limits.write_within.0)
    }

    async fn give_up(&mut self, unwritten: Unwritten) -> ControlFlow<()> {
        if let Unwritten::Stalled = unwritten {
            for output in self
                .connection
                .step(Input::Stalled, self.broker.app.clock.now())
            {
                match output {
                    Output::Count(reason) => self.observer.refused(reason),
                    Output::Close(code, reason) => self.close(code, reason).await,
                    _ => {}
                }
            }
        }
        ControlFlow::Break(())
    }

    async fn close(&mut self, code: CloseCode, reason: String) {
        let frame = CloseFrame {
            code: code.code(),
            reason: reason.into(),
        };
        let within = Duration::from_millis(self.broker.limits.close_within.0);
        goodbye::say(&mut self.socket, frame, within).await;
    }
}

async fn in_time(
    within: Duration,
    work: impl Future<Output = Result<(), axum::Error>>,
) -> Result<(), Unwritten> {
    match timeout(within, work).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(Unwritten::Gone),
        Err(_) => Err(Unwritten::Stalled),
    }
}

/// The answer, once; the place is empty then.
async fn arrival(pending: &mut Option<Pending>) -> Result<Input, BackboneError> {
    let Some(future) = pending else {
        return std::future::pending().await;
    };
    let input = future.await;
    *pending = None;
    input
}

fn failed(app: &App, error: &BackboneError) -> Input {
    tracing::error!(%error, "a socket is closed");
    Input::StoreFailed {
        retry_after_ms: wait_asked(app),
    }
}

/// What `bye` asks for: spread, so that thousands do not come back at once.
fn wait_asked(app: &App) -> u64 {
    let spread = app.clock.draw() * f64::from(LONGEST_BYE_MS - 500);
    500 + u64::try_from(Duration::from_secs_f64(spread.max(0.0) / 1_000.0).as_millis()).unwrap_or(0)
}

fn received(message: Option<Result<Message, axum::Error>>) -> Option<Input> {
    match message? {
        Ok(Message::Text(text)) => Some(Input::Message(text.as_str().to_owned())),
        Ok(Message::Binary(_)) => Some(Input::Unreadable(
            "expected text messages, got a binary one".to_owned(),
        )),
        Ok(Message::Ping(_) | Message::Pong(_)) => Some(Input::Heard),
        Ok(Message::Close(_)) => None,
        Err(error) => {
            let error = error.into_inner();
            // What the network did is no message; what the browser sent is a bad one.
            match error.downcast_ref::<tungstenite::Error>() {
                Some(tungstenite::Error::Protocol(
                    tungstenite::error::ProtocolError::ResetWithoutClosingHandshake,
                )) => None,
                Some(
                    bad @ (tungstenite::Error::Capacity(_)
                    | tungstenite::Error::Protocol(_)
                    | tungstenite::Error::Utf8(_)),
                ) => Some(Input::Unreadable(bad.to_string())),
                _ => None,
            }
        }
    }
}

/// Records in a task of its own, begun at once: if the socket ends meanwhile, the action is still audited, and the
/// drain waits for that.
fn record(
    observer: Observer,
    action: Action,
) -> impl Future<Output = Result<Input, BackboneError>> + Send {
    let hold = observer.app.shutdown.hold();
    let task = tokio::spawn(async move {
        let recorded = observer
            .app
            .backbone
            .record(&observer.agent, &action)
            .await?;
        observer.recorded(&action, &recorded).await;
        drop(hold);
        Ok(Input::Recorded {
            id: action.id,
            recorded,
        })
    });
    async move {
        task.await.unwrap_or_else(|error| {
            Err(BackboneError {
                doing: "record",
                source: Box::new(error),
            })
        })
    }
}
