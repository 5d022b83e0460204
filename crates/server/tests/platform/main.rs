//! The server and the platform: from the risk API to an agent's log and back, with the platform failing in between.
//!
//! No browsers here. Start at [`world`].

mod world;

use cuecard_cxone::notifications::{NotificationEvent, notifications};
use cuecard_cxone::token::TokenSource;
use cuecard_cxone::wire::notification::agent_topic;
use cuecard_protocol::{ActionKind, Alert, AlertLevel, Card, CardBody, CardId, MAX_BODY_BYTES};
use cuecard_server::Running;
use cuecard_server::backbone::Recorded;
use cuecard_server::backbone::publications::Published;
use cuecard_simulator::{FaultRoute, FaultRule, RetryAfterForm, SocketName};
use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

use world::{
    DEADLINE, World, action, agent, all_reported, cards, dismiss, frame, risk, suggestion,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_risk_reaches_the_agents_log_once_whatever_breaks_in_between() {
    let world = World::new().await;
    world.set_risk("INT-1", 0.97);
    let server = world.server(true).await;
    let guard = server.app.presence.joined(&agent());

    let first = cards(&server, 1).await.remove(0);
    assert!(
        first.id.as_str().starts_with("risk-alert-INT-1-"),
        "{}",
        first.id
    );
    assert_eq!(
        first.expires_at,
        first.published_at.plus(Card::ALERT_LIFETIME)
    );
    let CardBody::Alert(Alert {
        level,
        title,
        score,
        html,
    }) = &first.body
    else {
        panic!("expected an alert")
    };
    assert_eq!(
        (*level, title.as_str(), *score),
        (
            AlertLevel::Critical,
            "CRITICAL Risk Alert Detected",
            Some(0.97)
        )
    );
    assert!(
        html.contains("<li>threat language</li><li>&lt;b&gt;loud&lt;/b&gt;</li>"),
        "{html}"
    );

    // Both sockets end without a word, and no token is good any more.
    let before = world.newest();
    assert!(world.simulator.expire_tokens() > 0);
    world.simulator.drop_sockets(None, 1006);
    world.set_risk("INT-2", 0.9);
    let second = cards(&server, 2).await.remove(1);
    assert_eq!(second.interaction_id.as_str(), "INT-2");
    world.await_socket(before, "alerts", "opened").await;

    // Polls go on, and nothing is told twice.
    let mut newest = world.newest();
    for _ in 0..3 {
        let is_poll = |entry: &cuecard_simulator::SeenEntry| entry.route == "risk";
        let poll = world.simulator.await_seen(newest, DEADLINE, is_poll).await;
        newest = poll.expect("polls go on").n;
    }
    cards(&server, 2).await;
    let audited = world.audited(&server).await;
    for card in [&first, &second] {
        for event in ["published", "delivered"] {
            let expected = [event, card.id.as_str(), "ok"];
            assert_eq!(
                audited
                    .iter()
                    .filter(|line| line.each_ref().map(String::as_str) == expected)
                    .count(),
                1,
                "{expected:?}"
            );
        }
    }
    drop(guard);
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_fails_or_talks_nonsense_is_reported_and_asked_again() {
    let world = World::new().await;
    let rule = FaultRule::status(FaultRoute::Risk, 429)
        .retry_after(1, RetryAfterForm::Date)
        .times(1);
    world.simulator.set_faults(vec![rule]).unwrap();
    world.simulator.set_raw_risk(vec![
        json!({"interactionId": "INT-1", "riskScore": "high"}),
        risk("INT-1", 0.9),
    ]);
    let server = world.server(true).await;
    let guard = server.app.presence.joined(&agent());
    cards(&server, 1).await;
    let failures: Vec<_> = world
        .audited(&server)
        .await
        .into_iter()
        .filter(|[event, ..]| event.starts_with("risk_source"))
        .map(|[event, _, outcome]| format!("{event} {outcome}"))
        .take(3)
        .collect();
    assert_eq!(
        failures,
        [
            "risk_source_failed rate_limited",
            "risk_source_failed nonsense",
            "risk_source_recovered ok"
        ]
    );
    drop(guard);
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dismissal_is_reported_once_even_while_the_platform_is_away() {
    let world = World::new().await;
    let server = world.server(false).await;
    let guard = server.app.presence.joined(&agent());
    world.simulator.push("AGT-1", frame("one"));
    world.simulator.push("AGT-1", frame("two"));
    let ids: Vec<_> = cards(&server, 2)
        .await
        .into_iter()
        .map(|card| card.id)
        .collect();
    assert_eq!(
        ids.iter().map(CardId::as_str).collect::<Vec<_>>(),
        ["one", "two"]
    );

    dismiss(&server, "a1", &ids[0]).await;
    all_reported(&server).await;
    assert_eq!(world.reports("DISMISSED", "one"), 1);

    // The platform is away; the agent goes on.
    let before = world.newest();
    world
        .simulator
        .set_faults(vec![FaultRule::status(FaultRoute::Sockets, 503)])
        .unwrap();
    world
        .simulator
        .drop_sockets(Some(SocketName::Notifications), 1006);
    world.await_socket(before, "notifications", "closed").await;
    dismiss(&server, "a2", &ids[1]).await;
    let again = action("a3", &ids[1], ActionKind::Dismissed, server.app.clock.now());
    let recorded = server.app.backbone.record(&agent(), &again).await.unwrap();
    assert_eq!(recorded, Recorded::Repeat);
    assert_eq!(world.reports("DISMISSED", "two"), 0);
    world.simulator.clear_faults();
    world.await_report("DISMISSED", "two").await;
    all_reported(&server).await;
    assert_eq!(
        (
            world.reports("DISMISSED", "one"),
            world.reports("DISMISSED", "two")
        ),
        (1, 1)
    );
    drop(guard);
    server.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_reported_is_reported_after_a_restart() {
    let world = World::new().await;
    let server = world.server(false).await;
    let guard = server.app.presence.joined(&agent());
    world.simulator.push("AGT-1", frame("one"));
    let card = cards(&server, 1).await.remove(0).id;
    let before = world.newest();
    world
        .simulator
        .set_faults(vec![FaultRule::status(FaultRoute::Sockets, 503)])
        .unwrap();
    world.simulator.drop_sockets(None, 1006);
    world.await_socket(before, "notifications", "closed").await;
    dismiss(&server, "a1", &card).await;
    drop(guard);
    server.shutdown().await;
    assert_eq!(world.reports("DISMISSED", "one"), 0);

    world.simulator.clear_faults();
    let server = world.server(false).await;
    world.await_report("DISMISSED", "one").await;
    all_reported(&server).await;
    assert_eq!(world.reports("DISMISSED", "one"), 1);
    server.shutdown().await;
}

/// As after a crash between the platform's writing a card to the socket and its being kept: the platform writes it once.
#[tokio::test(flavor = "multi_thread")]
async fn a_suggestion_whose_delivery_nobody_kept_comes_after_a_restart_or_an_outage() {
    for restart in [true, false] {
        let world = World::new().await;
        let mut server = world.server(false).await;
        deliver_to_nobody(&world, &server, "s").await;
        if restart {
            server.shutdown().await;
            server = world.server(false).await;
        } else {
            world
                .simulator
                .drop_sockets(Some(SocketName::Notifications), 1006);
        }
        let guard = server.app.presence.joined(&agent());
        let card = cards(&server, 1).await.remove(0);
        assert_eq!(card.id.as_str(), "s");
        drop(guard);
        server.shutdown().await;
    }
}

/// Has a suggestion posted, and delivered to a desktop that forgets it.
async fn deliver_to_nobody(world: &World, server: &Running, id: &str) {
    world
        .simulator
        .set_interaction(&format!("INT-{id}"), "AGT-1");
    let platform = world.config(false).platform.unwrap();
    let tokens = TokenSource::new(platform.clone()).unwrap();
    let (desktop, task) = notifications(platform.notifications_url, tokens);
    let (events, mut delivered) = mpsc::channel(9);
    let (_stop, stopped) = watch::channel(false);
    let forgetful = tokio::spawn(task.run(events, stopped));
    desktop.subscribe(agent_topic("AGT-1"));
    let publication = suggestion(id, server.app.clock.now());
    let published = server.app.backbone.publish(publication, None, false);
    assert!(matches!(published.await, Ok(Published::Taken { .. })));
    server.app.outgoing.nudge();
    let message = async {
        while let Some(event) = delivered.recv().await {
            if matches!(event, NotificationEvent::Message(_)) {
                return true;
            }
        }
        false
    };
    assert!(timeout(DEADLINE, message).await.unwrap());
    forgetful.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_frames_are_refused_one_by_one_and_good_ones_come_through() {
    let world = World::new().await;
    let server = world.server(false).await;
    let guard = server.app.presence.joined(&agent());
    world.simulator.push("AGT-1", frame("first"));
    cards(&server, 1).await;
    let with = |id: &str, field: &str, value: Value| {
        let mut frame = frame(id);
        frame[field] = value;
        frame
    };
    let mut nobody = frame("nobody");
    nobody["metadata"]["agentId"] = json!("AGT-2");
    let mut old = frame("old");
    old["metadata"]["timestamp"] = json!("2001-01-01T00:00:00Z");
    for bad in [
        with("types", "title", json!(7)),
        with("metadata", "metadata", json!(null)),
        with("kind", "type", json!("confetti")),
        nobody,
        old,
    ] {
        world.simulator.push("AGT-1", bad);
    }
    world.simulator.push("AGT-1", frame("first"));
    // Cleaned away, cut, from the future: contained.
    let mut future = with("million", "title", json!("x".repeat(700_000)));
    future["metadata"]["timestamp"] = json!("2999-01-01T00:00:00Z");
    world.simulator.push("AGT-1", future);
    let long = cards(&server, 2).await.remove(1);
    let CardBody::Alert(alert) = &long.body else {
        panic!("expected an alert")
    };
    assert_eq!(
        (
            long.id.as_str(),
            alert.title.chars().count(),
            alert.html.as_str()
        ),
        ("million", 200, "<p>Risk Score: 90.0%</p>")
    );
    assert!(long.published_at <= long.received_at);

    // A frame of more than 1 MiB is cut like any long one; it costs neither the connection nor the card behind it.
    let before = world.newest();
    world.simulator.push(
        "AGT-1",
        with("huge", "content", json!("y".repeat(1_100_000))),
    );
    world.simulator.push("AGT-1", frame("last"));
    let cards = cards(&server, 4).await;
    assert_eq!(cards[3].id.as_str(), "last");
    let CardBody::Alert(huge) = &cards[2].body else {
        panic!("expected an alert")
    };
    assert!(huge.html.len() <= MAX_BODY_BYTES, "{}", huge.html.len());
    assert_eq!(world.sockets(before, "notifications", "closed"), 0);

    let refused: Vec<_> = world
        .audited(&server)
        .await
        .into_iter()
        .filter(|[event, ..]| event == "refused")
        .map(|[_, card, outcome]| format!("{card} {outcome}"))
        .collect();
    assert_eq!(
        refused,
        [
            "types malformed",
            "metadata malformed",
            "kind unsupported",
            "nobody unknown_agent",
            "old stale"
        ]
    );
    drop(guard);
    server.shutdown().await;
}
