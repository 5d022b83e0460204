//! What a screen reader says: critical at once, the rest in its time, nothing twice.

use cuecard_panel::{Effect, Event, Filter};
use cuecard_protocol::card::AlertLevel;
use cuecard_protocol::{CardBody, Resume};

use crate::desk::{
    Desk, alert, assertive, came, dismiss, id, polite, prompt, snapshot, suggestion, welcome,
};

#[test]
fn critical_at_once_high_when_there_is_time() {
    let mut desk = Desk::connected();
    let (a, b) = (desk.critical("a"), desk.high("b"));
    desk.check_say(&came(1, a), &[assertive("Critical alert: Title of a")]);
    desk.check_say(&came(2, b), &[polite("New alert: Title of b")]);
}

#[test]
fn many_are_said_as_a_number() {
    let mut desk = Desk::connected();
    for n in 1..=10 {
        let card = desk.high(&format!("h{n}"));
        desk.say(&came(n, card));
    }
    desk.check_wait(
        10_000,
        &[(3_000, polite("9 new alerts. Newest: Title of h10"))],
    );
}

#[test]
fn several_kinds_are_cards_and_a_long_text_is_cut() {
    let mut desk = Desk::connected();
    let now = desk.server_now();
    let a = desk.high("a");
    desk.say(&came(1, a));
    let pinned = prompt("p", &[("KB-1", "Hello")], true, now);
    let long = suggestion("s", &"word ".repeat(40), now);
    desk.check_say(&came(2, pinned), &[]);
    desk.check_say(&came(3, long), &[]);
    let cut = "word ".repeat(24);
    let words = format!("2 new cards. Newest: {}…", cut.trim_end());
    desk.check_wait(9_000, &[(3_000, polite(&words))]);
}

#[test]
fn a_flood_of_critical_alerts_is_said_once_a_second() {
    let mut desk = Desk::connected();
    let mut said = Vec::new();
    for n in 1..=100 {
        let card = desk.critical(&format!("c{n}"));
        said.extend(desk.say(&came(n, card)));
        desk.sleep(10);
    }
    assert_eq!(said, [assertive("Critical alert: Title of c1")]);
    desk.check_wait(
        10_000,
        &[(0, assertive("99 critical alerts. Newest: Title of c100"))],
    );
}

#[test]
fn a_replacement_is_said_only_if_it_says_something_else() {
    let mut desk = Desk::connected();
    let titled = |desk: &Desk, id: &str, title: &str| {
        let mut card = alert(id, "conversation", AlertLevel::Critical, desk.server_now());
        if let CardBody::Alert(alert) = &mut card.body {
            alert.title = title.into();
        }
        card
    };
    for (seq, name, title, words) in [
        (1, "a", "Churn", Some("Critical alert: Churn")),
        (2, "b", "Churn", None),
        (3, "c", "Legal threat", Some("Critical alert: Legal threat")),
    ] {
        desk.sleep(1_000);
        let card = titled(&desk, name, title);
        let expected: Vec<_> = words.map(assertive).into_iter().collect();
        desk.check_say(&came(seq, card), &expected);
    }
}

#[test]
fn a_snapshot_says_only_what_is_new() {
    let mut desk = Desk::connected();
    let (a, b, c) = (desk.critical("a"), desk.high("b"), desk.high("c"));
    desk.say(&came(1, a.clone()));
    desk.step(Event::SocketClosed { code: 4408 });
    desk.reopen();
    desk.say(&welcome(9, Resume::Gap));
    desk.check_say(
        &snapshot(&[(1, &a), (8, &b), (9, &c)], true),
        &[polite("2 new alerts. Newest: Title of c")],
    );
}

#[test]
fn a_dismissed_card_is_not_said_when_a_snapshot_brings_it_back() {
    let mut desk = Desk::connected();
    let a = desk.critical("a");
    desk.say(&came(1, a.clone()));
    desk.step(dismiss(id("a")));
    desk.step(Event::VisibilityChanged { visible: false });
    desk.step(Event::SocketClosed { code: 4408 });
    desk.reopen();
    desk.say(&welcome(1, Resume::Gap));
    desk.check_say(&snapshot(&[(1, &a)], true), &[]);
}

