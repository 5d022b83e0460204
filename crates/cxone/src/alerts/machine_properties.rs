//! What must hold of this machine whatever the world does to it, in whichever order.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

/// What the world may do to the machine.
#[derive(Debug, Clone)]
enum Act {
    Publish,
    /// The connection under way opens, or fails.
    Connect(bool),
    Drop,
    Pong,
    /// An error frame about the n-th alert ever published.
    Refuse(ErrorCode, usize),
    Pass(Duration),
    Stop,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let code = prop::sample::select(vec![
        ErrorCode::Duplicate,
        ErrorCode::InvalidContentId,
        ErrorCode::Unauthorized,
        ErrorCode::Protocol,
    ]);
    let act = prop_oneof![
        6 => Just(Act::Publish),
        6 => prop::bool::weighted(0.8).prop_map(Act::Connect),
        2 => Just(Act::Drop),
        4 => Just(Act::Pong),
        1 => (code, 0..20usize).prop_map(|(code, number)| Act::Refuse(code, number)),
        4 => (0..60_000u64).prop_map(|ms| Act::Pass(Duration::from_millis(ms))),
        1 => (0..700u64).prop_map(|seconds| Act::Pass(S(seconds))),
    ];
    (prop::collection::vec(act, 0..120), any::<bool>()).prop_map(|(mut acts, stop)| {
        if stop {
            acts.push(Act::Stop);
            acts.push(Act::Pass(S(20)));
        }
        acts
    })
}

/// A world around the machine that notes what it does, and objects when it may not.
struct World {
    machine: Machine,
    now: Moment,
    published: usize,
    connecting: bool,
    open: bool,
    on_this_connection: BTreeSet<String>,
    last_sign: Moment,
    last_probe: u64,
    settled: BTreeSet<String>,
}

impl World {
    fn act(&mut self, act: &Act) {
        match act {
            Act::Publish => {
                self.published += 1;
                self.step(publish(&self.published.to_string()));
            }
            Act::Connect(true) if self.connecting => {
                self.connecting = false;
                self.open = true;
                self.last_sign = self.now;
                self.on_this_connection.clear();
                self.step(Event::Opened);
            }
            Act::Connect(false) if self.connecting => {
                self.connecting = false;
                self.step(Event::Failed(Outage::Unreachable {
                    reason: "refused".into(),
                }));
            }
            Act::Drop if self.open => {
                self.open = false;
                self.step(dropped());
            }
            Act::Pong if self.open => self.step(Event::Pong(self.last_probe)),
            Act::Refuse(code, number) if self.open => {
                self.step(error(*code, Some(&number.to_string())));
            }
            Act::Pass(time) => self.pass(*time),
            Act::Stop => self.step(Event::Stop),
            Act::Connect(_) | Act::Drop | Act::Pong | Act::Refuse(..) => {}
        }
    }

    /// Lets time pass as the shell does: the timer comes at each deadline.
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
                Effect::Send(alert) => {
                    assert!(self.open, "{} is sent on no connection", alert.content_id);
                    let id = alert.content_id;
                    assert!(
                        !self.settled.contains(&id),
                        "{id} is sent after its end was told"
                    );
                    assert!(
                        self.on_this_connection.insert(id.clone()),
                        "{id} is sent twice on one connection"
                    );
                }
                Effect::Heartbeat => {
                    assert!(self.open);
                    assert!(
                        self.now.saturating_sub(self.last_sign) <= HEARTBEAT,
                        "a heartbeat was lost"
                    );
                    self.last_sign = self.now;
                }
                Effect::Probe(number) => self.last_probe = number,
                Effect::Abort => {
                    self.open = false;
                    self.connecting = false;
                }
                Effect::Emit(
                    AlertEvent::Delivered { content_id: id }
                    | AlertEvent::Lost { content_id: id, .. },
                ) => {
                    assert!(
                        self.settled.insert(id.clone()),
                        "the end of {id} is told twice"
                    );
                }
                Effect::Emit(AlertEvent::Rejected {
                    code,
                    content_id: Some(id),
                    ..
                }) => {
                    if code != ErrorCode::Unauthorized
                        && id.parse().is_ok_and(|n: usize| n <= self.published)
                    {
                        self.settled.insert(id);
                    }
                }
                Effect::Close | Effect::DiscardToken | Effect::Emit(_) => {}
            }
        }
        for kept in &self.machine.kept {
            assert!(
                self.now.saturating_sub(kept.since) < LIFETIME,
                "{} is kept past its lifetime",
                kept.alert.content_id
            );
            assert_eq!(
                kept.sent,
                matches!(
                    self.machine.state,
                    State::Open { .. } | State::Closing { .. }
                )
            );
        }
        if self.open
            && !self.machine.is_stopped()
            && !matches!(self.machine.state, State::Closing { .. })
        {
            assert!(
                self.now.saturating_sub(self.last_sign) <= HEARTBEAT,
                "a heartbeat was lost"
            );
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
            published: 0,
            connecting: false,
            open: false,
            on_this_connection: BTreeSet::new(),
            last_sign: S(0),
            last_probe: 0,
            settled: BTreeSet::new(),
        };
        world.step(Event::Start);
        for act in acts {
            world.act(&act);
        }
        // Every alert is either kept or its end was told, never both and never neither.
        let mut accounted = world.settled.clone();
        for kept in &world.machine.kept {
            prop_assert!(accounted.insert(kept.alert.content_id.clone()), "{} is kept after its end", kept.alert.content_id);
        }
        for number in 1..=world.published {
            prop_assert!(accounted.contains(&number.to_string()), "{number} has vanished");
        }
    }
}
