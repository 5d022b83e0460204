//! Tokens against the simulator and against an endpoint that notes what it is sent.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use crate::support::{
    LIMIT, pass, platform, platform_at, requests, simulator, simulator_with, tokens,
};
use axum::{Router, body::Bytes, http::HeaderMap, routing::post};
use cuecard_cxone::{
    platform::{ClientAuth, Grant},
    token::{AccessToken, TokenError, TokenSource},
};
use cuecard_simulator::{FaultRoute, FaultRule, Options, RetryAfterForm, Simulator};
use futures_util::FutureExt as _;
use secrecy::ExposeSecret as _;
use tokio::{
    net::TcpListener,
    sync::{Notify, mpsc},
    task::yield_now,
    time::{Instant, advance, pause, resume, timeout},
};

/// Asks from many tasks at once.
async fn ask_at_once(tokens: &TokenSource, times: usize) -> Vec<Result<AccessToken, TokenError>> {
    let tasks: Vec<_> = (0..times)
        .map(|_| {
            let tokens = tokens.clone();
            tokio::spawn(async move { tokens.token().await })
        })
        .collect();
    let mut results = Vec::new();
    for task in tasks {
        results.push(task.await.expect("asking does not panic"));
    }
    results
}

fn secrets(results: Vec<Result<AccessToken, TokenError>>) -> Vec<String> {
    let mut secrets: Vec<_> = results
        .into_iter()
        .map(|token| token.expect("a token").secret().expose_secret().to_owned())
        .collect();
    secrets.dedup();
    secrets
}

fn asked(simulator: &Simulator) -> usize {
    requests(simulator, "oauth").len()
}

/// When the cached token was asked for.
fn obtained(tokens: &TokenSource) -> Instant {
    let now = Instant::now();
    now - tokens.age(now).expect("there is one")
}

/// What a caller gets who does not wait.
fn at_once(tokens: &TokenSource) -> String {
    let token = tokens.token().now_or_never().expect("at once");
    token.expect("a token").secret().expose_secret().to_owned()
}

/// Asks, and waits until the answer to that is in the cache.
async fn refreshed(tokens: &TokenSource) -> String {
    let before = obtained(tokens);
    let old = at_once(tokens);
    let landed = async {
        while obtained(tokens) == before {
            yield_now().await;
        }
    };
    timeout(LIMIT, landed).await.expect("a new token in time");
    old
}

#[tokio::test]
async fn however_many_ask_the_endpoint_sees_one_request() {
    let simulator = simulator().await;
    simulator
        .set_faults(vec![FaultRule::latency(FaultRoute::Oauth, 100)])
        .expect("a rule");
    let tokens = tokens(&platform(&simulator));
    assert_eq!(secrets(ask_at_once(&tokens, 50).await).len(), 1);
    assert_eq!(secrets(ask_at_once(&tokens, 50).await).len(), 1);
    assert_eq!(asked(&simulator), 1);
}

#[tokio::test]
async fn a_rejected_token_is_replaced_once_however_many_report_it() {
    let simulator = simulator().await;
    simulator
        .set_faults(vec![FaultRule::latency(FaultRoute::Oauth, 50)])
        .expect("a rule");
    let tokens = tokens(&platform(&simulator));
    let first = tokens.token().await.expect("a token");
    let tasks: Vec<_> = (0..50)
        .map(|_| {
            let (tokens, first) = (tokens.clone(), first.clone());
            tokio::spawn(async move {
                tokens.rejected(&first);
                tokens.token().await
            })
        })
        .collect();
    for task in tasks {
        let second = task.await.expect("asking does not panic").expect("a token");
        assert_ne!(
            second.secret().expose_secret(),
            first.secret().expose_secret()
        );
        tokens.rejected(&first);
    }
    tokens.token().await.expect("the cached token");
    assert_eq!(asked(&simulator), 2);
}

