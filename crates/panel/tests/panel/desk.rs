//! A panel on a desk: a clock that only tests move, and short words for what a broker says.

use cuecard_panel::{
    Announcement, CardState, Decided, Effect, Event, News, Notice, Panel, Politeness, Status,
    Stored, Text,
};
use cuecard_protocol::card::{
    Alert, AlertLevel, Card, CardBody, Prompt, Snippet, Suggestion, Task, TaskPriority,
};
use cuecard_protocol::json;
use cuecard_protocol::server::LiveCard;
use cuecard_protocol::session::{SessionInfo, TicketInfo};
use cuecard_protocol::{
    Action, ActionId, ActionKind, AgentId, CardId, ClientMessage, InteractionId, Millis, Resume,
    Seq, ServerMessage, VERSION,
};

/// When tests begin, by the browser's clock; the server's is [`AHEAD`] later.
pub const START: Millis = Millis(1_000_000);

/// The life of a panel that began at [`START`] with 0.5.
pub const LIFE: &str = "f4240-8000000000000";

/// Server's clock minus the browser's.
pub const AHEAD: u64 = 60_000;

/// A panel, its time and its randomness.
pub struct Desk {
    pub panel: Panel,
    pub now: Millis,
    pub random: f64,
    /// What the host was told, apart from decisions. Kept apart from the other effects: it asks for nothing.
    pub news: Vec<News>,
}

impl Desk {
    /// A panel that has not begun.
    pub fn new() -> Self {
        Self {
            panel: Panel::new(),
            now: START,
            random: 0.5,
            news: Vec::new(),
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

    /// One step; texts are in English, news goes to [`Desk::news`].
    pub fn step(&mut self, event: Event) -> Vec<Effect> {
        let mut effects = self.panel.step(event, self.now, self.random);
        effects.retain(|effect| match effect {
            Effect::News(news) => {
                self.news.push(news.clone());
                false
            }
            _ => true,
        });
        effects.into_iter().map(in_english).collect()
    }

    /// One step, and everything that must come of it.
    #[track_caller]
    pub fn check(&mut self, event: Event, expected: &[Effect]) {
        assert_eq!(self.step(event), expected);
    }

    /// A message of the broker.
    pub fn say(&mut self, message: &ServerMessage) -> Vec<Effect> {
        let text = serde_json::to_string(message).unwrap();
        self.step(said(&text))
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

    /// The ids on screen, in order: `a` is live, `a?` can be taken back, `a…` is decided, `a!` durable, `a: why` refused.
    pub fn feed(&self) -> Vec<String> {
        let view = self.panel.view(self.now);
        let name = |card: &cuecard_panel::CardView| match &card.state {
            CardState::Live => card.card.id.to_string(),
            CardState::Undoable { .. } => format!("{}?", card.card.id),
            CardState::Deciding { .. } => format!("{}…", card.card.id),
            CardState::Decided { .. } => format!("{}!", card.card.id),
            CardState::Refused { why, .. } => format!("{}: {}", card.card.id, why.in_english()),
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
        session: None,
    }
}

pub fn hello(last_seq: u64, log: Option<&str>) -> Effect {
    hello_of("agent-1", last_seq, log)
}

pub fn hello_of(agent: &str, last_seq: u64, log: Option<&str>) -> Effect {
    Effect::Send(ClientMessage::Hello {
        last_seq: Seq(last_seq),
        log: log.map(Into::into),
        version: VERSION.into(),
        life: Some(LIFE.into()),
        agent_id: AgentId::parse(agent).ok(),
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

/// The agent dismisses a card without a reason.
pub fn dismiss(card_id: CardId) -> Event {
    Event::Dismiss {
        card_id,
        reason: None,
    }
}

/// The host is told of a decision about a card that is alone in a conversation of its own name.
pub fn told(kind: ActionKind, card_kind: &'static str, card: &str) -> Effect {
    Effect::TellHost(Decided {
        kind,
        card_kind,
        card_id: id(card),
        interaction_id: card.into(),
        reason: None,
    })
}

/// A suggestion for a conversation of its own name, received now, with an hour to live.
pub fn suggestion(id: &str, content: &str, received_at: Millis) -> Card {
    let body = CardBody::Suggestion(Suggestion {
        content: content.into(),
        priority: None,
        relevance: 0.9,
        source: Some("model".into()),
    });
    card(id, received_at, body)
}

/// A prompt for a conversation of its own name, received now, with an hour to live.
pub fn prompt(id: &str, snippets: &[(&str, &str)], is_pinned: bool, received_at: Millis) -> Card {
    let snippets = snippets.iter().map(|(id, content)| Snippet {
        id: (*id).into(),
        content: (*content).into(),
        tags: vec!["billing".into()],
        source: "CRM".into(),
    });
    let body = CardBody::Prompt(Prompt {
        level: 5,
        is_pinned,
        relevance: 0.8,
        snippets: snippets.collect(),
    });
    card(id, received_at, body)
}

/// A task for a conversation of its own name, received now, that is due then and leaves a week later.
pub fn task(id: &str, due_at: Millis, received_at: Millis) -> Card {
    let body = CardBody::Task(Task {
        task_id: Some(format!("T-{id}")),
        true_interaction_id: None,
        subject: format!("Agent Assist: Call back for interaction {id}"),
        priority: TaskPriority::High,
        due_at,
        score: Some(2.0),
    });
    Card {
        expires_at: due_at.plus(Card::TASK_OVERDUE),
        ..card(id, received_at, body)
    }
}

fn card(id: &str, received_at: Millis, body: CardBody) -> Card {
    Card {
        body,
        expires_at: received_at.plus(Millis::from_secs(3_600)),
        ..alert(id, id, AlertLevel::High, received_at)
    }
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
        id: ActionId::parse(format!("{LIFE}-{n:x}")).unwrap(),
        card_id: id(card),
        kind,
        at,
        reason: None,
        snippet_id: None,
        until: None,
    }
}

pub fn act(action: &Action) -> Effect {
    Effect::Send(ClientMessage::Action(action.clone()))
}

/// What an agent whose language is English gets.
fn in_english(effect: Effect) -> Effect {
    match effect {
        Effect::Announce(Announcement { politeness, texts }) => {
            let texts: Vec<_> = texts.iter().map(Text::in_english).collect();
            announce(politeness, &texts.join(" "))
        }
        Effect::Notify(notice) => Effect::Notify(Notice {
            heading: Text::literal(notice.heading.in_english()),
            text: Text::literal(notice.text.in_english()),
            ..notice
        }),
        other => other,
    }
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
        texts: vec![Text::literal(text.into())],
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

/// A text of the broker, as the browser parses it.
pub fn said(text: &str) -> Event {
    Event::SocketMessage(json::tree(text).ok())
}
