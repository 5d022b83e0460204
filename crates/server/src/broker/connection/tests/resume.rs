//! However a connection breaks, the panel sees every entry once and in order, or is told of the gap.

use std::collections::{BTreeMap, VecDeque};

use proptest::prelude::*;

use super::*;

/// A store with one log that can be cut at its beginning.
#[derive(Default)]
struct Log {
    entries: Vec<Entry>,
    cut: u64,
}

impl Log {
    fn head(&self) -> Seq {
        Seq(self.entries.len() as u64)
    }

    fn read(&self, after: Seq) -> Reading {
        if after.0 < self.cut || after > self.head() {
            return Reading::Gap;
        }
        let behind = (1..).map(Seq).zip(self.entries.iter().cloned());
        Reading::Entries(behind.filter(|(seq, _)| *seq > after).take(PART).collect())
    }

    fn live(&self) -> BTreeMap<CardId, Seq> {
        let mut live = BTreeMap::new();
        for (seq, entry) in (1..).map(Seq).zip(&self.entries) {
            match entry {
                Entry::Card(card) => live.insert(card.id.clone(), seq),
                Entry::Removed { card_id, .. } => live.remove(card_id),
            };
        }
        live
    }

    fn snapshot(&self) -> Input {
        let mut cards: Vec<LiveCard> = self
            .live()
            .into_values()
            .filter_map(
                |seq| match &self.entries[usize::try_from(seq.0).unwrap() - 1] {
                    Entry::Card(card) => Some(LiveCard {
                        seq,
                        card: card.clone(),
                    }),
                    Entry::Removed { .. } => None,
                },
            )
            .collect();
        cards.sort_by_key(|live| live.seq);
        Input::Snapshot {
            head: self.head(),
            cards,
        }
    }

    fn grow(&mut self, removes: bool) {
        let number = self.entries.len();
        let oldest = self.live().into_keys().next();
        self.entries.push(match oldest {
            Some(card_id) if removes => Entry::Removed {
                card_id,
                reason: RemovalReason::Dismissed,
            },
            _ => Entry::Card(card(&format!("c{number}"), "x")),
        });
    }
}

/// What a panel makes of the messages; it trusts the broker and checks it.
#[derive(Default)]
struct Panel {
    last_seq: Seq,
    log: Option<String>,
    live: BTreeMap<CardId, Seq>,
    head_of_gap: Option<Seq>,
}

impl Panel {
    fn hello(&self) -> Input {
        let message = ClientMessage::Hello {
            last_seq: self.last_seq,
            log: self.log.clone(),
            version: "0".into(),
            life: None,
            agent_id: None,
        };
        Input::Message(serde_json::to_string(&message).unwrap())
    }

    fn take(&mut self, message: ServerMessage) {
        match message {
            ServerMessage::Welcome {
                log, head, resume, ..
            } => {
                self.log = Some(log);
                if resume == Resume::Gap {
                    self.live.clear();
                    // Until the last part is here, this panel stands nowhere.
                    self.log = None;
                    self.head_of_gap = Some(head);
                }
            }
            ServerMessage::Snapshot { cards, last } => {
                for live in cards {
                    let seq = live.seq;
                    assert_eq!(
                        self.live.insert(live.card.id, seq),
                        None,
                        "{seq} came twice"
                    );
                }
                if last {
                    self.last_seq = self.head_of_gap.take().expect("a snapshot follows a gap");
                    self.log = Some("log-1".into());
                }
            }
            ServerMessage::Card { seq, card } => {
                self.next(seq);
                assert_eq!(self.live.insert(card.id, seq), None, "{seq} came twice");
            }
            ServerMessage::Removed { seq, card_id, .. } => {
                self.next(seq);
                assert!(
                    self.live.remove(&card_id).is_some(),
                    "{seq} takes out what is not there"
                );
            }
            other => panic!("{other:?}"),
        }
    }

    fn next(&mut self, seq: Seq) {
        assert_eq!(self.head_of_gap, None, "an entry came amid a snapshot");
        assert_eq!(seq, self.last_seq.next(), "a hole or a repeat");
        self.last_seq = seq;
    }
}

