//! Who types where: what panels told, whose panels are here, and so which conversations want an indicator. Pure.
//!
//! An agent has one pair of hands for each panel, so a panel's life types in at most one conversation. Somebody types in
//! a conversation while any life does. A life is believed for [`GONE`] after its last socket; a socket that has named
//! none stands for all lives of its agent. [`Desk::turn`] says what has changed.

use std::collections::{BTreeMap, BTreeSet};

use cuecard_protocol::typing::{TYPING_GONE, TypingRequest};
use cuecard_protocol::{AgentId, InteractionId, Millis};
use tokio::time::{Duration, Instant};

use crate::allowance::Allowance;

/// What a panel without a socket told is believed for so long.
const GONE: Duration = Duration::from_millis(TYPING_GONE.0);

/// So many lives of one agent are remembered: more than anybody has tabs.
const MOST_LIVES: usize = 16;

/// All agents of this server.
#[derive(Debug)]
pub struct Desk {
    per_second: u64,
    agents: BTreeMap<AgentId, Agent>,
    /// Agents of whom something is forgotten, by when.
    leaving: BTreeSet<(Instant, AgentId)>,
    /// Who types where; an agent for each of the lives.
    typists: BTreeMap<InteractionId, Vec<AgentId>>,
    /// Conversations whose indicator was last said to be wanted.
    told: BTreeSet<InteractionId>,
    /// Conversations of which something may have to be said.
    touched: BTreeSet<InteractionId>,
    is_closed: bool,
}

#[derive(Debug)]
struct Agent {
    sockets: usize,
    /// Sockets that have not named a life.
    unnamed: usize,
    allowance: Allowance,
    lives: BTreeMap<String, Life>,
    /// When the agent is forgotten; none while there is a socket.
    until: Option<Instant>,
    /// What stands in [`Desk::leaving`].
    due: Option<Instant>,
}

#[derive(Debug)]
struct Life {
    /// Of the newest call.
    n: Option<u64>,
    heard_at: Instant,
    types_in: Option<InteractionId>,
    sockets: usize,
    /// When it is forgotten; none while a socket stands for it.
    until: Option<Instant>,
}

/// What became of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// It is the life's newest word. `is_news` if it changed where the life types.
    Taken {
        /// Whether it said something new.
        is_news: bool,
    },
    /// It was overtaken by a newer one, or is a repeat: ignored.
    Late,
    /// The agent has used up the allowance.
    TooMany,
    /// No new `true` is taken any more.
    Closed,
}

impl Desk {
    /// Agents may call so often a second, and twice as often at once.
    pub const fn new(per_second: u64) -> Self {
        Self {
            per_second,
            agents: BTreeMap::new(),
            leaving: BTreeSet::new(),
            typists: BTreeMap::new(),
            told: BTreeSet::new(),
            touched: BTreeSet::new(),
            is_closed: false,
        }
    }

    /// A panel tells. `wall` is the time of day for the allowance.
    pub fn tell(
        &mut self,
        agent: &AgentId,
        request: &TypingRequest,
        now: Instant,
        wall: Millis,
    ) -> Told {
        let is_refused = self.is_closed && request.typing;
        let (told, moves) = self.change(agent, now, |known| {
            known.until = None;
            if !known.allowance.take(wall) {
                (Told::TooMany, Vec::new())
            } else if is_refused {
                (Told::Closed, Vec::new())
            } else {
                known.tell(request, now)
            }
        });
        self.moved(agent, moves);
        told
    }

    /// A panel of the agent has connected.
    pub fn join(&mut self, agent: &AgentId, now: Instant) {
        self.change(agent, now, |known| {
            known.sockets += 1;
            known.unnamed += 1;
        });
    }

    /// A panel that has connected names its life.
    pub fn name(&mut self, agent: &AgentId, life: &str, now: Instant) {
        let moves = self.change(agent, now, |known| {
            known.unnamed = known.unnamed.saturating_sub(1);
            known.life(life, now).sockets += 1;
            known.evict()
        });
        self.moved(agent, moves);
    }

    /// A panel of the agent has gone; with its life, if it has named it.
    pub fn leave(&mut self, agent: &AgentId, life: Option<&str>, now: Instant) {
        self.change(agent, now, |known| {
            known.sockets = known.sockets.saturating_sub(1);
            match life {
                None => known.unnamed = known.unnamed.saturating_sub(1),
                Some(life) => {
                    if let Some(life) = known.lives.get_mut(life) {
                        life.sockets = life.sockets.saturating_sub(1);
                    }
                }
            }
        });
    }

    /// Whether the agent types with this life; without one, with any.
    pub fn is_typing(&self, agent: &AgentId, life: Option<&str>) -> bool {
        let types = |life: &Life| life.types_in.is_some();
        self.agents.get(agent).is_some_and(|known| match life {
            Some(life) => known.lives.get(life).is_some_and(types),
            None => known.lives.values().any(types),
        })
    }

    /// No new `true` from now on, and nobody types any more.
    pub fn close(&mut self) {
        self.is_closed = true;
        self.touched.extend(self.told.iter().cloned());
    }

