//! The alerts socket against the simulator, and against a platform that talks nonsense.

use std::time::Duration;

use crate::support::{
    LIMIT, Running, alert, await_frame, frames, pass, platform, platform_at, requests, simulator,
    tokens,
};
use cuecard_cxone::{
    alerts::{AlertPublisher, alerts},
    outage::Outage,
    platform::Platform,
    publisher::{Loss, PublishError, PublishEvent},
    wire::error_frame::ErrorCode,
};
use cuecard_simulator::{FaultRoute, FaultRule, RetryAfterForm, SeenKind, Simulator, SocketName};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::json;
use tokio::{net::TcpListener, time::Instant};
use tokio_tungstenite::tungstenite::{
    Message,
    protocol::frame::{
        Frame,
        coding::{Data, OpCode},
    },
};

const ROUTE: &str = "alerts";

fn start(platform: &Platform) -> (AlertPublisher, Running<PublishEvent>) {
    let (publisher, socket) = alerts(platform.alerts_url.clone(), tokens(platform));
    (
        publisher,
        Running::start(100, |events, stop| socket.run(events, stop)),
    )
}

async fn connected(running: &mut Running<PublishEvent>) {
    running
        .find(|event| (*event == PublishEvent::Connected).then_some(()))
        .await;
}

async fn arrived(running: &mut Running<PublishEvent>, id: &str) {
    let wanted = PublishEvent::Arrived { id: id.to_owned() };
    running.find(|event| (*event == wanted).then_some(())).await;
}

/// The ids of the alerts that the platform took, in the order they came.
fn taken(simulator: &Simulator) -> Vec<String> {
    let alerts = frames(simulator, ROUTE)
        .into_iter()
        .filter(|(frame, error)| frame["type"] == "html" && error.is_none());
    alerts
        .map(|(frame, _)| frame["contentId"].as_str().expect("a contentId").to_owned())
        .collect()
}

#[tokio::test]
async fn alerts_are_published_as_they_are_and_in_order() {
    let simulator = simulator().await;
    let (publisher, mut running) = start(&platform(&simulator));
    for id in ["a", "b", "c"] {
        publisher.publish(alert(id)).expect("the socket runs");
    }
    assert_eq!(running.next().await, PublishEvent::Connected);
    for id in ["a", "b", "c"] {
        assert_eq!(
            running.next().await,
            PublishEvent::Arrived { id: id.into() }
        );
    }
    assert_eq!(taken(&simulator), ["a", "b", "c"]);
    assert_eq!(frames(&simulator, ROUTE)[0].0, json!(alert("a")));
    assert_eq!(running.stop().await, []);
}

#[tokio::test]
async fn what_is_published_while_the_platform_is_away_arrives_when_it_is_back() {
    let simulator = simulator().await;
    simulator
        .set_faults(vec![FaultRule::status(FaultRoute::Sockets, 503).times(2)])
        .expect("a rule");
    let (publisher, mut running) = start(&platform(&simulator));
    publisher.publish(alert("a")).expect("the socket runs");
    publisher.publish(alert("b")).expect("the socket runs");
    for _ in 0..2 {
        let event = running.next().await;
        let PublishEvent::Disconnected { outage, retry_in } = event else {
            panic!("{event:?}")
        };
        assert_eq!(
            outage,
            Outage::Refused {
                status: 503,
                retry_after: None
            }
        );
        assert!(retry_in <= Duration::from_secs(2), "{retry_in:?}");
    }
    arrived(&mut running, "b").await;
    assert_eq!(taken(&simulator), ["a", "b"]);
}

#[tokio::test]
async fn a_dropped_connection_loses_and_doubles_nothing() {
    let simulator = simulator().await;
    let (publisher, mut running) = start(&platform(&simulator));
    connected(&mut running).await;
    let mut wanted = Vec::new();
    for round in 0..3 {
        for number in 0..20 {
            let id = format!("{round}-{number}");
            publisher.publish(alert(&id)).expect("the socket runs");
            wanted.push(id);
            if number == 10 {
                tokio::task::yield_now().await;
                assert_eq!(simulator.drop_sockets(Some(SocketName::Alerts), 1006), 1);
            }
        }
        arrived(&mut running, &format!("{round}-19")).await;
    }
    assert_eq!(taken(&simulator), wanted);
    let rest = running.stop().await;
    assert!(
        !rest.iter().any(|event| matches!(
            event,
            PublishEvent::Lost { .. } | PublishEvent::Rejected { .. }
        )),
        "{rest:?}"
    );
}

