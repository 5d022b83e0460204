//! `[tasks]` and `[webhooks]`: what is taken, what is refused and with which words.

use secrecy::ExposeSecret as _;

use super::*;
use crate::config::{Config, ConfigError};

const PLATFORM: &str = r#"
    [platform]
    token_url = "http://127.0.0.1:1/api/v1/oauth/token?x=1"
    alerts_url = "ws://127.0.0.1:1/alerts"
    notifications_url = "ws://127.0.0.1:1/notifications"
    client_id = "cid"
    client_secret = "hush"
"#;

fn load(lines: &str) -> Result<Config, ConfigError> {
    Config::from_toml(&format!("[server]\ndev_mode = true\n{PLATFORM}{lines}"))
}

fn wrong(lines: &str) -> String {
    load(lines).expect_err(lines).to_string()
}

fn rule(below: f64, priority: TaskPriority, days: u64) -> Rule {
    Rule {
        below,
        priority,
        due_in: Millis::from_secs(days * 24 * 3600),
    }
}

#[test]
fn the_wires_rules_are_the_default() {
    let config = load("").unwrap();
    assert!(config.webhooks.is_none());
    let expected = Tasks {
        score_field: "overall_satisfaction".to_owned(),
        score_min: None,
        score_max: None,
        rules: vec![
            rule(3.0, TaskPriority::High, 1),
            rule(4.0, TaskPriority::Medium, 3),
        ],
        custom_field_id: "interaction_id_link".to_owned(),
        longest_wait: Duration::from_mins(5),
        calls: Some(Calls {
            base_url: HttpUrl::parse("http://127.0.0.1:1").unwrap(),
            scope: TASKS_SCOPE.to_owned(),
        }),
    };
    assert_eq!(config.tasks, expected);
    let alone = Config::from_toml("[server]\ndev_mode = true").unwrap();
    assert_eq!(alone.tasks.calls, None);
}

#[test]
fn all_of_it_can_be_set() {
    let config = load(
        "[webhooks]\nsecret = \"0123456789abcdef\"\n[tasks]\nscore_field = \"nps\"\nscore_min = 0\nscore_max = 10\n\
         custom_field_id = \"link\"\nlongest_wait_seconds = 10\nbase_url = \"https://api.example.com/base\"\nscope = \"mine\"\n\
         rules = [{ below = 7, priority = \"Critical\", due_days = 2 }, { below = 8.5, priority = \"Low\", due_days = 365 }]",
    )
    .unwrap();
    let expected = Tasks {
        score_field: "nps".to_owned(),
        score_min: Some(0.0),
        score_max: Some(10.0),
        rules: vec![
            rule(7.0, TaskPriority::Critical, 2),
            rule(8.5, TaskPriority::Low, 365),
        ],
        custom_field_id: "link".to_owned(),
        longest_wait: Duration::from_secs(10),
        calls: Some(Calls {
            base_url: HttpUrl::parse("https://api.example.com/base").unwrap(),
            scope: "mine".to_owned(),
        }),
    };
    assert_eq!(config.tasks, expected);
    assert!(!format!("{config:?}").contains("0123456789abcdef"));
    let webhooks = config.webhooks.unwrap();
    assert!(!webhooks.accept_unsigned);
    let secret = webhooks.secret.unwrap();
    assert_eq!(secret.expose_secret(), "0123456789abcdef");
}

#[test]
fn unsigned_webhooks_must_be_wanted() {
    let webhooks = load("[webhooks]\naccept_unsigned = true").unwrap().webhooks;
    let webhooks = webhooks.unwrap();
    assert!(webhooks.accept_unsigned && webhooks.secret.is_none());
    assert_eq!(
        wrong("[webhooks]\naccept_unsigned = false"),
        "webhooks.secret is missing: expected it or webhooks.secret_file, so that only the platform can send them; \
         or webhooks.accept_unsigned"
    );
    assert_eq!(
        wrong("[webhooks]\nsecret = \"too short\""),
        "webhooks.secret is (hidden) 9 characters long: expected at least 16 characters, random"
    );
    assert_eq!(
        wrong("[webhooks]\nsecret = \"0123456789abcdef\"\nsecrets = 1"),
        "webhooks.secrets is not a known key: expected one of secret, secret_file, accept_unsigned"
    );
    let alone = "[server]\ndev_mode = true\n[webhooks]\naccept_unsigned = true";
    assert_eq!(
        Config::from_toml(alone).expect_err(alone).to_string(),
        "platform is missing: expected a section [platform], whose webhooks and forms these are"
    );
}

#[test]
fn rules_that_make_no_sense_are_named() {
    for (lines, words) in [
        (
            "rules = []",
            "tasks.rules is an empty list: expected at least one rule",
        ),
        (
            "rules = [{ below = 4, priority = \"High\", due_days = 1 }, { below = 4, priority = \"Low\", due_days = 1 }]",
            "tasks.rules[1].below is 4: expected a score above the rule's before (4)",
        ),
        (
            "rules = [{ below = nan, priority = \"High\", due_days = 1 }]",
            "tasks.rules[0].below is NaN: expected a score",
        ),
        (
            "rules = [{ below = 4, priority = \"High\", due_days = 0 }]",
            "tasks.rules[0].due_days is 0: expected more than 0, at most 365 days",
        ),
        (
            "rules = [{ below = 4, priority = \"High\", due_days = 366 }]",
            "tasks.rules[0].due_days is 366: expected more than 0, at most 365 days",
        ),
        (
            "rules = [{ below = 4, priority = \"high\", due_days = 1 }]",
            "tasks.rules[0].priority is \"high\": expected one of Low, Normal, Medium, High, Critical",
        ),
        (
            "rules = [{ below = 4, priority = \"High\" }]",
            "tasks.rules[0].due_days is missing: expected a value",
        ),
        (
            "score_field = \" \"",
            "tasks.score_field is \" \": expected the field's name",
        ),
        (
            "custom_field_id = \"\"",
            "tasks.custom_field_id is \"\": expected the field's name",
        ),
        (
            "longest_wait_seconds = 0",
            "tasks.longest_wait_seconds is 0: expected 1 to 3600",
        ),
        (
            "score_min = 5\nscore_max = 1",
            "tasks.score_max is 1: expected a score from tasks.score_min (5)",
        ),
        (
            "base_url = \"ftp://u:p@example.com\"",
            "tasks.base_url is not such a URL: expected an absolute http:// or https:// URL without a user name or password",
        ),
    ] {
        assert_eq!(wrong(&format!("[tasks]\n{lines}")), words);
    }
}
