//! What becomes of suggestions, and who is told: platform wire, sections 4.4, 14.2, 14.6 and 14.7.

use std::time::Duration;

use cuecard_simulator::{FaultKind, FaultRoute, FaultRule, Outcome};
use serde_json::{Value, json};

use super::{SUCCESS, start_held, suggestion};
use crate::client::{End, SUGGESTIONS_SCOPES, Socket, admin, closed, iso, pass, token};

fn ack(frame: &Value) -> Value {
    let injected: jiff::Timestamp = frame["suggestion"]["injectedAt"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    json!({
        "type": "agentassist.ack", "interactionId": frame["interactionId"],
        "suggestionId": frame["suggestion"]["id"], "sentTimestamp": injected.as_millisecond(),
    })
}

fn outcome(what: &str, id: &str) -> Value {
    json!({"type": format!("agentassist.{what}"), "interactionId": "INT-1", "suggestionId": id})
}

/// Reports on a card of INT-1 as a desktop does.
async fn report(desktop: &mut Socket, command: &str, id: &str, at: &str) {
    let body =
        json!({"objectId": id, "contactId": "INT-1", "agentId": "AGT-1", "at": at, "reason": null});
    let answer = desktop.command(command, "", body).await;
    assert_eq!(
        (&answer["command"], &answer["body"]),
        (&json!("RECEIVED"), &json!({"objectId": id}))
    );
}

#[tokio::test]
async fn five_are_active_until_an_outcome_frees_a_slot() {
    let simulator = start_held().await;
    let mut desktop = Socket::desktop(&simulator, "AGT-1").await;
    let mut client = Socket::injector(&simulator).await;
    let frames = ["1", "2", "3", "4", "5"].map(suggestion);
    for frame in &frames[..4] {
        client.send(frame).await;
    }
    client.send(&frames[0]).await;
    assert_eq!(client.refused().await, ("duplicate".into(), json!("1")));
    client.send(&frames[4]).await;
    client.send(&suggestion("6")).await;
    assert_eq!(client.refused().await, ("buffer_limit".into(), json!("6")));
    for id in ["1", "2", "3", "4", "5"] {
        assert_eq!(desktop.receive_card().await, id);
    }
    report(&mut desktop, "RENDERED", "2", &iso(0)).await;
    client.send(&suggestion("6")).await;
    assert_eq!(client.receive().await, ack(&frames[1]));
    assert_eq!(client.refused().await, ("buffer_limit".into(), json!("6")));
    // Not rendered, as far as the platform knows: its ack comes first.
    report(&mut desktop, "DISMISSED", "1", &iso(0)).await;
    assert_eq!(client.receive().await, ack(&frames[0]));
    assert_eq!(client.receive().await, outcome("dismissed", "1"));
    client.send(&suggestion("6")).await;
    assert_eq!(desktop.receive_card().await, "6");
    client.assert_quiet().await;
}

#[tokio::test]
async fn a_suggestion_has_one_outcome_in_each_of_its_lives() {
    let simulator = start_held().await;
    let mut desktop = Socket::desktop(&simulator, "AGT-1").await;
    let mut client = Socket::injector(&simulator).await;
    report(&mut desktop, "ACCEPTED", "never-seen", &iso(0)).await;
    let (first, second) = (iso(0), iso(1));
    for (at, what) in [(&first, "accepted"), (&second, "dismissed")] {
        let frame = suggestion("one");
        client.send(&frame).await;
        assert_eq!(desktop.receive_card().await, "one");
        // The second life is not decided by a repeat of what decided the first.
        report(&mut desktop, "ACCEPTED", "one", &first).await;
        report(&mut desktop, &what.to_uppercase(), "one", at).await;
        report(&mut desktop, "ACCEPTED", "one", &iso(2)).await;
        assert_eq!(client.receive().await, ack(&frame));
        assert_eq!(client.receive().await, outcome(what, "one"));
        client.assert_quiet().await;
    }
}

#[tokio::test]
async fn outcomes_wait_for_a_client_that_is_away() {
    let simulator = start_held().await;
    let mut desktop = Socket::desktop(&simulator, "AGT-1").await;
    let mut client = Socket::injector(&simulator).await;
    let frame = suggestion("one");
    client.send(&frame).await;
    assert_eq!(desktop.receive_card().await, "one");
    let (status, body) = admin(
        &simulator,
        "POST",
        "/admin/drop",
        &json!({"socket": "suggestions"}),
    )
    .await;
    assert_eq!((status, body), (200, json!({"dropped": 1})));
    assert_eq!(client.end().await, End::Abrupt);
    closed(&simulator, "suggestions").await;
    report(&mut desktop, "RENDERED", "one", &iso(0)).await;
    report(&mut desktop, "ACCEPTED", "one", &iso(0)).await;
    let mut back = Socket::suggestions(&simulator).await;
    back.assert_quiet().await;
    let token = token(&simulator, SUGGESTIONS_SCOPES).await;
    back.send(&json!({"type": "auth", "token": token})).await;
    assert_eq!(back.receive_text().await, SUCCESS);
    assert_eq!(back.receive().await, ack(&frame));
    assert_eq!(back.receive().await, outcome("accepted", "one"));
    let mut other = Socket::injector(&simulator).await;
    other.assert_quiet().await;
    back.assert_quiet().await;
}

#[tokio::test]
async fn an_outcome_that_a_fault_cuts_off_comes_after_the_reconnect() {
    let simulator = start_held().await;
    let mut desktop = Socket::desktop(&simulator, "AGT-1").await;
    let mut client = Socket::injector(&simulator).await;
    let frame = suggestion("one");
    client.send(&frame).await;
    assert_eq!(desktop.receive_card().await, "one");
    let fault = |kind| vec![FaultRule::new(FaultRoute::Sockets, kind).times(1)];
    simulator.set_faults(fault(FaultKind::Duplicate)).unwrap();
    report(&mut desktop, "RENDERED", "one", &iso(0)).await;
    assert_eq!(client.receive().await, ack(&frame));
    assert_eq!(client.receive().await, ack(&frame));
    // The next delivery on any socket, while nothing arrives on one: the played desktop sends no frame.
    simulator.set_auto_outcome(Outcome::Accepted, Duration::from_secs(30));
    desktop.close("").await;
    let second = suggestion("two");
    client.send(&second).await;
    assert_eq!(client.receive().await, ack(&second));
    simulator.set_faults(fault(FaultKind::Reset)).unwrap();
    pass(Duration::from_secs(30)).await;
    assert_eq!(client.end().await, End::Abrupt);
    simulator.clear_faults();
    let mut back = Socket::injector(&simulator).await;
    assert_eq!(back.receive().await, outcome("accepted", "two"));
    back.assert_quiet().await;
}

#[tokio::test]
async fn an_absent_agent_gets_it_later_or_is_played() {
    let simulator = start_held().await;
    let mut client = Socket::injector(&simulator).await;
    client.send(&suggestion("kept")).await;
    client.assert_quiet().await;
    let mut desktop = Socket::desktop(&simulator, "AGT-1").await;
    assert_eq!(desktop.receive_card().await, "kept");

    let order = json!({"outcome": "both", "delay_ms": 0});
    let answer = admin(&simulator, "PUT", "/admin/auto-outcome", &order).await;
    assert_eq!(answer, (200, order));
    client.send(&suggestion("shown")).await;
    assert_eq!(desktop.receive_card().await, "shown");
    client.assert_quiet().await;
    desktop.close("").await;
    for (id, what) in [
        ("one", "accepted"),
        ("two", "dismissed"),
        ("three", "accepted"),
    ] {
        let frame = suggestion(id);
        client.send(&frame).await;
        assert_eq!(client.receive().await, ack(&frame));
        assert_eq!(client.receive().await, outcome(what, id));
    }
    Socket::desktop(&simulator, "AGT-1")
        .await
        .assert_quiet()
        .await;
    let (status, _) = admin(
        &simulator,
        "PUT",
        "/admin/auto-outcome",
        &json!({"outcome": "none"}),
    )
    .await;
    assert_eq!(status, 200);
    client.send(&suggestion("four")).await;
    client.assert_quiet().await;
    for wrong in [
        json!({"outcome": "maybe"}),
        json!({"outcome": "both", "delay_ms": 3_600_001}),
    ] {
        let (status, body) = admin(&simulator, "PUT", "/admin/auto-outcome", &wrong).await;
        assert_eq!((status, &body["error"]), (400, &json!("invalid_request")));
    }
}
