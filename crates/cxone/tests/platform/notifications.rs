//! The notification socket against the simulator, and against a platform that falls silent.

use std::time::Duration;

use crate::support::{
    LIMIT, Running, alert, await_frame, frames, pass, platform, platform_at, requests, simulator,
    tokens,
};
use cuecard_cxone::{
    notifications::{NotificationEvent, NotificationSocket, ReportError, notifications},
    outage::Outage,
    platform::Platform,
    wire::notification::{OutcomeKind, OutcomeReport, agent_topic},
};
use cuecard_simulator::{FaultKind, FaultRoute, FaultRule, SeenKind, Simulator, SocketName};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::mpsc, time::timeout};
use tokio_tungstenite::tungstenite::Message;

const ROUTE: &str = "notifications";

fn start(platform: &Platform) -> (NotificationSocket, Running<NotificationEvent>) {
    let (socket, task) = notifications(platform.notifications_url.clone(), tokens(platform));
    (
        socket,
        Running::start(100, |events, stop| task.run(events, stop)),
    )
}

async fn connected(running: &mut Running<NotificationEvent>) {
    running
        .find(|event| matches!(event, NotificationEvent::Connected { .. }).then_some(()))
        .await;
}

async fn outage(running: &mut Running<NotificationEvent>) -> (Outage, Duration) {
    running
        .find(|event| match event {
            NotificationEvent::Disconnected { outage, retry_in } => {
                Some((outage.clone(), *retry_in))
            }
            _ => None,
        })
        .await
}

/// The id of the next card that is delivered.
async fn card(running: &mut Running<NotificationEvent>) -> String {
    running
        .find(|event| match event {
            NotificationEvent::Message(body) => Some(body.acp_app_elements[0].object_id.clone()),
            _ => None,
        })
        .await
}

fn push(simulator: &Simulator, agent: &str, id: &str) -> usize {
    let mut frame = json!(alert(id));
    frame["metadata"]["agentId"] = json!(agent);
    simulator.push(agent, frame)
}

/// Waits until the platform has taken this many commands of this kind.
async fn await_commands(simulator: &Simulator, command: &str, count: usize) {
    simulator
        .await_seen(0, LIMIT, |_| commands(simulator, command).len() >= count)
        .await
        .unwrap_or_else(|| panic!("{count} {command} in time"));
}

fn commands(simulator: &Simulator, command: &str) -> Vec<Value> {
    frames(simulator, ROUTE)
        .into_iter()
        .map(|(frame, _)| frame)
        .filter(|frame| frame["command"] == command)
        .collect()
}

fn topics(simulator: &Simulator, command: &str) -> Vec<String> {
    commands(simulator, command)
        .iter()
        .map(|frame| frame["body"]["topic"].as_str().expect("a topic").to_owned())
        .collect()
}

fn report(id: &str) -> OutcomeReport {
    OutcomeReport {
        object_id: id.to_owned(),
        contact_id: "INT-1".to_owned(),
        agent_id: "AGT-1".to_owned(),
        at: "2026-11-20T08:50:10.765Z".to_owned(),
        reason: None,
    }
}

#[tokio::test]
async fn one_connection_carries_the_cards_of_many_agents() {
    let simulator = simulator().await;
    let (socket, mut running) = start(&platform(&simulator));
    for agent in ["AGT-1", "AGT-2", "AGT-3"] {
        socket.subscribe(agent_topic(agent));
    }
    await_commands(&simulator, "SUBSCRIBE", 3).await;
    socket.unsubscribe(agent_topic("AGT-2"));
    await_commands(&simulator, "UNSUBSCRIBE", 1).await;
    assert_eq!(push(&simulator, "AGT-1", "a"), 1);
    assert_eq!(push(&simulator, "AGT-2", "b"), 0);
    assert_eq!(push(&simulator, "AGT-3", "c"), 1);
    assert_eq!(card(&mut running).await, "a");
    assert_eq!(card(&mut running).await, "c");
    assert_eq!(frames(&simulator, ROUTE)[0].0["command"], "CONNECT");
    assert_eq!(simulator.seen(0, Some(SeenKind::Socket)).len(), 1);
}

