//! What a `Retry-After` header asks for: seconds, or an HTTP date.
//!
//! Pure: the date is read against a `now` that the caller gives. Start at [`parse`]. How long a caller is willing to
//! wait is not decided here.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, header::RETRY_AFTER};

/// The longest wait that is believed. A platform that asks for more is asked again after this long.
pub const LONGEST: Duration = Duration::from_hours(24);

/// The wait that `value` asks for, counted from `now`; `None` when it is neither whole seconds nor an HTTP date.
///
/// A date in the past means "now". Fractions of a second, signs and units are nonsense. Waits over a day are cut to
/// [`LONGEST`].
pub fn parse(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim_matches([' ', '\t']);
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // Only a number too large for u64 fails here, and that is surely more than a day.
        let seconds = value.parse().unwrap_or(u64::MAX);
        return Some(Duration::from_secs(seconds).min(LONGEST));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(now).unwrap_or_default().min(LONGEST))
}

/// [`parse`] for the first `Retry-After` of a response.
pub fn from_headers(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    parse(headers.get(RETRY_AFTER)?.to_str().ok()?, now)
}

/// What was asked for, as errors say it.
pub(crate) fn asked(wait: Option<Duration>) -> String {
    wait.map_or_else(
        || "no Retry-After".to_owned(),
        |wait| format!("{} s", wait.as_secs()),
    )
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use proptest::prelude::*;

    use super::*;

    /// 2026-11-20T08:50:00Z, as minutes.
    fn now() -> SystemTime {
        UNIX_EPOCH + Duration::from_mins(29_919_410)
    }

    #[test]
    fn golden() {
        let cases = [
            ("0", Some(0)),
            ("2", Some(2)),
            (" 120 ", Some(120)),
            ("86400", Some(86_400)),
            ("86401", Some(86_400)),
            ("99999999999999999999999999", Some(86_400)),
            ("Fri, 20 Nov 2026 08:50:07 GMT", Some(7)),
            ("Friday, 20-Nov-26 08:50:07 GMT", Some(7)),
            ("Fri Nov 20 08:50:07 2026", Some(7)),
            ("Fri, 20 Nov 2026 08:49:00 GMT", Some(0)),
            ("Fri, 20 Nov 2099 08:49:00 GMT", Some(86_400)),
            ("", None),
            ("-1", None),
            ("+1", None),
            ("1.5", None),
            ("2s", None),
            ("soon", None),
            ("2026-11-20T08:50:07Z", None),
            ("Fri, 32 Nov 2026 08:50:07 GMT", None),
            ("٣", None),
        ];
        for (value, seconds) in cases {
            assert_eq!(
                parse(value, now()),
                seconds.map(Duration::from_secs),
                "{value:?}"
            );
        }
    }

    #[test]
    fn a_header_that_is_not_text_asks_for_nothing() {
        let mut headers = HeaderMap::new();
        assert_eq!(from_headers(&headers, now()), None);
        headers.insert(
            RETRY_AFTER,
            http::HeaderValue::from_bytes(b"\xff").expect("opaque bytes are allowed"),
        );
        assert_eq!(from_headers(&headers, now()), None);
        headers.insert(RETRY_AFTER, http::HeaderValue::from_static("3"));
        assert_eq!(from_headers(&headers, now()), Some(Duration::from_secs(3)));
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic_and_within_a_day(value in ".{0,40}") {
            if let Some(wait) = parse(&value, now()) {
                prop_assert!(wait <= LONGEST);
            }
        }

        #[test]
        fn both_forms_of_one_wait_mean_the_same(seconds in 0u64..86_400) {
            let date = httpdate::fmt_http_date(now() + Duration::from_secs(seconds));
            prop_assert_eq!(parse(&date, now()), Some(Duration::from_secs(seconds)));
            prop_assert_eq!(parse(&seconds.to_string(), now()), Some(Duration::from_secs(seconds)));
        }
    }
}
