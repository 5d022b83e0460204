//! What is on screen: order, slots, expiry, limits, resume and snapshots, and messages that are none.

use std::rc::Rc;

use cuecard_panel::{Effect, Event};
use cuecard_protocol::card::AlertLevel;
use cuecard_protocol::order::feed_order;
use cuecard_protocol::{Millis, RemovalReason, Resume, Seq, ServerMessage};

use crate::desk::{Desk, alert, assertive, came, hello, id, polite, said, snapshot, welcome};

fn removed(seq: u64, card: &str) -> ServerMessage {
    ServerMessage::Removed {
        seq: Seq(seq),
        card_id: id(card),
        reason: RemovalReason::Expired,
    }
}

#[test]
fn critical_before_high_and_newest_first() {
    let mut desk = Desk::connected();
    for (seq, name) in (1..).zip(["h1", "c1", "h2", "c2"]) {
        let card = if name.starts_with('c') {
            desk.critical(name)
        } else {
            desk.high(name)
        };
        desk.say(&came(seq, card));
        desk.sleep(10);
    }
    assert_eq!(desk.feed(), ["c2", "c1", "h2", "h1"]);
    let view = desk.panel.view(desk.now);
    assert!(
        view.cards
            .is_sorted_by(|a, b| feed_order(&a.card, &b.card).is_lt())
    );
}

#[test]
fn a_newer_alert_for_a_slot_takes_the_place_of_the_older() {
    let mut desk = Desk::connected();
    let at = |desk: &Desk, name, interaction| {
        alert(name, interaction, AlertLevel::High, desk.server_now())
    };
    for (seq, name, interaction) in [(1, "a1", "a"), (2, "b1", "b"), (3, "c1", "c")] {
        let card = at(&desk, name, interaction);
        desk.say(&came(seq, card));
        desk.sleep(10);
    }
    let card = at(&desk, "a2", "a");
    desk.say(&came(4, card));
    assert_eq!(desk.feed(), ["c1", "b1", "a2"]);

    // The same interaction at another level is another slot.
    let card = alert("a3", "a", AlertLevel::Critical, desk.server_now());
    desk.say(&came(5, card));
    assert_eq!(desk.feed(), ["a3", "c1", "b1", "a2"]);
    desk.say(&removed(6, "a2"));
    desk.say(&removed(7, "a1"));
    assert_eq!(desk.feed(), ["a3", "c1", "b1"]);
}

#[test]
fn an_id_is_on_screen_once_whatever_the_broker_says() {
    let mut desk = Desk::connected();
    let first = desk.high("x");
    desk.say(&came(1, first));
    let second = alert("x", "elsewhere", AlertLevel::Critical, desk.server_now());
    desk.say(&came(2, second));
    assert_eq!(desk.feed(), ["x"]);
    desk.say(&removed(3, "x"));
    assert_eq!(desk.feed(), [] as [&str; 0]);
}

#[test]
fn cards_leave_when_their_time_is_over_by_the_servers_clock() {
    let mut desk = Desk::connected();
    let mut card = desk.high("short");
    card.expires_at = desk.server_now().plus(Millis(1_500));
    desk.say(&came(1, card));
    let mut stale = desk.high("stale");
    stale.expires_at = desk.server_now();
    desk.check_say(&came(2, stale), &[]);
    assert_eq!(desk.feed(), ["short"]);

    assert_eq!(desk.panel.deadline(), Some(desk.now.plus(Millis(1_500))));
    desk.wait(1_499);
    assert_eq!(desk.feed(), ["short"]);
    let revision = desk.panel.revision();
    desk.check_wait(1, &[]);
    assert_eq!(desk.feed(), [] as [&str; 0]);
    assert!(desk.panel.revision() > revision);
}