#[tokio::test]
async fn after_a_drop_exactly_the_wanted_agents_are_subscribed_and_miss_nothing() {
    let simulator = simulator().await;
    let (socket, mut running) = start(&platform(&simulator));
    for agent in ["AGT-1", "AGT-2"] {
        socket.subscribe(agent_topic(agent));
    }
    await_commands(&simulator, "SUBSCRIBE", 2).await;
    simulator
        .set_faults(vec![FaultRule::status(FaultRoute::Sockets, 503).times(1)])
        .expect("a rule");
    assert_eq!(
        simulator.drop_sockets(Some(SocketName::Notifications), 1006),
        1
    );
    assert!(matches!(outage(&mut running).await.0, Outage::Ended { .. }));
    socket.unsubscribe(agent_topic("AGT-2"));
    socket.subscribe(agent_topic("AGT-3"));
    for (agent, id) in [("AGT-1", "a"), ("AGT-2", "b"), ("AGT-3", "c")] {
        assert_eq!(push(&simulator, agent, id), 0);
    }
    assert_eq!(card(&mut running).await, "a");
    assert_eq!(card(&mut running).await, "c");
    let wanted = ["AGT-1", "AGT-2", "AGT-1", "AGT-3"].map(agent_topic);
    assert_eq!(topics(&simulator, "SUBSCRIBE"), wanted);
    assert_eq!(topics(&simulator, "UNSUBSCRIBE"), [""; 0]);
}

#[tokio::test]
async fn a_report_returns_when_the_platform_has_it() {
    let simulator = simulator().await;
    let (socket, mut running) = start(&platform(&simulator));
    connected(&mut running).await;
    for kind in [OutcomeKind::Rendered, OutcomeKind::Accepted] {
        socket.report(kind, report("a")).await.expect("taken down");
    }
    let (rendered, error) = frames(&simulator, ROUTE).remove(1);
    assert_eq!(
        (rendered["command"].as_str(), error),
        (Some("RENDERED"), None)
    );
    assert_eq!(rendered["body"], json!(report("a")));
    assert_eq!(commands(&simulator, "ACCEPTED").len(), 1);
}

#[tokio::test]
async fn reports_survive_outages() {
    let simulator = simulator().await;
    simulator
        .set_faults(vec![FaultRule::status(FaultRoute::Sockets, 503).times(1)])
        .expect("a rule");
    let (socket, mut running) = start(&platform(&simulator));
    let reports: Vec<_> = (0..20)
        .map(|number| {
            let socket = socket.clone();
            tokio::spawn(async move {
                socket
                    .report(OutcomeKind::Dismissed, report(&number.to_string()))
                    .await
            })
        })
        .collect();
    await_commands(&simulator, "DISMISSED", 1).await;
    simulator.drop_sockets(Some(SocketName::Notifications), 1006);
    for report in reports {
        timeout(LIMIT, report)
            .await
            .expect("in time")
            .expect("no panic")
            .expect("taken down");
    }
    outage(&mut running).await;
}

#[tokio::test]
async fn an_expired_token_is_replaced_once_and_at_once() {
    let simulator = simulator().await;
    let (_socket, mut running) = start(&platform(&simulator));
    connected(&mut running).await;
    simulator.expire_tokens();
    simulator.drop_sockets(Some(SocketName::Notifications), 1006);
    assert!(matches!(outage(&mut running).await.0, Outage::Ended { .. }));
    assert_eq!(
        outage(&mut running).await,
        (Outage::Unauthorized, Duration::ZERO)
    );
    connected(&mut running).await;
    assert_eq!(requests(&simulator, "oauth").len(), 2);
}

#[tokio::test]
async fn a_token_that_expires_on_a_living_connection_is_noticed_and_replaced() {
    let simulator = simulator().await;
    let (socket, mut running) = start(&platform(&simulator));
    connected(&mut running).await;
    simulator.expire_tokens();
    socket.subscribe(agent_topic("AGT-1"));
    assert_eq!(
        outage(&mut running).await,
        (Outage::Unauthorized, Duration::ZERO)
    );
    connected(&mut running).await;
    await_commands(&simulator, "SUBSCRIBE", 2).await;
    push(&simulator, "AGT-1", "a");
    assert_eq!(card(&mut running).await, "a");
}

#[tokio::test]
async fn the_heartbeat_comes_every_20_s_and_keeps_the_connection() {
    let simulator = simulator().await;
    let (_socket, mut running) = start(&platform(&simulator));
    connected(&mut running).await;
    for beats in 1..=4 {
        pass(Duration::from_secs(20)).await;
        await_commands(&simulator, "HEARTBEAT", beats).await;
    }
    let connections = simulator.seen(0, Some(SeenKind::Socket));
    assert_eq!(connections.len(), 1, "{connections:?}");
    assert_eq!(running.stop().await, []);
}

#[tokio::test]
async fn frames_that_cannot_be_read_are_told_and_disturb_nothing() {
    let simulator = simulator().await;
    let (socket, mut running) = start(&platform(&simulator));
    socket.subscribe(agent_topic("AGT-1"));
    await_commands(&simulator, "SUBSCRIBE", 1).await;
    simulator
        .set_faults(vec![
            FaultRule::new(FaultRoute::Sockets, FaultKind::Garbage).times(1),
        ])
        .expect("a rule");
    push(&simulator, "AGT-1", "a");
    let reason = running
        .find(|event| match event {
            NotificationEvent::Unreadable { reason } => Some(reason.clone()),
            _ => None,
        })
        .await;
    assert!(reason.contains("bytes: "), "{reason}");
    assert_eq!(card(&mut running).await, "a");
}

