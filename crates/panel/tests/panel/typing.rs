//! Typing: when the broker is told, and that every burst ends.

use cuecard_panel::{Effect, Event, Failure, TypingCounts};
use cuecard_protocol::typing::TypingRequest;
use cuecard_protocol::{InteractionId, Millis, Resume};

use crate::desk::{Desk, LIFE, hello, session, ticket, welcome};

fn shows(interaction: &str) -> Event {
    Event::Shows(InteractionId::parse(interaction).ok())
}

/// A connected panel whose host shows this conversation.
fn composing() -> Desk {
    let mut desk = Desk::connected();
    desk.check(shows("INT-1"), &[]);
    desk
}

fn call_in(interaction: &str, n: u64, typing: bool, keystrokes: u64) -> Effect {
    Effect::Typing(TypingRequest {
        interaction_id: InteractionId::parse(interaction).unwrap(),
        typing,
        life: LIFE.into(),
        n,
        keystrokes,
    })
}

fn call(n: u64, typing: bool, keystrokes: u64) -> Effect {
    call_in("INT-1", n, typing, keystrokes)
}

fn taken(n: u64) -> Event {
    Event::TypingTold { n, outcome: Ok(()) }
}

fn failed(n: u64, failure: Failure) -> Event {
    Event::TypingTold {
        n,
        outcome: Err(failure),
    }
}

const fn busy(seconds: Option<u64>) -> Failure {
    Failure::Busy {
        retry_after: match seconds {
            Some(seconds) => Some(Millis::from_secs(seconds)),
            None => None,
        },
    }
}

impl Desk {
    fn counts(&self) -> TypingCounts {
        self.panel.view(self.now).typing
    }

    fn is_typing(&self) -> bool {
        self.panel.view(self.now).is_typing
    }

    /// Writes a letter every 100 ms; the first comes at once.
    #[track_caller]
    fn write(&mut self, letters: u64) {
        for _ in 1..letters {
            self.check_wait(100, &[]);
            self.check(Event::Keystroke, &[]);
        }
    }
}

#[test]
fn a_burst_costs_two_calls_and_ends_two_seconds_after_its_last_key() {
    let mut desk = composing();
    desk.check(Event::Keystroke, &[call(1, true, 1)]);
    assert!(!desk.is_typing(), "not known yet");
    desk.check(taken(1), &[]);
    assert!(desk.is_typing());
    desk.write(50);
    desk.check_wait(2_500, &[(2_000, call(2, false, 49))]);
    desk.check(taken(2), &[]);
    assert!(!desk.is_typing());
    desk.check_wait(10_000, &[]);
    assert_eq!(
        desk.counts(),
        TypingCounts {
            keystrokes: 50,
            calls: 2,
            ..TypingCounts::default()
        }
    );
    assert_eq!(desk.counts().saved(), 48);
}

/// A panel that shares another one's socket; its host shows a conversation.
fn sharing() -> Desk {
    let mut desk = composing();
    desk.step(Event::SocketClosed { code: 1006 });
    desk.step(Event::CameOnline);
    desk.step(Event::TicketIssued(ticket()));
    desk.check(Event::SocketShared, &[hello(0, Some("log-1"))]);
    desk.say(&welcome(0, Resume::Resumed));
    desk
}

/// A panel that shares its socket and has just told for the second time that its agent types.
fn telling_again() -> Desk {
    let mut desk = sharing();
    desk.check(Event::Keystroke, &[call(1, true, 1)]);
    desk.check(taken(1), &[]);
    desk.sleep(1_000);
    desk.check(Event::Keystroke, &[]);
    desk.check_wait(1_500, &[(1_500, call(2, true, 1))]);
    desk
}

#[test]
fn a_panel_without_a_socket_of_its_own_tells_again_before_the_broker_forgets() {
    let mut desk = telling_again();
    assert!(desk.is_typing(), "the broker believes it still");
    desk.check(taken(2), &[]);
    // Two seconds after the last key.
    desk.check_wait(600, &[(500, call(3, false, 0))]);
    desk.check(taken(3), &[]);
    desk.check_wait(10_000, &[]);
}

