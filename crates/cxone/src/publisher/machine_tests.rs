//! The decisions of the publish sockets: every effect of every step. Here by the rules of alerts; how
//! connections end is in `outage_tests`, what is different for suggestions in `suggestion_tests`.

use super::*;
use crate::{alerts, publisher::step::Frame, suggestions};

const S: fn(u64) -> Duration = Duration::from_secs;

const ACK: Answer = Answer::Acknowledged {
    latency: Duration::from_millis(250),
};

fn frame(id: &str) -> Frame {
    Frame {
        id: id.to_owned(),
        text: format!("{{\"id\":{id:?}}}"),
    }
}

fn offer(id: &str, from: u64, until: u64) -> Event {
    Event::Publish {
        offer: Offer {
            frame: frame(id),
            from: S(from),
            until: S(until),
        },
        is_repeat: false,
    }
}

/// Offers a frame that can be sent until 600 s.
fn publish(id: &str) -> Event {
    offer(id, 0, 600)
}

fn send(id: &str) -> Effect {
    Effect::Send(frame(id))
}

fn connected() -> Effect {
    Effect::Emit(PublishEvent::Connected)
}

fn arrived(id: &str) -> Effect {
    Effect::Emit(PublishEvent::Arrived { id: id.to_owned() })
}

fn known(id: &str) -> Effect {
    Effect::Emit(PublishEvent::Known { id: id.to_owned() })
}

fn lost(id: &str, loss: Loss) -> Effect {
    Effect::Emit(PublishEvent::Lost {
        id: id.to_owned(),
        loss,
    })
}

