//! Every fault, made to happen over the wire.

use std::time::Duration;

use cuecard_simulator::{FaultKind, FaultRoute, FaultRule, Simulator};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::client::{
    ALERTS_SCOPES, End, Socket, admin, alert, alerts_url, http, start, start_with, token,
};

async fn risk(simulator: &Simulator) -> reqwest::Result<reqwest::Response> {
    http()
        .get(format!("{}/v1/score", simulator.base_url()))
        .send()
        .await
}

async fn scores(simulator: &Simulator, count: usize) -> Vec<i64> {
    let mut scores = Vec::new();
    for _ in 0..count {
        scores.push(
            risk(simulator)
                .await
                .unwrap()
                .json::<Value>()
                .await
                .unwrap()
                .as_i64()
                .unwrap(),
        );
    }
    scores
}

#[tokio::test]
async fn status_with_retry_after_in_both_forms() {
    let simulator = start().await;
    let rule = |form: &str| json!([{"route": "risk", "fault": "status", "status": 429, "retry_after": 20, "retry_after_form": form, "times": 1}]);
    assert_eq!(
        admin(&simulator, "PUT", "/admin/faults", &rule("seconds")).await,
        (200, json!({"rules": 1}))
    );
    let answer = risk(&simulator).await.unwrap();
    assert_eq!(
        (
            answer.status().as_u16(),
            answer.headers()["retry-after"].to_str().unwrap()
        ),
        (429, "20")
    );
    assert_eq!(
        answer.json::<Value>().await.unwrap()["error"],
        "rate_limited"
    );
    assert_eq!(risk(&simulator).await.unwrap().status(), 404, "once only");

    admin(&simulator, "PUT", "/admin/faults", &rule("date")).await;
    let answer = risk(&simulator).await.unwrap();
    let told =
        httpdate::parse_http_date(answer.headers()["retry-after"].to_str().unwrap()).unwrap();
    let sent = httpdate::parse_http_date(answer.headers()["date"].to_str().unwrap()).unwrap();
    let wait = told.duration_since(sent).unwrap();
    // The two are written one after the other, in whole seconds.
    assert!(
        (Duration::from_secs(16)..=Duration::from_secs(22)).contains(&wait),
        "{wait:?}"
    );
}

#[tokio::test]
async fn oauth_faults_keep_the_shape_of_the_endpoint() {
    let simulator = start().await;
    for (status, error) in [
        (400, "invalid_request"),
        (401, "invalid_client"),
        (429, "temporarily_unavailable"),
        (503, "temporarily_unavailable"),
    ] {
        simulator
            .set_faults(vec![FaultRule::status(FaultRoute::Oauth, status)])
            .unwrap();
        let answer = http()
            .post(format!("{}/oauth2/token", simulator.base_url()))
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status().as_u16(), status);
        let body: Value = answer.json().await.unwrap();
        assert_eq!(
            (
                body["error"].as_str(),
                body["error_description"].is_string()
            ),
            (Some(error), true)
        );
    }
}

#[tokio::test]
async fn latency_garbage_and_reset_of_requests() {
    let simulator = start().await;
    simulator.set_raw_risk(vec![json!(1)]);
    simulator
        .set_faults(vec![FaultRule::latency(FaultRoute::Risk, 300)])
        .unwrap();
    let before = Instant::now();
    assert_eq!(scores(&simulator, 1).await, [1]);
    assert!(before.elapsed() >= Duration::from_millis(300));

    simulator
        .set_faults(vec![FaultRule::new(FaultRoute::All, FaultKind::Garbage)])
        .unwrap();
    let answer = risk(&simulator).await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(answer.json::<Value>().await.is_err());

    simulator
        .set_faults(vec![FaultRule::new(FaultRoute::Risk, FaultKind::Reset)])
        .unwrap();
    assert!(risk(&simulator).await.is_err());
    assert_eq!(
        admin(&simulator, "DELETE", "/admin/faults", &Value::Null)
            .await
            .0,
        204
    );
    assert_eq!(scores(&simulator, 1).await, [1]);
    let faults: Vec<_> = simulator
        .seen(0, None)
        .iter()
        .filter_map(|entry| entry.text("fault").map(str::to_owned))
        .collect();
    assert_eq!(faults, ["garbage", "reset"]);
}

#[tokio::test]
async fn duplicate_and_reorder_of_risk_answers() {
    let simulator = start().await;
    simulator.set_raw_risk(vec![json!(0), json!(1), json!(2), json!(3)]);
    simulator
        .set_faults(vec![
            FaultRule::new(FaultRoute::Risk, FaultKind::Duplicate).times(1),
        ])
        .unwrap();
    assert_eq!(scores(&simulator, 3).await, [0, 0, 1]);
    simulator
        .set_faults(vec![
            FaultRule::new(FaultRoute::Risk, FaultKind::Reorder).times(1),
        ])
        .unwrap();
    assert_eq!(scores(&simulator, 3).await, [3, 2, 0]);
}

#[tokio::test]
async fn upgrades_can_be_refused_delayed_garbled_and_reset() {
    let simulator = start().await;
    let url = alerts_url(&simulator, &token(&simulator, ALERTS_SCOPES).await);
    let refused = async |rule: FaultRule| {
        simulator.set_faults(vec![rule.times(1)]).unwrap();
        Socket::open(&url).await.err().map(|(status, _)| status)
    };
    assert_eq!(
        refused(FaultRule::status(FaultRoute::Sockets, 503)).await,
        Some(503)
    );
    assert_eq!(
        refused(FaultRule::status(FaultRoute::Sockets, 401)).await,
        Some(401)
    );
    assert_eq!(
        refused(FaultRule::new(FaultRoute::Sockets, FaultKind::Garbage)).await,
        Some(200)
    );
    assert_eq!(
        refused(FaultRule::new(FaultRoute::Sockets, FaultKind::Reset)).await,
        Some(0)
    );
    let before = Instant::now();
    assert_eq!(
        refused(FaultRule::latency(FaultRoute::Sockets, 200)).await,
        None
    );
    assert!(before.elapsed() >= Duration::from_millis(200));
}

