//! Typing from the panel's call to what the customer sees: a server and the simulated platform, in real time.
//!
//! [`world`] starts them and plays the panel, [`stalls`] tells what the machine is to blame for. What the machines decide is
//! tested beside them; here is whether the parts fit together, and that every way out ends with the indicator off.

mod stalls;
mod world;

use std::time::Duration;

use cuecard_simulator::{FaultKind, FaultRoute, FaultRule, RetryAfterForm};
use tokio::time::{Instant, sleep};

use crate::stalls::Stalls;
use crate::world::{DEADLINE, Panel, World};

/// A panel that has gone without a word is taken for typing no longer than this.
const GONE_WITHIN: Duration = Duration::from_secs(7);

#[track_caller]
fn ends_in_time(took: Duration, stalled: Duration) {
    assert!(
        took < GONE_WITHIN + stalled,
        "{took:?}, stalled {stalled:?}"
    );
}

#[tokio::test]
async fn a_burst_costs_two_calls_and_a_read_and_the_next_needs_no_new_guest() {
    let world = World::new().await;
    let server = world.server().await;
    let panel = Panel::of(&server).await;
    for burst in 1..=2 {
        panel.tell(true).await;
        world.customer_sees(true).await;
        panel.tell(true).await;
        panel.tell(false).await;
        world.reads(burst).await;
    }
    assert_eq!(
        world.calls(),
        [
            "POST guests",
            "POST typing 200",
            "POST typing 200",
            "GET typing 200",
            "POST typing 200",
            "POST typing 200",
            "GET typing 200",
        ]
    );
    assert_eq!(world.changes(), [true, false, true, false]);
    server.shutdown().await;
}

#[tokio::test]
async fn a_429_is_waited_out_in_both_forms() {
    for form in [RetryAfterForm::Seconds, RetryAfterForm::Date] {
        let world = World::new().await;
        let server = world.server().await;
        let panel = Panel::of(&server).await;
        panel.tell(true).await;
        world.customer_sees(true).await;
        world.fault(FaultRule {
            status: Some(429),
            retry_after: Some(2),
            retry_after_form: form,
            times: Some(1),
            ..FaultRule::new(FaultRoute::Typing, FaultKind::Status)
        });
        panel.tell(false).await;
        world.customer_sees(false).await;
        world.reads(1).await;
        let calls = [
            "POST guests",
            "POST typing 200",
            "POST typing 429",
            "POST typing 200",
        ];
        assert_eq!(world.calls()[..4], calls);
        let times = world.call_times();
        let waited = Duration::from_millis((times[3] - times[2]).try_into().unwrap());
        // Both forms ask for that at least: a date is rounded up. Whatever a busy machine adds, but not for ever.
        let right = Duration::from_secs(2)..DEADLINE;
        assert!(right.contains(&waited), "{waited:?}");
        server.shutdown().await;
    }
}

#[tokio::test]
async fn an_expired_guest_is_made_anew() {
    let world = World::new().await;
    let server = world.server().await;
    let panel = Panel::of(&server).await;
    panel.tell(true).await;
    world.customer_sees(true).await;
    panel.tell(false).await;
    world.reads(1).await;
    world.simulator.expire_guests();
    panel.tell(true).await;
    world.customer_sees(true).await;
    assert_eq!(
        world.calls()[4..],
        ["POST typing 404", "POST guests", "POST typing 200"]
    );
    server.shutdown().await;
    world.customer_sees(false).await;
}

#[tokio::test]
async fn a_panel_that_vanishes_ends_the_indicator_within_seven_seconds() {
    let world = World::new().await;
    let server = world.server().await;
    let panel = Panel::of(&server).await;
    panel.tell(true).await;
    world.customer_sees(true).await;
    let (gone, stalls) = (Instant::now(), Stalls::watch());
    drop(panel);
    world.customer_sees(false).await;
    let (took, stalled) = (gone.elapsed(), stalls.end());
    let right = Duration::from_millis(4_900)..GONE_WITHIN + stalled;
    assert!(right.contains(&took), "{took:?}, stalled {stalled:?}");
    server.shutdown().await;
}

#[tokio::test]
async fn a_panel_that_vanishes_beside_another_of_its_agent_ends_the_indicator_too() {
    let world = World::new().await;
    let server = world.server().await;
    let mut other = Panel::of(&server).await;
    let mut panel = Panel::of(&server).await;
    for panel in [&mut other, &mut panel] {
        panel.hello().await;
    }
    panel.tell(true).await;
    world.customer_sees(true).await;
    let (gone, stalls) = (Instant::now(), Stalls::watch());
    drop(panel);
    world.customer_sees(false).await;
    ends_in_time(gone.elapsed(), stalls.end());
    server.shutdown().await;
}

#[tokio::test]
async fn a_panel_whose_network_stalls_ends_the_indicator_within_seven_seconds_and_one_that_answers_does_not()
 {
    let world = World::new().await;
    let server = world.server().await;
    let mut panel = Panel::of(&server).await;
    panel.hello().await;
    panel.tell(true).await;
    world.customer_sees(true).await;
    // Time for some probes.
    sleep(Duration::from_secs(6)).await;
    assert_eq!(world.changes(), [true], "it answers probes");
    panel.stall().await;
    let (gone, stalls) = (Instant::now(), Stalls::watch());
    world.customer_sees(false).await;
    ends_in_time(gone.elapsed(), stalls.end());
    drop(panel);
    server.shutdown().await;
}

#[tokio::test]
async fn a_drain_ends_with_the_indicator_off() {
    let world = World::new().await;
    let server = world.server().await;
    let panel = Panel::of(&server).await;
    panel.tell(true).await;
    world.customer_sees(true).await;
    server.shutdown().await;
    assert_eq!(world.changes(), [true, false]);
}

#[tokio::test]
async fn a_killed_server_turns_the_indicator_off_when_it_is_back() {
    let world = World::new().await;
    let mut killed = world.process();
    let panel = Panel::at(killed.address).await;
    panel.tell(true).await;
    world.customer_sees(true).await;
    killed.kill();
    assert_eq!(world.changes(), [true], "nobody is left to end it");
    let again = world.process();
    // The time to start is the machine's; what is promised begins when the server is back.
    let (back, stalls) = (Instant::now(), Stalls::watch());
    world.customer_sees(false).await;
    ends_in_time(back.elapsed(), stalls.end());
    drop(again);
}

#[tokio::test]
async fn what_typing_did_is_in_the_metrics() {
    let world = World::new().await;
    let server = world.server().await;
    let panel = Panel::of(&server).await;
    panel.tell(true).await;
    world.customer_sees(true).await;
    panel.tell(false).await;
    world.reads(1).await;
    let metrics = server.app.metrics.render();
    for name in [
        "cuecard_typing_keystrokes_total",
        "cuecard_typing_calls_total{state=\"true\",outcome=\"done\"}",
        "cuecard_typing_calls_total{state=\"false\",outcome=\"done\"}",
        "cuecard_typing_calls_total{state=\"guest\",outcome=\"done\"}",
        "cuecard_typing_calls_saved_total",
    ] {
        let line = metrics.lines().find(|line| line.starts_with(name));
        assert!(line.is_some(), "{name} in\n{metrics}");
    }
    server.shutdown().await;
}
