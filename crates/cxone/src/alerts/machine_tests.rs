//! The alerts socket's decisions: every effect of every step.

use super::*;
use crate::wire::alerts::{AlertMetadata, HTML, RiskLevel};

const S: fn(u64) -> Duration = Duration::from_secs;

fn alert(id: &str) -> Alert {
    Alert {
        content_id: id.to_owned(),
        title: "HIGH Risk Alert Detected".to_owned(),
        content: "\n<p>90.0%</p>\n".to_owned(),
        content_type: HTML.to_owned(),
        metadata: AlertMetadata {
            interaction_id: "INT-1".to_owned(),
            agent_id: "AGT-1".to_owned(),
            risk_level: RiskLevel::High,
            timestamp: "2026-11-20T08:50:10.765Z".to_owned(),
        },
    }
}

fn publish(id: &str) -> Event {
    Event::Publish(alert(id))
}

fn send(id: &str) -> Effect {
    Effect::Send(alert(id))
}

fn delivered(id: &str) -> Effect {
    Effect::Emit(AlertEvent::Delivered {
        content_id: id.to_owned(),
    })
}

fn lost(id: &str, loss: Loss) -> Effect {
    Effect::Emit(AlertEvent::Lost {
        content_id: id.to_owned(),
        loss,
    })
}

fn disconnected(outage: Outage, seconds: u64) -> Effect {
    Effect::Emit(AlertEvent::Disconnected {
        outage,
        retry_in: S(seconds),
    })
}

fn dropped() -> Event {
    Event::Ended {
        clean: false,
        reason: "1006".to_owned(),
    }
}

fn ended() -> Outage {
    Outage::Ended {
        reason: "1006".to_owned(),
    }
}

fn error(code: ErrorCode, reference: Option<&str>) -> Event {
    Event::Error(ErrorFrame {
        code,
        message: "no".to_owned(),
        reference: reference.map(str::to_owned),
    })
}

fn rejected(code: ErrorCode, content_id: Option<&str>) -> Effect {
    Effect::Emit(AlertEvent::Rejected {
        code,
        message: "no".to_owned(),
        content_id: content_id.map(str::to_owned),
    })
}

/// Steps with the longest wait that the backoff allows, and wants exactly these effects.
#[track_caller]
fn check(machine: &mut Machine, event: Event, seconds: u64, wanted: &[Effect]) {
    assert_eq!(machine.step(event, S(seconds), 1.0), wanted);
}

#[track_caller]
fn open(at: u64) -> Machine {
    let mut machine = Machine::new();
    check(&mut machine, Event::Start, at, &[Effect::Connect]);
    check(
        &mut machine,
        Event::Opened,
        at,
        &[Effect::Emit(AlertEvent::Connected)],
    );
    machine
}

#[test]
fn nothing_is_sent_before_the_socket_is_open() {
    let mut machine = Machine::new();
    check(&mut machine, publish("a"), 0, &[]);
    check(&mut machine, Event::Start, 0, &[Effect::Connect]);
    check(&mut machine, publish("b"), 1, &[]);
    let connected = Effect::Emit(AlertEvent::Connected);
    check(
        &mut machine,
        Event::Opened,
        2,
        &[connected, send("a"), send("b"), Effect::Probe(1)],
    );
    check(
        &mut machine,
        Event::Pong(1),
        3,
        &[delivered("a"), delivered("b")],
    );
    assert_eq!(machine.kept(), 0);
}

#[test]
fn a_pong_confirms_what_was_sent_before_its_ping_and_no_more() {
    let mut machine = open(0);
    check(
        &mut machine,
        publish("a"),
        1,
        &[send("a"), Effect::Probe(1)],
    );
    check(&mut machine, publish("b"), 1, &[send("b")]);
    check(&mut machine, Event::Pong(9), 2, &[]);
    check(
        &mut machine,
        Event::Pong(1),
        2,
        &[delivered("a"), Effect::Probe(2)],
    );
    check(&mut machine, Event::Pong(1), 2, &[]);
    check(&mut machine, Event::Pong(2), 3, &[delivered("b")]);
}

