//! The gate against a model of the platform, over many bursts on a virtual clock.
//!
//! The model has latencies, answers 429 in all forms, loses answers, lets lost calls arrive late, and forgets guests. It
//! watches what the customer sees, and for how long that is wrong.

use std::time::UNIX_EPOCH;

use cuecard_cxone::retry_after;
use proptest::prelude::*;

use super::*;

/// How long the customer's view may be wrong beyond what the platform asks us to wait.
const BOUND: Duration = Duration::from_millis(2_500);
/// Time of day at the model's start, on which whole seconds of HTTP dates fall: 2026-11-20T08:50:10.765Z.
const WALL: Duration = Duration::from_millis(1_795_164_610_765);

/// More calls than these lost in a row are an outage, during which nothing can be promised.
const MOST_LOST: u32 = 2;

/// Draws that are the same for the same seed (splitmix64).
struct Draws(u64);

impl Draws {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % bound
    }

    fn percent(&mut self, share: u64) -> bool {
        self.below(100) < share
    }

    fn between(&mut self, least: u64, most: u64) -> Duration {
        Duration::from_millis(least + self.below(most - least + 1))
    }
}

/// How bad the platform is, in percent of calls.
#[derive(Debug, Clone, Copy)]
struct Weather {
    limited: u64,
    lost: u64,
    expired: u64,
    /// Refusals, guests that vanish at once, reads of a `true` that is none: nothing can be promised then but the end.
    mad: u64,
}

const CALM: Weather = Weather {
    limited: 0,
    lost: 0,
    expired: 0,
    mad: 0,
};

/// A stretch of time during which the customer sees something wrong.
struct Wrong {
    since: Moment,
    /// How long it may last.
    allowed: Duration,
    has_lost: bool,
}

#[expect(
    clippy::struct_excessive_bools,
    reason = "facts about a model, each of its own"
)]
struct World {
    gate: Gate,
    now: Moment,
    draws: Draws,
    weather: Weather,
    wanted: bool,
    view: bool,
    has_guest: bool,
    /// Marks in the store.
    is_marked: bool,
    answer: Option<(Moment, Answer)>,
    /// Calls on their way to the customer's view, by when they arrive.
    landing: Vec<(Moment, bool)>,
    /// The platform wants no call before.
    asked_until: Moment,
    /// The gate makes no call before.
    closed_until: Moment,
    wrong: Option<Wrong>,
    /// Whether the view must be right soon.
    is_strict: bool,
    lost_in_a_row: u32,
    turns: u32,
    limited: u32,
    notes: Vec<Note>,
}

impl World {
    fn new(seed: u64, weather: Weather) -> Self {
        Self {
            gate: Gate::default(),
            now: Moment::ZERO,
            draws: Draws(seed),
            weather,
            wanted: false,
            view: false,
            has_guest: false,
            is_marked: false,
            answer: None,
            landing: Vec::new(),
            asked_until: Moment::ZERO,
            closed_until: Moment::ZERO,
            wrong: None,
            is_strict: weather.mad == 0,
            lost_in_a_row: 0,
            turns: 0,
            limited: 0,
            notes: Vec::new(),
        }
    }

    fn want(&mut self, typing: bool) {
        self.wanted = typing;
        // Not one that is spoken to: a call keeps it, or would be told that it is gone.
        let is_idle = !self.view && self.answer.is_none();
        if typing && is_idle && self.draws.percent(self.weather.expired) {
            self.has_guest = false;
            self.landing.clear();
        }
        self.look();
        self.step(Event::Want(typing));
    }

    fn step(&mut self, event: Event) {
        for effect in self.gate.step(event, self.now) {
            match effect {
                Effect::Call(call) => self.call(call),
                Effect::Note(Note::Closed(wait)) => {
                    self.closed_until = self.now + wait;
                    if let Some(wrong) = &mut self.wrong {
                        wrong.allowed += wait;
                    }
                }
                Effect::Note(note) => self.notes.push(note),
            }
        }
    }

    fn call(&mut self, call: Call) {
        assert_eq!(self.answer, None, "at most one call under way");
        let latency = self.draws.between(10, 150);
        if let Call::Mark | Call::Unmark = call {
            assert_ne!(self.is_marked, call == Call::Mark);
            self.is_marked = call == Call::Mark;
            self.answer = Some((self.now + Duration::from_millis(2), Answer::Done));
            return;
        }
        assert!(self.now >= self.asked_until, "before Retry-After is over");
        if let Call::Turn(typing) = call {
            self.turns += 1;
            assert!(!typing || self.is_marked, "a `true` without its mark");
        }
        let answer = if self.draws.percent(self.weather.limited) {
            self.limited += 1;
            self.limit(latency)
        } else if self.lost_in_a_row < MOST_LOST && self.draws.percent(self.weather.lost) {
            return self.lose(call);
        } else if self.draws.percent(self.weather.mad) {
            self.rave(call)
        } else {
            self.take(call, self.now + latency / 2)
        };
        self.lost_in_a_row = 0;
        self.answer = Some((self.now + latency, answer));
    }

    /// What a healthy platform does.
    fn take(&mut self, call: Call, at: Moment) -> Answer {
        match call {
            Call::Open => {
                self.has_guest = true;
                Answer::Done
            }
            _ if !self.has_guest => Answer::Gone,
            Call::Turn(typing) => {
                self.landing.push((at, typing));
                Answer::Done
            }
            _ => Answer::Shown(Some(self.view)),
        }
    }

