//! The reference broker, a wire that loses, doubles and breaks, and a panel between them and an agent who clicks about.

use std::collections::{BTreeSet, VecDeque};

use cuecard_panel::{CardState, Effect, Event, HandOver, Handover, Stored, Way};
use cuecard_protocol::card::AlertLevel;
use cuecard_protocol::order::Rank;
use cuecard_protocol::{
    ActionId, Card, CardBody, CardId, ClientMessage, Entry, Millis, RemovalReason, ServerMessage,
};
use proptest::prelude::*;

use crate::broker::Broker;
use crate::desk::{Desk, alert, dismiss, prompt, said, session, suggestion, task, ticket};

/// What can happen. Numbers choose among what is there.
#[derive(Debug, Clone, Copy)]
pub enum Happening {
    Append {
        interaction: u8,
        critical: bool,
    },
    Suggest,
    Task,
    Prompt {
        pinned: bool,
    },
    Remove(usize),
    Deliver(usize),
    Lose,
    Double,
    Cut(u16),
    Trim,
    Wipe,
    See(usize),
    Dismiss(usize),
    Undo(usize),
    Accept(usize),
    Snooze(usize),
    /// Takes a snippet of a prompt, of which each has two.
    Take(usize, bool),
    Hide,
    Wait(u64),
    Reload,
}

pub fn happening() -> impl Strategy<Value = Happening> {
    let close = prop_oneof![Just(1006), Just(4408), Just(4503), Just(4400)];
    prop_oneof![
        8 => (0_u8..5, any::<bool>())
            .prop_map(|(interaction, critical)| Happening::Append { interaction, critical }),
        4 => Just(Happening::Suggest),
        2 => Just(Happening::Task),
        3 => any::<bool>().prop_map(|pinned| Happening::Prompt { pinned }),
        3 => any::<usize>().prop_map(Happening::Remove),
        8 => (1_usize..8).prop_map(Happening::Deliver),
        1 => Just(Happening::Lose),
        1 => Just(Happening::Double),
        2 => close.prop_map(Happening::Cut),
        1 => Just(Happening::Trim),
        1 => Just(Happening::Wipe),
        4 => any::<usize>().prop_map(Happening::See),
        3 => any::<usize>().prop_map(Happening::Dismiss),
        2 => any::<usize>().prop_map(Happening::Undo),
        3 => any::<usize>().prop_map(Happening::Accept),
        2 => any::<usize>().prop_map(Happening::Snooze),
        3 => (any::<usize>(), any::<bool>()).prop_map(|(n, second)| Happening::Take(n, second)),
        1 => Just(Happening::Hide),
        6 => (1_u64..4_000).prop_map(Happening::Wait),
    ]
}

/// The same, and reloads.
pub fn happening_or_reload() -> impl Strategy<Value = Happening> {
    prop_oneof![12 => happening(), 1 => Just(Happening::Reload)]
}

/// Everything together.
pub struct World {
    pub desk: Desk,
    pub broker: Broker,
    /// What the panel stored last.
    pub stored: Option<Stored>,
    /// Actions whose acknowledgement the panel has read; they must not be sent again.
    acknowledged: BTreeSet<ActionId>,
    /// What the agent saw, dismissed without taking it back, accepted, put off, and took of prompts.
    pub seen: BTreeSet<CardId>,
    pub dismissed: BTreeSet<CardId>,
    pub accepted: BTreeSet<CardId>,
    pub snoozed: BTreeSet<CardId>,
    pub adopted: BTreeSet<(CardId, String)>,
    told: BTreeSet<CardId>,
    on_screen: BTreeSet<CardId>,
    gone: BTreeSet<CardId>,
    lives: u32,
    appended: u32,
}

impl World {
    pub fn new() -> Self {
        let mut world = Self {
            desk: Desk::new(),
            broker: Broker::default(),
            stored: None,
            acknowledged: BTreeSet::new(),
            seen: BTreeSet::new(),
            dismissed: BTreeSet::new(),
            accepted: BTreeSet::new(),
            snoozed: BTreeSet::new(),
            adopted: BTreeSet::new(),
            told: BTreeSet::new(),
            on_screen: BTreeSet::new(),
            gone: BTreeSet::new(),
            lives: 0,
            appended: 0,
        };
        world.step(Event::Started { stored: None });
        world
    }

