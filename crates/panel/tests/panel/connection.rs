//! From session to `welcome`, refusals, and the signs of life.

use cuecard_panel::{Effect, Event, Failure, Status, Text};
use cuecard_protocol::{Millis, Resume, ServerMessage};

use crate::desk::{Desk, START, hello, ping, said, session, snapshot, ticket, welcome};

const ASK: Effect = Effect::OpenSession {
    fresh_assertion: false,
};
const ASK_ANEW: Effect = Effect::OpenSession {
    fresh_assertion: true,
};

fn stopped(desk: &Desk) -> String {
    match desk.status() {
        Status::Stopped { reason } => reason.in_english(),
        other => panic!("not stopped but {other:?}"),
    }
}

#[test]
fn the_way_in() {
    let mut desk = Desk::new();
    assert_eq!(desk.panel.deadline(), None);
    desk.check(Event::Started { stored: None }, &[ASK]);
    assert_eq!(desk.panel.deadline(), Some(START.plus(Millis(10_000))));
    desk.check(
        Event::SessionOpened(session("agent-1")),
        &[Effect::FetchTicket],
    );
    desk.check(
        Event::TicketIssued(ticket()),
        &[Effect::OpenSocket(ticket())],
    );
    desk.check(Event::SocketOpened, &[hello(0, None)]);
    assert_eq!(desk.status(), Status::Connecting);
    desk.check_say(&welcome(0, Resume::Gap), &[]);
    desk.check_say(&snapshot(&[], true), &[]);

    let view = desk.panel.view(desk.now);
    assert_eq!(view.status, Status::Connected);
    assert_eq!(view.agent_id, Some(session("agent-1").agent_id));
    assert_eq!(view.clock_offset, 60_000);
    assert!(!view.is_outdated);
}

#[test]
fn it_begins_once() {
    let mut desk = Desk::connected();
    desk.check(Event::Started { stored: None }, &[]);
    assert_eq!(desk.status(), Status::Connected);
}

#[test]
fn a_step_that_hangs_fails_after_ten_seconds() {
    let mut desk = Desk::new();
    desk.step(Event::Started { stored: None });
    desk.check_wait(10_500, &[(10_500, ASK)]);
    desk.step(Event::SessionOpened(session("agent-1")));
    desk.check_wait_silently(11_000, &[(11_000, Effect::FetchTicket)]);
    desk.step(Event::TicketIssued(ticket()));
    assert_eq!(
        desk.wait(12_000).first(),
        Some(&(10_000, Effect::CloseSocket))
    );
    desk.step(Event::TicketIssued(ticket()));
    desk.check(Event::SocketOpened, &[hello(0, None)]);
    assert_eq!(desk.wait(10_000), [(10_000, Effect::CloseSocket)]);
}

#[test]
fn a_session_that_comes_late_is_not_wasted() {
    let mut desk = Desk::new();
    desk.step(Event::Started { stored: None });
    desk.wait(10_000);
    desk.check(Event::SessionOpened(session("agent-1")), &[]);
    desk.check_wait(500, &[(500, Effect::FetchTicket)]);
}

#[test]
fn answers_nobody_waits_for_are_ignored() {
    let mut desk = Desk::connected();
    for event in [
        Event::SessionOpened(session("agent-2")),
        Event::SessionFailed(Failure::Unauthorized),
        Event::TicketIssued(ticket()),
        Event::TicketFailed(Failure::Unauthorized),
        Event::SocketOpened,
        Event::DeadlineReached,
    ] {
        desk.check(event, &[]);
    }
    assert_eq!(
        desk.panel.view(desk.now).agent_id,
        Some(session("agent-1").agent_id)
    );
}

#[test]
fn a_refused_assertion_is_asked_for_anew_once() {
    let mut desk = Desk::new();
    desk.check(Event::Started { stored: None }, &[ASK]);
    desk.check(Event::SessionFailed(Failure::Unauthorized), &[ASK_ANEW]);
    desk.step(Event::SessionFailed(Failure::Unauthorized));
    assert!(stopped(&desk).contains("sign-in was refused"));
    assert_eq!(desk.panel.deadline().filter(|at| *at > desk.now), None);
    desk.check(Event::CameOnline, &[]);
    desk.check(Event::TryNow, &[ASK_ANEW]);
}

#[test]
fn a_new_assertion_is_still_wanted_after_the_network_failed() {
    let mut desk = Desk::new();
    desk.step(Event::Started { stored: None });
    desk.step(Event::SessionFailed(Failure::Unauthorized));
    desk.check(Event::SessionFailed(Failure::Network), &[]);
    desk.check_wait(500, &[(500, ASK_ANEW)]);
}

#[test]
fn a_refused_ticket_opens_the_session_anew_once() {
    let mut desk = Desk::new();
    desk.step(Event::Started { stored: None });
    desk.step(Event::SessionOpened(session("agent-1")));
    desk.check(Event::TicketFailed(Failure::Unauthorized), &[ASK_ANEW]);
    desk.check(
        Event::SessionOpened(session("agent-1")),
        &[Effect::FetchTicket],
    );
    desk.step(Event::TicketFailed(Failure::Unauthorized));
    assert!(stopped(&desk).contains("cookie"));
}

