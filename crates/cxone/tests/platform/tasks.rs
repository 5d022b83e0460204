//! Forms, tasks and notifications against the simulator.

use std::time::Duration;

use cuecard_cxone::{
    platform::Platform,
    tasks::{TASKS_SCOPE, TaskError, Tasks},
    token::TokenError,
    wire::tasks::{CustomField, NotificationRequest, TaskPriority, TaskRequest},
};
use cuecard_simulator::{FaultKind, FaultRoute, FaultRule, Options, RetryAfterForm, Simulator};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use crate::support::{platform, requests, simulator, simulator_with, tokens};

fn settings(simulator: &Simulator) -> Platform {
    Platform {
        scope: TASKS_SCOPE.to_owned(),
        ..platform(simulator)
    }
}

pub fn tasks(platform: &Platform) -> Tasks {
    Tasks::new(tokens(platform), &platform.token_url.origin()).expect("an HTTP client")
}

/// The recorded task.
pub fn task(interaction: &str) -> TaskRequest {
    TaskRequest {
        subject: format!("Agent Assist: Follow-up required for interaction {interaction}"),
        description: "Post-interaction satisfaction score: 2. Requires agent review.".to_owned(),
        due_date: "2026-11-21T08:49:52.835Z".to_owned(),
        priority: TaskPriority::High,
        assignee_id: "AGT-7".to_owned(),
        custom_fields: vec![CustomField {
            id: "interaction_id_link".to_owned(),
            value: interaction.to_owned(),
        }],
    }
}

/// The recorded notification.
pub fn notification(message: &str) -> NotificationRequest {
    NotificationRequest {
        agent_id: "AGT-7".to_owned(),
        message: message.to_owned(),
        kind: "desktop".to_owned(),
        priority: "high".to_owned(),
    }
}

/// Calls each of the three; what went wrong with them.
async fn all(tasks: &Tasks) -> [Option<TaskError>; 3] {
    [
        tasks.form("INT-1").await.err(),
        tasks.create(&task("INT-1"), "k-task").await.err(),
        tasks.notify(&notification("m"), "k-note").await.err(),
    ]
}

const ROUTES: [FaultRoute; 3] = [
    FaultRoute::Forms,
    FaultRoute::Tasks,
    FaultRoute::Notifications,
];

fn set(simulator: &Simulator, rule: &FaultRule) {
    let rules = ROUTES.map(|route| FaultRule {
        route,
        ..rule.clone()
    });
    simulator.set_faults(rules.to_vec()).expect("rules");
}

#[tokio::test]
async fn a_form_is_read_a_task_made_and_its_agent_told() {
    let simulator = simulator().await;
    let tasks = tasks(&settings(&simulator));
    assert_eq!(tasks.form("INT-1").await, Ok(None));
    simulator.set_form(
        "INT-1",
        Some(json!({"responses": [{"fieldName": "score", "value": "2,5"}]})),
    );
    let form = tasks.form("INT-1").await.expect("an answer");
    let form = form.expect("a form");
    assert_eq!(form.value("score"), Some(&json!("2,5")));
    let id = tasks.create(&task("INT-1"), "k-1").await.expect("a task");
    assert_eq!(id.as_deref(), Some("TASK-1"));
    let told = tasks.notify(&notification("Task TASK-1"), "k-2").await;
    assert_eq!(told, Ok(()));
    let [made] = &simulator.tasks()[..] else {
        panic!("one task")
    };
    assert_eq!(
        (made.key.as_deref(), &made.body),
        (Some("k-1"), &json!(task("INT-1")))
    );
    let [told] = &simulator.notifications()[..] else {
        panic!("one notification")
    };
    assert_eq!(
        (told.key.as_deref(), &told.body),
        (Some("k-2"), &json!(notification("Task TASK-1")))
    );
    assert_eq!(requests(&simulator, "oauth").len(), 1);
}

#[tokio::test]
async fn odd_ids_are_ids_and_change_no_path() {
    let simulator = simulator().await;
    let tasks = tasks(&settings(&simulator));
    for id in [
        "../../v1/x",
        "a/b",
        "INT 1.2",
        "ä?#%2F",
        "...",
        "a\tb\n",
        &"x".repeat(256),
    ] {
        assert_eq!(tasks.form(id).await, Ok(None), "{id:?}");
        simulator.set_form(id, Some(json!({})));
        assert!(tasks.form(id).await.expect(id).is_some(), "{id:?}");
    }
    assert_eq!(requests(&simulator, "other").len(), 0);
    let calls = requests(&simulator, "forms").len();
    for id in ["", ".", "..", &"x".repeat(257)] {
        let error = tasks.form(id).await.expect_err(id);
        assert!(
            matches!(error, TaskError::Id(_)) && !error.is_retryable(),
            "{error:?}"
        );
    }
    assert_eq!(requests(&simulator, "forms").len(), calls);
}

