//! What the filter hides is counted, and what the agent has just done stays in sight.

use cuecard_panel::{CardKind, Event, Filter};
use cuecard_protocol::CardBody;

use crate::desk::{Desk, came, dismiss, id, prompt, suggestion};

/// One card of each kind, the pinned prompt first.
fn desk() -> Desk {
    let mut desk = Desk::connected();
    let mut alert = desk.critical("a");
    if let CardBody::Alert(alert) = &mut alert.body {
        alert.html = "<p class=\"x\">Wants to <b>CANCEL</b></p>".into();
    }
    let suggestion = suggestion("s", "Offer the Größe-XL plan", desk.server_now());
    let prompt = prompt("p", &[("KB-1", "Hello there")], true, desk.server_now());
    for (seq, card) in [(1, alert), (2, suggestion), (3, prompt)] {
        desk.say(&came(seq, card));
    }
    desk
}

fn query(query: &str) -> Filter {
    Filter {
        query: query.into(),
        kind: None,
    }
}

fn shown(desk: &Desk) -> (Vec<String>, usize) {
    (desk.feed(), desk.panel.view(desk.now).filtered)
}

#[test]
fn every_word_must_be_there_in_any_case_and_tags_are_no_words() {
    let mut desk = desk();
    for (words, cards, hidden) in [
        ("", vec!["p", "a", "s"], 0),
        ("  ", vec!["p", "a", "s"], 0),
        ("cancel wants", vec!["a"], 2),
        ("GRÖSSE", vec![], 3),
        ("größe", vec!["s"], 2),
        ("crm", vec!["p"], 2),
        ("BILLING hello", vec!["p"], 2),
        ("class", vec![], 3),
        ("critical", vec!["a"], 2),
    ] {
        desk.check(Event::Filter(query(words)), &[]);
        let cards: Vec<String> = cards.into_iter().map(Into::into).collect();
        assert_eq!(shown(&desk), (cards, hidden), "{words:?}");
    }
}

#[test]
fn a_kind_is_chosen_beside_the_words() {
    let mut desk = desk();
    for (kind, card) in [
        (CardKind::Alert, "a"),
        (CardKind::Suggestion, "s"),
        (CardKind::Prompt, "p"),
    ] {
        let revision = desk.panel.revision();
        let filter = Filter {
            kind: Some(kind),
            ..Filter::default()
        };
        desk.check(Event::Filter(filter.clone()), &[]);
        assert!(desk.panel.revision() > revision);
        assert_eq!(shown(&desk), (vec![card.to_owned()], 2));
        let unchanged = desk.panel.revision();
        desk.check(Event::Filter(filter), &[]);
        assert_eq!(desk.panel.revision(), unchanged);
    }
}

#[test]
fn what_can_be_taken_back_and_what_was_decided_stay_in_sight() {
    let mut desk = desk();
    desk.step(dismiss(id("a")));
    desk.step(Event::Accept(id("s")));
    desk.step(Event::Filter(query("nothing has this word")));
    assert_eq!(shown(&desk), (vec!["a?".to_owned(), "s…".to_owned()], 1));
}
