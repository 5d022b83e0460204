//! The notification socket: platform wire, sections 13, 14.5 and 14.6.

use cuecard_simulator::{Options, Scenario, SeenKind};
use serde_json::{Value, json};

use crate::client::{ALERTS_SCOPES, End, Socket, admin, alert, start, start_with, token};

fn topic(agent: &str) -> Value {
    json!({"topic": format!("{agent}_agentcopilot")})
}

fn report(id: &str) -> Value {
    json!({"objectId": id, "contactId": "INT-1", "agentId": "AGT-1", "at": "2026-11-20T08:50:11.000Z", "reason": null})
}

#[tokio::test]
async fn the_conversation_of_a_desktop() {
    let simulator = start().await;
    let token = token(&simulator, "realtime:read").await;
    let mut socket = Socket::notification(&simulator).await;
    let connected = socket.command("CONNECT", &token, json!({})).await;
    let headers = json!({"connectionId": connected["headers"]["connectionId"].as_str().unwrap()});
    let frame =
        |command: &str, body: Value| json!({"command": command, "headers": headers, "body": body});
    assert_eq!(connected, frame("CONNECTED", json!({})));
    assert_eq!(
        socket.command("SUBSCRIBE", &token, topic("AGT-1")).await,
        frame("SUBSCRIBED", topic("AGT-1"))
    );
    assert_eq!(
        socket.command("SUBSCRIBE", &token, topic("AGT-1")).await,
        frame("SUBSCRIBED", topic("AGT-1"))
    );
    assert_eq!(
        socket.command("HEARTBEAT", "", json!({})).await,
        frame("HEARTBEAT_ACK", json!({}))
    );

    assert_eq!(simulator.push("AGT-1", alert("one", "AGT-1")), 1);
    let mut message = socket.receive().await;
    let time = message["body"]["utcTimestamp"].take();
    let time = time.as_str().unwrap();
    assert!(
        time.len() == 24 && time.ends_with('Z') && time.contains('T'),
        "{time}"
    );
    assert_eq!(
        message,
        frame(
            "MESSAGE",
            json!({
                "agentAssistSource": "agent-assist", "contactId": "INT-RISK-1", "utcTimestamp": null,
                "acpAppElements": [{
                    "contentType": "customCard", "cardType": "Text", "objectId": "one", "content": alert("one", "AGT-1"),
                }],
            })
        )
    );

    for command in ["RENDERED", "ACCEPTED", "DISMISSED", "DISMISSED"] {
        assert_eq!(
            socket.command(command, &token, report("one")).await,
            frame("RECEIVED", json!({"objectId": "one"})),
            "{command}"
        );
    }
    assert_eq!(
        socket.command("UNSUBSCRIBE", &token, topic("AGT-1")).await,
        frame("UNSUBSCRIBED", topic("AGT-1"))
    );
    assert_eq!(simulator.push("AGT-1", alert("two", "AGT-1")), 0);
    socket.assert_quiet().await;
    let everything = serde_json::to_string(&simulator.seen(0, None)).unwrap();
    assert!(
        !everything.contains(&token),
        "the token is nowhere in what was seen"
    );
    assert_eq!(simulator.seen(0, Some(SeenKind::Frame)).len(), 9);
}

#[tokio::test]
async fn refused_commands_are_answered_and_the_socket_stays_open() {
    let scenario = Scenario {
        agents: Some(vec!["AGT-1".into()]),
        ..Scenario::none()
    };
    let simulator = start_with(Options {
        scenario,
        ..Options::default()
    })
    .await;
    let token = token(&simulator, "realtime:read").await;
    let mut socket = Socket::notification(&simulator).await;
    for command in ["SUBSCRIBE", "UNSUBSCRIBE"] {
        assert_refused(
            &socket.command(command, &token, topic("AGT-1")).await,
            409,
            "not connected",
        );
    }
    assert_refused(
        &socket.command("HEARTBEAT", "", json!({})).await,
        409,
        "not connected",
    );
    assert_refused(
        &socket.command("RENDERED", &token, report("one")).await,
        409,
        "not connected",
    );
    assert_refused(
        &socket.command("CONNECT", "bogus", json!({})).await,
        401,
        "CONNECT: the access token is unknown",
    );
    assert_refused(
        &socket.command("CONNECT", "", json!({})).await,
        401,
        "CONNECT: no access token",
    );
    assert_eq!(
        socket.command("CONNECT", &token, json!({})).await["command"],
        "CONNECTED"
    );
    assert_refused(
        &socket.command("SHOUT", &token, json!({})).await,
        400,
        "unknown command \"SHOUT\"",
    );
    assert_refused(
        &socket.command("SUBSCRIBE", &token, json!({})).await,
        400,
        "SUBSCRIBE: missing field `topic`",
    );
    assert_refused(
        &socket
            .command("SUBSCRIBE", &token, json!({"topic": "x"}))
            .await,
        400,
        "topic is \"x\"",
    );
    let refused = socket.command("SUBSCRIBE", &token, topic("AGT-2")).await;
    assert_refused(
        &refused,
        404,
        "SUBSCRIBE AGT-2_agentcopilot: there is no such agent",
    );
    assert_refused(
        &socket
            .command("ACCEPTED", &token, json!({"objectId": 7}))
            .await,
        400,
        "ACCEPTED: invalid type",
    );
    assert_eq!(
        admin(&simulator, "POST", "/admin/tokens/expire", &Value::Null).await,
        (200, json!({"expired": 1}))
    );
    let refused = socket.command("SUBSCRIBE", &token, topic("AGT-1")).await;
    assert_refused(
        &refused,
        401,
        "SUBSCRIBE AGT-1_agentcopilot: the access token is unknown",
    );
    // An ended token is noticed where it opens something; what is open goes on.
    assert_eq!(
        socket.command("HEARTBEAT", &token, json!({})).await["command"],
        "HEARTBEAT_ACK"
    );
    let fresh = crate::client::token(&simulator, "realtime:read").await;
    assert_eq!(
        socket.command("SUBSCRIBE", &fresh, topic("AGT-1")).await["command"],
        "SUBSCRIBED"
    );
}

