//! Panels of one agent share a socket. To each other, two on one page are what two tabs are.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use cuecard::shell::socket::Socket;
use cuecard_panel::Event;
use cuecard_protocol::session::TicketInfo;
use cuecard_protocol::{AlertLevel, LiveCard, Millis, Resume, Seq, ServerMessage, VERSION};
use gloo_timers::future::TimeoutFuture;
use serde_json::{Value, json};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::support::{
    OnPage, StoppedClock, all_overheard, all_requests, all_sent, all_unhandled, allow_channels,
    answer_replay, card, come_online, fail, hang, hang_up, held, luck, refuse_replay, say,
    say_on_channel, tune_in, turn_page, until, until_locks,
};

/// What the panels of this agent call their lock and their channel.
fn name_of(agent: &str) -> String {
    format!("cuecard {VERSION} ws://127.0.0.1/api/ws {agent} s-1")
}

fn panel(agent: &str) -> OnPage {
    cuecard::element::define();
    let panel = OnPage::new("cuecard-panel");
    panel.0.set_attribute("agent", agent).expect("an attribute");
    panel.attached()
}

fn shows(panel: &OnPage, selector: &str) -> bool {
    let root = panel.0.shadow_root().expect("an open shadow root");
    root.query_selector(selector)
        .is_ok_and(|found| found.is_some())
}

fn has(panel: &OnPage, id: &str) -> bool {
    shows(panel, &format!("article[data-card-id='{id}']"))
}

async fn connected(panel: &OnPage) {
    until("connected", || {
        shows(panel, ".state[data-state='connected']")
    })
    .await;
}

fn sockets() -> u64 {
    let held: Value = serde_json::from_str(&held()).expect("JSON");
    held["sockets"].as_u64().expect("a number")
}

fn text(message: &ServerMessage) -> String {
    serde_json::to_string(message).expect("JSON")
}

fn came(seq: u64, id: &str) -> String {
    let card = (*card(id, AlertLevel::Critical, "<p>hello</p>")).clone();
    text(&ServerMessage::Card {
        seq: Seq(seq),
        card,
    })
}

/// The answer to a new panel when these cards are there, in this order.
fn replay(ids: &[&str]) -> String {
    let cards = (1..).zip(ids).map(|(seq, id)| LiveCard {
        seq: Seq(seq),
        card: (*card(id, AlertLevel::Critical, "")).clone(),
    });
    let cards: Vec<LiveCard> = cards.collect();
    let welcome = ServerMessage::Welcome {
        version: VERSION.into(),
        log: "a".into(),
        head: cards.last().map_or(Seq(0), |last| last.seq),
        resume: Resume::Gap,
        now: Millis(cuecard::shell::now().0),
    };
    let snapshot = ServerMessage::Snapshot { cards, last: true };
    format!("{}\n{}\n", text(&welcome), text(&snapshot))
}

/// How often this was sent on a socket.
fn reports(id: &str, kind: &str) -> usize {
    let sent: Vec<Value> = serde_json::from_str(&all_sent()).expect("JSON");
    let is_it = |message: &&Value| message["card_id"] == id && message["kind"] == kind;
    sent.iter().filter(is_it).count()
}

#[wasm_bindgen_test]
async fn the_second_panel_needs_no_socket_and_hears_and_says_the_same() {
    TimeoutFuture::new(50).await;
    let before = held();
    let leader = panel("A-share");
    connected(&leader).await;
    say(&came(1, "t-early"));
    answer_replay(&replay(&["t-early"]));
    let follower = panel("A-share");
    until("it has caught up", || has(&follower, "t-early")).await;
    assert_eq!(sockets(), 1);
    let requests: Vec<Value> = serde_json::from_str(&all_requests()).expect("JSON");
    let last = requests.last().expect("a request");
    assert_eq!(
        [&last["pathname"], &last["header"], &last["credentials"]],
        ["/api/replay", "1", "include"]
    );
    let hello: Value = serde_json::from_str(last["body"].as_str().expect("text")).expect("JSON");
    assert_eq!(
        [&hello["type"], &hello["last_seq"], &hello["agent_id"]],
        [&json!("hello"), &json!(0), &json!("A-share")]
    );

    say(&came(2, "t-late"));
    until("both have it", || {
        has(&leader, "t-late") && has(&follower, "t-late")
    })
    .await;
    until("both have reported it", || {
        reports("t-late", "rendered") == 2
    })
    .await;
    drop((leader, follower));
    TimeoutFuture::new(50).await;
    assert_eq!(held(), before);
}

