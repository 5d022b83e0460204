//! Accepting, reasons, snippets; and how long a decision stays in sight.

use cuecard_panel::{
    Decided, Effect, Event, HandOver, Handed, Handover, PendingDismissal, Stored, Way,
};
use cuecard_protocol::ActionKind::{Accepted, Adopted, Dismissed};
use cuecard_protocol::{
    AckOutcome, Action, InteractionId, Millis, RemovalReason, Resume, Seq, ServerMessage,
};

use crate::desk::{
    Desk, act, action, came, dismiss, id, polite, prompt, snapshot, store, stored, suggestion,
    told, welcome,
};

/// A panel that shows one suggestion, which has been announced.
fn with_suggestion() -> Desk {
    let mut desk = Desk::connected();
    let card = suggestion("s", "Offer it", desk.server_now());
    desk.check_say(&came(1, card), &[polite("New suggestion: Offer it")]);
    desk.sleep(3_000);
    desk
}

/// A panel that shows a pinned prompt of two snippets, which has been announced.
fn with_prompt() -> Desk {
    let mut desk = Desk::connected();
    let snippets = [("KB-1", "Hello"), ("KB-2", "Bye")];
    let card = prompt("p", &snippets, true, desk.server_now());
    desk.check_say(&came(1, card), &[polite("New prompt: 2 snippets")]);
    desk.sleep(3_000);
    desk
}

fn ack(action: &Action, outcome: AckOutcome) -> ServerMessage {
    ServerMessage::Ack {
        id: action.id.clone(),
        outcome,
    }
}

fn removed(seq: u64, card: &str, reason: RemovalReason) -> ServerMessage {
    ServerMessage::Removed {
        seq: Seq(seq),
        card_id: id(card),
        reason,
    }
}

#[test]
fn accepted_is_sent_at_once_and_stays_in_sight_until_shortly_after_it_is_durable() {
    let mut desk = with_suggestion();
    let accepted = action(1, "s", Accepted, desk.server_now());
    desk.check(
        Event::Accept(id("s")),
        &[
            told(Accepted, "suggestion", "s"),
            act(&accepted),
            store(&[&accepted]),
        ],
    );
    assert_eq!(desk.feed(), ["s…"]);
    desk.check_say(&removed(2, "s", RemovalReason::Accepted), &[]);
    assert_eq!(desk.feed(), ["s…"], "the row is not the card");
    desk.check_say(
        &ack(&accepted, AckOutcome::Recorded),
        &[polite("Accepted."), store(&[])],
    );
    assert_eq!(desk.feed(), ["s!"]);
    desk.check_wait(1_199, &[]);
    assert_eq!(desk.feed(), ["s!"]);
    desk.check_wait(1, &[]);
    assert_eq!(desk.feed(), [] as [&str; 0]);
}

#[test]
fn accepted_without_a_connection_waits_in_sight() {
    let mut desk = with_suggestion();
    let accepted = action(1, "s", Accepted, desk.server_now());
    desk.step(Event::SocketClosed { code: 4408 });
    desk.check(
        Event::Accept(id("s")),
        &[told(Accepted, "suggestion", "s"), store(&[&accepted])],
    );
    desk.reopen();
    desk.check_say(&welcome(1, Resume::Resumed), &[act(&accepted)]);
    assert_eq!(desk.feed(), ["s…"]);
}

#[test]
fn accepted_too_late_is_told_in_its_place_for_six_seconds() {
    let mut desk = with_suggestion();
    let accepted = action(1, "s", Accepted, desk.server_now());
    desk.step(Event::Accept(id("s")));
    let refused = AckOutcome::Refused {
        message: "card s is no longer live".into(),
        left_by: Some(RemovalReason::Expired),
    };
    desk.check_say(
        &ack(&accepted, refused),
        &[polite("Not recorded: its time was over."), store(&[])],
    );
    assert_eq!(desk.feed(), ["s: its time was over"]);
    desk.wait(5_999);
    assert_eq!(desk.feed(), ["s: its time was over"]);
    desk.wait(1);
    assert_eq!(desk.feed(), [] as [&str; 0]);
    assert_eq!(desk.panel.counts().refused_actions, 1);
}

#[test]
fn only_a_suggestion_that_is_there_can_be_accepted_and_only_once() {
    let mut desk = with_prompt();
    desk.check(Event::Accept(id("p")), &[]);
    desk.check(Event::Accept(id("nothing")), &[]);
    let mut desk = with_suggestion();
    desk.step(Event::Accept(id("s")));
    desk.check(Event::Accept(id("s")), &[]);
    desk.check(dismiss(id("s")), &[]);
}

#[test]
fn a_decided_row_outlives_a_snapshot_and_the_cards_own_time() {
    let mut desk = Desk::connected();
    let mut card = suggestion("s", "Offer it", desk.server_now());
    card.expires_at = desk.server_now().plus(Millis(2_000));
    desk.say(&came(1, card.clone()));
    desk.step(Event::Accept(id("s")));
    desk.wait(2_500);
    desk.step(Event::SocketClosed { code: 4408 });
    desk.reopen();
    desk.say(&welcome(1, Resume::Gap));
    desk.say(&snapshot(&[(1, &card)], true));
    assert_eq!(desk.feed(), ["s…"]);
}

