//! The panel as a whole: hands each event to the machines it concerns, lets them meet, and collects their effects.
//! What messages of the broker do is in `receive`; the rules are in the machines.

use cuecard_protocol::{ActionKind, AgentId, CardId, ClientMessage, Millis, VERSION};

use crate::announcer::Announcer;
use crate::clock::Clock;
use crate::connection::Connection;
use crate::dismissal::{Dismissals, Pending, UNDO_FOR};
use crate::feed::Feed;
use crate::outbox::Outbox;
use crate::resume::Position;
use crate::view::{CardState, CardView};
use crate::{Counts, Effect, Event, PendingDismissal, Status, Stored, View};

/// The timer is never set further ahead than this: browsers cannot count much further.
const LONGEST_TIMER: Millis = Millis::from_secs(3600);

/// Everything one panel knows and decides.
#[derive(Debug)]
pub struct Panel {
    pub(crate) agent_id: Option<AgentId>,
    pub(crate) clock: Clock,
    pub(crate) connection: Connection,
    pub(crate) position: Position,
    pub(crate) feed: Feed,
    pub(crate) outbox: Outbox,
    pub(crate) dismissals: Dismissals,
    pub(crate) announcer: Announcer,
    pub(crate) counts: Counts,
    pub(crate) is_outdated: bool,
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
            announcer: Announcer::default(),
            counts: Counts::default(),
            is_outdated: false,
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
        self.connection.tick(now, random, &mut effects);
        let status = self.connection.status(now);
        if status != self.status {
            self.announcer.status(&status);
            self.status = status;
            self.revision += 1;
        }
        self.announcer.tick(now, &mut effects);
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
            self.announcer.deadline(),
        ]
        .into_iter()
        .flatten()
        .min()
        .map(|due| self.clock.browser(due.min(now.plus(LONGEST_TIMER))))
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
        let cards = self.feed.iter().map(|kept| CardView {
            card: kept.card.clone(),
            revision: kept.revision,
            state: match self.dismissals.until(&kept.card.id) {
                Some(until) => CardState::Undoable {
                    until: self.clock.browser(until),
                },
                None => CardState::Live,
            },
        });
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
            cards: cards.collect(),
            hidden: self.feed.hidden(),
            clock_offset: self.clock.offset(),
            is_outdated: self.is_outdated,
        }
    }

    fn handle(&mut self, event: Event, now: Millis, random: f64, effects: &mut Vec<Effect>) {
        match event {
            Event::Started { stored } => {
                self.left_behind = stored;
                self.outbox.begin(now, random);
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
            Event::SocketOpened => {
                let (last_seq, log) = self.position.hello();
                let hello = ClientMessage::Hello {
                    last_seq,
                    log,
                    version: VERSION.to_owned(),
                };
                self.connection.socket_opened(hello, now, effects);
            }
            Event::SocketMessage(text) => self.receive(&text, now, random, effects),
            Event::SocketClosed { code } => {
                self.connection.socket_closed(code, now, random, effects);
            }
            Event::DeadlineReached => {}
            Event::CameOnline | Event::VisibilityChanged { visible: true } => {
                self.connection.hurry(now, effects);
            }
            Event::VisibilityChanged { visible: false } => {
                // It may be the last that is heard of this page: what can be taken back is final now.
                self.finish_dismissals(Millis(u64::MAX), effects);
            }
            Event::CardSeen(card_id) => {
                if self.feed.mark_seen(&card_id) {
                    let at = self.clock.server(now);
                    self.act(card_id, ActionKind::Rendered, at, effects);
                }
            }
            Event::Dismiss(card_id) => self.dismiss(card_id, now),
            Event::Undo(card_id) => {
                if self.dismissals.remove(&card_id).is_some() {
                    self.is_unstored = true;
                    self.revision += 1;
                }
            }
            Event::TryNow => self.connection.try_now(now, effects),
        }
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
            self.announcer.forget_cards();
            self.is_unstored = true;
        }
        if let Some(stored) = self.left_behind.take() {
            if stored.agent_id.as_ref() == Some(&agent_id) {
                self.outbox.restore(stored.outbox);
                for PendingDismissal { card_id, until, at } in stored.dismissals {
                    let until = self.clock.steady(until).min(now.plus(UNDO_FOR));
                    self.dismissals.add(card_id, Pending { until, at });
                }
            } else {
                self.is_unstored = true;
            }
        }
        self.agent_id = Some(agent_id);
        self.revision += 1;
    }

    fn dismiss(&mut self, card_id: CardId, now: Millis) {
        if self.feed.get(&card_id).is_none() {
            return;
        }
        let pending = Pending {
            until: now.plus(UNDO_FOR),
            at: self.clock.server(now),
        };
        if self.dismissals.add(card_id, pending) {
            self.is_unstored = true;
            self.revision += 1;
        }
    }

    /// A dismissal was overtaken by what became of its card.
    pub(crate) fn drop_dismissal(&mut self, card_id: &CardId) {
        self.is_unstored |= self.dismissals.remove(card_id).is_some();
    }

    fn finish_dismissals(&mut self, now: Millis, effects: &mut Vec<Effect>) {
        while let Some((card_id, pending)) = self.dismissals.pop_final(now) {
            self.is_unstored = true;
            self.feed.remove(&card_id);
            self.act(card_id, ActionKind::Dismissed, pending.at, effects);
        }
    }

    /// Puts an action into the outbox, and sends it if the broker is there.
    pub(crate) fn act(
        &mut self,
        card_id: CardId,
        kind: ActionKind,
        at: Millis,
        effects: &mut Vec<Effect>,
    ) {
        if let Some(action) = self.outbox.add(card_id, kind, at) {
            self.is_unstored = true;
            if self.connection.is_open() {
                effects.push(Effect::Send(ClientMessage::Action(action.clone())));
            }
        }
    }

    fn expire(&mut self, now: Millis) {
        let now = self.clock.server(now);
        self.feed.forget_dropped(now);
        while let Some(gone) = self.feed.pop_expired(now) {
            self.drop_dismissal(&gone.id);
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
                })
                .collect(),
        }
    }
}
