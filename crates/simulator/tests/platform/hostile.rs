//! What must not disturb anybody: malformed, huge, binary and broken frames on both sockets.

use cuecard_simulator::SeenKind;
use futures_util::SinkExt as _;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

use crate::client::{ALERTS_SCOPES, End, Socket, alert, closed, start, token};

#[tokio::test]
async fn broken_frames_on_the_alerts_socket_are_contained_and_counted() {
    let simulator = start().await;
    let mut desktop = Socket::desktop(&simulator, "AGT-1").await;
    let token = token(&simulator, ALERTS_SCOPES).await;
    let mut neighbour = Socket::alerts(&simulator, &token).await;
    let mut socket = Socket::alerts(&simulator, &token).await;
    let deep = "[".repeat(100_000);
    for text in [
        "",
        "{",
        "nonsense",
        "{\"type\":\"html\",",
        "\"\\ud800\"",
        deep.as_str(),
    ] {
        socket.send_text(text).await;
        let error = socket.receive().await;
        assert_eq!(
            (&error["code"], &error["ref"]),
            (&json!("invalid_json"), &Value::Null)
        );
    }
    socket
        .0
        .send(Message::binary(vec![0, 159, 146, 150]))
        .await
        .unwrap();
    assert_eq!(
        socket.receive().await,
        json!({"type": "error", "code": "invalid_json", "message": "a binary frame of 4 bytes, expected text", "ref": null})
    );
    let refused = simulator
        .seen(0, Some(SeenKind::Frame))
        .iter()
        .filter(|e| e.text("error") == Some("invalid_json"))
        .count();
    assert_eq!(refused, 7);
    socket.send(&alert("one", "AGT-1")).await;
    neighbour.send(&alert("two", "AGT-1")).await;
    let mut cards = [desktop.receive_card().await, desktop.receive_card().await];
    cards.sort();
    assert_eq!(cards, ["one", "two"]);
    neighbour.assert_quiet().await;
}

#[tokio::test]
async fn a_megabyte_is_survived() {
    let simulator = start().await;
    let mut desktop = Socket::desktop(&simulator, "AGT-1").await;
    let mut socket = Socket::alerts(&simulator, &token(&simulator, ALERTS_SCOPES).await).await;
    socket.send_text(&"x".repeat(1 << 20)).await;
    assert_eq!(socket.receive().await["code"], "invalid_json");
    let mut big = alert("big", "AGT-1");
    big["title"] = json!("x".repeat(1_000_000));
    socket.send(&big).await;
    let message = desktop.receive().await;
    assert_eq!(message["body"]["acpAppElements"][0]["content"], big);
    socket.assert_quiet().await;
}

#[tokio::test]
async fn over_the_limit_closes_with_1009() {
    let simulator = start().await;
    let mut socket = Socket::alerts(&simulator, &token(&simulator, ALERTS_SCOPES).await).await;
    socket.send_text(&"x".repeat(5 << 20)).await;
    assert_eq!(
        socket.end().await,
        End::Close(1009, "message is over 2 MiB".into())
    );
    assert_eq!(
        closed(&simulator, "alerts").await,
        ("platform".into(), 1009)
    );
}

#[tokio::test]
async fn invalid_utf_8_closes_with_1007_on_both_sockets() {
    let simulator = start().await;
    let token = token(&simulator, ALERTS_SCOPES).await;
    let sockets = [
        (Socket::alerts(&simulator, &token).await, "alerts"),
        (Socket::notification(&simulator).await, "notifications"),
    ];
    for (mut socket, name) in sockets {
        let frame = Frame::message(vec![b'"', 0xff, 0xfe, b'"'], OpCode::Data(Data::Text), true);
        socket.0.send(Message::Frame(frame)).await.unwrap();
        assert_eq!(
            socket.end().await,
            End::Close(1007, "text frame is not UTF-8".into()),
            "{name}"
        );
        assert_eq!(closed(&simulator, name).await, ("platform".into(), 1007));
    }
}

#[tokio::test]
async fn a_broken_websocket_closes_with_1002() {
    let simulator = start().await;
    let mut socket = Socket::notification(&simulator).await;
    // A continuation of nothing.
    let frame = Frame::message(vec![1], OpCode::Data(Data::Continue), true);
    socket.0.send(Message::Frame(frame)).await.unwrap();
    assert_eq!(
        socket.end().await,
        End::Close(1002, "WebSocket protocol error".into())
    );
}

#[tokio::test]
async fn broken_frames_on_the_notification_socket_are_contained() {
    let simulator = start().await;
    let mut desktop = Socket::desktop(&simulator, "AGT-1").await;
    for text in [
        "",
        "{",
        "[]",
        "null",
        "{\"command\":7}",
        "{\"command\":\"CONNECT\",\"headers\":7}",
    ] {
        desktop.send_text(text).await;
        let error = desktop.receive().await;
        assert_eq!(
            (&error["command"], &error["body"]["responseCode"]),
            (&json!("ERROR"), &json!(400)),
            "{text}"
        );
    }
    desktop.0.send(Message::binary(vec![1])).await.unwrap();
    assert_eq!(desktop.receive().await["body"]["responseCode"], 400);
    desktop
        .send_text(&format!("{{\"command\":\"{}\"}}", "X".repeat(1 << 20)))
        .await;
    let error = desktop.receive().await;
    assert!(
        error.to_string().len() < 500,
        "the answer does not repeat a megabyte"
    );
    simulator.push("AGT-1", alert("one", "AGT-1"));
    assert_eq!(desktop.receive_card().await, "one");
}