#[tokio::test]
async fn a_refused_command_is_told() {
    let simulator = simulator().await;
    let (socket, mut running) = start(&platform(&simulator));
    connected(&mut running).await;
    socket.subscribe("no topic at all");
    let event = running.next().await;
    assert!(
        matches!(&event, NotificationEvent::Rejected { code, .. } if code == "400"),
        "{event:?}"
    );
    socket
        .report(OutcomeKind::Rendered, report("a"))
        .await
        .expect("the connection lives");
}

#[tokio::test]
async fn a_graceful_end_is_told_to_the_platform() {
    let simulator = simulator().await;
    let (socket, mut running) = start(&platform(&simulator));
    connected(&mut running).await;
    assert_eq!(running.stop().await, []);
    let closed = simulator
        .await_seen(0, LIMIT, |entry| {
            entry.kind == SeenKind::Socket && entry.text("event") == Some("closed")
        })
        .await
        .expect("the close is seen");
    assert_eq!(
        (closed.details["code"].as_u64(), closed.text("by")),
        (Some(1000), Some("client"))
    );
    assert_eq!(
        socket.report(OutcomeKind::Rendered, report("a")).await,
        Err(ReportError::Stopped)
    );
}

#[tokio::test]
async fn a_slow_listener_loses_nothing() {
    let simulator = simulator().await;
    let platform = platform(&simulator);
    let (socket, task) = notifications(platform.notifications_url.clone(), tokens(&platform));
    let mut running = Running::start(1, |events, stop| task.run(events, stop));
    socket.subscribe(agent_topic("AGT-1"));
    await_commands(&simulator, "SUBSCRIBE", 1).await;
    for number in 0..500 {
        push(&simulator, "AGT-1", &number.to_string());
    }
    for number in 0..500 {
        assert_eq!(card(&mut running).await, number.to_string());
    }
}

#[tokio::test]
async fn without_a_listener_the_task_ends() {
    let simulator = simulator().await;
    let platform = platform(&simulator);
    let (socket, task) = notifications(platform.notifications_url.clone(), tokens(&platform));
    let (events, listener) = mpsc::channel(1);
    let (_stop, stopped) = tokio::sync::watch::channel(false);
    drop(listener);
    timeout(LIMIT, task.run(events, stopped))
        .await
        .expect("it ends");
    assert_eq!(
        socket.report(OutcomeKind::Rendered, report("a")).await,
        Err(ReportError::Stopped)
    );
}

/// A platform that greets and then answers nothing. Tells each command it is sent, and the end.
async fn silent() -> (String, mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let (sender, receiver) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.expect("a connection");
        let mut socket = tokio_tungstenite::accept_async(stream)
            .await
            .expect("an upgrade");
        while let Some(Ok(Message::Text(text))) = socket.next().await {
            let frame: Value = serde_json::from_str(&text).expect("JSON");
            if frame["command"] == "CONNECT" {
                let answer =
                    json!({"command": "CONNECTED", "headers": {"connectionId": "c"}, "body": {}})
                        .to_string();
                socket
                    .send(Message::text(answer))
                    .await
                    .expect("the client reads");
            }
            sender
                .send(frame["command"].as_str().expect("a command").to_owned())
                .expect("the test listens");
        }
        sender.send("the end".to_owned()).expect("the test listens");
    });
    (format!("ws://{address}"), receiver)
}

#[tokio::test]
async fn three_heartbeats_without_an_answer_end_the_connection() {
    let simulator = simulator().await;
    let (ws, mut seen) = silent().await;
    let (_socket, mut running) = start(&platform_at(&simulator.base_url(), &ws));
    connected(&mut running).await;
    assert_eq!(seen.recv().await.as_deref(), Some("CONNECT"));
    for _ in 0..3 {
        pass(Duration::from_secs(20)).await;
        assert_eq!(seen.recv().await.as_deref(), Some("HEARTBEAT"));
    }
    pass(Duration::from_secs(20)).await;
    assert_eq!(seen.recv().await.as_deref(), Some("the end"));
    assert_eq!(
        outage(&mut running).await.0,
        Outage::Silent {
            after: Duration::from_mins(1)
        }
    );
}

#[tokio::test]
async fn a_report_that_a_client_gave_up_still_arrives() {
    let simulator = simulator().await;
    simulator
        .set_faults(vec![FaultRule::status(FaultRoute::Sockets, 503).times(1)])
        .expect("a rule");
    let (socket, _running) = start(&platform(&simulator));
    let waiting = socket.report(OutcomeKind::Rendered, report("a"));
    assert!(
        timeout(Duration::ZERO, waiting).await.is_err(),
        "it cannot be there yet"
    );
    await_frame(&simulator, ROUTE, |frame| frame["command"] == "RENDERED").await;
}
