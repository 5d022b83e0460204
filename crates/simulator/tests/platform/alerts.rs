//! The alerts socket: platform wire, sections 3, 12 and 14.

use std::time::Duration;

use cuecard_simulator::{Options, Scenario, SeenEntry, SeenKind};
use futures_util::SinkExt as _;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::client::{
    ALERTS_SCOPES, End, LIMIT, Socket, admin, alert, alerts_url, closed, pass, start, start_with,
    token,
};

/// Recorded from the reference client, but for the address.
const RECORDED_PING: &str = r#"{"type":"ping","timestamp":1795164610854}"#;
const RECORDED_ALERT: &str = r#"{"contentId":"risk-alert-INT-RISK-1-1795164610765","title":"CRITICAL Risk Alert Detected","content":"\n<div style=\"padding: 12px; background: #fff3cd; border-left: 4px solid #ffc107;\">\n<strong>Interaction:</strong> INT-RISK-1<br/>\n<strong>Risk Score:</strong> 97.0%<br/>\n<strong>Contributing Factors:</strong>\n<ul style=\"margin-top: 8px;\"><li>threat language</li><li>repeat caller</li></ul>\n</div>\n","type":"html","metadata":{"interactionId":"INT-RISK-1","agentId":"AGT-1","riskLevel":"CRITICAL","timestamp":"2026-11-20T08:50:10.765Z"}}"#;

