//! The one place of this crate that reads the time of day or draws random numbers. Everything else is told.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cuecard_protocol::Millis;
use sha2::{Digest as _, Sha256};

/// Time of day and randomness: the system's, or a test's. Clones share one time.
#[derive(Debug, Clone)]
pub struct Clock(Source);

#[derive(Debug, Clone)]
enum Source {
    System,
    Manual(Arc<Manual>),
}

#[derive(Debug)]
struct Manual {
    now: AtomicU64,
    drawn: AtomicU64,
}

impl Clock {
    /// The system's clock and randomness.
    pub const fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands at `now` until a test moves it, and whose random values are the same in every run.
    pub fn manual(now: Millis) -> Self {
        Self(Source::Manual(Arc::new(Manual {
            now: AtomicU64::new(now.0),
            drawn: AtomicU64::new(0),
        })))
    }

    /// Milliseconds since the Unix epoch.
    #[expect(clippy::disallowed_methods, reason = "the clock of this crate")]
    pub fn now(&self) -> Millis {
        match &self.0 {
            Source::System => {
                let since = SystemTime::now()
                    .duration_since(UNIX_EPOCH)
                    .unwrap_or_default();
                Millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
            }
            Source::Manual(manual) => Millis(manual.now.load(Ordering::SeqCst)),
        }
    }

    /// Moves a manual clock forward.
    ///
    /// # Panics
    /// On the system's clock, which nobody moves.
    pub fn advance(&self, span: Millis) {
        match &self.0 {
            Source::System => panic!("the system's clock cannot be moved"),
            Source::Manual(manual) => {
                manual.now.fetch_add(span.0, Ordering::SeqCst);
            }
        }
    }

    /// 256 random bits.
    pub fn random_bytes(&self) -> [u8; 32] {
        match &self.0 {
            Source::System => rand::random(),
            Source::Manual(manual) => {
                let drawn = manual.drawn.fetch_add(1, Ordering::SeqCst);
                Sha256::digest(drawn.to_be_bytes()).into()
            }
        }
    }

    /// 256 random bits as 43 characters of base64url.
    pub fn random_token(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.random_bytes())
    }

    /// A number uniform in 0 to 1, for jitter.
    pub fn draw(&self) -> f64 {
        match &self.0 {
            Source::System => rand::random(),
            Source::Manual(_) => {
                let [a, b, ..] = self.random_bytes();
                f64::from(u16::from_be_bytes([a, b])) / 65536.0
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_moves_for_all_its_clones_and_repeats_its_tokens() {
        let clock = Clock::manual(Millis(5));
        let other = clock.clone();
        clock.advance(Millis(3));
        assert_eq!(other.now(), Millis(8));
        let again = Clock::manual(Millis(0));
        assert_eq!(clock.random_token(), again.random_token());
        assert_ne!(
            clock.random_token(),
            Clock::manual(Millis(0)).random_token()
        );
    }

    #[test]
    fn a_token_has_256_bits_and_no_two_are_alike() {
        let clock = Clock::system();
        let (one, two) = (clock.random_token(), clock.random_token());
        assert_eq!(
            URL_SAFE_NO_PAD.decode(&one).map(|bytes| bytes.len()),
            Ok(32)
        );
        assert_ne!(one, two);
    }
}
