//! From a post to the platform, to the agent, and back to whoever posted: over the simulated platform, with the system's
//! clock.

use cuecard_protocol::{Action, ActionId, ActionKind, Card, CardBody, LiveCard};
use cuecard_server::backbone::Recorded;
use cuecard_server::clock::Clock;
use cuecard_simulator::{Options, Scenario, Simulator, SocketName};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::stage::{PATIENCE, Stage, agent, alert, platform, prompt, suggestion};

async fn simulator() -> Simulator {
    let options = Options {
        scenario: Scenario::none(),
        ..Options::default()
    };
    let simulator = Simulator::spawn(options).await.unwrap();
    simulator.set_interaction("INT-1", "AGT-1");
    simulator
}

async fn on(simulator: &Simulator) -> Stage {
    Stage::with(
        &platform(&simulator.base_url(), &simulator.ws_url()),
        "",
        Clock::system(),
    )
    .await
}

/// Waits until the answer of a path is as wanted, and gives it.
async fn until(stage: &Stage, path: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let (status, body) = stage.get(path).await;
        assert_eq!(status, 200, "{body}");
        if is_so(&body) {
            return body;
        }
        assert!(
            Instant::now() < deadline,
            "{path} is not so in time: {body}"
        );
        sleep(std::time::Duration::from_millis(10)).await;
    }
}

/// Waits until the agent has this card.
async fn shown(stage: &Stage, id: &str) -> Card {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let (_, cards) = stage.app.backbone.live(&agent()).await.unwrap();
        let card = cards
            .into_iter()
            .map(|LiveCard { card, .. }| card)
            .find(|card| card.id.as_str() == id);
        if let Some(card) = card {
            return card;
        }
        assert!(Instant::now() < deadline, "{id} does not come");
        sleep(std::time::Duration::from_millis(10)).await;
    }
}

async fn act(stage: &Stage, name: &str, card: &Card, kind: ActionKind, snippet: Option<&str>) {
    let action = Action {
        id: ActionId::parse(name).unwrap(),
        card_id: card.id.clone(),
        kind,
        at: stage.app.clock.now(),
        reason: None,
        snippet_id: snippet.map(str::to_owned),
        until: None,
    };
    let recorded = stage.app.backbone.record(&agent(), &action).await.unwrap();
    assert!(matches!(recorded, Recorded::New { .. }), "{recorded:?}");
    stage.app.reports.nudge();
}

/// Posts prompts until the agent has one, and gives that. One can be sent for two seconds only, so a machine that stalls may
/// lose some.
async fn shown_prompt(stage: &Stage) -> Card {
    let deadline = Instant::now() + PATIENCE;
    let mut n = 0;
    loop {
        let id = format!("p{n}");
        let (status, taken) = stage
            .post(
                "/v1/prompts",
                &prompt(&json!({"id": id, "level": 5, "override": true})),
            )
            .await;
        assert_eq!(status, 202, "{taken}");
        let path = format!("/v1/cards/{id}");
        let is_settled = |card: &Value| card["state"] != "queued" && card["state"] != "sent";
        let status = until(stage, &path, is_settled).await;
        if status["state"] == "delivered" {
            return shown(stage, &id).await;
        }
        assert!(
            status["state"] == "lost" || status["state"] == "refused",
            "{status}"
        );
        assert!(Instant::now() < deadline, "no prompt comes: {status}");
        n += 1;
    }
}

/// Waits until each of these events is in the audit trail of a card, and gives all that are.
async fn audited(stage: &Stage, card: &str, wanted: &[&str]) -> Vec<String> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let lines = stage.audited().await.into_iter();
        let of_card = lines.filter(|[_, _, about, _]| about == card);
        let events: Vec<String> = of_card.map(|[event, ..]| event).collect();
        if wanted
            .iter()
            .all(|one| events.iter().any(|event| event == one))
        {
            return events;
        }
        assert!(Instant::now() < deadline, "{wanted:?} in {events:?}");
        sleep(std::time::Duration::from_millis(10)).await;
    }
}

