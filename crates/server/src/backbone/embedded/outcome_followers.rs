//! Who waits for outcomes. Each client hears of its own only, so that one client's flood does not wake all others.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

/// The clients that have ever followed. Clones tell the same.
#[derive(Clone)]
pub(super) struct OutcomeFollowers(Arc<Mutex<Told>>);

struct Told {
    /// No outcome that was told is above.
    last: u64,
    of: BTreeMap<String, watch::Sender<u64>>,
}

impl OutcomeFollowers {
    /// Nobody follows yet, and this is the last outcome.
    pub fn new(last: u64) -> Self {
        let of = BTreeMap::new();
        Self(Arc::new(Mutex::new(Told { last, of })))
    }

    /// Follows the outcomes of a client. What it holds is not below the client's last.
    pub fn follow(&self, client: &str) -> watch::Receiver<u64> {
        let mut told = self.told();
        let last = told.last;
        let of = told.of.entry(client.to_owned());
        of.or_insert_with(|| watch::Sender::new(last)).subscribe()
    }

    /// Tells each of these clients its last outcome.
    pub fn tell(&self, news: &BTreeMap<String, u64>) {
        let mut told = self.told();
        for (client, n) in news {
            told.last = told.last.max(*n);
            if let Some(follower) = told.of.get(client) {
                follower.send_replace(*n);
            }
        }
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_client_hears_of_its_own() {
        let followers = OutcomeFollowers::new(3);
        let mut one = followers.follow("one");
        let mut other = followers.follow("other");
        assert_eq!(
            (*one.borrow_and_update(), *other.borrow_and_update()),
            (3, 3)
        );
        followers.tell(&BTreeMap::from([("one".to_owned(), 5)]));
        assert!(one.has_changed().unwrap() && !other.has_changed().unwrap());
        assert_eq!(*one.borrow_and_update(), 5);
        // Whoever comes later starts where all are.
        assert_eq!(*followers.follow("late").borrow(), 5);
        assert_eq!(*followers.follow("other").borrow(), 3);
    }
}
