//! Lost answers, refusals, repeats and rate limits: platform wire, sections 6.2 and 10.8.

use std::time::Duration;

use cuecard_simulator::{FaultKind, FaultRoute, FaultRule, Options, RetryAfterForm, Scenario};
use serde_json::{Value, json};

use super::{NOTIFICATIONS, SCOPES, TASKS, form_path, id, made, notification, post, task};
use crate::client::{http, start, start_with, token};
use crate::rest::ask;

#[tokio::test]
async fn a_lost_answer_is_that_of_something_done() {
    let simulator = start().await;
    let token = token(&simulator, SCOPES).await;
    simulator.set_form("INT-1", Some(json!({})));
    let reset = [
        FaultRoute::Forms,
        FaultRoute::Tasks,
        FaultRoute::Notifications,
    ]
    .map(|route| FaultRule::new(route, FaultKind::Reset).times(1));
    simulator.set_faults(reset.to_vec()).unwrap();
    let url = format!("{}{}", simulator.base_url(), form_path("INT-1"));
    assert!(http().get(&url).bearer_auth(&token).send().await.is_err());
    assert!(
        post(&simulator, &token, TASKS, Some("k"), &task("s"))
            .await
            .is_none()
    );
    assert_eq!(made(&simulator, "tasks").await, [task("s")]);
    let again = post(&simulator, &token, TASKS, Some("k"), &task("s")).await;
    assert_eq!(id(again).await, "TASK-1");
    assert!(
        post(&simulator, &token, NOTIFICATIONS, None, &notification("m"))
            .await
            .is_none()
    );
    assert_eq!(made(&simulator, "notifications").await, [notification("m")]);
}

#[tokio::test]
async fn what_is_refused_by_a_fault_is_not_done_and_what_is_doubled_is_done_twice() {
    let simulator = start().await;
    let token = token(&simulator, SCOPES).await;
    for (path, route, body, what) in [
        (TASKS, FaultRoute::Tasks, task("s"), "tasks"),
        (
            NOTIFICATIONS,
            FaultRoute::Notifications,
            notification("m"),
            "notifications",
        ),
    ] {
        for (rule, status) in [
            (
                FaultRule::status(route, 429).retry_after(3, RetryAfterForm::Seconds),
                429,
            ),
            (
                FaultRule::status(route, 429).retry_after(3, RetryAfterForm::Date),
                429,
            ),
            (FaultRule::status(route, 503), 503),
            (FaultRule::new(route, FaultKind::Garbage), 200),
        ] {
            simulator.set_faults(vec![rule.clone().times(1)]).unwrap();
            let answer = post(&simulator, &token, path, Some("k"), &body)
                .await
                .unwrap();
            assert_eq!(answer.status(), status);
            let told = answer
                .headers()
                .get("retry-after")
                .map(|told| told.to_str().unwrap().to_owned());
            let is_right = match (status, rule.retry_after_form) {
                (429, RetryAfterForm::Seconds) => told.as_deref() == Some("3"),
                (429, RetryAfterForm::Date) => {
                    told.as_deref().is_some_and(|told| told.ends_with(" GMT"))
                }
                _ => told.is_none(),
            };
            assert!(is_right, "{told:?}");
            assert!(
                answer
                    .json::<Value>()
                    .await
                    .is_ok_and(|body| body["id"].is_null())
                    || status == 200
            );
        }
        assert_eq!(made(&simulator, what).await, [] as [Value; 0]);
        let doubled = FaultRule::new(route, FaultKind::Duplicate).times(2);
        simulator.set_faults(vec![doubled]).unwrap();
        id(post(&simulator, &token, path, Some("k"), &body).await).await;
        assert_eq!(
            made(&simulator, what).await.len(),
            1,
            "the key makes one of two"
        );
        id(post(&simulator, &token, path, None, &body).await).await;
        assert_eq!(made(&simulator, what).await.len(), 3);
    }
    simulator.set_form("INT-1", Some(json!(7)));
    let late = FaultRule::latency(FaultRoute::Forms, 200).times(1);
    let refused = FaultRule::status(FaultRoute::Forms, 429).times(1);
    simulator.set_faults(vec![late, refused]).unwrap();
    let before = tokio::time::Instant::now();
    let read = async || ask(&simulator, &token, "GET", &form_path("INT-1"), Value::Null).await;
    assert_eq!(read().await.0, 429);
    assert!(before.elapsed() >= Duration::from_millis(200));
    assert_eq!(read().await, (200, json!(7)));
}

#[tokio::test]
async fn the_rate_limit_refuses_nobody_twice_in_a_row() {
    let limits = ["tasks=0.01:1", "notifications=0.01:1", "forms=0.01:1"];
    let simulator = start_with(Options {
        scenario: Scenario::none(),
        rate_limits: limits.map(|limit| limit.parse().unwrap()).to_vec(),
        ..Options::default()
    })
    .await;
    let token = token(&simulator, SCOPES).await;
    let status = async |path, key, body: &Value| {
        post(&simulator, &token, path, key, body)
            .await
            .unwrap()
            .status()
            .as_u16()
    };
    assert_eq!(status(TASKS, None, &task("a")).await, 201);
    assert_eq!(status(TASKS, None, &task("b")).await, 429);
    assert_eq!(status(TASKS, Some("k"), &task("c")).await, 429);
    assert_eq!(
        status(TASKS, None, &task("b")).await,
        201,
        "told by its body"
    );
    assert_eq!(
        status(TASKS, Some("k"), &task("d")).await,
        201,
        "told by its key"
    );
    assert_eq!(status(TASKS, None, &task("e")).await, 429);
    assert_eq!(made(&simulator, "tasks").await, ["a", "b", "d"].map(task));
    assert_eq!(status(NOTIFICATIONS, None, &notification("a")).await, 201);
    assert_eq!(status(NOTIFICATIONS, None, &notification("b")).await, 429);
    assert_eq!(status(NOTIFICATIONS, None, &notification("b")).await, 201);
    let read = async || {
        ask(&simulator, &token, "GET", &form_path("INT-1"), Value::Null)
            .await
            .0
    };
    assert_eq!([read().await, read().await, read().await], [404, 429, 429]);
}
