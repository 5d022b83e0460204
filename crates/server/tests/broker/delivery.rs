//! Cards to the panel, and actions from it.

use std::fmt::Write as _;

use cuecard_protocol::{AckOutcome, ActionId, CardId, RemovalReason, Resume, Seq, ServerMessage};
use serde_json::{Value, json};

use crate::stage::{Socket, Stage};

fn action(id: &str, card: &str, kind: &str) -> String {
    json!({ "type": "action", "id": id, "card_id": card, "kind": kind, "at": 1_900_000_000_000_u64 }).to_string()
}

fn recorded(id: &str) -> ServerMessage {
    ServerMessage::Ack {
        id: ActionId::parse(id).unwrap(),
        outcome: AckOutcome::Recorded,
    }
}

fn log_of(welcome: &ServerMessage) -> String {
    let ServerMessage::Welcome { log, .. } = welcome else {
        panic!("{welcome:?}")
    };
    log.clone()
}

fn seqs(messages: &[ServerMessage]) -> Vec<u64> {
    let seq = |message: &ServerMessage| match message {
        ServerMessage::Card { seq, .. } | ServerMessage::Removed { seq, .. } => seq.0,
        other => panic!("{other:?}"),
    };
    messages.iter().map(seq).collect()
}

/// A new panel's first look: the welcome, and what the parts of the snapshot hold.
async fn first_look(socket: &mut Socket) -> (ServerMessage, Vec<u64>, usize) {
    let welcome = socket.hello(0, None).await;
    let (mut seqs, mut parts) = (Vec::new(), 0);
    loop {
        let ServerMessage::Snapshot { cards, last } = socket.next().await else {
            panic!("no snapshot")
        };
        seqs.extend(cards.iter().map(|live| live.seq.0));
        parts += 1;
        if last {
            return (welcome, seqs, parts);
        }
    }
}