#[tokio::test]
async fn a_token_is_replaced_60_s_before_it_expires() {
    let simulator = simulator_with(Options {
        token_ttl: Duration::from_mins(30),
        ..Options::default()
    })
    .await;
    let tokens = tokens(&platform(&simulator));
    let first = tokens.token().await.expect("a token");
    assert_eq!(first.scope(), None);
    pause();
    let age = tokens.age(Instant::now()).expect("there is one");
    advance(Duration::from_secs(1739).saturating_sub(age)).await;
    assert_eq!(tokens.age(Instant::now()), Some(Duration::from_secs(1739)));
    tokens.token().await.expect("the cached token");
    assert_eq!(asked(&simulator), 1);
    advance(Duration::from_secs(1)).await;
    resume();
    assert_eq!(
        refreshed(&tokens).await,
        first.secret().expose_secret(),
        "nobody waits for the new one"
    );
    assert_eq!(asked(&simulator), 2);
    assert_ne!(at_once(&tokens), first.secret().expose_secret());
    assert!(tokens.age(Instant::now()) < Some(Duration::from_mins(1)));
}

#[tokio::test]
async fn a_token_of_a_minute_is_replaced_after_each_call() {
    let simulator = simulator_with(Options {
        token_ttl: Duration::from_mins(1),
        ..Options::default()
    })
    .await;
    let tokens = tokens(&platform(&simulator));
    tokens.token().await.expect("a token");
    let mut served = Vec::new();
    for calls in 2..=4 {
        served.push(refreshed(&tokens).await);
        assert_eq!(asked(&simulator), calls);
    }
    served.dedup();
    assert_eq!(served.len(), 3, "each served one call");
}

#[tokio::test]
async fn while_a_new_token_is_under_way_the_living_one_is_handed_out() {
    let release = Arc::new(Notify::new());
    let (url, mut seen) = noting_endpoint(Some(Arc::clone(&release))).await;
    let tokens = tokens(&platform_at(&url, "ws://127.0.0.1:1"));
    release.notify_one();
    let first = tokens.token().await.expect("a token");
    seen.recv().await.expect("the first request");
    pass(Duration::from_secs(1745)).await;
    for _ in 0..50 {
        assert_eq!(at_once(&tokens), first.secret().expose_secret());
    }
    seen.recv()
        .await
        .expect("a request, although nobody waits for it");
    // The platform rejects the old token meanwhile: whoever comes now waits for the request that is under way.
    tokens.rejected(&first);
    assert!(tokens.token().now_or_never().is_none(), "none is alive");
    release.notify_one();
    assert_eq!(secrets(ask_at_once(&tokens, 50).await), ["tok-2"]);
    assert_eq!(at_once(&tokens), "tok-2");
    assert!(seen.try_recv().is_err(), "one request for all of them");
}

#[tokio::test]
async fn a_429_holds_nobody_up_while_a_token_lives() {
    let simulator = simulator_with(Options {
        token_ttl: Duration::from_mins(30),
        ..Options::default()
    })
    .await;
    let tokens = tokens(&platform(&simulator));
    let first = tokens.token().await.expect("a token");
    let rule = FaultRule::status(FaultRoute::Oauth, 429).retry_after(30, RetryAfterForm::Seconds);
    simulator.set_faults(vec![rule]).expect("a rule");
    pass(Duration::from_secs(1745)).await;
    assert_eq!(at_once(&tokens), first.secret().expose_secret());
    simulator
        .await_seen(0, LIMIT, |_| asked(&simulator) == 2)
        .await
        .expect("a request");
    assert_eq!(at_once(&tokens), first.secret().expose_secret());
    assert_eq!(asked(&simulator), 2);
}

