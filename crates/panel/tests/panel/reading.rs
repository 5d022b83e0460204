//! While the agent reads, cards that come wait, and nothing on the list moves.

use cuecard_panel::{Effect, Event, Filter};
use cuecard_protocol::card::AlertLevel;
use cuecard_protocol::{AckOutcome, ActionKind, Millis, RemovalReason, Resume, Seq, ServerMessage};

use crate::desk::{Desk, action, alert, assertive, came, dismiss, id, snapshot, task, welcome};

/// A list of `a`, a second old, that the agent begins to read.
fn reader() -> Desk {
    let mut desk = Desk::connected();
    let card = desk.high("a");
    desk.say(&came(1, card));
    desk.wait(1_001);
    desk.step(Event::Reading(true));
    desk
}

fn removed(seq: u64, card: &str) -> ServerMessage {
    ServerMessage::Removed {
        seq: Seq(seq),
        card_id: id(card),
        reason: RemovalReason::Withdrawn,
    }
}

/// Time passes on a connection that stays.
fn wait(desk: &mut Desk, ms: u64) {
    for from in (0..ms).step_by(5_000) {
        desk.wait((ms - from).min(5_000));
        desk.say(&ServerMessage::Pong);
    }
}

/// How many wait, and how many of them are critical.
fn waiting(desk: &Desk) -> (usize, usize) {
    let view = desk.panel.view(desk.now);
    (view.waiting, view.waiting_critical)
}

#[test]
fn what_comes_waits_until_the_agent_leaves_and_is_announced_at_once() {
    let mut desk = reader();
    let (b, c) = (desk.high("b"), desk.critical("c"));
    let revision = desk.panel.revision();
    desk.say(&came(2, b));
    let spoken = desk.say(&came(3, c));
    assert!(spoken.contains(&assertive("Critical alert: Title of c")));
    assert_eq!(desk.feed(), ["a"]);
    assert_eq!(waiting(&desk), (2, 1));
    assert!(desk.panel.revision() > revision, "the screen has news");

    let revision = desk.panel.revision();
    desk.step(Event::Reading(false));
    assert_eq!(desk.feed(), ["c", "b", "a"]);
    assert_eq!(waiting(&desk), (0, 0));
    assert!(desk.panel.revision() > revision, "the screen has news");
    let d = desk.high("d");
    desk.say(&came(4, d));
    assert_eq!(desk.feed(), ["c", "b", "d", "a"]);
}

#[test]
fn the_agent_asks_for_what_waits_and_reads_on_at_the_first_of_it() {
    let mut desk = reader();
    desk.check(Event::ShowNew, &[]);
    let (b, c, d) = (desk.high("b"), desk.critical("c"), desk.high("d"));
    desk.say(&came(2, b));
    desk.say(&came(3, c));
    desk.check(Event::ShowNew, &[Effect::Focus(id("c"))]);
    assert_eq!(desk.feed(), ["c", "b", "a"]);
    desk.say(&came(4, d));
    assert_eq!(waiting(&desk), (1, 0));
}

#[test]
fn a_mouse_left_lying_in_the_list_holds_nothing_back_for_long() {
    let mut desk = reader();
    let b = desk.critical("b");
    wait(&mut desk, 20_000);
    desk.step(Event::Reading(true));
    desk.say(&came(2, b));
    wait(&mut desk, 29_999);
    assert_eq!(waiting(&desk), (1, 1));
    wait(&mut desk, 1);
    assert_eq!(desk.feed(), ["b", "a"]);

    // From then on nobody reads, until something is moved again.
    let (c, d) = (desk.high("c"), desk.high("d"));
    desk.say(&came(3, c));
    assert_eq!(desk.feed(), ["b", "c", "a"]);
    desk.step(Event::Reading(true));
    desk.say(&came(4, d));
    assert_eq!(waiting(&desk), (1, 0));
}

#[test]
fn nobody_is_woken_while_nothing_waits() {
    let mut reads = reader();
    let mut looks_away = reader();
    looks_away.step(Event::Reading(false));
    assert_eq!(reads.panel.deadline(), looks_away.panel.deadline());
    reads.wait(31_000);
    let b = reads.high("b");
    reads.say(&came(2, b));
    assert_eq!(reads.feed(), ["b", "a"], "the last sign is long ago");
}

#[test]
fn an_empty_list_fills_for_a_moment() {
    let mut desk = Desk::connected();
    desk.step(Event::Reading(true));
    desk.sleep(5_000);
    let (a, b, c) = (desk.high("a"), desk.high("b"), desk.high("c"));
    desk.say(&came(1, a));
    desk.sleep(999);
    desk.say(&came(2, b));
    assert_eq!(desk.feed(), ["a", "b"]);
    desk.sleep(1);
    desk.say(&came(3, c));
    assert_eq!(waiting(&desk), (1, 0));
    desk.say(&removed(4, "a"));
    assert_eq!(desk.feed(), ["b"]);
    desk.say(&removed(5, "b"));
    assert_eq!(desk.feed(), ["c"], "nothing else is left to read");
}

