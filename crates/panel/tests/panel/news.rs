//! What the host is told without having to do anything: cards, the status, errors.

use cuecard_panel::{Effect, Event, Failure, News, Status, Text};
use cuecard_protocol::ActionKind::Accepted;
use cuecard_protocol::{AckOutcome, Card, RemovalReason, Resume, ServerMessage};

use crate::desk::{Desk, action, came, dismiss, id, snapshot, suggestion, welcome};

/// What was told since the last call: cards by their ids, statuses and errors by their words.
fn told(desk: &mut Desk) -> Vec<String> {
    let in_words = |news| match news {
        News::Card(card) => card.id.to_string(),
        News::Status(Status::Connecting) => "connecting".into(),
        News::Status(Status::Connected) => "connected".into(),
        News::Status(Status::Reconnecting { .. }) => "reconnecting".into(),
        News::Status(Status::Stopped { .. }) => "stopped".into(),
        News::Error { code, card_id, .. } => match card_id {
            Some(card_id) => format!("{code} {card_id}"),
            None => code.into(),
        },
    };
    desk.news.drain(..).map(in_words).collect()
}

/// A connected panel that has told all this.
fn connected() -> Desk {
    let mut desk = Desk::connected();
    assert_eq!(told(&mut desk), ["connecting", "connected"]);
    desk
}

fn refused(message: &str) -> Failure {
    Failure::Refused {
        message: Text::literal(message.into()),
    }
}

#[test]
fn each_card_is_told_once_however_often_it_is_sent() {
    let mut desk = connected();
    let (a, b) = (desk.high("a"), desk.high("b"));
    desk.say(&came(1, a.clone()));
    desk.say(&came(1, a.clone()));
    assert_eq!(told(&mut desk), ["a"]);

    desk.step(Event::SocketClosed { code: 1006 });
    desk.step(Event::CameOnline);
    desk.reopen();
    desk.say(&welcome(2, Resume::Gap));
    desk.say(&snapshot(&[(1, &a), (2, &b)], true));
    assert_eq!(told(&mut desk), ["b"], "an outage of no length is not told");
}

#[test]
fn a_newer_alert_is_a_card_of_its_own_and_one_that_is_over_is_none() {
    let mut desk = connected();
    let older = desk.high("older");
    let newer = Card {
        id: id("newer"),
        ..older.clone()
    };
    let over = Card {
        expires_at: desk.server_now(),
        ..desk.high("over")
    };
    desk.say(&came(1, older));
    desk.say(&came(2, newer));
    desk.say(&came(3, over));
    assert_eq!(told(&mut desk), ["older", "newer"]);
}

#[test]
fn what_the_agent_has_dismissed_does_not_come_again() {
    let mut desk = connected();
    let card = desk.high("a");
    desk.say(&came(1, card.clone()));
    desk.step(dismiss(id("a")));
    desk.step(Event::SocketClosed { code: 1006 });
    desk.step(Event::CameOnline);
    desk.reopen();
    desk.say(&welcome(1, Resume::Gap));
    desk.say(&snapshot(&[(1, &card)], true));
    assert_eq!(told(&mut desk), ["a"]);
}

#[test]
fn an_outage_is_told_when_it_is_shown_and_its_tries_are_not() {
    let mut desk = connected();
    desk.step(Event::SocketClosed { code: 1006 });
    desk.step(Event::CameOnline);
    desk.step(Event::TicketFailed(Failure::Network));
    assert_eq!(told(&mut desk), [] as [&str; 0]);
    for _ in 0..5 {
        desk.wait(10_000);
        desk.step(Event::TicketFailed(Failure::Network));
    }
    assert_eq!(told(&mut desk), ["reconnecting"]);
    desk.step(Event::TryNow);
    desk.reopen();
    desk.say(&welcome(0, Resume::Resumed));
    assert_eq!(told(&mut desk), ["connected"]);
}

#[test]
fn a_stop_is_told_with_its_code_and_the_words_of_the_status_line() {
    let stopped = |code: u16| Event::SocketClosed { code };
    for (event, code) in [(stopped(4403), "forbidden"), (stopped(4409), "replaced")] {
        let mut desk = connected();
        desk.step(event);
        assert_eq!(told(&mut desk), ["stopped", code]);
    }

    let mut desk = connected();
    desk.step(Event::SocketClosed { code: 1006 });
    desk.step(Event::CameOnline);
    desk.step(Event::TicketFailed(refused("no such page")));
    assert_eq!(told(&mut desk), ["stopped", "refused"]);

    let mut desk = Desk::new();
    desk.step(Event::Started { stored: None });
    desk.step(Event::SessionFailed(refused("no such agent")));
    let Some(News::Error { code, message, .. }) = desk.news.pop() else {
        panic!("the last thing told is not the error: {:?}", desk.news);
    };
    assert_eq!((code, message.as_str()), ("sign_in", "no such agent"));
    assert_eq!(told(&mut desk), ["connecting", "stopped"]);

    // The agent, or the host by `reconnect()`, tries again.
    let effects = desk.step(Event::TryNow);
    assert!(matches!(effects[..], [Effect::OpenSession { .. }]));
    assert_eq!(told(&mut desk), ["connecting"]);
}

#[test]
fn a_decision_that_does_not_count_is_told_with_its_card() {
    let mut desk = connected();
    let card = suggestion("s", "Offer it", desk.server_now());
    desk.say(&came(1, card));
    let accepted = action(1, "s", Accepted, desk.server_now());
    desk.step(Event::Accept(id("s")));
    desk.say(&ServerMessage::Ack {
        id: accepted.id,
        outcome: AckOutcome::Refused {
            message: "the card has left".into(),
            left_by: Some(RemovalReason::Withdrawn),
        },
    });
    assert_eq!(told(&mut desk), ["s", "not_recorded s"]);
}
