//! The token endpoint: platform wire, section 2, and RFC 6749, section 5.2.

use std::time::Duration;

use cuecard_simulator::{Options, SeenKind, Simulator, oauth};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::client::{http, start, start_with};

const CREDENTIALS: &str = "grant_type=client_credentials&client_id=cid&client_secret=csecret";
/// `cid:csecret`.
const BASIC: &str = "Basic Y2lkOmNzZWNyZXQ=";

/// Posts a form; status, body and `WWW-Authenticate`.
async fn ask(
    simulator: &Simulator,
    path: &str,
    form: &str,
    basic: Option<&str>,
) -> (u16, Value, Option<String>) {
    let mut request = http()
        .post(format!("{}{path}", simulator.base_url()))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form.to_owned());
    if let Some(basic) = basic {
        request = request.header("authorization", basic);
    }
    let answer = request.send().await.unwrap();
    assert_eq!(answer.headers()["cache-control"], "no-store");
    assert_eq!(answer.headers()["content-type"], "application/json");
    let challenge = answer
        .headers()
        .get("www-authenticate")
        .map(|value| value.to_str().unwrap().to_owned());
    (
        answer.status().as_u16(),
        answer.json().await.unwrap(),
        challenge,
    )
}

fn assert_granted((status, body, _): &(u16, Value, Option<String>), ttl: u64) {
    assert_eq!(*status, 200, "{body}");
    let token = body["access_token"].as_str().unwrap();
    assert!(
        token
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)),
        "{token}"
    );
    assert_eq!(
        *body,
        json!({"access_token": token, "token_type": "Bearer", "expires_in": ttl})
    );
}

#[tokio::test]
async fn all_five_clients_get_a_token() {
    let simulator = start_with(Options {
        token_ttl: Duration::from_secs(1234),
        ..Options::default()
    })
    .await;
    for (path, scope) in [
        (
            "/oauth/token",
            "agentassist%3Acontent%3Awrite+realtime%3Aagentassist%3Apublish",
        ),
        ("/oauth2/token", "agentassist%3Awrite+interaction%3Aread"),
        (
            "/oauth/token",
            "realtime%3Aread+agentassist%3Awrite+interactions%3Aread",
        ),
        (
            "/oauth/token",
            "interaction%3Aread+postinteractionform%3Aread+workflow%3Atask%3Acreate+notification%3Awrite",
        ),
        ("/api/v1/oauth/token", "webchat.guest+webchat.message"),
    ] {
        assert_granted(
            &ask(
                &simulator,
                path,
                &format!("{CREDENTIALS}&scope={scope}"),
                None,
            )
            .await,
            1234,
        );
        let form = format!("grant_type=client_credentials&scope={scope}");
        assert_granted(&ask(&simulator, path, &form, Some(BASIC)).await, 1234);
    }
    assert_granted(
        &ask(&simulator, "/oauth/token", CREDENTIALS, None).await,
        1234,
    );
}

