//! The only place that reads the time and draws random numbers.

use cuecard_protocol::Millis;

/// The browser's clock, in milliseconds since the epoch.
pub fn now() -> Millis {
    #[expect(clippy::disallowed_methods, reason = "this file is the clock")]
    let now = js_sys::Date::now();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "whole milliseconds, positive until the year 287396"
    )]
    Millis(now as u64)
}

/// A number in 0 … 1, without 1.
pub fn random() -> f64 {
    js_sys::Math::random()
}