fn assert_refused(frame: &Value, code: u16, text: &str) {
    assert_eq!(
        (&frame["command"], &frame["body"]["responseCode"]),
        (&json!("ERROR"), &json!(code)),
        "{frame}"
    );
    let response = frame["body"]["responseText"].as_str().unwrap();
    assert!(
        response.starts_with(text),
        "{response:?} should start with {text:?}"
    );
}

#[tokio::test]
async fn cards_go_to_the_agent_of_the_alert_only() {
    let simulator = start().await;
    let mut first = Socket::desktop(&simulator, "AGT-1").await;
    let mut same = Socket::desktop(&simulator, "AGT-1").await;
    let mut other = Socket::desktop(&simulator, "AGT-2").await;
    let mut publisher = Socket::alerts(&simulator, &token(&simulator, ALERTS_SCOPES).await).await;
    publisher.send(&alert("one", "AGT-1")).await;
    publisher.send(&alert("two", "AGT-2")).await;
    assert_eq!(first.receive_card().await, "one");
    assert_eq!(same.receive_card().await, "one");
    assert_eq!(other.receive_card().await, "two");
    for desktop in [&mut first, &mut same, &mut other] {
        desktop.assert_quiet().await;
    }
}

#[tokio::test]
async fn one_connection_carries_many_agents() {
    let simulator = start().await;
    let token = token(&simulator, "realtime:read").await;
    let mut socket = Socket::desktop(&simulator, "AGT-1").await;
    assert_eq!(
        socket.command("SUBSCRIBE", &token, topic("AGT-2")).await["command"],
        "SUBSCRIBED"
    );
    simulator.push("AGT-1", alert("one", "AGT-1"));
    simulator.push("AGT-2", alert("two", "AGT-2"));
    assert_eq!(socket.receive_card().await, "one");
    assert_eq!(socket.receive_card().await, "two");
}

#[tokio::test]
async fn cards_for_the_absent_are_kept_and_come_after_the_subscription() {
    let simulator = start().await;
    let mut publisher = Socket::alerts(&simulator, &token(&simulator, ALERTS_SCOPES).await).await;
    for id in ["one", "two", "three"] {
        publisher.send(&alert(id, "AGT-1")).await;
    }
    publisher.assert_quiet().await;
    let mut desktop = Socket::desktop(&simulator, "AGT-1").await;
    for id in ["one", "two", "three"] {
        assert_eq!(desktop.receive_card().await, id);
    }
    desktop.assert_quiet().await;
    // What has been delivered is gone.
    Socket::desktop(&simulator, "AGT-1")
        .await
        .assert_quiet()
        .await;
}

#[tokio::test]
async fn a_desktop_that_does_not_read_holds_up_nobody_and_its_cards_wait() {
    let simulator = start().await;
    let mut sleeping = Socket::desktop(&simulator, "AGT-1").await;
    let mut other = Socket::desktop(&simulator, "AGT-2").await;
    let mut big = alert("big", "AGT-1");
    big["content"] = json!("x".repeat(1 << 20));
    // Past what its outbox and the kernel's buffers hold; then its connection is cut and the cards are kept.
    let mut sent = 0;
    while simulator.push("AGT-1", big.clone()) == 1 {
        sent += 1;
        assert!(sent < 200, "the outbox is not bounded");
    }
    simulator.push("AGT-2", alert("two", "AGT-2"));
    assert_eq!(other.receive_card().await, "two");
    let end = sleeping.end().await;
    assert_eq!(end, End::Abrupt);
    let mut back = Socket::desktop(&simulator, "AGT-1").await;
    assert_eq!(back.receive_card().await, "big");
}
