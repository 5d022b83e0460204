//! What the store means, as plainly as it can be said: vectors and maps, nothing clever.

use std::collections::{BTreeMap, BTreeSet};

use cuecard_protocol::{
    Action, ActionId, ActionKind, AgentId, Card, CardId, Entry, InteractionId, LiveCard, Millis,
    RemovalReason, Seq,
};

use crate::backbone::embedded::{REPORT_WITHIN, RETENTION};
use crate::backbone::publications::{Kind, State};
use crate::backbone::{Appended, Expired, Reading, Recorded, Unreported};

#[derive(Default)]
pub struct Model {
    logs: BTreeMap<AgentId, Log>,
    actions: Vec<Counted>,
    once: BTreeMap<String, Millis>,
    /// Whose logs grew since the last comparison.
    pub grown: BTreeSet<AgentId>,
}

#[derive(Default)]
struct Log {
    entries: Vec<(Millis, Entry)>,
    dropped: usize,
    cards: BTreeMap<CardId, Kept>,
}

struct Kept {
    seq: Seq,
    card: Card,
    left_at: Option<Millis>,
}

struct Counted {
    agent: AgentId,
    seq: Seq,
    interaction: InteractionId,
    action: Action,
    at: Millis,
    reported: bool,
}

impl Log {
    fn head(&self) -> Seq {
        Seq(self.entries.len() as u64)
    }

    fn live(&self) -> Vec<LiveCard> {
        let live = self.cards.values().filter(|kept| kept.left_at.is_none());
        let mut live: Vec<_> = live
            .map(|kept| LiveCard {
                seq: kept.seq,
                card: kept.card.clone(),
            })
            .collect();
        live.sort_by_key(|card| card.seq);
        live
    }

    fn remove(&mut self, card: &str, reason: RemovalReason, now: Millis) -> Option<(Seq, Card)> {
        let kept = self
            .cards
            .values_mut()
            .find(|kept| kept.card.id.as_str() == card && kept.left_at.is_none())?;
        kept.left_at = Some(now);
        let card = kept.card.clone();
        self.entries.push((
            now,
            Entry::Removed {
                card_id: card.id.clone(),
                reason,
            },
        ));
        Some((self.head(), card))
    }
}

impl Model {
    fn log(&mut self, agent: &AgentId) -> &mut Log {
        self.logs.entry(agent.clone()).or_default()
    }

    pub fn append(&mut self, agent: &AgentId, card: Card, now: Millis) -> Appended {
        let log = self.log(agent);
        if let Some(kept) = log.cards.get(&card.id) {
            return Appended::Repeat { seq: kept.seq };
        }
        let older = log
            .cards
            .values_mut()
            .find(|kept| kept.left_at.is_none() && kept.card.slot() == card.slot());
        if older
            .as_ref()
            .is_some_and(|kept| kept.card.published_at > card.published_at)
        {
            return Appended::Over(State::Superseded);
        }
        let superseded = older.map(|kept| {
            kept.left_at = Some(now);
            kept.card.clone()
        });
        log.entries.push((now, Entry::Card(card.clone())));
        let seq = log.head();
        log.cards.insert(
            card.id.clone(),
            Kept {
                seq,
                card,
                left_at: None,
            },
        );
        self.grown.insert(agent.clone());
        Appended::New { seq, superseded }
    }

    pub fn remove(
        &mut self,
        agent: &AgentId,
        card: &str,
        reason: RemovalReason,
        now: Millis,
    ) -> Option<Seq> {
        let (seq, _) = self.log(agent).remove(card, reason, now)?;
        self.grown.insert(agent.clone());
        Some(seq)
    }

    /// `None` for a refusal.
    pub fn record(&mut self, agent: &AgentId, action: &Action, now: Millis) -> Option<Recorded> {
        let kept = self.log(agent).cards.get(&action.card_id);
        let known = kept.map(|kept| (kept.seq, kept.card.clone(), kept.left_at.is_none()));
        let seq = known.as_ref().map(|(seq, ..)| *seq);
        let same = |counted: &Counted| {
            counted.agent == *agent
                && (counted.action.id == action.id
                    || (Some(counted.seq) == seq && counted.action.kind == action.kind))
        };
        if self.actions.iter().any(same) {
            return Some(Recorded::Repeat);
        }
        let (seq, card, live) = known?;
        let reason = match action.kind {
            ActionKind::Rendered | ActionKind::Adopted => None,
            ActionKind::Accepted => Some(RemovalReason::Accepted),
            ActionKind::Dismissed => Some(RemovalReason::Dismissed),
            ActionKind::Snoozed => Some(RemovalReason::Snoozed),
        };
        if reason.is_some() && (!live || card.is_expired(now)) {
            return None;
        }
        self.actions.push(Counted {
            agent: agent.clone(),
            seq,
            interaction: card.interaction_id.clone(),
            action: action.clone(),
            at: now,
            reported: false,
        });
        let removed = reason.and_then(|reason| self.remove(agent, card.id.as_str(), reason, now));
        Some(Recorded::New { card, removed })
    }

