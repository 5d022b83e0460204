//! The suggestions socket against the simulator, and against a platform that restarts at the worst moment.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::support::{
    Puppet, PuppetSocket, Running, frames, pass, platform, requests, simulator, tell, text, tokens,
};
use cuecard_cxone::{
    outage::Outage,
    platform::{Platform, SocketUrl, needed_scope},
    publisher::{Loss, PublishEvent},
    suggestions::{Injector, suggestions},
    wire::{
        error_frame::ErrorCode,
        suggestions::{ContextWindow, Suggest, Suggestion},
    },
};
use cuecard_simulator::{Outcome, Simulator, SocketName};
use futures_util::{SinkExt as _, StreamExt as _};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

const ROUTE: &str = "suggestions";

#[expect(
    clippy::disallowed_methods,
    reason = "the test's own publisher has a clock"
)]
fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    i64::try_from(since.expect("after 1970").as_millis()).expect("a date")
}

/// A suggestion for `INT-1` whose window lasts from now on for so long.
fn suggestion(id: &str, life_ms: i64) -> Suggest {
    let now = now_ms();
    let iso = |ms| Timestamp::from_millisecond(ms).expect("a date").to_string();
    Suggest {
        interaction_id: "INT-1".into(),
        suggestion: Suggestion {
            id: id.into(),
            content: "Offer a refund".into(),
            priority: "HIGH".into(),
            relevance_score: 0.85,
            context_window: ContextWindow {
                start: iso(now),
                end: iso(now + life_ms),
            },
            injected_at: iso(now),
            source: None,
        },
    }
}

async fn stage() -> (Simulator, Platform) {
    let simulator = simulator().await;
    simulator.set_interaction("INT-1", "AGT-1");
    let mut platform = platform(&simulator);
    platform.scope = needed_scope(true, false);
    (simulator, platform)
}

fn start(platform: &Platform) -> (Injector, Running<PublishEvent>) {
    let url = platform.suggestions_url.clone().expect("it is set");
    start_at(url, platform)
}

fn start_at(url: SocketUrl, platform: &Platform) -> (Injector, Running<PublishEvent>) {
    let (injector, socket) = suggestions(url, tokens(platform));
    let running = Running::start(100, |events, stop| socket.run(events, stop));
    (injector, running)
}

fn arrived(id: &str) -> PublishEvent {
    PublishEvent::Arrived { id: id.into() }
}

#[tokio::test]
async fn a_suggestion_is_acknowledged_and_decided() {
    let (simulator, platform) = stage().await;
    simulator.set_auto_outcome(Outcome::Both, Duration::from_millis(50));
    let (injector, mut running) = start(&platform);
    for id in ["a", "b"] {
        injector
            .publish(suggestion(id, 60_000))
            .expect("the socket runs");
    }
    assert_eq!(running.next().await, PublishEvent::Connected);
    let mut told = Vec::new();
    while told.len() < 6 {
        told.push(match running.next().await {
            PublishEvent::Arrived { id } => format!("{id} arrived"),
            PublishEvent::Acknowledged { id, latency } => {
                assert!(latency < Duration::from_secs(20), "{latency:?}");
                format!("{id} acknowledged")
            }
            PublishEvent::Accepted { id } => format!("{id} accepted"),
            PublishEvent::Dismissed { id } => format!("{id} dismissed"),
            other => panic!("{other:?}"),
        });
    }
    for (id, outcome) in [("a", "accepted"), ("b", "dismissed")] {
        let of_id: Vec<_> = told.iter().filter(|told| told.starts_with(id)).collect();
        assert_eq!(
            of_id,
            [
                &format!("{id} arrived"),
                &format!("{id} acknowledged"),
                &format!("{id} {outcome}")
            ]
        );
    }
    let sent: Vec<Value> = frames(&simulator, ROUTE)
        .into_iter()
        .map(|(frame, error)| {
            assert_eq!(error, None);
            frame
        })
        .collect();
    assert_eq!(sent.len(), 3);
    assert_eq!(sent[0], json!({"type": "auth", "token": "***"}));
    assert_eq!(sent[1]["suggestion"]["id"], "a");
    assert_eq!(running.stop().await, []);
}

