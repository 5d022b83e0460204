//! Forms, tasks and agent notifications: platform wire, sections 6, 12 and 14.8. What goes wrong with them is in
//! [`faults`].

mod faults;

use cuecard_simulator::Simulator;
use serde_json::{Value, json};

use crate::client::{admin, http, start, token};
use crate::rest::{ask, axios};

const SCOPES: &str =
    "interaction:read postinteractionform:read workflow:task:create notification:write";
const TASKS: &str = "/api/v2/workflows/tasks";
const NOTIFICATIONS: &str = "/api/v2/notifications/agents";

fn form_path(id: &str) -> String {
    format!("/api/v2/interactions/{id}/postinteractionforms")
}

fn task(subject: &str) -> Value {
    json!({
        "subject": subject, "description": "d", "dueDate": "2026-11-21T08:49:52.835Z", "priority": "High",
        "assigneeId": "AGT-7", "customFields": [{"id": "interaction_id_link", "value": "INT-CSAT-2"}],
    })
}

fn notification(message: &str) -> Value {
    json!({"agentId": "AGT-7", "message": message, "type": "desktop", "priority": "high"})
}

/// The bodies of what was made.
async fn made(simulator: &Simulator, what: &str) -> Vec<Value> {
    let (status, made) = admin(simulator, "GET", &format!("/admin/{what}"), &Value::Null).await;
    assert_eq!(status, 200);
    let records = made.as_array().unwrap();
    let times: Vec<i64> = records
        .iter()
        .map(|record| record["at_ms"].as_i64().unwrap())
        .collect();
    assert!(
        times.is_sorted() && times.iter().all(|at| *at > 0),
        "{made}"
    );
    records
        .iter()
        .map(|record| record["body"].clone())
        .collect()
}

/// Posts with an idempotency key; the answer, if there was one.
async fn post(
    simulator: &Simulator,
    token: &str,
    path: &str,
    key: Option<&str>,
    body: &Value,
) -> Option<reqwest::Response> {
    let request = http()
        .post(format!("{}{path}", simulator.base_url()))
        .bearer_auth(token)
        .json(body);
    let request = match key {
        Some(key) => request.header("Idempotency-Key", key),
        None => request,
    };
    request.send().await.ok()
}

