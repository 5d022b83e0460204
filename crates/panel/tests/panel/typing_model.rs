//! Typing against a broker that is slow, loses calls and answers, and puts calls off: whatever happens, a burst never
//! begins again after its end, a wait is kept, and in the end nobody is seen typing.

use std::collections::BTreeMap;

use cuecard_panel::{Effect, Event, Failure};
use cuecard_protocol::typing::{TYPING_IDLE, TypingRequest};
use cuecard_protocol::{InteractionId, Millis};
use proptest::prelude::*;

use crate::desk::Desk;

/// What the agent does.
#[derive(Debug, Clone, Copy)]
enum Act {
    Write,
    Leave,
    Hide,
    Show(u8),
}

/// What becomes of a call, and how long it is on its way there and back, in milliseconds.
#[derive(Debug, Clone, Copy)]
struct Fate {
    there: u64,
    back: u64,
    outcome: Outcome,
}

#[derive(Debug, Clone, Copy)]
enum Outcome {
    Taken,
    /// 429, with so many seconds.
    PutOff(u64),
    /// Taken, but the answer is lost.
    AnswerLost,
    Lost,
}

fn fate() -> impl Strategy<Value = Fate> {
    let outcome = prop_oneof![
        4 => Just(Outcome::Taken),
        2 => (1_u64..6).prop_map(Outcome::PutOff),
        1 => Just(Outcome::AnswerLost),
        1 => Just(Outcome::Lost),
    ];
    (0_u64..2_500, 0_u64..2_500, outcome).prop_map(|(there, back, outcome)| Fate {
        there,
        back,
        outcome,
    })
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        8 => Just(Act::Write),
        1 => Just(Act::Leave),
        1 => Just(Act::Hide),
        1 => (0_u8..3).prop_map(Act::Show),
    ]
}

/// Something on its way, by when it arrives.
#[derive(Debug)]
enum Mail {
    Call(TypingRequest, Fate),
    Answer(u64, Result<(), Failure>),
}

struct Street {
    desk: Desk,
    mail: BTreeMap<(u64, u64), Mail>,
    posted: u64,
    fates: Vec<Fate>,
    /// What the broker takes the agent to type in, and the newest number it has seen.
    typing_in: Option<InteractionId>,
    newest: u64,
    last_key: Option<Millis>,
    not_before: Millis,
}

impl Street {
    fn post(&mut self, after: u64, mail: Mail) {
        self.posted += 1;
        self.mail
            .insert((self.desk.now.0 + after, self.posted), mail);
    }

    fn step(&mut self, event: Event) {
        for effect in self.desk.step(event) {
            let Effect::Typing(request) = effect else {
                continue;
            };
            let now = self.desk.now;
            assert!(now >= self.not_before, "before Retry-After: {request:?}");
            if request.typing {
                let is_over = self.last_key.is_none_or(|key| now >= key.plus(TYPING_IDLE));
                assert!(!is_over, "its burst is over: {request:?}");
            }
            let fate = self.fates.pop().unwrap_or(Fate {
                there: 10,
                back: 10,
                outcome: Outcome::Taken,
            });
            self.post(fate.there, Mail::Call(request, fate));
        }
    }

    fn deliver(&mut self, mail: Mail) {
        match mail {
            Mail::Call(request, fate) => {
                let failed = |failure| Mail::Answer(request.n, Err(failure));
                let answer = match fate.outcome {
                    Outcome::Taken | Outcome::AnswerLost => {
                        if request.n > self.newest {
                            self.newest = request.n;
                            if request.typing {
                                self.typing_in = Some(request.interaction_id.clone());
                            } else if self.typing_in.as_ref() == Some(&request.interaction_id) {
                                self.typing_in = None;
                            }
                        }
                        match fate.outcome {
                            Outcome::Taken => Mail::Answer(request.n, Ok(())),
                            _ => failed(Failure::Network),
                        }
                    }
                    Outcome::PutOff(seconds) => failed(Failure::Busy {
                        retry_after: Some(Millis::from_secs(seconds)),
                    }),
                    Outcome::Lost => failed(Failure::Network),
                };
                self.post(fate.back, answer);
            }
            Mail::Answer(n, outcome) => {
                if let Err(Failure::Busy {
                    retry_after: Some(wait),
                }) = &outcome
                {
                    self.not_before = self.not_before.max(self.desk.now.plus(*wait));
                }
                self.step(Event::TypingTold { n, outcome });
            }
        }
    }

    /// Lets time pass: mail arrives and deadlines ring, in order.
    fn wait(&mut self, ms: u64) {
        let end = self.desk.now.plus(Millis(ms));
        loop {
            let post = self.mail.keys().next().map(|(at, _)| Millis(*at));
            let due = self.desk.panel.deadline();
            let Some(next) = post.into_iter().chain(due).min().filter(|at| *at <= end) else {
                break;
            };
            self.desk.now = self.desk.now.max(next);
            if post.is_some_and(|at| at <= self.desk.now) {
                if let Some((_, mail)) = self.mail.pop_first() {
                    self.deliver(mail);
                }
            } else {
                self.step(Event::DeadlineReached);
            }
        }
        self.desk.now = end;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn nobody_is_left_typing(
        acts in prop::collection::vec((act(), prop_oneof![3 => 0_u64..300, 1 => 0_u64..6_000]), 1..80),
        fates in prop::collection::vec(fate(), 0..40),
    ) {
        let mut desk = Desk::connected();
        desk.step(Event::Shows(InteractionId::parse("INT-0").ok()));
        let mut street = Street {
            desk,
            mail: BTreeMap::new(),
            posted: 0,
            fates,
            typing_in: None,
            newest: 0,
            last_key: None,
            not_before: Millis(0),
        };
        for (act, wait) in acts {
            match act {
                Act::Write => {
                    street.last_key = Some(street.desk.now);
                    street.step(Event::Keystroke);
                }
                Act::Leave => {
                    street.last_key = None;
                    street.step(Event::LeftComposer);
                }
                Act::Hide => {
                    street.last_key = None;
                    street.step(Event::VisibilityChanged { visible: false });
                }
                Act::Show(n) => {
                    street.last_key = None;
                    street.step(Event::Shows(InteractionId::parse(format!("INT-{n}")).ok()));
                }
            }
            street.wait(wait);
        }
        // Faults are used up within this, however long each one holds things up.
        street.wait(40 * 40_000);
        prop_assert_eq!(&street.typing_in, &None);
        prop_assert!(street.mail.is_empty());
        prop_assert!(!street.desk.panel.view(street.desk.now).is_typing);
    }

    #[test]
    fn a_burst_of_any_length_costs_two_calls(gaps in prop::collection::vec(1_u64..2_000, 0..200)) {
        let mut desk = Desk::connected();
        desk.step(Event::Shows(InteractionId::parse("INT-0").ok()));
        let mut calls = 0;
        let mut step = |desk: &mut Desk, event: Event| {
            let mut events = vec![event];
            while let Some(event) = events.pop() {
                for effect in desk.step(event) {
                    if let Effect::Typing(request) = effect {
                        calls += 1;
                        events.push(Event::TypingTold { n: request.n, outcome: Ok(()) });
                    }
                }
            }
        };
        step(&mut desk, Event::Keystroke);
        for gap in gaps {
            desk.sleep(gap);
            step(&mut desk, Event::DeadlineReached);
            step(&mut desk, Event::Keystroke);
        }
        desk.sleep(2_000);
        step(&mut desk, Event::DeadlineReached);
        desk.sleep(60_000);
        step(&mut desk, Event::DeadlineReached);
        prop_assert_eq!(calls, 2);
    }
}
