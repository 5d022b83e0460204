//! The notification socket's decisions: every effect of every step.

use super::*;
use crate::wire::notification::{Empty, MessageBody, Received, ResponseCode, ServerHeaders, Topic};

const S: fn(u64) -> Duration = Duration::from_secs;

fn headers() -> ServerHeaders {
    ServerHeaders {
        connection_id: "c".to_owned(),
    }
}

fn connected() -> Event {
    Event::Frame(ServerFrame::Connected {
        headers: headers(),
        body: Empty {},
    })
}

fn subscribed(topic: &str) -> Event {
    Event::Frame(ServerFrame::Subscribed {
        headers: headers(),
        body: Topic {
            topic: topic.to_owned(),
        },
    })
}

fn ack() -> Event {
    Event::Frame(ServerFrame::HeartbeatAck {
        headers: headers(),
        body: Empty {},
    })
}

fn received(object_id: &str) -> Event {
    Event::Frame(ServerFrame::Received {
        headers: headers(),
        body: Received {
            object_id: object_id.to_owned(),
        },
    })
}

fn error(code: i64) -> Event {
    let body = ErrorBody {
        response_code: ResponseCode::Number(code),
        response_text: "no".to_owned(),
    };
    Event::Frame(ServerFrame::Error {
        headers: headers(),
        body,
    })
}

fn dropped() -> Event {
    Event::Ended {
        reason: "1006".to_owned(),
    }
}

fn body(object_id: &str) -> OutcomeReport {
    OutcomeReport {
        object_id: object_id.to_owned(),
        contact_id: "INT-1".to_owned(),
        agent_id: "AGT-1".to_owned(),
        at: "2026-11-20T08:50:10.765Z".to_owned(),
        reason: None,
    }
}

fn report(waiter: Waiter, kind: OutcomeKind, object_id: &str) -> Event {
    Event::Report {
        waiter,
        kind,
        report: body(object_id),
    }
}

fn subscribe(topic: &str) -> Effect {
    Effect::Send(Command::Subscribe(topic.to_owned()))
}

fn sent(kind: OutcomeKind, object_id: &str) -> Effect {
    Effect::Send(Command::Report(kind, body(object_id)))
}

fn is_connected() -> Effect {
    Effect::Emit(NotificationEvent::Connected {
        connection_id: "c".to_owned(),
    })
}

fn disconnected(outage: Outage, seconds: u64) -> Effect {
    Effect::Emit(NotificationEvent::Disconnected {
        outage,
        retry_in: S(seconds),
    })
}

fn rejected(code: &str) -> Effect {
    Effect::Emit(NotificationEvent::Rejected {
        code: code.to_owned(),
    })
}

fn ended() -> Outage {
    Outage::Ended {
        reason: "1006".to_owned(),
    }
}

fn resolved(waiters: &[Waiter], result: Result<(), ReportError>) -> Effect {
    Effect::Resolve {
        waiters: waiters.to_vec(),
        result,
    }
}

/// Steps with the longest wait that the backoff allows, and wants exactly these effects.
#[track_caller]
fn check(machine: &mut Machine, event: Event, seconds: u64, wanted: &[Effect]) {
    assert_eq!(machine.step(event, S(seconds), 1.0), wanted);
}

const HELLO: Effect = Effect::Send(Command::Connect);
const HEARTBEAT_SENT: Effect = Effect::Send(Command::Heartbeat);

#[track_caller]
fn ready() -> Machine {
    let mut machine = Machine::new();
    check(&mut machine, Event::Start, 0, &[Effect::Connect]);
    check(&mut machine, Event::Opened, 0, &[HELLO]);
    check(&mut machine, connected(), 0, &[is_connected()]);
    machine
}

