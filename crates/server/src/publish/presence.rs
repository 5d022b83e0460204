//! Which agents are here, and so which of the platform's topics are wanted.
//!
//! An agent is here while a panel is connected, and for [`LINGER`] after the last one left or a session was opened: a
//! reload or a bad network is no reason to miss a card. Start at [`Presence`]; the rule is in [`Roster`] (pure).

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use cuecard_cxone::{notifications::NotificationSocket, wire::notification::agent_topic};
use cuecard_protocol::AgentId;
use tokio::{
    sync::Notify,
    time::{Instant, sleep_until},
};

/// How long an agent counts as here after the last panel has gone.
pub const LINGER: Duration = Duration::from_mins(10);

/// Who is here. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Presence(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    roster: Mutex<Roster>,
    changed: Notify,
}

/// While one lives, its agent is here. A gateway holds one for each socket.
#[must_use = "dropping it lets the agent go"]
#[derive(Debug)]
pub struct PresenceGuard {
    presence: Presence,
    agent: AgentId,
}

impl Presence {
    /// A panel of the agent has connected.
    pub fn joined(&self, agent: &AgentId) -> PresenceGuard {
        self.change(|roster, _| roster.join(agent));
        PresenceGuard {
            presence: self.clone(),
            agent: agent.clone(),
        }
    }

    /// A session of the agent has begun: a panel is about to connect, and cards may already come.
    pub fn session_opened(&self, agent: &AgentId) {
        self.change(|roster, now| roster.expect(agent, now + LINGER));
    }

    /// Whether the agent is here.
    pub fn is_here(&self, agent: &AgentId) -> bool {
        self.roster().stays.contains_key(agent)
    }

    /// The agent who is here, if that is one alone.
    pub fn only_one(&self) -> Option<AgentId> {
        let roster = self.roster();
        match (roster.stays.len(), roster.stays.keys().next()) {
            (1, Some(agent)) => Some(agent.clone()),
            _ => None,
        }
    }

    /// Keeps the socket subscribed to the topics of those who are here. Runs until it is dropped.
    pub(super) async fn subscribe(&self, socket: &NotificationSocket) {
        loop {
            let (changes, deadline) = self.roster().turn(Instant::now());
            for change in changes {
                match change {
                    Change::Came(agent) => socket.subscribe(agent_topic(agent.as_str())),
                    Change::Went(agent) => socket.unsubscribe(agent_topic(agent.as_str())),
                }
            }
            tokio::select! {
                () = self.0.changed.notified() => {}
                () = sleep_until(deadline.unwrap_or_else(Instant::now)), if deadline.is_some() => {}
            }
        }
    }

    fn change(&self, change: impl FnOnce(&mut Roster, Instant)) {
        change(&mut self.roster(), Instant::now());
        self.0.changed.notify_one();
    }

    fn roster(&self) -> MutexGuard<'_, Roster> {
        // Every change of the roster is complete when it returns, so one that panicked elsewhere left it whole.
        self.0.roster.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for PresenceGuard {
    fn drop(&mut self) {
        self.presence
            .change(|roster, now| roster.leave(&self.agent, now + LINGER));
    }
}

/// Somebody came or went.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Change {
    Came(AgentId),
    Went(AgentId),
}

/// Who is here until when. Pure: time is told.
#[derive(Debug, Default)]
struct Roster {
    stays: BTreeMap<AgentId, Stay>,
    /// Agents without a panel, by when they go.
    leaving: BTreeSet<(Instant, AgentId)>,
    /// Agents whose coming the last turns have told.
    told: BTreeSet<AgentId>,
    /// Agents of whom something may have to be told.
    touched: BTreeSet<AgentId>,
}

#[derive(Debug, Default)]
struct Stay {
    panels: usize,
    /// When the agent goes; none while there is a panel.
    until: Option<Instant>,
}

impl Roster {
    fn join(&mut self, agent: &AgentId) {
        let stay = self.stays.entry(agent.clone()).or_default();
        stay.panels += 1;
        if let Some(until) = stay.until.take() {
            self.leaving.remove(&(until, agent.clone()));
        }
        self.touched.insert(agent.clone());
    }

    fn leave(&mut self, agent: &AgentId, until: Instant) {
        if let Some(stay) = self.stays.get_mut(agent) {
            stay.panels = stay.panels.saturating_sub(1);
        }
        self.expect(agent, until);
    }

    /// Without a panel, the agent stays until then.
    fn expect(&mut self, agent: &AgentId, until: Instant) {
        let stay = self.stays.entry(agent.clone()).or_default();
        if stay.panels == 0 {
            if let Some(before) = stay.until.replace(until) {
                self.leaving.remove(&(before, agent.clone()));
            }
            self.leaving.insert((until, agent.clone()));
        }
        self.touched.insert(agent.clone());
    }