fn disconnected(outage: Outage, seconds: u64) -> Effect {
    Effect::Emit(PublishEvent::Disconnected {
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

fn rejected(code: ErrorCode, id: Option<&str>) -> Effect {
    Effect::Emit(PublishEvent::Rejected {
        code,
        id: id.map(str::to_owned),
    })
}

/// Steps with the longest wait that the backoff allows, and wants exactly these effects.
#[track_caller]
fn check(machine: &mut Machine, event: Event, seconds: u64, wanted: &[Effect]) {
    assert_eq!(machine.step(event, S(seconds), 1.0), wanted);
}

#[track_caller]
fn open(at: u64) -> Machine {
    let mut machine = Machine::new(alerts::RULES);
    check(&mut machine, Event::Start, at, &[Effect::Connect]);
    check(&mut machine, Event::Opened, at, &[connected()]);
    machine
}

#[test]
fn nothing_is_sent_before_the_socket_is_open() {
    let mut machine = Machine::new(alerts::RULES);
    check(&mut machine, publish("a"), 0, &[]);
    check(&mut machine, Event::Start, 0, &[Effect::Connect]);
    check(&mut machine, publish("b"), 1, &[]);
    check(
        &mut machine,
        Event::Opened,
        2,
        &[connected(), send("a"), send("b"), Effect::Probe(1)],
    );
    check(
        &mut machine,
        Event::Pong(1),
        3,
        &[arrived("a"), arrived("b")],
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
        &[arrived("a"), Effect::Probe(2)],
    );
    check(&mut machine, Event::Pong(1), 2, &[]);
    check(&mut machine, Event::Pong(2), 3, &[arrived("b")]);
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
    check(
        &mut machine,
        Event::Opened,
        4,
        &[connected(), send("a"), send("b"), Effect::Probe(2)],
    );
    check(
        &mut machine,
        error(ErrorCode::Duplicate, Some("a")),
        4,
        &[known("a")],
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

/// A machine that has sent `a` on one connection and, at 3 s, again on the next.
fn sent_again() -> Machine {
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
        &[connected(), send("a"), Effect::Probe(2)],
    );
    machine
}

#[test]
fn a_duplicate_that_comes_after_the_pong_is_told_besides() {
    let mut machine = sent_again();
    check(&mut machine, Event::Pong(2), 3, &[arrived("a")]);
    check(
        &mut machine,
        error(ErrorCode::Duplicate, Some("a")),
        3,
        &[known("a")],
    );
}

#[test]
fn what_was_refused_when_sent_again_is_no_success_any_more() {
    let mut machine = sent_again();
    check(
        &mut machine,
        error(ErrorCode::BufferLimit, Some("a")),
        3,
        &[rejected(ErrorCode::BufferLimit, Some("a"))],
    );
    // What is offered now under the same id is another frame.
    check(&mut machine, publish("a"), 4, &[send("a")]);
    check(
        &mut machine,
        error(ErrorCode::Duplicate, Some("a")),
        4,
        &[rejected(ErrorCode::Duplicate, Some("a"))],
    );
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
fn a_frame_is_kept_while_it_is_of_use_and_then_lost() {
    let mut machine = Machine::new(alerts::RULES);
    check(&mut machine, offer("b", 0, 601), 0, &[]);
    check(&mut machine, offer("a", 0, 600), 0, &[]);
    assert_eq!(machine.deadline(), Some(S(600)));
    check(&mut machine, Event::Timer, 599, &[]);
    check(&mut machine, Event::Timer, 600, &[lost("a", Loss::Expired)]);
    assert_eq!(machine.deadline(), Some(S(601)));
    check(
        &mut machine,
        offer("late", 0, 600),
        600,
        &[lost("late", Loss::Expired)],
    );
}

#[test]
fn a_frame_whose_pong_is_under_way_is_not_given_up() {
    let mut machine = open(0);
    check(
        &mut machine,
        offer("a", 0, 2),
        1,
        &[send("a"), Effect::Probe(1)],
    );
    check(&mut machine, Event::Timer, 3, &[]);
    check(&mut machine, Event::Pong(1), 4, &[arrived("a")]);
    check(
        &mut machine,
        offer("b", 0, 6),
        5,
        &[send("b"), Effect::Probe(2)],
    );
    check(
        &mut machine,
        dropped(),
        7,
        &[disconnected(ended(), 1), lost("b", Loss::Expired)],
    );
}

#[test]
fn what_is_kept_already_is_not_taken_twice_and_what_is_withdrawn_is_not_sent() {
    let mut machine = Machine::new(alerts::RULES);
    check(&mut machine, publish("a"), 0, &[]);
    check(&mut machine, offer("a", 0, 700), 0, &[]);
    check(&mut machine, publish("b"), 0, &[]);
    check(&mut machine, Event::Withdraw("b".into()), 0, &[]);
    check(&mut machine, Event::Withdraw("never".into()), 0, &[]);
    check(&mut machine, Event::Start, 0, &[Effect::Connect]);
    check(
        &mut machine,
        Event::Opened,
        0,
        &[connected(), send("a"), Effect::Probe(1)],
    );
}

#[test]
fn what_an_earlier_run_may_have_sent_has_arrived_when_it_is_known() {
    let mut machine = open(0);
    let Event::Publish { offer, .. } = publish("a") else {
        unreachable!("publish makes no other event")
    };
    let again = Event::Publish {
        offer,
        is_repeat: true,
    };
    check(&mut machine, again, 0, &[send("a"), Effect::Probe(1)]);
    check(
        &mut machine,
        error(ErrorCode::Duplicate, Some("a")),
        0,
        &[known("a")],
    );
}

#[test]
fn a_full_queue_loses_the_oldest() {
    let mut machine = Machine::new(alerts::RULES);
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
fn a_crowded_out_frame_does_not_take_another_one_s_confirmation() {
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
fn refused_frames_are_told_and_not_sent_again() {
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
        &[Effect::Emit(PublishEvent::Unreadable {
            reason: "x".into(),
        })],
    );
    assert_eq!(machine.kept(), 0);
}

#[path = "outage_tests.rs"]
mod outage_tests;

#[path = "suggestion_tests.rs"]
mod suggestion_tests;

#[path = "machine_properties.rs"]
mod properties;
