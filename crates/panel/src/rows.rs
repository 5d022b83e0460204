//! Which cards the agent sees, and in which order: all of them or the tasks alone, through the filter, without those that
//! wait.

use std::rc::Rc;

use cuecard_protocol::{Card, CardBody, CardId, Millis};

use crate::ordered::{Kept, Place};
use crate::view::{CardState, CardView};
use crate::{Effect, Filter, Panel, Text};

/// What is on the list and what is kept from it.
pub(crate) struct Rows {
    /// In order, those of decided cards among them.
    pub(crate) cards: Vec<CardView>,
    /// How many the filter hides.
    pub(crate) filtered: usize,
    /// What waits while the agent reads.
    pub(crate) waiting: Vec<Rc<Card>>,
}

impl Panel {
    /// The rows of the feed.
    pub(crate) fn rows(&self) -> Rows {
        let mut filtered = 0;
        let mut waiting = Vec::new();
        let mut rows: Vec<(&Place, CardView)> = Vec::with_capacity(self.feed.iter().len());
        for (place, kept) in self.feed.iter() {
            if self.shows_tasks && !is_task(&kept.card) {
                continue;
            }
            let pending = self.dismissals.get(&kept.card.id);
            // What can be taken back stays in sight.
            if pending.is_none() && !self.filter.shows(&kept.card) {
                filtered += 1;
                continue;
            }
            if kept.is_waiting {
                waiting.push(kept.card.clone());
                continue;
            }
            let state = pending.map_or(CardState::Live, |pending| CardState::Undoable {
                until: self.clock.browser(pending.until),
                reason: pending.reason.clone(),
            });
            let row = CardView {
                card: kept.card.clone(),
                state,
                adopted: kept.adopted.clone(),
            };
            rows.push((place, row));
        }
        for decision in self.decisions.iter() {
            if self.shows_tasks && !is_task(&decision.card) {
                continue;
            }
            let at = rows.partition_point(|(place, _)| **place < decision.place);
            let row = CardView {
                card: decision.card.clone(),
                state: decision.state(),
                adopted: Vec::new(),
            };
            rows.insert(at, (&decision.place, row));
        }
        let mut cards: Vec<CardView> = Vec::with_capacity(rows.len());
        for (_, row) in rows {
            // There are few tasks, and a sort would be compiled for them alone.
            let at = if self.shows_tasks {
                let due = due_at(&row.card);
                cards.partition_point(|other| due_at(&other.card) <= due)
            } else {
                cards.len()
            };
            cards.insert(at, row);
        }
        Rows {
            cards,
            filtered,
            waiting,
        }
    }

    /// The agent wants to see the tasks alone, or all cards. A kind that was chosen is chosen no more.
    pub(crate) fn show_tasks(&mut self, shows_tasks: bool) {
        self.shows_tasks = shows_tasks;
        self.filter.kind = None;
        self.feed.show_waiting();
        self.revision += 1;
    }

    /// Makes sure that nothing hides this card.
    pub(crate) fn show_card(&mut self, card_id: CardId, effects: &mut Vec<Effect>) {
        if let Some(kept) = self.feed.get(&card_id) {
            self.shows_tasks &= is_task(&kept.card);
            self.filter = Filter::default();
            self.feed.show_waiting();
            self.revision += 1;
            effects.push(Effect::Focus(card_id));
        }
    }

    /// Without tasks there is no view of them either.
    pub(crate) fn leave_tasks(&mut self) {
        if self.shows_tasks && self.rows().cards.is_empty() && self.open_tasks() == 0 {
            self.show_tasks(false);
        }
    }

    /// Says when it comes to that, what stands in the place of the cards that the filter hides.
    pub(crate) fn tell_matches(&mut self) {
        let is_nothing = self.filter.is_set() && {
            let rows = self.rows();
            rows.cards.is_empty() && rows.filtered > 0
        };
        if is_nothing != self.matches_nothing {
            self.matches_nothing = is_nothing;
            let remark = Text::plain("Nothing matches");
            self.announcer.unsay(&remark);
            if is_nothing {
                self.announcer.remark(remark);
            }
        }
    }

    /// How many tasks are on the list; those that wait would bring a switch that moves it.
    pub(crate) fn open_tasks(&self) -> usize {
        let is_open = |kept: &Kept| {
            is_task(&kept.card) && !kept.is_waiting && self.dismissals.get(&kept.card.id).is_none()
        };
        self.feed.iter().filter(|(_, kept)| is_open(kept)).count()
    }
}

const fn is_task(card: &Card) -> bool {
    matches!(card.body, CardBody::Task(_))
}

const fn due_at(card: &Card) -> Option<Millis> {
    match &card.body {
        CardBody::Task(task) => Some(task.due_at),
        _ => None,
    }
}