#[tokio::test]
async fn while_the_endpoint_is_in_trouble_a_living_token_is_used_on() {
    let simulator = simulator_with(Options {
        token_ttl: Duration::from_secs(100),
        ..Options::default()
    })
    .await;
    let tokens = tokens(&platform(&simulator));
    let first = tokens.token().await.expect("a token");
    simulator
        .set_faults(vec![FaultRule::status(FaultRoute::Oauth, 503)])
        .expect("a rule");
    pass(Duration::from_secs(50)).await;
    for calls in 2..=4 {
        assert_eq!(at_once(&tokens), first.secret().expose_secret());
        let asked_again = async {
            while asked(&simulator) < calls {
                at_once(&tokens);
                yield_now().await;
            }
        };
        timeout(LIMIT, asked_again).await.expect("another try");
    }
    pass(Duration::from_secs(50)).await;
    // The last of these may be under way, and be timed out by the leap.
    tokens.token().await.expect_err("it has expired");
    let error = tokens.token().await.expect_err("it has expired");
    assert!(
        matches!(
            error,
            TokenError::Unavailable {
                status: 503,
                retry_after: None
            }
        ),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_429_is_waited_out_in_seconds() {
    let simulator = simulator().await;
    let rule = FaultRule::status(FaultRoute::Oauth, 429).retry_after(1, RetryAfterForm::Seconds);
    simulator.set_faults(vec![rule.times(1)]).expect("a rule");
    let tokens = tokens(&platform(&simulator));
    assert_eq!(secrets(ask_at_once(&tokens, 20).await).len(), 1);
    let seen = requests(&simulator, "oauth");
    assert_eq!(seen.len(), 2, "one refused, one granted");
    assert!(
        seen[1].at_ms - seen[0].at_ms >= 1000,
        "{} ms",
        seen[1].at_ms - seen[0].at_ms
    );
}

#[tokio::test]
async fn a_429_is_waited_out_until_a_date() {
    let simulator = simulator().await;
    let rule = FaultRule::status(FaultRoute::Oauth, 429).retry_after(2, RetryAfterForm::Date);
    simulator.set_faults(vec![rule.times(1)]).expect("a rule");
    tokens(&platform(&simulator))
        .token()
        .await
        .expect("a token");
    let seen = requests(&simulator, "oauth");
    assert_eq!(seen.len(), 2, "one refused, one granted");
    // The date has whole seconds, so up to one of the two is lost in writing it.
    let waited = seen[1].at_ms - seen[0].at_ms;
    assert!((1_000..=60_000).contains(&waited), "{waited} ms");
}

#[tokio::test]
async fn a_long_429_is_told_at_once_and_closes_the_gate() {
    let simulator = simulator().await;
    let rule = FaultRule::status(FaultRoute::Oauth, 429).retry_after(120, RetryAfterForm::Seconds);
    simulator.set_faults(vec![rule.times(1)]).expect("a rule");
    let tokens = tokens(&platform(&simulator));
    let error = tokens.token().await.expect_err("two minutes are too long");
    assert_eq!(
        error.to_string(),
        "the token endpoint asks us to wait 120 s (429)"
    );
    assert!(error.is_retryable());
    pass(Duration::from_secs(20)).await;
    let left = tokens
        .token()
        .await
        .expect_err("the gate is closed")
        .retry_after()
        .expect("a wait");
    assert!(left <= Duration::from_secs(100), "{left:?}");
    assert_eq!(asked(&simulator), 1);
    pass(left).await;
    tokens.token().await.expect("the gate is open");
    assert_eq!(asked(&simulator), 2);
}

#[tokio::test]
async fn a_failure_is_shared_too() {
    let simulator = simulator().await;
    let slow = FaultRule::latency(FaultRoute::Oauth, 100);
    simulator
        .set_faults(vec![slow, FaultRule::status(FaultRoute::Oauth, 503)])
        .expect("two rules");
    let tokens = tokens(&platform(&simulator));
    for result in ask_at_once(&tokens, 20).await {
        assert_eq!(
            result.expect_err("503").to_string(),
            "the token endpoint answered 503"
        );
    }
    assert_eq!(asked(&simulator), 1);
}

#[tokio::test]
async fn refusals_name_what_is_wrong() {
    let simulator = simulator().await;
    let mut wrong = platform(&simulator);
    wrong.client_secret = "guessed".into();
    let error = tokens(&wrong).token().await.expect_err("a wrong secret");
    assert!(
        matches!(error, TokenError::Unauthorized { status: 401, .. }),
        "{error:?}"
    );
    assert!(!error.is_retryable());
    let mut wrong = platform(&simulator);
    wrong.scope = "bogus:scope".into();
    let error = tokens(&wrong).token().await.expect_err("an unknown scope");
    assert!(
        error
            .to_string()
            .contains("refused the scope \"bogus:scope\""),
        "{error}"
    );
}

#[tokio::test]
async fn a_caller_that_goes_away_does_not_take_the_request_with_it() {
    let release = Arc::new(Notify::new());
    let (url, mut seen) = noting_endpoint(Some(Arc::clone(&release))).await;
    let tokens = tokens(&platform_at(&url, "ws://127.0.0.1:1"));
    let first = tokio::spawn({
        let tokens = tokens.clone();
        async move { tokens.token().await }
    });
    seen.recv().await.expect("the first caller's request");
    first.abort();
    assert!(first.await.expect_err("aborted").is_cancelled());
    let second = tokio::spawn(async move { tokens.token().await });
    release.notify_one();
    second
        .await
        .expect("asking does not panic")
        .expect("the token that the first asked for");
    assert!(seen.try_recv().is_err(), "there was one request");
}

/// Asks for a token when it is dropped, as a task may that is still awake while its runtime ends, and tells what came of it.
struct AsksAtTheEnd(TokenSource, std::sync::mpsc::Sender<Option<TokenError>>);

impl Drop for AsksAtTheEnd {
    fn drop(&mut self) {
        let answer = self.0.token().now_or_never();
        // Nobody waits any more: fine.
        let _ = self.1.send(answer.and_then(Result::err));
    }
}

#[test]
fn whoever_asks_while_the_runtime_ends_holds_it_up_no_longer() {
    let (tell, told) = std::sync::mpsc::channel();
    // In a thread of its own: should it hang, the test fails all the same.
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        let tokens = tokens(&platform_at("http://127.0.0.1:1", "ws://127.0.0.1:1"));
        let last = AsksAtTheEnd(tokens, tell);
        runtime.spawn(async move { drop(last) });
    });
    let error = told.recv_timeout(LIMIT).expect("an answer at once");
    assert_eq!(
        error.expect("a failure").to_string(),
        "the token endpoint could not be reached: the request was abandoned"
    );
}

