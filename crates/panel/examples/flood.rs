//! What a flood costs the panel: 10,000 card messages of 1.2 kB into one panel, in microseconds for each.
//!
//! `cargo run --release -p cuecard-panel --example flood`

use std::time::{Duration, Instant};

use cuecard_panel::{Event, Panel};
use cuecard_protocol::card::{Alert, AlertLevel, Card, CardBody};
use cuecard_protocol::json;
use cuecard_protocol::session::{SessionInfo, TicketInfo};
use cuecard_protocol::{
    AgentId, CardId, InteractionId, Millis, Resume, Seq, ServerMessage, VERSION,
};

/// Messages in one flood.
const FLOOD: u64 = 10_000;

/// Floods; the fastest counts, as the others were disturbed.
const ROUNDS: usize = 20;

const NOW: Millis = Millis(1_800_000_000_000);

fn main() {
    let messages: Vec<String> = (1..=FLOOD).map(message).collect();
    println!("{} messages of {} bytes", FLOOD, messages[0].len());
    let parse = fastest(|| {
        let messages = messages.clone();
        measure(|| {
            for message in messages {
                std::hint::black_box(ServerMessage::parse(&message).is_ok());
            }
        })
    });
    let step = fastest(|| {
        let messages = messages.clone();
        let mut panel = connected();
        let taken = measure(|| {
            for message in messages {
                std::hint::black_box(panel.step(said(&message), NOW, 0.5));
                std::hint::black_box(panel.deadline());
            }
        });
        assert_eq!(panel.view(NOW).cards.len(), 200);
        taken
    });
    let mut panel = connected();
    for message in messages {
        panel.step(said(&message), NOW, 0.5);
    }
    let view = fastest(|| measure(|| drop(std::hint::black_box(panel.view(NOW)))));
    println!("parse         {:6.2} us a message", each(parse));
    println!("parse + apply {:6.2} us a message", each(step));
    println!("view of 200   {:6.2} us", view.as_secs_f64() * 1e6);
}

fn connected() -> Panel {
    let mut panel = Panel::new();
    let agent_id = AgentId::parse("agent").expect("a valid id");
    for event in [
        Event::Started { stored: None },
        Event::SessionOpened(SessionInfo {
            agent_id,
            version: VERSION.into(),
            locale: "en".into(),
            expires_at: Millis(u64::MAX),
            image_origins: Vec::new(),
        }),
        Event::TicketIssued(TicketInfo {
            ticket: "t".into(),
            url: "ws://broker".into(),
            expires_in: 30,
            session: None,
        }),
        Event::SocketOpened,
        say(&ServerMessage::Welcome {
            version: VERSION.into(),
            log: "log".into(),
            head: Seq::ZERO,
            resume: Resume::Gap,
            now: NOW,
        }),
        say(&ServerMessage::Snapshot {
            cards: Vec::new(),
            last: true,
        }),
    ] {
        panel.step(event, NOW, 0.5);
    }
    panel
}

fn say(message: &ServerMessage) -> Event {
    said(&serde_json::to_string(message).expect("a message is JSON"))
}

fn said(text: &str) -> Event {
    Event::SocketMessage(json::tree(text).ok())
}

fn message(n: u64) -> String {
    let paragraph =
        "<p style=\"padding: 4px\">The customer \"asked\" to <b>cancel</b> the contract.</p>\n";
    let card = Card {
        id: CardId::parse(format!("risk-alert-INT-{n}-1800000000")).expect("a valid id"),
        interaction_id: InteractionId::parse(format!("INT-{}", n % 1_000)).expect("a valid id"),
        published_at: NOW,
        received_at: NOW.plus(Millis(n)),
        expires_at: NOW.plus(Card::ALERT_LIFETIME),
        body: CardBody::Alert(Alert {
            level: if n.is_multiple_of(5) {
                AlertLevel::Critical
            } else {
                AlertLevel::High
            },
            title: "High churn risk on this conversation".into(),
            score: Some(0.91),
            html: paragraph.repeat(11),
        }),
    };
    serde_json::to_string(&ServerMessage::Card { seq: Seq(n), card }).expect("a message is JSON")
}

#[expect(
    clippy::disallowed_methods,
    reason = "a measurement needs the real time"
)]
fn measure(work: impl FnOnce()) -> Duration {
    let begin = Instant::now();
    work();
    begin.elapsed()
}

fn fastest(mut round: impl FnMut() -> Duration) -> Duration {
    (0..ROUNDS).map(|_| round()).min().unwrap_or_default()
}

#[expect(clippy::cast_precision_loss, reason = "10,000 is exact")]
fn each(taken: Duration) -> f64 {
    taken.as_secs_f64() * 1e6 / FLOOD as f64
}
