//! What must hold of this machine whatever the world does to it, in whichever order.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

/// What the world may do to the machine.
#[derive(Debug, Clone)]
enum Act {
    Subscribe(u8),
    Unsubscribe(u8),
    Report(OutcomeKind, u8),
    /// The connection under way opens, or fails when 0.
    Connect(u8),
    Drop,
    /// The platform works through what it was sent, and refuses every report or topic if so told.
    Answer {
        refuse: bool,
    },
    Pass(Duration),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let kind = prop::sample::select(vec![
        OutcomeKind::Rendered,
        OutcomeKind::Accepted,
        OutcomeKind::Dismissed,
    ]);
    let act = prop_oneof![
        3 => (0..6u8).prop_map(Act::Subscribe),
        2 => (0..6u8).prop_map(Act::Unsubscribe),
        3 => (kind, 0..4u8).prop_map(|(kind, card)| Act::Report(kind, card)),
        5 => (0..4u8).prop_map(Act::Connect),
        1 => Just(Act::Drop),
        3 => prop::bool::weighted(0.1).prop_map(|refuse| Act::Answer { refuse }),
        3 => (0..50_000u64).prop_map(|ms| Act::Pass(Duration::from_millis(ms))),
        1 => (0..300u64).prop_map(|seconds| Act::Pass(S(seconds))),
    ];
    prop::collection::vec(act, 0..120)
}

/// A platform as the wire describes it, and what it would know.
struct World {
    machine: Machine,
    now: Moment,
    connecting: bool,
    open: bool,
    greeted: bool,
    wanted: BTreeSet<String>,
    /// What the platform believes on this connection.
    subscribed: BTreeSet<String>,
    taken: BTreeSet<(String, OutcomeKind)>,
    inbox: Vec<Command>,
    last_sign: Moment,
    waiting: BTreeMap<Waiter, (String, OutcomeKind)>,
    next: Waiter,
}

impl World {
    fn act(&mut self, act: &Act) {
        match act {
            Act::Subscribe(topic) => {
                self.wanted.insert(topic.to_string());
                self.step(Event::Subscribe(topic.to_string()));
            }
            Act::Unsubscribe(topic) => {
                self.wanted.remove(&topic.to_string());
                self.step(Event::Unsubscribe(topic.to_string()));
            }
            Act::Report(kind, card) => {
                self.next += 1;
                self.waiting.insert(self.next, (card.to_string(), *kind));
                self.step(report(self.next, *kind, &card.to_string()));
            }
            Act::Connect(0) if self.connecting => {
                self.connecting = false;
                self.step(Event::Failed(Outage::Unreachable {
                    reason: "refused".into(),
                }));
            }
            Act::Connect(_) if self.connecting => {
                (self.connecting, self.open, self.greeted) = (false, true, false);
                self.inbox.clear();
                self.subscribed.clear();
                self.step(Event::Opened);
            }
            Act::Drop if self.open => self.close(true),
            Act::Answer { refuse } if self.open => self.answer(*refuse),
            Act::Pass(time) => self.pass(*time),
            Act::Connect(_) | Act::Drop | Act::Answer { .. } => {}
        }
    }

    fn close(&mut self, tell: bool) {
        (self.open, self.greeted) = (false, false);
        if tell {
            self.step(dropped());
        }
    }

    fn answer(&mut self, refuse: bool) {
        for command in std::mem::take(&mut self.inbox) {
            let answer = match command {
                Command::Connect => {
                    self.greeted = true;
                    self.last_sign = self.now;
                    connected()
                }
                Command::Subscribe(_) | Command::Report(..) if refuse => error(400),
                Command::Subscribe(topic) => {
                    self.subscribed.insert(topic.clone());
                    subscribed(&topic)
                }
                Command::Unsubscribe(topic) => {
                    self.subscribed.remove(&topic);
                    continue;
                }
                Command::Heartbeat => ack(),
                Command::Report(kind, body) => {
                    self.taken.insert((body.object_id.clone(), kind));
                    received(&body.object_id)
                }
            };
            self.step(answer);
        }
    }

    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(deadline) = self.machine.deadline().filter(|deadline| *deadline <= end) {
            assert!(
                deadline >= self.now,
                "a deadline in the past would never let the shell rest"
            );
            self.now = deadline;
            self.step(Event::Timer);
            assert_ne!(
                self.machine.deadline(),
                Some(deadline),
                "the timer must move the deadline"
            );
        }
        self.now = end;
    }

    fn step(&mut self, event: Event) {
        for effect in self.machine.step(event, self.now, 0.5) {
            match effect {
                Effect::Connect => self.connecting = true,
                Effect::Send(command) => {
                    assert!(self.open, "{command:?} is sent on no connection");
                    assert!(
                        self.greeted || command == Command::Connect,
                        "{command:?} before CONNECTED"
                    );
                    if command == Command::Heartbeat {
                        assert!(
                            self.now.saturating_sub(self.last_sign) <= HEARTBEAT,
                            "a heartbeat was lost"
                        );
                        self.last_sign = self.now;
                    }
                    self.inbox.push(command);
                }
                Effect::Abort => self.close(false),
                Effect::Resolve { waiters, result } => {
                    for waiter in waiters {
                        let what = self.waiting.remove(&waiter).expect("nobody is told twice");
                        assert!(
                            result.is_err() || self.taken.contains(&what),
                            "{what:?} is confirmed, not taken"
                        );
                    }
                }
                Effect::DiscardToken | Effect::Close | Effect::Emit(_) => {}
            }
        }
        for report in self.waiting.values() {
            assert!(self.machine.reports() > 0, "{report:?} is forgotten");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn whatever_happens(acts in acts()) {
        let mut world = World {
            machine: Machine::new(),
            now: S(0),
            connecting: false,
            open: false,
            greeted: false,
            wanted: BTreeSet::new(),
            subscribed: BTreeSet::new(),
            taken: BTreeSet::new(),
            inbox: Vec::new(),
            last_sign: S(0),
            waiting: BTreeMap::new(),
            next: 0,
        };
        world.step(Event::Start);
        for act in acts {
            world.act(&act);
        }
        // In the end the network is well again: the platform knows exactly what is wanted, and every report ends.
        for _ in 0..20 {
            world.act(&Act::Pass(S(10)));
            world.act(&Act::Connect(1));
            for _ in 0..4 {
                world.act(&Act::Answer { refuse: false });
            }
        }
        prop_assert!(world.greeted);
        prop_assert_eq!(&world.subscribed, &world.wanted);
        prop_assert!(world.waiting.is_empty(), "{:?} were never told", world.waiting);
    }
}
