//! What must hold of this machine whatever the world does to it, in whichever order, by the rules of all three sockets.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::prompts;

/// What the world may do to the machine.
#[derive(Debug, Clone)]
enum Act {
    /// A frame is offered that can be sent after so many and within so many further seconds.
    Publish(u64, u64),
    /// The n-th frame is offered again.
    PublishAgain(usize),
    /// The n-th frame is withdrawn.
    Withdraw(usize),
    /// The connection under way opens, or fails.
    Connect(bool),
    /// The platform takes the token, or refuses it.
    Authenticate(bool),
    /// The connection is cut; the platform may have restarted meanwhile.
    Drop,
    Pong,
    /// The platform says something of the n-th frame.
    Answer(Answer, usize),
    /// An error frame about the n-th frame.
    Refuse(ErrorCode, usize),
    Pass(Duration),
    Stop,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let code = prop::sample::select(vec![
        ErrorCode::Duplicate,
        ErrorCode::BufferLimit,
        ErrorCode::InvalidContentId,
        ErrorCode::Unauthorized,
        ErrorCode::Protocol,
    ]);
    let answer = prop::sample::select(vec![ACK, Answer::Accepted, Answer::Dismissed]);
    let act = prop_oneof![
        6 => (0..3u64, 1..700u64).prop_map(|(from, life)| Act::Publish(from, life)),
        1 => (1..20usize).prop_map(Act::PublishAgain),
        1 => (1..20usize).prop_map(Act::Withdraw),
        6 => prop::bool::weighted(0.8).prop_map(Act::Connect),
        6 => prop::bool::weighted(0.8).prop_map(Act::Authenticate),
        2 => Just(Act::Drop),
        4 => Just(Act::Pong),
        3 => (answer, 1..20usize).prop_map(|(answer, number)| Act::Answer(answer, number)),
        2 => (code, 1..20usize).prop_map(|(code, number)| Act::Refuse(code, number)),
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

/// A connection as the world sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    Down,
    Connecting,
    /// Open, and the token is not taken yet.
    Silent,
    Ready,
}

/// A world around the machine that notes what it does, and objects when it may not.
struct World {
    rules: Rules,
    machine: Machine,
    now: Moment,
    line: Line,
    offers: BTreeMap<String, Offer>,
    /// On this connection, and not refused for want of room since.
    on_this_connection: BTreeSet<String>,
    sent_ever: BTreeSet<String>,
    ended: BTreeSet<String>,
    last_sign: Moment,
    last_probe: u64,
}

impl World {
    fn new(rules: Rules) -> Self {
        Self {
            rules,
            machine: Machine::new(rules),
            now: S(0),
            line: Line::Down,
            offers: BTreeMap::new(),
            on_this_connection: BTreeSet::new(),
            sent_ever: BTreeSet::new(),
            ended: BTreeSet::new(),
            last_sign: S(0),
            last_probe: 0,
        }
    }

    fn act(&mut self, act: &Act) {
        match (act, self.line) {
            (Act::Publish(from, life), _) => self.publish(*from, *life),
            (Act::PublishAgain(number), _) => {
                let offer = self.offers.get(&number.to_string()).cloned();
                if let Some(offer) = offer.filter(|offer| self.machine.keeps(&offer.frame.id)) {
                    let is_repeat = true;
                    self.step(Event::Publish { offer, is_repeat });
                }
            }
            (Act::Withdraw(number), _) => {
                let id = number.to_string();
                if self.machine.keeps(&id) {
                    self.end(&id);
                }
                self.step(Event::Withdraw(id.clone()));
                assert!(!self.machine.keeps(&id));
            }
            (Act::Connect(true), Line::Connecting) => {
                self.on_this_connection.clear();
                self.last_sign = self.now;
                self.line = match self.rules.authentication {
                    Authentication::Frame => Line::Silent,
                    _ => Line::Ready,
                };
                self.step(Event::Opened);
            }
            (Act::Connect(false), Line::Connecting) => {
                self.line = Line::Down;
                let reason = "refused".into();
                self.step(Event::Failed(Outage::Unreachable { reason }));
            }
            (Act::Authenticate(true), Line::Silent) => {
                self.line = Line::Ready;
                self.last_sign = self.now;
                self.step(Event::Authenticated);
            }
            (Act::Authenticate(false), Line::Silent) => {
                self.step(error(ErrorCode::Unauthorized, None));
            }
            (Act::Drop, Line::Silent | Line::Ready) => {
                self.line = Line::Down;
                self.step(dropped());
            }
            (Act::Pong, Line::Ready) => self.step(Event::Pong(self.last_probe)),
            (Act::Answer(answer, number), Line::Ready)
                if self.rules.confirmation == Confirmation::Answer =>
            {
                self.answer(&number.to_string(), *answer);
            }
            (Act::Refuse(code, number), Line::Ready) => {
                let id = number.to_string();
                if *code == ErrorCode::BufferLimit {
                    self.on_this_connection.remove(&id);
                }
                self.step(error(*code, Some(&id)));
            }
            (Act::Pass(time), _) => self.pass(*time),
            (Act::Stop, _) => self.step(Event::Stop),
            _ => {}
        }
    }

