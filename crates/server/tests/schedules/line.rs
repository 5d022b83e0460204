//! The injector's machine, the connection it asks for, and the platform's desk at the other end. The platform forgets
//! everything when it is killed.

use std::collections::VecDeque;
use std::time::Duration;

use cuecard_cxone::outage::Outage;
use cuecard_cxone::publisher::PublishEvent;
use cuecard_cxone::publisher::machine::Machine;
use cuecard_cxone::publisher::step::{Answer, Effect, Event, Frame, Offer as Sent};
use cuecard_cxone::suggestions::RULES;
use cuecard_cxone::wire::error_frame::{ErrorCode, ErrorFrame};
use cuecard_cxone::wire::notification::OutcomeKind;
use cuecard_cxone::wire::suggestions::ServerFrame;
use cuecard_protocol::rules::suggestion::Offer;
use cuecard_protocol::{CardId, Millis};
use cuecard_simulator::suggestion_desk::{Desk, Injector, Sending};

use crate::store::{Store, interaction};

/// What travels to the platform.
enum Up {
    Token,
    Frame(String),
    Ping(u64),
}

/// What travels back.
enum Down {
    Authenticated,
    Pong(u64),
    Said(ServerFrame),
    Refused(ErrorFrame),
}

pub struct Line {
    pub machine: Machine,
    pub desk: Desk,
    /// Cards on their way to the server's notification socket.
    pub deliveries: VecDeque<CardId>,
    connection: u64,
    is_open: bool,
    is_known: bool,
    up: VecDeque<Up>,
    down: VecDeque<Down>,
    /// The machine has asked for a connection.
    is_asked: bool,
    draws: u32,
}

impl Default for Line {
    fn default() -> Self {
        let mut line = Self {
            machine: Machine::new(RULES),
            desk: Desk::default(),
            deliveries: VecDeque::new(),
            connection: 0,
            is_open: false,
            is_known: false,
            up: VecDeque::new(),
            down: VecDeque::new(),
            is_asked: false,
            draws: 0,
        };
        line.tell(Event::Start, Millis(0));
        line
    }
}

fn moment(now: Millis) -> Duration {
    Duration::from_millis(now.0)
}

impl Line {
    fn injector(&self) -> Injector {
        Injector {
            connection: self.connection,
            client: "cid".to_owned(),
        }
    }

    pub fn publish(&mut self, offer: &Offer, is_repeat: bool, now: Millis) {
        let offer = Sent {
            frame: Frame {
                id: offer.id.to_string(),
                text: String::new(),
            },
            from: moment(offer.start),
            until: moment(offer.end),
        };
        self.tell(Event::Publish { offer, is_repeat }, now);
    }

    pub fn withdraw(&mut self, id: &CardId, now: Millis) {
        self.tell(Event::Withdraw(id.to_string()), now);
    }

    /// What the machine is told, and what it wants done. Gives what it has to say.
    fn tell(&mut self, event: Event, now: Millis) -> Vec<PublishEvent> {
        self.draws = self
            .draws
            .wrapping_mul(1_664_525)
            .wrapping_add(1_013_904_223);
        let draw = f64::from(self.draws >> 8) / f64::from(1_u32 << 24);
        let mut said = Vec::new();
        for effect in self.machine.step(event, moment(now), draw) {
            match effect {
                Effect::Connect => self.is_asked = true,
                Effect::Authenticate => self.up.push_back(Up::Token),
                Effect::Send(frame) => self.up.push_back(Up::Frame(frame.id)),
                Effect::Probe(number) => self.up.push_back(Up::Ping(number)),
                Effect::Abort => self.hang_up(now),
                Effect::Emit(event) => said.push(event),
                Effect::DiscardToken | Effect::Heartbeat | Effect::Close => {}
            }
        }
        said
    }

    /// Nothing more arrives on this connection.
    fn hang_up(&mut self, now: Millis) {
        let undelivered = self.down.drain(..).filter_map(|down| match down {
            Down::Said(frame) => Some(frame),
            _ => None,
        });
        let undelivered: Vec<_> = undelivered.collect();
        self.up.clear();
        self.is_open = false;
        if std::mem::take(&mut self.is_known) {
            let injector = self.injector();
            let sendings = self.desk.disconnected(&injector, undelivered, now);
            assert_eq!(sendings, [], "there is no other connection");
        }
    }