async fn id(answer: Option<reqwest::Response>) -> String {
    let answer = answer.unwrap();
    assert_eq!(answer.status(), 201);
    let body: Value = answer.json().await.unwrap();
    body["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_recorded_dialogue() {
    let simulator = start().await;
    let form = json!({"responses": [{"fieldName": "overall_satisfaction", "value": "2"}]});
    let set = admin(&simulator, "PUT", "/admin/forms/INT-CSAT-2", &form).await;
    assert_eq!(set, (200, json!({"interactionId": "INT-CSAT-2"})));

    let (status, answer) = axios(
        &simulator,
        "POST /oauth/token",
        "Content-Type: application/x-www-form-urlencoded\r\n",
        "grant_type=client_credentials&client_id=cid&client_secret=csecret&scope=interaction%3Aread+postinteractionform%3Aread+workflow%3Atask%3Acreate+notification%3Awrite",
    )
    .await;
    assert_eq!(status, 200, "{answer}");
    assert!(answer["expires_in"].as_u64().unwrap() > 60);
    let bearer = format!(
        "Authorization: Bearer {}\r\n",
        answer["access_token"].as_str().unwrap()
    );
    let json_bearer = format!("Content-Type: application/json\r\n{bearer}");
    let get = format!("GET {}", form_path("INT-CSAT-2"));
    assert_eq!(axios(&simulator, &get, &bearer, "").await, (200, form));

    let task = r#"{"subject":"Agent Assist: Follow-up required for interaction INT-CSAT-2","description":"Post-interaction satisfaction score: 2. Requires agent review.","dueDate":"2026-11-21T08:49:52.835Z","priority":"High","assigneeId":"AGT-7","customFields":[{"id":"interaction_id_link","value":"INT-CSAT-2"}]}"#;
    let (status, answer) = axios(&simulator, &format!("POST {TASKS}"), &json_bearer, task).await;
    assert_eq!((status, answer), (201, json!({"id": "TASK-1"})));
    let notification = r#"{"agentId":"AGT-7","message":"New Assist Task assigned: TASK-1. Review interaction INT-CSAT-2.","type":"desktop","priority":"high"}"#;
    let (status, answer) = axios(
        &simulator,
        &format!("POST {NOTIFICATIONS}"),
        &json_bearer,
        notification,
    )
    .await;
    assert_eq!((status, answer), (201, json!({"id": "NOTE-1"})));
    let texts = |bodies: Vec<Value>| bodies.iter().map(Value::to_string).collect::<Vec<_>>();
    assert_eq!(texts(made(&simulator, "tasks").await), [task]);
    assert_eq!(
        texts(made(&simulator, "notifications").await),
        [notification]
    );

    let removed = admin(
        &simulator,
        "DELETE",
        "/admin/forms/INT-CSAT-2",
        &Value::Null,
    )
    .await;
    assert_eq!(removed.0, 204);
    let (status, answer) = axios(&simulator, &get, &bearer, "").await;
    assert_eq!(
        (status, answer),
        (
            404,
            json!({"error": "not_found", "message": "interaction \"INT-CSAT-2\" has no form"})
        )
    );
}

#[tokio::test]
async fn forms_of_odd_interactions_and_odd_forms() {
    let simulator = start().await;
    let token = token(&simulator, SCOPES).await;
    for (id, form) in [
        ("..%2F..%2Fadmin", json!({"responses": null})),
        ("a%2Fb%20c.d", json!("nonsense")),
        ("%C3%A4%3F%23%25", json!([1.10, "2,5", null])),
    ] {
        admin(&simulator, "PUT", &format!("/admin/forms/{id}"), &form).await;
        let answer = ask(&simulator, &token, "GET", &form_path(id), Value::Null).await;
        assert_eq!(answer, (200, form), "{id}");
    }
}

#[tokio::test]
async fn who_may_call_and_what_is_refused() {
    let simulator = start().await;
    let good = token(&simulator, SCOPES).await;
    simulator.set_form("INT-1", Some(json!({})));
    for (method, path, body, scope) in [
        (
            "GET",
            form_path("INT-1").as_str(),
            Value::Null,
            "postinteractionform:read",
        ),
        ("POST", TASKS, task("s"), "workflow:task:create"),
        (
            "POST",
            NOTIFICATIONS,
            notification("m"),
            "notification:write",
        ),
    ] {
        let (status, answer) = ask(&simulator, "nonsense", method, path, body.clone()).await;
        assert_eq!((status, &answer["error"]), (401, &json!("unauthorized")));
        let others: Vec<&str> = SCOPES.split(' ').filter(|other| *other != scope).collect();
        let lacking = token(&simulator, &others.join(" ")).await;
        let answer = ask(&simulator, &lacking, method, path, body.clone()).await;
        let message = format!("the access token lacks the scope {scope}");
        assert_eq!(
            answer,
            (403, json!({"error": "forbidden", "message": message}))
        );
        let only = token(&simulator, scope).await;
        assert!((200..300).contains(&ask(&simulator, &only, method, path, body).await.0));
        assert_eq!(
            ask(&simulator, &good, "DELETE", path, Value::Null).await.0,
            405
        );
    }
    assert_eq!(
        made(&simulator, "tasks").await,
        [task("s")],
        "that of the right scope"
    );
    assert_eq!(made(&simulator, "notifications").await, [notification("m")]);
}

#[tokio::test]
async fn what_cannot_be_made_is_refused_with_the_field() {
    let simulator = start().await;
    let good = token(&simulator, SCOPES).await;
    let with = |mut body: Value, key: &str, value: Value| {
        body[key] = value;
        body
    };
    for (path, body, message) in [
        (TASKS, json!([]), "invalid type: sequence, expected a map"),
        (TASKS, json!({}), "missing field `subject`"),
        (
            TASKS,
            with(task("s"), "priority", json!("high")),
            "unknown variant `high`, expected one of `Low`",
        ),
        (
            TASKS,
            with(task("s"), "dueDate", json!("tomorrow")),
            "dueDate is \"tomorrow\", expected a time",
        ),
        (
            TASKS,
            with(task("s"), "dueDate", json!(1)),
            "invalid type: integer `1`, expected a string",
        ),
        (
            TASKS,
            with(task("s"), "customFields", json!({})),
            "invalid type: map, expected a sequence",
        ),
        (
            TASKS,
            {
                let mut body = task("s");
                body.as_object_mut().unwrap().remove("customFields");
                body
            },
            "missing field `customFields`",
        ),
        (
            TASKS,
            with(task("s"), "customFields", json!([{"id": "a"}])),
            "missing field `value`",
        ),
        (NOTIFICATIONS, json!({}), "missing field `agentId`"),
        (
            NOTIFICATIONS,
            with(notification("m"), "type", json!("pager")),
            "type is \"pager\", expected desktop",
        ),
    ] {
        let (status, answer) = ask(&simulator, &good, "POST", path, body.clone()).await;
        assert_eq!(
            (status, &answer["error"]),
            (400, &json!("invalid_request")),
            "{body}"
        );
        let told = answer["message"].as_str().unwrap();
        assert!(told.contains(message), "{told}");
    }
    let answer = ask(
        &simulator,
        &good,
        "POST",
        TASKS,
        with(task("s"), "assigneeId", json!("no body")),
    )
    .await;
    let unknown = json!({"error": "unknown_agent", "message": "assigneeId is \"no body\", which is no agent"});
    assert_eq!(answer, (403, unknown));
    let to_nobody = with(notification("m"), "agentId", json!("no body"));
    let (status, answer) = ask(&simulator, &good, "POST", NOTIFICATIONS, to_nobody).await;
    assert_eq!((status, &answer["error"]), (403, &json!("unknown_agent")));
    for what in ["tasks", "notifications"] {
        assert_eq!(made(&simulator, what).await, [] as [Value; 0]);
    }
}

#[tokio::test]
async fn a_key_makes_one_and_no_key_makes_another() {
    let simulator = start().await;
    let token = token(&simulator, SCOPES).await;
    for (path, what, prefix, body) in [
        (TASKS, "tasks", "TASK", task("s")),
        (NOTIFICATIONS, "notifications", "NOTE", notification("m")),
    ] {
        for (key, number) in [
            (Some("k"), 1),
            (Some("k"), 1),
            (None, 2),
            (None, 3),
            (Some("l"), 4),
            (Some("k"), 1),
        ] {
            let answer = post(&simulator, &token, path, key, &body).await;
            assert_eq!(id(answer).await, format!("{prefix}-{number}"));
        }
        let (_, made) = admin(&simulator, "GET", &format!("/admin/{what}"), &Value::Null).await;
        let keys: Vec<Value> = made
            .as_array()
            .unwrap()
            .iter()
            .map(|record| json!([record["id"], record["key"], record["repeats"]]))
            .collect();
        let expected = [
            (1, json!("k"), 2),
            (2, Value::Null, 0),
            (3, Value::Null, 0),
            (4, json!("l"), 0),
        ];
        assert_eq!(
            keys,
            expected.map(|(n, key, repeats)| json!([format!("{prefix}-{n}"), key, repeats]))
        );
        let refused = post(&simulator, &token, path, Some(&"k".repeat(256)), &body).await;
        assert_eq!(refused.unwrap().status(), 400);
    }
}
