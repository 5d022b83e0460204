//! The poller's whole effects, step by step, on a clock that the tests move.

use proptest::prelude::*;
use serde_json::json;

use super::*;

const S: fn(u64) -> Duration = Duration::from_secs;
const START: Millis = Millis(1_795_164_610_000);

struct World {
    poller: Poller,
    moment: Moment,
    draw: f64,
}

impl World {
    fn new() -> Self {
        let settings = Settings {
            every: S(5),
            high: 0.85,
            critical: 0.95,
        };
        Self {
            poller: Poller::new(settings),
            moment: Moment::ZERO,
            draw: 0.5,
        }
    }

    fn step(&mut self, event: Event) -> Vec<Effect> {
        let wall = START.plus(Millis(u64::try_from(self.moment.as_millis()).unwrap()));
        self.poller.step(
            event,
            Now {
                moment: self.moment,
                wall,
                draw: self.draw,
            },
        )
    }

    /// Lets time pass up to the next poll; how long that was.
    fn poll(&mut self) -> Duration {
        let due = self.poller.deadline().expect("a poll is due");
        let wait = due.saturating_sub(self.moment);
        self.moment = due;
        assert_eq!(self.step(Event::Timer), [Effect::Poll]);
        assert_eq!(
            self.poller.deadline(),
            None,
            "no poll while one is under way"
        );
        assert_eq!(self.step(Event::Timer), []);
        wait
    }

    fn answer(&mut self, answer: Answer) -> Vec<Effect> {
        self.step(Event::Answered(answer))
    }

    fn poll_and_answer(&mut self, answer: Answer) -> Vec<Effect> {
        self.poll();
        self.answer(answer)
    }
}

fn http(status: u16, retry_after: Option<u64>, body: &str) -> Answer {
    Answer::Http {
        status,
        retry_after: retry_after.map(S),
        body: Some(body.into()),
    }
}

fn score(score: f64) -> Answer {
    http(
        200,
        None,
        &json!({"interactionId": "I", "agentId": "A", "riskScore": score, "factors": ["f"]})
            .to_string(),
    )
}

fn finding(level: AlertLevel, score: f64) -> Finding {
    Finding::new(
        InteractionId::parse("I").unwrap(),
        AgentId::parse("A").unwrap(),
        level,
        score,
        &["f".to_owned()],
    )
}

fn alert(level: AlertLevel, score: f64) -> Vec<Effect> {
    vec![
        Effect::Count(Outcome::Alert),
        Effect::Publish(finding(level, score)),
    ]
}

#[test]
fn the_first_poll_is_at_once_and_the_next_an_interval_after_it_began() {
    let mut world = World::new();
    assert_eq!(world.poll(), S(0));
    world.moment += S(2);
    assert_eq!(world.answer(score(0.1)), [Effect::Count(Outcome::Calm)]);
    assert_eq!(world.poll(), S(3));
    world.moment += S(9);
    world.answer(score(0.1));
    assert_eq!(
        world.poll(),
        S(0),
        "an answer that took longer than the interval"
    );
}

#[test]
fn jitter_is_a_tenth() {
    for (draw, millis) in [(0.0, 4500), (0.5, 5000), (1.0, 5500)] {
        let mut world = World::new();
        world.draw = draw;
        world.poll_and_answer(score(0.1));
        assert_eq!(world.poll(), Duration::from_millis(millis));
    }
}

#[test]
fn levels_begin_at_their_thresholds() {
    let mut world = World::new();
    assert_eq!(
        world.poll_and_answer(score(0.849)),
        [Effect::Count(Outcome::Calm)]
    );
    assert_eq!(
        world.poll_and_answer(score(0.85)),
        alert(AlertLevel::High, 0.85)
    );
    assert_eq!(
        world.poll_and_answer(score(0.949)),
        alert(AlertLevel::High, 0.949)
    );
    assert_eq!(
        world.poll_and_answer(score(0.95)),
        alert(AlertLevel::Critical, 0.95)
    );
    assert_eq!(
        world.poll_and_answer(score(1.0)),
        alert(AlertLevel::Critical, 1.0)
    );
}