#[test]
fn two_hundred_are_kept_and_the_rest_is_counted_until_its_time_is_over() {
    let mut desk = Desk::connected();
    let card = desk.critical("c");
    desk.say(&came(1, card));
    for n in 0..205 {
        desk.sleep(1);
        let card = desk.high(&format!("h{n}"));
        desk.say(&came(n + 2, card));
    }
    let feed = desk.feed();
    assert_eq!(feed.len(), 200);
    assert_eq!(feed[0], "c");
    assert_eq!(feed[1], "h204");
    assert_eq!(feed[199], "h6");
    assert_eq!(desk.panel.view(desk.now).hidden, 6);

    // Older than all that are kept: it is the one too many itself.
    let mut old = desk.high("old");
    old.received_at = Millis(1);
    let revision = desk.panel.revision();
    desk.say(&came(207, old));
    assert_eq!(desk.feed(), feed);
    assert_eq!(desk.panel.view(desk.now).hidden, 7);
    assert!(desk.panel.revision() > revision);

    desk.sleep(601_000);
    desk.step(Event::DeadlineReached);
    assert_eq!(desk.panel.view(desk.now).hidden, 0);
    assert_eq!(desk.feed(), [] as [&str; 0]);
}

#[test]
fn entries_that_were_applied_before_change_nothing() {
    let mut desk = Desk::connected();
    let card = desk.high("a");
    desk.say(&came(1, card.clone()));
    desk.say(&removed(2, "a"));
    let revision = desk.panel.revision();
    desk.check_say(&came(1, card), &[]);
    desk.check_say(&removed(2, "a"), &[]);
    assert_eq!(desk.feed(), [] as [&str; 0]);
    assert_eq!(desk.panel.revision(), revision);
}

#[test]
fn a_hole_closes_and_resumes_from_before_it() {
    let mut desk = Desk::connected();
    let (a, b, c) = (desk.high("a"), desk.high("b"), desk.high("c"));
    desk.check_say(&came(1, a), &[polite("New alert: Title of a")]);
    desk.check_say(
        &came(3, c.clone()),
        &[Effect::CloseSocket, Effect::FetchTicket],
    );
    assert_eq!(desk.feed(), ["a"]);
    assert_eq!(desk.panel.counts().resyncs, 1);
    desk.step(Event::TicketIssued(crate::desk::ticket()));
    desk.check(Event::SocketOpened, &[hello(1, Some("log-1"))]);
    desk.check_say(&welcome(3, Resume::Resumed), &[]);
    desk.check_say(&came(2, b), &[]);
    desk.check_say(&came(3, c), &[]);
    assert_eq!(desk.feed(), ["a", "b", "c"]);
}

#[test]
fn nothing_counts_before_welcome() {
    let mut desk = Desk::connected();
    desk.step(Event::SocketClosed { code: 4408 });
    let card = desk.high("a");
    desk.check_say(&came(1, card.clone()), &[]);
    desk.reopen();
    desk.check_say(&came(1, card), &[]);
    assert_eq!(desk.feed(), [] as [&str; 0]);
}

#[test]
fn a_snapshot_is_shown_when_it_is_whole() {
    let mut desk = Desk::connected();
    let (a, b, c) = (desk.high("a"), desk.high("b"), desk.high("c"));
    desk.say(&came(1, a.clone()));
    desk.say(&came(2, b.clone()));
    let before = desk.panel.view(desk.now);
    desk.step(Event::SocketClosed { code: 4408 });
    desk.reopen();
    desk.say(&welcome(900, Resume::Gap));
    desk.say(&snapshot(&[(2, &b)], false));
    assert_eq!(desk.feed(), ["a", "b"]);
    desk.say(&snapshot(&[(900, &c)], true));
    assert_eq!(desk.feed(), ["b", "c"]);

    let after = desk.panel.view(desk.now);
    assert!(Rc::ptr_eq(&after.cards[0].card, &before.cards[1].card));
    desk.say(&came(901, a));
    assert_eq!(desk.feed(), ["a", "b", "c"]);
}

