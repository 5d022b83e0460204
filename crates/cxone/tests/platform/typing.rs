//! Typing by both adapters against the simulator.

use std::time::Duration;

use cuecard_cxone::{
    platform::Platform,
    token::TokenError,
    typing::{GuestId, Guests, Indicator, SenderActions, TYPING_SCOPE, TypingError},
};
use cuecard_simulator::{FaultKind, FaultRoute, FaultRule, Options, RetryAfterForm, Simulator};
use secrecy::ExposeSecret as _;
use serde_json::json;

use crate::support::{LIMIT, platform, requests, simulator, simulator_with, tokens};

fn settings(simulator: &Simulator) -> Platform {
    Platform {
        scope: TYPING_SCOPE.to_owned(),
        ..platform(simulator)
    }
}

pub fn guests(platform: &Platform) -> Guests {
    let guests = Guests::new(tokens(platform), &platform.token_url.origin());
    guests.expect("an HTTP client").with_limit(LIMIT)
}

pub fn actions(platform: &Platform) -> SenderActions {
    let actions = SenderActions::new(tokens(platform), &platform.token_url.origin(), "chat eu/1");
    actions.expect("an HTTP client").with_limit(LIMIT)
}

pub fn guest(id: &str) -> GuestId {
    GuestId::parse(id).expect("an id")
}

/// What the customer saw, without the times.
fn shown(simulator: &Simulator, id: &str) -> Vec<bool> {
    let view = simulator.typing(id);
    view.iter().map(|change| change.typing).collect()
}

#[tokio::test]
async fn a_guest_is_made_set_and_read() {
    let simulator = simulator().await;
    let guests = guests(&settings(&simulator));
    let id = guests.open("INT-1").await.expect("a guest");
    assert_eq!(guests.read(&id).await, Ok(Some(false)));
    guests.set(&id, true).await.expect("on");
    assert_eq!(guests.read(&id).await, Ok(Some(true)));
    guests.set(&id, false).await.expect("off");
    assert_eq!(guests.read(&id).await, Ok(Some(false)));
    assert_eq!(shown(&simulator, id.as_str()), [true, false]);
    let made = &requests(&simulator, "guests")[0];
    assert_eq!(
        (made.text("path"), &made.details["attributes"]),
        (
            Some("/api/v1/webchat/guests"),
            &json!({"source": "cuecard", "interactionId": "INT-1"})
        )
    );
    assert_eq!(requests(&simulator, "oauth").len(), 1);
    assert_ne!(
        guests.open("INT-1").await.expect("another guest"),
        id,
        "each call makes one"
    );
}

#[tokio::test]
async fn sender_actions_act_on_the_thread_and_cannot_be_read() {
    let simulator = simulator().await;
    let actions = actions(&settings(&simulator));
    let id = actions.open("INT/1?#%").await.expect("a thread");
    for typing in [true, true, false] {
        actions.set(&id, typing).await.expect("an action");
    }
    assert_eq!(actions.read(&id).await, Ok(None));
    assert_eq!(shown(&simulator, "chat eu/1/INT/1?#%"), [true, false]);
    assert_eq!(requests(&simulator, "typing").len(), 3);
    assert_eq!(requests(&simulator, "guests").len(), 0);
    for id in ["", ".", ".."] {
        let refused = actions.open(id).await.expect_err(id);
        assert!(matches!(refused, TypingError::Id(_)), "{refused:?}");
        let platform = settings(&simulator);
        assert!(
            SenderActions::new(tokens(&platform), &platform.token_url.origin(), id).is_err(),
            "a channel is a segment as well"
        );
    }
}

