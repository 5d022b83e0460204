//! Tasks: done, put off, opened, and seen alone.

use cuecard_panel::{CardKind, Effect, Event, Filter, TaskLink};
use cuecard_protocol::ActionKind::{Accepted, Snoozed};
use cuecard_protocol::{AckOutcome, Card, CardBody, Millis, RemovalReason, Seq, ServerMessage};

use crate::desk::{Desk, act, action, came, dismiss, id, polite, store, suggestion, task, told};

const HOUR: Millis = Millis::from_secs(3_600);

/// A panel that shows one task, which is due in an hour and has been announced.
fn with_task() -> Desk {
    let mut desk = Desk::connected();
    let card = due_in(&desk, "t", 1);
    desk.check_say(&came(1, card), &[polite("New task: Call back")]);
    desk.sleep(3_000);
    desk
}

fn due_in(desk: &Desk, name: &str, hours: u64) -> Card {
    let now = desk.server_now();
    task(name, now.plus(Millis(hours * HOUR.0)), now)
}

fn shown(desk: &Desk) -> (bool, usize, Vec<String>) {
    let view = desk.panel.view(desk.now);
    (view.shows_tasks, view.tasks, desk.feed())
}

fn names<const N: usize>(names: [&str; N]) -> Vec<String> {
    names.map(str::to_owned).to_vec()
}

#[test]
fn done_is_accepted() {
    let mut desk = with_task();
    let accepted = action(1, "t", Accepted, desk.server_now());
    desk.check(
        Event::Accept(id("t")),
        &[
            told(Accepted, "task", "t"),
            act(&accepted),
            store(&[&accepted]),
        ],
    );
    let ack = ServerMessage::Ack {
        id: accepted.id.clone(),
        outcome: AckOutcome::Recorded,
    };
    desk.check_say(&ack, &[polite("Done."), store(&[])]);
}

#[test]
fn a_task_that_is_put_off_leaves_and_comes_back_as_a_new_card() {
    let mut desk = with_task();
    // The desk's server is ahead of the browser; the agent chose by the browser.
    let until = desk.now.plus(HOUR);
    let mut snoozed = action(1, "t", Snoozed, desk.server_now());
    snoozed.until = Some(desk.server_now().plus(HOUR));
    desk.check(
        Event::Snooze {
            card_id: id("t"),
            until,
        },
        &[
            told(Snoozed, "task", "t"),
            act(&snoozed),
            store(&[&snoozed]),
        ],
    );
    assert_eq!(shown(&desk), (false, 0, names(["t…"])));
    desk.say(&ServerMessage::Removed {
        seq: Seq(2),
        card_id: id("t"),
        reason: RemovalReason::Snoozed,
    });
    let ack = ServerMessage::Ack {
        id: snoozed.id.clone(),
        outcome: AckOutcome::Recorded,
    };
    desk.check_say(&ack, &[polite("Snoozed."), store(&[])]);
    desk.wait(1_200);
    assert_eq!(desk.feed(), [] as [&str; 0]);
    let back = due_in(&desk, "t", 1);
    desk.say(&came(3, back));
    assert_eq!(shown(&desk), (false, 1, names(["t"])));
}

#[test]
fn only_a_task_can_be_put_off_and_not_beyond_its_end() {
    let mut desk = with_task();
    let card = suggestion("s", "Offer it", desk.server_now());
    desk.say(&came(2, card));
    let end = HOUR.plus(Card::TASK_OVERDUE).since(Millis(3_000));
    for (card, after) in [("s", HOUR), ("nothing", HOUR), ("t", end)] {
        let until = desk.now.plus(after);
        let card_id = id(card);
        desk.check(Event::Snooze { card_id, until }, &[]);
    }
    let until = desk.now.plus(end.since(Millis(1)));
    let card_id = id("t");
    assert_eq!(desk.step(Event::Snooze { card_id, until }).len(), 3);
}

