//! All that is on screen besides the cards, as one value. It changes rarely, so one comparison for each frame tells
//! whether anything of it is drawn again.

use cuecard_panel::{Asking, CardState, CardView, Filter, Handed, Status, View};

/// The view without its cards.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own, any may hold with any other"
)]
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// Whose panel; empty while unknown.
    pub agent: String,
    /// The connection.
    pub status: Status,
    /// Cards that have not been dismissed, on show or waiting.
    pub live: usize,
    /// Cards that wait while the agent reads.
    pub waiting: usize,
    /// Those of them that are critical alerts.
    pub waiting_critical: usize,
    /// Cards there is no room for.
    pub hidden: usize,
    /// Cards that the filter hides.
    pub filtered: usize,
    /// What the agent wants to see.
    pub filter: Filter,
    /// Whether only tasks are shown.
    pub shows_tasks: bool,
    /// Open tasks.
    pub tasks: usize,
    /// Whether a critical alert came while nobody looked.
    pub has_missed: bool,
    /// The snippet that was handed over last, for a moment.
    pub handed: Option<Handed>,
    /// The snippet whose variables are asked for.
    pub asking: Option<Asking>,
    /// Whether the customer sees that the agent is typing.
    pub is_typing: bool,
    /// The rows of dismissals that can be taken back.
    pub undoable: Vec<Row>,
    /// What the agent has opened.
    pub open: Open,
    /// Whether the list is empty.
    pub is_empty: bool,
    /// Whether the server runs another version.
    pub is_outdated: bool,
}

/// What the agent has opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Open {
    /// The search bar.
    pub search: bool,
    /// The sheet of keys.
    pub keys: bool,
    /// Rises when an offer was answered.
    pub answers: u8,
}

/// A row of the feed, of which its card's id and its state count.
#[derive(Debug, Clone)]
pub struct Row(pub CardView);

impl PartialEq for Row {
    fn eq(&self, other: &Self) -> bool {
        self.0.state == other.0.state && self.0.card.id == other.0.card.id
    }
}

impl State {
    /// That of this view.
    pub fn of(view: &View, open: Open) -> Self {
        let is_live = |row: &&CardView| row.state == CardState::Live;
        let is_undoable = |row: &&CardView| matches!(row.state, CardState::Undoable { .. });
        Self {
            agent: view
                .agent_id
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default(),
            status: view.status.clone(),
            live: view.cards.iter().filter(is_live).count() + view.waiting,
            waiting: view.waiting,
            waiting_critical: view.waiting_critical,
            hidden: view.hidden,
            filtered: view.filtered,
            filter: view.filter.clone(),
            shows_tasks: view.shows_tasks,
            tasks: view.tasks,
            has_missed: view.has_missed,
            handed: view.handed.clone(),
            asking: view.asking.clone(),
            is_typing: view.is_typing,
            undoable: view
                .cards
                .iter()
                .filter(is_undoable)
                .cloned()
                .map(Row)
                .collect(),
            open,
            is_empty: view.cards.is_empty(),
            is_outdated: view.is_outdated,
        }
    }
}