#[tokio::test]
async fn a_429_tells_its_wait_in_both_forms_and_is_not_repeated_here() {
    let simulator = simulator().await;
    let guests = guests(&settings(&simulator));
    let id = guests.open("INT-1").await.expect("a guest");
    for (route, form, calls) in [
        (FaultRoute::Typing, RetryAfterForm::Seconds, 1),
        (FaultRoute::Typing, RetryAfterForm::Date, 2),
        (FaultRoute::Guests, RetryAfterForm::Date, 2),
    ] {
        let rule = FaultRule::status(route, 429)
            .retry_after(3_000, form)
            .times(1);
        simulator.set_faults(vec![rule]).expect("a rule");
        let error = match route {
            FaultRoute::Typing => guests.set(&id, true).await.expect_err("429"),
            _ => guests.open("INT-2").await.map(drop).expect_err("429"),
        };
        let wait = error.retry_after().expect("a wait");
        // A date has whole seconds and is rounded up; its way shortens the wait.
        assert!(
            (Duration::from_secs(2_900)..=Duration::from_secs(3_001)).contains(&wait),
            "{wait:?}"
        );
        assert!(error.is_rate_limit() && error.is_retryable() && !error.is_gone());
        let route = if route == FaultRoute::Typing {
            "typing"
        } else {
            "guests"
        };
        assert_eq!(requests(&simulator, route).len(), calls);
    }
    simulator
        .set_faults(vec![FaultRule::status(FaultRoute::Typing, 429)])
        .expect("a rule");
    let error = guests.read(&id).await.expect_err("429 without a wait");
    assert_eq!(
        error.to_string(),
        "the typing API asks us to wait (429, no Retry-After)"
    );
    assert_eq!((error.retry_after(), error.is_retryable()), (None, true));
    assert_eq!(shown(&simulator, id.as_str()), [] as [bool; 0]);
}

#[tokio::test]
async fn a_rate_limit_of_the_platform_is_understood() {
    let simulator = simulator_with(Options {
        rate_limits: vec!["typing=0.001:1".parse().expect("a limit")],
        ..Options::default()
    })
    .await;
    let guests = guests(&settings(&simulator));
    let id = guests.open("INT-1").await.expect("a guest");
    guests.set(&id, true).await.expect("the first");
    let wait = guests.set(&id, false).await.expect_err("too early");
    let wait = wait.retry_after().expect("a wait");
    assert!((900..=1000).contains(&wait.as_secs()), "{wait:?}");
}

#[tokio::test]
async fn a_rejected_token_is_replaced_once() {
    let simulator = simulator().await;
    let platform = settings(&simulator);
    let (guests, actions) = (guests(&platform), actions(&platform));
    let id = guests.open("INT-1").await.expect("a guest");
    simulator.expire_tokens();
    guests.set(&id, true).await.expect("with a new token");
    simulator.expire_tokens();
    assert_eq!(guests.read(&id).await, Ok(Some(true)));
    let thread = actions.open("INT-1").await.expect("a thread");
    actions.set(&thread, true).await.expect("its own token");
    simulator.expire_tokens();
    actions.set(&thread, false).await.expect("with a new token");
    let before = requests(&simulator, "oauth").len();
    assert_eq!(before, 5);

    simulator
        .set_faults(vec![FaultRule::status(FaultRoute::Typing, 401)])
        .expect("a rule");
    let calls = requests(&simulator, "typing").len();
    let error = guests.set(&id, false).await.expect_err("always 401");
    assert_eq!(error, TypingError::Unauthorized);
    assert!(error.is_retryable() && !error.is_gone());
    assert_eq!(
        requests(&simulator, "typing").len(),
        calls + 2,
        "once more and not again"
    );
    simulator.clear_faults();
    guests
        .set(&id, false)
        .await
        .expect("the next call asks anew");
    assert_eq!(shown(&simulator, id.as_str()), [true, false]);
}

#[tokio::test]
async fn a_missing_scope_is_named() {
    let simulator = simulator().await;
    let mut platform = settings(&simulator);
    platform.scope = "webchat:message realtime:read".to_owned();
    let id = guest("guest-1");
    let error = guests(&platform).open("INT-1").await.expect_err("403");
    assert_eq!(
        error.to_string(),
        "the typing API refused with 403 (forbidden); the client needs the scope \"webchat.guest\""
    );
    assert!(
        !error.is_retryable() && !error.is_gone(),
        "nobody's guest has expired"
    );
    let error = guests(&platform).set(&id, true).await.expect_err("403");
    assert!(
        error.is_gone(),
        "a 403 about a guest may mean that it has expired: {error:?}"
    );
    platform.scope = "webchat.guest".to_owned();
    let error = actions(&platform).set(&id, true).await.expect_err("403");
    assert!(
        error.to_string().ends_with("the scope \"webchat.message\""),
        "{error}"
    );
    assert!(!error.is_gone(), "a thread does not expire");
}