#[test]
fn the_same_alert_is_news_again_after_half_its_life() {
    let mut world = World::new();
    assert_eq!(
        world.poll_and_answer(score(0.97)),
        alert(AlertLevel::Critical, 0.97)
    );
    while world.moment < S(290) {
        assert_eq!(
            world.poll_and_answer(score(0.97)),
            [Effect::Count(Outcome::Unchanged)]
        );
    }
    world.poll_and_answer(score(0.97));
    assert_eq!(
        world.poll_and_answer(score(0.97)),
        alert(AlertLevel::Critical, 0.97),
        "at {:?}",
        world.moment
    );
}

#[test]
fn a_changed_alert_is_news_and_so_is_one_that_did_not_get_away() {
    let mut world = World::new();
    world.poll_and_answer(score(0.97));
    assert_eq!(
        world.poll_and_answer(score(0.98)),
        alert(AlertLevel::Critical, 0.98)
    );
    assert_eq!(
        world.poll_and_answer(score(0.98)),
        [Effect::Count(Outcome::Unchanged)]
    );
    let slot = (InteractionId::parse("I").unwrap(), AlertLevel::Critical);
    assert_eq!(world.step(Event::Unpublished(slot.0, slot.1)), []);
    assert_eq!(
        world.poll_and_answer(score(0.98)),
        alert(AlertLevel::Critical, 0.98)
    );
}

#[test]
fn a_risk_that_was_calm_in_between_is_news() {
    let mut world = World::new();
    world.poll_and_answer(score(0.97));
    assert_eq!(
        world.poll_and_answer(score(0.2)),
        [Effect::Count(Outcome::Calm)]
    );
    assert_eq!(
        world.poll_and_answer(score(0.97)),
        alert(AlertLevel::Critical, 0.97)
    );
}

#[test]
fn nonsense_is_told_once_and_does_not_stop_the_polls() {
    let mut world = World::new();
    let cases = [
        ("nonsense", "the answer is not JSON (line 1, column 2)"),
        ("", "the answer is not JSON (line 1, column 0)"),
        ("[]", "the answer is a list, expected an object"),
        ("null", "the answer is null, expected an object"),
        ("{}", "field interactionId is missing, expected text"),
        (
            r#"{"interactionId":7}"#,
            "field interactionId is a number, expected text",
        ),
        (
            r#"{"interactionId":"a b"}"#,
            "field interactionId is not valid, expected 1 to 128 bytes without spaces or control characters",
        ),
        (
            r#"{"interactionId":"I","agentId":""}"#,
            "field agentId is not valid, expected 1 to 128 bytes without spaces or control characters",
        ),
        (
            r#"{"interactionId":"I","agentId":"A","riskScore":"high"}"#,
            "field riskScore is text, expected a number",
        ),
        (
            r#"{"interactionId":"I","agentId":"A","riskScore":97,"factors":[]}"#,
            "field riskScore is 97, expected a number from 0 to 1",
        ),
        (
            r#"{"interactionId":"I","agentId":"A","riskScore":-0.1,"factors":[]}"#,
            "field riskScore is -0.1, expected a number from 0 to 1",
        ),
        (
            r#"{"interactionId":"I","agentId":"A","riskScore":0.9}"#,
            "field factors is missing, expected a list of texts",
        ),
        (
            r#"{"interactionId":"I","agentId":"A","riskScore":0.9,"factors":"x"}"#,
            "field factors is text, expected a list of texts",
        ),
        (
            r#"{"interactionId":"I","agentId":"A","riskScore":0.9,"factors":[1]}"#,
            "field factors is a number, expected texts only inside the list",
        ),
    ];
    for (body, reason) in cases {
        let trouble = Effect::Trouble {
            outcome: Outcome::Nonsense,
            reason: reason.to_owned(),
        };
        assert_eq!(
            world.poll_and_answer(http(200, None, body)),
            [Effect::Count(Outcome::Nonsense), trouble],
            "{body}"
        );
        assert_eq!(
            world.poll_and_answer(http(200, None, "still")),
            [Effect::Count(Outcome::Nonsense)]
        );
        assert_eq!(
            world.poll_and_answer(score(0.1)),
            [Effect::Count(Outcome::Calm), Effect::Recovered]
        );
        assert_eq!(world.poll(), S(5));
        world.answer(score(0.1));
    }
    let too_long = Answer::Http {
        status: 200,
        retry_after: None,
        body: None,
    };
    let trouble = Effect::Trouble {
        outcome: Outcome::Nonsense,
        reason: "the answer is longer than 262144 bytes".to_owned(),
    };
    assert_eq!(
        world.poll_and_answer(too_long),
        [Effect::Count(Outcome::Nonsense), trouble]
    );
}

