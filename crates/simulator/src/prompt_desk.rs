//! Sessions and known frames of the prompts socket (platform wire, sections 5.4, 14.2 and 14.7).
//!
//! A session begins with its first prompt and ends with the connection that last used it, or when it is the oldest of
//! too many. [`PromptDesk`] is pure; [`Prompts`] tells the connections. Start with [`PromptDesk::take`].

use std::collections::BTreeMap;

use jiff::Timestamp;
use tokio::sync::mpsc;

use crate::delivery::ConnectionId;
use crate::recent::Recent;

/// Sessions at most (platform wire, section 5.4).
pub const MAX_SESSIONS: usize = 100;

/// A session of a publisher.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The connection that used it last.
    pub connection: ConnectionId,
    /// The publisher's id.
    pub id: String,
    /// The last prompt that came in it.
    pub frame_id: String,
}

/// What is known of prompts.
#[derive(Debug, Default)]
pub struct PromptDesk {
    /// In the order in which they began.
    sessions: BTreeMap<u64, Session>,
    begun: u64,
    frames: Recent<String>,
}

impl PromptDesk {
    /// Whether a prompt came within the last ten minutes.
    pub fn is_repeat(&mut self, frame_id: &str, now: Timestamp) -> bool {
        self.frames.contains(&frame_id.to_owned(), now)
    }

    /// Takes a prompt: remembers it, and registers its session if it is new. Of more than a hundred sessions the one
    /// that began first is evicted.
    pub fn take(
        &mut self,
        connection: ConnectionId,
        session_id: &str,
        frame_id: &str,
        now: Timestamp,
    ) -> Option<Session> {
        self.frames.insert(frame_id.to_owned(), now);
        let mut sessions = self.sessions.values_mut();
        if let Some(session) = sessions.find(|session| session.id == session_id) {
            session.connection = connection;
            frame_id.clone_into(&mut session.frame_id);
            return None;
        }
        self.begun += 1;
        let session = Session {
            connection,
            id: session_id.to_owned(),
            frame_id: frame_id.to_owned(),
        };
        self.sessions.insert(self.begun, session);
        if self.sessions.len() <= MAX_SESSIONS {
            return None;
        }
        self.sessions.pop_first().map(|(_, session)| session)
    }

    /// A connection is gone, and its sessions with it.
    pub fn disconnected(&mut self, connection: ConnectionId) {
        self.sessions
            .retain(|_, session| session.connection != connection);
    }
}

/// The desk, and the way to the connections whose sessions are evicted.
#[derive(Debug, Default)]
pub struct Prompts {
    /// Sessions and known frames.
    pub desk: PromptDesk,
    inlets: BTreeMap<ConnectionId, mpsc::Sender<Session>>,
}

impl Prompts {
    /// A connection wants to be told of its evicted sessions.
    pub fn open(&mut self, connection: ConnectionId, evictions: mpsc::Sender<Session>) {
        self.inlets.insert(connection, evictions);
    }

    /// Takes a prompt, and tells the connection whose session makes room for it.
    pub fn take(
        &mut self,
        connection: ConnectionId,
        session_id: &str,
        frame_id: &str,
        now: Timestamp,
    ) {
        if let Some(evicted) = self.desk.take(connection, session_id, frame_id, now)
            && let Some(inlet) = self.inlets.get(&evicted.connection)
        {
            // A full channel holds as many as may be sent on the connection.
            let _ = inlet.try_send(evicted);
        }
    }

    /// A connection is gone.
    pub fn close(&mut self, connection: ConnectionId) {
        self.inlets.remove(&connection);
        self.desk.disconnected(connection);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    /// Takes prompts of these sessions on connection 1; who is evicted by each.
    fn take(desk: &mut PromptDesk, sessions: impl IntoIterator<Item = usize>) -> Vec<String> {
        let sessions = sessions.into_iter();
        sessions
            .filter_map(|n| desk.take(1, &format!("S{n}"), &format!("f{n}"), NOW))
            .map(|evicted| evicted.id)
            .collect()
    }

    #[test]
    fn the_session_that_began_first_makes_room() {
        let mut desk = PromptDesk::default();
        assert_eq!(take(&mut desk, 1..=100), Vec::<String>::new());
        assert_eq!(take(&mut desk, [1, 2, 100]), Vec::<String>::new());
        assert_eq!(
            take(&mut desk, [101, 102]),
            ["S1", "S2"],
            "being used does not make a session younger"
        );
        assert_eq!(take(&mut desk, [1]), ["S3"], "an evicted one begins anew");
    }

    #[test]
    fn an_eviction_names_the_last_owner_and_the_last_prompt() {
        let mut desk = PromptDesk::default();
        take(&mut desk, 1..=100);
        assert_eq!(desk.take(2, "S1", "again", NOW), None);
        assert_eq!(
            desk.take(1, "S101", "f101", NOW),
            Some(Session {
                connection: 2,
                id: "S1".into(),
                frame_id: "again".into()
            })
        );
    }

    #[test]
    fn sessions_end_with_their_connection() {
        let mut desk = PromptDesk::default();
        take(&mut desk, 1..=100);
        desk.take(2, "S5", "again", NOW);
        desk.disconnected(1);
        assert_eq!(take(&mut desk, 201..=299), Vec::<String>::new());
        assert_eq!(take(&mut desk, [300]), ["S5"]);
    }

    #[test]
    fn prompts_are_remembered_for_ten_minutes() {
        let mut desk = PromptDesk::default();
        assert!(!desk.is_repeat("f1", NOW));
        take(&mut desk, [1]);
        let at = |seconds| Timestamp::from_second(seconds).unwrap();
        assert!(desk.is_repeat("f1", at(599)));
        assert!(!desk.is_repeat("f1", at(600)));
    }
}
