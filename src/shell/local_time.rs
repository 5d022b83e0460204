//! Days and hours where the agent sits.

use cuecard_protocol::Millis;
use js_sys::Date;

const DAY: f64 = 86_400_000.0;

/// How many midnights lie between `now` and `at`; negative for the past.
pub fn days_ahead(at: Millis, now: Millis) -> i32 {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "whole days, and a cast saturates"
    )]
    // Rounded, because a day may be an hour shorter or longer.
    let days = ((midnight(at) - midnight(now)) / DAY).round() as i32;
    days
}

/// This hour, so many days after `now`.
pub fn at_hour(now: Millis, days: u32, hour: u32) -> Millis {
    let date = date(now);
    date.set_date(date.get_date() + days);
    date.set_hours(hour);
    date.set_minutes(0);
    date.set_seconds(0);
    date.set_milliseconds(0);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "whole milliseconds after 1970"
    )]
    Millis(date.get_time() as u64)
}

/// The hour of the day.
pub fn hour(at: Millis) -> u32 {
    date(at).get_hours()
}

/// The day of the week; 0 is Sunday.
pub fn weekday(at: Millis) -> u32 {
    date(at).get_day()
}

fn midnight(at: Millis) -> f64 {
    let date = date(at);
    date.set_hours(0);
    date.set_minutes(0);
    date.set_seconds(0);
    date.set_milliseconds(0)
}

fn date(at: Millis) -> Date {
    #[expect(clippy::cast_precision_loss, reason = "exact until the year 287396")]
    let at = at.0 as f64;
    Date::new(&at.into())
}