#[tokio::test]
async fn the_recorded_request_is_answered_byte_for_byte() {
    let simulator = start().await;
    let mut tcp = TcpStream::connect(simulator.base_url().strip_prefix("http://").unwrap())
        .await
        .unwrap();
    let request = "POST /oauth/token HTTP/1.1\r\nHost: localhost\r\nAccept: application/json, text/plain, */*\r\n\
        Content-Type: application/x-www-form-urlencoded\r\nUser-Agent: axios/1.21.1\r\nContent-Length: 134\r\n\
        Accept-Encoding: gzip, compress, deflate, br\r\nConnection: close\r\n\r\n\
        grant_type=client_credentials&client_id=cid&client_secret=csecret&scope=agentassist%3Acontent%3Awrite+realtime%3Aagentassist%3Apublish";
    tcp.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    tcp.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(
        answer.ends_with(r#","token_type":"Bearer","expires_in":1800}"#),
        "{answer}"
    );

    let seen = simulator.seen(0, Some(SeenKind::Http));
    let mut entry = serde_json::to_value(&seen[0]).unwrap();
    entry["at_ms"] = json!(0);
    assert_eq!(
        entry,
        json!({
            "n": 1, "at_ms": 0, "kind": "http", "route": "oauth", "method": "POST", "path": "/oauth/token",
            "user_agent": "axios/1.21.1", "accept": "application/json, text/plain, */*",
            "content_type": "application/x-www-form-urlencoded", "status": 200,
            "grant_type": "client_credentials", "auth": "body", "client_id": "cid",
            "scope": "agentassist:content:write realtime:agentassist:publish",
        })
    );
}

#[tokio::test]
async fn refusals_follow_rfc_6749() {
    let simulator = start().await;
    let wrong_basic = "Basic Y2lkOndyb25n";
    for (form, basic, status, error) in [
        (
            "grant_type=client_credentials&client_id=cid&client_secret=wrong",
            None,
            401,
            "invalid_client",
        ),
        (
            "grant_type=client_credentials&client_id=other&client_secret=csecret",
            None,
            401,
            "invalid_client",
        ),
        ("grant_type=client_credentials", None, 401, "invalid_client"),
        (
            "grant_type=client_credentials",
            Some(wrong_basic),
            401,
            "invalid_client",
        ),
        (
            "grant_type=client_credentials",
            Some("Bearer x"),
            401,
            "invalid_client",
        ),
        (CREDENTIALS, Some(BASIC), 400, "invalid_request"),
        (
            "grant_type=client_credentials&grant_type=password",
            Some(BASIC),
            400,
            "invalid_request",
        ),
        ("scope=realtime:read", Some(BASIC), 400, "invalid_request"),
        (
            "grant_type=authorization_code",
            Some(BASIC),
            400,
            "unsupported_grant_type",
        ),
        (
            "grant_type=client_credentials&scope=realtime:read+world:rule",
            Some(BASIC),
            400,
            "invalid_scope",
        ),
        (
            "grant_type=password&username=access-key-id",
            Some(BASIC),
            400,
            "invalid_request",
        ),
        (
            "grant_type=password&username=access-key-id&password=wrong",
            Some(BASIC),
            400,
            "invalid_grant",
        ),
    ] {
        let (got, body, challenge) = ask(&simulator, "/oauth/token", form, basic).await;
        assert_eq!(
            (got, body["error"].as_str()),
            (status, Some(error)),
            "{form} {basic:?}: {body}"
        );
        assert!(body["error_description"].is_string(), "{body}");
        let wants_challenge = status == 401 && basic.is_some();
        assert_eq!(challenge.is_some(), wants_challenge, "{form} {basic:?}");
        assert!(!body.to_string().contains("csecret"), "{body}");
    }
}

#[tokio::test]
async fn the_password_grant_takes_the_access_key() {
    let simulator = start().await;
    let form = format!(
        "grant_type=password&client_id=cid&client_secret=csecret&username={}&password={}",
        oauth::ACCESS_KEY_ID,
        oauth::ACCESS_KEY_SECRET
    );
    assert_granted(&ask(&simulator, "/oauth/token", &form, None).await, 1800);
}

#[tokio::test]
async fn basic_credentials_may_be_form_encoded() {
    let options = Options {
        client_id: "c:id".into(),
        client_secret: "s+e cret&".into(),
        ..Options::default()
    };
    let simulator = start_with(options).await;
    // `c%3Aid:s%2Be+cret%26`, as RFC 6749 section 2.3.1 wants it.
    let basic = "Basic YyUzQWlkOnMlMkJlK2NyZXQlMjY=";
    assert_granted(
        &ask(
            &simulator,
            "/oauth/token",
            "grant_type=client_credentials",
            Some(basic),
        )
        .await,
        1800,
    );
}

#[tokio::test]
async fn only_forms_by_post_are_read() {
    let simulator = start().await;
    let url = format!("{}/oauth/token", simulator.base_url());
    let answer = http()
        .post(&url)
        .json(&json!({"grant_type": "client_credentials"}))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 400);
    assert_eq!(
        answer.json::<Value>().await.unwrap(),
        json!({
            "error": "invalid_request",
            "error_description": "content type is \"application/json\", expected application/x-www-form-urlencoded",
        })
    );
    let answer = http().get(&url).send().await.unwrap();
    assert_eq!(answer.status(), 405);
    assert_eq!(answer.headers()["allow"], "POST");
    assert_eq!(
        answer.json::<Value>().await.unwrap()["error"],
        "method_not_allowed"
    );
    let answer = http()
        .post(format!("{}/oauth3/token", simulator.base_url()))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 404);
    assert_eq!(answer.json::<Value>().await.unwrap()["error"], "not_found");
    let seen: Vec<(String, u64)> = simulator
        .seen(0, None)
        .into_iter()
        .map(|entry| (entry.route, entry.details["status"].as_u64().unwrap()))
        .collect();
    assert_eq!(
        seen,
        [
            ("oauth".into(), 400),
            ("oauth".into(), 405),
            ("other".into(), 404)
        ]
    );
}