#[test]
fn an_empty_and_a_huge_list_of_factors_make_alerts() {
    let mut world = World::new();
    for factors in [json!([]), json!(vec!["x".repeat(100); 2000])] {
        let body =
            json!({"interactionId": "I", "agentId": "A", "riskScore": 0.9, "factors": factors})
                .to_string();
        let effects = world.poll_and_answer(http(200, None, &body));
        let [Effect::Count(Outcome::Alert), Effect::Publish(finding)] = &effects[..] else {
            panic!("{effects:?}")
        };
        assert!(finding.html.len() < 4096);
    }
}

#[test]
fn failures_back_off_up_to_half_a_minute_and_recover() {
    let mut world = World::new();
    world.poll();
    let effects = world.answer(http(503, None, ""));
    let trouble = Effect::Trouble {
        outcome: Outcome::Unavailable,
        reason: "status 503, expected 2xx".to_owned(),
    };
    assert_eq!(effects, [Effect::Count(Outcome::Unavailable), trouble]);
    let mut waits = Vec::new();
    for answer in [
        http(500, None, ""),
        Answer::TimedOut,
        Answer::Unreachable {
            reason: "refused".to_owned(),
        },
        http(404, None, ""),
    ] {
        waits.push(world.poll().as_secs());
        world.answer(answer);
    }
    waits.push(world.poll().as_secs());
    assert_eq!(waits, [10, 20, 30, 30, 30]);
    assert_eq!(
        world.answer(score(0.1)),
        [Effect::Count(Outcome::Calm), Effect::Recovered]
    );
    assert_eq!(world.poll(), S(5));
}

#[test]
fn another_kind_of_trouble_is_told() {
    let mut world = World::new();
    world.poll_and_answer(http(503, None, ""));
    let trouble = Effect::Trouble {
        outcome: Outcome::Unreachable,
        reason: "refused".to_owned(),
    };
    assert_eq!(
        world.poll_and_answer(Answer::Unreachable {
            reason: "refused".to_owned()
        }),
        [Effect::Count(Outcome::Unreachable), trouble]
    );
    let trouble = Effect::Trouble {
        outcome: Outcome::TimedOut,
        reason: "no answer in time".to_owned(),
    };
    assert_eq!(
        world.poll_and_answer(Answer::TimedOut),
        [Effect::Count(Outcome::TimedOut), trouble]
    );
}

#[test]
fn retry_after_is_kept_to_the_second() {
    for (status, outcome) in [(429, Outcome::RateLimited), (503, Outcome::Unavailable)] {
        let mut world = World::new();
        world.draw = 0.0;
        let effects = world.poll_and_answer(http(status, Some(40), ""));
        assert_eq!(effects[0], Effect::Count(outcome));
        assert_eq!(world.poll(), S(40));
        world.draw = 1.0;
        world.answer(http(status, Some(40), ""));
        assert_eq!(world.poll(), Duration::from_millis(40_500));
    }
    let mut world = World::new();
    world.poll_and_answer(http(429, Some(1), ""));
    assert_eq!(
        world.poll(),
        S(10),
        "a short Retry-After does not shorten the backoff"
    );
}

#[test]
fn an_answer_that_nobody_waits_for_changes_nothing() {
    let mut world = World::new();
    assert_eq!(world.answer(score(0.99)), []);
    assert_eq!(world.poll(), S(0));
}

proptest! {
    #[test]
    fn whatever_a_source_answers_it_is_asked_again_within_bounds(
        answers in prop::collection::vec((prop_oneof![Just(200_u16), 100..600_u16], prop::option::of(0..100_u64), ".{0,40}", 0.0..1.0_f64), 1..40)
    ) {
        let mut world = World::new();
        for (status, retry_after, body, draw) in answers {
            let wait = world.poll();
            prop_assert!(wait <= S(100) + S(33), "{wait:?}");
            world.draw = draw;
            let effects = world.answer(http(status, retry_after, &body));
            prop_assert!(matches!(effects.first(), Some(Effect::Count(_))));
            let trouble = !(200..300).contains(&status);
            if let Some(wait) = retry_after.filter(|_| trouble) {
                prop_assert!(world.poller.deadline() >= Some(world.moment + S(wait)));
            }
        }
    }
}
