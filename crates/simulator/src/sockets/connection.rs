//! One open WebSocket, whichever it is: reading, writing, the idle limit, orders to drop it, and every way to end.
//!
//! Start with [`Connection::next`]; a task that gets [`Input::Ended`] calls [`Connection::finish`] and is done.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket};
use cuecard_cxone::wire::error_frame::ErrorFrame;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};
use tokio_tungstenite::tungstenite::Error as SocketError;
use tokio_tungstenite::tungstenite::error::{CapacityError, ProtocolError};

use super::{ABRUPT, MAX_MESSAGE, SocketName};
use crate::clock;
use crate::delivery::ConnectionId;
use crate::faults::{Fault, FaultRoute, Moment};
use crate::listener::Switch;
use crate::platform::{Live, Platform};
use crate::seen::SeenKind;

/// A peer that takes nothing for so long is cut off.
const WRITE_LIMIT: Duration = Duration::from_secs(10);
/// How long the answer to our close frame is waited for.
const CLOSE_LIMIT: Duration = Duration::from_secs(2);
/// Longer frames are written down without their content.
const SEEN_FRAME: usize = 64 << 10;

/// What happened on a connection.
#[derive(Debug)]
pub enum Input {
    /// A text frame.
    Text(Utf8Bytes),
    /// A binary frame, of so many bytes.
    Binary(usize),
    /// It is over.
    Ended(Ended),
}

/// Why it is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// The client closed; code and reason, 1005 when it gave none.
    ByClient(u16, String),
    /// The client is gone without a word.
    Vanished,
    /// We close, with a code and a reason; [`ABRUPT`] without a close frame.
    ByUs(u16, &'static str),
}

/// An open WebSocket.
#[derive(Debug)]
pub struct Connection {
    /// Its number.
    pub id: ConnectionId,
    /// The state behind it.
    pub platform: Arc<Platform>,
    name: SocketName,
    socket: WebSocket,
    switch: Switch,
    orders: mpsc::Receiver<u16>,
    heard: Instant,
    /// Last, so that it ends after the socket.
    _live: Live,
}

impl Connection {
    /// Takes over a socket that has just been upgraded.
    pub fn open(
        platform: Arc<Platform>,
        name: SocketName,
        socket: WebSocket,
        switch: Switch,
        live: Live,
    ) -> Self {
        let id = platform.next_connection();
        let orders = platform.sockets().enter(id, name);
        let details = json!({"event": "opened", "connection": id});
        platform
            .seen
            .note(clock::now(), SeenKind::Socket, name.as_str(), 0, details);
        Self {
            id,
            platform,
            name,
            socket,
            switch,
            orders,
            heard: Instant::now(),
            _live: live,
        }
    }

    /// The next input. Pings are answered on the way. Cancel safe.
    pub async fn next(&mut self) -> Input {
        loop {
            let idle = self.heard + self.platform.settings.idle_limit;
            let message = tokio::select! {
                biased;
                order = self.orders.recv() => return Input::Ended(Ended::ByUs(order.unwrap_or(ABRUPT), "dropped")),
                message = self.socket.recv() => message,
                // The platform's clients count on 1006 for it (platform wire, section 3.3).
                () = sleep_until(idle) => return Input::Ended(Ended::ByUs(ABRUPT, "idle")),
            };
            self.heard = Instant::now();
            let input = match message {
                Some(Ok(Message::Text(text))) => Input::Text(text),
                Some(Ok(Message::Binary(bytes))) => Input::Binary(bytes.len()),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
                Some(Ok(Message::Close(frame))) => {
                    let (code, reason) =
                        frame.map_or((1005, String::new()), |f| (f.code, f.reason.to_string()));
                    Input::Ended(Ended::ByClient(code, reason))
                }
                Some(Err(error)) => Input::Ended(broken(error)),
                None => Input::Ended(Ended::Vanished),
            };
            let arrived = matches!(input, Input::Text(_) | Input::Binary(_));
            if arrived
                && self
                    .platform
                    .decide(FaultRoute::Sockets, Moment::Arrival)
                    .fault
                    == Some(Fault::Reset)
            {
                return Input::Ended(Ended::ByUs(ABRUPT, "fault"));
            }
            return input;
        }
    }

