//! What the panel says has happened in its session: each thing once, by the server's clock, and never more than fits.

use std::collections::{BTreeMap, BTreeSet};

use cuecard_panel::{Effect, Event, Failure, Handover};
use cuecard_protocol::{
    AckOutcome, CardId, ClientMessage, Millis, RemovalReason, Resume, Seq, ServerMessage,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::desk::{
    AHEAD, Desk, START, came, dismiss, id, prompt, session, snapshot, suggestion, welcome,
};
use crate::world::{World, happening};

/// The first line, and the rest.
fn lines(desk: &Desk) -> (Value, Vec<Value>) {
    let text = desk.panel.insights();
    assert!(text.ends_with('\n'), "each line has its end");
    let mut lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
    let summary: Value = lines.next().unwrap();
    assert_eq!(summary["event"], "summary");
    (summary, lines.collect())
}

/// Events in order; of cards with their ids.
fn told(desk: &Desk) -> Vec<String> {
    let name = |line: &Value| match line["card"].as_str() {
        Some(card) => format!("{} {card}", line["event"].as_str().unwrap()),
        None => line["event"].as_str().unwrap().to_owned(),
    };
    lines(desk).1.iter().map(name).collect()
}

#[test]
fn a_line_names_card_kind_and_times_by_the_servers_clock() {
    let mut desk = Desk::connected();
    let mut card = suggestion("s1", "Offer the annual plan", desk.server_now());
    card.published_at = Millis(card.received_at.0 - 80);
    desk.say(&came(1, card));
    desk.sleep(120);
    desk.step(Event::CardSeen(id("s1")));
    desk.step(Event::CardSeen(id("s1")));
    desk.sleep(30);
    desk.step(Event::Accept(id("s1")));
    let (summary, lines) = lines(&desk);
    let begin = START.0 + AHEAD;
    let line = |at: u64, event: &str| {
        json!({
            "at": begin + at, "event": event, "card": "s1", "interaction": "s1", "kind": "suggestion",
            "published_at": begin - 80, "waited": false,
        })
    };
    assert_eq!(
        lines,
        [
            json!({"at": begin, "event": "connecting"}),
            json!({"at": begin, "event": "connected"}),
            line(0, "received"),
            line(120, "rendered"),
            line(150, "accepted"),
        ]
    );
    assert_eq!(
        summary,
        json!({
            "at": begin + 150, "event": "summary", "agent": "agent-1", "version": cuecard_protocol::VERSION,
            "since": begin, "left_out": 0, "before": "", "keystrokes": 0, "typing_calls": 0,
        })
    );
    assert!(
        !desk.panel.insights().contains("annual"),
        "no words of a card"
    );
}

#[test]
fn every_end_of_a_card_has_its_word() {
    let mut desk = Desk::connected();
    let now = desk.server_now();
    for (seq, name) in (1..).zip(["seen", "unseen", "put-away", "late", "withdrawn"]) {
        let mut card = suggestion(name, "x", now);
        if seq <= 2 {
            card.expires_at = now.plus(Millis(500));
        }
        desk.say(&came(seq, card));
    }
    desk.say(&came(6, prompt("prompt", &[("k1", "Hello")], false, now)));
    desk.step(Event::CardSeen(id("seen")));
    desk.step(Event::HandedOver {
        card_id: id("prompt"),
        snippet_id: "k1".into(),
        outcome: Handover::Copied,
    });
    desk.step(dismiss(id("put-away")));
    let effects = desk.step(Event::Accept(id("late")));
    let action = effects.into_iter().find_map(|effect| match effect {
        Effect::Send(ClientMessage::Action(action)) => Some(action.id),
        _ => None,
    });
    desk.say(&ServerMessage::Ack {
        id: action.expect("the decision is sent"),
        outcome: AckOutcome::Refused {
            message: "too late".into(),
            left_by: None,
        },
    });
    desk.say(&ServerMessage::Removed {
        seq: Seq(7),
        card_id: id("withdrawn"),
        reason: RemovalReason::Withdrawn,
    });
    desk.wait(6_000);
    let told = told(&desk);
    assert_eq!(
        told[8..],
        [
            "rendered seen",
            "adopted prompt",
            "accepted late",
            "refused late",
            "withdrawn withdrawn",
            "expired seen",
            "unseen unseen",
            "dismissed put-away",
        ]
    );
}

#[test]
fn a_newer_alert_ends_the_older_one_and_a_dismissal_taken_back_is_none() {
    let mut desk = Desk::connected();
    let mut older = desk.high("older");
    older.interaction_id = desk.high("newer").interaction_id;
    desk.say(&came(1, older));
    desk.step(dismiss(id("older")));
    desk.step(Event::Undo(id("older")));
    let newer = desk.high("newer");
    desk.say(&came(2, newer));
    desk.wait(6_000);
    assert_eq!(
        told(&desk)[2..],
        ["received older", "superseded older", "received newer"]
    );
}

#[test]
fn the_connection_is_noted_when_it_changes_even_if_the_agent_is_spared_it() {
    let mut desk = Desk::connected();
    desk.step(Event::SocketClosed { code: 1006 });
    // Within the two seconds that the status line stays quiet.
    desk.wait(1_000);
    desk.step(Event::TicketFailed(Failure::Network));
    desk.wait(4_000);
    desk.reopen();
    desk.say(&welcome(0, Resume::Resumed));
    desk.step(Event::SocketClosed { code: 4409 });
    assert_eq!(
        told(&desk),
        [
            "connecting",
            "connected",
            "reconnecting",
            "connected",
            "stopped"
        ]
    );
}

#[test]
fn what_waited_for_the_panel_says_so() {
    let mut desk = Desk::new();
    desk.step(Event::Started { stored: None });
    desk.step(Event::SessionOpened(session("agent-1")));
    desk.reopen();
    let mut old = desk.high("old");
    old.received_at = Millis(old.received_at.0 - 1);
    let new = desk.high("new");
    desk.say(&welcome(2, Resume::Gap));
    desk.say(&snapshot(&[(1, &old), (2, &new)], true));
    let waited = |desk: &Desk| -> BTreeMap<String, bool> {
        let (_, lines) = lines(desk);
        let of_cards = lines.iter().filter(|line| line["card"].is_string());
        of_cards
            .map(|line| {
                (
                    line["card"].as_str().unwrap().to_owned(),
                    line["waited"].as_bool().unwrap(),
                )
            })
            .collect()
    };
    assert_eq!(
        waited(&desk),
        BTreeMap::from([("new".into(), false), ("old".into(), true)])
    );
}

#[test]
fn what_is_gone_after_a_gap_has_an_end_too() {
    let mut desk = Desk::connected();
    let (kept, gone) = (desk.high("kept"), desk.high("gone"));
    desk.say(&came(1, kept.clone()));
    desk.say(&came(2, gone));
    desk.step(Event::SocketClosed { code: 1006 });
    desk.wait(1_000);
    desk.reopen();
    desk.say(&welcome(9, Resume::Gap));
    desk.say(&snapshot(&[(1, &kept)], true));
    assert_eq!(told(&desk)[4..], ["reconnecting", "connected", "gone gone"]);
}

#[test]
fn another_agent_sees_nothing_of_it() {
    let mut desk = Desk::connected();
    let card = desk.high("a");
    desk.say(&came(1, card));
    desk.step(Event::SocketClosed { code: 4401 });
    desk.step(Event::SessionOpened(session("agent-2")));
    assert!(!desk.panel.insights().contains("\"a\""));
    assert!(desk.panel.insights().contains("agent-2"));
}

#[test]
fn a_flood_keeps_the_newest_cards_and_the_connection_and_counts_the_rest() {
    let mut desk = Desk::connected();
    for seq in 1..=3_000 {
        let card = desk.high(&format!("card-{seq}"));
        desk.say(&came(seq, card));
        desk.sleep(1);
    }
    let (summary, lines) = lines(&desk);
    let events = |lines: &[Value]| -> Vec<Value> {
        lines.iter().map(|line| line["event"].clone()).collect()
    };
    assert_eq!(events(&lines[..2]), ["connecting", "connected"]);
    assert_eq!(lines.len(), 2 + 2_000);
    // 3,000 came, and 2,800 had no place.
    assert_eq!(summary["left_out"], 3_000 + 2_800 - 2_000);
    assert_eq!(lines.last().unwrap()["card"], "card-3000");
    assert_eq!(summary["since"], START.0 + AHEAD);
}

#[test]
fn of_a_connection_that_does_not_hold_the_newest_changes_are_kept_and_what_was_before() {
    let mut desk = Desk::connected();
    let card = desk.high("early");
    desk.say(&came(1, card));
    // With the two at the beginning one more than there is place for.
    for _ in 0..249 {
        desk.step(Event::SocketClosed { code: 1006 });
        // The agent does not wait for the next try.
        desk.step(Event::TryNow);
        desk.reopen();
        desk.say(&welcome(1, Resume::Resumed));
    }
    desk.step(Event::SocketClosed { code: 1006 });
    let (summary, lines) = lines(&desk);
    let changes: Vec<&Value> = lines
        .iter()
        .filter(|line| line["card"].is_null())
        .map(|line| &line["event"])
        .collect();
    assert_eq!(changes.len(), 500);
    assert_eq!(
        [&summary["before"], changes[0], changes[1], changes[499]],
        ["connecting", "connected", "reconnecting", "reconnecting"]
    );
    assert_eq!(summary["left_out"], 1);
    assert!(lines.iter().any(|line| line["card"] == "early"));
    assert!(lines.is_sorted_by_key(|line| line["at"].as_u64()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn counts_add_up(happenings in prop::collection::vec(happening(), 1..80)) {
        let mut world = World::new();
        for happening in happenings {
            world.happen(happening);
        }
        world.settle();
        let (_, lines) = lines(&world.desk);
        prop_assert!(lines.iter().is_sorted_by_key(|line| line["at"].as_u64()));
        let of = |event: &str| -> Vec<CardId> {
            let those = lines.iter().filter(|line| line["event"] == event);
            those.map(|line| id(line["card"].as_str().unwrap())).collect()
        };
        let set = |event: &str| of(event).into_iter().collect::<BTreeSet<_>>();
        prop_assert_eq!(set("rendered"), world.seen.clone());
        prop_assert_eq!(set("accepted"), world.accepted.clone());
        prop_assert_eq!(set("snoozed"), world.snoozed.clone());
        prop_assert!(set("dismissed").is_subset(&world.dismissed));
        prop_assert_eq!(of("adopted").len(), world.adopted.len());
        let ends: Vec<CardId> = ["accepted", "snoozed", "dismissed", "expired", "unseen", "superseded", "dropped", "gone"]
            .into_iter()
            .flat_map(of)
            .collect();
        let unique: BTreeSet<_> = ends.iter().cloned().collect();
        prop_assert_eq!(unique.len(), ends.len(), "a card has one end");
        prop_assert!(unique.is_disjoint(&world.shown()));
        prop_assert!(set("received").is_superset(&world.shown()));
        prop_assert!(set("received").is_superset(&unique));
    }
}
