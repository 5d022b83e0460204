//! What suggestions must keep, by example and over random schedules.

use proptest::prelude::*;

use super::*;

const NOW: Millis = Millis(1_000_000);

fn interaction(n: usize) -> InteractionId {
    InteractionId::parse(format!("INT-{n}")).unwrap()
}

fn id(n: usize) -> CardId {
    CardId::parse(format!("s{n}")).unwrap()
}

fn offer(n: usize, end: Millis) -> Offer {
    Offer {
        id: id(n),
        relevance: 0.85,
        start: NOW,
        end,
    }
}

fn code(offer: &Offer, active: &[CardId]) -> &'static str {
    check(&interaction(1), offer, active, NOW).map_or_else(|refusal| refusal.code(), |()| "")
}

#[test]
fn rules_are_checked_in_the_order_of_the_platform() {
    let full: Vec<CardId> = (0..MAX_ACTIVE).map(id).collect();
    let wrong = Offer {
        relevance: f64::NAN,
        end: Millis(0),
        ..offer(0, NOW)
    };
    assert_eq!(code(&wrong, &full), "buffer_limit");
    assert_eq!(code(&wrong, &full[..4]), "duplicate");
    assert_eq!(code(&wrong, &full[1..]), "context_window");
    let wrong = Offer { end: NOW, ..wrong };
    assert_eq!(code(&wrong, &[]), "relevance");
}

#[test]
fn windows_hold_now_within_the_skew() {
    let window = |start: u64, end: u64| {
        let (start, end) = (Millis(start), Millis(end));
        let offer = Offer {
            start,
            end,
            ..offer(0, end)
        };
        code(&offer, &[])
    };
    assert_eq!(window(1_000_000, 1_300_000), "");
    assert_eq!(window(1_002_000, 1_300_000), "", "begins within the skew");
    assert_eq!(window(1_002_001, 1_300_000), "context_window", "later");
    assert_eq!(window(0, 998_000), "", "ended within the skew");
    assert_eq!(window(0, 997_999), "context_window", "earlier");
    assert_eq!(window(1_300_000, 1_000_000), "context_window", "reversed");
    assert_eq!(window(0, u64::MAX), "");
}

#[test]
fn relevance_is_a_number_within_its_range() {
    for (relevance, expected) in [
        (0.70, ""),
        (1.0, ""),
        (0.699_999, "relevance"),
        (1.000_001, "relevance"),
        (-1.0, "relevance"),
        (2.0, "relevance"),
        (f64::NAN, "relevance"),
        (f64::INFINITY, "relevance"),
    ] {
        let offer = Offer {
            relevance,
            ..offer(0, NOW)
        };
        assert_eq!(code(&offer, &[]), expected, "{relevance}");
    }
}

#[test]
#[expect(clippy::float_cmp, reason = "the very sums that are specified")]
fn relevance_is_adjusted_by_the_rate() {
    let rate = |accepted, decided| Acceptance { accepted, decided };
    assert_eq!(adjusted(0.85, rate(0, 0)), 0.85, "nothing is known yet");
    assert_eq!(adjusted(0.85, rate(8, 10)), 0.85, "not more than 0.8");
    assert_eq!(adjusted(0.85, rate(9, 10)), 0.85 + 0.05);
    assert_eq!(adjusted(0.98, rate(9, 10)), 1.0);
    assert_eq!(adjusted(0.85, rate(3, 10)), 0.85, "not less than 0.3");
    assert_eq!(adjusted(0.85, rate(2, 10)), 0.85 - 0.05);
    assert_eq!(adjusted(0.72, rate(2, 10)), MIN_RELEVANCE);
}

#[derive(Debug, Clone)]
enum Step {
    Offer {
        to: usize,
        id: usize,
        life: u64,
    },
    Decide {
        of: usize,
        id: usize,
        accepted: bool,
    },
    Wait {
        ms: u64,
    },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..2usize, 0..9usize, 1..5_000u64).prop_map(|(to, id, life)| Step::Offer { to, id, life }),
        3 => (0..2usize, 0..9usize, any::<bool>()).prop_map(|(of, id, accepted)| Step::Decide { of, id, accepted }),
        1 => (0..3_000u64).prop_map(|ms| Step::Wait { ms }),
    ]
}