#[tokio::test]
async fn an_expired_token_is_replaced_once_and_at_once() {
    let simulator = simulator().await;
    let (_publisher, mut running) = start(&platform(&simulator));
    connected(&mut running).await;
    simulator.expire_tokens();
    simulator.drop_sockets(Some(SocketName::Alerts), 1006);
    let outage = async |running: &mut Running<PublishEvent>| match running.next().await {
        PublishEvent::Disconnected { outage, retry_in } => (outage, retry_in),
        other => panic!("expected an outage, got {other:?}"),
    };
    assert!(matches!(outage(&mut running).await.0, Outage::Ended { .. }));
    assert_eq!(
        outage(&mut running).await,
        (Outage::Unauthorized, Duration::ZERO)
    );
    assert_eq!(running.next().await, PublishEvent::Connected);
    assert_eq!(requests(&simulator, "oauth").len(), 2);
}

#[tokio::test]
async fn a_missing_scope_is_named() {
    let simulator = simulator().await;
    let mut platform = platform(&simulator);
    platform.scope = "agentassist:content:write".into();
    let (_publisher, mut running) = start(&platform);
    let event = running.next().await;
    let PublishEvent::Disconnected { outage, .. } = event else {
        panic!("{event:?}")
    };
    assert_eq!(
        outage.to_string(),
        "the platform refused the connection (403); the client needs the scope \"realtime:agentassist:publish\""
    );
}

#[tokio::test]
async fn a_429_is_waited_out_in_both_forms() {
    for form in [RetryAfterForm::Seconds, RetryAfterForm::Date] {
        let simulator = simulator().await;
        let rule = FaultRule::status(FaultRoute::Sockets, 429)
            .retry_after(4, form)
            .times(1);
        simulator.set_faults(vec![rule]).expect("a rule");
        let began = Instant::now();
        let (_publisher, mut running) = start(&platform(&simulator));
        let event = running.next().await;
        let PublishEvent::Disconnected {
            outage:
                Outage::Refused {
                    status: 429,
                    retry_after,
                },
            retry_in,
        } = event
        else {
            panic!("{event:?}")
        };
        let asked = retry_after.expect("it was told");
        // A date has whole seconds and is rounded up; its way shortens the wait.
        let least = Duration::from_secs(4).saturating_sub(began.elapsed());
        assert!(
            (least..=Duration::from_secs(5)).contains(&asked),
            "{form:?}: {asked:?}"
        );
        assert!(retry_in >= asked);
        connected(&mut running).await;
        let refused = requests(&simulator, ROUTE)[0].at_ms;
        let opened = simulator.seen(0, Some(SeenKind::Socket))[0].at_ms;
        assert!(
            u128::try_from(opened - refused).expect("in order") + 100 >= asked.as_millis(),
            "{form:?}"
        );
    }
}

#[tokio::test]
async fn refused_alerts_are_told_with_their_id_and_the_socket_stays_open() {
    let simulator = simulator().await;
    let (publisher, mut running) = start(&platform(&simulator));
    publisher.publish(alert("a")).expect("the socket runs");
    arrived(&mut running, "a").await;
    for id in ["bad id", "a", "b"] {
        publisher.publish(alert(id)).expect("the socket runs");
    }
    let mut rejected = Vec::new();
    running
        .find(|event| match event {
            PublishEvent::Rejected { code, id, .. } => {
                rejected.push((*code, id.clone()));
                None
            }
            PublishEvent::Arrived { id } => (id == "b").then_some(()),
            PublishEvent::Connected => None,
            other => panic!("{other:?}"),
        })
        .await;
    assert_eq!(
        rejected,
        [
            (ErrorCode::InvalidContentId, Some("bad id".to_owned())),
            (ErrorCode::Duplicate, Some("a".to_owned()))
        ]
    );
}

#[tokio::test]
async fn the_heartbeat_comes_every_25_s() {
    let simulator = simulator().await;
    let (_publisher, mut running) = start(&platform(&simulator));
    connected(&mut running).await;
    for beats in 1..=2 {
        pass(Duration::from_secs(25)).await;
        simulator
            .await_seen(0, LIMIT, |_| frames(&simulator, ROUTE).len() == beats)
            .await
            .expect("a heartbeat in time");
    }
    let (ping, error) = frames(&simulator, ROUTE).remove(0);
    assert_eq!(error, None);
    assert_eq!(ping["type"], "ping");
    assert!(ping["timestamp"].as_i64().expect("epoch milliseconds") > 1_700_000_000_000);
    assert_eq!(ping.as_object().expect("an object").len(), 2);
}