#[tokio::test]
async fn a_reset_ends_an_open_socket_at_its_next_frame_and_loses_no_card() {
    let simulator = start().await;
    let mut desktop = Socket::desktop(&simulator, "AGT-1").await;
    let mut publisher = Socket::alerts(&simulator, &token(&simulator, ALERTS_SCOPES).await).await;
    let reset = || vec![FaultRule::new(FaultRoute::Sockets, FaultKind::Reset).times(1)];
    simulator.set_faults(reset()).unwrap();
    publisher
        .send(&json!({"type": "ping", "timestamp": 1}))
        .await;
    assert_eq!(publisher.end().await, End::Abrupt);
    desktop.assert_quiet().await;

    simulator.set_faults(reset()).unwrap();
    simulator.push("AGT-1", alert("one", "AGT-1"));
    assert_eq!(desktop.end().await, End::Abrupt);
    let mut back = Socket::desktop(&simulator, "AGT-1").await;
    assert_eq!(back.receive_card().await, "one");
}

#[tokio::test]
async fn deliveries_can_be_doubled_swapped_delayed_and_preceded_by_garbage() {
    let simulator = start().await;
    let mut desktop = Socket::desktop(&simulator, "AGT-1").await;
    let push = |id: &str| simulator.push("AGT-1", alert(id, "AGT-1"));
    let once = |kind| {
        simulator
            .set_faults(vec![FaultRule::new(FaultRoute::Sockets, kind).times(1)])
            .unwrap();
    };

    once(FaultKind::Duplicate);
    push("one");
    push("two");
    for id in ["one", "one", "two"] {
        assert_eq!(desktop.receive_card().await, id);
    }
    once(FaultKind::Reorder);
    for id in ["three", "four", "five"] {
        push(id);
    }
    for id in ["four", "three", "five"] {
        assert_eq!(desktop.receive_card().await, id);
    }
    once(FaultKind::Reorder);
    push("six");
    assert_eq!(
        desktop.receive_card().await,
        "six",
        "without a successor it comes nevertheless"
    );

    once(FaultKind::Garbage);
    push("seven");
    let garbage = desktop.receive_text().await;
    assert!(
        serde_json::from_str::<Value>(&garbage).is_err(),
        "{garbage}"
    );
    assert_eq!(desktop.receive_card().await, "seven");

    simulator
        .set_faults(vec![FaultRule::latency(FaultRoute::Sockets, 200)])
        .unwrap();
    let before = Instant::now();
    push("eight");
    assert_eq!(desktop.receive_card().await, "eight");
    assert!(before.elapsed() >= Duration::from_millis(200));
}

#[tokio::test]
async fn the_same_seed_gives_the_same_faults() {
    let mut traces = Vec::new();
    for seed in [7, 7, 8] {
        let simulator = start_with(cuecard_simulator::Options {
            seed,
            ..Default::default()
        })
        .await;
        simulator
            .set_faults(vec![FaultRule::status(FaultRoute::Risk, 500).rate(0.5)])
            .unwrap();
        let mut trace = Vec::new();
        for _ in 0..30 {
            trace.push(risk(&simulator).await.unwrap().status().as_u16());
        }
        traces.push(trace);
    }
    assert_eq!(traces[0], traces[1]);
    assert_ne!(traces[0], traces[2]);
}

#[tokio::test]
async fn rules_that_cannot_be_meant_are_refused_by_field() {
    let simulator = start().await;
    let refused = async |rule: Value| {
        let (status, body) = admin(&simulator, "PUT", "/admin/faults", &json!([rule])).await;
        assert_eq!(
            (status, &body["error"]),
            (400, &json!("invalid_request")),
            "{body}"
        );
        body["message"].as_str().unwrap().to_owned()
    };
    for (rule, names) in [
        (
            json!({"route": "moon", "fault": "reset"}),
            "[0].route: unknown variant `moon`",
        ),
        (
            json!({"route": "risk", "fault": "boredom"}),
            "[0].fault: unknown variant `boredom`",
        ),
        (
            json!({"route": "risk", "fault": "reset", "colour": 1}),
            "unknown field `colour`",
        ),
        (json!({"fault": "reset"}), "missing field `route`"),
        (
            json!({"route": "risk", "fault": "status"}),
            "[0].status is missing",
        ),
        (
            json!({"route": "risk", "fault": "status", "status": "x"}),
            "[0].status: invalid type",
        ),
        (
            json!({"route": "risk", "fault": "latency"}),
            "[0].ms is missing",
        ),
        (
            json!({"route": "risk", "fault": "reset", "rate": 2}),
            "[0].rate is 2",
        ),
        (
            json!({"route": "risk", "fault": "reset", "retry_after_form": "moon"}),
            "[0].retry_after_form",
        ),
    ] {
        let message = refused(rule).await;
        assert!(
            message.contains(names),
            "{message:?} should contain {names:?}"
        );
    }
    assert_eq!(
        risk(&simulator).await.unwrap().status(),
        404,
        "nothing was set"
    );
}