#[test]
fn a_refused_offer_leaves_nothing_behind() {
    let mut buffer = Buffer::default();
    let late = offer(1, NOW);
    let later = NOW.plus(Millis::from_secs(60));
    assert!(buffer.offer(&interaction(1), &late, later).is_err());
    assert_eq!(buffer.interactions.len(), 0);
}

#[test]
fn so_many_interactions_are_known_and_the_longest_unused_goes() {
    let mut buffer = Buffer::default();
    let (at, end) = (
        |n: u64| NOW.plus(Millis(n)),
        NOW.plus(Millis::from_secs(60)),
    );
    let full = MAX_INTERACTIONS as u64;
    let take = |buffer: &mut Buffer, n: usize, end, now| {
        buffer.offer(&interaction(n), &offer(1, end), now).unwrap();
    };
    for n in 0..MAX_INTERACTIONS {
        take(&mut buffer, n, end, at(n as u64));
    }
    assert!(buffer.decide(&interaction(0), &id(1), true, at(full)));
    take(&mut buffer, MAX_INTERACTIONS, end, at(full));
    assert_eq!(buffer.interactions.len(), MAX_INTERACTIONS);
    let active = |buffer: &Buffer, n| buffer.active(&interaction(n), at(full));
    assert_eq!(
        [1, 2].map(|n| active(&buffer, n)),
        [0, 1],
        "the first was used since"
    );
    assert_eq!(buffer.interactions[&interaction(0)].acceptance.decided, 1);
    // Those of which there is nothing to know go before any other.
    let over = end.plus(Millis(1));
    take(&mut buffer, 1, over.plus(Millis(9)), over);
    assert_eq!(buffer.interactions.len(), 2);
    assert_eq!(buffer.interactions[&interaction(0)].acceptance.decided, 1);
}

proptest! {
    /// Against a plain model: a list of what is active, and every decision that counted.
    #[test]
    fn slots_are_neither_lost_nor_doubled(steps in prop::collection::vec(step(), 0..120)) {
        let mut buffer = Buffer::default();
        let mut now = NOW;
        let mut active: Vec<(usize, usize, Millis)> = Vec::new();
        let mut rates = [Acceptance::default(); 2];
        for step in steps {
            active.retain(|(_, _, end)| *end > now);
            match step {
                Step::Offer { to, id: n, life } => {
                    let here = active.iter().filter(|(of, ..)| *of == to);
                    let is_active = here.clone().any(|(_, id, _)| *id == n);
                    let expected = match here.count() {
                        MAX_ACTIVE.. => Err("buffer_limit"),
                        _ if is_active => Err("duplicate"),
                        _ => Ok(adjusted(0.85, rates[to])),
                    };
                    let end = now.plus(Millis(life));
                    let taken = buffer.offer(&interaction(to), &offer(n, end), now);
                    prop_assert_eq!(taken.map_err(|refusal| refusal.code()), expected);
                    if expected.is_ok() {
                        active.push((to, n, end));
                    }
                }
                Step::Decide { of, id: n, accepted } => {
                    let before = active.len();
                    active.retain(|(to, id, _)| (*to, *id) != (of, n));
                    let freed = active.len() < before;
                    prop_assert_eq!(buffer.decide(&interaction(of), &id(n), accepted, now), freed);
                    rates[of].decided += u64::from(freed);
                    rates[of].accepted += u64::from(freed && accepted);
                }
                Step::Wait { ms } => now = now.plus(Millis(ms)),
            }
            for of in 0..2 {
                let held = active.iter().filter(|(to, _, end)| *to == of && *end > now).count();
                prop_assert_eq!(buffer.active(&interaction(of), now), held);
                prop_assert!(held <= MAX_ACTIVE);
            }
        }
    }
}
