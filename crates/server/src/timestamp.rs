//! The platform's time stamps: ISO 8601 with milliseconds and `Z`.

use cuecard_protocol::Millis;
use jiff::Timestamp;

/// The time as the platform writes it, for example `2026-11-20T08:50:10.765Z`.
pub fn write(at: Millis) -> String {
    let at = i64::try_from(at.0)
        .ok()
        .and_then(|ms| Timestamp::from_millisecond(ms).ok())
        .unwrap_or(Timestamp::MAX);
    format!("{at:.3}")
}

/// Reads an ISO 8601 time with an offset. `None` if it is none; a time before 1970 counts as 1970.
pub fn read(text: &str) -> Option<Millis> {
    // No form of a time stamp is longer, and nobody need parse a megabyte to learn that it is none.
    let at: Timestamp = text
        .get(..text.len().min(64))
        .filter(|start| start.len() == text.len())?
        .parse()
        .ok()?;
    Some(Millis(u64::try_from(at.as_millisecond()).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        assert_eq!(write(Millis(1_795_164_610_765)), "2026-11-20T08:50:10.765Z");
        assert_eq!(write(Millis(1_795_164_610_000)), "2026-11-20T08:50:10.000Z");
        assert_eq!(
            read("2026-11-20T08:50:10.765Z"),
            Some(Millis(1_795_164_610_765))
        );
        assert_eq!(
            read("2026-11-20T09:50:10.765+01:00"),
            Some(Millis(1_795_164_610_765))
        );
        assert_eq!(read("1969-01-01T00:00:00Z"), Some(Millis(0)));
        assert_eq!(write(Millis(u64::MAX)), "9999-12-30T22:00:00.999Z");
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            "now",
            "1795164610765",
            "2026-11-20",
            "2026-11-20T08:50:10",
            "2026-13-20T08:50:10Z",
            &"9".repeat(1 << 20),
        ] {
            assert_eq!(read(text), None);
        }
    }
}