#[test]
fn what_was_not_confirmed_is_sent_again_and_a_duplicate_then_means_success() {
    let mut machine = open(0);
    check(
        &mut machine,
        publish("a"),
        1,
        &[send("a"), Effect::Probe(1)],
    );
    check(&mut machine, dropped(), 2, &[disconnected(ended(), 1)]);
    check(&mut machine, publish("b"), 2, &[]);
    check(&mut machine, Event::Timer, 3, &[Effect::Connect]);
    let connected = Effect::Emit(AlertEvent::Connected);
    check(
        &mut machine,
        Event::Opened,
        4,
        &[connected, send("a"), send("b"), Effect::Probe(2)],
    );
    check(
        &mut machine,
        error(ErrorCode::Duplicate, Some("a")),
        4,
        &[delivered("a")],
    );
    check(
        &mut machine,
        error(ErrorCode::Duplicate, Some("b")),
        4,
        &[rejected(ErrorCode::Duplicate, Some("b"))],
    );
    check(&mut machine, Event::Pong(2), 4, &[]);
    assert_eq!(machine.kept(), 0);
}

#[test]
fn a_duplicate_that_comes_after_the_pong_is_not_told_twice() {
    let mut machine = open(0);
    check(
        &mut machine,
        publish("a"),
        1,
        &[send("a"), Effect::Probe(1)],
    );
    check(&mut machine, dropped(), 2, &[disconnected(ended(), 1)]);
    check(&mut machine, Event::Timer, 3, &[Effect::Connect]);
    check(
        &mut machine,
        Event::Opened,
        3,
        &[
            Effect::Emit(AlertEvent::Connected),
            send("a"),
            Effect::Probe(2),
        ],
    );
    check(&mut machine, Event::Pong(2), 3, &[delivered("a")]);
    check(&mut machine, error(ErrorCode::Duplicate, Some("a")), 3, &[]);
}

#[test]
fn the_heartbeat_comes_every_25_s_and_its_probe_finds_a_dead_connection() {
    let mut machine = open(0);
    assert_eq!(machine.deadline(), Some(S(25)));
    check(&mut machine, Event::Timer, 24, &[]);
    check(
        &mut machine,
        Event::Timer,
        25,
        &[Effect::Heartbeat, Effect::Probe(1)],
    );
    check(&mut machine, Event::Pong(1), 26, &[]);
    assert_eq!(machine.deadline(), Some(S(50)));
    check(
        &mut machine,
        Event::Timer,
        50,
        &[Effect::Heartbeat, Effect::Probe(2)],
    );
    assert_eq!(machine.deadline(), Some(S(60)));
    let silent = Outage::Silent { after: PONG_WAIT };
    check(
        &mut machine,
        Event::Timer,
        60,
        &[Effect::Abort, disconnected(silent, 1)],
    );
}

#[test]
fn an_alert_is_kept_for_its_lifetime_and_then_lost() {
    let mut machine = Machine::new();
    check(&mut machine, publish("a"), 0, &[]);
    check(&mut machine, publish("b"), 1, &[]);
    assert_eq!(machine.deadline(), Some(S(600)));
    check(&mut machine, Event::Timer, 599, &[]);
    check(&mut machine, Event::Timer, 600, &[lost("a", Loss::Expired)]);
    assert_eq!(machine.deadline(), Some(S(601)));
}

#[test]
fn a_full_queue_loses_the_oldest() {
    let mut machine = Machine::new();
    for number in 0..CAPACITY {
        check(&mut machine, publish(&number.to_string()), 0, &[]);
    }
    check(
        &mut machine,
        publish("last"),
        0,
        &[lost("0", Loss::Crowded)],
    );
    assert_eq!(machine.kept(), CAPACITY);
}

#[test]
fn a_crowded_out_alert_does_not_take_another_one_s_confirmation() {
    let mut machine = open(0);
    check(
        &mut machine,
        publish("a"),
        0,
        &[send("a"), Effect::Probe(1)],
    );
    for number in 1..CAPACITY {
        machine.step(publish(&number.to_string()), S(0), 1.0);
    }
    check(
        &mut machine,
        publish("last"),
        0,
        &[lost("a", Loss::Crowded), send("last")],
    );
    check(&mut machine, Event::Pong(1), 1, &[Effect::Probe(2)]);
    assert_eq!(machine.kept(), CAPACITY);
}

#[test]
fn refused_alerts_are_told_and_not_sent_again() {
    let mut machine = open(0);
    check(
        &mut machine,
        publish("a"),
        1,
        &[send("a"), Effect::Probe(1)],
    );
    let code = ErrorCode::InvalidContentId;
    check(
        &mut machine,
        error(code, Some("a")),
        1,
        &[rejected(code, Some("a"))],
    );
    check(
        &mut machine,
        error(ErrorCode::InvalidJson, None),
        1,
        &[rejected(ErrorCode::InvalidJson, None)],
    );
    check(&mut machine, Event::Pong(1), 1, &[]);
    check(
        &mut machine,
        Event::Unreadable { reason: "x".into() },
        1,
        &[Effect::Emit(AlertEvent::Unreadable { reason: "x".into() })],
    );
    assert_eq!(machine.kept(), 0);
}

