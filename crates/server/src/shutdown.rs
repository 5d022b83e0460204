//! How the parts run and learn that the server is going away, and how the server learns that they are done.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt as _;
use tokio::sync::watch;

/// Clones share one state. It goes from running to draining once and never back.
#[derive(Debug, Clone)]
pub struct Shutdown {
    draining: watch::Sender<bool>,
    held: watch::Sender<usize>,
}

/// While one lives, a drain waits (until its deadline). A gateway holds one for each socket.
#[must_use = "dropping it lets the server end"]
#[derive(Debug)]
pub struct Hold(watch::Sender<usize>);

impl Default for Shutdown {
    fn default() -> Self {
        Self {
            draining: watch::Sender::new(false),
            held: watch::Sender::new(0),
        }
    }
}

impl Shutdown {
    /// Begins the drain; more than once is the same as once.
    pub fn begin(&self) {
        self.draining.send_replace(true);
    }

    /// Whether the drain has begun.
    pub fn is_draining(&self) -> bool {
        *self.draining.borrow()
    }

    /// Returns when the drain begins; at once if it has.
    pub async fn draining(&self) {
        // The sender lives in `self`, so waiting cannot fail.
        let _ = self.draining.subscribe().wait_for(|begun| *begun).await;
    }

    /// Runs a part of the server in a task of its own. If it panics, the server can no longer do all of its work while it
    /// looks well from outside: so the drain begins, and whoever watches over the process starts it anew.
    pub fn run(&self, part: &'static str, work: impl Future<Output = ()> + Send + 'static) {
        let shutdown = self.clone();
        tokio::spawn(async move {
            if AssertUnwindSafe(work).catch_unwind().await.is_err() {
                tracing::error!(part, "a part of the server failed; the server ends");
                shutdown.begin();
            }
        });
    }

    /// Makes a drain wait for the caller.
    pub fn hold(&self) -> Hold {
        self.held.send_modify(|held| *held += 1);
        Hold(self.held.clone())
    }

    /// Returns when nobody holds the server any more.
    pub async fn idle(&self) {
        let _ = self.held.subscribe().wait_for(|held| *held == 0).await;
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.0.send_modify(|held| *held -= 1);
    }
}

#[cfg(test)]
mod tests {
    use tokio::task::yield_now;

    use super::*;

    #[tokio::test]
    async fn everybody_learns_of_the_drain_however_late_they_ask() {
        let shutdown = Shutdown::default();
        let early = tokio::spawn({
            let shutdown = shutdown.clone();
            async move { shutdown.draining().await }
        });
        yield_now().await;
        assert!(!shutdown.is_draining() && !early.is_finished());
        shutdown.begin();
        early.await.unwrap();
        shutdown.draining().await;
        assert!(shutdown.is_draining());
    }

    #[tokio::test]
    async fn a_part_that_fails_ends_the_server_and_holds_it_up_no_longer() {
        let shutdown = Shutdown::default();
        let (fail, failed) = tokio::sync::oneshot::channel::<()>();
        shutdown.run("one that ends", async {});
        let hold = shutdown.hold();
        shutdown.run("one that fails", async move {
            let _hold = hold;
            failed.await.unwrap();
        });
        yield_now().await;
        assert!(!shutdown.is_draining());
        drop(fail);
        shutdown.draining().await;
        shutdown.idle().await;
    }

    #[tokio::test]
    async fn idle_waits_for_the_last_hold() {
        let shutdown = Shutdown::default();
        let (one, two) = (shutdown.hold(), shutdown.hold());
        let idle = tokio::spawn({
            let shutdown = shutdown.clone();
            async move { shutdown.idle().await }
        });
        drop(one);
        yield_now().await;
        assert!(!idle.is_finished());
        drop(two);
        idle.await.unwrap();
    }
}
