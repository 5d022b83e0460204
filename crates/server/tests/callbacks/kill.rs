//! A server is killed (`kill -9`) while a receiver has its first request and has not answered. The next server tells it
//! again, under the same name.

use std::process::{Child, Command};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use cuecard_protocol::{ActionKind, Millis};
use cuecard_server::clock::Clock;
use cuecard_server::lifecycle::start_with;

use super::desk::{START, action, agent, card, eventually, settings};
use super::receiver::{Answer, Receiver};

const DIR: &str = "CUECARD_TEST_DIR";
const URL: &str = "CUECARD_TEST_URL";

/// Kills what it holds, however the test ends.
struct Doomed(Child);

impl Drop for Doomed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The server that is killed: its agent accepts a card, and it waits.
#[tokio::test]
#[ignore = "runs in the process that the test below kills"]
async fn deciding_process() {
    let (Ok(dir), Ok(url)) = (std::env::var(DIR), std::env::var(URL)) else {
        return;
    };
    let config = settings(std::path::Path::new(&dir), &[("crm", &url, "")]);
    let running = start_with(config, Clock::manual(START)).await.unwrap();
    let backbone = &running.app.backbone;
    backbone.append(&agent(), card("c1")).await.unwrap();
    let accepted = action("c1", ActionKind::Accepted, None);
    backbone.record(&agent(), &accepted).await.unwrap();
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn what_was_under_way_when_the_server_was_killed_is_told_again() {
    let is_open = Arc::new(AtomicBool::new(false));
    let crm = Receiver::start({
        let is_open = Arc::clone(&is_open);
        move |_| {
            if is_open.load(Ordering::SeqCst) {
                Answer::Status(200)
            } else {
                Answer::Never
            }
        }
    })
    .await;
    let dir = tempfile::tempdir().unwrap();
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["kill::deciding_process", "--exact", "--ignored"])
        .env(DIR, dir.path())
        .env(URL, &crm.url)
        .spawn()
        .unwrap();
    let mut doomed = Doomed(child);
    crm.heard(1).await;
    doomed.0.kill().unwrap();
    doomed.0.wait().unwrap();

    is_open.store(true, Ordering::SeqCst);
    // The dead server's lease is not over yet.
    let clock = Clock::manual(START.plus(Millis::from_secs(59)));
    let config = settings(dir.path(), &[("crm", &crm.url, "")]);
    let running = start_with(config, clock.clone()).await.unwrap();
    let backbone = &running.app.backbone;
    let [job] = &backbone.jobs(None, None, 9).await.unwrap()[..] else {
        panic!("expected one job")
    };
    assert_eq!(
        (job.attempts, job.due_at),
        (1, START.plus(Millis::from_secs(60)))
    );
    clock.advance(Millis::from_secs(1));
    let none = async || backbone.jobs(None, None, 9).await.unwrap().is_empty();
    eventually("the job to be done", none).await;
    let heard = crm.heard(2).await;
    assert_eq!(heard.len(), 2);
    assert_eq!(heard[0].body, heard[1].body);
    let delivery = "x-cuecard-delivery";
    assert_eq!(heard[0].header(delivery), heard[1].header(delivery));
    heard[1].check_signature();
    running.shutdown().await;
}