#[tokio::test]
async fn a_card_reaches_all_tabs_of_its_agent_and_nobody_else() {
    let stage = Stage::new().await;
    let (mine, other) = (stage.browser_of("A-1").await, stage.browser_of("A-2").await);
    let (mut one, mut two, mut third) = (
        mine.connect().await,
        mine.connect().await,
        other.connect().await,
    );
    for socket in [&mut one, &mut two, &mut third] {
        let (welcome, cards, _) = first_look(socket).await;
        let ServerMessage::Welcome {
            version,
            head,
            resume,
            ..
        } = welcome
        else {
            panic!("{welcome:?}")
        };
        assert_eq!(
            (version.as_str(), head, resume),
            (cuecard_protocol::VERSION, Seq(0), Resume::Gap)
        );
        assert_eq!(cards, Vec::<u64>::new());
    }
    let card = stage.card("c1", "<b>x</b>");
    stage.publish("A-1", [card.clone()]).await;
    let expected = ServerMessage::Card { seq: Seq(1), card };
    assert_eq!(one.next().await, expected);
    assert_eq!(two.next().await, expected);
    third.say(r#"{"type":"ping"}"#).await;
    assert_eq!(third.next().await, ServerMessage::Pong);
}

#[tokio::test]
async fn what_came_meanwhile_comes_once_and_in_order() {
    let stage = Stage::new().await;
    let browser = stage.browser_of("A-1").await;
    let mut socket = browser.connect().await;
    let (welcome, ..) = first_look(&mut socket).await;
    let log = log_of(&welcome);
    stage
        .publish("A-1", (1..=3).map(|n| stage.card(&format!("c{n}"), "x")))
        .await;
    assert_eq!(seqs(&socket.take(3).await), [1, 2, 3]);
    drop(socket);
    stage
        .publish("A-1", (4..=120).map(|n| stage.card(&format!("c{n}"), "x")))
        .await;
    let mut socket = browser.connect().await;
    // The panel had not applied the third yet.
    let welcome = socket.hello(2, Some(&log)).await;
    assert!(
        matches!(
            welcome,
            ServerMessage::Welcome {
                resume: Resume::Resumed,
                head: Seq(120),
                ..
            }
        ),
        "{welcome:?}"
    );
    stage.publish("A-1", [stage.card("c121", "x")]).await;
    assert_eq!(seqs(&socket.take(119).await), (3..=121).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_restart_changes_nothing_for_who_resumes() {
    let stage = Stage::new().await;
    let mut socket = stage.browser_of("A-1").await.connect().await;
    let (welcome, ..) = first_look(&mut socket).await;
    stage
        .publish("A-1", [stage.card("c1", "x"), stage.card("c2", "x")])
        .await;
    let dir = stage.stop().await;
    let stage = Stage::at(dir, "", cuecard_server::clock::Clock::system()).await;
    let mut socket = stage.browser_of("A-1").await.connect().await;
    let again = socket.hello(1, Some(&log_of(&welcome))).await;
    assert!(
        matches!(
            again,
            ServerMessage::Welcome {
                resume: Resume::Resumed,
                head: Seq(2),
                ..
            }
        ),
        "{again:?}"
    );
    assert_eq!(seqs(&socket.take(1).await), [2]);
}

#[tokio::test]
async fn a_log_that_nobody_has_is_a_gap_and_large_snapshots_come_in_parts() {
    let stage = Stage::new().await;
    let html = "<i>\"quoted\"</i>".repeat(1_500);
    stage
        .publish("A-1", (1..=12).map(|n| stage.card(&format!("c{n}"), &html)))
        .await;
    let browser = stage.browser_of("A-1").await;
    let mut socket = browser.connect().await;
    let (welcome, cards, parts) = first_look(&mut socket).await;
    assert!(
        matches!(
            welcome,
            ServerMessage::Welcome {
                resume: Resume::Gap,
                head: Seq(12),
                ..
            }
        ),
        "{welcome:?}"
    );
    assert_eq!(cards, (1..=12).collect::<Vec<_>>());
    assert!(parts > 3, "{parts}");
    for (last_seq, log) in [(7, "another".to_owned()), (99, log_of(&welcome))] {
        let mut socket = browser.connect().await;
        let welcome = socket.hello(last_seq, Some(&log)).await;
        assert!(
            matches!(
                welcome,
                ServerMessage::Welcome {
                    resume: Resume::Gap,
                    ..
                }
            ),
            "{welcome:?}"
        );
    }
    // After a snapshot the log goes on behind its head.
    stage.publish("A-1", [stage.card("c13", "x")]).await;
    assert_eq!(seqs(&socket.take(1).await), [13]);
}

#[tokio::test]
async fn actions_count_once_and_the_card_leaves_every_tab() {
    let stage = Stage::new().await;
    let browser = stage.browser_of("A-1").await;
    let (mut one, mut two) = (browser.connect().await, browser.connect().await);
    first_look(&mut one).await;
    first_look(&mut two).await;
    stage.publish("A-1", [stage.card("c1", "x")]).await;
    assert_eq!(seqs(&one.take(1).await), [1]);
    assert_eq!(seqs(&two.take(1).await), [1]);
    for text in [
        action("x1", "c1", "rendered"),
        action("x2", "c1", "dismissed"),
        action("x2", "c1", "dismissed"),
    ] {
        one.say(text).await;
    }
    one.say(action("x3", "nobody", "accepted")).await;
    let removed = ServerMessage::Removed {
        seq: Seq(2),
        card_id: CardId::parse("c1").unwrap(),
        reason: RemovalReason::Dismissed,
    };
    let mut answers = one.take(5).await;
    let place = answers
        .iter()
        .position(|message| *message == removed)
        .expect("the card leaves this tab, too");
    answers.remove(place);
    let refused = answers.pop().unwrap();
    assert_eq!(answers, [recorded("x1"), recorded("x2"), recorded("x2")]);
    assert!(
        matches!(&refused, ServerMessage::Ack { id, outcome: AckOutcome::Refused { .. } } if id.as_str() == "x3"),
        "{refused:?}"
    );
    assert_eq!(two.next().await, removed);

    let audited = stage.audited().await;
    let of_card: Vec<(&str, &str)> = audited
        .iter()
        .filter(|(_, actor, card, _)| actor == "A-1" && !card.is_empty())
        .map(|(event, _, _, outcome)| (event.as_str(), outcome.as_str()))
        .collect();
    assert_eq!(
        of_card,
        [
            ("delivered", "ok"),
            ("delivered", "ok"),
            ("rendered", "ok"),
            ("dismissed", "ok"),
            ("refused", "action_refused")
        ]
    );
}

#[tokio::test]
async fn thousands_of_cards_arrive_whole() {
    let stage = Stage::new().await;
    let mut socket = stage.browser_of("A-1").await.connect().await;
    first_look(&mut socket).await;
    let publishing = stage.publish(
        "A-1",
        (1..=500).map(|n| stage.card(&format!("c{n}"), &"x".repeat(1_200))),
    );
    let (messages, ()) = tokio::join!(socket.take(500), publishing);
    assert_eq!(seqs(&messages), (1..=500).collect::<Vec<_>>());
}

#[tokio::test]
async fn nothing_of_the_platform_is_in_an_answer() {
    let platform = "[platform]\ntoken_url = 'http://127.0.0.1:9/token'\nalerts_url = 'ws://127.0.0.1:9/alerts'\n\
        notifications_url = 'ws://127.0.0.1:9/notifications'\nclient_id = 'the-client-id'\n\
        client_secret = 'the-client-secret'\n";
    let stage = Stage::with(platform).await;
    let mut browser = stage.browser();
    let mut seen = String::new();
    for body in [
        json!({ "agent_id": "A-1" }),
        json!({ "assertion": "x" }),
        json!("the-client-secret"),
    ] {
        let answer = browser.open_session(&body).await;
        write!(seen, "{:?}", answer.headers()).unwrap();
        seen += &answer.text().await.unwrap();
    }
    for path in ["/", "/api/nowhere", "/metrics", "/readyz"] {
        let answer = browser
            .request(reqwest::Method::GET, path)
            .send()
            .await
            .unwrap();
        write!(seen, "{:?}", answer.headers()).unwrap();
        seen += &answer.text().await.unwrap();
    }
    seen += &browser.ticket().await;
    stage.app.audit.flush().await;
    seen += &std::fs::read_to_string(stage.dir.path().join("audit.jsonl")).unwrap();
    assert!(seen.contains("\"agent_id\":\"A-1\"") && seen.contains("cuecard_refused_total"));
    for secret in ["the-client-secret", "the-client-id", crate::stage::SECRET] {
        assert!(!seen.contains(secret), "{secret} is shown: {seen}");
    }
    let trail: Value = serde_json::from_str(seen.lines().last().unwrap()).unwrap();
    assert!(trail["hash"].is_string());
}
