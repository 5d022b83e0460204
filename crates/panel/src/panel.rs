//! The panel as a whole: hands each event to the machines it concerns, lets them meet, and collects their effects.
//! What messages of the broker do is in `receive`, what the agent does to cards in `decide`; the rules are in the machines.

use std::mem::discriminant;
use std::rc::Rc;

use cuecard_protocol::order::Rank;
use cuecard_protocol::{
    ActionKind, AgentId, Card, ClientMessage, InteractionId, Millis, RemovalReason, VERSION,
};

use crate::announcer::Announcer;
use crate::clock::Clock;
use crate::connection::Connection;
use crate::decisions::Decisions;
use crate::dismissal::{Dismissals, Pending, UNDO_FOR};
use crate::feed::Feed;
use crate::insights::Insights;
use crate::notifier::Notifier;
use crate::outbox::{Deed, Outbox};
use crate::reading::Reading;
use crate::resume::Position;
use crate::snippets::Wanted;
use crate::typing::Typing;
use crate::view::Asking;
use crate::{Counts, Effect, Event, Filter, Handed, News, PendingDismissal, Status, Stored, View};

/// The timer is never set further ahead than this: browsers cannot count much further.
const LONGEST_TIMER: Millis = Millis::from_secs(3600);

/// Everything one panel knows and decides.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own, any may hold with any other"
)]
pub struct Panel {
    pub(crate) agent_id: Option<AgentId>,
    pub(crate) clock: Clock,
    pub(crate) connection: Connection,
    pub(crate) position: Position,
    pub(crate) feed: Feed,
    pub(crate) outbox: Outbox,
    pub(crate) dismissals: Dismissals,
    pub(crate) decisions: Decisions,
    /// The snippet handed over last, and until when its row says so (steady time).
    pub(crate) handed: Option<(Handed, Millis)>,
    /// The snippet whose variables are asked for.
    pub(crate) asking: Option<Asking>,
    /// The conversation that the host shows.
    pub(crate) interaction: Option<InteractionId>,
    /// What the host knows of it.
    pub(crate) context: Vec<(String, String)>,
    pub(crate) typing: Typing,
    pub(crate) filter: Filter,
    pub(crate) shows_tasks: bool,
    pub(crate) reading: Reading,
    pub(crate) notifier: Notifier,
    pub(crate) announcer: Announcer,
    pub(crate) insights: Insights,
    pub(crate) counts: Counts,
    pub(crate) is_outdated: bool,
    /// Whether the filter hides every card there is.
    pub(crate) matches_nothing: bool,
    /// What an earlier life left behind, until it is known whose panel this is.
    left_behind: Option<Stored>,
    status: Status,
    /// Whether [`Stored`] differs from what was stored last.
    pub(crate) is_unstored: bool,
    pub(crate) revision: u64,
}

impl Default for Panel {
    fn default() -> Self {
        Self::new()
    }
}

impl Panel {
    /// A panel that has not begun.
    pub fn new() -> Self {
        Self {
            agent_id: None,
            clock: Clock::default(),
            connection: Connection::new(),
            position: Position::default(),
            feed: Feed::default(),
            outbox: Outbox::default(),
            dismissals: Dismissals::default(),
            decisions: Decisions::default(),
            handed: None,
            asking: None,
            interaction: None,
            context: Vec::new(),
            typing: Typing::default(),
            filter: Filter::default(),
            shows_tasks: false,
            reading: Reading::default(),
            notifier: Notifier::default(),
            announcer: Announcer::default(),
            insights: Insights::default(),
            counts: Counts::default(),
            is_outdated: false,
            matches_nothing: false,
            left_behind: None,
            status: Status::Connecting,
            is_unstored: false,
            revision: 0,
        }
    }