#[tokio::test]
async fn an_expired_token_is_replaced_once_and_at_once() {
    let (simulator, platform) = stage().await;
    let (injector, mut running) = start(&platform);
    assert_eq!(running.next().await, PublishEvent::Connected);
    simulator.expire_tokens();
    simulator.drop_sockets(Some(SocketName::Suggestions), 1006);
    injector
        .publish(suggestion("a", 60_000))
        .expect("the socket runs");
    let mut outages = Vec::new();
    running
        .find(|event| match event {
            PublishEvent::Disconnected { outage, retry_in } => {
                outages.push((outage.clone(), *retry_in));
                None
            }
            event => (*event == arrived("a")).then_some(()),
        })
        .await;
    assert!(
        matches!(
            outages.as_slice(),
            [
                (Outage::Ended { .. }, _),
                (Outage::Unauthorized, Duration::ZERO)
            ]
        ),
        "{outages:?}"
    );
    assert_eq!(requests(&simulator, "oauth").len(), 2);
}

#[tokio::test]
async fn dropped_connections_lose_and_double_nothing() {
    /// Longer than any wait before a reconnect here.
    const DELAY: Duration = Duration::from_secs(30);
    let (simulator, platform) = stage().await;
    simulator.set_auto_outcome(Outcome::Accepted, DELAY);
    let (injector, mut running) = start(&platform);
    let mut decided = Vec::new();
    let mut find = async |wanted: &dyn Fn(&PublishEvent) -> bool| {
        running
            .find(|event| {
                match event {
                    PublishEvent::Accepted { id } => decided.push(id.clone()),
                    PublishEvent::Rejected { .. } | PublishEvent::Lost { .. } => {
                        panic!("{event:?}")
                    }
                    _ => {}
                }
                wanted(event).then_some(())
            })
            .await;
    };
    for round in 0..3 {
        let id = format!("s-{round}");
        injector
            .publish(suggestion(&id, 60_000))
            .expect("the socket runs");
        find(&|event| *event == arrived(&id)).await;
        simulator.drop_sockets(Some(SocketName::Suggestions), 1006);
        find(&|event| matches!(event, PublishEvent::Disconnected { .. })).await;
        // Decided while the client is away, unless the machine paused.
        pass(DELAY).await;
        let accepted = PublishEvent::Accepted { id };
        find(&|event| *event == accepted).await;
    }
    assert_eq!(decided, ["s-0", "s-1", "s-2"]);
    assert_eq!(running.stop().await, []);
}

#[tokio::test]
async fn a_full_buffer_is_waited_out() {
    let (_simulator, platform) = stage().await;
    let (injector, mut running) = start(&platform);
    // Connected first: the five must still be there when the sixth comes.
    assert_eq!(running.next().await, PublishEvent::Connected);
    for number in 0..5 {
        injector
            .publish(suggestion(&format!("s-{number}"), 20_000))
            .expect("the socket runs");
    }
    injector
        .publish(suggestion("more", 60_000))
        .expect("the socket runs");
    let mut lost = 0;
    let mut has_waited = false;
    running
        .find(|event| match event {
            PublishEvent::Deferred { id, .. } => {
                assert_eq!(id, "more");
                has_waited = true;
                None
            }
            PublishEvent::Lost { id, loss } => {
                assert!(id.starts_with("s-") && *loss == Loss::Expired, "{event:?}");
                lost += 1;
                None
            }
            PublishEvent::Rejected { .. } => panic!("{event:?}"),
            event => (*event == arrived("more")).then_some(()),
        })
        .await;
    assert!(
        has_waited && lost == 5,
        "waited: {has_waited}, lost: {lost}"
    );
}