#[test]
fn an_unauthorized_frame_refreshes_the_token_and_keeps_the_alert() {
    let mut machine = open(0);
    check(
        &mut machine,
        publish("a"),
        1,
        &[send("a"), Effect::Probe(1)],
    );
    let code = ErrorCode::Unauthorized;
    check(
        &mut machine,
        error(code, Some("a")),
        1,
        &[
            rejected(code, Some("a")),
            Effect::Abort,
            Effect::DiscardToken,
            disconnected(Outage::Unauthorized, 0),
        ],
    );
    check(&mut machine, Event::Timer, 1, &[Effect::Connect]);
    check(
        &mut machine,
        Event::Opened,
        1,
        &[
            Effect::Emit(AlertEvent::Connected),
            send("a"),
            Effect::Probe(2),
        ],
    );
}

#[test]
fn a_frame_that_breaks_the_protocol_is_not_sent_again() {
    let mut machine = open(0);
    check(
        &mut machine,
        publish("a"),
        1,
        &[send("a"), Effect::Probe(1)],
    );
    let code = ErrorCode::Protocol;
    let outage = Outage::Rejected {
        code: "protocol".into(),
        text: "no".into(),
    };
    check(
        &mut machine,
        error(code, Some("a")),
        1,
        &[
            rejected(code, Some("a")),
            Effect::Abort,
            disconnected(outage, 1),
        ],
    );
    assert_eq!(machine.kept(), 0);
}

#[test]
fn refused_upgrades() {
    let mut machine = Machine::new();
    check(&mut machine, Event::Start, 0, &[Effect::Connect]);
    let unauthorized = Event::Failed(Outage::Unauthorized);
    check(
        &mut machine,
        unauthorized.clone(),
        0,
        &[Effect::DiscardToken, disconnected(Outage::Unauthorized, 0)],
    );
    check(&mut machine, Event::Timer, 0, &[Effect::Connect]);
    check(
        &mut machine,
        unauthorized,
        0,
        &[Effect::DiscardToken, disconnected(Outage::Unauthorized, 2)],
    );
    check(&mut machine, Event::Timer, 1, &[]);
    check(&mut machine, Event::Timer, 2, &[Effect::Connect]);
    let busy = Outage::Refused {
        status: 429,
        retry_after: Some(S(40)),
    };
    check(
        &mut machine,
        Event::Failed(busy.clone()),
        2,
        &[disconnected(busy, 40)],
    );
    assert_eq!(machine.deadline(), Some(S(42)));
    check(&mut machine, Event::Timer, 42, &[Effect::Connect]);
    let forbidden = Outage::Forbidden {
        scope: "realtime:agentassist:publish".into(),
    };
    check(
        &mut machine,
        Event::Failed(forbidden.clone()),
        42,
        &[Effect::DiscardToken, disconnected(forbidden, 60)],
    );
}

#[test]
fn a_graceful_end_confirms_what_was_sent() {
    let mut machine = open(0);
    check(
        &mut machine,
        publish("a"),
        1,
        &[send("a"), Effect::Probe(1)],
    );
    check(&mut machine, Event::Stop, 1, &[Effect::Close]);
    check(&mut machine, publish("b"), 1, &[lost("b", Loss::Stopped)]);
    check(
        &mut machine,
        Event::Ended {
            clean: true,
            reason: "closed with 1000".into(),
        },
        2,
        &[delivered("a")],
    );
    assert!(machine.is_stopped());
    assert_eq!(machine.deadline(), None);
}

#[test]
fn an_end_without_an_answer_loses_what_was_not_confirmed() {
    let mut machine = open(0);
    check(
        &mut machine,
        publish("a"),
        1,
        &[send("a"), Effect::Probe(1)],
    );
    check(&mut machine, Event::Stop, 1, &[Effect::Close]);
    assert_eq!(machine.deadline(), Some(S(6)));
    check(
        &mut machine,
        Event::Timer,
        6,
        &[Effect::Abort, lost("a", Loss::Stopped)],
    );
    assert!(machine.is_stopped());

    let mut machine = Machine::new();
    check(&mut machine, publish("a"), 0, &[]);
    check(&mut machine, Event::Start, 0, &[Effect::Connect]);
    check(
        &mut machine,
        Event::Stop,
        0,
        &[Effect::Abort, lost("a", Loss::Stopped)],
    );
    assert!(machine.is_stopped());
}

#[path = "machine_properties.rs"]
mod properties;
