//! The owned handles of the browser let go when they are dropped.

use std::cell::Cell;
use std::rc::Rc;

use cuecard::shell::Listener;
use cuecard::shell::socket::Socket;
use cuecard_panel::Event;
use cuecard_protocol::session::TicketInfo;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::support::{held, last_protocols, say, until};

#[wasm_bindgen_test]
async fn a_dropped_socket_is_closed_and_says_nothing_more() {
    // A screen lets its clock go in a microtask, which the test before did not wait for.
    until("nothing ticks", || held().contains(r#""timers":0"#)).await;
    let before = held();
    let heard = Rc::new(Cell::new(0));
    let count = heard.clone();
    let info = TicketInfo {
        ticket: "secret".into(),
        url: "ws://127.0.0.1/api/ws".into(),
        expires_in: 30,
        session: None,
    };
    let socket = Socket::open(&info, "A-shell", "/api/replay", move |event| {
        if matches!(event, Event::SocketOpened | Event::SocketMessage(_)) {
            count.set(count.get() + 1);
        }
    });
    until("the socket is open", || heard.get() == 1).await;
    assert_eq!(last_protocols(), r#"["cuecard.v1","ticket.secret"]"#);
    say("one");
    assert_eq!(heard.get(), 2);
    drop(socket);
    say("two");
    assert_eq!(heard.get(), 2);
    assert_eq!(held(), before);
}

#[wasm_bindgen_test]
fn a_dropped_listener_hears_nothing_more() {
    let heard = Rc::new(Cell::new(0));
    let count = heard.clone();
    let window = web_sys::window().expect("a window");
    let listener = Listener::add(&window, "online", move |_: web_sys::Event| {
        count.set(count.get() + 1);
    })
    .expect("a listener");
    let online = || {
        window
            .dispatch_event(&web_sys::Event::new("online").expect("an event"))
            .expect("dispatched")
    };
    online();
    drop(listener);
    online();
    assert_eq!(heard.get(), 1);
}
