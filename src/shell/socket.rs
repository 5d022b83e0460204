//! The WebSocket to the broker, shared by all panels of an agent in this browser where that can be: `tabs.js`.

use cuecard_panel::Event;
use cuecard_protocol::session::TicketInfo;
use cuecard_protocol::{SUBPROTOCOL, TICKET_SUBPROTOCOL_PREFIX, VERSION};
use js_sys::{Array, JsString};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::{Closure, wasm_bindgen};

use super::json;

#[wasm_bindgen(module = "/src/shell/tabs.js")]
extern "C" {
    type SharedSocket;
    #[wasm_bindgen(constructor)]
    fn new(
        url: &str,
        protocols: &Array,
        opened: &Closure<dyn FnMut(bool)>,
        message: &Closure<dyn FnMut(JsString)>,
        closed: &Closure<dyn FnMut(u16)>,
    ) -> SharedSocket;
    #[wasm_bindgen(method)]
    fn open(this: &SharedSocket, name: &str, replay: &str, hurry: &Closure<dyn FnMut()>);
    #[wasm_bindgen(method)]
    fn send(this: &SharedSocket, text: &str);
    #[wasm_bindgen(method)]
    fn close(this: &SharedSocket);
    #[wasm_bindgen(method)]
    fn leave(this: &SharedSocket);
}

/// An open or opening socket, or one that is over and tells when to come back. Dropping it closes it, and it reports
/// nothing more.
#[must_use = "the socket is closed when this is dropped"]
pub struct Socket {
    shared: SharedSocket,
    _opened: Closure<dyn FnMut(bool)>,
    _message: Closure<dyn FnMut(JsString)>,
    _closed: Closure<dyn FnMut(u16)>,
    _hurry: Closure<dyn FnMut()>,
}

impl Socket {
    /// Opens a socket with this ticket, which travels as a subprotocol so that no URL holds it; or shares that of
    /// another panel of this agent, and then `replay` is the address that answers `hello`.
    pub fn open(
        info: &TicketInfo,
        agent: &str,
        replay: &str,
        report: impl Fn(Event) + Clone + 'static,
    ) -> Self {
        let protocols = Array::of2(
            &JsValue::from_str(SUBPROTOCOL),
            &JsValue::from_str(&format!("{TICKET_SUBPROTOCOL_PREFIX}{}", info.ticket)),
        );
        let opened = Closure::<dyn FnMut(bool)>::new({
            let report = report.clone();
            move |is_shared| {
                report(if is_shared {
                    Event::SocketShared
                } else {
                    Event::SocketOpened
                });
            }
        });
        let message = Closure::<dyn FnMut(JsString)>::new({
            let report = report.clone();
            move |text| report(Event::SocketMessage(json::parse(&text)))
        });
        let closed = Closure::<dyn FnMut(u16)>::new({
            let report = report.clone();
            move |code| report(Event::SocketClosed { code })
        });
        let hurry = Closure::<dyn FnMut()>::new(move || report(Event::CameOnline));
        let shared = SharedSocket::new(&info.url, &protocols, &opened, &message, &closed);
        // Panels of another version may mean other things by the same words, and a session ends with all its panels.
        let session = info.session.as_deref().unwrap_or_default();
        let name = format!("cuecard {VERSION} {} {agent} {session}", info.url);
        shared.open(&name, replay, &hurry);
        Self {
            shared,
            _opened: opened,
            _message: message,
            _closed: closed,
            _hurry: hurry,
        }
    }

    /// Sends a text. One that the socket cannot take any more is lost; its close is then on the way.
    pub fn send(&self, text: &str) {
        self.shared.send(text);
    }

    /// Closes it; it still tells when somebody else has got through to the broker.
    pub fn close(&self) {
        self.shared.close();
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.shared.leave();
    }
}
