//! What the agent does: dismiss, undo, look; and how it reaches the broker.

use cuecard_panel::{CardState, Effect, Event, PendingDismissal, Stored};
use cuecard_protocol::ActionKind::{Dismissed, Rendered};
use cuecard_protocol::card::AlertLevel;
use cuecard_protocol::{
    AckOutcome, Action, AgentId, CardBody, Millis, RemovalReason, Resume, Seq, ServerMessage,
};

use crate::desk::{
    Desk, act, action, alert, came, dismiss, id, polite, session, snapshot, store, stored, told,
    welcome,
};

fn with_card(name: &str) -> Desk {
    let mut desk = Desk::connected();
    let card = desk.critical(name);
    desk.say(&came(1, card));
    desk
}

fn ack(action: &Action) -> ServerMessage {
    ServerMessage::Ack {
        id: action.id.clone(),
        outcome: AckOutcome::Recorded,
    }
}

fn pending(desk: &Desk, name: &str) -> Effect {
    Effect::Store(Stored {
        dismissals: vec![PendingDismissal {
            card_id: id(name),
            until: desk.now.plus(Millis(5_000)),
            at: desk.server_now(),
            reason: None,
        }],
        ..stored(&[])
    })
}

#[test]
fn a_dismissal_is_final_after_five_seconds() {
    let mut desk = with_card("a");
    let revision = desk.panel.revision();
    let said = polite("Dismissed: Title of a");
    desk.check(dismiss(id("a")), &[said, pending(&desk, "a")]);
    assert!(desk.panel.revision() > revision);
    assert_eq!(
        desk.panel.view(desk.now).cards[0].state,
        CardState::Undoable {
            until: desk.now.plus(Millis(5_000)),
            reason: None,
        }
    );
    let action = action(1, "a", Dismissed, desk.server_now());
    desk.check_wait(
        5_000,
        &[
            (5_000, told(Dismissed, "alert", "a")),
            (5_000, act(&action)),
            (5_000, store(&[&action])),
        ],
    );
    assert_eq!(desk.feed(), ["a…"]);
    desk.check_say(&ack(&action), &[store(&[])]);
    assert_eq!(desk.feed(), [] as [&str; 0]);
    desk.check(Event::Undo(id("a")), &[]);
}

#[test]
fn undo_takes_it_back() {
    let mut desk = with_card("a");
    desk.step(dismiss(id("a")));
    desk.wait(4_999);
    desk.check(Event::Undo(id("a")), &[store(&[])]);
    assert_eq!(desk.feed(), ["a"]);
    desk.check_wait(5_000, &[]);
    desk.check(Event::Undo(id("a")), &[]);
}

#[test]
fn a_second_dismissal_does_not_move_the_end() {
    let mut desk = with_card("a");
    desk.step(dismiss(id("a")));
    desk.wait(4_000);
    desk.check(dismiss(id("a")), &[]);
    assert_eq!(desk.wait(1_000).len(), 3);
}

#[test]
fn cards_that_are_not_there_cannot_be_acted_on() {
    let mut desk = with_card("a");
    for event in [
        dismiss(id("b")),
        Event::Undo(id("a")),
        Event::CardSeen(id("b")),
    ] {
        desk.check(event, &[]);
    }
}

#[test]
fn hiding_the_page_makes_dismissals_final() {
    let mut desk = with_card("a");
    desk.step(dismiss(id("a")));
    let action = action(1, "a", Dismissed, desk.server_now());
    desk.sleep(1_000);
    desk.check(
        Event::VisibilityChanged { visible: false },
        &[
            told(Dismissed, "alert", "a"),
            act(&action),
            store(&[&action]),
        ],
    );
    assert_eq!(desk.feed(), ["a…"]);
}

#[test]
fn what_becomes_of_the_card_overtakes_its_dismissal() {
    let by_removal: fn(&mut Desk) -> Vec<Effect> = |desk| {
        desk.say(&ServerMessage::Removed {
            seq: Seq(2),
            card_id: id("a"),
            reason: RemovalReason::Expired,
        })
    };
    let by_replacement: fn(&mut Desk) -> Vec<Effect> = |desk| {
        let mut newer = alert("b", "a", AlertLevel::Critical, desk.server_now());
        if let CardBody::Alert(alert) = &mut newer.body {
            alert.title = "Title of a".into();
        }
        desk.say(&came(2, newer))
    };
    for (overtake, feed) in [(by_removal, vec![]), (by_replacement, vec!["b"])] {
        let mut desk = with_card("a");
        desk.step(dismiss(id("a")));
        assert_eq!(overtake(&mut desk), [store(&[])]);
        assert_eq!(desk.feed(), feed);
        desk.check_wait(5_000, &[]);
    }
}

