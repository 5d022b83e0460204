//! The admin API and the risk API that it feeds.

use cuecard_simulator::{Options, Simulator};
use serde_json::{Value, json};

use crate::client::{Socket, admin, alert, http, start, start_with};

async fn score(simulator: &Simulator) -> (u16, Value) {
    let answer = http()
        .get(format!("{}/v1/score", simulator.base_url()))
        .send()
        .await
        .unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

#[tokio::test]
async fn it_is_ready_when_it_has_started() {
    let simulator = start().await;
    assert_eq!(
        admin(&simulator, "GET", "/healthz", &Value::Null).await,
        (200, json!({"status": "ok"}))
    );
}

#[tokio::test]
async fn it_listens_on_the_loopback_only() {
    let options = Options {
        admin: "0.0.0.0:0".parse().unwrap(),
        ..Options::default()
    };
    let refused = Simulator::spawn(options).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the admin address is 0.0.0.0:0, expected one on the loopback"
    );
}

#[tokio::test]
async fn risk_answers_come_in_turn_right_or_wrong() {
    let simulator = start().await;
    let (status, body) = score(&simulator).await;
    assert_eq!((status, &body["error"]), (404, &json!("no_scenario")));
    let answers = json!([
        {"interactionId": "INT-1", "agentId": "AGT-1", "riskScore": 0.97, "factors": ["threat language"]},
        {"riskScore": "high"},
    ]);
    assert_eq!(
        admin(&simulator, "PUT", "/admin/risk", &answers).await,
        (200, json!({"answers": 2}))
    );
    for index in [0, 1, 0, 1] {
        assert_eq!(score(&simulator).await, (200, answers[index].clone()));
    }
    admin(&simulator, "PUT", "/admin/risk", &json!([])).await;
    assert_eq!(score(&simulator).await.0, 404);
    let (status, body) = admin(&simulator, "PUT", "/admin/risk", &json!({"riskScore": 1})).await;
    assert_eq!((status, &body["error"]), (400, &json!("invalid_request")));
}

#[tokio::test]
async fn the_builtin_call_has_a_critical_answer_among_the_first_two() {
    let simulator = start_with(Options::default()).await;
    let answers = [score(&simulator).await.1, score(&simulator).await.1];
    for answer in &answers {
        assert_eq!(
            (&answer["interactionId"], &answer["agentId"]),
            (&json!("INT-1"), &json!("AGT-1"))
        );
    }
    assert!(
        answers
            .iter()
            .any(|answer| answer["riskScore"].as_f64().unwrap() >= 0.95),
        "{answers:?}"
    );
}

#[tokio::test]
async fn the_builtin_call_shows_every_kind_of_content() {
    let simulator = start_with(Options::default()).await;
    let mut desktop = Socket::desktop(&simulator, "AGT-1").await;
    for _ in 0..7 {
        score(&simulator).await;
    }
    let mut contents = Vec::new();
    for _ in 0..3 {
        let mut message = desktop.receive().await;
        assert_eq!(message["body"]["contactId"], "INT-1");
        contents.push(message["body"]["acpAppElements"][0]["content"].take());
    }
    desktop.assert_quiet().await;
    let types: Vec<&Value> = contents.iter().map(|content| &content["type"]).collect();
    assert_eq!(
        types,
        ["agentassist.suggest", "PROMPT_SYNC", "agentassist.suggest"]
    );
    assert_eq!(contents[1]["payload"]["priority_override"], true);
    assert_ne!(
        contents[0]["suggestion"]["id"],
        contents[2]["suggestion"]["id"]
    );
}

#[tokio::test]
async fn push_delivers_or_keeps() {
    let simulator = start().await;
    let push = async |id: &str| {
        admin(
            &simulator,
            "POST",
            "/admin/push",
            &json!({"agentId": "AGT-1", "frame": alert(id, "AGT-1")}),
        )
        .await
    };
    assert_eq!(
        push("one").await,
        (200, json!({"objectId": "one", "delivered": 0}))
    );
    let mut desktop = Socket::desktop(&simulator, "AGT-1").await;
    assert_eq!(desktop.receive_card().await, "one");
    assert_eq!(
        push("two").await,
        (200, json!({"objectId": "two", "delivered": 1}))
    );
    assert_eq!(
        push("two").await,
        (200, json!({"objectId": "two", "delivered": 1}))
    );
    assert_eq!(
        [desktop.receive_card().await, desktop.receive_card().await],
        ["two", "two"]
    );
    for (body, names) in [
        (json!({"frame": {}}), "missing field `agentId`"),
        (json!({"agentId": "", "frame": {}}), "agentId is empty"),
        (json!({"agentId": "AGT-1"}), "missing field `frame`"),
        (json!({"agentId": 7, "frame": {}}), "agentId: invalid type"),
    ] {
        let (status, body) = admin(&simulator, "POST", "/admin/push", &body).await;
        assert_eq!(status, 400);
        assert!(body["message"].as_str().unwrap().contains(names), "{body}");
    }
}

