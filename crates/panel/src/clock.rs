//! Time inside the panel: steady, and related to the server's. Reads no clock; the shell's `now` comes in.
//!
//! A browser's wall clock can be set back. A wait of one second must not become an hour then, so the machines run on
//! a steady time that only ever moves on, and what leaves the panel is turned back into the browser's.

use cuecard_protocol::Millis;

/// A reading of the server's clock may have been so long on its way. One that is at most this much behind the best so
/// far was late; the clock itself has not gone back.
const LONGEST_DELAY: i64 = 30_000;

/// Steady time, and how far the server's clock is from it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Clock {
    now: Millis,
    /// Steady time minus the browser's: all that the browser's clock was ever set back by.
    set_back: Millis,
    /// Server's clock minus steady time, in milliseconds, once it has been said.
    server_ahead: Option<i64>,
}

impl Clock {
    /// Takes the browser's time and returns the steady one.
    pub(crate) fn advance(&mut self, browser: Millis) -> Millis {
        let steady = browser.plus(self.set_back);
        self.set_back = self.set_back.plus(self.now.since(steady));
        self.now = self.now.max(steady);
        self.now
    }

    /// The steady time of the last step.
    pub(crate) const fn now(&self) -> Millis {
        self.now
    }

    /// The steady time of a browser's time, without moving on.
    pub(crate) fn steady(&self, browser: Millis) -> Millis {
        browser.plus(self.set_back).max(self.now)
    }

    /// The browser's time of a steady one.
    pub(crate) const fn browser(&self, steady: Millis) -> Millis {
        steady.since(self.set_back)
    }

    /// The server said what its clock showed when it wrote. True if that was news.
    pub(crate) fn set_server(&mut self, server: Millis) -> bool {
        let Ok(ahead) = i64::try_from(i128::from(server.0) - i128::from(self.now.0)) else {
            return false;
        };
        let best = match self.server_ahead {
            Some(best) if (0..=LONGEST_DELAY).contains(&best.saturating_sub(ahead)) => best,
            _ => ahead,
        };
        self.server_ahead.replace(best) != Some(best)
    }

    fn server_ahead(&self) -> i64 {
        self.server_ahead.unwrap_or(0)
    }

    /// The server's time of a steady one.
    pub(crate) fn server(&self, steady: Millis) -> Millis {
        Millis(steady.0.saturating_add_signed(self.server_ahead()))
    }

    /// The steady time of a server's.
    pub(crate) fn steady_from_server(&self, server: Millis) -> Millis {
        Millis(
            server
                .0
                .saturating_add_signed(self.server_ahead().saturating_neg()),
        )
    }

    /// Server's clock minus the browser's, in milliseconds.
    pub(crate) fn offset(&self) -> i64 {
        let set_back = i64::try_from(self.set_back.0).unwrap_or(i64::MAX);
        self.server_ahead().saturating_add(set_back)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_goes_on_when_the_browsers_clock_is_set_back() {
        let mut clock = Clock::default();
        assert_eq!(clock.advance(Millis(10_000)), Millis(10_000));
        assert!(clock.set_server(Millis(12_000)));
        assert_eq!(clock.offset(), 2_000);

        assert_eq!(clock.advance(Millis(4_000)), Millis(10_000));
        assert_eq!(clock.advance(Millis(5_000)), Millis(11_000));
        assert_eq!(clock.browser(Millis(12_500)), Millis(6_500));
        assert_eq!(clock.steady(Millis(6_500)), Millis(12_500));
        assert_eq!(clock.offset(), 8_000);
        assert_eq!(clock.server(clock.now()), Millis(13_000));
        assert_eq!(clock.steady_from_server(Millis(13_000)), Millis(11_000));
    }

    #[test]
    fn a_late_reading_does_not_turn_the_servers_clock_back() {
        let mut clock = Clock::default();
        clock.advance(Millis(10_000));
        assert!(clock.set_server(Millis(12_000)));
        clock.advance(Millis(15_000));
        // Written five seconds ago.
        assert!(!clock.set_server(Millis(12_000)));
        assert_eq!(clock.server(clock.now()), Millis(17_000));
        // One that came faster than the first.
        assert!(clock.set_server(Millis(17_500)));
        // This long it was not on its way: the clock was set back.
        clock.advance(Millis(115_000));
        assert!(clock.set_server(Millis(17_500)));
        assert_eq!(clock.server(clock.now()), Millis(17_500));
    }

    #[test]
    fn nonsense_from_the_server_overflows_nothing() {
        let mut clock = Clock::default();
        clock.advance(Millis(5));
        clock.set_server(Millis(u64::MAX));
        assert_eq!(clock.offset(), 0);
        clock.set_server(Millis(0));
        assert_eq!(clock.server(Millis(1)), Millis(0));
    }
}