#[tokio::test]
async fn other_refusals_are_final() {
    let (_simulator, platform) = stage().await;
    let (injector, mut running) = start(&platform);
    let mut bad = suggestion("a", 60_000);
    bad.suggestion.relevance_score = 0.5;
    injector.publish(bad).expect("the socket runs");
    assert_eq!(running.next().await, PublishEvent::Connected);
    let event = running.next().await;
    assert!(
        matches!(&event, PublishEvent::Rejected { code: ErrorCode::Relevance, id: Some(id), .. } if id == "a"),
        "{event:?}"
    );
    assert_eq!(running.stop().await, []);
}

/// Takes the token and says that it is good.
async fn authenticated(socket: &mut PuppetSocket) {
    let auth: Value = serde_json::from_str(&text(socket).await).expect("JSON");
    assert_eq!(auth["type"], "auth");
    tell(socket, json!({"type": "auth.success"})).await;
}

#[tokio::test]
async fn nothing_is_sent_before_auth_success() {
    let (_simulator, platform) = stage().await;
    let (puppet, url) = Puppet::start().await;
    let (injector, _running) = start_at(url, &platform);
    injector
        .publish(suggestion("a", 60_000))
        .expect("the socket runs");
    let mut socket = puppet.accept().await;
    let auth: Value = serde_json::from_str(&text(&mut socket).await).expect("JSON");
    assert_eq!(auth["type"], "auth");
    // The answer to a ping comes behind everything that the client had to say by itself.
    injector
        .publish(suggestion("b", 60_000))
        .expect("the socket runs");
    let ping = Message::Ping(vec![1, 2, 3].into());
    socket.send(ping).await.expect("the client listens");
    let next = socket.next().await.expect("it is open").expect("a message");
    assert!(matches!(next, Message::Pong(_)), "{next:?}");
    tell(&mut socket, json!({"type": "auth.success"})).await;
    for id in ["a", "b"] {
        let suggest: Value = serde_json::from_str(&text(&mut socket).await).expect("JSON");
        assert_eq!(suggest["suggestion"]["id"], id);
    }
}

#[tokio::test]
async fn what_was_decided_meanwhile_is_not_sent_again_and_the_rest_is_as_it_was() {
    let (_simulator, platform) = stage().await;
    let (puppet, url) = Puppet::start().await;
    let (injector, mut running) = start_at(url, &platform);
    let mut socket = puppet.accept().await;
    authenticated(&mut socket).await;
    let mut sent = Vec::new();
    for id in ["decided", "acknowledged", "open", "withdrawn"] {
        injector
            .publish(suggestion(id, 60_000))
            .expect("the socket runs");
        sent.push(text(&mut socket).await);
    }
    let about = |kind: &str, id: &str| json!({"type": kind, "interactionId": "INT-1", "suggestionId": id, "sentTimestamp": now_ms()});
    tell(&mut socket, about("agentassist.ack", "acknowledged")).await;
    running
        .find(|event| matches!(event, PublishEvent::Acknowledged { .. }).then_some(()))
        .await;
    injector.withdraw("withdrawn").expect("the socket runs");
    drop(socket);

    let mut socket = puppet.accept().await;
    authenticated(&mut socket).await;
    tell(&mut socket, about("agentassist.accepted", "decided")).await;
    assert_eq!(text(&mut socket).await, sent[2]);
    let accepted = PublishEvent::Accepted {
        id: "decided".into(),
    };
    running
        .find(|event| (*event == accepted).then_some(()))
        .await;
    // Nothing else is sent again before what is new.
    injector
        .publish(suggestion("new", 60_000))
        .expect("the socket runs");
    let next: Value = serde_json::from_str(&text(&mut socket).await).expect("JSON");
    assert_eq!(next["suggestion"]["id"], "new");
}
