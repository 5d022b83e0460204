//! What each message of the broker does to the panel. Reading is the protocol's; deciding is the machines'.

use std::rc::Rc;

use cuecard_protocol::json::Tree;
use cuecard_protocol::server::{LiveCard, Unreadable};
use cuecard_protocol::{Card, ClientMessage, Millis, Seq, ServerMessage, VERSION};

use crate::resume::{Placed, Welcomed};
use crate::salvage::{Salvaged, salvage};
use crate::{Effect, News, Panel, Text};

/// What happened that the screen does not show, since the panel began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Messages of a type that this version does not know.
    pub unknown_messages: u64,
    /// Messages that could not be read, in whole or in part.
    pub unreadable_messages: u64,
    /// Actions that the broker refused for good.
    pub refused_actions: u64,
    /// Actions given up because too many waited.
    pub lost_actions: u64,
    /// Times the stream had a hole and was resumed.
    pub resyncs: u64,
}

impl Panel {
    pub(crate) fn receive(
        &mut self,
        message: Option<Tree>,
        now: Millis,
        random: f64,
        effects: &mut Vec<Effect>,
    ) {
        if !self.connection.is_open() && !self.connection.awaits_welcome() {
            return;
        }
        let Some(tree) = message else {
            self.counts.unreadable_messages += 1;
            return;
        };
        match ServerMessage::read(&tree) {
            Ok(message) => self.apply(message, now, random, effects),
            Err(Unreadable::UnknownType(_)) => self.counts.unknown_messages += 1,
            Err(Unreadable::Invalid(_)) => {
                self.counts.unreadable_messages += 1;
                match salvage(&tree) {
                    Some(Salvaged::Entry(seq)) => {
                        self.is_next(seq, now, random, effects);
                    }
                    Some(Salvaged::Snapshot {
                        cards,
                        reaches,
                        last,
                    }) => {
                        self.position.snapshot_reaches(reaches);
                        self.snapshot(cards, last, now, random, effects);
                    }
                    None => {}
                }
            }
        }
    }

    fn apply(
        &mut self,
        message: ServerMessage,
        now: Millis,
        random: f64,
        effects: &mut Vec<Effect>,
    ) {
        match message {
            ServerMessage::Welcome {
                version,
                log,
                head,
                resume,
                now: server_now,
            } => {
                if !self.connection.awaits_welcome() {
                    return;
                }
                self.connection.welcomed(now);
                self.insights.welcomed(server_now);
                self.typing.welcomed(now);
                let is_news = self.clock.set_server(server_now);
                let is_outdated = version != VERSION;
                self.revision += u64::from(is_news || is_outdated != self.is_outdated);
                if is_outdated && !self.is_outdated {
                    let offer = Text::plain("A newer version of this panel is ready.");
                    self.announcer.remark(offer, true);
                }
                self.is_outdated = is_outdated;
                self.feed.abandon_snapshot();
                match self.position.welcome(log, head, resume) {
                    Welcomed::Resumed => {}
                    Welcomed::FromStart => self.feed.clear(),
                    Welcomed::Gap => self.feed.begin_snapshot(),
                    Welcomed::Lost => return self.resync(now, random, effects),
                }
                for action in self.outbox.iter() {
                    effects.push(Effect::Send(ClientMessage::Action(action.clone())));
                }
            }
            ServerMessage::Snapshot { cards, last } => {
                self.snapshot(cards, last, now, random, effects);
            }
            ServerMessage::Card { seq, card } => {
                if self.is_next(seq, now, random, effects) {
                    self.insert(card, now, effects);
                }
            }
            ServerMessage::Removed {
                seq,
                card_id,
                reason,
            } => {
                if self.is_next(seq, now, random, effects) {
                    if let Some((_, kept)) = self.feed.remove(&card_id) {
                        self.insights.left(reason, &kept, now);
                    }
                    self.drop_dismissal(&card_id);
                }
            }
            ServerMessage::Ack { id, outcome } => {
                if let Some(action) = self.outbox.acknowledge(&id) {
                    self.is_unstored = true;
                    self.acknowledged(&action, outcome, now, effects);
                }
            }
            ServerMessage::Pong => self.connection.pong(),
            ServerMessage::Bye { retry_after_ms, .. } => {
                self.connection.bye(Millis(retry_after_ms), now);
            }
        }
    }

