//! What is different for suggestions: authentication by a frame, answers, a full buffer, repeats that wait.

use super::*;

/// A machine whose token was taken at `at`.
#[track_caller]
fn authenticated(at: u64) -> Machine {
    let mut machine = Machine::new(suggestions::RULES);
    check(&mut machine, Event::Start, at, &[Effect::Connect]);
    check(&mut machine, Event::Opened, at, &[Effect::Authenticate]);
    check(&mut machine, Event::Authenticated, at, &[connected()]);
    machine
}

fn answer(id: &str, answer: Answer) -> Event {
    Event::Answer {
        id: id.to_owned(),
        answer,
    }
}

fn acknowledged(id: &str) -> Effect {
    Effect::Emit(PublishEvent::Acknowledged {
        id: id.to_owned(),
        latency: Duration::from_millis(250),
    })
}

fn deferred(id: &str, seconds: u64) -> Effect {
    Effect::Emit(PublishEvent::Deferred {
        id: id.to_owned(),
        retry_in: S(seconds),
    })
}

#[test]
fn nothing_is_sent_before_the_token_was_taken() {
    let mut machine = Machine::new(suggestions::RULES);
    check(&mut machine, publish("a"), 0, &[]);
    check(&mut machine, Event::Authenticated, 0, &[]);
    check(&mut machine, Event::Start, 0, &[Effect::Connect]);
    check(&mut machine, Event::Authenticated, 0, &[]);
    check(&mut machine, Event::Opened, 0, &[Effect::Authenticate]);
    check(&mut machine, publish("b"), 1, &[]);
    check(&mut machine, Event::Timer, 9, &[]);
    let sent = [connected(), send("a"), send("b"), Effect::Probe(1)];
    check(&mut machine, Event::Authenticated, 9, &sent);
    check(
        &mut machine,
        Event::Pong(1),
        9,
        &[arrived("a"), arrived("b")],
    );
    assert_eq!(machine.kept(), 2, "not acknowledged");
}

#[test]
fn a_refused_token_is_replaced_at_once() {
    let mut machine = Machine::new(suggestions::RULES);
    check(&mut machine, publish("a"), 0, &[]);
    check(&mut machine, Event::Start, 0, &[Effect::Connect]);
    check(&mut machine, Event::Opened, 0, &[Effect::Authenticate]);
    let code = ErrorCode::Unauthorized;
    check(
        &mut machine,
        error(code, None),
        1,
        &[
            rejected(code, None),
            Effect::Abort,
            Effect::DiscardToken,
            disconnected(Outage::Unauthorized, 0),
        ],
    );
    check(&mut machine, Event::Timer, 1, &[Effect::Connect]);
    assert_eq!(machine.kept(), 1);
}

#[test]
fn a_platform_that_does_not_answer_the_token_is_given_up() {
    let mut machine = Machine::new(suggestions::RULES);
    check(&mut machine, Event::Start, 0, &[Effect::Connect]);
    check(&mut machine, Event::Opened, 0, &[Effect::Authenticate]);
    assert_eq!(machine.deadline(), Some(S(10)));
    let silent = Outage::Silent { after: AUTH_WAIT };
    check(
        &mut machine,
        Event::Timer,
        10,
        &[Effect::Abort, disconnected(silent, 1)],
    );
    check(&mut machine, Event::Timer, 11, &[Effect::Connect]);
    check(&mut machine, Event::Opened, 11, &[Effect::Authenticate]);
    check(&mut machine, dropped(), 12, &[disconnected(ended(), 2)]);
}

#[test]
fn what_was_not_acknowledged_is_sent_again_after_the_first_pong() {
    let mut machine = authenticated(0);
    check(
        &mut machine,
        publish("a"),
        1,
        &[send("a"), Effect::Probe(1)],
    );
    check(&mut machine, publish("b"), 1, &[send("b")]);
    check(&mut machine, publish("c"), 1, &[send("c")]);
    check(
        &mut machine,
        Event::Pong(1),
        1,
        &[arrived("a"), Effect::Probe(2)],
    );
    check(&mut machine, answer("b", ACK), 1, &[acknowledged("b")]);
    check(&mut machine, dropped(), 2, &[disconnected(ended(), 1)]);
    check(&mut machine, publish("new"), 2, &[]);
    check(&mut machine, Event::Timer, 3, &[Effect::Connect]);
    check(&mut machine, Event::Opened, 3, &[Effect::Authenticate]);
    check(
        &mut machine,
        Event::Authenticated,
        3,
        &[connected(), send("new"), Effect::Probe(3)],
    );
    // Decided while the connection was away, and told before the pong.
    let accepted = Effect::Emit(PublishEvent::Accepted { id: "c".into() });
    check(&mut machine, answer("c", Answer::Accepted), 3, &[accepted]);
    check(
        &mut machine,
        Event::Pong(3),
        3,
        &[arrived("new"), send("a"), Effect::Probe(4)],
    );
    check(
        &mut machine,
        error(ErrorCode::Duplicate, Some("a")),
        3,
        &[known("a")],
    );
    check(&mut machine, Event::Pong(4), 3, &[]);
    check(&mut machine, answer("a", ACK), 4, &[acknowledged("a")]);
    assert!(machine.keeps("new") && machine.kept() == 1);
}