#[test]
fn a_replacement_takes_its_place_on_the_list_or_among_those_that_wait() {
    let mut desk = reader();
    let newer = |desk: &Desk, id, of| alert(id, of, AlertLevel::High, desk.server_now());
    let (a2, b, b2) = (
        newer(&desk, "a2", "a"),
        desk.high("b"),
        newer(&desk, "b2", "b"),
    );
    desk.say(&came(2, a2));
    assert_eq!(desk.feed(), ["a2"]);
    desk.say(&came(3, b));
    desk.say(&came(4, b2));
    assert_eq!(desk.feed(), ["a2"]);
    assert_eq!(waiting(&desk), (1, 0));
    desk.step(Event::Reading(false));
    assert_eq!(desk.feed(), ["b2", "a2"]);
}

#[test]
fn what_is_read_does_not_vanish_when_it_becomes_more_urgent() {
    let mut desk = reader();
    let b = desk.high("b");
    desk.say(&came(2, b));
    for (seq, name) in [(3, "a"), (4, "b")] {
        let urgent = desk.critical(name);
        desk.say(&came(seq, urgent));
    }
    assert_eq!(desk.feed(), ["a"]);
    assert_eq!(waiting(&desk), (1, 1), "what waits waits on");

    // Nor when it does so in a snapshot.
    let (a, b) = (desk.high("a"), desk.critical("b"));
    desk.step(Event::SocketClosed { code: 4408 });
    desk.reopen();
    desk.say(&welcome(900, Resume::Gap));
    desk.say(&snapshot(&[(899, &a), (900, &b)], true));
    assert_eq!(desk.feed(), ["a"]);
    assert_eq!(waiting(&desk), (1, 1));

    // Nor when it takes the slot of one that waits.
    let mut a = desk.critical("a");
    a.interaction_id = desk.critical("b").interaction_id;
    desk.say(&came(901, a));
    assert_eq!(desk.feed(), ["a"]);
    assert_eq!(waiting(&desk), (0, 0));
}

#[test]
fn what_waits_leaves_as_everything_does() {
    let mut desk = reader();
    let (b, mut c) = (desk.high("b"), desk.high("c"));
    c.expires_at = desk.server_now().plus(Millis(5_000));
    desk.say(&came(2, b));
    desk.say(&came(3, c));
    assert_eq!(waiting(&desk), (2, 0));
    desk.wait(5_000);
    assert_eq!(waiting(&desk), (1, 0));
    desk.say(&removed(4, "b"));
    assert_eq!(waiting(&desk), (0, 0));
    assert_eq!(desk.feed(), ["a"]);
}

#[test]
fn whoever_asks_for_another_list_gets_all_of_it() {
    let card = |desk: &Desk| task("b", desk.server_now(), desk.server_now());
    for event in [
        Event::ShowTasks(true),
        Event::ShowCard(id("b")),
        Event::Filter(Filter {
            query: "call".into(),
            kind: None,
        }),
        Event::VisibilityChanged { visible: false },
    ] {
        let mut desk = reader();
        let b = card(&desk);
        desk.say(&came(2, b));
        assert_eq!(waiting(&desk), (1, 0), "{event:?}");
        assert_eq!(desk.panel.view(desk.now).tasks, 0, "{event:?}");
        desk.step(event.clone());
        assert_eq!(waiting(&desk), (0, 0), "{event:?}");
        assert!(desk.feed().contains(&"b".to_owned()), "{event:?}");
    }
}

#[test]
fn what_the_filter_hides_does_not_wait() {
    let mut desk = reader();
    desk.step(Event::Filter(Filter {
        query: "title".into(),
        kind: None,
    }));
    let (b, hidden) = (desk.high("b"), task("c", desk.now, desk.server_now()));
    desk.say(&came(2, b));
    desk.say(&came(3, hidden));
    let view = desk.panel.view(desk.now);
    assert_eq!((view.waiting, view.filtered), (1, 1));
}

#[test]
fn the_list_is_shown_when_its_last_row_has_left() {
    let mut desk = reader();
    let b = desk.high("b");
    desk.say(&came(2, b));
    desk.step(dismiss(id("a")));
    assert_eq!(desk.feed(), ["a?"]);
    desk.step(Event::Reading(true));
    desk.wait(5_000);
    assert_eq!(desk.feed(), ["a…"]);
    desk.say(&ServerMessage::Ack {
        id: action(1, "a", ActionKind::Dismissed, desk.now).id,
        outcome: AckOutcome::Recorded,
    });
    assert_eq!(desk.feed(), ["b"]);
}

#[test]
fn what_a_snapshot_brings_waits_too() {
    let mut desk = reader();
    let (a, b) = (desk.high("a"), desk.high("b"));
    desk.step(Event::SocketClosed { code: 4408 });
    desk.reopen();
    desk.say(&welcome(900, Resume::Gap));
    desk.say(&snapshot(&[(899, &a), (900, &b)], true));
    assert_eq!(desk.feed(), ["a"]);
    assert_eq!(waiting(&desk), (1, 0));
}