#[tokio::test]
async fn a_guest_that_is_gone_is_told_and_can_be_made_anew() {
    let simulator = simulator().await;
    let guests = guests(&settings(&simulator));
    let id = guests.open("INT-1").await.expect("a guest");
    guests.set(&id, true).await.expect("on");
    assert_eq!(simulator.expire_guests(), 1);
    assert_eq!(shown(&simulator, id.as_str()), [true, false]);
    let gone = |reason: &str| TypingError::Gone {
        reason: reason.to_owned(),
    };
    for error in [
        guests.set(&id, false).await.expect_err("404"),
        guests.read(&id).await.map(drop).expect_err("404"),
    ] {
        assert_eq!(error, gone("guest_expired"));
        assert!(error.is_gone() && !error.is_retryable());
    }
    let nobody = guest("guest-0");
    assert_eq!(guests.read(&nobody).await, Err(gone("not_found")));
    let anew = guests.open("INT-1").await.expect("another guest");
    guests.set(&anew, true).await.expect("on");
    assert_eq!(shown(&simulator, anew.as_str()), [true]);
}

#[tokio::test]
async fn trouble_is_told_apart() {
    let simulator = simulator().await;
    let guests = guests(&settings(&simulator));
    let id = guests.open("INT-1").await.expect("a guest");
    let fail = async |rule: FaultRule| {
        simulator.set_faults(vec![rule]).expect("a rule");
        guests.read(&id).await.expect_err("a fault")
    };
    let error =
        fail(FaultRule::status(FaultRoute::Typing, 503).retry_after(7, RetryAfterForm::Seconds))
            .await;
    assert_eq!(
        error,
        TypingError::Unavailable {
            status: 503,
            retry_after: Some(Duration::from_secs(7))
        }
    );
    assert!(error.is_retryable());
    let error = fail(FaultRule::status(FaultRoute::Typing, 400)).await;
    assert_eq!(
        error.to_string(),
        "the typing API answered 400 (invalid_request), expected 2xx"
    );
    assert!(!error.is_retryable() && !error.is_gone());
    let error = fail(FaultRule::new(FaultRoute::Typing, FaultKind::Reset)).await;
    assert!(
        matches!(error, TypingError::Unreachable { .. }) && error.is_retryable(),
        "{error:?}"
    );
    let error = fail(FaultRule::new(FaultRoute::Typing, FaultKind::Garbage)).await;
    assert!(
        matches!(error, TypingError::Unreadable { .. }) && error.is_retryable(),
        "{error:?}"
    );
}

#[tokio::test]
async fn without_a_token_there_is_no_call() {
    let simulator = simulator().await;
    let rule = FaultRule::status(FaultRoute::Oauth, 503).retry_after(9, RetryAfterForm::Seconds);
    simulator.set_faults(vec![rule]).expect("a rule");
    let error = guests(&settings(&simulator))
        .open("INT-1")
        .await
        .expect_err("no token");
    assert!(
        matches!(
            error,
            TypingError::Token(TokenError::Unavailable { status: 503, .. })
        ),
        "{error:?}"
    );
    assert_eq!(error.retry_after(), Some(Duration::from_secs(9)));
    assert!(error.is_retryable() && !error.is_rate_limit());
    let mut platform = settings(&simulator);
    platform.client_secret = "wrong".into();
    simulator.set_faults(Vec::new()).expect("no rule");
    let error = guests(&platform).open("INT-1").await.expect_err("no token");
    assert!(
        matches!(error, TypingError::Token(TokenError::Unauthorized { .. }))
            && error.is_retryable(),
        "{error:?}"
    );
    assert_eq!(requests(&simulator, "guests").len(), 0);
}

#[tokio::test]
async fn no_token_is_in_an_error_or_in_debug() {
    let simulator = simulator().await;
    let platform = settings(&simulator);
    let source = tokens(&platform);
    let guests = Guests::new(source.clone(), &platform.token_url.origin()).expect("a client");
    let token = source.token().await.expect("a token");
    let (path, mut told) = (guest("guest-0"), vec![format!("{guests:?}")]);
    for fault in [
        FaultRule::status(FaultRoute::Typing, 403),
        FaultRule::status(FaultRoute::Typing, 500),
        FaultRule::new(FaultRoute::Typing, FaultKind::Reset),
    ] {
        simulator.set_faults(vec![fault]).expect("a rule");
        let error = guests.set(&path, true).await.expect_err("a fault");
        told.push(format!("{error} {error:?}"));
    }
    for text in told {
        assert!(!text.contains(token.secret().expose_secret()), "{text}");
        assert!(!text.contains("csecret"), "{text}");
    }
}
