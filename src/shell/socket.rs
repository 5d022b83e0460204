//! The WebSocket to the broker.

use cuecard_panel::Event;
use cuecard_protocol::session::TicketInfo;
use cuecard_protocol::{SUBPROTOCOL, TICKET_SUBPROTOCOL_PREFIX};
use js_sys::Array;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{CloseEvent, MessageEvent, WebSocket};

/// What a socket reports when it cannot be opened at all (RFC 6455, section 7.1.5).
pub const ABNORMAL_CLOSURE: u16 = 1006;

/// An open or opening socket. Dropping it closes it, and it reports nothing more.
#[must_use = "the socket is closed when this is dropped"]
#[derive(Debug)]
pub struct Socket {
    connection: WebSocket,
    _opened: Closure<dyn FnMut()>,
    _message: Closure<dyn FnMut(MessageEvent)>,
    _closed: Closure<dyn FnMut(CloseEvent)>,
}

impl Socket {
    /// Opens a socket with this ticket, which travels as a subprotocol so that no URL holds it.
    pub fn open(
        info: &TicketInfo,
        report: impl Fn(Event) + Clone + 'static,
    ) -> Result<Self, JsValue> {
        let protocols = Array::of2(
            &JsValue::from_str(SUBPROTOCOL),
            &JsValue::from_str(&format!("{TICKET_SUBPROTOCOL_PREFIX}{}", info.ticket)),
        );
        let socket = WebSocket::new_with_str_sequence(&info.url, &protocols)?;
        let opened = Closure::<dyn FnMut()>::new({
            let report = report.clone();
            move || report(Event::SocketOpened)
        });
        let message = Closure::<dyn FnMut(MessageEvent)>::new({
            let report = report.clone();
            move |event: MessageEvent| {
                // The broker sends text only; anything else is not ours.
                if let Some(text) = event.data().as_string() {
                    report(Event::SocketMessage(text));
                }
            }
        });
        let closed = Closure::<dyn FnMut(CloseEvent)>::new(move |event: CloseEvent| {
            report(Event::SocketClosed { code: event.code() });
        });
        socket.set_onopen(Some(opened.as_ref().unchecked_ref()));
        socket.set_onmessage(Some(message.as_ref().unchecked_ref()));
        socket.set_onclose(Some(closed.as_ref().unchecked_ref()));
        Ok(Self {
            connection: socket,
            _opened: opened,
            _message: message,
            _closed: closed,
        })
    }

    /// Sends a text. One that the socket cannot take any more is lost; its close is then on the way.
    pub fn send(&self, text: &str) {
        // Throws only before the socket is open, and the core waits for that.
        let _ = self.connection.send_with_str(text);
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.connection.set_onopen(None);
        self.connection.set_onmessage(None);
        self.connection.set_onclose(None);
        // Fails only for a code or reason that is not allowed, and there is none.
        let _ = self.connection.close();
    }
}