#[test]
fn a_dismissal_is_final_while_its_card_still_lives() {
    for (left, wait) in [(6_001, 5_000), (6_000, 5_000), (2_000, 1_000), (1_001, 1)] {
        let mut desk = Desk::connected();
        let mut card = desk.critical("a");
        card.expires_at = desk.server_now().plus(Millis(left));
        desk.say(&came(1, card));
        desk.step(dismiss(id("a")));
        let action = action(1, "a", Dismissed, desk.server_now());
        desk.check_wait(
            wait,
            &[
                (wait, told(Dismissed, "alert", "a")),
                (wait, act(&action)),
                (wait, store(&[&action])),
            ],
        );
    }
}

#[test]
fn in_the_last_second_of_a_card_its_dismissal_is_final_at_once() {
    let mut desk = Desk::connected();
    let mut card = desk.critical("a");
    card.expires_at = desk.server_now().plus(Millis(900));
    desk.say(&came(1, card));
    let action = action(1, "a", Dismissed, desk.server_now());
    desk.check(
        dismiss(id("a")),
        &[
            told(Dismissed, "alert", "a"),
            act(&action),
            store(&[&action]),
        ],
    );
}

#[test]
fn a_dismissed_card_that_is_one_too_many_is_dismissed_at_once() {
    let mut desk = Desk::connected();
    let first = desk.high("first");
    desk.say(&came(1, first));
    desk.step(dismiss(id("first")));
    let dismissed = action(1, "first", Dismissed, desk.server_now());
    for n in 2..=200 {
        desk.sleep(1);
        let card = desk.high(&format!("h{n}"));
        desk.say(&came(n, card));
    }
    desk.sleep(1);
    let last = desk.high("last");
    desk.check_say(&came(201, last), &[act(&dismissed), store(&[&dismissed])]);
}

#[test]
fn a_dismissed_card_stays_so_through_a_snapshot() {
    let mut desk = with_card("a");
    let cards = [desk.critical("a"), desk.critical("b")];
    let b = cards[1].clone();
    desk.say(&came(2, b));
    desk.step(dismiss(id("a")));
    desk.step(dismiss(id("b")));
    desk.step(Event::VisibilityChanged { visible: false });
    let c = desk.critical("c");
    desk.say(&came(3, c.clone()));
    desk.step(dismiss(id("c")));
    desk.step(Event::SocketClosed { code: 4408 });
    desk.reopen();
    desk.say(&welcome(3, Resume::Gap));
    desk.say(&snapshot(&[(1, &cards[0]), (2, &cards[1])], false));
    desk.say(&snapshot(&[(3, &c)], true));
    assert_eq!(desk.feed(), ["a…", "b…", "c?"]);
    desk.step(Event::Undo(id("c")));
    assert_eq!(desk.feed(), ["a…", "b…", "c"]);
}

#[test]
fn a_card_is_reported_as_rendered_once() {
    let mut desk = with_card("a");
    desk.sleep(7);
    let rendered = action(1, "a", Rendered, desk.server_now());
    desk.check(
        Event::CardSeen(id("a")),
        &[act(&rendered), store(&[&rendered])],
    );
    desk.check(Event::CardSeen(id("a")), &[]);
    desk.say(&ack(&rendered));
    desk.check(Event::CardSeen(id("a")), &[]);
}

#[test]
fn actions_wait_for_the_connection_and_are_repeated_in_order_until_acknowledged() {
    let mut desk = with_card("a");
    let at = desk.server_now();
    let (rendered, dismissed) = (action(1, "a", Rendered, at), action(2, "a", Dismissed, at));
    desk.step(Event::SocketClosed { code: 4408 });
    desk.check(Event::CardSeen(id("a")), &[store(&[&rendered])]);
    desk.step(dismiss(id("a")));
    desk.check(
        Event::VisibilityChanged { visible: false },
        &[
            told(Dismissed, "alert", "a"),
            store(&[&rendered, &dismissed]),
        ],
    );
    desk.reopen();
    desk.check_say(
        &welcome(1, Resume::Resumed),
        &[act(&rendered), act(&dismissed)],
    );
    desk.check_say(&ack(&rendered), &[store(&[&dismissed])]);
    desk.check_say(&ack(&rendered), &[]);
    desk.step(Event::SocketClosed { code: 1006 });
    desk.wait(500);
    desk.reopen();
    desk.check_say(&welcome(1, Resume::Resumed), &[act(&dismissed)]);
}