    /// Takes an event and returns what is to be done, in order. `now` is the browser's clock, `random` uniform in
    /// 0 … 1 and new for each step. Whatever is due at `now` is done as well, so the kind of event that follows a
    /// deadline does not matter.
    pub fn step(&mut self, event: Event, now: Millis, random: f64) -> Vec<Effect> {
        let mut effects = Vec::new();
        let now = self.clock.advance(now);
        self.expire(now);
        self.handle(event, now, random, &mut effects);
        self.finish_dismissals(now, &mut effects);
        self.finish_confirmations(now);
        self.show_unread(now);
        self.leave_tasks();
        self.tell_matches();
        self.find_session(now, random, &mut effects);
        self.connection.tick(now, random, &mut effects);
        self.tell_typing(now, &mut effects);
        self.insights.connection(self.connection.name(), now);
        let status = self.connection.status(now);
        if status != self.status {
            self.announcer.status(&status);
            self.tell_status(&status, &mut effects);
            self.status = status;
            self.revision += 1;
        }
        self.announcer.tick(now, &mut effects);
        let feed = &self.feed;
        let notice = self
            .notifier
            .tick(now, |card_id| feed.get(card_id).is_some());
        effects.extend(notice.map(Effect::Notify));
        if std::mem::take(&mut self.is_unstored) {
            effects.push(Effect::Store(self.stored()));
        }
        effects
    }

    /// When [`Event::DeadlineReached`] is wanted (browser's clock): one timer for everything. It may lie in the past.
    pub fn deadline(&self) -> Option<Millis> {
        let now = self.clock.now();
        [
            self.connection.deadline(now),
            self.feed
                .next_end()
                .map(|end| self.clock.steady_from_server(end)),
            self.dismissals.deadline(),
            self.decisions.deadline(),
            self.handed.as_ref().map(|(_, until)| *until),
            self.typing.deadline(self.connection.is_open()),
            self.shows_new_at(),
            self.announcer.deadline(),
            self.notifier.deadline(),
        ]
        .into_iter()
        .flatten()
        .min()
        .map(|due| self.clock.browser(due.min(now.plus(LONGEST_TIMER))))
    }

    /// Whose panel it is, once known.
    pub const fn agent_id(&self) -> Option<&AgentId> {
        self.agent_id.as_ref()
    }

    /// Rises whenever [`Panel::view`] would show something else; draw a frame when it has.
    pub fn revision(&self) -> u64 {
        self.revision + self.feed.revision()
    }

    /// What happened that the screen does not show.
    pub fn counts(&self) -> Counts {
        Counts {
            lost_actions: self.outbox.lost(),
            ..self.counts
        }
    }

    /// What the screen shows at `now` (browser's clock).
    pub fn view(&self, now: Millis) -> View {
        let rows = self.rows();
        let is_critical = |card: &&Rc<Card>| Rank::of(card) == Rank::Critical;
        View {
            agent_id: self.agent_id.clone(),
            status: match self.connection.status(self.clock.steady(now)) {
                Status::Reconnecting {
                    next_try_at: Some(at),
                } => Status::Reconnecting {
                    next_try_at: Some(self.clock.browser(at)),
                },
                other => other,
            },
            waiting: rows.waiting.len(),
            waiting_critical: rows.waiting.iter().filter(is_critical).count(),
            cards: rows.cards,
            hidden: self.feed.hidden(),
            filtered: rows.filtered,
            filter: self.filter.clone(),
            shows_tasks: self.shows_tasks,
            tasks: self.open_tasks(),
            has_missed: self.notifier.has_missed(),
            handed: self.handed.as_ref().map(|(handed, _)| handed.clone()),
            asking: self
                .asking
                .clone()
                .filter(|asking| self.feed.get(&asking.card_id).is_some()),
            is_typing: self.typing.is_shown(),
            typing: self.typing.counts(),
            clock_offset: self.clock.offset(),
            is_outdated: self.is_outdated,
        }
    }

