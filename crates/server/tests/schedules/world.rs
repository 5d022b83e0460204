//! Everything together: what can happen, what is carried where, and what must hold at the end.

use cuecard_cxone::publisher::PublishEvent;
use cuecard_protocol::rules::suggestion::{MAX_ACTIVE, Offer};
use cuecard_protocol::{ActionKind, CardId, Millis, RemovalReason};
use proptest::prelude::*;

use crate::line::Line;
use crate::panel::Desktop;
use crate::store::{State, Store, interaction};

/// What can happen. Numbers choose among what is there.
#[derive(Debug, Clone, Copy)]
pub enum Happening {
    Post { seconds: u64 },
    Decide { which: usize, is_accepted: bool },
    See(usize),
    Withdraw(usize),
    Move(usize),
    RepeatDelivery,
    RepeatReport,
    Connect(bool),
    CutInjector,
    CutPanel,
    Reload,
    RestartServer,
    RestartPlatform,
    Wait(u64),
}

pub fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        8 => prop_oneof![9 => Just(600_u64), 1 => Just(5)].prop_map(|seconds| Happening::Post { seconds }),
        5 => (any::<usize>(), any::<bool>()).prop_map(|(which, is_accepted)| Happening::Decide { which, is_accepted }),
        3 => any::<usize>().prop_map(Happening::See),
        1 => any::<usize>().prop_map(Happening::Withdraw),
        12 => (1_usize..6).prop_map(Happening::Move),
        1 => Just(Happening::RepeatDelivery),
        1 => Just(Happening::RepeatReport),
        4 => prop_oneof![3 => Just(true), 1 => Just(false)].prop_map(Happening::Connect),
        2 => Just(Happening::CutInjector),
        1 => Just(Happening::CutPanel),
        1 => Just(Happening::Reload),
        1 => Just(Happening::RestartServer),
        1 => Just(Happening::RestartPlatform),
        5 => prop_oneof![9 => 1_u64..4_000, 1 => 60_000_u64..700_000].prop_map(Happening::Wait),
    ]
}

pub struct World {
    now: Millis,
    store: Store,
    line: Line,
    desktop: Desktop,
    posted: u32,
    /// The platform was killed.
    has_forgotten: bool,
}

impl Default for World {
    fn default() -> Self {
        let now = Millis(1_000);
        let mut store = Store::default();
        let desktop = Desktop::new(&mut store, now);
        Self {
            now,
            store,
            line: Line::default(),
            desktop,
            posted: 0,
            has_forgotten: false,
        }
    }
}

impl World {
    pub fn happen(&mut self, happening: Happening) {
        let now = self.now;
        match happening {
            Happening::Post { seconds } => {
                self.post(seconds);
            }
            Happening::Decide { which, is_accepted } => {
                if let Some(id) = pick(self.desktop.choices(now), which) {
                    self.desktop.decide(id, is_accepted, &mut self.store, now);
                }
            }
            Happening::See(which) => {
                if let Some(id) = pick(self.desktop.choices(now), which) {
                    self.desktop.see(id, &mut self.store, now);
                }
            }
            Happening::Withdraw(which) => {
                if let Some(id) = pick(self.store.active(), which) {
                    self.line.withdraw(&id, now);
                    if self.store.withdraw(&id) {
                        self.desktop.left(id, RemovalReason::Withdrawn);
                    }
                }
            }
            Happening::Move(times) => {
                for _ in 0..times {
                    self.move_all();
                }
            }
            Happening::RepeatDelivery => {
                if let Some(first) = self.line.deliveries.front().cloned() {
                    self.line.deliveries.push_front(first);
                }
            }
            Happening::RepeatReport => {
                if let Some(first) = self.store.reports.front().cloned() {
                    self.store.reports.push_front(first);
                }
            }
            Happening::Connect(succeeds) => self.line.connect(succeeds, now),
            Happening::CutInjector => self.line.cut(now),
            Happening::CutPanel => self.desktop.cut(&mut self.store, now),
            Happening::Reload => self.desktop.reload(&mut self.store, now),
            Happening::RestartServer => {
                self.desktop.cut(&mut self.store, now);
                self.line.restart_server(&self.store, now);
            }
            Happening::RestartPlatform => {
                self.has_forgotten = true;
                self.line.restart_platform(now);
            }
            Happening::Wait(ms) => self.wait(ms),
        }
    }

