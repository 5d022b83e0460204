//! Outcomes told to receivers over real HTTP: signed, at least once, and each receiver by itself.
//!
//! [`receiver`] plays the other side, [`desk`] a server whose agent decides, [`kill`] has the crash.

mod desk;
mod kill;
mod receiver;

use cuecard_protocol::Millis;
use cuecard_server::backbone::embedded::beside::Beside;
use cuecard_server::backbone::jobs::JobState;
use serde_json::{Value, json};

use desk::{Desk, START, eventually};
use receiver::{Answer, Receiver};

#[tokio::test]
async fn a_decision_is_told_once_signed_and_noted() {
    let crm = Receiver::start(|_| Answer::Status(204)).await;
    let desk = Desk::start(&[("crm", &crm, "")]).await;
    desk.decide("c1", "dismissed", Some("not now")).await;
    let heard = crm.heard(1).await;
    let body: Value = serde_json::from_slice(&heard[0].body).unwrap();
    assert_eq!(
        body,
        json!({
            "event": "dismissed", "card_id": "c1", "kind": "alert", "interaction_id": "INT-c1",
            "agent_id": "AGT-1", "at": "2026-11-20T08:50:10.765Z", "reason": "not now", "snippet_id": null,
            "published_at": "2026-11-20T08:50:10.765Z", "client": null,
        })
    );
    heard[0].check_signature();
    assert_eq!(
        heard[0].header("x-cuecard-timestamp"),
        (START.0 / 1000).to_string()
    );
    assert_eq!(heard[0].header("content-type"), "application/json");
    desk.until_no_jobs().await;
    assert_eq!(crm.heard(1).await.len(), 1);
    let line = desk.audited("callback_delivered").await.remove(0);
    let delivery = heard[0].header("x-cuecard-delivery");
    assert_eq!(delivery.len(), 36, "{delivery}");
    assert_eq!(
        (
            &line["actor"],
            &line["card"],
            &line["outcome"],
            &line["detail"]
        ),
        (
            &json!("crm"),
            &json!("c1"),
            &json!("ok"),
            &json!({"event": "dismissed", "kind": "alert", "delivery": delivery, "attempts": 1, "status": 204}),
        )
    );
    desk.stop().await;
}

#[tokio::test]
async fn a_receiver_hears_only_what_it_asked_for() {
    let all = Receiver::start(|_| Answer::Status(200)).await;
    let some = Receiver::start(|_| Answer::Status(200)).await;
    let prompts = Receiver::start(|_| Answer::Status(200)).await;
    let desk = Desk::start(&[
        (
            "all",
            &all,
            "events = ['accepted', 'dismissed', 'adopted', 'expired']",
        ),
        ("some", &some, "events = ['accepted']"),
        ("prompts", &prompts, "kinds = ['prompt']"),
    ])
    .await;
    desk.decide("c1", "accepted", None).await;
    desk.decide("c2", "dismissed", None).await;
    // A delivery that is under way when an hour passes would be another's to repeat.
    desk.until_no_jobs().await;
    desk.show("c3").await;
    desk.clock.advance(Millis::from_secs(600));
    let events = |heard: Vec<receiver::Heard>| {
        let mut events: Vec<_> = heard.iter().map(receiver::Heard::event).collect();
        events.sort();
        events
    };
    assert_eq!(
        events(all.heard(3).await),
        ["accepted c1", "dismissed c2", "expired c3"]
    );
    desk.until_no_jobs().await;
    assert_eq!(events(some.heard(1).await), ["accepted c1"]);
    assert_eq!(prompts.heard(0).await.len(), 0);
    desk.stop().await;
}

#[tokio::test]
async fn a_receiver_that_does_not_answer_disturbs_nobody() {
    let slow = Receiver::start(|_| Answer::Never).await;
    let failing = Receiver::start(|_| Answer::Status(500)).await;
    let quick = Receiver::start(|_| Answer::Status(200)).await;
    let desk = Desk::start(&[
        ("slow", &slow, ""),
        ("failing", &failing, ""),
        ("quick", &quick, ""),
    ])
    .await;
    for n in 0..30 {
        desk.decide(&format!("c{n}"), "accepted", None).await;
    }
    assert_eq!(quick.heard(30).await.len(), 30);
    assert!(quick.most_at_once() <= 4, "{}", quick.most_at_once());
    slow.heard(4).await;
    failing.heard(30).await;
    let slow_open = desk.jobs("callback:slow").await;
    assert_eq!(slow_open.len(), 30);
    assert_eq!(slow.heard(4).await.len(), 4, "at most four under way");
    let leased = slow_open.iter().filter(|job| job.state == JobState::Leased);
    assert_eq!(leased.count(), 4);
    let failed = desk.jobs("callback:failing").await;
    assert_eq!(failed.len(), 30, "kept until they are delivered");
    // Not stopped: the drain would wait for the slow one as long as it may.
}

