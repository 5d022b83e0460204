//! A panel on a desk: a clock that only tests move, and short words for what a broker says.

use cuecard_panel::{Announcement, CardState, Effect, Event, Panel, Politeness, Status, Stored};
use cuecard_protocol::card::{Alert, AlertLevel, Card, CardBody};
use cuecard_protocol::server::LiveCard;
use cuecard_protocol::session::{SessionInfo, TicketInfo};
use cuecard_protocol::{
    Action, ActionId, ActionKind, AgentId, CardId, ClientMessage, InteractionId, Millis, Resume,
    Seq, ServerMessage, VERSION,
};

/// When tests begin, by the browser's clock; the server's is [`AHEAD`] later.
pub const START: Millis = Millis(1_000_000);

/// Server's clock minus the browser's.
pub const AHEAD: u64 = 60_000;

/// A panel, its time and its randomness.
pub struct Desk {
    pub panel: Panel,
    pub now: Millis,
    pub random: f64,
}

impl Desk {
    /// A panel that has not begun.
    pub fn new() -> Self {
        Self {
            panel: Panel::new(),
            now: START,
            random: 0.5,
        }
    }

    /// A panel that is connected and has an empty feed.
    pub fn connected() -> Self {
        Self::connected_with(None)
    }

    /// The same, with what an earlier life left behind.
    pub fn connected_with(stored: Option<Stored>) -> Self {
        let mut desk = Self::new();
        desk.step(Event::Started { stored });
        desk.step(Event::SessionOpened(session("agent-1")));
        desk.reopen();
        desk.say(&welcome(0, Resume::Gap));
        desk.say(&snapshot(&[], true));
        desk
    }

    /// Ticket and socket, up to where `welcome` is due.
    pub fn reopen(&mut self) {
        self.step(Event::TicketIssued(ticket()));
        self.step(Event::SocketOpened);
    }

    /// One step.
    pub fn step(&mut self, event: Event) -> Vec<Effect> {
        self.panel.step(event, self.now, self.random)
    }

    /// One step, and everything that must come of it.
    #[track_caller]
    pub fn check(&mut self, event: Event, expected: &[Effect]) {
        assert_eq!(self.step(event), expected);
    }

    /// A message of the broker.
    pub fn say(&mut self, message: &ServerMessage) -> Vec<Effect> {
        let text = serde_json::to_string(message).unwrap();
        self.step(Event::SocketMessage(text))
    }

    /// A message of the broker, and everything that must come of it.
    #[track_caller]
    pub fn check_say(&mut self, message: &ServerMessage, expected: &[Effect]) {
        assert_eq!(self.say(message), expected);
    }

    /// Lets time pass without any step.
    pub fn sleep(&mut self, ms: u64) {
        self.now = self.now.plus(Millis(ms));
    }

    /// Lets time pass and rings at each deadline, as the shell does; returns what came of it, with the time since now.
    pub fn wait(&mut self, ms: u64) -> Vec<(u64, Effect)> {
        let begin = self.now;
        let end = begin.plus(Millis(ms));
        let mut seen = Vec::new();
        for _ in 0..10_000 {
            let due = self.panel.deadline().filter(|due| *due <= end);
            let Some(due) = due else {
                self.now = end;
                return seen;
            };
            self.now = self.now.max(due);
            let at = self.now.since(begin).0;
            let effects = self.step(Event::DeadlineReached);
            seen.extend(effects.into_iter().map(|effect| (at, effect)));
        }
        panic!("the deadline does not move on: {:?}", self.panel.deadline());
    }

    /// Time passes, and everything that must come of it.
    #[track_caller]
    pub fn check_wait(&mut self, ms: u64, expected: &[(u64, Effect)]) {
        assert_eq!(self.wait(ms), expected);
    }

    /// Time passes, and everything but words that must come of it.
    #[track_caller]
    pub fn check_wait_silently(&mut self, ms: u64, expected: &[(u64, Effect)]) {
        let mut seen = self.wait(ms);
        seen.retain(|(_, effect)| !matches!(effect, Effect::Announce(_)));
        assert_eq!(seen, expected);
    }

    pub fn status(&self) -> Status {
        self.panel.view(self.now).status
    }

