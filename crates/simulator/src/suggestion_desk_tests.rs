//! What injectors are told, by example and over random schedules.

use proptest::prelude::*;

use super::*;

const NOW: Millis = Millis(1_000_000);
const LIFE: u64 = 5_000;

fn interaction() -> InteractionId {
    InteractionId::parse("INT-1").unwrap()
}

fn id(n: usize) -> CardId {
    CardId::parse(format!("s{n}")).unwrap()
}

fn injector(connection: ConnectionId) -> Injector {
    let client = if connection < 100 { "cid" } else { "other" };
    Injector {
        connection,
        client: client.into(),
    }
}

fn offer(desk: &mut Desk, connection: ConnectionId, n: usize, now: Millis) -> &'static str {
    let offer = Offer {
        id: id(n),
        relevance: 0.85,
        start: now,
        end: now.plus(Millis(LIFE)),
    };
    desk.offer(&injector(connection), &interaction(), &offer, now, now)
        .map_or_else(|refusal| refusal.code(), |()| "")
}

/// `ack s1` and so on.
fn said(frame: &ServerFrame) -> String {
    match frame {
        ServerFrame::Ack { suggestion_id, .. } => format!("ack {suggestion_id}"),
        ServerFrame::Accepted { suggestion_id, .. } => format!("accepted {suggestion_id}"),
        ServerFrame::Dismissed { suggestion_id, .. } => format!("dismissed {suggestion_id}"),
        other => panic!("{other:?}"),
    }
}

fn sent(sendings: &[Sending]) -> Vec<(ConnectionId, String)> {
    let sendings = sendings.iter();
    sendings
        .map(|sending| (sending.connection, said(&sending.frame)))
        .collect()
}

fn report(
    desk: &mut Desk,
    kind: OutcomeKind,
    n: usize,
    now: Millis,
) -> Vec<(ConnectionId, String)> {
    sent(&desk.report(kind, &interaction(), &id(n), now))
}

#[test]
fn an_ack_comes_first_and_an_outcome_once() {
    let mut desk = Desk::default();
    assert_eq!(desk.connected(&injector(1), NOW), []);
    assert_eq!(offer(&mut desk, 1, 1, NOW), "");
    assert_eq!(offer(&mut desk, 1, 2, NOW), "");
    let ack = Sending {
        connection: 1,
        frame: ServerFrame::Ack {
            interaction_id: "INT-1".into(),
            suggestion_id: "s1".into(),
            sent_timestamp: 1_000_000.into(),
        },
    };
    let rendered = desk.report(OutcomeKind::Rendered, &interaction(), &id(1), NOW);
    assert_eq!(rendered, [ack]);
    assert_eq!(report(&mut desk, OutcomeKind::Rendered, 1, NOW), []);
    let accepted = report(&mut desk, OutcomeKind::Accepted, 1, NOW);
    assert_eq!(accepted, [(1, "accepted s1".to_owned())]);
    for kind in [
        OutcomeKind::Accepted,
        OutcomeKind::Dismissed,
        OutcomeKind::Rendered,
    ] {
        assert_eq!(report(&mut desk, kind, 1, NOW), []);
    }
    assert_eq!(
        report(&mut desk, OutcomeKind::Dismissed, 2, NOW),
        [(1, "ack s2".to_owned()), (1, "dismissed s2".to_owned())]
    );
    assert_eq!(report(&mut desk, OutcomeKind::Accepted, 3, NOW), []);
}

#[test]
fn outcomes_go_to_the_injecting_connection_or_its_client_and_wait_for_it() {
    let mut desk = Desk::default();
    for connection in [1, 2, 100] {
        assert_eq!(desk.connected(&injector(connection), NOW), []);
    }
    for n in 1..=4 {
        assert_eq!(offer(&mut desk, 1, n, NOW), "");
    }
    let both = |to, n, outcome| vec![(to, format!("ack s{n}")), (to, format!("{outcome} s{n}"))];
    let accepted = |desk: &mut Desk, n| report(desk, OutcomeKind::Accepted, n, NOW);
    assert_eq!(accepted(&mut desk, 1), both(1, 1, "accepted"));
    let undelivered = desk.report(OutcomeKind::Rendered, &interaction(), &id(2), NOW);
    let undelivered = undelivered
        .into_iter()
        .map(|sending| sending.frame)
        .collect();
    let passed_on = desk.disconnected(&injector(1), undelivered, NOW);
    assert_eq!(sent(&passed_on), [(2, "ack s2".to_owned())]);
    assert_eq!(accepted(&mut desk, 2), [(2, "accepted s2".to_owned())]);
    assert_eq!(desk.disconnected(&injector(2), vec![], NOW), []);
    assert_eq!(accepted(&mut desk, 3), [], "another client is not told");
    let later = NOW.plus(KEPT_FOR);
    let just = Millis(later.0 - 1);
    assert_eq!(
        report(&mut desk, OutcomeKind::Dismissed, 4, Millis(NOW.0 + 1)),
        []
    );
    let mut kept = desk.connected(&injector(3), later);
    assert_eq!(
        kept.iter().map(said).collect::<Vec<_>>(),
        ["ack s4", "dismissed s4"],
        "the others are ten minutes old"
    );
    kept.clear();
    assert_eq!(desk.connected(&injector(4), just), [], "told once");
}

