//! Guests, their typing, their socket, and the customer's view: platform wire, sections 7, 12, 13 and 14.10.

use std::time::Duration;

use cuecard_simulator::{Options, SeenKind, Simulator};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::client::{End, LIMIT, Socket, admin, closed, start, start_with, token};
use crate::rest::{ask, axios};

pub const SCOPES: &str = "webchat.guest webchat.message";
/// A new guest: the path of its typing, its id and its socket's address.
pub async fn guest(simulator: &Simulator, token: &str) -> (String, String, String) {
    let body = json!({"attributes": {"source": "test"}});
    let (status, body) = ask(simulator, token, "POST", "/api/v1/webchat/guests", body).await;
    assert_eq!(status, 201, "{body}");
    let id = body["id"].as_str().unwrap().to_owned();
    let socket = body["webSocketUrl"].as_str().unwrap().to_owned();
    (format!("/api/v1/webchat/guests/{id}/typing"), id, socket)
}

/// What the customer saw, without the times, which rise.
pub async fn shown(simulator: &Simulator, id: &str) -> Vec<bool> {
    let (status, view) = admin(
        simulator,
        "GET",
        &format!("/admin/typing/{id}"),
        &Value::Null,
    )
    .await;
    assert_eq!(status, 200);
    let changes = view.as_array().unwrap();
    let times: Vec<i64> = changes
        .iter()
        .map(|change| change["at_ms"].as_i64().unwrap())
        .collect();
    assert!(times.is_sorted(), "{view}");
    changes
        .iter()
        .map(|change| change["typing"].as_bool().unwrap())
        .collect()
}

