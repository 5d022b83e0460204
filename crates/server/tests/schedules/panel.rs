//! The panel with its agent, and a socket to the store that always gives a snapshot.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use cuecard_panel::{CardState, Effect, Event, Panel, Stored};
use cuecard_protocol::json;
use cuecard_protocol::server::LiveCard;
use cuecard_protocol::session::{SessionInfo, TicketInfo};
use cuecard_protocol::{
    AckOutcome, ActionKind, AgentId, Card, CardId, ClientMessage, Entry, Millis, RemovalReason,
    Resume, Seq, ServerMessage, VERSION,
};

use crate::store::Store;

pub struct Desktop {
    panel: Panel,
    stored: Option<Stored>,
    wire: Option<VecDeque<ServerMessage>>,
    head: u64,
    /// What the agent decided and did not take back.
    pub decided: BTreeMap<CardId, ActionKind>,
    on_screen: BTreeSet<CardId>,
    gone: BTreeSet<CardId>,
}

impl Desktop {
    pub fn new(store: &mut Store, now: Millis) -> Self {
        let mut desktop = Self {
            panel: Panel::new(),
            stored: None,
            wire: None,
            head: 0,
            decided: BTreeMap::new(),
            on_screen: BTreeSet::new(),
            gone: BTreeSet::new(),
        };
        desktop.step(Event::Started { stored: None }, store, now);
        desktop
    }

    /// The cards that the agent can decide.
    pub fn choices(&self, now: Millis) -> Vec<CardId> {
        let cards = self.panel.view(now).cards.into_iter();
        cards
            .filter(|card| matches!(card.state, CardState::Live))
            .map(|card| card.card.id.clone())
            .collect()
    }

    pub fn decide(&mut self, id: CardId, is_accepted: bool, store: &mut Store, now: Millis) {
        let event = if is_accepted {
            self.decided.insert(id.clone(), ActionKind::Accepted);
            Event::Accept(id)
        } else {
            self.decided.insert(id.clone(), ActionKind::Dismissed);
            Event::Dismiss {
                card_id: id,
                reason: None,
            }
        };
        self.step(event, store, now);
    }

    pub fn see(&mut self, id: CardId, store: &mut Store, now: Millis) {
        self.step(Event::CardSeen(id), store, now);
    }

    /// An entry of the log.
    pub fn entry(&mut self, entry: Entry) {
        self.head += 1;
        let seq = Seq(self.head);
        if let Some(wire) = &mut self.wire {
            wire.push_back(entry.at(seq));
        }
    }

    pub fn came(&mut self, card: Card) {
        self.entry(Entry::Card(card));
    }

    pub fn left(&mut self, card_id: CardId, reason: RemovalReason) {
        self.entry(Entry::Removed { card_id, reason });
    }

    pub fn cut(&mut self, store: &mut Store, now: Millis) {
        if self.wire.take().is_some() {
            self.step(Event::SocketClosed { code: 1006 }, store, now);
        }
    }

    pub fn reload(&mut self, store: &mut Store, now: Millis) {
        self.wire = None;
        self.panel = Panel::new();
        self.on_screen.clear();
        self.gone.clear();
        let stored = self.stored.clone();
        self.step(Event::Started { stored }, store, now);
    }

    pub fn hide(&mut self, store: &mut Store, now: Millis) {
        self.step(Event::VisibilityChanged { visible: false }, store, now);
    }

    /// The panel reads one message.
    pub fn read(&mut self, store: &mut Store, now: Millis) -> bool {
        let Some(message) = self.wire.as_mut().and_then(VecDeque::pop_front) else {
            return false;
        };
        let text = serde_json::to_string(&message).unwrap();
        self.step(Event::SocketMessage(json::tree(&text).ok()), store, now);
        true
    }

    /// The moment of what is due next.
    pub fn tick(&mut self, store: &mut Store, now: Millis) {
        while self.panel.deadline().is_some_and(|due| due <= now) {
            self.step(Event::DeadlineReached, store, now);
        }
    }

    pub fn shown(&self) -> &BTreeSet<CardId> {
        &self.on_screen
    }

    fn step(&mut self, event: Event, store: &mut Store, now: Millis) {
        let mut events = VecDeque::from([event]);
        while let Some(event) = events.pop_front() {
            for effect in self.panel.step(event, now, 0.5) {
                match effect {
                    Effect::OpenSession { .. } => events.push_back(Event::SessionOpened(session())),
                    Effect::FetchTicket => events.push_back(Event::TicketIssued(ticket())),
                    Effect::OpenSocket(_) => events.push_back(Event::SocketOpened),
                    Effect::CloseSocket => self.wire = None,
                    Effect::Send(message) => self.take(message, store, now),
                    Effect::Store(stored) => self.stored = Some(stored),
                    _ => {}
                }
            }
        }
        self.look(now);
    }

    /// The broker reads a message of the panel.
    fn take(&mut self, message: ClientMessage, store: &mut Store, now: Millis) {
        match message {
            ClientMessage::Hello { .. } => self.greet(store, now),
            ClientMessage::Ping => self.say(ServerMessage::Pong),
            ClientMessage::Action(action) => {
                let (is_recorded, left) = store.act(&action);
                if let Some(reason) = left {
                    self.left(action.card_id, reason);
                }
                let outcome = if is_recorded {
                    AckOutcome::Recorded
                } else {
                    let message = "the card is over".to_owned();
                    AckOutcome::Refused {
                        message,
                        left_by: None,
                    }
                };
                let id = action.id;
                self.say(ServerMessage::Ack { id, outcome });
            }
        }
    }

    fn greet(&mut self, store: &Store, now: Millis) {
        self.wire = Some(VecDeque::new());
        self.say(ServerMessage::Welcome {
            version: VERSION.to_owned(),
            log: "log".to_owned(),
            head: Seq(self.head),
            resume: Resume::Gap,
            now,
        });
        let cards = store.live(now).into_iter();
        let cards = cards.map(|card| LiveCard {
            seq: Seq(self.head.min(1)),
            card,
        });
        let cards = cards.collect();
        self.say(ServerMessage::Snapshot { cards, last: true });
    }

    fn say(&mut self, message: ServerMessage) {
        if let Some(wire) = &mut self.wire {
            wire.push_back(message);
        }
    }

    /// No card is on screen twice, and none comes back.
    fn look(&mut self, now: Millis) {
        let cards = self.panel.view(now).cards;
        let ids: BTreeSet<CardId> = cards.iter().map(|card| card.card.id.clone()).collect();
        assert_eq!(ids.len(), cards.len(), "a card is shown twice");
        assert!(
            ids.is_disjoint(&self.gone),
            "a card that had left is shown again"
        );
        self.gone.extend(self.on_screen.difference(&ids).cloned());
        self.on_screen = ids;
    }
}

fn session() -> SessionInfo {
    SessionInfo {
        agent_id: AgentId::parse("AGT-1").unwrap(),
        version: VERSION.to_owned(),
        locale: "en".to_owned(),
        expires_at: Millis(u64::MAX / 2),
        image_origins: Vec::new(),
    }
}

fn ticket() -> TicketInfo {
    TicketInfo {
        ticket: "t".to_owned(),
        url: "ws://127.0.0.1".to_owned(),
        expires_in: 30,
        session: None,
    }
}