    /// 429, with a header of whole seconds, of a date, of nonsense, or none.
    fn limit(&mut self, latency: Duration) -> Answer {
        let at = self.now + latency;
        let wall = UNIX_EPOCH + WALL + at;
        let seconds = self.draws.below(4);
        let header = match self.draws.below(8) {
            0 => None,
            1 => Some("soon".to_owned()),
            2..=4 => Some(seconds.to_string()),
            _ => Some(httpdate::fmt_http_date(wall + Duration::from_secs(seconds))),
        };
        let retry_after = header.and_then(|header| retry_after::parse(&header, wall));
        self.asked_until = at + retry_after.unwrap_or_default();
        Answer::Limited { retry_after }
    }

    /// A call whose answer never comes: it landed, or not, or it will.
    fn lose(&mut self, call: Call) {
        self.lost_in_a_row += 1;
        let noticed = self.now + self.draws.between(10, 800);
        let arrives = match self.draws.below(3) {
            0 => None,
            1 => Some(self.now),
            _ => Some(noticed + self.draws.between(0, 1_400)),
        };
        if let Some(at) = arrives
            && call != Call::Read
        {
            self.take(call, at);
        }
        if let Some(wrong) = &mut self.wrong {
            if wrong.has_lost {
                wrong.allowed += BOUND;
            }
            wrong.has_lost = true;
        }
        self.answer = Some((noticed, Answer::Lost { retry_after: None }));
    }

    fn rave(&mut self, call: Call) -> Answer {
        match self.draws.below(3) {
            0 => Answer::Refused,
            1 if call != Call::Open => {
                (self.has_guest, self.view) = (false, false);
                self.landing.clear();
                Answer::Gone
            }
            _ if call == Call::Read => Answer::Shown(Some(true)),
            _ => Answer::Refused,
        }
    }

    /// Lets the time go on until then, and all happen that happens meanwhile.
    fn pass(&mut self, until: Moment) {
        loop {
            let landing = self.landing.iter().map(|(at, _)| *at).min();
            let answer = self.answer.as_ref().map(|(at, _)| *at);
            let Some(at) = [landing, answer, self.gate.deadline()]
                .into_iter()
                .flatten()
                .min()
                .filter(|at| *at <= until)
            else {
                break;
            };
            self.now = self.now.max(at);
            if landing == Some(at) {
                let index = self.landing.iter().position(|(due, _)| *due == at);
                let (_, typing) = self.landing.remove(index.unwrap());
                self.view = typing && self.has_guest;
                self.look();
            } else if answer == Some(at) {
                let (_, answer) = self.answer.take().unwrap();
                self.step(Event::Answered(answer));
            } else {
                self.step(Event::Timer);
            }
        }
        self.now = until;
        self.look();
    }

    /// Looks whether the customer sees what is wanted.
    fn look(&mut self) {
        if self.view == self.wanted {
            self.wrong = None;
            return;
        }
        let closed = self.closed_until.saturating_sub(self.now);
        let is_losing = matches!(self.answer, Some((_, Answer::Lost { .. })));
        let wrong = self.wrong.get_or_insert(Wrong {
            since: self.now,
            allowed: BOUND + closed,
            has_lost: is_losing || self.gate.late.is_some_and(|late| late > self.now),
        });
        let lasted = self.now.saturating_sub(wrong.since);
        assert!(
            !self.is_strict || lasted <= wrong.allowed,
            "wrong for {lasted:?}, allowed are {:?}",
            wrong.allowed
        );
    }

    /// So many bursts, with pauses between them.
    fn bursts(&mut self, count: u32) {
        for _ in 0..count {
            self.want(true);
            let typing = self.draws.between(300, 8_000);
            self.pass(self.now + typing);
            self.want(false);
            let pause = self.draws.between(20, 6_000);
            self.pass(self.now + pause);
        }
    }

    /// After the last burst: the indicator is off, and nothing is left to be done.
    fn end(&mut self) {
        self.pass(self.now + Duration::from_mins(5));
        assert!(!self.view, "stuck");
        assert!(self.gate.is_at_rest() && !self.is_marked, "{:?}", self.gate);
    }
}

#[test]
fn over_a_thousand_bursts_with_a_third_of_calls_limited_the_view_is_never_wrong_for_long() {
    let weather = Weather {
        limited: 33,
        expired: 5,
        ..CALM
    };
    let mut world = World::new(7, weather);
    world.bursts(1_500);
    world.end();
    assert!(world.limited > 1_000, "{}", world.limited);
    assert_eq!(world.notes, [], "nothing had to be repaired or given up");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn the_view_is_never_wrong_for_long(seed: u64, limited in 0..40_u64, lost in 0..15_u64, expired in 0..20_u64) {
        let mut world = World::new(seed, Weather { limited, lost, expired, mad: 0 });
        world.bursts(60);
        world.end();
        prop_assert!(world.notes.iter().all(|note| *note == Note::Repaired));
    }

    #[test]
    fn on_a_calm_day_a_burst_costs_two_calls(seed: u64) {
        let mut world = World::new(seed, CALM);
        world.bursts(60);
        world.end();
        prop_assert_eq!(world.turns, 120);
        prop_assert_eq!(&world.notes, &[]);
    }

    #[test]
    fn whatever_the_platform_did_it_ends_off_once_the_platform_is_well(
        seed: u64, limited in 0..60_u64, lost in 0..60_u64, expired in 0..50_u64, mad in 1..60_u64,
    ) {
        let mut world = World::new(seed, Weather { limited, lost, expired, mad });
        world.bursts(60);
        world.weather = CALM;
        world.end();
    }
}