#[test]
fn connect_comes_first_and_subscriptions_after_its_answer() {
    let mut machine = Machine::new();
    check(&mut machine, Event::Subscribe("b".into()), 0, &[]);
    check(&mut machine, Event::Start, 0, &[Effect::Connect]);
    check(&mut machine, Event::Opened, 1, &[HELLO]);
    check(&mut machine, Event::Subscribe("a".into()), 1, &[]);
    check(&mut machine, Event::Subscribe("gone".into()), 1, &[]);
    check(&mut machine, Event::Unsubscribe("gone".into()), 1, &[]);
    check(
        &mut machine,
        connected(),
        2,
        &[is_connected(), subscribe("a"), subscribe("b")],
    );
    check(&mut machine, connected(), 2, &[]);
    check(&mut machine, Event::Subscribe("a".into()), 3, &[]);
    check(
        &mut machine,
        Event::Subscribe("c".into()),
        3,
        &[subscribe("c")],
    );
    let unsubscribe = Effect::Send(Command::Unsubscribe("b".into()));
    check(
        &mut machine,
        Event::Unsubscribe("b".into()),
        3,
        &[unsubscribe],
    );
    check(&mut machine, Event::Unsubscribe("b".into()), 3, &[]);
}

#[test]
fn a_silent_greeting_is_given_up() {
    let mut machine = Machine::new();
    check(&mut machine, Event::Start, 0, &[Effect::Connect]);
    check(&mut machine, Event::Opened, 0, &[HELLO]);
    assert_eq!(machine.deadline(), Some(S(10)));
    let silent = Outage::Silent {
        after: GREETING_WAIT,
    };
    check(
        &mut machine,
        Event::Timer,
        10,
        &[Effect::Abort, disconnected(silent, 1)],
    );
    check(&mut machine, Event::Timer, 11, &[Effect::Connect]);
}

#[test]
fn three_heartbeats_without_an_answer_end_the_connection() {
    let mut machine = ready();
    assert_eq!(machine.deadline(), Some(S(20)));
    check(&mut machine, Event::Timer, 19, &[]);
    check(
        &mut machine,
        Event::Timer,
        20,
        std::slice::from_ref(&HEARTBEAT_SENT),
    );
    check(
        &mut machine,
        Event::Timer,
        40,
        std::slice::from_ref(&HEARTBEAT_SENT),
    );
    check(&mut machine, ack(), 41, &[]);
    for seconds in [60, 80, 100] {
        check(
            &mut machine,
            Event::Timer,
            seconds,
            std::slice::from_ref(&HEARTBEAT_SENT),
        );
    }
    let silent = Outage::Silent { after: S(60) };
    check(
        &mut machine,
        Event::Timer,
        120,
        &[Effect::Abort, disconnected(silent, 1)],
    );
}

#[test]
fn after_a_reconnect_exactly_the_wanted_topics_are_subscribed_again() {
    let mut machine = ready();
    for topic in ["a", "b"] {
        check(
            &mut machine,
            Event::Subscribe(topic.into()),
            1,
            &[subscribe(topic)],
        );
        check(&mut machine, subscribed(topic), 1, &[]);
    }
    check(&mut machine, dropped(), 2, &[disconnected(ended(), 1)]);
    check(&mut machine, Event::Unsubscribe("a".into()), 2, &[]);
    check(&mut machine, Event::Subscribe("c".into()), 2, &[]);
    check(&mut machine, Event::Timer, 3, &[Effect::Connect]);
    check(&mut machine, Event::Opened, 3, &[HELLO]);
    check(
        &mut machine,
        connected(),
        3,
        &[is_connected(), subscribe("b"), subscribe("c")],
    );
}