#[test]
fn what_could_not_be_told_again_is_not_believed() {
    let mut desk = telling_again();
    desk.check(failed(2, Failure::Network), &[]);
    assert!(!desk.is_typing());
    // A broker that is busy has taken the call before all the same.
    desk.check(Event::Keystroke, &[]);
    desk.check_wait(1_000, &[(1_000, call(3, true, 2))]);
    desk.check(taken(3), &[]);
    desk.check(Event::Keystroke, &[]);
    desk.sleep(1_500);
    desk.check(Event::Keystroke, &[]);
    desk.check_wait(1_000, &[(1_000, call(4, true, 2))]);
    desk.check(failed(4, busy(Some(1))), &[]);
    assert!(desk.is_typing());
    desk.check_wait(999, &[]);
    desk.check(Event::Keystroke, &[]);
    desk.check_wait(1, &[(1, call(5, true, 3))]);
}

#[test]
fn every_way_of_leaving_ends_the_burst_at_once_also_past_a_call_in_flight() {
    let left = [
        Event::LeftComposer,
        Event::VisibilityChanged { visible: false },
        shows("INT-2"),
        Event::Shows(None),
    ];
    for event in left {
        let mut desk = composing();
        desk.check(Event::Keystroke, &[call(1, true, 1)]);
        desk.check(event.clone(), &[call(2, false, 0)]);
        // Whatever the first one comes to, it is over.
        desk.check(taken(1), &[]);
        desk.check(Event::LeftComposer, &[]);
        desk.check(taken(2), &[]);
        assert!(!desk.is_typing(), "{event:?}");
        desk.check_wait(10_000, &[]);
    }
}

#[test]
fn what_is_sent_goes_to_the_host_and_ends_the_burst() {
    let mut desk = composing();
    desk.check(Event::Keystroke, &[call(1, true, 1)]);
    desk.check(
        Event::Message("Hello".into()),
        &[call(2, false, 0), Effect::Message("Hello".into())],
    );
}

#[test]
fn a_lost_session_ends_the_burst_and_the_end_is_told_when_there_is_another() {
    let mut desk = composing();
    desk.check(Event::Keystroke, &[call(1, true, 1)]);
    desk.check(taken(1), &[]);
    desk.check(
        Event::SocketClosed { code: 4401 },
        &[
            Effect::OpenSession {
                fresh_assertion: true,
            },
            call(2, false, 0),
        ],
    );
    desk.check(failed(2, Failure::Unauthorized), &[]);
    desk.check(Event::Keystroke, &[]);
    desk.check_wait(1_000, &[]);
    desk.check(
        Event::SessionOpened(session("agent-1")),
        &[Effect::FetchTicket],
    );
    desk.check_wait(500, &[]);
    desk.reopen();
    // The broker is there again: at once.
    desk.check_say(&welcome(0, Resume::Resumed), &[call(3, false, 1)]);
    desk.check(taken(3), &[]);
    desk.check_wait(10_000, &[]);
}

#[test]
fn a_call_that_finds_the_session_lost_looks_for_another_and_is_not_repeated_without() {
    let mut desk = composing();
    desk.check(Event::Keystroke, &[call(1, true, 1)]);
    desk.check(taken(1), &[]);
    desk.check(Event::LeftComposer, &[call(2, false, 0)]);
    let effects = desk.step(failed(2, Failure::Unauthorized));
    assert_eq!(effects, [Effect::CloseSocket, Effect::FetchTicket]);
    desk.check(Event::Keystroke, &[]);
    desk.check(Event::LeftComposer, &[]);
    desk.check(
        Event::TicketFailed(Failure::Unauthorized),
        &[Effect::OpenSession {
            fresh_assertion: true,
        }],
    );
}