#[test]
fn the_connection_and_alerts_share_one_polite_text() {
    let mut desk = Desk::connected();
    let a = desk.high("a");
    desk.say(&came(1, a));
    desk.random = 1.0;
    desk.step(Event::SocketClosed { code: 1006 });
    desk.check_wait(2_999, &[(1_000, cuecard_panel::Effect::FetchTicket)]);
    desk.check_wait(1, &[(1, polite("Connection lost. Reconnecting."))]);
    desk.reopen();
    desk.check_say(&welcome(3, Resume::Resumed), &[]);
    let (b, c) = (desk.high("b"), desk.high("c"));
    desk.check_say(&came(2, b), &[]);
    desk.check_say(&came(3, c), &[]);
    desk.check_wait(
        9_000,
        &[(
            3_000,
            polite("Connection restored. 2 new alerts. Newest: Title of c"),
        )],
    );
}

#[test]
fn an_outage_that_ends_before_it_was_said_is_not_said() {
    let mut desk = Desk::connected();
    desk.sleep(1_500);
    let a = desk.high("a");
    desk.step(Event::SocketClosed { code: 4408 });
    desk.reopen();
    desk.say(&welcome(0, Resume::Resumed));
    desk.say(&came(1, a));
    desk.step(Event::SocketClosed { code: 4429 });
    desk.wait(2_500);
    assert_eq!(
        desk.status(),
        cuecard_panel::Status::Reconnecting { next_try_at: None }
    );
    desk.reopen();
    desk.check_say(&welcome(1, Resume::Resumed), &[]);
    desk.check_wait(9_000, &[]);
}

#[test]
fn the_end_is_said() {
    let mut desk = Desk::connected();
    desk.check(
        Event::SocketClosed { code: 4409 },
        &[polite("Cards now come to another window of this panel.")],
    );
}

/// What is said of a step; the rest is left out.
fn spoken(mut effects: Vec<Effect>) -> Vec<Effect> {
    effects.retain(|effect| matches!(effect, Effect::Announce(_)));
    effects
}

#[test]
fn a_dismissal_that_can_be_taken_back_is_said_once() {
    let mut desk = Desk::connected();
    for (seq, name) in [(1, "a"), (2, "b")] {
        let card = desk.high(name);
        desk.say(&came(seq, card));
    }
    desk.wait(9_000);
    let dismissed = polite("Dismissed: Title of a");
    assert_eq!(spoken(desk.step(dismiss(id("a")))), [dismissed]);
    let because = Event::Dismiss {
        card_id: id("a"),
        reason: Some("Already done".into()),
    };
    assert_eq!(spoken(desk.step(because)), []);
    assert_eq!(spoken(desk.step(dismiss(id("nobody")))), []);
    // What was taken back before it could be said is not said.
    desk.step(dismiss(id("b")));
    desk.step(Event::Undo(id("b")));
    let later = desk.wait(9_000).into_iter().map(|(_, effect)| effect);
    assert_eq!(spoken(later.collect()), []);
}

#[test]
fn a_dismissal_in_the_last_second_of_a_card_is_final_and_not_offered() {
    let mut desk = Desk::connected();
    let card = desk.high("a");
    let life = card.expires_at.since(desk.server_now()).0;
    desk.say(&came(1, card));
    desk.wait(life - 500);
    assert_eq!(spoken(desk.step(dismiss(id("a")))), []);
}

#[test]
fn that_nothing_matches_is_said_when_it_comes_to_that() {
    let mut desk = Desk::connected();
    let search = |query: &str| {
        Event::Filter(Filter {
            query: query.into(),
            kind: None,
        })
    };
    // Without a card there is nothing to match.
    desk.check(search("x"), &[]);
    desk.step(search(""));
    let card = desk.high("a");
    desk.say(&came(1, card));
    desk.wait(5_000);
    for (query, said) in [
        ("title", false),
        ("title x", true),
        ("title xy", false),
        ("title", false),
        ("title x", true),
    ] {
        let expected: Vec<_> = said
            .then(|| polite("Nothing matches"))
            .into_iter()
            .collect();
        desk.check(search(query), &expected);
        desk.sleep(3_000);
    }
    // What matches again before it could be said is not said.
    for query in ["title", "title x", "title", "title x", "title"] {
        desk.step(search(query));
    }
    let later = desk.wait(9_000).into_iter().map(|(_, effect)| effect);
    assert_eq!(spoken(later.collect()), []);
}