#[test]
fn without_news_a_probe_of_its_own_lets_repeats_go() {
    let mut machine = authenticated(0);
    check(
        &mut machine,
        publish("a"),
        1,
        &[send("a"), Effect::Probe(1)],
    );
    check(&mut machine, dropped(), 2, &[disconnected(ended(), 1)]);
    check(&mut machine, Event::Timer, 3, &[Effect::Connect]);
    check(&mut machine, Event::Opened, 3, &[Effect::Authenticate]);
    check(
        &mut machine,
        Event::Authenticated,
        3,
        &[connected(), Effect::Probe(2)],
    );
    assert_eq!(machine.deadline(), Some(S(13)), "of the pong");
    check(
        &mut machine,
        Event::Pong(2),
        4,
        &[send("a"), Effect::Probe(3)],
    );
    check(
        &mut machine,
        error(ErrorCode::Duplicate, Some("a")),
        4,
        &[known("a")],
    );
}

#[test]
fn a_full_buffer_is_waited_out_while_the_window_lasts() {
    let mut machine = authenticated(0);
    check(
        &mut machine,
        offer("a", 0, 18),
        0,
        &[send("a"), Effect::Probe(1)],
    );
    let full = || error(ErrorCode::BufferLimit, Some("a"));
    check(&mut machine, full(), 0, &[deferred("a", 1)]);
    check(&mut machine, Event::Pong(1), 0, &[]);
    let mut probes = 1;
    for (at, next) in [(1, 2), (3, 4), (7, 8)] {
        assert_eq!(machine.deadline(), Some(S(at)));
        probes += 1;
        check(
            &mut machine,
            Event::Timer,
            at,
            &[send("a"), Effect::Probe(probes)],
        );
        check(&mut machine, full(), at, &[deferred("a", next)]);
        check(&mut machine, Event::Pong(probes), at, &[]);
    }
    check(
        &mut machine,
        Event::Timer,
        15,
        &[send("a"), Effect::Probe(5)],
    );
    check(&mut machine, full(), 15, &[deferred("a", 10)]);
    check(&mut machine, Event::Pong(5), 15, &[]);
    assert_eq!(machine.deadline(), Some(S(18)));
    check(&mut machine, Event::Timer, 18, &[lost("a", Loss::Expired)]);
    let code = ErrorCode::BufferLimit;
    check(&mut machine, full(), 18, &[rejected(code, Some("a"))]);
}

#[test]
fn a_deferred_suggestion_that_is_answered_after_all_is_not_sent_again() {
    let mut machine = authenticated(0);
    check(
        &mut machine,
        publish("a"),
        0,
        &[send("a"), Effect::Probe(1)],
    );
    let full = error(ErrorCode::BufferLimit, Some("a"));
    check(&mut machine, full, 0, &[deferred("a", 1)]);
    check(&mut machine, answer("a", ACK), 0, &[acknowledged("a")]);
    assert_eq!(machine.kept(), 0);
}

#[test]
fn a_suggestion_is_sent_when_its_window_begins_and_lost_when_it_ends() {
    let mut machine = authenticated(0);
    check(&mut machine, offer("a", 5, 15), 0, &[]);
    assert_eq!(machine.deadline(), Some(S(5)));
    check(
        &mut machine,
        Event::Timer,
        5,
        &[send("a"), Effect::Probe(1)],
    );
    check(&mut machine, Event::Pong(1), 5, &[arrived("a")]);
    check(&mut machine, Event::Timer, 15, &[lost("a", Loss::Expired)]);
}

#[test]
fn other_refusals_are_final_and_answers_for_others_are_told() {
    let mut machine = authenticated(0);
    check(
        &mut machine,
        publish("a"),
        0,
        &[send("a"), Effect::Probe(1)],
    );
    let code = ErrorCode::Relevance;
    check(
        &mut machine,
        error(code, Some("a")),
        0,
        &[rejected(code, Some("a"))],
    );
    assert_eq!(machine.kept(), 0);
    let dismissed = Effect::Emit(PublishEvent::Dismissed {
        id: "earlier".into(),
    });
    check(
        &mut machine,
        answer("earlier", Answer::Dismissed),
        0,
        &[dismissed],
    );
}

#[test]
fn an_answer_to_an_earlier_use_of_an_id_does_not_end_a_new_one() {
    let mut machine = authenticated(0);
    check(&mut machine, offer("a", 5, 15), 0, &[]);
    check(&mut machine, answer("a", ACK), 0, &[acknowledged("a")]);
    assert!(machine.keeps("a"));
}

#[test]
fn the_heartbeat_is_a_ping_every_20_s() {
    let mut machine = authenticated(0);
    assert_eq!(machine.deadline(), Some(S(20)));
    check(&mut machine, Event::Timer, 20, &[Effect::Probe(1)]);
    check(&mut machine, Event::Pong(1), 20, &[]);
    assert_eq!(machine.deadline(), Some(S(40)));
}

#[test]
fn a_graceful_end_tells_what_arrived_and_that_nothing_more_will_be_heard() {
    let mut machine = authenticated(0);
    check(
        &mut machine,
        publish("a"),
        1,
        &[send("a"), Effect::Probe(1)],
    );
    check(&mut machine, Event::Stop, 1, &[Effect::Close]);
    check(
        &mut machine,
        Event::Ended {
            clean: true,
            reason: "closed with 1000".into(),
        },
        2,
        &[arrived("a"), lost("a", Loss::Stopped)],
    );
    assert!(machine.is_stopped());
}
