//! What an agent who looks elsewhere is told, and how often.

use cuecard_panel::{Effect, Event, Notice, Text};
use cuecard_protocol::{Card, Millis, RemovalReason, Resume, Seq, ServerMessage};
use proptest::prelude::*;

use crate::desk::{Desk, came, id, snapshot, suggestion, task, welcome};

fn hidden() -> Desk {
    let mut desk = Desk::connected();
    desk.step(Event::VisibilityChanged { visible: false });
    desk
}

fn notices(effects: impl IntoIterator<Item = Effect>) -> Vec<Notice> {
    let notice = |effect| match effect {
        Effect::Notify(notice) => Some(notice),
        _ => None,
    };
    effects.into_iter().filter_map(notice).collect()
}

fn say(desk: &mut Desk, seq: u64, card: Card) -> Vec<Notice> {
    notices(desk.say(&came(seq, card)))
}

fn gone(seq: u64, card: &str) -> ServerMessage {
    ServerMessage::Removed {
        seq: Seq(seq),
        card_id: id(card),
        reason: RemovalReason::Withdrawn,
    }
}

fn wait(desk: &mut Desk, ms: u64) -> Vec<Notice> {
    notices(desk.wait(ms).into_iter().map(|(_, effect)| effect))
}

fn notice(tag: &str, heading: &str, text: &str, card: &str) -> Notice {
    Notice {
        tag: tag.into(),
        heading: Text::literal(heading.into()),
        text: Text::literal(text.into()),
        card_id: id(card),
    }
}

fn about(card: &str) -> Notice {
    notice(card, "Critical alert", &format!("Title of {card}"), card)
}

#[test]
fn a_critical_alert_and_a_task_are_told_and_nothing_else_is() {
    let mut desk = hidden();
    let cards = [
        desk.critical("c"),
        desk.high("h"),
        suggestion("s", "Offer it", desk.server_now()),
    ];
    assert_eq!(say(&mut desk, 1, cards[0].clone()), [about("c")]);
    desk.wait(5_000);
    assert_eq!(say(&mut desk, 2, cards[1].clone()), []);
    assert_eq!(say(&mut desk, 3, cards[2].clone()), []);
    let now = desk.server_now();
    let card = task("t", now.plus(Millis::from_secs(60)), now);
    assert_eq!(
        say(&mut desk, 4, card),
        [notice("t", "New task", "Call back", "t")]
    );
}

#[test]
fn what_comes_within_five_seconds_is_told_as_one() {
    let mut desk = hidden();
    let [a, b, c, d] = ["a", "b", "c", "d"].map(|name| desk.critical(name));
    assert_eq!(say(&mut desk, 1, a), [about("a")]);
    desk.sleep(1_000);
    assert_eq!(say(&mut desk, 2, b), []);
    assert_eq!(say(&mut desk, 3, c), []);
    assert_eq!(wait(&mut desk, 3_999), []);
    let both = notice("cuecard", "2 new cards", "Newest: Title of c", "c");
    assert_eq!(wait(&mut desk, 1), [both]);
    assert_eq!(say(&mut desk, 4, d), []);
    assert_eq!(wait(&mut desk, 5_000), [about("d")]);
}

#[test]
fn a_card_that_left_before_its_notice_was_due_is_not_told() {
    let mut desk = hidden();
    let [a, b, c, d] = ["a", "b", "c", "d"].map(|name| desk.critical(name));
    assert_eq!(say(&mut desk, 1, a), [about("a")]);
    say(&mut desk, 2, b);
    say(&mut desk, 3, c);
    desk.say(&gone(4, "c"));
    assert_eq!(wait(&mut desk, 5_000), [about("b")]);
    say(&mut desk, 5, d);
    desk.say(&gone(6, "d"));
    assert_eq!(wait(&mut desk, 5_000), []);
}

#[test]
fn while_the_page_is_visible_nothing_is_told_nor_kept_for_later() {
    let mut desk = Desk::connected();
    let card = desk.critical("a");
    assert_eq!(say(&mut desk, 1, card), []);
    desk.step(Event::VisibilityChanged { visible: false });
    assert_eq!(wait(&mut desk, 6_000), []);

    let [b, c] = ["b", "c"].map(|name| desk.critical(name));
    assert_eq!(say(&mut desk, 2, b).len(), 1);
    assert_eq!(say(&mut desk, 3, c), []);
    desk.step(Event::VisibilityChanged { visible: true });
    desk.step(Event::VisibilityChanged { visible: false });
    assert_eq!(wait(&mut desk, 6_000), []);
}

#[test]
fn cards_of_a_snapshot_are_told_while_they_are_news_and_once() {
    let mut desk = hidden();
    let (new, old) = (desk.critical("new"), desk.critical("old"));
    let received_at = Millis(new.received_at.0 - 30_001);
    let old = Card { received_at, ..old };
    for told in [vec![about("new")], Vec::new()] {
        desk.step(Event::SocketClosed { code: 4408 });
        desk.reopen();
        desk.say(&welcome(2, Resume::Gap));
        let effects = desk.say(&snapshot(&[(1, &old), (2, &new)], true));
        assert_eq!(notices(effects), told);
        assert_eq!(wait(&mut desk, 6_000), []);
    }
}

#[test]
fn a_task_that_comes_back_is_news_again() {
    let mut desk = hidden();
    for seq in 1..3 {
        let now = desk.server_now();
        let card = task("t", now.plus(Millis::from_secs(60)), now);
        assert_eq!(say(&mut desk, seq, card).len(), 1);
        desk.wait(5_000);
    }
}

#[test]
fn the_first_missed_critical_alert_is_a_reason_to_offer_notices() {
    let mut desk = Desk::connected();
    let missed = |desk: &Desk| desk.panel.view(desk.now).has_missed;
    let [a, b] = ["a", "b"].map(|name| desk.critical(name));
    desk.say(&came(1, a));
    assert!(!missed(&desk));
    desk.step(Event::VisibilityChanged { visible: false });
    let revision = desk.panel.revision();
    desk.say(&came(2, b));
    assert!(missed(&desk) && desk.panel.revision() > revision);
}

proptest! {
    /// However the cards come: one notice in five seconds, and each card is counted once. All of it lasts less than
    /// the connection takes to notice that the broker says nothing else.
    #[test]
    fn no_flood_of_cards_is_a_flood_of_notices(gaps in proptest::collection::vec(0_u64..1_400, 1..20)) {
        let mut desk = hidden();
        let mut told: Vec<(Millis, Notice)> = Vec::new();
        let count = gaps.len();
        for (seq, gap) in (1..).zip(gaps) {
            for (_, effect) in desk.wait(gap) {
                // It came at some time of the wait, so the count below allows for one more.
                told.extend(notices([effect]).into_iter().map(|notice| (desk.now, notice)));
            }
            let card = desk.critical(&format!("c{seq}"));
            told.extend(say(&mut desk, seq, card).into_iter().map(|notice| (desk.now, notice)));
        }
        told.extend(wait(&mut desk, 5_000).into_iter().map(|notice| (desk.now, notice)));
        let counted: usize = told.iter().map(|(_, notice)| {
            let heading = notice.heading.in_english();
            let words = heading.split_once(" new cards");
            words.map_or(1, |(count, _)| count.parse().unwrap())
        }).sum();
        prop_assert_eq!(counted, count);
        let span = told.last().unwrap().0.since(told[0].0).0;
        prop_assert!(told.len() as u64 <= span / 5_000 + 2, "{} notices in {} ms", told.len(), span);
    }
}