    fn handle(&mut self, event: Event, now: Millis, random: f64, effects: &mut Vec<Effect>) {
        match event {
            Event::Started { stored } => {
                self.left_behind = stored;
                self.outbox.begin(now, random);
                self.typing.begin(self.outbox.life().to_owned());
                effects.push(Effect::News(News::Status(Status::Connecting)));
                self.connection.start(now, effects);
            }
            Event::SessionOpened(info) => {
                if self.connection.session_opened(now, effects) {
                    self.belong_to(info.agent_id, now);
                }
            }
            Event::SessionFailed(failure) => {
                self.connection
                    .session_failed(failure, now, random, effects);
            }
            Event::TicketIssued(ticket) => self.connection.ticket_issued(ticket, now, effects),
            Event::TicketFailed(failure) => {
                self.connection.ticket_failed(failure, now, random, effects);
            }
            Event::SocketOpened | Event::SocketShared => {
                self.typing.share(matches!(event, Event::SocketShared));
                let (last_seq, log) = self.position.hello();
                let hello = ClientMessage::Hello {
                    last_seq,
                    log,
                    version: VERSION.to_owned(),
                    life: Some(self.outbox.life().to_owned()),
                    agent_id: self.agent_id.clone(),
                };
                self.connection.socket_opened(hello, now, effects);
            }
            Event::SocketMessage(message) => self.receive(message, now, random, effects),
            Event::SocketClosed { code } => {
                self.connection.socket_closed(code, now, random, effects);
            }
            Event::DeadlineReached => {}
            Event::CameOnline => self.connection.hurry(now, effects),
            Event::VisibilityChanged { visible } => self.page_turned(visible, now, effects),
            Event::CardSeen(card_id) => {
                if let Some(card) = self.feed.mark_seen(&card_id) {
                    self.insights.card("rendered", &card, now);
                    let at = self.clock.server(now);
                    self.act(Deed::new(card_id, ActionKind::Rendered, at), effects);
                }
            }
            Event::Accept(card_id) => self.accept(card_id, now, effects),
            Event::Dismiss { card_id, reason } => self.dismiss(card_id, reason.as_deref(), now),
            Event::Undo(card_id) => self.undo(&card_id),
            Event::Snooze { card_id, until } => self.snooze(card_id, until, now, effects),
            Event::OpenTask(card_id) => self.open_task(card_id, effects),
            Event::Take {
                card_id,
                snippet_id,
                way,
                values,
            } => {
                let wanted = Wanted {
                    card_id,
                    snippet_id,
                    way,
                    values,
                };
                self.take_snippet(wanted, effects);
            }
            Event::StopAsking => self.stop_asking(),
            Event::HandedOver {
                card_id,
                snippet_id,
                outcome,
            } => self.handed_over(card_id, snippet_id, outcome, now, effects),
            Event::Filter(filter) => {
                self.revision += u64::from(filter != self.filter);
                self.filter = filter;
                self.feed.show_waiting();
            }
            Event::ShowTasks(shows_tasks) => self.show_tasks(shows_tasks),
            Event::Reading(reads) => self.reading.sign(reads, now),
            Event::ShowNew => self.show_new(effects),
            Event::ShowCard(card_id) => self.show_card(card_id, effects),
            Event::Shows(interaction) => self.shows(interaction, now, effects),
            Event::Context(values) => self.context = values,
            Event::Keystroke => {
                if let Some(interaction) = &self.interaction {
                    self.typing.keystroke(interaction, now);
                }
            }
            Event::LeftComposer => self.typing.leave(now, effects),
            Event::Message(text) => {
                self.typing.leave(now, effects);
                effects.push(Effect::Message(text));
            }
            Event::TypingTold { n, outcome } => self.typing.told(n, &outcome, now),
            Event::ToggleInsights => effects.push(Effect::ToggleInsights),
            Event::TryNow => self.connection.try_now(now, effects),
        }
    }

    fn shows(
        &mut self,
        interaction: Option<InteractionId>,
        now: Millis,
        effects: &mut Vec<Effect>,
    ) {
        self.typing.leave(now, effects);
        // What the host knew is of the customer before.
        if self.interaction.is_some() && self.interaction != interaction {
            self.context.clear();
        }
        self.interaction = interaction;
    }