#[test]
fn a_task_leads_to_its_conversation_and_other_cards_lead_nowhere() {
    let mut desk = with_task();
    let link = TaskLink {
        card_id: id("t"),
        task_id: Some("T-t".into()),
        interaction_id: "t".into(),
    };
    desk.check(Event::OpenTask(id("t")), &[Effect::OpenTask(link)]);
    desk.check(Event::OpenTask(id("nothing")), &[]);
}

#[test]
fn a_task_leads_to_the_interaction_that_its_card_cannot_name_and_needs_no_id() {
    let mut desk = Desk::connected();
    let mut card = due_in(&desk, "t", 1);
    let CardBody::Task(task) = &mut card.body else {
        panic!("expected a task")
    };
    task.task_id = None;
    task.true_interaction_id = Some("a b".into());
    desk.say(&came(1, card));
    let link = TaskLink {
        card_id: id("t"),
        task_id: None,
        interaction_id: "a b".into(),
    };
    desk.check(Event::OpenTask(id("t")), &[Effect::OpenTask(link)]);
    desk.step(Event::Filter(Filter {
        query: "a b".into(),
        ..Filter::default()
    }));
    assert_eq!(desk.panel.view(desk.now).filtered, 0);
    let effects = desk.step(Event::Accept(id("t")));
    assert!(
        matches!(&effects[0], Effect::TellHost(told) if told.interaction_id == "a b" && told.card_kind == "task"),
        "{effects:?}"
    );
}

#[test]
fn the_tasks_alone_stand_in_the_order_in_which_they_are_due() {
    let mut desk = Desk::connected();
    let alert = desk.critical("a");
    let [late, early] = [("late", 9), ("early", 2)].map(|(name, hours)| due_in(&desk, name, hours));
    for (seq, card) in (1..).zip([early, alert, late]) {
        desk.say(&came(seq, card));
        desk.sleep(10);
    }
    // Among all cards they stand by when they came.
    assert_eq!(shown(&desk), (false, 2, names(["a", "early", "late"])));
    desk.step(Event::Filter(Filter {
        kind: Some(CardKind::Alert),
        ..Filter::default()
    }));
    desk.check(Event::ShowTasks(true), &[]);
    assert_eq!(shown(&desk), (true, 2, names(["early", "late"])));
    let view = desk.panel.view(desk.now);
    assert_eq!((view.filtered, view.filter), (0, Filter::default()));
    desk.step(dismiss(id("early")));
    assert_eq!(shown(&desk), (true, 1, names(["early?", "late"])));
    desk.check(Event::ShowTasks(false), &[]);
    assert_eq!(shown(&desk), (false, 1, names(["a", "early?", "late"])));
}

#[test]
fn when_the_last_task_is_gone_all_cards_are_shown_again() {
    let mut desk = with_task();
    desk.step(Event::ShowTasks(true));
    let accepted = action(1, "t", Accepted, desk.server_now());
    desk.step(Event::Accept(id("t")));
    assert_eq!(shown(&desk), (true, 0, names(["t…"])));
    desk.say(&ServerMessage::Ack {
        id: accepted.id.clone(),
        outcome: AckOutcome::Recorded,
    });
    desk.wait(1_200);
    assert_eq!(shown(&desk), (false, 0, Vec::new()));
}

#[test]
fn a_card_that_is_wanted_is_shown_whatever_hides_it() {
    let mut desk = with_task();
    let alert = desk.critical("a");
    desk.say(&came(2, alert));
    desk.step(Event::ShowTasks(true));
    desk.step(Event::Filter(Filter {
        query: "nothing like it".into(),
        kind: None,
    }));
    desk.check(Event::ShowCard(id("t")), &[Effect::Focus(id("t"))]);
    assert_eq!(shown(&desk), (true, 1, names(["t"])));
    desk.check(Event::ShowCard(id("a")), &[Effect::Focus(id("a"))]);
    assert_eq!(shown(&desk), (false, 1, names(["a", "t"])));
    desk.check(Event::ShowCard(id("nothing")), &[]);
}