#[test]
fn an_ended_session_is_opened_anew_and_again_after_a_stable_time() {
    let mut desk = Desk::connected();
    for _ in 0..2 {
        desk.check(Event::SocketClosed { code: 4401 }, &[ASK_ANEW]);
        desk.step(Event::SessionOpened(session("agent-1")));
        desk.reopen();
        desk.say(&welcome(0, Resume::Resumed));
        desk.sleep(30_000);
    }
    desk.check(Event::SocketClosed { code: 4401 }, &[ASK_ANEW]);
    desk.step(Event::SessionOpened(session("agent-1")));
    desk.reopen();
    desk.say(&welcome(0, Resume::Resumed));
    desk.sleep(29_999);
    desk.step(Event::SocketClosed { code: 4401 });
    assert!(stopped(&desk).contains("does not recognise this session"));
}

#[test]
fn a_refusal_stops_with_the_servers_words() {
    let message = String::from("origin https://evil.example is not allowed");
    let mut desk = Desk::new();
    desk.step(Event::Started { stored: None });
    desk.step(Event::SessionFailed(Failure::Refused {
        message: Text::literal(message.clone()),
    }));
    assert_eq!(stopped(&desk), message);
    desk.check(Event::TryNow, &[ASK]);
}

#[test]
fn closes_that_end_it_say_why() {
    for (code, words) in [(4403, "does not allow"), (4409, "another window")] {
        let mut desk = Desk::connected();
        desk.step(Event::SocketClosed { code });
        assert!(stopped(&desk).contains(words), "{code}");
        desk.sleep(100);
        desk.check(Event::CameOnline, &[]);
        desk.check(Event::VisibilityChanged { visible: true }, &[]);
        desk.check(Event::TryNow, &[Effect::FetchTicket]);
    }
}

#[test]
fn pings_every_25_seconds_while_pongs_come() {
    let mut desk = Desk::connected();
    desk.check_wait(25_000, &[(25_000, ping())]);
    desk.check_say(&ServerMessage::Pong, &[]);
    desk.check_wait(25_000, &[(25_000, ping())]);
    desk.sleep(9_999);
    desk.check_say(&ServerMessage::Pong, &[]);
    assert_eq!(desk.status(), Status::Connected);
}

#[test]
fn without_pong_the_connection_is_dead_after_ten_seconds() {
    let mut desk = Desk::connected();
    desk.random = 0.25;
    desk.check_wait(
        35_250,
        &[
            (25_000, ping()),
            (35_000, Effect::CloseSocket),
            (35_250, Effect::FetchTicket),
        ],
    );
}

#[test]
fn coming_back_asks_an_open_connection_whether_it_lives() {
    for event in [
        Event::CameOnline,
        Event::VisibilityChanged { visible: true },
        Event::TryNow,
    ] {
        let mut desk = Desk::connected();
        desk.sleep(3_000);
        desk.check(event.clone(), &[ping()]);
        desk.check(event, &[]);
        assert_eq!(desk.wait(10_000)[0], (10_000, Effect::CloseSocket));
    }
}

#[test]
fn who_may_not_come_yet_keeps_its_jitter_though_hurried() {
    for event in [
        Event::CameOnline,
        Event::VisibilityChanged { visible: true },
        Event::TryNow,
    ] {
        let mut desk = Desk::connected();
        desk.random = 0.5;
        let bye = ServerMessage::Bye {
            reason: "the server is draining".into(),
            retry_after_ms: 3_000,
        };
        desk.check_say(&bye, &[]);
        desk.step(Event::SocketClosed { code: 1006 });
        desk.check(event.clone(), &[]);
        desk.check_wait_silently(3_000, &[]);
        // From here on it may, and somebody has been let in.
        desk.check(event, &[Effect::FetchTicket]);
    }
}

#[test]
fn another_version_is_offered() {
    let mut desk = Desk::connected();
    desk.step(Event::SocketClosed { code: 4408 });
    desk.reopen();
    let revision = desk.panel.revision();
    desk.step(said(
        r#"{"type":"welcome","version":"9.9.9","log":"log-1","head":0,"resume":"resumed","now":1060000}"#,
    ));
    assert!(desk.panel.view(desk.now).is_outdated);
    assert!(desk.panel.revision() > revision);
}

#[test]
fn a_clock_that_is_set_back_holds_nothing_up() {
    let mut desk = Desk::connected();
    desk.random = 1.0;
    desk.step(Event::SocketClosed { code: 1006 });
    desk.now = Millis(5_000);
    desk.step(Event::DeadlineReached);
    assert_eq!(desk.panel.view(desk.now).clock_offset, 1_055_000);
    desk.check_wait(1_000, &[(1_000, Effect::FetchTicket)]);
}