fn outcomes(status: &Value) -> Vec<&str> {
    let outcomes = status["outcomes"].as_array().unwrap().iter();
    outcomes
        .map(|one| one["outcome"].as_str().unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suggestion_is_shown_accepted_and_confirmed_by_the_platform() {
    let simulator = simulator().await;
    let stage = on(&simulator).await;
    let guard = stage.app.presence.joined(&agent());
    let (status, taken) = stage
        .post(
            "/v1/suggestions",
            &suggestion(&json!({"id": "s", "source": "returns-model", "priority": "HIGH"})),
        )
        .await;
    assert_eq!(status, 202, "{taken}");
    let card = shown(&stage, "s").await;
    let CardBody::Suggestion(said) = &card.body else {
        panic!("{card:?}")
    };
    assert_eq!(
        (
            said.content.as_str(),
            said.priority.as_deref(),
            said.source.as_deref(),
            said.relevance
        ),
        ("Offer a refund", Some("HIGH"), Some("returns-model"), 0.85)
    );
    act(&stage, "1", &card, ActionKind::Rendered, None).await;
    act(&stage, "2", &card, ActionKind::Accepted, None).await;
    let status = until(&stage, "/v1/cards/s", |card| {
        card["platform"].as_array().unwrap().len() == 2
    })
    .await;
    let words: Vec<&str> = status["platform"]
        .as_array()
        .unwrap()
        .iter()
        .map(|word| word["event"].as_str().unwrap())
        .collect();
    assert_eq!(words, ["acknowledged", "accepted"]);
    assert_eq!(status["state"], "accepted");
    // `sent` is known when the platform has answered, which may be after the delivery.
    let mut found = outcomes(&status);
    found.retain(|one| *one != "sent");
    assert_eq!(found, ["delivered", "rendered", "accepted"]);
    let stands = stage.get("/v1/interactions/INT-1").await.1;
    assert_eq!(
        (&stands["active"], &stands["acceptance_rate"]),
        (&json!(0), &json!(1.0))
    );
    let metrics = stage.app.metrics.render();
    for line in [
        "cuecard_card_latency_seconds_count{stage=\"delivered\",kind=\"suggestion\"}",
        "cuecard_publications_total{kind=\"suggestion\",source=\"model\",outcome=\"published\"}",
    ] {
        assert!(metrics.contains(line), "{line} is not in {metrics}");
    }
    let wanted = [
        "published",
        "delivered",
        "acknowledged",
        "platform_accepted",
    ];
    // What the platform said is noted after it can be read in the card's status.
    let events = audited(&stage, "s", &wanted).await;
    for event in wanted {
        assert_eq!(
            events.iter().filter(|one| *one == event).count(),
            1,
            "{event} in {events:?}"
        );
    }
    drop(guard);
}

#[tokio::test(flavor = "multi_thread")]
async fn alerts_and_prompts_come_too_and_a_snippet_is_adopted_once() {
    let simulator = simulator().await;
    let stage = on(&simulator).await;
    let guard = stage.app.presence.joined(&agent());
    // A prompt lives for two seconds before it is sent, so first comes what shows that the sockets are connected.
    stage
        .post(
            "/v1/alerts",
            &alert(&json!({"id": "a", "text": null, "html": "<p onclick='x()'>Loud</p>"})),
        )
        .await;
    let card = shown(&stage, "a").await;
    let CardBody::Alert(said) = &card.body else {
        panic!("{card:?}")
    };
    assert_eq!(said.html, "<p>Loud</p>");
    let connected = simulator
        .await_seen(0, PATIENCE, |entry| {
            entry.route == "prompts" && entry.text("event") == Some("opened")
        })
        .await;
    assert!(connected.is_some());
    let card = shown_prompt(&stage).await;
    let CardBody::Prompt(said) = &card.body else {
        panic!("{card:?}")
    };
    assert_eq!(
        (
            said.level,
            said.is_pinned,
            said.relevance,
            said.snippets.len()
        ),
        (5, true, 0.75, 1)
    );
    act(&stage, "1", &card, ActionKind::Rendered, None).await;
    act(&stage, "2", &card, ActionKind::Adopted, Some("KB-1")).await;
    let again = Action {
        id: ActionId::parse("3").unwrap(),
        card_id: card.id.clone(),
        kind: ActionKind::Adopted,
        at: stage.app.clock.now(),
        reason: None,
        snippet_id: Some("KB-1".into()),
        until: None,
    };
    assert_eq!(
        stage.app.backbone.record(&agent(), &again).await.unwrap(),
        Recorded::Repeat
    );
    act(&stage, "4", &card, ActionKind::Dismissed, None).await;
    let status = stage.get(&format!("/v1/cards/{}", card.id)).await.1;
    let mut found = outcomes(&status);
    found.retain(|one| *one != "sent");
    assert_eq!(found, ["delivered", "rendered", "adopted", "dismissed"]);
    let stands = stage.get("/v1/interactions/INT-1").await.1;
    assert_eq!(stands["adoption"], json!({"prompts": 1, "snippets": 1}));
    drop(guard);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_is_taken_back_leaves_and_the_platform_is_told() {
    let simulator = simulator().await;
    let stage = on(&simulator).await;
    let guard = stage.app.presence.joined(&agent());
    stage
        .post("/v1/suggestions", &suggestion(&json!({"id": "s"})))
        .await;
    shown(&stage, "s").await;
    assert_eq!(stage.delete("/v1/cards/s").await.0, 200);
    assert!(
        stage
            .app
            .backbone
            .live(&agent())
            .await
            .unwrap()
            .1
            .is_empty()
    );
    let told = simulator.await_seen(0, PATIENCE, |entry| {
        let frame = entry.details.get("frame").cloned().unwrap_or_default();
        frame["command"] == "DISMISSED"
            && frame["body"]["objectId"] == "s"
            && frame["body"]["reason"] == "withdrawn"
    });
    assert!(told.await.is_some(), "the platform frees its place");
    let status = until(&stage, "/v1/cards/s", |card| {
        !card["platform"].as_array().unwrap().is_empty()
    })
    .await;
    assert_eq!(status["state"], "withdrawn");
    let stands = stage.get("/v1/interactions/INT-1").await.1;
    assert_eq!(
        (&stands["decided"], &stands["active"]),
        (&json!(0), &json!(0)),
        "nobody has decided"
    );
    drop(guard);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_posted_survives_dropped_sockets_and_is_shown_once() {
    let simulator = simulator().await;
    let stage = on(&simulator).await;
    let guard = stage.app.presence.joined(&agent());
    stage
        .post("/v1/suggestions", &suggestion(&json!({"id": "s0"})))
        .await;
    shown(&stage, "s0").await;
    simulator.expire_tokens();
    simulator.drop_sockets(Some(SocketName::Suggestions), 1006);
    stage
        .post("/v1/suggestions", &suggestion(&json!({"id": "s1"})))
        .await;
    let card = shown(&stage, "s1").await;
    act(&stage, "1", &card, ActionKind::Dismissed, None).await;
    let status = until(&stage, "/v1/cards/s1", |card| {
        card["platform"].as_array().unwrap().len() == 2
    })
    .await;
    assert_eq!(
        outcomes(&status)
            .iter()
            .filter(|one| **one == "dismissed")
            .count(),
        1
    );
    let log = stage
        .app
        .backbone
        .read(&agent(), cuecard_protocol::Seq::ZERO, 100)
        .await
        .unwrap();
    let cuecard_server::backbone::Reading::Entries(entries) = log else {
        panic!("{log:?}")
    };
    // Two cards came and one left.
    assert_eq!(entries.len(), 3, "{entries:?}");
    drop(guard);
}
