//! What the panel says, and what ends its socket.

use super::*;

#[test]
fn actions_are_made_durable_and_then_acknowledged() {
    let mut connection = following();
    let action = Action {
        id: ActionId::parse("x1").unwrap(),
        card_id: CardId::parse("c1").unwrap(),
        kind: ActionKind::Dismissed,
        at: NOW,
        reason: None,
        snippet_id: None,
        until: None,
    };
    let json = serde_json::to_string(&ClientMessage::Action(action.clone())).unwrap();
    check(
        &mut connection,
        text(&json),
        &[Output::Record(action.clone())],
    );
    let ack = |outcome| {
        Output::Send(ServerMessage::Ack {
            id: action.id.clone(),
            outcome,
        })
    };
    let recorded = |recorded| Input::Recorded {
        id: action.id.clone(),
        recorded,
    };
    check(
        &mut connection,
        recorded(Recorded::Repeat),
        &[ack(AckOutcome::Recorded)],
    );
    check(
        &mut connection,
        recorded(Recorded::New {
            card: card("c1", "x"),
            removed: Some(Seq(42)),
        }),
        &[ack(AckOutcome::Recorded)],
    );
    check(
        &mut connection,
        recorded(Recorded::Refused {
            message: "too late".into(),
            left_by: Some(RemovalReason::Expired),
        }),
        &[ack(AckOutcome::Refused {
            message: "too late".into(),
            left_by: Some(RemovalReason::Expired),
        })],
    );
    let wordy = Action {
        reason: Some("ü".repeat(501)),
        ..action.clone()
    };
    let json = serde_json::to_string(&ClientMessage::Action(wordy)).unwrap();
    let message = "reason has 501 characters, expected at most 500".to_owned();
    check(
        &mut connection,
        text(&json),
        &[ack(AckOutcome::Refused {
            message,
            left_by: None,
        })],
    );
}