/// The broker's end of one socket, the wire, and the store's questions on their way.
struct Wire {
    connection: Connection,
    sent: VecDeque<ServerMessage>,
    question: Option<Output>,
}

impl Wire {
    fn open(panel: &Panel, replay_at_most: u64) -> Self {
        let limits = Limits {
            replay_at_most,
            ..Limits::default()
        };
        let connection = Connection::new(
            "log-1".into(),
            AgentId::parse("A-1").unwrap(),
            NOW.plus(Millis::from_secs(3600)),
            limits,
            NOW,
        );
        let mut wire = Self {
            connection,
            sent: VecDeque::new(),
            question: None,
        };
        wire.step(panel.hello());
        wire
    }

    fn step(&mut self, input: Input) {
        for output in self.connection.step(input, NOW) {
            match output {
                Output::Send(message) => self.sent.push_back(message),
                question @ (Output::Join { .. } | Output::Read { .. } | Output::TakeSnapshot) => {
                    assert_eq!(self.question, None, "two questions at once");
                    self.question = Some(question);
                }
                Output::Close(CloseCode::SlowConsumer, _) | Output::Count(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    fn answer(&mut self, log: &Log) -> bool {
        let input = match self.question.take() {
            None => return false,
            Some(Output::Join { after }) => Input::Joined {
                head: log.head(),
                reading: log.read(after),
            },
            Some(Output::Read { after }) => Input::Read(log.read(after)),
            Some(_) => log.snapshot(),
        };
        self.step(input);
        true
    }
}

#[derive(Debug, Clone)]
enum Event {
    /// The log grows by so many entries; every third or so takes a card out.
    Grow(usize),
    /// The beginning of the log goes.
    Cut,
    /// The store answers.
    Answer,
    /// So many messages reach the panel.
    Arrive(usize),
    /// The connection breaks; what is under way is lost; the panel comes back.
    Break,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => (1_usize..60).prop_map(Event::Grow),
        1 => Just(Event::Cut),
        6 => Just(Event::Answer),
        6 => (1_usize..50).prop_map(Event::Arrive),
        2 => Just(Event::Break),
    ]
}

proptest! {
    #[test]
    fn every_entry_once_and_in_order(
        events in prop::collection::vec(event(), 1..60),
        replay_at_most in prop_oneof![Just(10_u64), Just(1_000)],
    ) {
        let mut log = Log::default();
        let mut panel = Panel::default();
        let mut wire = Wire::open(&panel, replay_at_most);
        for event in events {
            match event {
                Event::Grow(count) => {
                    for n in 0..count {
                        log.grow(n % 3 == 2);
                        wire.step(Input::LogGrew);
                    }
                }
                Event::Cut => log.cut = log.head().0,
                Event::Answer => {
                    wire.answer(&log);
                }
                Event::Arrive(count) => {
                    let count = count.min(wire.sent.len());
                    wire.sent.drain(..count).for_each(|message| panel.take(message));
                }
                Event::Break => {
                    panel.head_of_gap = None;
                    wire = Wire::open(&panel, replay_at_most);
                }
            }
            if wire.connection.is_over() {
                wire.sent.drain(..).for_each(|message| panel.take(message));
                panel.head_of_gap = None;
                wire = Wire::open(&panel, replay_at_most);
            }
        }
        // In the end everything arrives.
        loop {
            if wire.connection.is_over() {
                wire.sent.drain(..).for_each(|message| panel.take(message));
                panel.head_of_gap = None;
                wire = Wire::open(&panel, replay_at_most);
            }
            if !wire.answer(&log) {
                break;
            }
        }
        wire.sent.drain(..).for_each(|message| panel.take(message));
        prop_assert_eq!(panel.last_seq, log.head());
        let kept: BTreeMap<CardId, Seq> = log.live();
        // A snapshot has the best 200; more can be live in the log, never in the panel alone.
        if kept.len() <= MAX_CARDS {
            prop_assert_eq!(panel.live, kept);
        } else {
            prop_assert!(panel.live.iter().all(|(id, seq)| kept.get(id) == Some(seq)));
        }
    }
}