#[tokio::test]
async fn a_graceful_end_is_told_to_the_platform() {
    let simulator = simulator().await;
    let (publisher, mut running) = start(&platform(&simulator));
    publisher.publish(alert("a")).expect("the socket runs");
    await_frame(&simulator, ROUTE, |frame| frame["contentId"] == "a").await;
    connected(&mut running).await;
    let rest = running.stop().await;
    assert!(
        rest.contains(&PublishEvent::Arrived { id: "a".into() }),
        "{rest:?}"
    );
    let closed = simulator
        .await_seen(0, LIMIT, |entry| {
            entry.kind == SeenKind::Socket && entry.text("event") == Some("closed")
        })
        .await
        .expect("the close is seen");
    assert_eq!(
        (closed.details["code"].as_u64(), closed.text("reason")),
        (Some(1000), Some("Graceful shutdown"))
    );
    assert_eq!(closed.text("by"), Some("client"));
    assert_eq!(publisher.publish(alert("b")), Err(PublishError::Stopped));
}

#[tokio::test]
async fn what_cannot_be_sent_before_the_end_is_counted_as_lost() {
    let (publisher, running) = start(&platform_at("http://127.0.0.1:1", "ws://127.0.0.1:1"));
    publisher.publish(alert("a")).expect("the socket runs");
    let rest = running.stop().await;
    assert!(
        rest.contains(&PublishEvent::Lost {
            id: "a".into(),
            loss: Loss::Stopped
        }),
        "{rest:?}"
    );
}

/// A platform that takes any upgrade and sends one of these messages on each connection, then an error frame.
async fn nonsense(messages: Vec<Message>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        for message in messages {
            let (stream, _) = listener.accept().await.expect("a connection");
            let mut socket = tokio_tungstenite::accept_async(stream)
                .await
                .expect("an upgrade");
            let after = json!({"type": "error", "code": "stale", "message": "after", "ref": null})
                .to_string();
            // The client may have hung up on the first.
            drop(socket.send(message).await);
            drop(socket.send(Message::text(after)).await);
            tokio::spawn(async move { while let Some(Ok(_)) = socket.next().await {} });
        }
    });
    format!("ws://{address}")
}

/// The first event after the connection that is made of this message.
async fn answer_to(message: Message) -> (PublishEvent, PublishEvent) {
    let simulator = simulator().await;
    let ws = nonsense(vec![message]).await;
    let (_publisher, mut running) = start(&platform_at(&simulator.base_url(), &ws));
    connected(&mut running).await;
    (running.next().await, running.next().await)
}

#[tokio::test]
async fn nonsense_from_the_platform_is_told_and_contained() {
    let after = PublishEvent::Rejected {
        code: ErrorCode::Stale,
        id: None,
    };
    for (message, reason) in [
        (
            Message::binary(vec![0, 1, 2]),
            "a binary message of 3 bytes, expected JSON text",
        ),
        (
            Message::text("{"),
            "1 bytes that are not JSON: EOF while parsing an object at line 1 column 1",
        ),
        (
            Message::text("[]"),
            "JSON without a text \"type\", expected an object with one",
        ),
        (
            Message::text(r#"{"type":"error","code":7}"#),
            "an error frame that cannot be read: a value of the wrong type, expected string or map",
        ),
    ] {
        let (first, second) = answer_to(message).await;
        assert_eq!(
            first,
            PublishEvent::Unreadable {
                reason: reason.to_owned()
            }
        );
        assert_eq!(second, after);
    }
}

#[tokio::test]
async fn what_breaks_the_websocket_ends_the_connection_and_nothing_else() {
    let invalid = Message::Frame(Frame::message(
        vec![0xff, 0xfe],
        OpCode::Data(Data::Text),
        true,
    ));
    for (message, reason) in [
        (invalid, "a text message that is not UTF-8"),
        (
            Message::text("x".repeat(4 * 1024 * 1024 + 1)),
            "a message of 4194305 bytes, expected at most 4194304",
        ),
    ] {
        let simulator = simulator().await;
        let ws = nonsense(vec![message, Message::text(r#"{"type":"later"}"#)]).await;
        let (_publisher, mut running) = start(&platform_at(&simulator.base_url(), &ws));
        connected(&mut running).await;
        let event = running.next().await;
        let PublishEvent::Disconnected { outage, .. } = event else {
            panic!("{event:?}")
        };
        assert_eq!(
            outage,
            Outage::Ended {
                reason: reason.to_owned()
            }
        );
        connected(&mut running).await;
        let event = running.next().await;
        assert!(
            matches!(
                event,
                PublishEvent::Rejected {
                    code: ErrorCode::Stale,
                    ..
                }
            ),
            "{event:?}"
        );
    }
}
