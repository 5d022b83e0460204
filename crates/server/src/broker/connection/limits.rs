//! What one socket may take. The numbers of the protocol, and those that tests tighten.

use cuecard_protocol::{Millis, PING_EVERY, PONG_WITHIN};

/// What one socket may take, and how patient the broker is with it.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// `hello` comes within this, or the socket is closed with 4400.
    pub hello_within: Millis,
    /// A socket that has been quiet for so long is probed with a WebSocket ping: a page in the background may not be
    /// allowed to run its own timer, but its browser answers.
    pub probe_after: Millis,
    /// A socket that has been quiet for so long is dead, if it was probed in time.
    pub dead_after: Millis,
    /// While the agent types, a socket that has been quiet for so long is probed.
    pub typing_probe_after: Millis,
    /// While the agent types, a socket that has been quiet for so long stands for no panel any more until something
    /// comes, if it was probed in time: an indicator must not stay on because a network vanished without a word.
    pub typing_silent_after: Millis,
    /// A socket that has been behind its log for so long is cut off with 4408.
    pub behind_at_most: Millis,
    /// A panel that has missed more entries than this gets a snapshot: there is less to say.
    pub replay_at_most: u64,
    /// Messages that may come at once: a panel that was offline sends its whole outbox.
    pub burst: u64,
    /// Messages a second, after that.
    pub per_second: u64,
    /// A message that could not be written within this is one for a slow consumer: 4408.
    pub write_within: Millis,
    /// A close frame may take so long to leave, and the browser so long to answer it.
    pub close_within: Millis,
    /// Sockets of one session: tabs.
    pub sockets_per_session: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            hello_within: Millis::from_secs(10),
            probe_after: PING_EVERY,
            dead_after: PING_EVERY.plus(PONG_WITHIN),
            typing_probe_after: Millis(1_500),
            typing_silent_after: Millis(3_000),
            behind_at_most: Millis::from_secs(30),
            replay_at_most: 1_000,
            burst: 1_000,
            per_second: 100,
            write_within: Millis::from_secs(10),
            close_within: Millis::from_secs(3),
            sockets_per_session: 20,
        }
    }
}

/// Who is asked late, because this server was held up, has as long to answer as who is asked in time.
impl Limits {
    /// When a socket is dead that was last heard at `heard`, and has not answered the probe of `probed`.
    pub(super) fn dead_at(&self, heard: Millis, probed: Millis) -> Millis {
        let to_answer = self.dead_after.since(self.probe_after);
        heard.plus(self.dead_after).max(probed.plus(to_answer))
    }

    /// As [`dead_at`](Self::dead_at): when a panel is silent whose agent types.
    pub(super) fn silent_at(&self, heard: Millis, probed: Millis) -> Millis {
        let to_answer = self.typing_silent_after.since(self.typing_probe_after);
        heard
            .plus(self.typing_silent_after)
            .max(probed.plus(to_answer))
    }
}
