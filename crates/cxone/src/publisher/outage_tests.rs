//! How connections are refused and lost, and how a socket stops.

use super::*;

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
            rejected(code, None),
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
        &[connected(), send("a"), Effect::Probe(2)],
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
    let mut machine = Machine::new(alerts::RULES);
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
        &[arrived("a")],
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

    let mut machine = Machine::new(alerts::RULES);
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
