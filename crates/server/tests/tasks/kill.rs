//! A server is killed (`kill -9`) while the platform has one of its calls and has not answered. The next server goes on
//! where that one was.

use std::path::Path;
use std::process::{Child, Command};

use cuecard_protocol::Millis;
use cuecard_server::clock::Clock;
use cuecard_server::lifecycle::start_with;
use cuecard_server::signature::{SIGNATURE, TIMESTAMP, sign};
use cuecard_server::tasks::QUEUE;
use cuecard_simulator::{FaultRoute, FaultRule, Options, Scenario, Simulator};
use serde_json::json;

use super::world::{SECRET, eventually, form, settings};

const DIR: &str = "CUECARD_TEST_DIR";
const HTTP: &str = "CUECARD_TEST_HTTP";
const WS: &str = "CUECARD_TEST_WS";
/// 2026-11-20T08:50:10.765Z.
const START: Millis = Millis(1_795_164_610_765);

/// Kills what it holds, however the test ends.
struct Doomed(Child);

impl Drop for Doomed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn webhooks() -> String {
    format!("[webhooks]\nsecret = '{SECRET}'\n")
}

/// The server that is killed: it takes a webhook, and works on.
#[tokio::test]
#[ignore = "runs in the process that the test below kills"]
async fn working_process() {
    let (Ok(dir), Ok(http), Ok(ws)) = (std::env::var(DIR), std::env::var(HTTP), std::env::var(WS))
    else {
        return;
    };
    let config = settings(Path::new(&dir), &http, &ws, &webhooks());
    let running = start_with(config, Clock::manual(START)).await.unwrap();
    let body = json!({"interactionId": "INT-1", "agentId": "AGT-7"}).to_string();
    let (timestamp, signature) = sign(&SECRET.into(), START, body.as_bytes());
    let url = format!("http://{}/webhooks/interaction-completed", running.address);
    let post = cuecard_cxone::http::client().unwrap().post(url).body(body);
    let post = post.header("Content-Type", "application/json");
    let answer = post
        .header(TIMESTAMP, timestamp)
        .header(SIGNATURE, signature)
        .send();
    assert_eq!(answer.await.unwrap().status(), 200);
    std::fs::write(Path::new(&dir).join("received"), "").unwrap();
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn what_was_under_way_when_the_server_was_killed_is_brought_to_its_end() {
    for (held, before) in [
        (FaultRoute::Forms, None),
        (FaultRoute::Tasks, Some("forms")),
        (FaultRoute::Notifications, Some("tasks")),
    ] {
        check(held, before).await;
    }
}

/// The server is killed while its call of the route `held` is not answered, and that `before` it was.
async fn check(held: FaultRoute, before: Option<&str>) {
    let options = Options {
        scenario: Scenario::none(),
        ..Options::default()
    };
    let simulator = Simulator::spawn(options).await.unwrap();
    simulator.set_form("INT-1", Some(form(1)));
    simulator
        .set_faults(vec![FaultRule::latency(held, 600_000)])
        .unwrap();
    let dir = tempfile::tempdir().unwrap();
    let (http, ws) = (simulator.base_url(), simulator.ws_url());
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["kill::working_process", "--exact", "--ignored"])
        .env(DIR, dir.path())
        .env(HTTP, &http)
        .env(WS, &ws)
        .spawn()
        .unwrap();
    let mut doomed = Doomed(child);
    eventually("the webhook to be answered", async || {
        dir.path().join("received").exists()
    })
    .await;
    if let Some(before) = before {
        let is_answered = async || {
            let seen = simulator.seen(0, None);
            seen.iter().any(|entry| entry.route == before)
        };
        eventually(before, is_answered).await;
    }
    doomed.0.kill().unwrap();
    doomed.0.wait().unwrap();
    simulator.clear_faults();

    // The dead server's lease is over then.
    let clock = Clock::manual(START.plus(Millis::from_secs(61)));
    let config = settings(dir.path(), &http, &ws, &webhooks());
    let running = start_with(config, clock).await.unwrap();
    let backbone = &running.app.backbone;
    let none = async || {
        backbone
            .jobs(Some(QUEUE), None, 9)
            .await
            .unwrap()
            .is_empty()
    };
    eventually("the evaluation", none).await;
    assert_eq!(
        (simulator.tasks().len(), simulator.notifications().len()),
        (1, 1),
        "{held:?}"
    );
    assert_eq!(backbone.live_count().await.unwrap(), 1);
    running.shutdown().await;
}