#[test]
fn slots_are_freed_by_outcomes_and_by_time() {
    let mut desk = Desk::default();
    desk.connected(&injector(1), NOW);
    for n in 1..=5 {
        assert_eq!(offer(&mut desk, 1, n, NOW), "");
    }
    assert_eq!(offer(&mut desk, 1, 6, NOW), "buffer_limit");
    report(&mut desk, OutcomeKind::Rendered, 1, NOW);
    assert_eq!(offer(&mut desk, 1, 6, NOW), "buffer_limit");
    report(&mut desk, OutcomeKind::Dismissed, 1, NOW);
    assert_eq!(offer(&mut desk, 1, 2, NOW), "duplicate");
    assert_eq!(offer(&mut desk, 1, 1, NOW), "", "after its outcome");
    let over = NOW.plus(Millis(LIFE));
    assert_eq!(desk.active(&interaction(), over), 0);
    assert_eq!(offer(&mut desk, 1, 6, over), "");
    assert_eq!(
        report(&mut desk, OutcomeKind::Accepted, 2, over),
        [(1, "ack s2".to_owned()), (1, "accepted s2".to_owned())],
        "a report may be late"
    );
    let late = over.plus(KEPT_FOR);
    assert_eq!(offer(&mut desk, 1, 7, late), "");
    assert_eq!(report(&mut desk, OutcomeKind::Accepted, 3, late), []);
}

#[derive(Debug, Clone)]
enum Step {
    Offer(usize),
    Report(OutcomeKind, usize),
    Connect,
    /// The connection breaks with so many frames still in its outbox.
    Break(usize),
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let kind = prop::sample::select(vec![
        OutcomeKind::Rendered,
        OutcomeKind::Accepted,
        OutcomeKind::Dismissed,
    ]);
    prop_oneof![
        4 => (0..8usize).prop_map(Step::Offer),
        5 => (kind, 0..8usize).prop_map(|(kind, n)| Step::Report(kind, n)),
        2 => Just(Step::Connect),
        2 => (0..4usize).prop_map(Step::Break),
        1 => (0..4_000u64).prop_map(Step::Wait),
    ]
}

proptest! {
    /// One client with connections that come and go: what it reads in the end, over all of them, is for each life of a
    /// suggestion an ack and then one outcome, of each decided one and of no other.
    #[test]
    fn every_decision_is_told_once_behind_its_ack(steps in prop::collection::vec(step(), 0..150)) {
        let mut desk = Desk::default();
        let mut now = NOW;
        let mut open: Option<ConnectionId> = None;
        let mut connections = 0;
        let mut read: Vec<ServerFrame> = Vec::new();
        let mut decided: Vec<String> = Vec::new();
        let mut lives = [false; 8];
        let steps = steps.into_iter().chain([Step::Connect]);
        for step in steps {
            match step {
                Step::Offer(n) => if let Some(connection) = open {
                    let taken = offer(&mut desk, connection, n, now);
                    lives[n] |= taken.is_empty();
                }
                Step::Report(kind, n) => {
                    for sending in desk.report(kind, &interaction(), &id(n), now) {
                        prop_assert_eq!(Some(sending.connection), open);
                        read.push(sending.frame);
                    }
                    if kind != OutcomeKind::Rendered && std::mem::take(&mut lives[n]) {
                        decided.push(format!("s{n}"));
                    }
                }
                Step::Connect => if open.is_none() {
                    connections += 1;
                    open = Some(connections);
                    read.extend(desk.connected(&injector(connections), now));
                }
                Step::Break(unread) => if let Some(connection) = open.take() {
                    let undelivered = read.split_off(read.len().saturating_sub(unread));
                    prop_assert_eq!(desk.disconnected(&injector(connection), undelivered, now), []);
                }
                Step::Wait(ms) => now = now.plus(Millis(ms)),
            }
        }
        // The waits add up to less than ten minutes, so nothing was forgotten.
        let mut acked = [false; 8];
        let mut told = Vec::new();
        for frame in &read {
            let line = said(frame);
            let (what, id) = line.split_once(' ').unwrap();
            let n: usize = id[1..].parse().unwrap();
            if what == "ack" {
                // The ack of a life that ended by time may be followed by that of the next one.
                acked[n] = true;
            } else {
                prop_assert!(std::mem::take(&mut acked[n]), "{id} has an outcome and no ack: {read:?}");
                told.push(id.to_owned());
            }
        }
        prop_assert_eq!(told, decided);
    }
}