#[tokio::test]
async fn a_pushed_frame_arrives_to_its_last_digit() {
    let simulator = start().await;
    let mut desktop = Socket::desktop(&simulator, "AGT-1").await;
    let frame = r#"{"z":1,"a":0.7999999999999999,"contentId":"x","n":12345678901234567890}"#;
    let answer = http()
        .post(format!("{}/admin/push", simulator.admin_url()))
        .header("content-type", "application/json")
        .body(format!(r#"{{"agentId":"AGT-1","frame":{frame}}}"#))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);
    let message = desktop.receive_text().await;
    assert!(
        message.contains(&format!(r#""content":{frame}"#)),
        "{message}"
    );
}

#[tokio::test]
async fn interactions() {
    let simulator = start().await;
    assert_eq!(
        admin(
            &simulator,
            "PUT",
            "/admin/interactions/INT-9",
            &json!({"agentId": "AGT-9"})
        )
        .await,
        (200, json!({"interactionId": "INT-9", "agentId": "AGT-9"}))
    );
    let (status, body) = admin(
        &simulator,
        "PUT",
        "/admin/interactions/INT-9",
        &json!({"agentId": "a b"}),
    )
    .await;
    assert_eq!(
        (status, body["message"].as_str()),
        (400, Some("agentId is \"a b\", which is no agent"))
    );
    assert_eq!(
        admin(&simulator, "PUT", "/admin/interactions/INT-9", &json!({}))
            .await
            .0,
        400
    );
}

#[tokio::test]
async fn seen_is_filtered_by_number_and_kind() {
    let simulator = start().await;
    let mut desktop = Socket::desktop(&simulator, "AGT-1").await;
    desktop.assert_quiet().await;
    let seen = async |query: &str| {
        let (status, body) = admin(
            &simulator,
            "GET",
            &format!("/admin/seen{query}"),
            &Value::Null,
        )
        .await;
        assert_eq!(status, 200);
        let entries = body.as_array().unwrap().clone();
        entries
            .iter()
            .map(|e| format!("{} {} {}", e["n"], e["kind"], e["route"]).replace('"', ""))
            .collect::<Vec<_>>()
    };
    let all = [
        "1 http oauth",
        "2 http notifications",
        "3 socket notifications",
        "4 frame notifications",
        "5 frame notifications",
    ];
    assert_eq!(seen("").await, all);
    assert_eq!(seen("?after=3").await, all[3..]);
    assert_eq!(seen("?kind=socket").await, all[2..3]);
    assert_eq!(seen("?after=4&kind=http").await, Vec::<String>::new());
    for query in ["?after=x", "?kind=moon", "?colour=red"] {
        assert_eq!(
            admin(
                &simulator,
                "GET",
                &format!("/admin/seen{query}"),
                &Value::Null
            )
            .await
            .0,
            400,
            "{query}"
        );
    }
}

#[tokio::test]
async fn drop_is_refused_by_field() {
    let simulator = start().await;
    for (body, names) in [
        (json!({"socket": "moon"}), "socket: unknown variant `moon`"),
        (json!({}), "missing field `socket`"),
        (json!({"socket": "all", "code": 1005}), "code is 1005"),
        (json!({"socket": "all", "code": 999}), "code is 999"),
    ] {
        let (status, body) = admin(&simulator, "POST", "/admin/drop", &body).await;
        assert_eq!(status, 400);
        assert!(body["message"].as_str().unwrap().contains(names), "{body}");
    }
    for socket in ["suggestions", "prompts", "guest", "all"] {
        assert_eq!(
            admin(
                &simulator,
                "POST",
                "/admin/drop",
                &json!({"socket": socket})
            )
            .await,
            (200, json!({"dropped": 0}))
        );
    }
}

#[tokio::test]
async fn what_is_not_there_is_404_in_json() {
    let simulator = start().await;
    for path in ["/admin/forms", "/admin/tasks/1", "/moon"] {
        let (status, body) = admin(&simulator, "GET", path, &Value::Null).await;
        assert_eq!(
            (status, &body["error"]),
            (404, &json!("not_found")),
            "{path}"
        );
    }
    let answer = http()
        .get(format!("{}/admin/seen", simulator.base_url()))
        .send()
        .await
        .unwrap();
    assert_eq!(
        answer.status(),
        404,
        "the admin API is not on the platform's address"
    );
}
