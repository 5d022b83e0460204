//! The webhook `interaction.completed`: platform wire, sections 6.1, 12 and 14.9.

use cuecard_cxone::platform::HttpUrl;
use cuecard_simulator::{Options, Scenario, Simulator};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep, timeout};

use crate::client::{LIMIT, admin, http, now, start, start_with};

/// What the recorded client's receiver answers, as its library writes it.
const EXPRESS: &str = "HTTP/1.1 200 OK\r\nX-Powered-By: Express\r\nContent-Type: application/json; charset=utf-8\r\n\
    Content-Length: 17\r\nETag: W/\"11-Ai+PhtbCXyQ7KsqGZnGeD2K8yKk\"\r\nDate: Fri, 20 Nov 2026 08:49:52 GMT\r\n\
    Connection: close\r\n\r\n{\"received\":true}";
/// An answer that is no success.
const UNAVAILABLE: &str =
    "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

/// A receiver under the test's hand.
struct Receiver(TcpListener);

/// A request as it came.
struct Webhook {
    head: String,
    body: String,
}

impl Receiver {
    async fn start() -> (Self, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!(
            "http://{}/webhooks/interaction-completed",
            listener.local_addr().unwrap()
        );
        (Self(listener), url)
    }

    /// Takes one request and answers it, or ends the connection.
    async fn receive(&self, answer: Option<&str>) -> Webhook {
        let (mut tcp, _) = timeout(LIMIT, self.0.accept()).await.unwrap().unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(tcp.read_u8().await.unwrap());
        }
        let head = String::from_utf8(head).unwrap().to_lowercase();
        let length = head.split_once("content-length: ").unwrap().1;
        let mut body = vec![0; length.split_once("\r\n").unwrap().0.parse().unwrap()];
        tcp.read_exact(&mut body).await.unwrap();
        if let Some(answer) = answer {
            tcp.write_all(answer.as_bytes()).await.unwrap();
        }
        let body = String::from_utf8(body).unwrap();
        Webhook { head, body }
    }
}

impl Webhook {
    fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines
            .find(|(found, _)| *found == name)
            .map(|(_, value)| value)
    }

    fn delivery(&self) -> &str {
        self.header("x-cuecard-delivery").unwrap()
    }

    /// Checks the signature and that the time is that of now.
    fn assert_signed(&self, secret: &str) {
        let timestamp = self.header("x-cuecard-timestamp").unwrap();
        let age = now().as_second() - timestamp.parse::<i64>().unwrap();
        assert!((0..=60).contains(&age), "{age}");
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(format!("{timestamp}.{}", self.body).as_bytes());
        let expected = format!("v1={}", hex::encode(mac.finalize().into_bytes()));
        assert_eq!(self.header("x-cuecard-signature"), Some(expected.as_str()));
    }
}

async fn send(simulator: &Simulator, order: &Value) -> String {
    let (status, answer) = admin(simulator, "POST", "/admin/webhook", order).await;
    assert_eq!(status, 202, "{answer}");
    answer["delivery"].as_str().unwrap().to_owned()
}