#[test]
fn a_snapshot_that_breaks_off_leaves_the_feed_and_the_position() {
    let mut desk = Desk::connected();
    let (a, b) = (desk.high("a"), desk.high("b"));
    desk.say(&came(1, a.clone()));
    desk.step(Event::SocketClosed { code: 4408 });
    desk.reopen();
    desk.say(&welcome(900, Resume::Gap));
    desk.say(&snapshot(&[(899, &b)], false));
    desk.step(Event::SocketClosed { code: 1006 });
    desk.wait(500);
    desk.step(Event::TicketIssued(crate::desk::ticket()));
    desk.check(Event::SocketOpened, &[hello(1, Some("log-1"))]);
    desk.say(&welcome(900, Resume::Gap));
    desk.say(&snapshot(&[(1, &a)], true));
    assert_eq!(desk.feed(), ["a"]);
}

#[test]
fn a_store_made_anew_is_asked_for_a_snapshot() {
    let mut desk = Desk::connected();
    let card = desk.high("a");
    desk.say(&came(1, card));
    desk.step(Event::SocketClosed { code: 1006 });
    desk.wait(500);
    desk.reopen();
    let mut other = welcome(1, Resume::Resumed);
    if let ServerMessage::Welcome { log, .. } = &mut other {
        *log = "log-2".into();
    }
    desk.check_say(&other, &[Effect::CloseSocket, Effect::FetchTicket]);
    desk.step(Event::TicketIssued(crate::desk::ticket()));
    desk.check(Event::SocketOpened, &[hello(0, None)]);
    assert_eq!(desk.feed(), ["a"]);
    // Nothing lasts that the new log does not name.
    desk.say(&other);
    assert_eq!(desk.feed(), [] as [&str; 0]);
}

#[test]
fn what_cannot_be_read_is_counted_and_disturbs_nothing() {
    let mut desk = Desk::connected();
    let a = desk.high("a");
    for text in [
        "",
        "nonsense",
        "[]",
        r#"{"type":"pong""#,
        r#"{"type":"card","seq":"one"}"#,
        r#"{"type":"confetti","n":1}"#,
        r#"{"type":"card","seq":1,"card":{"body":"x"}}"#,
        r#"{"type":"card","seq":2,"card":{"body":{"hologram":{}}}}"#,
    ] {
        desk.check(said(text), &[]);
    }
    desk.check_say(&came(3, a), &[polite("New alert: Title of a")]);
    let counts = desk.panel.counts();
    assert_eq!(counts.unknown_messages, 1);
    assert_eq!(counts.unreadable_messages, 7);
    assert_eq!(counts.resyncs, 0);
}

#[test]
fn a_snapshot_loses_only_the_cards_that_cannot_be_read() {
    let mut desk = Desk::connected();
    desk.step(Event::SocketClosed { code: 4408 });
    desk.reopen();
    desk.say(&welcome(5, Resume::Gap));
    let a = serde_json::to_string(&desk.critical("a")).unwrap();
    desk.check(
        said(&format!(
            r#"{{"type":"snapshot","last":true,"cards":[{{"seq":4,"card":{a}}},{{"seq":6,"card":{{}}}}]}}"#
        )),
        &[assertive("Critical alert: Title of a")],
    );
    assert_eq!(desk.feed(), ["a"]);
    let b = desk.high("b");
    desk.say(&came(7, b));
    assert_eq!(desk.feed(), ["a", "b"]);
}

#[test]
fn another_agents_cards_do_not_stay() {
    let mut desk = Desk::connected();
    let card = desk.high("a");
    desk.say(&came(1, card));
    desk.step(Event::SocketClosed { code: 4401 });
    let effects = desk.step(Event::SessionOpened(crate::desk::session("agent-2")));
    assert_eq!(effects[0], Effect::FetchTicket);
    assert_eq!(desk.feed(), [] as [&str; 0]);
    desk.step(Event::TicketIssued(crate::desk::ticket()));
    let hello = crate::desk::hello_of("agent-2", 0, None);
    desk.check(Event::SocketOpened, &[hello]);
}