    /// Sends a frame.
    ///
    /// # Errors
    ///
    /// How the connection ended, when it cannot be sent; [`Connection::finish`] wants it.
    pub async fn send(&mut self, text: String) -> Result<(), Ended> {
        match timeout(WRITE_LIMIT, self.socket.send(Message::text(text))).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(Ended::Vanished),
            Err(_) => Err(Ended::ByUs(ABRUPT, "does not read")),
        }
    }

    /// Says that a frame is refused.
    ///
    /// # Errors
    ///
    /// How the connection ends, when the error is one that ends it or cannot be sent.
    pub async fn refuse(&mut self, error: &ErrorFrame) -> Result<(), Ended> {
        self.send(json!(error).to_string()).await?;
        if error.code.closes_socket() {
            return Err(Ended::ByUs(1008, "refused"));
        }
        Ok(())
    }

    /// Writes a frame down that was taken, or refused with an error frame.
    pub fn note_outcome<T>(
        &self,
        bytes: usize,
        frame: Option<&Value>,
        outcome: &Result<T, ErrorFrame>,
    ) {
        let code = outcome.as_ref().err().map(|error| json!(error.code));
        let code = code.as_ref().and_then(Value::as_str);
        self.note_frame(bytes, frame, code);
    }

    /// Writes an arrived frame down. `frame` is what is left of it when secrets are masked, `error` why it was refused.
    pub fn note_frame(&self, bytes: usize, frame: Option<&Value>, error: Option<&str>) {
        let mut details = json!({"connection": self.id, "bytes": bytes});
        if let Some(frame) = frame.filter(|_| bytes <= SEEN_FRAME) {
            details["frame"] = frame.clone();
        }
        if let Some(error) = error {
            details["error"] = error.into();
        }
        let weight = if details.get("frame").is_some() {
            bytes
        } else {
            0
        };
        self.platform.seen.note(
            clock::now(),
            SeenKind::Frame,
            self.name.as_str(),
            weight,
            details,
        );
    }

    /// Ends the connection as `ended` says and writes that down.
    pub async fn finish(mut self, ended: Ended) {
        self.platform.sockets().leave(self.id);
        let (by, code, reason) = match &ended {
            Ended::ByClient(code, reason) => ("client", *code, reason.as_str()),
            Ended::Vanished => ("client", ABRUPT, ""),
            Ended::ByUs(code, reason) => ("platform", *code, *reason),
        };
        let details = json!({"event": "closed", "connection": self.id, "by": by, "code": code, "reason": reason});
        self.platform.seen.note(
            clock::now(),
            SeenKind::Socket,
            self.name.as_str(),
            0,
            details,
        );
        tracing::debug!(
            socket = self.name.as_str(),
            connection = self.id,
            by,
            code,
            reason,
            "socket closed"
        );
        match ended {
            Ended::Vanished => {}
            // The answer to the client's close frame has been queued; reading on sends it.
            Ended::ByClient(..) => self.drain().await,
            Ended::ByUs(ABRUPT, _) => self.switch.reset(),
            Ended::ByUs(code, reason) => {
                self.switch.linger();
                let frame = CloseFrame {
                    code,
                    reason: Utf8Bytes::from_static(reason),
                };
                if let Ok(Ok(())) =
                    timeout(CLOSE_LIMIT, self.socket.send(Message::Close(Some(frame)))).await
                {
                    self.drain().await;
                }
            }
        }
    }

    async fn drain(&mut self) {
        let deadline = Instant::now() + CLOSE_LIMIT;
        while let Ok(Some(Ok(_))) = timeout_at(deadline, self.socket.recv()).await {}
    }
}

/// What to say to a client that broke the WebSocket protocol (RFC 6455, section 7.4.1).
fn broken(error: axum::Error) -> Ended {
    match error
        .into_inner()
        .downcast::<SocketError>()
        .map(|error| *error)
    {
        Ok(SocketError::Utf8(_)) => Ended::ByUs(1007, "text frame is not UTF-8"),
        Ok(SocketError::Capacity(CapacityError::MessageTooLong { .. })) => {
            const { assert!(MAX_MESSAGE == 2 << 20, "the reason names the limit") };
            Ended::ByUs(1009, "message is over 2 MiB")
        }
        Ok(SocketError::Protocol(error))
            if error != ProtocolError::ResetWithoutClosingHandshake =>
        {
            Ended::ByUs(1002, "WebSocket protocol error")
        }
        _ => Ended::Vanished,
    }
}