    /// Whether the entry at `seq` is to be applied. A hole ends the connection.
    fn is_next(&mut self, seq: Seq, now: Millis, random: f64, effects: &mut Vec<Effect>) -> bool {
        if !self.connection.is_open() {
            return false;
        }
        match self.position.entry(seq) {
            Placed::Next => true,
            Placed::Repeat => false,
            Placed::Hole => {
                self.resync(now, random, effects);
                false
            }
        }
    }

    fn resync(&mut self, now: Millis, random: f64, effects: &mut Vec<Effect>) {
        self.counts.resyncs += 1;
        self.connection.resync(now, random, effects);
    }

    fn insert(&mut self, card: Card, now: Millis, effects: &mut Vec<Effect>) {
        if self.outbox.is_decided(&card.id) {
            return;
        }
        // An id may come again after its outcome; then it is a new card.
        self.decisions.remove(&card.id);
        let Some(inserted) = self.feed.insert(card, self.clock.server(now)) else {
            return;
        };
        if let Some(gone) = inserted.evicted {
            self.insights.card("dropped", &gone, now);
            if let Some(pending) = self.dismissals.remove(&gone.id) {
                // There is no place left to take it back from.
                self.decide_dismissed(gone.id.clone(), pending, effects);
            }
        }
        if let Some(card) = inserted.card {
            if let Some(older) = inserted.replaced.as_ref().filter(|old| old.id != card.id) {
                self.insights.card("superseded", older, now);
                self.drop_dismissal(&older.id);
            }
            self.news(&card, inserted.replaced.as_deref(), now, effects);
        }
    }

    /// Tells of a card that came, unless the agent has dismissed it.
    fn news(
        &mut self,
        card: &Rc<Card>,
        replaced: Option<&Card>,
        now: Millis,
        effects: &mut Vec<Effect>,
    ) {
        let is_another = replaced.is_none_or(|older| older.id != card.id);
        if is_another {
            self.insights.card("received", card, now);
        }
        if self.dismissals.get(&card.id).is_none() {
            self.announcer.card(card, replaced);
            if is_another {
                effects.push(Effect::News(News::Card(card.clone())));
            }
            let is_missed = self.notifier.card(card, self.clock.server(now));
            self.revision += u64::from(is_missed);
        }
    }

    fn snapshot(
        &mut self,
        cards: Vec<LiveCard>,
        last: bool,
        now: Millis,
        random: f64,
        effects: &mut Vec<Effect>,
    ) {
        if !self.connection.is_open() {
            return;
        }
        if !self.position.awaits_snapshot() {
            return self.resync(now, random, effects);
        }
        let server_now = self.clock.server(now);
        for LiveCard { seq, card } in cards {
            self.position.snapshot_reaches(seq);
            if !self.outbox.is_decided(&card.id) {
                self.feed.stage(card, server_now);
            }
        }
        if !last {
            return;
        }
        self.position.snapshot_complete();
        let before: Vec<_> = self
            .feed
            .iter()
            .map(|(_, kept)| kept.card.clone())
            .collect();
        for (card, replaced) in self.feed.finish_snapshot() {
            self.decisions.remove(&card.id);
            if let Some(older) = &replaced {
                self.drop_dismissal(&older.id);
            }
            self.news(&card, replaced.as_deref(), now, effects);
        }
        for card in before
            .iter()
            .filter(|card| self.feed.get(&card.id).is_none())
        {
            self.insights.card("gone", card, now);
        }
    }
}