    fn post(&mut self, seconds: u64) -> bool {
        self.posted += 1;
        let offer = Offer {
            id: CardId::parse(format!("s{}", self.posted)).unwrap(),
            relevance: 0.9,
            start: self.now,
            end: self.now.plus(Millis::from_secs(seconds)),
        };
        let is_taken = self.store.publish(offer.clone(), self.now);
        if is_taken {
            self.line.publish(&offer, false, self.now);
        }
        is_taken
    }

    /// One message of every kind arrives, if one is on its way.
    fn move_all(&mut self) {
        let now = self.now;
        self.line.read_up(&self.store, now);
        if let Some(id) = self.line.deliveries.pop_front()
            && let Some(card) = self.store.deliver(&id, now)
        {
            self.desktop.came(card);
        }
        self.desktop.read(&mut self.store, now);
        if let Some((kind, id)) = self.store.reports.pop_front() {
            self.line.report(kind, &id, now);
        }
        if let Some(said) = self.line.read_down(now) {
            self.hear(said);
        }
    }

    fn hear(&mut self, said: Vec<PublishEvent>) {
        for event in said {
            let (id, kind) = match event {
                PublishEvent::Acknowledged { id, .. } => {
                    let id = CardId::parse(id).unwrap();
                    if let Some(publication) = self.store.publications.get_mut(&id) {
                        publication.is_acknowledged = true;
                    }
                    continue;
                }
                PublishEvent::Accepted { id } => (id, ActionKind::Accepted),
                PublishEvent::Dismissed { id } => (id, ActionKind::Dismissed),
                PublishEvent::Rejected { id: Some(id), .. } => {
                    let id = CardId::parse(id).unwrap();
                    if let Some(publication) = self.store.publications.get_mut(&id)
                        && publication.state == State::Open
                        && !publication.is_live
                    {
                        publication.state = State::Refused;
                    }
                    continue;
                }
                _ => continue,
            };
            let id = CardId::parse(id).unwrap();
            if self.store.confirmed(&id, kind) {
                self.desktop.left(id, RemovalReason::Accepted);
            }
        }
    }

    /// Time passes, in steps that are fine enough for everything that is due.
    fn wait(&mut self, ms: u64) {
        let end = self.now.plus(Millis(ms));
        while self.now < end {
            let step = if ms > 10_000 { 5_000 } else { 500 };
            self.now = end.min(self.now.plus(Millis(step)));
            let said = self.line.tick(self.now);
            self.hear(said);
            for id in self.store.expire(self.now) {
                self.desktop.left(id, RemovalReason::Expired);
            }
            self.desktop.tick(&mut self.store, self.now);
        }
    }

    /// The faults are over: everything that is under way arrives.
    pub fn settle(&mut self) {
        self.desktop.hide(&mut self.store, self.now);
        for _ in 0..60 {
            self.wait(1_000);
            self.line.connect(true, self.now);
            for _ in 0..20 {
                self.move_all();
            }
        }
        assert!(self.line.is_quiet(), "something is under way for ever");
    }

    /// What must hold at the end.
    pub fn check(&mut self) {
        for (id, times) in &self.store.counted {
            assert_eq!(*times, 1, "the decision on {id} counted {times} times");
        }
        for (id, kind) in &self.desktop.decided {
            match self.store.publications[id].state {
                State::Decided(counted) => assert_eq!(counted, *kind, "{id}"),
                State::Expired | State::Withdrawn => {}
                other => panic!("the agent's decision on {id} is lost: {other:?}"),
            }
        }
        self.agree();
        for _ in self.store.active().len()..MAX_ACTIVE {
            assert!(self.post(600), "a slot is lost with us");
        }
        assert!(!self.post(600), "a sixth suggestion is refused");
        self.settle();
        self.agree();
    }

    /// Store, screen and platform hold the same suggestions.
    fn agree(&self) {
        let active = self.store.active();
        let shown: Vec<CardId> = self.desktop.shown().iter().cloned().collect();
        assert_eq!(shown, active, "what is open is on screen");
        let held = self.line.desk.active(&interaction(), self.now);
        if self.has_forgotten {
            // What was on screen already is not sent again: it holds no slot any more.
            assert!(held <= active.len(), "the platform holds {held} slots");
        } else {
            assert_eq!(held, active.len(), "the platform holds the same slots");
        }
    }
}

fn pick(ids: Vec<CardId>, n: usize) -> Option<CardId> {
    let n = n.checked_rem(ids.len())?;
    ids.into_iter().nth(n)
}