    /// The ids on screen, in order; those that can be taken back with a question mark.
    pub fn feed(&self) -> Vec<String> {
        let view = self.panel.view(self.now);
        let name = |card: &cuecard_panel::CardView| match card.state {
            CardState::Live => card.card.id.to_string(),
            CardState::Undoable { .. } => format!("{}?", card.card.id),
        };
        view.cards.iter().map(name).collect()
    }

    /// The server's clock.
    pub fn server_now(&self) -> Millis {
        self.now.plus(Millis(AHEAD))
    }

    /// A high alert, of its own interaction, received now.
    pub fn high(&self, id: &str) -> Card {
        alert(id, id, AlertLevel::High, self.server_now())
    }

    /// A critical alert, of its own interaction, received now.
    pub fn critical(&self, id: &str) -> Card {
        alert(id, id, AlertLevel::Critical, self.server_now())
    }
}

pub fn session(agent: &str) -> SessionInfo {
    SessionInfo {
        agent_id: AgentId::parse(agent).unwrap(),
        version: VERSION.into(),
        locale: "en".into(),
        expires_at: Millis(u64::MAX),
        image_origins: Vec::new(),
    }
}

pub fn ticket() -> TicketInfo {
    TicketInfo {
        ticket: "once".into(),
        url: "ws://broker/api/ws".into(),
        expires_in: 30,
    }
}

pub fn hello(last_seq: u64, log: Option<&str>) -> Effect {
    Effect::Send(ClientMessage::Hello {
        last_seq: Seq(last_seq),
        log: log.map(Into::into),
        version: VERSION.into(),
    })
}

pub fn ping() -> Effect {
    Effect::Send(ClientMessage::Ping)
}

/// `welcome` at [`START`].
pub fn welcome(head: u64, resume: Resume) -> ServerMessage {
    ServerMessage::Welcome {
        version: VERSION.into(),
        log: "log-1".into(),
        head: Seq(head),
        resume,
        now: START.plus(Millis(AHEAD)),
    }
}

pub fn snapshot(cards: &[(u64, &Card)], last: bool) -> ServerMessage {
    let cards = cards.iter().map(|(seq, card)| LiveCard {
        seq: Seq(*seq),
        card: (*card).clone(),
    });
    ServerMessage::Snapshot {
        cards: cards.collect(),
        last,
    }
}

pub fn came(seq: u64, card: Card) -> ServerMessage {
    ServerMessage::Card {
        seq: Seq(seq),
        card,
    }
}

pub fn id(id: &str) -> CardId {
    CardId::parse(id).unwrap()
}

pub fn alert(id: &str, interaction: &str, level: AlertLevel, received_at: Millis) -> Card {
    Card {
        id: CardId::parse(id).unwrap(),
        interaction_id: InteractionId::parse(interaction).unwrap(),
        published_at: received_at,
        received_at,
        expires_at: received_at.plus(Card::ALERT_LIFETIME),
        body: CardBody::Alert(Alert {
            level,
            title: format!("Title of {id}"),
            score: None,
            html: String::new(),
        }),
    }
}

/// The `n`th action of a panel that began at [`START`] with 0.5.
pub fn action(n: u64, card: &str, kind: ActionKind, at: Millis) -> Action {
    Action {
        id: ActionId::parse(format!("f4240-8000000000000-{n:x}")).unwrap(),
        card_id: id(card),
        kind,
        at,
        reason: None,
    }
}

pub fn act(action: &Action) -> Effect {
    Effect::Send(ClientMessage::Action(action.clone()))
}

pub fn polite(text: &str) -> Effect {
    announce(Politeness::Polite, text)
}

pub fn assertive(text: &str) -> Effect {
    announce(Politeness::Assertive, text)
}

fn announce(politeness: Politeness, text: &str) -> Effect {
    Effect::Announce(Announcement {
        politeness,
        text: text.into(),
    })
}

pub fn store(outbox: &[&Action]) -> Effect {
    Effect::Store(stored(outbox))
}

pub fn stored(outbox: &[&Action]) -> Stored {
    Stored {
        agent_id: AgentId::parse("agent-1").ok(),
        outbox: outbox.iter().copied().cloned().collect(),
        dismissals: Vec::new(),
    }
}