/// An endpoint that notes `Authorization` and body and then grants everything, if need be only when released.
async fn noting_endpoint(
    release: Option<Arc<Notify>>,
) -> (String, mpsc::UnboundedReceiver<(Option<String>, String)>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let granted = Arc::new(AtomicU32::new(0));
    let grant = move |headers: HeaderMap, body: Bytes| async move {
        let authorization = headers
            .get("authorization")
            .map(|value| value.to_str().expect("text").to_owned());
        assert_eq!(headers["content-type"], "application/x-www-form-urlencoded");
        sender
            .send((
                authorization,
                String::from_utf8(body.to_vec()).expect("text"),
            ))
            .expect("somebody listens");
        if let Some(release) = release {
            release.notified().await;
        }
        let number = granted.fetch_add(1, Ordering::Relaxed) + 1;
        format!(r#"{{"access_token":"tok-{number}","expires_in":1800}}"#)
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        axum::serve(listener, Router::new().route("/oauth/token", post(grant))).await
    });
    (format!("http://{address}"), receiver)
}

#[tokio::test]
async fn grant_and_client_authentication_are_settings() {
    let (url, mut seen) = noting_endpoint(None).await;
    let mut platform = platform_at(&url, "ws://127.0.0.1:1");
    tokens(&platform).token().await.expect("a token");
    assert_eq!(
        seen.recv().await.expect("a request"),
        (
            None,
            "grant_type=client_credentials&client_id=cid&client_secret=csecret&scope=agentassist%3Acontent%3Awrite+realtime%3Aagentassist%3Apublish".to_owned()
        )
    );
    platform.client_auth = ClientAuth::Basic;
    platform.grant = Grant::Password {
        access_key_id: "key".into(),
        access_key_secret: "hush".into(),
    };
    platform.scope = "webchat.guest webchat.message".into();
    tokens(&platform).token().await.expect("a token");
    assert_eq!(
        seen.recv().await.expect("a request"),
        (
            Some("Basic Y2lkOmNzZWNyZXQ=".to_owned()),
            "grant_type=password&username=key&password=hush&scope=webchat.guest+webchat.message"
                .to_owned()
        )
    );
}
