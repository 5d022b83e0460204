//! What has happened in this session, for the agent's own insight: what became of cards, and how the connection was.
//! Bounded, and without any words of cards or customers. No numbers are made here; who shows them makes them from the
//! lines. Start at [`Insights::card`] for what goes in, at [`Insights::lines`] for what comes out.

use std::collections::VecDeque;
use std::fmt::Write as _;

use cuecard_protocol::{AgentId, Card, CardId, InteractionId, Millis, RemovalReason, VERSION};

use crate::clock::Clock;
use crate::ordered::Kept;
use crate::{Panel, TypingCounts};

/// Most entries of cards; the oldest leave first.
const MAX_OF_CARDS: usize = 2_000;
/// Most changes of the connection, which no flood of cards pushes out.
const MAX_CHANGES: usize = 500;

/// The entries, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Insights {
    of_cards: VecDeque<Entry>,
    changes: VecDeque<Entry>,
    /// How many there have been.
    count: u64,
    /// When the first happened (steady time).
    since: Option<Millis>,
    /// How the connection was before the oldest of its changes; empty when none has left.
    before: &'static str,
    /// How it was last.
    connection: &'static str,
    /// What the server had before this had to wait for the panel (server's clock).
    connected_at: Millis,
}

/// Something that happened.
#[derive(Debug)]
struct Entry {
    /// Its place among all, in either list.
    nth: u64,
    /// When (steady time).
    at: Millis,
    what: &'static str,
    card: Option<Named>,
}

/// What is kept of a card.
#[derive(Debug)]
struct Named {
    id: CardId,
    interaction_id: InteractionId,
    kind: &'static str,
    published_at: Millis,
    has_waited: bool,
}

impl Insights {
    /// Something became of a card.
    pub(crate) fn card(&mut self, what: &'static str, card: &Card, at: Millis) {
        let named = Named {
            id: card.id.clone(),
            interaction_id: card.interaction_id.clone(),
            kind: card.kind(),
            published_at: card.published_at,
            has_waited: card.received_at < self.connected_at,
        };
        let entry = self.entry(what, Some(named), at);
        keep(&mut self.of_cards, entry, MAX_OF_CARDS);
    }

    /// A card left, by itself or because the broker says so.
    pub(crate) fn left(&mut self, reason: RemovalReason, kept: &Kept, at: Millis) {
        let what = match reason {
            RemovalReason::Expired if !kept.is_seen => "unseen",
            reason => reason.as_str(),
        };
        self.card(what, &kept.card, at);
    }

    /// How the connection is; noted when it is otherwise than before.
    pub(crate) fn connection(&mut self, what: &'static str, at: Millis) {
        if self.connection != what {
            self.connection = what;
            let entry = self.entry(what, None, at);
            if let Some(gone) = keep(&mut self.changes, entry, MAX_CHANGES) {
                self.before = gone.what;
            }
        }
    }

    /// The server said welcome when its clock showed this.
    pub(crate) const fn welcomed(&mut self, server: Millis) {
        self.connected_at = server;
    }

    /// Forgets everything: another agent.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// One line of JSON for each entry, by the server's clock and in its order; before them one about all of them. A card
    /// says when its publisher sent it, and whether it had to wait for the panel, which its way can then not be blamed for.
    fn lines(&self, agent: &str, typing: TypingCounts, clock: &Clock) -> String {
        let at = |steady| clock.server(steady).0;
        let TypingCounts {
            keystrokes, calls, ..
        } = typing;
        let mut text = String::new();
        // Writing into a text does not fail.
        let _ = writeln!(
            text,
            r#"{{"at":{},"event":"summary","agent":{},"version":"{VERSION}","since":{},"left_out":{},"before":"{}","keystrokes":{keystrokes},"typing_calls":{calls}}}"#,
            at(clock.now()),
            quoted(agent),
            at(self.since.unwrap_or(clock.now())),
            self.count - (self.of_cards.len() + self.changes.len()) as u64,
            self.before,
        );
        let mut changes = self.changes.iter().peekable();
        for entry in &self.of_cards {
            while let Some(change) = changes.next_if(|change| change.nth < entry.nth) {
                change.write(&mut text, clock);
            }
            entry.write(&mut text, clock);
        }
        for change in changes {
            change.write(&mut text, clock);
        }
        text
    }

    fn entry(&mut self, what: &'static str, card: Option<Named>, at: Millis) -> Entry {
        self.since.get_or_insert(at);
        self.count += 1;
        Entry {
            nth: self.count,
            at,
            what,
            card,
        }
    }
}

impl Entry {
    fn write(&self, text: &mut String, clock: &Clock) {
        let _ = write!(
            text,
            r#"{{"at":{},"event":"{}""#,
            clock.server(self.at).0,
            self.what
        );
        if let Some(card) = &self.card {
            let _ = write!(
                text,
                r#","card":"{}","interaction":{},"kind":"{}","published_at":{},"waited":{}"#,
                card.id,
                quoted(card.interaction_id.as_str()),
                card.kind,
                card.published_at.0,
                if card.has_waited { "true" } else { "false" },
            );
        }
        text.push_str("}\n");
    }
}

/// Adds an entry, and gives the oldest back if there were as many as there may be.
fn keep(entries: &mut VecDeque<Entry>, entry: Entry, most: usize) -> Option<Entry> {
    let oldest = (entries.len() == most)
        .then(|| entries.pop_front())
        .flatten();
    entries.push_back(entry);
    oldest
}

impl Panel {
    /// What has happened in this session, as lines of JSON (see `docs/insights.md`).
    pub fn insights(&self) -> String {
        let agent = self.agent_id.as_ref().map_or("", AgentId::as_str);
        self.insights
            .lines(agent, self.typing.counts(), &self.clock)
    }
}

/// As JSON: an id may have quotes.
fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}