#[wasm_bindgen_test]
async fn when_the_leader_goes_or_its_socket_breaks_another_leads() {
    let first = panel("A-lead");
    connected(&first).await;
    answer_replay(&replay(&[]));
    let (second, third) = (panel("A-lead"), panel("A-lead"));
    connected(&second).await;
    connected(&third).await;
    say(&came(1, "t-before"));
    until("all have it", || {
        [&first, &second, &third]
            .iter()
            .all(|panel| has(panel, "t-before"))
    })
    .await;
    assert_eq!(sockets(), 1);

    let hellos = || all_sent().matches(r#""type":"hello""#).count();
    let replays = || all_requests().matches("/api/replay").count();
    let (said, caught_up) = (hellos(), replays());
    answer_replay(&replay(&["t-before"]));
    drop(first);
    until("one leads, the other follows", || {
        hellos() == said + 1 && replays() == caught_up + 1
    })
    .await;
    TimeoutFuture::new(20).await;
    // The new leader's broker, which has forgotten everything, says it again; the follower has it.
    say(&came(1, "t-before"));
    say(&came(2, "t-after"));
    // It takes the place of the one before.
    until("both have it", || {
        has(&second, "t-after") && has(&third, "t-after")
    })
    .await;
    assert_eq!(sockets(), 1);

    hang_up(1006);
    assert_eq!(sockets(), 0);
    until("there is one again", || sockets() == 1).await;
    connected(&second).await;
    connected(&third).await;
    TimeoutFuture::new(50).await;
    assert_eq!(sockets(), 1);
}

#[wasm_bindgen_test]
async fn without_channels_each_has_its_own() {
    allow_channels(false);
    let panels = [panel("A-alone"), panel("A-alone")];
    for panel in &panels {
        connected(panel).await;
    }
    assert_eq!(sockets(), 2);
    allow_channels(true);
}

#[wasm_bindgen_test]
async fn a_leader_that_answers_nobody_is_passed_by_and_succeeded() {
    hang(&name_of("A-hang"));
    TimeoutFuture::new(20).await;
    let first = panel("A-hang");
    TimeoutFuture::new(1_500).await;
    assert_eq!(sockets(), 0, "it may answer yet");
    until("a socket of its own", || sockets() == 1).await;
    connected(&first).await;
    // It was only slow: who has passed it by follows it after all.
    answer_replay(&replay(&[]));
    tune_in(&name_of("A-hang"));
    // Its socket does not end by itself meanwhile.
    let clock = StoppedClock::now();
    say_on_channel("open");
    until("no socket of its own", || sockets() == 0).await;
    until("an answer to the first", || {
        say_on_channel("open");
        shows(&first, ".state[data-state='connected']")
    })
    .await;
    drop(clock);
    // The next one follows it too, and it goes without a word.
    let second = panel("A-hang");
    until("an answer to the second", || {
        say_on_channel("open");
        shows(&second, ".state[data-state='connected']")
    })
    .await;
    assert_eq!(sockets(), 0);
    // One leads as soon as it can, and the other follows it.
    hang("");
    until("a socket", || sockets() == 1).await;
    connected(&first).await;
    let third = panel("A-hang");
    connected(&second).await;
    connected(&third).await;
    say(&came(1, "t-hung"));
    until("all have it", || {
        [&first, &second, &third]
            .iter()
            .all(|panel| has(panel, "t-hung"))
    })
    .await;
    assert_eq!(sockets(), 1);
}

#[wasm_bindgen_test]
async fn a_page_that_is_kept_for_the_way_back_neither_leads_nor_waits() {
    until("nothing ticks", || held().contains(r#""timers":0"#)).await;
    let before = held();
    let leader = panel("A-kept");
    connected(&leader).await;
    answer_replay(&replay(&[]));
    let follower = panel("A-kept");
    connected(&follower).await;
    // A page that is not kept goes by itself.
    turn_page("pagehide", false);
    assert_eq!(sockets(), 1);
    // Nobody comes back by themselves.
    let clock = StoppedClock::now();
    luck(Some(0.999));
    turn_page("pagehide", true);
    assert_eq!(sockets(), 0);
    hang(&name_of("A-kept"));
    tune_in(&name_of("A-kept"));
    // The test's only.
    until_locks(&name_of("A-kept"), "1,0").await;
    drop(clock);
    luck(None);
    hang("");
    turn_page("pageshow", true);
    until("both ask", || all_overheard().matches("ask").count() >= 2).await;
    until("one to lead", || sockets() == 1).await;
    connected(&leader).await;
    connected(&follower).await;
    drop((leader, follower));
    TimeoutFuture::new(50).await;
    assert_eq!(held(), before);
}

#[wasm_bindgen_test]
async fn pings_go_all_the_way_to_the_broker_and_pongs_come_all_the_way_back() {
    let leader = panel("A-ping");
    connected(&leader).await;
    answer_replay(&replay(&[]));
    let follower = panel("A-ping");
    connected(&follower).await;
    tune_in(&name_of("A-ping"));
    let pings = || all_sent().matches(r#""type":"ping""#).count();
    let before = pings();
    come_online();
    until("the broker hears both", || pings() == before + 2).await;
    assert_eq!(all_overheard(), r#"["{\"type\":\"ping\"}"]"#);
    say(r#"{"type":"pong"}"#);
    until("the follower hears it", || all_overheard().contains("pong")).await;
}

#[wasm_bindgen_test]
async fn a_refused_replay_means_what_a_refused_socket_means() {
    let leader = panel("A-refused");
    connected(&leader).await;
    let replays = || all_requests().matches("/api/replay").count();

    refuse_replay(403);
    let follower = panel("A-refused");
    until("it stops", || {
        shows(&follower, ".state[data-state='stopped']")
    })
    .await;
    drop(follower);

    for status in [429, 503] {
        refuse_replay(status);
        let before = replays();
        let clock = StoppedClock::now();
        let follower = panel("A-refused");
        until("a first try", || replays() == before + 1).await;
        TimeoutFuture::new(50).await;
        clock.pass(1_999);
        // The backoff alone would have had it back by now.
        come_online();
        TimeoutFuture::new(50).await;
        assert_eq!(replays(), before + 1, "{status}: not before two seconds");
        answer_replay(&replay(&[]));
        drop(clock);
        connected(&follower).await;
    }
}

#[wasm_bindgen_test]
async fn where_nobody_answers_hello_each_has_its_own() {
    for (status, broker) in [(404, "http://old.example"), (405, "http://proxy.example")] {
        let at = || {
            cuecard::element::define();
            let panel = OnPage::new("cuecard-panel");
            panel
                .0
                .set_attribute("agent", "A-old")
                .expect("an attribute");
            panel
                .0
                .set_attribute("broker", broker)
                .expect("an attribute");
            panel.attached()
        };
        let before = sockets();
        let first = at();
        connected(&first).await;
        refuse_replay(status);
        let second = at();
        connected(&second).await;
        let third = at();
        connected(&third).await;
        assert_eq!(sockets(), before + 3, "{status}");
    }
}

/// A socket that follows somebody who goes; what it does when it is told of that. Says how often it was hurried then.
async fn left_alone(agent: &str, closed: impl Fn(&RefCell<Option<Socket>>) + 'static) -> u32 {
    let name = name_of(agent);
    hang(&name);
    tune_in(&name);
    TimeoutFuture::new(20).await;
    let info = TicketInfo {
        ticket: "secret".into(),
        url: "ws://127.0.0.1/api/ws".into(),
        expires_in: 30,
        session: Some("s-1".into()),
    };
    let socket: Rc<RefCell<Option<Socket>>> = Rc::default();
    let (follows, told) = (Rc::new(Cell::new(false)), Rc::new(Cell::new(0)));
    let opened = Socket::open(&info, agent, "/api/replay", {
        let (socket, follows, told, closed) = (
            socket.clone(),
            follows.clone(),
            told.clone(),
            Rc::new(closed),
        );
        move |event| match event {
            Event::SocketShared => follows.set(true),
            Event::SocketClosed { .. } => closed(&socket),
            Event::CameOnline => told.set(told.get() + 1),
            _ => {}
        }
    });
    socket.replace(Some(opened));
    until("somebody to follow", || {
        say_on_channel("open");
        follows.get()
    })
    .await;
    hang("");
    until_locks(&name, "0,0").await;
    TimeoutFuture::new(50).await;
    drop(socket.take());
    told.get()
}

#[wasm_bindgen_test]
async fn who_has_left_is_told_nothing_more_and_no_failure_is_hidden() {
    assert_eq!(left_alone("A-stays", |_| ()).await, 1);
    assert_eq!(
        left_alone("A-leaves", |socket| drop(socket.take())).await,
        0
    );
    assert_eq!(all_unhandled(), "[]");
    left_alone("A-fails", |_| fail()).await;
    assert_eq!(all_unhandled(), r#"["on purpose"]"#);
}

#[wasm_bindgen_test]
async fn a_session_that_is_over_is_opened_again_by_each() {
    let leader = panel("A-over");
    connected(&leader).await;
    answer_replay("");
    let follower = panel("A-over");
    let sessions = || {
        all_requests()
            .matches(r#"{\"agent_id\":\"A-over\"}"#)
            .count()
    };
    until("a second try", || sessions() == 3).await;
    drop((leader, follower));
}
