//! From hello to the newest entry: replay, snapshot, following.

use super::*;

#[test]
fn a_panel_that_knows_the_log_gets_what_it_missed_in_order() {
    let mut connection = opened();
    check(
        &mut connection,
        hello(41, "log-1"),
        &[Output::Join { after: Seq(41) }],
    );
    check(
        &mut connection,
        Input::Joined {
            head: Seq(43),
            reading: entries(42..=43),
        },
        &[welcome(43, Resume::Resumed), sent(42), sent(43)],
    );
    check(
        &mut connection,
        Input::LogGrew,
        &[Output::Read { after: Seq(43) }],
    );
    check(&mut connection, Input::Read(entries(44..=44)), &[sent(44)]);
}

#[test]
fn growth_while_the_log_is_being_read_is_not_missed() {
    let mut connection = following();
    check(
        &mut connection,
        Input::LogGrew,
        &[Output::Read { after: Seq(41) }],
    );
    check(&mut connection, Input::LogGrew, &[]);
    check(&mut connection, Input::LogGrew, &[]);
    check(
        &mut connection,
        Input::Read(entries(42..=42)),
        &[sent(42), Output::Read { after: Seq(42) }],
    );
    check(&mut connection, Input::Read(nothing()), &[]);
}

#[test]
fn growth_before_and_during_the_welcome_is_read_after_it() {
    let mut connection = opened();
    check(&mut connection, Input::LogGrew, &[]);
    connection.step(hello(0, "another"), NOW);
    check(&mut connection, Input::LogGrew, &[]);
    check(
        &mut connection,
        Input::Snapshot {
            head: Seq(7),
            cards: vec![],
        },
        &[
            welcome(7, Resume::Gap),
            Output::Send(ServerMessage::Snapshot {
                cards: vec![],
                last: true,
            }),
            Output::Read { after: Seq(7) },
        ],
    );
}

#[test]
fn a_full_part_is_followed_by_the_next_only_when_it_was_given_out() {
    let mut connection = following();
    connection.step(Input::LogGrew, NOW);
    let last = 41 + PART as u64;
    let mut expected: Vec<Output> = (42..=last).map(sent).collect();
    expected.push(Output::Read { after: Seq(last) });
    check(&mut connection, Input::Read(entries(42..=last)), &expected);
}

#[test]
fn another_log_no_log_and_a_gap_lead_to_a_snapshot() {
    let live = LiveCard {
        seq: Seq(5),
        card: card("c5", "x"),
    };
    let snapshot = || Input::Snapshot {
        head: Seq(7),
        cards: vec![live.clone()],
    };
    let expected = [
        welcome(7, Resume::Gap),
        Output::Send(ServerMessage::Snapshot {
            cards: vec![live.clone()],
            last: true,
        }),
    ];

    let mut connection = opened();
    check(&mut connection, hello(41, "log-0"), &[Output::TakeSnapshot]);
    check(&mut connection, snapshot(), &expected);

    let mut connection = opened();
    check(
        &mut connection,
        text(r#"{"type":"hello","last_seq":0,"version":"0"}"#),
        &[Output::TakeSnapshot],
    );
    check(&mut connection, snapshot(), &expected);

    let mut connection = opened();
    connection.step(hello(3, "log-1"), NOW);
    check(
        &mut connection,
        Input::Joined {
            head: Seq(7),
            reading: Reading::Gap,
        },
        &[Output::TakeSnapshot],
    );
    check(&mut connection, snapshot(), &expected);
}

#[test]
fn whoever_missed_very_much_gets_a_snapshot() {
    let mut connection = opened();
    connection.step(hello(1, "log-1"), NOW);
    check(
        &mut connection,
        Input::Joined {
            head: Seq(1_002),
            reading: entries(2..=33),
        },
        &[Output::TakeSnapshot],
    );
    let mut connection = opened();
    connection.step(hello(2, "log-1"), NOW);
    let outputs = connection.step(
        Input::Joined {
            head: Seq(1_002),
            reading: entries(3..=34),
        },
        NOW,
    );
    assert_eq!(outputs[0], welcome(1_002, Resume::Resumed));
}

#[test]
fn a_large_snapshot_comes_in_parts_that_fit() {
    let html = "<b>\"quoted\"</b>".repeat(1_000);
    let live = |n: u64| LiveCard {
        seq: Seq(n),
        card: card(&format!("c{n}"), &html),
    };
    let cards: Vec<LiveCard> = (1..=20).map(live).collect();
    let parts = fit::snapshot_parts(cards.clone());
    assert!(parts.len() > 3, "{}", parts.len());
    let mut seen = Vec::new();
    for (index, part) in parts.iter().enumerate() {
        assert!(
            fit::size(part) <= MAX_MESSAGE_BYTES,
            "part {index} has {} bytes",
            fit::size(part)
        );
        let ServerMessage::Snapshot { cards, last } = part else {
            panic!("{part:?}")
        };
        assert_eq!(*last, index + 1 == parts.len());
        seen.extend(cards.iter().cloned());
    }
    assert_eq!(seen, cards);
}

#[test]
fn a_snapshot_has_the_cards_a_panel_would_keep() {
    let mut cards: Vec<LiveCard> = (1..=250)
        .map(|n| LiveCard {
            seq: Seq(n),
            card: card(&format!("c{n}"), "x"),
        })
        .collect();
    for live in &mut cards {
        live.card.received_at = NOW.plus(Millis(live.seq.0));
    }
    if let CardBody::Alert(alert) = &mut cards[0].card.body {
        alert.level = AlertLevel::Critical;
    }
    let parts = fit::snapshot_parts(cards);
    let seqs: Vec<u64> = parts
        .iter()
        .flat_map(|part| match part {
            ServerMessage::Snapshot { cards, .. } => cards.iter().map(|live| live.seq.0).collect(),
            _ => Vec::new(),
        })
        .collect();
    let expected: Vec<u64> = std::iter::once(1).chain(52..=250).collect();
    assert_eq!(seqs, expected);
}

#[test]

fn a_card_that_fits_into_no_message_leaves_no_hole() {
    let html = "\u{1}".repeat(MAX_MESSAGE_BYTES / 6);
    let mut connection = following();
    connection.step(Input::LogGrew, NOW);
    check(
        &mut connection,
        Input::Read(Reading::Entries(vec![
            (Seq(42), Entry::Card(card("big", &html))),
            entry(43),
        ])),
        &[
            Output::Count("card_too_large"),
            Output::Send(ServerMessage::Removed {
                seq: Seq(42),
                card_id: CardId::parse("big").unwrap(),
                reason: RemovalReason::Expired,
            }),
            sent(43),
        ],
    );
    assert_eq!(
        fit::snapshot_parts(vec![LiveCard {
            seq: Seq(42),
            card: card("big", &html)
        }]),
        [ServerMessage::Snapshot {
            cards: vec![],
            last: true
        }]
    );
}