#[test]
fn a_refused_decision_is_said_and_a_refused_report_counted() {
    let mut desk = with_card("a");
    let at = desk.server_now();
    let (rendered, dismissed) = (action(1, "a", Rendered, at), action(2, "a", Dismissed, at));
    desk.step(Event::CardSeen(id("a")));
    desk.step(dismiss(id("a")));
    desk.step(Event::VisibilityChanged { visible: false });
    let refused = |action: &Action| ServerMessage::Ack {
        id: action.id.clone(),
        outcome: AckOutcome::Refused {
            message: "card a is not known".into(),
            left_by: None,
        },
    };
    desk.check_say(&refused(&rendered), &[store(&[&dismissed])]);
    // What was said of the dismissal has its time first.
    desk.sleep(3_000);
    desk.check_say(
        &refused(&dismissed),
        &[
            polite("Not recorded: the server did not take it."),
            store(&[]),
        ],
    );
    assert_eq!(desk.panel.counts().refused_actions, 2);
}

#[test]
fn a_reload_loses_neither_actions_nor_dismissals() {
    let at = Desk::new().server_now();
    let old = Action {
        id: cuecard_protocol::ActionId::parse("earlier-1").unwrap(),
        ..action(1, "a", Rendered, at)
    };
    let left = Stored {
        dismissals: vec![PendingDismissal {
            card_id: id("a"),
            until: Desk::new().now.plus(Millis(3_000)),
            at: Millis(77),
            reason: None,
        }],
        ..stored(&[&old])
    };
    let mut desk = Desk::new();
    desk.step(Event::Started { stored: Some(left) });
    desk.check(
        Event::SessionOpened(session("agent-1")),
        &[Effect::FetchTicket],
    );
    desk.reopen();
    desk.check_say(&welcome(1, Resume::Gap), &[act(&old)]);
    let a = desk.critical("a");
    desk.check_say(&snapshot(&[(1, &a)], true), &[]);
    assert_eq!(desk.feed(), ["a?"]);
    desk.check(Event::CardSeen(id("a")), &[]);
    let dismissed = action(2, "a", Dismissed, Millis(77));
    desk.check_wait(
        3_000,
        &[
            (3_000, told(Dismissed, "alert", "a")),
            (3_000, act(&dismissed)),
            (3_000, store(&[&old, &dismissed])),
        ],
    );
}

#[test]
fn a_dismissal_whose_time_passed_while_no_page_was_there_is_sent() {
    let left = Stored {
        dismissals: vec![PendingDismissal {
            card_id: id("a"),
            until: Millis(1),
            at: Millis(77),
            reason: None,
        }],
        ..stored(&[])
    };
    let mut desk = Desk::new();
    desk.step(Event::Started { stored: Some(left) });
    let dismissed = action(1, "a", Dismissed, Millis(77));
    desk.check(
        Event::SessionOpened(session("agent-1")),
        &[Effect::FetchTicket, store(&[&dismissed])],
    );
    desk.reopen();
    desk.check_say(&welcome(1, Resume::Gap), &[act(&dismissed)]);
}

#[test]
fn what_another_agent_left_behind_is_erased_and_never_sent() {
    for owner in [None, AgentId::parse("agent-2").ok()] {
        let left = Stored {
            agent_id: owner,
            ..stored(&[&action(9, "a", Dismissed, Millis(1))])
        };
        let mut desk = Desk::new();
        desk.step(Event::Started { stored: Some(left) });
        desk.check(
            Event::SessionOpened(session("agent-1")),
            &[Effect::FetchTicket, store(&[])],
        );
        desk.reopen();
        desk.check_say(&welcome(0, Resume::Gap), &[]);
    }
}

#[test]
fn ids_differ_from_life_to_life() {
    let mut ids = Vec::new();
    for random in [0.25, 0.75] {
        let mut desk = Desk::new();
        desk.random = random;
        desk.step(Event::Started { stored: None });
        desk.step(Event::SessionOpened(session("agent-1")));
        desk.reopen();
        desk.say(&welcome(0, Resume::Gap));
        desk.say(&snapshot(&[], true));
        for (seq, name) in [(1, "a"), (2, "b")] {
            let card = desk.critical(name);
            desk.say(&came(seq, card));
            for effect in desk.step(Event::CardSeen(id(name))) {
                if let Effect::Store(stored) = effect {
                    ids.push(stored.outbox.last().unwrap().id.to_string());
                }
            }
        }
    }
    ids.sort();
    assert_eq!(
        ids,
        [
            "f4240-4000000000000-1",
            "f4240-4000000000000-2",
            "f4240-c000000000000-1",
            "f4240-c000000000000-2"
        ]
    );
}