    pub fn reported(&mut self, agent: &AgentId, id: &ActionId) {
        for counted in self
            .actions
            .iter_mut()
            .filter(|counted| counted.agent == *agent && counted.action.id == *id)
        {
            counted.reported = true;
        }
    }

    pub fn unreported(&self) -> Vec<Unreported> {
        let waiting = self.actions.iter().filter(|counted| !counted.reported);
        waiting
            .map(|counted| Unreported {
                agent: counted.agent.clone(),
                interaction: counted.interaction.clone(),
                action: counted.action.clone(),
            })
            .collect()
    }

    pub fn live(&mut self, agent: &AgentId) -> (Seq, Vec<LiveCard>) {
        let log = self.log(agent);
        (log.head(), log.live())
    }

    /// The last place that is no longer in the log.
    pub fn dropped(&mut self, agent: &AgentId) -> Seq {
        Seq(self.log(agent).dropped as u64)
    }

    pub fn read(&mut self, agent: &AgentId, after: Seq, limit: usize) -> Reading {
        let log = self.log(agent);
        let after = usize::try_from(after.0).unwrap();
        if after < log.dropped || after > log.entries.len() {
            return Reading::Gap;
        }
        let entries = log.entries.iter().enumerate().skip(after).take(limit);
        Reading::Entries(
            entries
                .map(|(index, (_, entry))| (Seq(index as u64 + 1), entry.clone()))
                .collect(),
        )
    }

    pub fn once(&mut self, key: &str, now: Millis, until: Millis) -> bool {
        if self.is_spent(key, now) {
            return false;
        }
        self.once.insert(key.to_owned(), until);
        true
    }

    pub fn is_spent(&self, key: &str, now: Millis) -> bool {
        self.once.get(key).is_some_and(|until| *until > now)
    }

    pub fn expire(&mut self, now: Millis) -> Vec<Expired> {
        let mut over: Vec<(Millis, AgentId, Seq, CardId)> = Vec::new();
        for (agent, log) in &self.logs {
            for LiveCard { seq, card } in log.live() {
                if card.is_expired(now) {
                    over.push((card.expires_at, agent.clone(), seq, card.id));
                }
            }
        }
        over.sort();
        let mut expired = Vec::new();
        for (_, agent, seq, id) in over {
            let seen = self.actions.iter().any(|counted| {
                counted.agent == agent
                    && counted.seq == seq
                    && counted.action.kind == ActionKind::Rendered
            });
            let (_, card) = self
                .log(&agent)
                .remove(id.as_str(), RemovalReason::Expired, now)
                .unwrap();
            self.grown.insert(agent.clone());
            expired.push(Expired {
                agent,
                card: card.id,
                interaction: card.interaction_id,
                kind: Kind::Alert,
                state: State::Expired,
                seen,
                client: None,
            });
        }
        self.forget(now);
        expired
    }

    fn forget(&mut self, now: Millis) {
        let old = |at: Millis, span: Millis| now.since(at) >= span;
        self.actions
            .retain(|counted| counted.reported || !old(counted.at, REPORT_WITHIN));
        for log in self.logs.values_mut() {
            log.dropped = log
                .entries
                .iter()
                .take_while(|(at, _)| old(*at, RETENTION))
                .count();
            log.cards
                .retain(|_, kept| kept.left_at.is_none_or(|at| !old(at, RETENTION)));
        }
        let logs = &self.logs;
        self.actions.retain(|counted| {
            let mut cards = logs[&counted.agent].cards.values();
            let known = cards.any(|kept| kept.seq == counted.seq);
            !counted.reported || known || !old(counted.at, RETENTION)
        });
    }
}