    /// The network breaks.
    pub fn cut(&mut self, now: Millis) {
        if self.is_open {
            self.hang_up(now);
            let reason = "1006".to_owned();
            self.tell(
                Event::Ended {
                    clean: false,
                    reason,
                },
                now,
            );
        }
    }

    /// The server is killed and comes back: the machine is new and is handed what may not have arrived.
    pub fn restart_server(&mut self, store: &Store, now: Millis) {
        if self.is_open {
            self.hang_up(now);
        }
        self.machine = Machine::new(RULES);
        self.is_asked = false;
        self.tell(Event::Start, now);
        for offer in store.unsettled() {
            self.publish(&offer, true, now);
        }
    }

    /// The platform is killed and comes back, knowing nothing.
    pub fn restart_platform(&mut self, now: Millis) {
        self.cut(now);
        self.desk = Desk::default();
        self.deliveries.clear();
    }

    /// A try to connect succeeds, or does not.
    pub fn connect(&mut self, succeeds: bool, now: Millis) {
        if !std::mem::take(&mut self.is_asked) {
            return;
        }
        if succeeds {
            self.connection += 1;
            self.is_open = true;
            self.tell(Event::Opened, now);
        } else {
            let reason = "refused".to_owned();
            self.tell(Event::Failed(Outage::Ended { reason }), now);
        }
    }

    /// The platform reads one message of the injector.
    pub fn read_up(&mut self, store: &Store, now: Millis) -> bool {
        let Some(up) = self.up.pop_front() else {
            return false;
        };
        match up {
            Up::Token => {
                self.is_known = true;
                self.down.push_back(Down::Authenticated);
                let kept = self.desk.connected(&self.injector(), now);
                self.down.extend(kept.into_iter().map(Down::Said));
            }
            Up::Ping(number) => self.down.push_back(Down::Pong(number)),
            Up::Frame(id) => {
                assert!(self.is_known, "{id} was sent before the token was taken");
                let id = CardId::parse(id).unwrap();
                let offer = &store.publications[&id].offer;
                let injector = self.injector();
                match self.desk.offer(&injector, &interaction(), offer, now, now) {
                    Ok(()) => self.deliveries.push_back(id),
                    Err(refusal) => self.down.push_back(Down::Refused(ErrorFrame {
                        code: code(refusal.code()),
                        message: refusal.to_string(),
                        reference: Some(id.to_string()),
                    })),
                }
            }
        }
        true
    }

    /// The injector reads one message of the platform; what it has to say.
    pub fn read_down(&mut self, now: Millis) -> Option<Vec<PublishEvent>> {
        let event = match self.down.pop_front()? {
            Down::Authenticated => Event::Authenticated,
            Down::Pong(number) => Event::Pong(number),
            Down::Refused(frame) => Event::Error(frame),
            Down::Said(frame) => {
                let (id, answer) = match frame {
                    ServerFrame::Ack { suggestion_id, .. } => {
                        let latency = Duration::ZERO;
                        (suggestion_id, Answer::Acknowledged { latency })
                    }
                    ServerFrame::Accepted { suggestion_id, .. } => {
                        (suggestion_id, Answer::Accepted)
                    }
                    ServerFrame::Dismissed { suggestion_id, .. } => {
                        (suggestion_id, Answer::Dismissed)
                    }
                    other => unreachable!("{other:?} is not the desk's to say"),
                };
                Event::Answer { id, answer }
            }
        };
        Some(self.tell(event, now))
    }

    /// A desktop's report reaches the platform.
    pub fn report(&mut self, kind: OutcomeKind, id: &CardId, now: Millis) {
        for Sending { connection, frame } in self.desk.report(kind, &interaction(), id, now) {
            assert_eq!(
                connection, self.connection,
                "sent to a connection that is gone"
            );
            self.down.push_back(Down::Said(frame));
        }
    }

    /// Lets what is due happen.
    pub fn tick(&mut self, now: Millis) -> Vec<PublishEvent> {
        match self.machine.deadline() {
            Some(due) if due <= moment(now) => self.tell(Event::Timer, now),
            _ => Vec::new(),
        }
    }

    pub fn is_quiet(&self) -> bool {
        self.up.is_empty() && self.down.is_empty() && self.deliveries.is_empty()
    }
}

fn code(code: &str) -> ErrorCode {
    serde_json::from_value(code.into()).unwrap()
}