#[test]
fn without_a_conversation_or_a_connection_nothing_is_told() {
    let mut desk = Desk::connected();
    desk.check(Event::Keystroke, &[]);
    assert_eq!(desk.counts(), TypingCounts::default());

    let mut desk = Desk::new();
    desk.step(Event::Started { stored: None });
    desk.check(shows("INT-1"), &[]);
    desk.check(Event::Keystroke, &[]);
    desk.check(Event::LeftComposer, &[]);
    assert_eq!(desk.counts().calls, 0);
}

#[test]
fn after_an_outage_a_burst_that_goes_on_is_told_again_and_one_that_is_over_is_not() {
    let mut desk = composing();
    desk.check(Event::Keystroke, &[call(1, true, 1)]);
    desk.check(taken(1), &[]);
    desk.step(Event::SocketClosed { code: 4408 });
    desk.reopen();
    desk.check_say(&welcome(0, Resume::Resumed), &[call(2, true, 0)]);
    desk.check(taken(2), &[]);

    desk.step(Event::SocketClosed { code: 4408 });
    desk.check(Event::LeftComposer, &[call(3, false, 0)]);
    desk.check(taken(3), &[]);
    desk.check(Event::Keystroke, &[]);
    desk.check(Event::LeftComposer, &[]);
    desk.now = desk.now.plus(Millis(500));
    desk.step(Event::CameOnline);
    desk.reopen();
    desk.check_say(&welcome(0, Resume::Resumed), &[]);
}

#[test]
fn a_closed_broker_is_called_when_it_has_said_and_not_for_a_burst_that_is_over() {
    let mut desk = composing();
    desk.check(Event::Keystroke, &[call(1, true, 1)]);
    desk.check(failed(1, busy(Some(7))), &[]);
    desk.check(Event::LeftComposer, &[]);
    desk.check_wait(6_500, &[]);
    desk.check(Event::Keystroke, &[]);
    desk.check_wait(1_000, &[(500, call(2, true, 2))]);
    desk.check(taken(2), &[]);
    // An end has to wait as well, and is told then.
    desk.check(Event::LeftComposer, &[call(3, false, 0)]);
    desk.check(failed(3, busy(None)), &[]);
    desk.check_wait(1_000, &[(1_000, call(4, false, 0))]);
    desk.check(taken(4), &[]);
    desk.check_wait(10_000, &[]);
    let counts = desk.counts();
    assert_eq!((counts.put_off, counts.closed_for), (2, Millis(8_000)));
}

#[test]
fn failures_wait_one_two_four_seconds_and_leaving_does_not_wait() {
    let mut desk = composing();
    desk.check(Event::Keystroke, &[call(1, true, 1)]);
    desk.check(failed(1, Failure::Network), &[]);
    desk.check(Event::LeftComposer, &[call(2, false, 1)]);
    // A call without an answer has failed after three seconds.
    desk.check_wait(
        24_000,
        &[
            (3_000 + 2_000, call(3, false, 1)),
            (8_000 + 4_000, call(4, false, 1)),
            (15_000 + 8_000, call(5, false, 1)),
        ],
    );
    desk.check(taken(5), &[]);
    assert_eq!(desk.panel.view(desk.now).typing.calls, 5);
}

#[test]
fn a_burst_in_another_conversation_ends_the_one_before_in_the_right_place() {
    let mut desk = composing();
    desk.check(Event::Keystroke, &[call(1, true, 1)]);
    desk.check(taken(1), &[]);
    desk.check(shows("INT-2"), &[call(2, false, 0)]);
    desk.check(Event::Keystroke, &[]);
    desk.check(failed(2, Failure::Network), &[]);
    desk.check_wait(1_000, &[(1_000, call_in("INT-2", 3, true, 1))]);
    desk.check(failed(3, Failure::Network), &[]);
    // Nobody knows which of the two the broker believes.
    desk.check(Event::LeftComposer, &[call_in("INT-2", 4, false, 1)]);
    desk.check(taken(4), &[call(5, false, 0)]);
    desk.check(taken(5), &[]);
    desk.check_wait(10_000, &[]);
}