/// What is known of the webhooks, once the first of them was answered 2xx so often.
async fn known(simulator: &Simulator, received: u64) -> Value {
    let deadline = Instant::now() + LIMIT;
    loop {
        let (status, known) = admin(simulator, "GET", "/admin/webhooks", &Value::Null).await;
        assert_eq!(status, 200);
        if known[0]["received"] == received {
            return known;
        }
        assert!(Instant::now() < deadline, "{known}");
        sleep(std::time::Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn it_is_what_the_recorded_client_takes() {
    let simulator = start().await;
    let (receiver, url) = Receiver::start().await;
    let order = json!({"url": url, "interactionId": "INT-CSAT-2", "agentId": "AGT-7"});
    let delivery = send(&simulator, &order).await;
    let request = receiver.receive(Some(EXPRESS)).await;
    assert!(
        request
            .head
            .starts_with("post /webhooks/interaction-completed http/1.1\r\n")
    );
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert_eq!(request.delivery(), delivery);
    assert_eq!(
        request.header("x-cuecard-signature"),
        None,
        "there is no secret"
    );
    assert_eq!(
        request.body,
        r#"{"event":"interaction.completed","interactionId":"INT-CSAT-2","agentId":"AGT-7"}"#
    );
    assert_eq!(
        known(&simulator, 1).await,
        json!([{
            "delivery": delivery, "interactionId": "INT-CSAT-2", "agentId": "AGT-7",
            "wanted": 1, "attempts": 1, "received": 1, "status": 200,
        }])
    );
}

#[tokio::test]
async fn it_comes_again_until_it_is_received_and_then_as_often_as_asked() {
    let simulator = start().await;
    let (receiver, url) = Receiver::start().await;
    let order = json!({"url": url, "interactionId": "a/../b", "agentId": "", "deliveries": 2, "secret": "s3cret"});
    let delivery = send(&simulator, &order).await;
    let before = Instant::now();
    let mut bodies = Vec::new();
    for answer in [None, Some(UNAVAILABLE), Some(EXPRESS), Some(EXPRESS)] {
        let request = receiver.receive(answer).await;
        assert_eq!(request.delivery(), delivery);
        request.assert_signed("s3cret");
        bodies.push(request.body);
    }
    assert!(
        before.elapsed().as_secs() >= 3,
        "1 s after the first failure, 2 s after the second"
    );
    bodies.dedup();
    assert_eq!(bodies.len(), 1);
    let known = known(&simulator, 2).await;
    assert_eq!(
        (&known[0]["attempts"], &known[0]["status"]),
        (&json!(4), &json!(200))
    );
}

#[tokio::test]
async fn it_ends_with_the_simulator() {
    let simulator = start().await;
    let (receiver, url) = Receiver::start().await;
    let order = json!({"url": url, "interactionId": "INT-1", "agentId": "AGT-1"});
    let first = send(&simulator, &order).await;
    let second = send(&simulator, &order).await;
    assert_ne!(first, second);
    receiver.receive(Some(UNAVAILABLE)).await;
    receiver.receive(None).await;
    simulator.shutdown().await;
    // What was tried before the end, on a machine that paused, is no matter here.
    while timeout(std::time::Duration::from_millis(50), receiver.0.accept())
        .await
        .is_ok()
    {}
    let more = timeout(std::time::Duration::from_millis(1500), receiver.0.accept()).await;
    assert!(more.is_err(), "the next try would have come after a second");
}

#[tokio::test]
async fn mistakes_in_an_order_are_named() {
    let simulator = start().await;
    for (order, message) in [
        (
            json!({"interactionId": "I", "agentId": "A"}),
            "url is missing, and --webhook-url is not set",
        ),
        (
            json!({"url": "ftp://h", "interactionId": "I", "agentId": "A"}),
            "\"ftp://h\" has another scheme",
        ),
        (
            json!({"url": "http://127.0.0.1:1", "interactionId": "I", "agentId": "A", "deliveries": 0}),
            "deliveries is 0, expected 1 to 1000",
        ),
        (
            json!({"url": "http://127.0.0.1:1", "agentId": "A"}),
            "missing field `interactionId`",
        ),
    ] {
        let (status, answer) = admin(&simulator, "POST", "/admin/webhook", &order).await;
        assert_eq!((status, &answer["error"]), (400, &json!("invalid_request")));
        let told = answer["message"].as_str().unwrap();
        assert!(told.contains(message), "{told}");
    }
}

#[tokio::test]
async fn the_builtin_call_ends_with_a_form_and_a_webhook() {
    let (receiver, url) = Receiver::start().await;
    let simulator = start_with(Options {
        scenario: Scenario::builtin(),
        webhook_url: Some(HttpUrl::parse(&url).unwrap()),
        webhook_secret: Some("s3cret".into()),
        ..Options::default()
    })
    .await;
    let score = async || {
        http()
            .get(format!("{}/v1/score", simulator.base_url()))
            .send()
            .await
            .unwrap()
    };
    for _ in 0..11 {
        score().await;
    }
    assert_eq!(simulator.webhooks(), []);
    score().await;
    let request = receiver.receive(Some(EXPRESS)).await;
    request.assert_signed("s3cret");
    let body: Value = serde_json::from_str(&request.body).unwrap();
    assert_eq!(
        (&body["interactionId"], &body["agentId"]),
        (&json!("INT-1"), &json!("AGT-1"))
    );
    let token = crate::client::token(&simulator, "postinteractionform:read").await;
    let path = "/api/v2/interactions/INT-1/postinteractionforms";
    let (status, form) = crate::rest::ask(&simulator, &token, "GET", path, Value::Null).await;
    assert_eq!(status, 200);
    assert_eq!(
        form["responses"][0],
        json!({"fieldName": "overall_satisfaction", "value": 2})
    );
    assert_eq!(known(&simulator, 1).await.as_array().unwrap().len(), 1);
}
