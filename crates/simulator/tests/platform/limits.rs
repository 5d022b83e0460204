//! Refusals with 429 on guests and typing: by faults, and by the limits of platform wire, section 14.11.

use cuecard_simulator::{FaultRoute, FaultRule, Options, RetryAfterForm};
use serde_json::{Value, json};

use crate::client::{http, start, start_with, token};
use crate::typing::{SCOPES, guest, shown};

#[tokio::test]
async fn a_fault_refuses_in_both_forms_and_shows_nothing() {
    let simulator = start().await;
    let token = token(&simulator, SCOPES).await;
    let (path, id, _) = guest(&simulator, &token).await;
    for (route, path, form) in [
        (FaultRoute::Typing, path.as_str(), RetryAfterForm::Seconds),
        (FaultRoute::Typing, path.as_str(), RetryAfterForm::Date),
        (
            FaultRoute::Guests,
            "/api/v1/webchat/guests",
            RetryAfterForm::Seconds,
        ),
    ] {
        let rule = FaultRule::status(route, 429).retry_after(3, form).times(1);
        simulator.set_faults(vec![rule]).unwrap();
        let answer = http()
            .post(format!("{}{path}", simulator.base_url()))
            .bearer_auth(&token)
            .json(&json!({"typing": true}))
            .send()
            .await
            .unwrap();
        let retry_after = answer.headers()["retry-after"].to_str().unwrap().to_owned();
        assert_eq!(answer.status(), 429);
        assert_eq!(
            retry_after == "3",
            form == RetryAfterForm::Seconds,
            "{retry_after}"
        );
        assert_eq!(retry_after.ends_with(" GMT"), form == RetryAfterForm::Date);
        assert_eq!(
            answer.json::<Value>().await.unwrap(),
            json!({"error": "rate_limited", "message": "a fault that was asked for"})
        );
    }
    assert_eq!(shown(&simulator, &id).await, [] as [bool; 0]);
}

#[tokio::test]
async fn a_limit_answers_429_until_the_bucket_has_filled() {
    for form in [RetryAfterForm::Seconds, RetryAfterForm::Date] {
        let simulator = start_with(Options {
            rate_limits: vec!["typing=0.001:2".parse().unwrap()],
            rate_limit_form: form,
            ..Options::default()
        })
        .await;
        let token = token(&simulator, SCOPES).await;
        let (path, id, _) = guest(&simulator, &token).await;
        let set = async |typing: bool| {
            http()
                .post(format!("{}{path}", simulator.base_url()))
                .bearer_auth(&token)
                .json(&json!({"typing": typing}))
                .send()
                .await
                .unwrap()
        };
        assert_eq!(set(true).await.status(), 200);
        assert_eq!(set(false).await.status(), 200);
        let refused = set(true).await;
        assert_eq!(refused.status(), 429);
        let retry_after = refused.headers()["retry-after"]
            .to_str()
            .unwrap()
            .to_owned();
        match form {
            RetryAfterForm::Seconds => {
                let seconds: u32 = retry_after.parse().unwrap();
                assert!((900..=1000).contains(&seconds), "{seconds}");
            }
            RetryAfterForm::Date => assert!(retry_after.ends_with(" GMT"), "{retry_after}"),
        }
        assert_eq!(
            refused.json::<Value>().await.unwrap(),
            json!({"error": "rate_limited", "message": "too many requests"})
        );
        assert_eq!(shown(&simulator, &id).await, [true, false]);
        guest(&simulator, &token).await;
    }
}
