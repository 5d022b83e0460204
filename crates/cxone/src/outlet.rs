//! Events on their way to the one who listens: kept in order, none dropped, and a bound on how many wait.

use std::{collections::VecDeque, time::Duration};

use tokio::{sync::mpsc, time::timeout};

/// So many events may wait before a socket stops reading.
const LIMIT: usize = 64;
/// How long the last events may take to be taken.
const LAST_PATIENCE: Duration = Duration::from_secs(5);

/// The events that wait, and the channel they wait for.
pub(crate) struct Outlet<E> {
    waiting: VecDeque<E>,
    channel: mpsc::Sender<E>,
}

impl<E> Outlet<E> {
    /// An outlet to this channel.
    pub(crate) fn new(channel: mpsc::Sender<E>) -> Self {
        Self {
            waiting: VecDeque::new(),
            channel,
        }
    }

    /// Puts an event in line. One that nobody listens for any more is dropped.
    pub(crate) fn push(&mut self, event: E) {
        if !self.channel.is_closed() {
            self.waiting.push_back(event);
        }
    }

    /// Whether the socket should stop reading until the listener has caught up.
    pub(crate) fn is_full(&self) -> bool {
        self.waiting.len() >= LIMIT
    }

    /// Whether nothing waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Hands over what waits; ends when nothing does. Cancelling it loses nothing.
    pub(crate) async fn drain(&mut self) {
        while !self.waiting.is_empty() {
            let Ok(permit) = self.channel.reserve().await else {
                self.waiting.clear();
                return;
            };
            if let Some(event) = self.waiting.pop_front() {
                permit.send(event);
            }
        }
    }

    /// Hands over the last events, if they are wanted in time.
    pub(crate) async fn finish(mut self) {
        drop(timeout(LAST_PATIENCE, self.drain()).await);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn events_come_in_order_and_none_is_lost_when_draining_is_cancelled() {
        let (sender, mut receiver) = mpsc::channel(1);
        let mut outlet = Outlet::new(sender);
        for number in 0..LIMIT {
            assert!(!outlet.is_full());
            outlet.push(number);
        }
        assert!(outlet.is_full());
        let listener = tokio::spawn(async move {
            let mut got = Vec::new();
            while let Some(number) = receiver.recv().await {
                got.push(number);
            }
            got
        });
        while !outlet.is_empty() {
            tokio::select! {
                biased;
                () = outlet.drain() => {}
                () = tokio::task::yield_now() => {}
            }
        }
        drop(outlet);
        assert_eq!(
            listener.await.expect("the listener ends"),
            (0..LIMIT).collect::<Vec<_>>()
        );
    }

    #[tokio::test]
    async fn without_a_listener_nothing_waits() {
        let (sender, receiver) = mpsc::channel(1);
        let mut outlet = Outlet::new(sender);
        outlet.push(1);
        outlet.push(2);
        drop(receiver);
        outlet.drain().await;
        assert!(outlet.is_empty());
        outlet.push(3);
        assert!(outlet.is_empty());
    }
}
