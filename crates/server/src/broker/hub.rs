//! Who is connected here: the broker's sockets by agent and by session, and how to wake them.
//!
//! One task follows the store and wakes the agent's sockets only, so that a card costs what its agent has tabs and not
//! what the server has agents.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use cuecard_protocol::AgentId;
use tokio::sync::Notify;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

/// The sockets of this process.
#[derive(Debug, Default)]
pub struct Hub {
    seats: Mutex<Seats>,
}

#[derive(Debug, Default)]
struct Seats {
    next: u64,
    by_agent: HashMap<AgentId, BTreeMap<u64, Arc<Signals>>>,
    by_session: HashMap<String, BTreeMap<u64, Arc<Signals>>>,
}

/// What a socket is woken for. A signal given before somebody waits is not lost.
#[derive(Debug, Default)]
pub struct Signals {
    /// The agent's log has grown.
    pub grew: Notify,
    /// The session was ended.
    pub ended: Notify,
    /// The agent has begun to type, or has ceased.
    pub typed: Notify,
}

/// A socket's place; dropping it takes the socket out.
#[must_use = "dropping it takes the socket out"]
#[derive(Debug)]
pub struct Seat {
    hub: Arc<Hub>,
    number: u64,
    agent: AgentId,
    session: String,
    /// What it is woken for.
    pub signals: Arc<Signals>,
    /// How many sockets the session has, this one included.
    pub of_session: usize,
}

impl Hub {
    /// A place for one more socket.
    pub fn join(self: &Arc<Self>, agent: &AgentId, session: &str) -> Seat {
        let signals = Arc::new(Signals::default());
        let mut seats = self.seats();
        seats.next += 1;
        let number = seats.next;
        seats
            .by_agent
            .entry(agent.clone())
            .or_default()
            .insert(number, Arc::clone(&signals));
        let session_seats = seats.by_session.entry(session.to_owned()).or_default();
        session_seats.insert(number, Arc::clone(&signals));
        let of_session = session_seats.len();
        drop(seats);
        Seat {
            hub: Arc::clone(self),
            number,
            agent: agent.clone(),
            session: session.to_owned(),
            signals,
            of_session,
        }
    }

    /// Closes all sockets of a session.
    pub fn end_session(&self, session: &str) {
        for signals in self
            .seats()
            .by_session
            .get(session)
            .into_iter()
            .flat_map(BTreeMap::values)
        {
            signals.ended.notify_one();
        }
    }

    /// Tells the sockets of an agent that it has begun to type, or has ceased.
    pub fn typed(&self, agent: &AgentId) {
        self.each_of(agent, |signals| signals.typed.notify_one());
    }

    fn wake(&self, agent: &AgentId) {
        self.each_of(agent, |signals| signals.grew.notify_one());
    }

    fn each_of(&self, agent: &AgentId, signal: impl Fn(&Signals)) {
        let seats = self.seats();
        let seats = seats.by_agent.get(agent).into_iter();
        seats
            .flat_map(BTreeMap::values)
            .for_each(|signals| signal(signals));
    }

    fn wake_all(&self) {
        for signals in self.seats().by_agent.values().flat_map(BTreeMap::values) {
            signals.grew.notify_one();
        }
    }

    fn seats(&self) -> MutexGuard<'_, Seats> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Wakes sockets as logs grow, until the store or the hub is gone.
pub async fn follow(hub: Weak<Hub>, mut grown: Receiver<AgentId>) {
    loop {
        let agent = match grown.recv().await {
            Ok(agent) => Some(agent),
            // Which agents were missed is not known; each socket reads its log and finds what there is.
            Err(RecvError::Lagged(_)) => None,
            Err(RecvError::Closed) => return,
        };
        let Some(hub) = hub.upgrade() else { return };
        match agent {
            Some(agent) => hub.wake(&agent),
            None => hub.wake_all(),
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut seats = self.hub.seats();
        remove(&mut seats.by_agent, &self.agent, self.number);
        remove(&mut seats.by_session, &self.session, self.number);
    }
}

fn remove<K: Eq + std::hash::Hash>(
    seats: &mut HashMap<K, BTreeMap<u64, Arc<Signals>>>,
    key: &K,
    number: u64,
) {
    if let Some(numbered) = seats.get_mut(key) {
        numbered.remove(&number);
        if numbered.is_empty() {
            seats.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use tokio::sync::broadcast;

    use super::*;

    fn agent(name: &str) -> AgentId {
        AgentId::parse(name).unwrap()
    }

    fn woken(notify: &Notify) -> bool {
        notify.notified().now_or_never().is_some()
    }

    #[tokio::test]
    async fn a_card_wakes_the_sockets_of_its_agent_and_a_lag_wakes_all() {
        let hub = Arc::new(Hub::default());
        let (one, two) = (hub.join(&agent("A"), "s1"), hub.join(&agent("A"), "s2"));
        let other = hub.join(&agent("B"), "s3");
        let (grow, grown) = broadcast::channel(2);
        grow.send(agent("A")).unwrap();
        let following = tokio::spawn(follow(Arc::downgrade(&hub), grown));
        one.signals.grew.notified().await;
        two.signals.grew.notified().await;
        assert!(!woken(&other.signals.grew));
        // The channel holds two: of four, two are lost, and nobody knows whose.
        for name in ["B", "C", "C", "C"] {
            grow.send(agent(name)).unwrap();
        }
        one.signals.grew.notified().await;
        two.signals.grew.notified().await;
        other.signals.grew.notified().await;
        drop(grow);
        following.await.unwrap();
    }

    #[test]
    fn the_end_of_a_session_reaches_its_sockets_and_leaves_no_trace() {
        let hub = Arc::new(Hub::default());
        let (one, two) = (hub.join(&agent("A"), "s1"), hub.join(&agent("A"), "s1"));
        let other = hub.join(&agent("A"), "s2");
        assert_eq!(
            (one.of_session, two.of_session, other.of_session),
            (1, 2, 1)
        );
        hub.end_session("s1");
        assert!(
            woken(&one.signals.ended) && woken(&two.signals.ended) && !woken(&other.signals.ended)
        );
        drop((one, two, other));
        let seats = hub.seats();
        assert!(seats.by_agent.is_empty() && seats.by_session.is_empty());
    }
}