#[tokio::test]
async fn a_receiver_that_asks_for_time_gets_it_in_both_forms() {
    let crm = Receiver::start(|n| match n {
        0 => Answer::Later("7"),
        // The clock stands at 08:50:17.765 then.
        1 => Answer::Later("Fri, 20 Nov 2026 08:50:27 GMT"),
        _ => Answer::Status(200),
    })
    .await;
    let desk = Desk::start(&[("crm", &crm, "")]).await;
    desk.decide("c1", "accepted", None).await;
    let stands = async || {
        let jobs = desk.jobs("callback:crm").await;
        jobs.first()
            .map(|job| (job.due_at, job.attempts, job.state))
    };
    let first = Some((START.plus(Millis(7_000)), 1, JobState::Waiting));
    eventually("the first wait", async || stands().await == first).await;
    desk.clock.advance(Millis(7_000));
    let second = Some((Millis(START.0 - 765 + 17_000), 2, JobState::Waiting));
    eventually("the second wait", async || stands().await == second).await;
    desk.clock.advance(Millis(10_000));
    desk.until_no_jobs().await;
    let heard = crm.heard(3).await;
    assert_eq!(heard.len(), 3);
    for again in &heard {
        assert_eq!(again.body, heard[0].body);
        let delivery = "x-cuecard-delivery";
        assert_eq!(again.header(delivery), heard[0].header(delivery));
        again.check_signature();
    }
    desk.stop().await;
}

#[tokio::test]
async fn a_dead_job_is_kept_until_somebody_replays_it_beside_the_server() {
    let elsewhere = Receiver::start(|_| Answer::Status(200)).await;
    let to = elsewhere.url.clone();
    let crm = Receiver::start(move |n| match n {
        0 => Answer::Status(410),
        1 => Answer::Redirect(to.clone()),
        _ => Answer::Status(200),
    })
    .await;
    let desk = Desk::start(&[("crm", &crm, "")]).await;
    let beside = Beside::open(&desk.path("cuecard.db"), desk.clock.clone()).unwrap();
    let dead = async |reason: &str| {
        eventually(reason, async || {
            let jobs = beside
                .jobs(Some("callback:crm"), Some(JobState::Dead), 9)
                .unwrap();
            jobs.first()
                .is_some_and(|job| job.last_error.as_deref() == Some(reason))
        })
        .await;
        beside
            .jobs(None, Some(JobState::Dead), 9)
            .unwrap()
            .remove(0)
            .id
    };
    desk.decide("c1", "accepted", None).await;
    let id = dead("HTTP status 410, expected 2xx").await;
    assert_eq!(
        desk.audited("callback_dead").await[0]["detail"]["status"],
        410
    );
    assert!(beside.replay(id).unwrap());
    assert!(!beside.replay(id).unwrap(), "it is not dead any more");
    assert_eq!(dead("HTTP status 302, expected 2xx").await, id);
    assert!(
        elsewhere.heard(0).await.is_empty(),
        "redirects are not followed"
    );
    assert!(beside.replay(id).unwrap());
    // By another's hand, so nothing tells the server: it must look.
    desk.until_no_jobs().await;
    assert_eq!(crm.heard(3).await.len(), 3);
    assert!(!beside.discard(id).unwrap(), "it is done");
    desk.stop().await;
}

#[tokio::test]
async fn the_queues_are_measured() {
    let crm = Receiver::start(|_| Answer::Status(404)).await;
    let desk = Desk::start(&[("measured", &crm, "")]).await;
    desk.decide("c1", "accepted", None).await;
    let wanted = [
        "cuecard_callbacks_total{receiver=\"measured\",outcome=\"dead\"} 1",
        "cuecard_jobs_dead{queue=\"callback:measured\"} 1",
        "cuecard_jobs_open{queue=\"callback:measured\"} 0",
        "cuecard_jobs_oldest_seconds{queue=\"callback:measured\"} 0",
    ];
    eventually("the metrics", async || {
        let shown = desk.running.app.metrics.render();
        wanted
            .iter()
            .all(|line| shown.lines().any(|shown| shown == *line))
    })
    .await;
    desk.stop().await;
}