    fn publish(&mut self, from: u64, life: u64) {
        let id = (self.offers.len() + 1).to_string();
        let offer = Offer {
            frame: frame(&id),
            from: self.now + S(from),
            until: self.now + S(from + life),
        };
        self.offers.insert(id, offer.clone());
        let is_repeat = false;
        self.step(Event::Publish { offer, is_repeat });
    }

    /// An answer ends what was sent; it may also be to an earlier run's.
    fn answer(&mut self, id: &str, answer: Answer) {
        if self.machine.keeps(id) && self.sent_ever.contains(id) {
            self.end(id);
        }
        self.step(Event::Answer {
            id: id.to_owned(),
            answer,
        });
        assert!(!(self.machine.keeps(id) && self.sent_ever.contains(id)));
    }

    fn end(&mut self, id: &str) {
        assert!(
            self.ended.insert(id.to_owned()),
            "{id} comes to an end twice"
        );
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
                Effect::Connect => self.line = Line::Connecting,
                Effect::Authenticate => assert_eq!(self.line, Line::Silent),
                Effect::Send(frame) => self.sent(&frame.id, &frame.text),
                Effect::Heartbeat => {
                    assert!(self.rules.has_heartbeat_frame && self.line == Line::Ready);
                    self.last_sign = self.now;
                }
                Effect::Probe(number) => {
                    assert_eq!(self.line, Line::Ready);
                    self.last_probe = number;
                    if !self.rules.has_heartbeat_frame {
                        self.last_sign = self.now;
                    }
                }
                Effect::Abort => self.line = Line::Down,
                Effect::Emit(event) => self.told(event),
                Effect::Close | Effect::DiscardToken => {}
            }
        }
        if self.line == Line::Ready && matches!(self.machine.state, State::Open(_)) {
            assert!(
                self.now.saturating_sub(self.last_sign) <= self.rules.heartbeat_every + PONG_WAIT,
                "no sign of life"
            );
        }
    }

    fn sent(&mut self, id: &str, text: &str) {
        let offer = &self.offers[id];
        assert_eq!(self.line, Line::Ready, "{id} is sent when nothing may be");
        assert_eq!(text, offer.frame.text, "{id} is sent as something else");
        assert!(
            (offer.from..offer.until).contains(&self.now),
            "{id} is sent outside its time"
        );
        assert!(!self.ended.contains(id), "{id} is sent after its end");
        assert!(
            self.on_this_connection.insert(id.to_owned()),
            "{id} is sent twice on one connection"
        );
        self.sent_ever.insert(id.to_owned());
    }

    fn told(&mut self, event: PublishEvent) {
        match event {
            PublishEvent::Lost { id, loss } => {
                let expected = [self.rules.too_late, Loss::Stopped];
                assert!(expected.contains(&loss), "{id} is lost as {loss:?}");
                self.end(&id);
            }
            PublishEvent::Arrived { id } if self.rules.confirmation == Confirmation::Pong => {
                self.end(&id);
            }
            PublishEvent::Arrived { id } => assert!(self.sent_ever.contains(&id)),
            PublishEvent::Known { id } => {
                assert!(self.on_this_connection.contains(&id));
                // It may be over already.
                if self.rules.confirmation == Confirmation::Pong {
                    self.ended.insert(id);
                }
            }
            PublishEvent::Rejected { id: Some(id), .. } => {
                assert!(!self.machine.keeps(&id), "{id} is refused, and kept");
                // A refusal can be of what is over already.
                if self.offers.contains_key(&id) {
                    self.ended.insert(id);
                }
            }
            _ => {}
        }
    }
}

fn whatever_happens(rules: Rules, acts: &[Act]) {
    let mut world = World::new(rules);
    world.step(Event::Start);
    for act in acts {
        world.act(act);
        // Every frame is either kept or came to an end, never both and never neither.
        for id in world.offers.keys() {
            assert_ne!(
                world.machine.keeps(id),
                world.ended.contains(id),
                "{id} after {act:?}"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn whatever_happens_to_alerts(acts in acts()) {
        whatever_happens(alerts::RULES, &acts);
    }

    #[test]
    fn whatever_happens_to_suggestions(acts in acts()) {
        whatever_happens(suggestions::RULES, &acts);
    }

    #[test]
    fn whatever_happens_to_prompts(acts in acts()) {
        whatever_happens(prompts::RULES, &acts);
    }
}
