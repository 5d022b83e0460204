//! What was seen within the last ten minutes; pure (platform wire, section 14.7).

use std::collections::{BTreeSet, VecDeque};

use jiff::{SignedDuration, Timestamp};

/// So long an id is remembered.
pub const MEMORY: SignedDuration = SignedDuration::from_mins(10);

/// Ids seen within the last ten minutes.
#[derive(Debug)]
pub struct Recent<T> {
    ids: BTreeSet<T>,
    order: VecDeque<(Timestamp, T)>,
}

impl<T> Default for Recent<T> {
    fn default() -> Self {
        Self {
            ids: BTreeSet::new(),
            order: VecDeque::new(),
        }
    }
}

impl<T: Ord + Clone> Recent<T> {
    /// Remembers an id; whether it is new. A repeat does not extend the ten minutes.
    pub fn insert(&mut self, id: T, now: Timestamp) -> bool {
        self.forget(now);
        let new = self.ids.insert(id.clone());
        if new {
            self.order.push_back((now, id));
        }
        new
    }

    /// Whether an id is remembered.
    pub fn contains(&mut self, id: &T, now: Timestamp) -> bool {
        self.forget(now);
        self.ids.contains(id)
    }

    fn forget(&mut self, now: Timestamp) {
        while let Some((seen, _)) = self.order.front()
            && now.duration_since(*seen) >= MEMORY
            && let Some((_, old)) = self.order.pop_front()
        {
            self.ids.remove(&old);
        }
    }
}