#[tokio::test]
async fn a_429_tells_its_wait_in_both_forms_and_is_not_repeated_here() {
    let simulator = simulator().await;
    let tasks = tasks(&settings(&simulator));
    for form in [RetryAfterForm::Seconds, RetryAfterForm::Date] {
        let rule = FaultRule::status(FaultRoute::All, 429).retry_after(3_000, form);
        set(&simulator, &rule);
        for error in all(&tasks).await {
            let error = error.expect("429");
            let wait = error.retry_after().expect("a wait");
            // A date has whole seconds and is rounded up; its way shortens the wait.
            assert!(
                (Duration::from_secs(2_900)..=Duration::from_secs(3_001)).contains(&wait),
                "{wait:?}"
            );
            assert!(error.is_rate_limit() && error.is_retryable());
        }
    }
    for route in ["forms", "tasks", "agent_notifications"] {
        assert_eq!(requests(&simulator, route).len(), 2);
    }
    set(&simulator, &FaultRule::status(FaultRoute::All, 429));
    for error in all(&tasks).await {
        let error = error.expect("429 without a wait");
        assert_eq!(
            error.to_string(),
            "the platform asks us to wait (429, no Retry-After)"
        );
        assert_eq!((error.retry_after(), error.is_retryable()), (None, true));
    }
    assert_eq!(simulator.tasks(), []);
}

#[tokio::test]
async fn a_rate_limit_of_the_platform_lets_the_same_task_through_the_next_time() {
    let simulator = simulator_with(Options {
        rate_limits: vec!["tasks=0.001:1".parse().expect("a limit")],
        ..Options::default()
    })
    .await;
    let tasks = tasks(&settings(&simulator));
    let create = async |interaction: &str| tasks.create(&task(interaction), interaction).await;
    create("INT-1").await.expect("the first");
    let wait = create("INT-2").await.expect_err("too early").retry_after();
    let wait = wait.expect("a wait");
    assert!((900..=1000).contains(&wait.as_secs()), "{wait:?}");
    assert_eq!(create("INT-2").await, Ok(Some("TASK-2".to_owned())));
    assert!(
        create("INT-3")
            .await
            .is_err_and(|error| error.is_rate_limit())
    );
}

#[tokio::test]
async fn a_rejected_token_is_replaced_once() {
    let simulator = simulator().await;
    let tasks = tasks(&settings(&simulator));
    for _ in 0..2 {
        assert_eq!(tasks.form("INT-1").await, Ok(None));
        simulator.expire_tokens();
        tasks
            .create(&task("INT-1"), "k")
            .await
            .expect("a new token");
        simulator.expire_tokens();
        tasks
            .notify(&notification("m"), "k")
            .await
            .expect("another");
    }
    assert_eq!(requests(&simulator, "oauth").len(), 5);
    assert_eq!(
        (simulator.tasks().len(), simulator.notifications().len()),
        (1, 1)
    );

    set(&simulator, &FaultRule::status(FaultRoute::All, 401));
    let before = requests(&simulator, "tasks").len();
    for error in all(&tasks).await {
        let error = error.expect("always 401");
        assert_eq!(error, TaskError::Unauthorized);
        assert!(error.is_retryable());
    }
    assert_eq!(
        requests(&simulator, "tasks").len(),
        before + 2,
        "once more and not again"
    );
    simulator.clear_faults();
    assert_eq!(all(&tasks).await, [None, None, None], "with a new token");
}