    /// Lets those go whose time is over; what has changed since the last turn, and when the next one goes.
    fn turn(&mut self, now: Instant) -> (Vec<Change>, Option<Instant>) {
        while let Some((_, agent)) = self
            .leaving
            .first()
            .filter(|(until, _)| *until <= now)
            .cloned()
        {
            self.leaving.pop_first();
            self.stays.remove(&agent);
            self.touched.insert(agent);
        }
        let mut changes = Vec::new();
        for agent in std::mem::take(&mut self.touched) {
            if self.stays.contains_key(&agent) {
                if self.told.insert(agent.clone()) {
                    changes.push(Change::Came(agent));
                }
            } else if self.told.remove(&agent) {
                changes.push(Change::Went(agent));
            }
        }
        (changes, self.leaving.first().map(|(until, _)| *until))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn agent(name: &str) -> AgentId {
        AgentId::parse(name).unwrap()
    }

    fn turn(presence: &Presence) -> Vec<Change> {
        presence.roster().turn(Instant::now()).0
    }

    #[tokio::test(start_paused = true)]
    async fn an_agent_is_here_from_the_first_panel_until_long_after_the_last() {
        let presence = Presence::default();
        let a = agent("A");
        assert!(!presence.is_here(&a));
        let (one, two) = (presence.joined(&a), presence.joined(&a));
        assert_eq!(turn(&presence), [Change::Came(a.clone())]);
        drop(one);
        tokio::time::advance(LINGER * 2).await;
        assert_eq!(turn(&presence), []);
        drop(two);
        let moment = Duration::from_millis(1);
        tokio::time::advance(LINGER.saturating_sub(moment)).await;
        assert_eq!(turn(&presence), []);
        assert!(presence.is_here(&a));
        tokio::time::advance(moment).await;
        assert_eq!(turn(&presence), [Change::Went(a.clone())]);
        assert!(!presence.is_here(&a));
    }

    #[tokio::test(start_paused = true)]
    async fn coming_back_in_time_changes_nothing() {
        let presence = Presence::default();
        let a = agent("A");
        drop(presence.joined(&a));
        assert_eq!(turn(&presence), [Change::Came(a.clone())]);
        tokio::time::advance(LINGER / 2).await;
        let guard = presence.joined(&a);
        tokio::time::advance(LINGER).await;
        assert_eq!(turn(&presence), []);
        drop(guard);
        tokio::time::advance(LINGER).await;
        assert_eq!(turn(&presence), [Change::Went(a)]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_session_alone_lasts_as_long_and_does_not_shorten_a_panel() {
        let presence = Presence::default();
        let (a, b) = (agent("A"), agent("B"));
        presence.session_opened(&a);
        let guard = presence.joined(&b);
        presence.session_opened(&b);
        assert_eq!(
            turn(&presence),
            [Change::Came(a.clone()), Change::Came(b.clone())]
        );
        tokio::time::advance(LINGER).await;
        assert_eq!(turn(&presence), [Change::Went(a)]);
        assert!(presence.is_here(&b));
        drop(guard);
    }

    proptest! {
        #[test]
        fn what_was_told_is_who_is_here(steps in prop::collection::vec((0..4_u8, 0..3_usize, 0..15_u64), 0..60)) {
            let agents = [agent("A"), agent("B"), agent("C")];
            let mut now = Instant::now();
            let mut roster = Roster::default();
            let mut panels = [0_usize; 3];
            let mut told = BTreeSet::new();
            for (step, index, minutes) in steps {
                match step {
                    0 => {
                        panels[index] += 1;
                        roster.join(&agents[index]);
                    }
                    1 if panels[index] > 0 => {
                        panels[index] -= 1;
                        roster.leave(&agents[index], now + LINGER);
                    }
                    2 => roster.expect(&agents[index], now + LINGER),
                    _ => now += Duration::from_mins(minutes),
                }
                let (changes, deadline) = roster.turn(now);
                for change in changes {
                    match change {
                        Change::Came(agent) => prop_assert!(told.insert(agent)),
                        Change::Went(agent) => prop_assert!(told.remove(&agent)),
                    }
                }
                prop_assert!(deadline.is_none_or(|deadline| deadline > now && deadline <= now + LINGER));
                prop_assert!(told.iter().eq(roster.stays.keys()));
                for (index, agent) in agents.iter().enumerate() {
                    prop_assert!(panels[index] == 0 || told.contains(agent));
                }
            }
        }
    }
}
