//! Outages: what a close means, how long the wait is, what the status line says.

use cuecard_panel::{Effect, Event, Failure, Status};
use cuecard_protocol::{Millis, Resume, ServerMessage};

use crate::desk::{Desk, polite, ticket, welcome};

fn lost(code: u16) -> Desk {
    let mut desk = Desk::connected();
    desk.step(Event::SocketClosed { code });
    desk
}

#[test]
fn waits_double_and_only_a_stable_connection_makes_them_short_again() {
    let mut desk = Desk::connected();
    desk.random = 1.0;
    for wait in [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000] {
        desk.step(Event::SocketClosed { code: 1006 });
        desk.check_wait_silently(wait, &[(wait, Effect::FetchTicket)]);
        desk.reopen();
        desk.say(&welcome(0, Resume::Resumed));
        desk.sleep(29_999);
    }
    desk.sleep(1);
    desk.step(Event::SocketClosed { code: 1006 });
    assert_eq!(desk.wait(1_000).pop(), Some((1_000, Effect::FetchTicket)));
}

#[test]
fn each_try_takes_a_new_ticket() {
    let mut desk = lost(1006);
    desk.check_wait(500, &[(500, Effect::FetchTicket)]);
    desk.check(
        Event::TicketIssued(ticket()),
        &[Effect::OpenSocket(ticket())],
    );
    desk.check(Event::SocketClosed { code: 1006 }, &[]);
    desk.check_wait(1_000, &[(1_000, Effect::FetchTicket)]);
}

#[test]
fn coming_online_becoming_visible_and_the_agent_try_at_once() {
    for event in [
        Event::CameOnline,
        Event::VisibilityChanged { visible: true },
        Event::TryNow,
    ] {
        let mut desk = lost(1006);
        desk.check(event.clone(), &[Effect::FetchTicket]);
        desk.check(event, &[]);
    }
}

#[test]
fn the_wait_a_server_asks_for_is_not_undercut() {
    let mut desk = lost(1006);
    desk.wait(500);
    desk.check(
        Event::TicketFailed(Failure::Busy {
            retry_after: Some(Millis(20_000)),
        }),
        &[],
    );
    desk.sleep(1_000);
    for event in [
        Event::CameOnline,
        Event::VisibilityChanged { visible: true },
        Event::TryNow,
    ] {
        desk.check(event, &[]);
    }
    let said = polite("Connection lost. Reconnecting.");
    desk.check_wait(19_000, &[(500, said)]);
    desk.check(Event::CameOnline, &[Effect::FetchTicket]);
}

#[test]
fn jitter_comes_on_top_of_what_the_server_asks_for() {
    let mut desk = lost(1006);
    desk.wait(500);
    desk.step(Event::TicketFailed(Failure::Busy {
        retry_after: Some(Millis(20_000)),
    }));
    assert_eq!(desk.wait(21_000).pop(), Some((21_000, Effect::FetchTicket)));
}

#[test]
fn bye_sets_the_wait_of_the_close_that_follows() {
    for code in [4503, 1006, 4408] {
        let mut desk = Desk::connected();
        desk.check_say(
            &ServerMessage::Bye {
                reason: "draining".into(),
                retry_after_ms: 7_000,
            },
            &[],
        );
        assert_eq!(desk.status(), Status::Connected);
        desk.sleep(1_000);
        desk.check(Event::SocketClosed { code }, &[]);
        desk.check(Event::CameOnline, &[]);
        desk.check_wait_silently(6_000, &[]);
        desk.check(Event::CameOnline, &[Effect::FetchTicket]);
    }
}

#[test]
fn a_bye_counts_for_one_close_only() {
    let mut desk = Desk::connected();
    desk.say(&ServerMessage::Bye {
        reason: "draining".into(),
        retry_after_ms: 1_000,
    });
    desk.step(Event::SocketClosed { code: 4503 });
    desk.wait(1_500);
    desk.reopen();
    desk.say(&welcome(0, Resume::Resumed));
    desk.step(Event::SocketClosed { code: 1006 });
    desk.check(Event::CameOnline, &[Effect::FetchTicket]);
}

#[test]
fn too_many_and_draining_wait_a_second_without_being_told() {
    for code in [4429, 4503] {
        let mut desk = lost(code);
        desk.check(Event::CameOnline, &[]);
        desk.check_wait(1_000, &[]);
        desk.check(Event::CameOnline, &[Effect::FetchTicket]);
    }
}

#[test]
fn an_absurd_wait_is_cut_to_an_hour() {
    let mut desk = lost(1006);
    desk.wait(500);
    desk.step(Event::TicketFailed(Failure::Busy {
        retry_after: Some(Millis(u64::MAX)),
    }));
    let last = desk.wait(3_601_000).pop();
    assert_eq!(last, Some((3_601_000, Effect::FetchTicket)));
}

#[test]
fn a_slow_consumer_resumes_at_once_but_not_in_a_tight_loop() {
    let mut desk = Desk::connected();
    desk.check(Event::SocketClosed { code: 4408 }, &[Effect::FetchTicket]);
    desk.reopen();
    desk.say(&welcome(0, Resume::Resumed));
    desk.sleep(4_999);
    desk.check(Event::SocketClosed { code: 4408 }, &[]);
    desk.check_wait(500, &[(500, Effect::FetchTicket)]);
    desk.reopen();
    desk.say(&welcome(0, Resume::Resumed));
    desk.check(Event::SocketClosed { code: 4408 }, &[Effect::FetchTicket]);
}

#[test]
fn the_status_line_is_quiet_for_two_seconds() {
    let mut desk = lost(1006);
    let lost_at = desk.now;
    desk.random = 1.0;
    desk.wait(500);
    desk.step(Event::TryNow);
    desk.step(Event::TicketFailed(Failure::Network));
    desk.wait(1_499);
    assert_eq!(desk.status(), Status::Connected);

    let revision = desk.panel.revision();
    desk.check_wait(1, &[(1, polite("Connection lost. Reconnecting."))]);
    assert!(desk.panel.revision() > revision);
    assert_eq!(
        desk.status(),
        Status::Reconnecting {
            next_try_at: Some(lost_at.plus(Millis(2_500)))
        }
    );
    desk.check_wait(500, &[(500, Effect::FetchTicket)]);
    assert_eq!(desk.status(), Status::Reconnecting { next_try_at: None });

    desk.reopen();
    desk.sleep(3_000);
    desk.check_say(
        &welcome(0, Resume::Resumed),
        &[polite("Connection restored.")],
    );
    assert_eq!(desk.status(), Status::Connected);
}

#[test]
fn a_short_outage_is_never_mentioned() {
    let mut desk = lost(1006);
    desk.check_wait(1_999, &[(500, Effect::FetchTicket)]);
    desk.reopen();
    desk.check_say(&welcome(0, Resume::Resumed), &[]);
    assert_eq!(desk.wait(10_000), []);
}

#[test]
fn a_first_connection_that_fails_is_said_as_such() {
    let mut desk = Desk::new();
    desk.step(Event::Started { stored: None });
    desk.random = 1.0;
    desk.step(Event::SessionFailed(Failure::Busy {
        retry_after: Some(Millis(9_000)),
    }));
    assert_eq!(desk.status(), Status::Connecting);
    desk.check_wait(
        2_000,
        &[(2_000, polite("No connection yet. Trying again."))],
    );
    assert_eq!(
        desk.status(),
        Status::Reconnecting {
            next_try_at: Some(desk.now.plus(Millis(8_000)))
        }
    );
}