#[tokio::test]
async fn a_missing_scope_is_named_and_an_unknown_agent_told_in_the_platforms_words() {
    let simulator = simulator().await;
    let mut platform = settings(&simulator);
    platform.scope = "interaction.read".to_owned();
    let lacking = tasks(&platform);
    let [form, made, told] = all(&lacking).await.map(|error| error.expect("403"));
    let text = |scope: &str| {
        format!(
            "the platform refused with 403 (forbidden: the access token lacks the scope {scope}); \
             the client needs the scope \"{scope}\""
        )
    };
    assert_eq!(form.to_string(), text("postinteractionform:read"));
    assert_eq!(made.to_string(), text("workflow:task:create"));
    assert_eq!(told.to_string(), text("notification:write"));
    for error in [form, made, told] {
        assert!(!error.is_retryable());
    }
    let tasks = tasks(&settings(&simulator));
    let nobody = TaskRequest {
        assignee_id: "no body".to_owned(),
        ..task("INT-1")
    };
    let error = tasks.create(&nobody, "k").await.expect_err("nobody");
    assert_eq!(
        error.to_string(),
        "the platform answered 403 (unknown_agent: assigneeId is \"no body\", which is no agent), expected 2xx"
    );
    let late = TaskRequest {
        due_date: "tomorrow".to_owned(),
        ..task("INT-1")
    };
    let error = tasks.create(&late, "k").await.expect_err("no date");
    assert!(
        matches!(&error, TaskError::Refused { status: 400, reason } if reason.starts_with("invalid_request: dueDate is \"tomorrow\"")),
        "{error:?}"
    );
    assert!(!error.is_retryable());
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_again_and_the_same_key_makes_no_second() {
    let simulator = simulator().await;
    let tasks = tasks(&settings(&simulator));
    set(
        &simulator,
        &FaultRule::new(FaultRoute::All, FaultKind::Reset).times(1),
    );
    for error in all(&tasks).await {
        let error = error.expect("a reset");
        assert!(matches!(error, TaskError::Unreachable { .. }), "{error:?}");
        assert!(error.is_retryable());
    }
    assert_eq!(all(&tasks).await, [None, None, None]);
    let repeats = |records: Vec<cuecard_simulator::Record>| -> Vec<u32> {
        records.iter().map(|record| record.repeats).collect()
    };
    assert_eq!(repeats(simulator.tasks()), [1]);
    assert_eq!(repeats(simulator.notifications()), [1]);
}

#[tokio::test]
async fn trouble_is_told_apart() {
    let simulator = simulator().await;
    let tasks = tasks(&settings(&simulator));
    set(
        &simulator,
        &FaultRule::status(FaultRoute::All, 503).retry_after(7, RetryAfterForm::Seconds),
    );
    for error in all(&tasks).await {
        let expected = TaskError::Unavailable {
            status: 503,
            retry_after: Some(Duration::from_secs(7)),
        };
        assert_eq!(error, Some(expected));
    }
    set(
        &simulator,
        &FaultRule::new(FaultRoute::All, FaultKind::Garbage),
    );
    let [form, made, told] = all(&tasks).await;
    let error = form.expect("garbage");
    assert!(matches!(error, TaskError::Unreadable { .. }), "{error:?}");
    assert!(error.is_retryable());
    // What was done is done, whatever is said about it.
    assert_eq!((made, told), (None, None));
    let rule = FaultRule::status(FaultRoute::Oauth, 503).retry_after(9, RetryAfterForm::Seconds);
    simulator.set_faults(vec![rule]).expect("a rule");
    simulator.expire_tokens();
    for error in all(&tasks).await {
        let error = error.expect("no token");
        assert!(
            matches!(
                error,
                TaskError::Token(TokenError::Unavailable { .. } | TokenError::RateLimited { .. })
            ),
            "{error:?}"
        );
        assert!(error.retry_after().is_some() && error.is_retryable());
    }
    assert_eq!(simulator.tasks(), []);
}

#[tokio::test]
async fn no_token_is_in_an_error_or_in_debug() {
    let simulator = simulator().await;
    let platform = settings(&simulator);
    let source = tokens(&platform);
    let tasks = Tasks::new(source.clone(), &platform.token_url.origin()).expect("a client");
    let token = source.token().await.expect("a token");
    let mut told = vec![format!("{tasks:?}")];
    for fault in [
        FaultRule::status(FaultRoute::All, 403),
        FaultRule::status(FaultRoute::All, 500),
        FaultRule::new(FaultRoute::All, FaultKind::Reset),
        FaultRule::new(FaultRoute::All, FaultKind::Garbage),
    ] {
        set(&simulator, &fault);
        // Garbage leaves the form alone without an answer.
        let errors: Vec<TaskError> = all(&tasks).await.into_iter().flatten().collect();
        assert!(!errors.is_empty(), "{fault:?}");
        for error in errors {
            told.push(format!("{error} {error:?}"));
        }
    }
    for text in told {
        assert!(!text.contains(token.secret().expose_secret()), "{text}");
        assert!(!text.contains("csecret"), "{text}");
    }
}

#[tokio::test]
async fn a_form_that_is_none_is_unreadable_and_not_repeated() {
    let simulator = simulator().await;
    let tasks = tasks(&settings(&simulator));
    for form in [
        json!("Jane"),
        json!(["Jane"]),
        json!({"responses": "Jane"}),
        json!({"responses": ["Jane"]}),
        json!({"responses": [{"fieldName": {"Jane": 1}}]}),
        Value::Null,
    ] {
        simulator.set_form("INT-1", Some(form.clone()));
        let error = tasks.form("INT-1").await.expect_err("no form");
        assert!(matches!(error, TaskError::Unreadable { .. }), "{error:?}");
        let text = format!("{error} {error:?}");
        assert!(!text.contains("Jane"), "{text}");
    }
    let long = json!({"responses": [{"fieldName": "comment", "value": "x".repeat(200_000)}]});
    simulator.set_form("INT-1", Some(long));
    assert!(tasks.form("INT-1").await.is_ok_and(|form| form.is_some()));
    simulator.set_form("INT-1", Some(json!("x".repeat(1024 * 1024))));
    let error = tasks.form("INT-1").await.expect_err("too long");
    assert_eq!(
        error.to_string(),
        "the platform's answer is of no use: longer than 1048576 bytes"
    );
}
