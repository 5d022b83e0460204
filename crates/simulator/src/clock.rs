//! The one place where the simulator reads the wall clock and draws from the system's randomness.
//!
//! Everything that decides takes both as arguments. Start at [`now`].

use cuecard_protocol::Millis;
use jiff::Timestamp;

/// Now.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the simulator's clock; all others take the time as an argument"
)]
pub fn now() -> Timestamp {
    Timestamp::now()
}

/// The same time as the rules count it; the epoch for anything before it.
pub fn millis(at: Timestamp) -> Millis {
    Millis(u64::try_from(at.as_millisecond()).unwrap_or(0))
}

/// The time of that many milliseconds since the epoch, or the end of time.
pub fn timestamp(at: Millis) -> Timestamp {
    let millis = i64::try_from(at.0).unwrap_or(i64::MAX);
    Timestamp::from_millisecond(millis).unwrap_or(Timestamp::MAX)
}

/// A new token. All the characters the platform allows occur in it, so that a client that encodes too much or too
/// little in a query is found out.
pub fn fresh_token() -> String {
    let [first, second] = [uuid::Uuid::new_v4(), uuid::Uuid::new_v4()];
    format!("sim-{}.{}_~", first.simple(), second.simple())
}

/// A new id, for connections and for pushed frames that carry none.
pub fn fresh_id() -> String {
    uuid::Uuid::new_v4().to_string()
}

/// Writes a time as the platform does: ISO 8601 with milliseconds and `Z`.
pub fn iso(at: Timestamp) -> String {
    format!("{at:.3}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_safe_in_a_query() {
        let token = fresh_token();
        assert!(
            token
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)),
            "{token}"
        );
        assert_ne!(token, fresh_token());
    }

    #[test]
    fn times_have_three_decimals() {
        assert_eq!(
            iso(Timestamp::from_millisecond(1_795_164_610_765).unwrap()),
            "2026-11-20T08:50:10.765Z"
        );
        assert_eq!(
            iso(Timestamp::from_millisecond(1_795_164_610_000).unwrap()),
            "2026-11-20T08:50:10.000Z"
        );
    }
}
