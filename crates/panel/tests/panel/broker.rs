//! A reference broker: the model of one agent's log, simple enough to be right, written from the protocol alone.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use cuecard_protocol::server::LiveCard;
use cuecard_protocol::{
    AckOutcome, Action, ActionId, ActionKind, Card, CardId, ClientMessage, Entry, Millis,
    RemovalReason, Resume, Seq, ServerMessage, VERSION,
};

/// What an action does, whoever repeats it.
pub type Done = (CardId, ActionKind, Option<String>);

/// The reference broker: one agent's log.
#[derive(Default)]
pub struct Broker {
    generation: u32,
    entries: Vec<Entry>,
    /// Entries before this one are gone.
    begins: usize,
    pub live: BTreeMap<CardId, (Seq, Card)>,
    /// What counted, with how often it did.
    pub effective: BTreeMap<Done, u32>,
    /// The action ids that were received for each card, kind and snippet.
    pub received: BTreeMap<Done, BTreeSet<ActionId>>,
    /// Messages under way; none without a connection that has said hello.
    pub wire: Option<VecDeque<ServerMessage>>,
}

impl Broker {
    fn log(&self) -> String {
        format!("log-{}", self.generation)
    }

    /// Appends an entry; a card for a taken slot supersedes the older one.
    pub fn append(&mut self, entry: Entry) {
        let seq = Seq(self.entries.len() as u64 + 1);
        if let Entry::Card(card) = &entry {
            self.live.retain(|_, (_, old)| !old.shares_slot_with(card));
            self.live.insert(card.id.clone(), (seq, card.clone()));
        }
        self.entries.push(entry.clone());
        self.send(entry.at(seq));
    }

    /// Takes a card out.
    pub fn remove(&mut self, card_id: CardId, reason: RemovalReason) {
        self.live.remove(&card_id);
        self.append(Entry::Removed { card_id, reason });
    }

    /// Gives up all entries so far; who stands before them gets a snapshot.
    pub fn trim(&mut self) {
        self.begins = self.entries.len();
    }

    /// Makes the store anew.
    pub fn wipe(&mut self) {
        self.generation += 1;
        self.entries.clear();
        self.begins = 0;
        self.live.clear();
    }

    fn send(&mut self, message: ServerMessage) {
        if let Some(wire) = &mut self.wire {
            wire.push_back(message);
        }
    }

    /// Reads a message of the panel.
    pub fn take(&mut self, message: ClientMessage, now: Millis) {
        match message {
            ClientMessage::Hello { last_seq, log, .. } => self.greet(last_seq, log.as_ref(), now),
            ClientMessage::Ping => self.send(ServerMessage::Pong),
            ClientMessage::Action(action) => self.record(action),
        }
    }

    fn greet(&mut self, last_seq: Seq, log: Option<&String>, now: Millis) {
        self.wire = Some(VecDeque::new());
        let last = usize::try_from(last_seq.0).unwrap();
        let can_resume = log.is_some_and(|log| *log == self.log())
            && last >= self.begins
            && last <= self.entries.len();
        self.send(ServerMessage::Welcome {
            version: VERSION.into(),
            log: self.log(),
            head: Seq(self.entries.len() as u64),
            resume: if can_resume {
                Resume::Resumed
            } else {
                Resume::Gap
            },
            now,
        });
        if can_resume {
            for index in last..self.entries.len() {
                let entry = self.entries[index].clone();
                self.send(entry.at(Seq(index as u64 + 1)));
            }
            return;
        }
        let mut cards: Vec<LiveCard> = self
            .live
            .values()
            .map(|(seq, card)| LiveCard {
                seq: *seq,
                card: card.clone(),
            })
            .collect();
        cards.sort_by_key(|live| live.seq);
        let parts: Vec<_> = cards.chunks(3).map(<[LiveCard]>::to_vec).collect();
        for part in parts {
            self.send(ServerMessage::Snapshot {
                cards: part,
                last: false,
            });
        }
        self.send(ServerMessage::Snapshot {
            cards: Vec::new(),
            last: true,
        });
    }

    fn record(&mut self, action: Action) {
        let key = (
            action.card_id.clone(),
            action.kind,
            action.snippet_id.clone(),
        );
        let is_repeat = self.effective.contains_key(&key);
        self.received
            .entry(key.clone())
            .or_default()
            .insert(action.id.clone());
        let is_live = self.live.contains_key(&action.card_id);
        if !is_repeat && is_live {
            *self.effective.entry(key).or_default() += 1;
            match action.kind {
                ActionKind::Dismissed => self.remove(action.card_id, RemovalReason::Dismissed),
                ActionKind::Accepted => self.remove(action.card_id, RemovalReason::Accepted),
                ActionKind::Snoozed => self.remove(action.card_id, RemovalReason::Snoozed),
                ActionKind::Rendered | ActionKind::Adopted => {}
            }
        }
        let outcome = if is_repeat || is_live {
            AckOutcome::Recorded
        } else {
            AckOutcome::Refused {
                message: "the card is not live".into(),
                left_by: None,
            }
        };
        self.send(ServerMessage::Ack {
            id: action.id,
            outcome,
        });
    }
}