#[test]
fn an_id_that_comes_again_after_its_outcome_is_a_new_card() {
    let mut desk = with_suggestion();
    let accepted = action(1, "s", Accepted, desk.server_now());
    desk.step(Event::Accept(id("s")));
    desk.say(&ack(&accepted, AckOutcome::Recorded));
    desk.say(&removed(2, "s", RemovalReason::Accepted));
    let again = suggestion("s", "Offer it again", desk.server_now());
    desk.say(&came(3, again));
    assert_eq!(desk.feed(), ["s"]);
}

#[test]
fn a_reason_goes_along_and_gives_time_to_write_it() {
    let mut desk = with_suggestion();
    let at = desk.server_now();
    desk.step(dismiss(id("s")));
    desk.sleep(4_000);
    let because = |reason: &str| Event::Dismiss {
        card_id: id("s"),
        reason: Some(reason.into()),
    };
    let pending = PendingDismissal {
        card_id: id("s"),
        until: desk.now.plus(Millis(5_000)),
        at,
        reason: Some("no such plan".into()),
    };
    let with_reason = Stored {
        dismissals: vec![pending],
        ..stored(&[])
    };
    desk.check(because(" no such plan "), &[Effect::Store(with_reason)]);
    desk.check(because("no such plan"), &[]);
    let dismissed = Action {
        reason: Some("no such plan".into()),
        ..action(1, "s", Dismissed, at)
    };
    let told = Effect::TellHost(Decided {
        kind: Dismissed,
        card_kind: "suggestion",
        card_id: id("s"),
        interaction_id: "s".into(),
        reason: Some("no such plan".into()),
    });
    desk.check_wait(
        5_000,
        &[
            (5_000, told),
            (5_000, act(&dismissed)),
            (5_000, store(&[&dismissed])),
        ],
    );
}

#[test]
fn a_reason_is_cut_and_an_empty_one_is_none() {
    for (reason, sent) in [
        ("  ".to_owned(), None),
        ("x".repeat(501), Some("x".repeat(500))),
    ] {
        let mut desk = with_suggestion();
        desk.step(Event::Dismiss {
            card_id: id("s"),
            reason: Some(reason),
        });
        desk.step(Event::VisibilityChanged { visible: false });
        desk.step(Event::SocketClosed { code: 4408 });
        desk.reopen();
        let effects = desk.say(&welcome(1, Resume::Resumed));
        let reasons: Vec<_> = effects
            .into_iter()
            .filter_map(|effect| match effect {
                Effect::Send(cuecard_protocol::ClientMessage::Action(action)) => {
                    Some(action.reason)
                }
                _ => None,
            })
            .collect();
        assert_eq!(reasons, [sent]);
    }
}

#[test]
fn a_snippet_counts_once_it_has_got_there_and_once_only() {
    let mut desk = with_prompt();
    let take = Event::Take {
        card_id: id("p"),
        snippet_id: "KB-2".into(),
        way: Way::Insert,
        values: Vec::new(),
    };
    let offer = Effect::HandOver(HandOver {
        way: Way::Insert,
        card_id: id("p"),
        interaction_id: InteractionId::parse("p").unwrap(),
        snippet_id: "KB-2".into(),
        text: "Bye".into(),
        fits_composer: true,
    });
    let outcome = |outcome| Event::HandedOver {
        card_id: id("p"),
        snippet_id: "KB-2".into(),
        outcome,
    };
    let handed = |desk: &Desk| {
        let handed = desk.panel.view(desk.now).handed;
        handed.map(|Handed { outcome, .. }| outcome)
    };
    desk.check(take.clone(), std::slice::from_ref(&offer));
    desk.check(
        outcome(Handover::Failed),
        &[polite("The browser does not allow copying here.")],
    );
    assert_eq!(handed(&desk), Some(Handover::Failed));
    desk.wait(3_000);
    assert_eq!(handed(&desk), None);

    desk.check(take.clone(), std::slice::from_ref(&offer));
    let adopted = Action {
        snippet_id: Some("KB-2".into()),
        ..action(1, "p", Adopted, desk.server_now())
    };
    desk.check(
        outcome(Handover::Inserted),
        &[act(&adopted), polite("Inserted."), store(&[&adopted])],
    );
    desk.say(&ack(&adopted, AckOutcome::Recorded));
    desk.sleep(3_000);
    desk.check(take, &[offer]);
    desk.check(outcome(Handover::Copied), &[polite("Copied.")]);
    let view = desk.panel.view(desk.now);
    assert_eq!(view.cards[0].adopted, ["KB-2"]);
    assert_eq!(desk.feed(), ["p"], "a prompt stays");
}

#[test]
fn snippets_that_are_not_there_cannot_be_taken() {
    let mut desk = with_prompt();
    for (card, snippet) in [("p", "KB-3"), ("q", "KB-1")] {
        desk.check(
            Event::Take {
                card_id: id(card),
                snippet_id: snippet.into(),
                way: Way::Copy,
                values: Vec::new(),
            },
            &[],
        );
    }
}