    fn page_turned(&mut self, is_visible: bool, now: Millis, effects: &mut Vec<Effect>) {
        self.notifier.visibility(is_visible);
        if is_visible {
            return self.connection.hurry(now, effects);
        }
        self.reading.sign(false, now);
        // It may be the last that is heard of this page: what can be taken back is final now.
        self.finish_dismissals(Millis(u64::MAX), effects);
        self.typing.leave(now, effects);
    }

    /// Connects anew if the session is gone and the connection does not know it yet.
    fn find_session(&mut self, now: Millis, random: f64, effects: &mut Vec<Effect>) {
        if self.typing.is_locked_out() && self.connection.is_open() {
            self.connection.resync(now, random, effects);
        }
    }

    /// Tells the host what the status line says from now on.
    fn tell_status(&self, status: &Status, effects: &mut Vec<Effect>) {
        if discriminant(status) == discriminant(&self.status) {
            return;
        }
        effects.push(Effect::News(News::Status(status.clone())));
        if let (Status::Stopped { reason }, Some(code)) = (status, self.connection.stop_code()) {
            effects.push(Effect::News(News::Error {
                code,
                message: reason.in_english(),
                card_id: None,
            }));
        }
    }

    fn tell_typing(&mut self, now: Millis, effects: &mut Vec<Effect>) {
        if !self.connection.has_session() {
            self.typing.leave(now, effects);
        }
        self.typing.tick(self.connection.is_open(), now, effects);
        self.revision += u64::from(self.typing.has_changed());
    }

    /// Takes on the agent of the session. What belongs to another one is forgotten, on screen and in storage.
    fn belong_to(&mut self, agent_id: AgentId, now: Millis) {
        if self.agent_id.as_ref() == Some(&agent_id) {
            return;
        }
        if self.agent_id.is_some() {
            self.position = Position::default();
            self.feed.clear();
            self.outbox.clear();
            self.dismissals.clear();
            self.decisions.clear();
            self.handed = None;
            self.asking = None;
            self.typing.clear();
            self.filter = Filter::default();
            self.shows_tasks = false;
            self.announcer.forget_cards();
            self.notifier.forget_cards();
            self.insights.clear();
            self.is_unstored = true;
        }
        if let Some(stored) = self.left_behind.take() {
            if stored.agent_id.as_ref() == Some(&agent_id) {
                self.outbox.restore(stored.outbox);
                for stored in stored.dismissals {
                    let pending = Pending {
                        until: self.clock.steady(stored.until).min(now.plus(UNDO_FOR)),
                        at: stored.at,
                        reason: stored.reason,
                    };
                    self.dismissals.add(stored.card_id, pending);
                }
            } else {
                self.is_unstored = true;
            }
        }
        self.agent_id = Some(agent_id);
        self.revision += 1;
    }

    /// Puts an action into the outbox, and sends it if the broker is there.
    pub(crate) fn act(&mut self, deed: Deed, effects: &mut Vec<Effect>) {
        if let Some(action) = self.outbox.add(deed) {
            self.is_unstored = true;
            if self.connection.is_open() {
                effects.push(Effect::Send(ClientMessage::Action(action.clone())));
            }
        }
    }

    fn expire(&mut self, now: Millis) {
        let server_now = self.clock.server(now);
        self.feed.forget_dropped(server_now);
        while let Some(gone) = self.feed.pop_expired(server_now) {
            self.insights.left(RemovalReason::Expired, &gone, now);
            self.drop_dismissal(&gone.card.id);
        }
    }

    fn stored(&self) -> Stored {
        let dismissals = self.dismissals.iter();
        Stored {
            agent_id: self.agent_id.clone(),
            outbox: self.outbox.iter().cloned().collect(),
            dismissals: dismissals
                .map(|(card_id, pending)| PendingDismissal {
                    card_id: card_id.clone(),
                    until: self.clock.browser(pending.until),
                    at: pending.at,
                    reason: pending.reason.clone(),
                })
                .collect(),
        }
    }
}