#[test]
fn ping_is_answered_and_unknown_types_are_counted() {
    let mut connection = following();
    check(
        &mut connection,
        text(r#"{"type":"ping"}"#),
        &[Output::Send(ServerMessage::Pong)],
    );
    check(
        &mut connection,
        text(r#"{"type":"confetti","n":[1]}"#),
        &[Output::Count("unknown_type")],
    );
    check(
        &mut connection,
        text(r#"{"type":"ping"}"#),
        &[Output::Send(ServerMessage::Pong)],
    );
}

#[test]
fn a_panel_of_another_agent_has_no_session_here() {
    let hello = |agent: &str| {
        text(&format!(
            r#"{{"type":"hello","last_seq":0,"version":"0","agent_id":"{agent}"}}"#
        ))
    };
    check(&mut opened(), hello("A-1"), &[Output::TakeSnapshot]);
    closes(
        &mut opened(),
        hello("A-2"),
        NOW,
        None,
        CloseCode::SessionEnded,
    );
}

#[test]
fn bad_messages_end_the_socket() {
    for bad in [
        "",
        "nonsense",
        "[]",
        "{}",
        r#"{"type":"hello"}"#,
        r#"{"type":"action","id":"a b"}"#,
    ] {
        let mut connection = following();
        closes(
            &mut connection,
            text(bad),
            NOW,
            Some("bad_message"),
            CloseCode::BadMessage,
        );
    }
    closes(
        &mut following(),
        hello(1, "log-1"),
        NOW,
        Some("out_of_turn"),
        CloseCode::BadMessage,
    );
    closes(
        &mut opened(),
        text(r#"{"type":"ping"}"#),
        NOW,
        Some("out_of_turn"),
        CloseCode::BadMessage,
    );
    closes(
        &mut opened(),
        Input::Unreadable("binary".into()),
        NOW,
        Some("bad_frame"),
        CloseCode::BadMessage,
    );
}

#[test]
fn a_close_reason_fits_into_its_frame_whole_characters_only() {
    let mut connection = opened();
    let outputs = connection.step(Input::Unreadable("ü".repeat(100)), NOW);
    assert_eq!(
        outputs,
        [
            Output::Count("bad_frame"),
            Output::Close(CloseCode::BadMessage, "ü".repeat(61))
        ]
    );
}

#[test]
fn hello_comes_in_time() {
    let mut connection = opened();
    assert_eq!(connection.deadline(), NOW.plus(Millis::from_secs(10)));
    assert_eq!(
        connection.step(Input::DeadlineReached, NOW.plus(Millis(9_999))),
        []
    );
    let late = NOW.plus(Millis::from_secs(10));
    closes(
        &mut connection,
        Input::DeadlineReached,
        late,
        Some("no_hello"),
        CloseCode::BadMessage,
    );
}

#[test]
fn a_quiet_browser_is_probed_once_and_then_dropped() {
    let mut connection = following();
    let at = |secs| NOW.plus(Millis::from_secs(secs));
    assert_eq!(connection.deadline(), at(25));
    assert_eq!(
        connection.step(Input::DeadlineReached, at(25)),
        [Output::Probe]
    );
    assert_eq!(connection.deadline(), at(35));
    assert_eq!(connection.step(Input::DeadlineReached, at(30)), []);
    assert_eq!(connection.step(Input::Heard, at(34)), []);
    assert_eq!(connection.deadline(), at(59));
    assert_eq!(
        connection.step(Input::DeadlineReached, at(59)),
        [Output::Probe]
    );
    assert_eq!(
        connection.step(Input::DeadlineReached, at(69)),
        [Output::Count("dead_peer"), Output::Drop]
    );
    assert!(connection.is_over());
}

#[test]
fn a_browser_that_was_asked_late_has_its_time_to_answer() {
    let mut connection = following();
    let at = |secs| NOW.plus(Millis::from_secs(secs));
    // This server itself was held up, and has asked nobody.
    assert_eq!(
        connection.step(Input::DeadlineReached, at(100)),
        [Output::Probe]
    );
    assert_eq!(connection.deadline(), at(110));
    assert_eq!(connection.step(Input::DeadlineReached, at(109)), []);
    assert_eq!(connection.step(Input::Heard, at(109)), []);
    assert_eq!(connection.deadline(), at(134));
    assert_eq!(
        connection.step(Input::DeadlineReached, at(200)),
        [Output::Probe]
    );
    assert_eq!(
        connection.step(Input::DeadlineReached, at(210)),
        [Output::Count("dead_peer"), Output::Drop]
    );
}

#[test]
fn the_session_ends_the_socket() {
    let end = NOW.plus(Millis::from_secs(3600));
    let mut connection = following();
    connection.step(Input::Heard, end);
    assert_eq!(connection.deadline(), end);
    closes(
        &mut connection,
        Input::DeadlineReached,
        end,
        None,
        CloseCode::SessionEnded,
    );
    closes(
        &mut following(),
        Input::SessionEnded,
        NOW,
        None,
        CloseCode::SessionEnded,
    );
}

#[test]
fn a_drain_and_a_failed_store_say_when_to_come_back() {
    for (input, reason) in [
        (
            Input::Draining {
                retry_after_ms: 1_234,
            },
            "the server is draining",
        ),
        (
            Input::StoreFailed {
                retry_after_ms: 1_234,
            },
            "the server's store failed",
        ),
    ] {
        check(
            &mut following(),
            input,
            &[
                Output::Send(ServerMessage::Bye {
                    reason: reason.into(),
                    retry_after_ms: 1_234,
                }),
                Output::Close(CloseCode::Draining, reason.into()),
            ],
        );
    }
}

#[test]
fn slow_consumers_are_cut_off() {
    closes(
        &mut following(),
        Input::Stalled,
        NOW,
        Some("slow_consumer"),
        CloseCode::SlowConsumer,
    );

    let mut connection = following();
    connection.step(Input::LogGrew, NOW);
    closes(
        &mut connection,
        Input::Read(Reading::Gap),
        NOW,
        Some("slow_consumer"),
        CloseCode::SlowConsumer,
    );

    let part = |n: u64| Input::Read(entries(n..=n + PART as u64 - 1));
    let mut connection = following();
    connection.step(Input::LogGrew, NOW);
    connection.step(part(42), NOW);
    let outputs = connection.step(part(42 + PART as u64), NOW.plus(Millis::from_secs(30)));
    assert!(matches!(outputs.last(), Some(Output::Read { .. })));
    let outputs = connection.step(part(42 + 2 * PART as u64), NOW.plus(Millis(30_001)));
    assert!(matches!(
        outputs.last(),
        Some(Output::Close(CloseCode::SlowConsumer, _))
    ));
    assert!(connection.is_over());
}

#[test]
fn being_behind_is_forgiven_when_it_was_caught_up() {
    let mut connection = following();
    connection.step(Input::LogGrew, NOW);
    let part = |n: u64| Input::Read(entries(n..=n + PART as u64 - 1));
    connection.step(part(42), NOW);
    connection.step(Input::Read(nothing()), NOW.plus(Millis::from_secs(20)));
    connection.step(Input::LogGrew, NOW.plus(Millis::from_secs(40)));
    let outputs = connection.step(part(42 + PART as u64), NOW.plus(Millis::from_secs(40)));
    assert!(
        matches!(outputs.last(), Some(Output::Read { .. })),
        "{:?}",
        outputs.last()
    );
}

#[test]
fn too_many_messages_end_the_socket() {
    let mut connection = following();
    // The hello was the first of the allowance.
    for _ in 1..Limits::default().burst {
        check(
            &mut connection,
            text(r#"{"type":"ping"}"#),
            &[Output::Send(ServerMessage::Pong)],
        );
    }
    let ping = text(r#"{"type":"ping"}"#);
    closes(
        &mut connection,
        ping,
        NOW,
        Some("too_many_messages"),
        CloseCode::TooMany,
    );
}
