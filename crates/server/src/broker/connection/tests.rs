//! What the machine answers, as full lists. Catching up, messages, ends and the pulse have their files.

use cuecard_protocol::{
    ActionKind, Alert, AlertLevel, Card, CardBody, CardId, InteractionId, MAX_CARDS,
    MAX_MESSAGE_BYTES, RemovalReason,
};

use super::*;

mod catching_up;
mod ends;
mod pulse;
mod resume;

const NOW: Millis = Millis(1_800_000_000_000);

fn card(id: &str, html: &str) -> Card {
    Card {
        id: CardId::parse(id).unwrap(),
        interaction_id: InteractionId::parse("INT-1").unwrap(),
        published_at: NOW,
        received_at: NOW,
        expires_at: NOW.plus(Card::ALERT_LIFETIME),
        body: CardBody::Alert(Alert {
            level: AlertLevel::High,
            title: "Risk".into(),
            score: None,
            html: html.into(),
        }),
    }
}

fn entry(seq: u64) -> (Seq, Entry) {
    (Seq(seq), Entry::Card(card(&format!("c{seq}"), "x")))
}

fn entries(seqs: std::ops::RangeInclusive<u64>) -> Reading {
    Reading::Entries(seqs.map(entry).collect())
}

fn nothing() -> Reading {
    Reading::Entries(Vec::new())
}

fn sent(seq: u64) -> Output {
    Output::Send(entry(seq).1.at(Seq(seq)))
}

fn welcome(head: u64, resume: Resume) -> Output {
    Output::Send(ServerMessage::Welcome {
        version: cuecard_protocol::VERSION.into(),
        log: "log-1".into(),
        head: Seq(head),
        resume,
        now: NOW,
    })
}

fn opened() -> Connection {
    Connection::new(
        "log-1".into(),
        AgentId::parse("A-1").unwrap(),
        NOW.plus(Millis::from_secs(3600)),
        Limits::default(),
        NOW,
    )
}

fn hello(last_seq: u64, log: &str) -> Input {
    Input::Message(format!(
        r#"{{"type":"hello","last_seq":{last_seq},"log":"{log}","version":"0"}}"#
    ))
}

fn text(message: &str) -> Input {
    Input::Message(message.to_owned())
}

/// A connection that has resumed at 41 and waits for its log to grow.
fn following() -> Connection {
    let mut connection = opened();
    connection.step(hello(41, "log-1"), NOW);
    connection.step(
        Input::Joined {
            head: Seq(41),
            reading: nothing(),
        },
        NOW,
    );
    connection
}

#[track_caller]
fn check(connection: &mut Connection, input: Input, expected: &[Output]) {
    assert_eq!(connection.step(input, NOW), expected);
}

#[track_caller]
fn closes(
    connection: &mut Connection,
    input: Input,
    now: Millis,
    count: Option<&'static str>,
    code: CloseCode,
) {
    let outputs = connection.step(input, now);
    let expected: Vec<Output> = count.map(Output::Count).into_iter().collect();
    let (last, before) = outputs.split_last().unwrap();
    assert_eq!(before, expected);
    assert!(
        matches!(last, Output::Close(with, _) if *with == code),
        "{last:?}"
    );
    assert!(connection.is_over());
    assert_eq!(connection.step(text(r#"{"type":"ping"}"#), now), []);
}