#[test]
fn a_subscription_that_a_later_heartbeat_overtakes_is_asked_for_again() {
    let mut machine = ready();
    check(
        &mut machine,
        Event::Subscribe("a".into()),
        0,
        &[subscribe("a")],
    );
    check(&mut machine, Event::Timer, 20, &[HEARTBEAT_SENT]);
    check(
        &mut machine,
        Event::Subscribe("b".into()),
        20,
        &[subscribe("b")],
    );
    check(&mut machine, ack(), 20, &[subscribe("a")]);
    check(&mut machine, subscribed("b"), 21, &[]);
    check(&mut machine, subscribed("never wanted"), 21, &[]);
    check(&mut machine, Event::Timer, 40, &[HEARTBEAT_SENT]);
    check(&mut machine, subscribed("a"), 40, &[]);
    check(&mut machine, ack(), 40, &[]);
    check(&mut machine, ack(), 40, &[]);
}

#[test]
fn a_rejected_token_is_replaced_once_at_once() {
    let mut machine = Machine::new();
    check(&mut machine, Event::Start, 0, &[Effect::Connect]);
    for (wait, at) in [(0, 0), (2, 2)] {
        check(&mut machine, Event::Opened, 0, &[HELLO]);
        check(
            &mut machine,
            error(401),
            0,
            &[
                rejected("401"),
                Effect::Abort,
                Effect::DiscardToken,
                disconnected(Outage::Unauthorized, wait),
            ],
        );
        check(&mut machine, Event::Timer, at, &[Effect::Connect]);
    }
}

#[test]
fn a_missing_scope_is_named() {
    let mut machine = Machine::new();
    check(&mut machine, Event::Start, 0, &[Effect::Connect]);
    check(&mut machine, Event::Opened, 0, &[HELLO]);
    let forbidden = Outage::Forbidden {
        scope: "realtime:read".into(),
    };
    check(
        &mut machine,
        error(403),
        0,
        &[
            rejected("403"),
            Effect::Abort,
            Effect::DiscardToken,
            disconnected(forbidden, 60),
        ],
    );
}

#[test]
fn an_error_about_one_command_leaves_the_connection_alone() {
    let mut machine = ready();
    check(&mut machine, error(403), 1, &[rejected("403")]);
    check(&mut machine, error(400), 1, &[rejected("400")]);
    check(
        &mut machine,
        Event::Unreadable { reason: "x".into() },
        1,
        &[Effect::Emit(NotificationEvent::Unreadable {
            reason: "x".into(),
        })],
    );
    check(&mut machine, Event::Frame(ServerFrame::Unknown), 1, &[]);
    assert_eq!(machine.deadline(), Some(S(20)));
}

#[test]
fn a_message_is_passed_on() {
    let mut machine = ready();
    let body: MessageBody = serde_json::from_str("{\"contactId\":\"INT-1\"}").expect("a body");
    let message = Event::Frame(ServerFrame::Message {
        headers: headers(),
        body: body.clone(),
    });
    check(
        &mut machine,
        message,
        1,
        &[Effect::Emit(NotificationEvent::Message(body))],
    );
}

#[test]
fn a_graceful_end_resolves_everything() {
    use OutcomeKind::Rendered;
    let mut machine = ready();
    check(
        &mut machine,
        report(1, Rendered, "x"),
        0,
        &[sent(Rendered, "x")],
    );
    check(
        &mut machine,
        report(2, Rendered, "y"),
        0,
        &[sent(Rendered, "y")],
    );
    check(&mut machine, Event::Stop, 1, &[Effect::Close]);
    check(
        &mut machine,
        report(3, Rendered, "z"),
        1,
        &[resolved(&[3], Err(ReportError::Stopped))],
    );
    check(&mut machine, received("x"), 1, &[resolved(&[1], Ok(()))]);
    check(
        &mut machine,
        dropped(),
        1,
        &[resolved(&[2], Err(ReportError::Stopped))],
    );
    assert!(machine.is_stopped());

    let mut machine = ready();
    check(&mut machine, Event::Stop, 1, &[Effect::Close]);
    check(&mut machine, Event::Timer, 6, &[Effect::Abort]);
    assert!(machine.is_stopped());
}

#[path = "machine_properties.rs"]
mod properties;

#[path = "machine_report_tests.rs"]
mod reports;