#[tokio::test]
async fn the_recorded_dialogue_and_the_verification_after_it() {
    let simulator = start().await;
    let (status, answer) = axios(
        &simulator,
        "POST /api/v1/oauth/token",
        "Content-Type: application/x-www-form-urlencoded\r\nAuthorization: Basic Y2lkOmNzZWNyZXQ=\r\n",
        "grant_type=client_credentials&scope=webchat.guest+webchat.message",
    )
    .await;
    assert_eq!(status, 200, "{answer}");
    let bearer = format!(
        "Authorization: Bearer {}\r\n",
        answer["access_token"].as_str().unwrap()
    );
    let json_bearer = format!("Content-Type: application/json\r\n{bearer}");
    let (status, guest) = axios(
        &simulator,
        "POST /api/v1/webchat/guests",
        &json_bearer,
        r#"{"attributes":{"source":"nodejs-typing-client"}}"#,
    )
    .await;
    assert!((200..300).contains(&status), "{guest}");
    let (id, socket) = (
        guest["id"].as_str().unwrap(),
        guest["webSocketUrl"].as_str().unwrap(),
    );
    let mut socket = Socket::open(socket).await.unwrap();

    let path = format!("/api/v1/webchat/guests/{id}/typing");
    let set = async |typing: bool| {
        let body = format!(r#"{{"typing":{typing}}}"#);
        let (status, _) = axios(&simulator, &format!("POST {path}"), &json_bearer, &body).await;
        assert_eq!(status, 200);
    };
    let read = async || axios(&simulator, &format!("GET {path}"), &bearer, "").await;
    set(true).await;
    assert_eq!(read().await, (200, json!({"typing": true})));
    set(false).await;
    assert_eq!(read().await, (200, json!({"typing": false})));
    // Expected true, found false: told again.
    set(true).await;
    assert_eq!(read().await, (200, json!({"typing": true})));
    set(false).await;

    socket.assert_quiet().await;
    socket.0.close(None).await.unwrap();
    assert_eq!(socket.end().await, End::NoCode);
    assert_eq!(
        closed(&simulator, "guest").await,
        ("client".to_owned(), 1005)
    );
    assert_eq!(shown(&simulator, id).await, [true, false, true, false]);
    let (status, all) = admin(&simulator, "GET", "/admin/typing", &Value::Null).await;
    assert_eq!(
        (
            status,
            all.as_object()
                .unwrap()
                .keys()
                .map(String::as_str)
                .collect::<Vec<_>>()
        ),
        (200, vec![id])
    );
    let noted: Vec<Value> = simulator
        .seen(0, Some(SeenKind::Http))
        .iter()
        .filter(|entry| entry.route == "typing" && entry.text("method") == Some("POST"))
        .map(|entry| json!([entry.details["guest"], entry.details["typing"]]))
        .collect();
    assert_eq!(
        noted,
        [true, false, true, false].map(|typing| json!([id, typing]))
    );
}

#[tokio::test]
async fn who_may_call_and_what_is_refused() {
    let simulator = start().await;
    let good = token(&simulator, SCOPES).await;
    let other = token(&simulator, "realtime:read").await;
    let (path, id, _) = guest(&simulator, &good).await;
    let guests = "/api/v1/webchat/guests";
    let actions = "/dfo/3.0/channels/chat/threads/INT-1/sender-actions";
    let calls = [
        ("POST", guests, json!({"attributes": {}})),
        ("POST", path.as_str(), json!({"typing": true})),
        ("GET", path.as_str(), Value::Null),
        ("POST", actions, json!({"action": "isTypingOn"})),
    ];
    for (method, path, body) in calls {
        let (status, answer) = ask(&simulator, "nonsense", method, path, body.clone()).await;
        assert_eq!(
            (status, &answer["error"]),
            (401, &json!("unauthorized")),
            "{method} {path}"
        );
        let (status, answer) = ask(&simulator, &other, method, path, body).await;
        assert_eq!(
            (status, &answer["error"]),
            (403, &json!("forbidden")),
            "{method} {path}"
        );
        let message = answer["message"].as_str().unwrap();
        assert!(
            message.starts_with("the access token lacks the scope webchat:"),
            "{message}"
        );
    }
    for (path, body) in [
        (guests, json!([])),
        (guests, json!({"attributes": "source"})),
        (&path, json!({})),
        (&path, json!({"typing": "true"})),
        (&path, json!({"typing": null})),
        (&path, json!([true])),
        (actions, json!({"action": "isDancing"})),
    ] {
        let (status, answer) = ask(&simulator, &good, "POST", path, body.clone()).await;
        assert_eq!(
            (status, &answer["error"]),
            (400, &json!("invalid_request")),
            "{path} {body}"
        );
    }
    let nobody = "/api/v1/webchat/guests/guest-0/typing";
    let (status, answer) = ask(&simulator, &good, "GET", nobody, Value::Null).await;
    assert_eq!(
        (status, answer),
        (
            404,
            json!({"error": "not_found", "message": "guest \"guest-0\": there is no such guest"})
        )
    );
    assert_eq!(
        ask(&simulator, &good, "DELETE", guests, Value::Null)
            .await
            .0,
        405
    );
    assert_eq!(
        shown(&simulator, &id).await,
        [] as [bool; 0],
        "nothing of all this was shown"
    );
    assert_eq!(shown(&simulator, "nobody").await, [] as [bool; 0]);
}

/// The lifetime of guests that are to end with it.
const TTL: Duration = Duration::from_secs(3);

/// A new guest and what its first call answered; the machine may pause before that, until another guest is needed.
async fn guest_after<T>(
    simulator: &Simulator,
    token: &str,
    first: impl AsyncFn(&(String, String, String)) -> Result<T, (u16, Value)>,
) -> ((String, String, String), T) {
    loop {
        let made = Instant::now();
        let guest = guest(simulator, token).await;
        match first(&guest).await {
            Ok(answer) => return (guest, answer),
            Err((_, body)) => assert!(
                body["error"] == "guest_expired" && made.elapsed() >= TTL,
                "{body}"
            ),
        }
    }
}

async fn assert_expired(simulator: &Simulator, token: &str, path: &str, id: &str) {
    let expected = json!({"error": "guest_expired", "message": format!("guest {id:?}: the guest's session is over")});
    for body in [Value::Null, json!({"typing": true})] {
        let method = if body.is_null() { "GET" } else { "POST" };
        assert_eq!(
            ask(simulator, token, method, path, body).await,
            (404, expected.clone())
        );
    }
}

#[tokio::test]
async fn a_guest_ends_with_its_time_or_with_its_session() {
    let simulator = start_with(Options {
        guest_ttl: TTL,
        ..Options::default()
    })
    .await;
    let token = token(&simulator, SCOPES).await;
    let turn_on = async |path: &str| {
        let (status, body) = ask(&simulator, &token, "POST", path, json!({"typing": true})).await;
        if status == 200 {
            Ok(())
        } else {
            Err((status, body))
        }
    };

    // First, so that its time is over when that of the other is.
    let open = async |guest: &(String, String, String)| Socket::open(&guest.2).await;
    let ((held_path, held, _), mut socket) = guest_after(&simulator, &token, open).await;
    turn_on(&held_path).await.unwrap();
    let first = async |guest: &(String, String, String)| turn_on(&guest.0).await;
    let ((timed_path, timed, timed_socket), ()) = guest_after(&simulator, &token, first).await;
    let deadline = Instant::now() + LIMIT;
    while shown(&simulator, &timed).await != [true, false] {
        assert!(Instant::now() < deadline);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_expired(&simulator, &token, &timed_path, &timed).await;
    let Err((status, body)) = Socket::open(&timed_socket).await else {
        panic!("the guest is over, and its socket opens");
    };
    assert_eq!((status, &body["error"]), (404, &json!("guest_expired")));

    assert_eq!(
        shown(&simulator, &held).await,
        [true],
        "its socket holds it"
    );
    socket.0.close(None).await.unwrap();
    socket.end().await;
    closed(&simulator, "guest").await;
    assert_expired(&simulator, &token, &held_path, &held).await;
    assert_eq!(shown(&simulator, &held).await, [true, false]);
}

#[tokio::test]
async fn a_guest_ends_when_told() {
    let simulator = start().await;
    let token = token(&simulator, SCOPES).await;
    let (path, id, _) = guest(&simulator, &token).await;
    let (status, answer) = admin(&simulator, "POST", "/admin/guests/expire", &Value::Null).await;
    assert_eq!((status, answer), (200, json!({"expired": 1})));
    assert_expired(&simulator, &token, &path, &id).await;
}

#[tokio::test]
async fn a_dropped_guest_socket_can_be_opened_again() {
    let simulator = start().await;
    let token = token(&simulator, SCOPES).await;
    let (path, _, url) = guest(&simulator, &token).await;
    let mut socket = Socket::open(&url).await.unwrap();
    socket.send_text("nobody reads this").await;
    socket.assert_quiet().await;
    let order = json!({"socket": "guest", "code": 1006});
    assert_eq!(
        admin(&simulator, "POST", "/admin/drop", &order).await,
        (200, json!({"dropped": 1}))
    );
    assert_eq!(socket.end().await, End::Abrupt);
    assert_eq!(
        closed(&simulator, "guest").await,
        ("platform".to_owned(), 1006)
    );
    assert_eq!(
        ask(&simulator, &token, "GET", &path, Value::Null).await,
        (200, json!({"typing": false}))
    );
    Socket::open(&url).await.unwrap().assert_quiet().await;
}

#[tokio::test]
async fn sender_actions_show_on_the_thread() {
    let simulator = start().await;
    let token = token(&simulator, SCOPES).await;
    let path = "/dfo/3.0/channels/chat%20eu/threads/INT%2F1/sender-actions";
    for action in ["isTypingOn", "isTypingOn", "isTypingOff"] {
        let (status, body) = ask(&simulator, &token, "POST", path, json!({"action": action})).await;
        assert_eq!((status, body), (204, Value::Null));
    }
    for id in ["chat%20eu/INT%2F1", "chat%20eu%2FINT%2F1"] {
        assert_eq!(shown(&simulator, id).await, [true, false]);
    }
    assert_eq!(
        simulator.all_typing().into_keys().collect::<Vec<_>>(),
        ["chat eu/INT/1"]
    );
}