    pub fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Append {
                interaction,
                critical,
            } => {
                let id = self.new_id();
                let level = if critical {
                    AlertLevel::Critical
                } else {
                    AlertLevel::High
                };
                let now = self.desk.server_now();
                let card = alert(&id, &format!("i{interaction}"), level, now);
                self.broker.append(Entry::Card(card));
            }
            Happening::Suggest => {
                let card = suggestion(&self.new_id(), "Offer it", self.desk.server_now());
                self.broker.append(Entry::Card(card));
            }
            Happening::Task => {
                let now = self.desk.server_now();
                let card = task(&self.new_id(), now, now);
                self.broker.append(Entry::Card(card));
            }
            Happening::Prompt { pinned } => {
                let snippets = [("s1", "one"), ("s2", "two")];
                let card = prompt(&self.new_id(), &snippets, pinned, self.desk.server_now());
                self.broker.append(Entry::Card(card));
            }
            Happening::Remove(n) => {
                if let Some(id) = pick(self.broker.live.keys(), n) {
                    self.broker.remove(id, RemovalReason::Expired);
                }
            }
            Happening::Deliver(n) => {
                for _ in 0..n {
                    self.deliver();
                }
            }
            Happening::Lose => {
                if self.next_is_entry() {
                    self.broker.wire.as_mut().and_then(VecDeque::pop_front);
                }
            }
            Happening::Double => {
                if self.next_is_entry()
                    && let Some(wire) = &mut self.broker.wire
                    && let Some(first) = wire.front().cloned()
                {
                    wire.push_front(first);
                }
            }
            Happening::Cut(code) => {
                if self.broker.wire.take().is_some() {
                    self.step(Event::SocketClosed { code });
                }
            }
            Happening::Trim => self.broker.trim(),
            Happening::Wipe => {
                // A store made anew comes with a restart of the server.
                self.happen(Happening::Cut(1006));
                self.broker.wipe();
            }
            Happening::See(_)
            | Happening::Dismiss(_)
            | Happening::Accept(_)
            | Happening::Snooze(_)
            | Happening::Take(..)
            | Happening::Undo(_) => self.agent_does(happening),
            Happening::Hide => self.step(Event::VisibilityChanged { visible: false }),
            Happening::Wait(ms) => self.wait(ms),
            Happening::Reload => {
                self.broker.wire = None;
                let now = self.desk.now;
                self.desk = Desk::new();
                self.desk.now = now;
                self.lives += 1;
                self.desk.random = 1.0 / f64::from(self.lives + 2);
                self.told.clear();
                self.on_screen.clear();
                self.gone.clear();
                let stored = self.stored.clone();
                self.step(Event::Started { stored });
            }
        }
    }

    /// What the agent does to a card.
    fn agent_does(&mut self, happening: Happening) {
        match happening {
            Happening::See(n) => {
                if let Some(id) = pick(self.undecided(|_| true).iter(), n) {
                    self.seen.insert(id.clone());
                    self.step(Event::CardSeen(id));
                }
            }
            Happening::Dismiss(n) => {
                if let Some(id) = pick(self.undecided(|_| true).iter(), n) {
                    self.dismissed.insert(id.clone());
                    self.step(dismiss(id));
                }
            }
            Happening::Accept(n) => {
                let cards = self.undecided(|card| {
                    matches!(card.body, CardBody::Suggestion(_) | CardBody::Task(_))
                });
                if let Some(id) = pick(cards.iter(), n) {
                    self.dismissed.remove(&id);
                    self.accepted.insert(id.clone());
                    self.step(Event::Accept(id));
                }
            }
            Happening::Snooze(n) => {
                let tasks = self.undecided(|card| matches!(card.body, CardBody::Task(_)));
                if let Some(card_id) = pick(tasks.iter(), n) {
                    self.dismissed.remove(&card_id);
                    self.snoozed.insert(card_id.clone());
                    let until = self.desk.now.plus(Millis::from_secs(3_600));
                    self.step(Event::Snooze { card_id, until });
                }
            }
            Happening::Take(n, second) => {
                let prompts = self.undecided(|card| matches!(card.body, CardBody::Prompt(_)));
                if let Some(card_id) = pick(prompts.iter(), n) {
                    let snippet_id = if second { "s2" } else { "s1" }.to_owned();
                    self.adopted.insert((card_id.clone(), snippet_id.clone()));
                    self.step(Event::Take {
                        card_id,
                        snippet_id,
                        way: Way::Insert,
                        values: Vec::new(),
                    });
                }
            }
            Happening::Undo(n) => {
                if let Some(id) = pick(self.undoable().iter(), n) {
                    self.dismissed.remove(&id);
                    self.step(Event::Undo(id));
                }
            }
            _ => unreachable!("nothing an agent does: {happening:?}"),
        }
    }

    /// The faults are over: everything that is under way arrives.
    pub fn settle(&mut self) {
        self.happen(Happening::Cut(1006));
        self.step(Event::VisibilityChanged { visible: false });
        for _ in 0..40 {
            while self.deliver() {}
            self.wait(1_000);
        }
        while self.deliver() {}
    }

    /// The cards on show, which are what nobody took back.
    pub fn shown(&self) -> BTreeSet<CardId> {
        self.on_screen.clone()
    }

    fn new_id(&mut self) -> String {
        self.appended += 1;
        format!("card-{}", self.appended)
    }

    /// The cards on show that the agent can still decide about.
    fn undecided(&self, is_wanted: fn(&Card) -> bool) -> BTreeSet<CardId> {
        let view = self.desk.panel.view(self.desk.now);
        let cards = view.cards.into_iter().filter(|card| is_wanted(&card.card));
        cards
            .filter(|card| matches!(card.state, CardState::Live | CardState::Undoable { .. }))
            .map(|card| card.card.id.clone())
            .collect()
    }

    fn undoable(&self) -> BTreeSet<CardId> {
        let view = self.desk.panel.view(self.desk.now);
        let cards = view.cards.into_iter();
        cards
            .filter(|card| matches!(card.state, CardState::Undoable { .. }))
            .map(|card| card.card.id.clone())
            .collect()
    }

    fn next_is_entry(&self) -> bool {
        matches!(
            self.broker.wire.as_ref().and_then(VecDeque::front),
            Some(ServerMessage::Card { .. } | ServerMessage::Removed { .. })
        )
    }

    fn deliver(&mut self) -> bool {
        let Some(message) = self.broker.wire.as_mut().and_then(VecDeque::pop_front) else {
            return false;
        };
        if let ServerMessage::Ack { id, .. } = &message {
            self.acknowledged.insert(id.clone());
        }
        let text = serde_json::to_string(&message).unwrap();
        self.step(said(&text));
        true
    }

    fn wait(&mut self, ms: u64) {
        let end = self.desk.now.plus(Millis(ms));
        for _ in 0..1_000 {
            let due = self.desk.panel.deadline().expect("never without deadline");
            if due > end {
                self.desk.now = end;
                return;
            }
            self.desk.now = self.desk.now.max(due);
            self.step(Event::DeadlineReached);
        }
        panic!("the deadline does not move on");
    }

    fn step(&mut self, event: Event) {
        let mut events = VecDeque::from([event]);
        while let Some(event) = events.pop_front() {
            for effect in self.desk.step(event) {
                match effect {
                    Effect::OpenSession { .. } => {
                        events.push_back(Event::SessionOpened(session("agent-1")));
                    }
                    Effect::FetchTicket => events.push_back(Event::TicketIssued(ticket())),
                    Effect::OpenSocket(_) => {
                        self.broker.wire = None;
                        events.push_back(Event::SocketOpened);
                    }
                    Effect::CloseSocket => self.broker.wire = None,
                    Effect::Send(message) => {
                        if let ClientMessage::Action(action) = &message {
                            assert!(
                                !self.acknowledged.contains(&action.id),
                                "sent after its ack"
                            );
                        }
                        self.broker.take(message, self.desk.server_now());
                    }
                    Effect::Store(stored) => self.stored = Some(stored),
                    Effect::HandOver(HandOver {
                        card_id,
                        snippet_id,
                        ..
                    }) => events.push_back(Event::HandedOver {
                        card_id,
                        snippet_id,
                        outcome: Handover::Inserted,
                    }),
                    Effect::TellHost(decided) => {
                        let is_new = self.told.insert(decided.card_id.clone());
                        assert!(is_new, "the host was told of {} twice", decided.card_id);
                    }
                    Effect::Announce(_)
                    | Effect::Message(_)
                    | Effect::Typing(_)
                    | Effect::News(_)
                    | Effect::OpenTask(_)
                    | Effect::ToggleInsights
                    | Effect::Notify(_)
                    | Effect::Focus(_) => {}
                }
            }
            self.look();
        }
    }

    /// What must hold after every step: ids are unique, ranks descend, and nothing comes back that has left.
    fn look(&mut self) {
        let view = self.desk.panel.view(self.desk.now);
        let ranks = view.cards.iter().map(|card| Rank::of(&card.card));
        assert!(ranks.is_sorted_by(|a, b| a >= b), "order of ranks");
        let now: BTreeSet<CardId> = view.cards.iter().map(|card| card.card.id.clone()).collect();
        assert_eq!(now.len(), view.cards.len(), "an id is shown twice");
        if let Some(id) = now.intersection(&self.gone).next() {
            panic!("{id} is shown a second time");
        }
        self.gone.extend(self.on_screen.difference(&now).cloned());
        self.on_screen = now;
    }
}

fn pick<'a>(mut ids: impl ExactSizeIterator<Item = &'a CardId>, n: usize) -> Option<CardId> {
    let len = ids.len();
    ids.nth(n.checked_rem(len)?).cloned()
}