    /// What has changed since the last turn: conversations, and who types there now, if anybody. Then when the next
    /// agent is forgotten.
    pub fn turn(
        &mut self,
        now: Instant,
    ) -> (Vec<(InteractionId, Option<AgentId>)>, Option<Instant>) {
        while let Some((_, agent)) = self.leaving.first().filter(|(due, _)| *due <= now).cloned() {
            let moves = self.change(&agent, now, |known| known.forget(now));
            self.moved(&agent, moves);
        }
        let mut changes = Vec::new();
        for interaction in std::mem::take(&mut self.touched) {
            let typists = self.typists.get(&interaction).filter(|_| !self.is_closed);
            let typist = typists.and_then(|agents| agents.first()).cloned();
            let is_news = if typist.is_some() {
                self.told.insert(interaction.clone())
            } else {
                self.told.remove(&interaction)
            };
            if is_news {
                changes.push((interaction, typist));
            }
        }
        (changes, self.leaving.first().map(|(until, _)| *until))
    }

    /// Changes what is known of an agent, and keeps up when something of that is to be forgotten.
    fn change<T>(
        &mut self,
        agent: &AgentId,
        now: Instant,
        change: impl FnOnce(&mut Agent) -> T,
    ) -> T {
        let per_second = self.per_second;
        let known = self.agents.entry(agent.clone()).or_insert_with(|| Agent {
            sockets: 0,
            unnamed: 0,
            allowance: Allowance::new(per_second.saturating_mul(2), per_second),
            lives: BTreeMap::new(),
            until: None,
            due: None,
        });
        let result = change(known);
        known.look(now);
        let lives = known.lives.values().filter_map(|life| life.until);
        let due = lives.chain(known.until).min();
        if let Some(before) = std::mem::replace(&mut known.due, due) {
            self.leaving.remove(&(before, agent.clone()));
        }
        match due {
            Some(due) if known.until.is_none_or(|until| until > now) => {
                self.leaving.insert((due, agent.clone()));
            }
            Some(_) => drop(self.agents.remove(agent)),
            None => {}
        }
        result
    }

    fn moved(&mut self, agent: &AgentId, moves: Vec<Move>) {
        for Move { from, to } in moves {
            if let Some(from) = from {
                if let Some(typists) = self.typists.get_mut(&from) {
                    let one = typists.iter().position(|typist| typist == agent);
                    one.map(|one| typists.remove(one));
                    if typists.is_empty() {
                        self.typists.remove(&from);
                    }
                }
                self.touched.insert(from);
            }
            if let Some(to) = to {
                let typists = self.typists.entry(to.clone()).or_default();
                typists.push(agent.clone());
                self.touched.insert(to);
            }
        }
    }
}

/// A life has gone from one conversation to another, or to none.
struct Move {
    from: Option<InteractionId>,
    to: Option<InteractionId>,
}

impl Agent {
    fn life(&mut self, life: &str, now: Instant) -> &mut Life {
        let life = self.lives.entry(life.to_owned()).or_insert_with(|| Life {
            n: None,
            heard_at: now,
            types_in: None,
            sockets: 0,
            until: None,
        });
        life.heard_at = now;
        life
    }

    fn tell(&mut self, request: &TypingRequest, now: Instant) -> (Told, Vec<Move>) {
        let life = self.life(&request.life, now);
        if life.n.is_some_and(|n| n >= request.n) {
            return (Told::Late, Vec::new());
        }
        life.n = Some(request.n);
        // Its newest word counts from now.
        life.until = None;
        let to = if request.typing {
            Some(request.interaction_id.clone())
        } else {
            // The end of a burst ends none in another conversation.
            let place = life.types_in.clone();
            place.filter(|place| *place != request.interaction_id)
        };
        let from = std::mem::replace(&mut life.types_in, to.clone());
        let is_news = from != to;
        let mut moves = vec![Move { from, to }];
        moves.extend(self.evict());
        (Told::Taken { is_news }, moves)
    }

    /// Sets when lives, and the agent, are forgotten: [`GONE`] after nothing stands for them any more, and the agent not
    /// before the last life.
    fn look(&mut self, now: Instant) {
        for life in self.lives.values_mut() {
            if self.unnamed > 0 || life.sockets > 0 {
                life.until = None;
            } else {
                life.until.get_or_insert(now + GONE);
            }
        }
        if self.sockets > 0 {
            self.until = None;
        } else {
            let last = self.lives.values().filter_map(|life| life.until).max();
            self.until = self.until.or(Some(now + GONE)).max(last);
        }
    }

    /// Forgets the lives whose time is over.
    fn forget(&mut self, now: Instant) -> Vec<Move> {
        let is_over = |_: &String, life: &mut Life| life.until.is_some_and(|until| until <= now);
        let over = self.lives.extract_if(.., is_over);
        over.map(|(_, life)| life.ended()).collect()
    }

    /// Forgets the life that was silent longest if there are too many; those without a socket first.
    fn evict(&mut self) -> Vec<Move> {
        if self.lives.len() <= MOST_LIVES {
            return Vec::new();
        }
        let oldest = self
            .lives
            .iter()
            .min_by_key(|(_, life)| (life.sockets > 0, life.heard_at))
            .map(|(life, _)| life.clone());
        let evicted = oldest.and_then(|oldest| self.lives.remove(&oldest));
        evicted.into_iter().map(Life::ended).collect()
    }
}

impl Life {
    fn ended(self) -> Move {
        Move {
            from: self.types_in,
            to: None,
        }
    }
}

#[cfg(test)]
#[path = "desk_tests.rs"]
mod tests;