#[tokio::test]
async fn the_recorded_client_passes_unchanged() {
    let simulator = start().await;
    let mut desktop = Socket::desktop(&simulator, "AGT-1").await;
    let token = token(&simulator, ALERTS_SCOPES).await;
    let path = format!("/api/v2/agentassist/realtime/ws?access_token={token}");
    let headers = "User-Agent: CXone-AgentAssist-Risk-Service/1.0\r\nAccept: application/json\r\n";
    let mut client = Socket::raw(&simulator, &path, headers).await;
    client.send_text(RECORDED_PING).await;
    client.send_text(RECORDED_ALERT).await;
    let message = desktop.receive_text().await;
    assert!(
        message.contains(&format!(r#""content":{RECORDED_ALERT}"#)),
        "delivered unchanged: {message}"
    );

    // Nothing comes before the echo: neither the ping nor the alert has an answer.
    client.close("Graceful shutdown").await;
    assert_eq!(closed(&simulator, "alerts").await, ("client".into(), 1000));

    let upgrade = simulator
        .seen(0, Some(SeenKind::Http))
        .into_iter()
        .find(|entry| entry.route == "alerts")
        .unwrap();
    assert_eq!(upgrade.details["path"], "/api/v2/agentassist/realtime/ws");
    assert_eq!(
        upgrade.details["user_agent"],
        "CXone-AgentAssist-Risk-Service/1.0"
    );
    let frames: Vec<Value> = simulator
        .seen(0, Some(SeenKind::Frame))
        .into_iter()
        .filter(|entry| entry.route == "alerts")
        .map(|entry| entry.details["frame"].clone())
        .collect();
    assert_eq!(
        frames,
        [RECORDED_PING, RECORDED_ALERT].map(|text| serde_json::from_str::<Value>(text).unwrap())
    );
    let everything = serde_json::to_string(&simulator.seen(0, None)).unwrap();
    assert!(
        !everything.contains(&token),
        "the token is nowhere in what was seen"
    );
}

#[tokio::test]
async fn upgrades_are_refused_by_status() {
    let simulator = start().await;
    let status = async |token: &str| {
        Socket::open(&alerts_url(&simulator, token))
            .await
            .map(|_| ())
            .unwrap_err()
    };
    let unauthorized = |message: &str| (401, json!({"error": "unauthorized", "message": message}));
    assert_eq!(
        status("").await,
        unauthorized("no access token was presented")
    );
    assert_eq!(
        status("bogus").await,
        unauthorized("the access token is unknown or has been revoked")
    );
    let scoped = token(&simulator, "realtime:read agentassist:write").await;
    assert_eq!(
        status(&scoped).await,
        (
            403,
            json!({"error": "forbidden", "message": "the access token lacks the scope realtime:agentassist:publish"})
        )
    );
    let good = token(&simulator, ALERTS_SCOPES).await;
    let mut open = Socket::alerts(&simulator, &good).await;
    assert_eq!(simulator.expire_tokens(), 2);
    assert_eq!(
        status(&good).await,
        unauthorized("the access token is unknown or has been revoked")
    );
    open.assert_quiet().await;
    let fresh = token(&simulator, ALERTS_SCOPES).await;
    Socket::alerts(&simulator, &fresh.replace('~', "%7E"))
        .await
        .assert_quiet()
        .await;
}

#[tokio::test]
async fn a_token_ends_with_its_lifetime() {
    let simulator = start_with(Options {
        token_ttl: Duration::ZERO,
        ..Options::default()
    })
    .await;
    let token = token(&simulator, ALERTS_SCOPES).await;
    let (status, body) = Socket::open(&alerts_url(&simulator, &token))
        .await
        .map(|_| ())
        .unwrap_err();
    assert_eq!(
        (status, body["message"].as_str()),
        (401, Some("the access token has expired"))
    );
}

#[tokio::test]
async fn a_plain_request_is_told_to_upgrade() {
    let simulator = start().await;
    let token = token(&simulator, ALERTS_SCOPES).await;
    let url = alerts_url(&simulator, &token).replace("ws://", "http://");
    let answer = crate::client::http().get(url).send().await.unwrap();
    assert_eq!(answer.status(), 400);
    assert_eq!(
        answer.json::<Value>().await.unwrap()["error"],
        "upgrade_required"
    );
}

#[tokio::test]
async fn refused_alerts_get_an_error_frame_and_the_socket_stays_open() {
    let scenario = Scenario {
        agents: Some(vec!["AGT-1".into()]),
        ..Scenario::none()
    };
    let simulator = start_with(Options {
        scenario,
        ..Options::default()
    })
    .await;
    let mut desktop = Socket::desktop(&simulator, "AGT-1").await;
    let mut socket = Socket::alerts(&simulator, &token(&simulator, ALERTS_SCOPES).await).await;
    let mut late = alert("late", "AGT-1");
    late["metadata"]["timestamp"] = json!("1999-01-01T00:00:00.000Z");
    let mut early = alert("early", "AGT-1");
    early["metadata"]["timestamp"] = json!("2099-01-01T00:00:00.000Z");
    let mut untitled = alert("untitled", "AGT-1");
    untitled["title"] = json!(7);
    for (frame, refused) in [
        (alert("one", "AGT-1"), None),
        (alert("one", "AGT-1"), Some(("duplicate", json!("one")))),
        (
            alert("a b", "AGT-1"),
            Some(("invalid_content_id", json!("a b"))),
        ),
        (alert("two", "AGT-2"), Some(("unknown_agent", json!("two")))),
        (untitled, Some(("invalid_field", json!("untitled")))),
        (
            json!({"type": "video"}),
            Some(("unknown_type", json!(null))),
        ),
        (json!([1, 2]), Some(("invalid_json", json!(null)))),
        // A refused id has not been used up.
        (alert("untitled", "AGT-1"), None),
        (late, None),
        (early, None),
    ] {
        socket.send(&frame).await;
        if let Some((code, reference)) = refused {
            let error = socket.receive().await;
            assert_eq!(
                (&error["type"], &error["code"], &error["ref"]),
                (&json!("error"), &json!(code), &reference)
            );
            assert!(error["message"].is_string());
        }
    }
    socket.assert_quiet().await;
    for id in ["one", "untitled", "late", "early"] {
        assert_eq!(desktop.receive_card().await, id);
    }
    desktop.assert_quiet().await;
    let refused: Vec<String> = simulator
        .seen(0, Some(SeenKind::Frame))
        .iter()
        .filter_map(|entry| entry.text("error").map(str::to_owned))
        .collect();
    assert_eq!(
        refused,
        [
            "duplicate",
            "invalid_content_id",
            "unknown_agent",
            "invalid_field",
            "unknown_type",
            "invalid_json"
        ]
    );
}

#[tokio::test]
async fn publishing_needs_its_own_scope() {
    let simulator = start().await;
    let mut socket = Socket::alerts(
        &simulator,
        &token(&simulator, "realtime:agentassist:publish").await,
    )
    .await;
    socket.send(&alert("one", "AGT-1")).await;
    assert_eq!(
        socket.receive().await,
        json!({"type": "error", "code": "forbidden", "message": "the access token lacks the scope agentassist:content:write", "ref": "one"})
    );
    socket.assert_quiet().await;
}

#[tokio::test]
async fn a_silent_client_is_dropped_without_a_close_frame_and_a_pinging_one_is_not() {
    let simulator = start().await;
    let token = token(&simulator, ALERTS_SCOPES).await;
    let mut silent = Socket::alerts(&simulator, &token).await;
    let mut pinging = Socket::alerts(&simulator, &token).await;
    // The limit is 60 s.
    pass(Duration::from_secs(35)).await;
    pinging.send(&json!({"type": "ping", "timestamp": 1})).await;
    let is_frame = |entry: &SeenEntry| entry.kind == SeenKind::Frame;
    let ping = simulator.await_seen(0, LIMIT, is_frame).await;
    ping.expect("the ping arrives");
    pass(Duration::from_secs(30)).await;
    assert_eq!(silent.end().await, End::Abrupt);
    assert_eq!(
        closed(&simulator, "alerts").await,
        ("platform".into(), 1006)
    );
    pinging.assert_quiet().await;
}

#[tokio::test]
async fn all_ways_to_close_are_answered() {
    let simulator = start().await;
    let token = token(&simulator, ALERTS_SCOPES).await;
    let mut socket = Socket::alerts(&simulator, &token).await;
    socket.0.send(Message::Close(None)).await.unwrap();
    assert_eq!(socket.end().await, End::NoCode);
    assert_eq!(closed(&simulator, "alerts").await, ("client".into(), 1005));

    let mut socket = Socket::alerts(&simulator, &token).await;
    let (status, body) = admin(
        &simulator,
        "POST",
        "/admin/drop",
        &json!({"socket": "alerts", "code": 4001}),
    )
    .await;
    assert_eq!((status, body), (200, json!({"dropped": 1})));
    assert_eq!(socket.end().await, End::Close(4001, "dropped".into()));

    let mut socket = Socket::alerts(&simulator, &token).await;
    let mut other = Socket::notification(&simulator).await;
    assert_eq!(
        admin(
            &simulator,
            "POST",
            "/admin/drop",
            &json!({"socket": "alerts"})
        )
        .await
        .0,
        200
    );
    assert_eq!(socket.end().await, End::Abrupt);
    other.assert_quiet().await;

    let vanishing = Socket::alerts(&simulator, &token).await;
    let before = simulator.seen(0, None).len() as u64;
    drop(vanishing);
    let entry = simulator
        .await_seen(before, LIMIT, |entry| entry.text("event") == Some("closed"))
        .await
        .unwrap();
    assert_eq!(
        (entry.text("by"), entry.details["code"].as_u64()),
        (Some("client"), Some(1006))
    );
}
