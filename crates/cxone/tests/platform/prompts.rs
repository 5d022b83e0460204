//! The prompts socket against the simulator, and against a platform that restarts at the worst moment.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::support::{
    Puppet, Running, frames, pass, platform, platform_at, simulator_with, text, tokens,
};
use cuecard_cxone::{
    outage::Outage,
    platform::{Platform, SocketUrl, needed_scope},
    prompts::{Prompt, PromptPublisher, prompts},
    publisher::{Loss, PublishEvent},
    wire::{
        error_frame::ErrorCode,
        prompts::{PromptPayload, PromptSnippet, PromptSync},
    },
};
use cuecard_simulator::{Options, Simulator};

const ROUTE: &str = "prompts";

/// The age of a prompt that is to be fresh. It is so for 2 s: a clock that is ahead leaves a busy machine more time.
const FRESH: f64 = -40.0;

/// A prompt that was made so many seconds ago.
#[expect(
    clippy::disallowed_methods,
    reason = "the test's own publisher has a clock"
)]
fn prompt(id: &str, age: f64) -> Prompt {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    Prompt {
        frame_id: id.into(),
        payload: PromptPayload {
            session_id: "SESS-1".into(),
            agent_id: "AGT-1".into(),
            interaction_id: "INT-1".into(),
            snippets: vec![PromptSnippet {
                snippet_id: "KB-1".into(),
                content: "Apply retention discount code RET24.".into(),
                tags: vec!["retention".into()],
                source_system: "CRM".into(),
            }],
            priority_override: false,
            priority_level: 3,
            relevance_score: 0.75,
            timestamp: since.expect("after 1970").as_secs_f64() - age,
            ttl_seconds: 45,
        },
    }
}

/// A platform that bears such a clock.
async fn stage() -> (Simulator, Platform) {
    let simulator = simulator_with(Options {
        clock_skew: Duration::from_mins(1),
        ..Options::default()
    })
    .await;
    let mut platform = platform(&simulator);
    platform.scope = needed_scope(false, true);
    (simulator, platform)
}

fn start(platform: &Platform) -> (PromptPublisher, Running<PublishEvent>) {
    start_at(platform.prompts_url.clone().expect("it is set"), platform)
}

fn start_at(url: SocketUrl, platform: &Platform) -> (PromptPublisher, Running<PublishEvent>) {
    let (publisher, socket) = prompts(url, tokens(platform));
    let running = Running::start(100, |events, stop| socket.run(events, stop));
    (publisher, running)
}

fn arrived(id: &str) -> PublishEvent {
    PublishEvent::Arrived { id: id.into() }
}

fn stale(id: &str) -> PublishEvent {
    PublishEvent::Lost {
        id: id.into(),
        loss: Loss::Stale,
    }
}

#[tokio::test]
async fn prompts_are_numbered_and_arrive_in_order() {
    let (simulator, platform) = stage().await;
    let (publisher, mut running) = start(&platform);
    assert_eq!(running.next().await, PublishEvent::Connected);
    for id in ["a", "b", "c"] {
        publisher
            .publish(prompt(id, FRESH))
            .expect("the socket runs");
        assert_eq!(running.next().await, arrived(id));
    }
    let sent: Vec<_> = frames(&simulator, ROUTE)
        .into_iter()
        .map(|(frame, error)| {
            assert_eq!(error, None);
            let frame: PromptSync = serde_json::from_value(frame).expect("a prompt");
            (frame.frame_id, frame.sequence)
        })
        .collect();
    assert_eq!(
        sent,
        [("a".into(), 1), ("b".into(), 2), ("c".into(), 3)] as [(String, u64); 3]
    );
    assert_eq!(running.stop().await, []);
}

#[tokio::test]
async fn what_is_stale_is_not_sent_and_that_is_told() {
    let (simulator, platform) = stage().await;
    let (publisher, mut running) = start(&platform);
    assert_eq!(running.next().await, PublishEvent::Connected);
    publisher
        .publish(prompt("old", 2.5))
        .expect("the socket runs");
    publisher
        .publish(prompt("new", FRESH))
        .expect("the socket runs");
    assert_eq!(running.next().await, stale("old"));
    assert_eq!(running.next().await, arrived("new"));
    assert_eq!(frames(&simulator, ROUTE).len(), 1);
}

#[tokio::test]
async fn a_prompt_goes_stale_while_the_platform_is_away() {
    let nowhere = platform_at("http://127.0.0.1:1", "ws://127.0.0.1:1");
    let (publisher, mut running) = start(&nowhere);
    // From a clock that is ahead, so that it is not stale before it is known that the platform is away.
    publisher
        .publish(prompt("a", -20.0))
        .expect("the socket runs");
    let is_away =
        |event: &PublishEvent| matches!(event, PublishEvent::Disconnected { .. }).then_some(());
    running.find(is_away).await;
    pass(Duration::from_secs(22)).await;
    running
        .find(|event| (*event == stale("a")).then_some(()))
        .await;
}

#[tokio::test]
async fn a_repeat_keeps_its_id_and_its_number() {
    let (_simulator, platform) = stage().await;
    let (puppet, url) = Puppet::start().await;
    let (publisher, mut running) = start_at(url, &platform);
    // From a clock that is ahead, so that it is still fresh after the reconnect.
    publisher
        .publish(prompt("a", -20.0))
        .expect("the socket runs");
    let mut socket = puppet.accept().await;
    let first = text(&mut socket).await;
    drop(socket);
    let mut socket = puppet.accept().await;
    publisher
        .publish(prompt("b", -20.0))
        .expect("the socket runs");
    assert_eq!(text(&mut socket).await, first);
    let next: PromptSync = serde_json::from_str(&text(&mut socket).await).expect("a prompt");
    assert_eq!((next.frame_id.as_str(), next.sequence), ("b", 2));
    let mut answering = tokio::spawn(async move { text(&mut socket).await });
    running
        .find(|event| (*event == arrived("b")).then_some(()))
        .await;
    assert_eq!(running.stop().await, []);
    // The client has closed; it said nothing more.
    (&mut answering).await.expect_err("no further text");
}

#[tokio::test]
async fn a_known_frame_is_refused_unless_an_earlier_run_sent_it() {
    let (_simulator, platform) = stage().await;
    let (publisher, mut running) = start(&platform);
    assert_eq!(running.next().await, PublishEvent::Connected);
    publisher
        .publish(prompt("a", FRESH))
        .expect("the socket runs");
    assert_eq!(running.next().await, arrived("a"));
    publisher
        .publish(prompt("a", FRESH))
        .expect("the socket runs");
    let event = running.next().await;
    assert!(
        matches!(&event, PublishEvent::Rejected { code: ErrorCode::Duplicate, id: Some(id), .. } if id == "a"),
        "{event:?}"
    );
    publisher
        .publish_again(prompt("a", FRESH))
        .expect("the socket runs");
    let known = PublishEvent::Known { id: "a".into() };
    assert_eq!(running.next().await, known);
}

#[tokio::test]
async fn a_missing_scope_is_named() {
    let (_simulator, mut platform) = stage().await;
    platform.scope = needed_scope(true, false).replace("realtime:read ", "");
    let (_publisher, mut running) = start(&platform);
    let event = running.next().await;
    let PublishEvent::Disconnected { outage, .. } = event else {
        panic!("{event:?}")
    };
    assert_eq!(
        outage,
        Outage::Forbidden {
            scope: "realtime:read interactions:read".into()
        }
    );
}
