//! How webhooks are signed, those we send and those we get: HMAC-SHA256 over `<timestamp>.<body>` (platform wire, section
//! 14.9). Pure; start at [`sign`] and [`check`].

use cuecard_protocol::Millis;
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha256;

/// Header: when it was sent, in seconds since the epoch.
pub const TIMESTAMP: &str = "X-Cuecard-Timestamp";
/// Header: `v1=` and the signature in hex.
pub const SIGNATURE: &str = "X-Cuecard-Signature";
/// Header: a UUID, the same on every try.
pub const DELIVERY: &str = "X-Cuecard-Delivery";

/// A signature is believed for so long, before and after its time (platform wire, section 14.9).
pub const BELIEVED_FOR: Millis = Millis::from_secs(5 * 60);

/// What begins a signature of the one version there is.
const VERSION: &str = "v1=";

/// Why a webhook is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unproven {
    /// It is not signed.
    #[error("the header {0} is missing, expected a signed webhook")]
    Missing(&'static str),
    /// The timestamp is no time.
    #[error("the header {TIMESTAMP} is no whole number, expected seconds since the epoch")]
    NoTime,
    /// Signed too long ago, or in the future.
    #[error(
        "the header {TIMESTAMP} is {away} s away from this server's clock, expected at most {} s",
        BELIEVED_FOR.0 / 1000
    )]
    TooOld {
        /// How far, in seconds.
        away: u64,
    },
    /// The signature is another.
    #[error(
        "the header {SIGNATURE} does not fit the body, expected v1= and its HMAC-SHA256 in hex"
    )]
    Wrong,
}

/// The headers [`TIMESTAMP`] and [`SIGNATURE`] of a body that is sent now.
pub fn sign(secret: &SecretString, now: Millis, body: &[u8]) -> (String, String) {
    let timestamp = (now.0 / 1000).to_string();
    let mac = mac(secret, &timestamp, body).finalize().into_bytes();
    let signature = format!("{VERSION}{}", hex::encode(mac));
    (timestamp, signature)
}

/// Whether whoever knows the secret has signed this body about now. The signature is compared in constant time.
pub fn check(
    secret: &SecretString,
    timestamp: Option<&str>,
    signature: Option<&str>,
    body: &[u8],
    now: Millis,
) -> Result<(), Unproven> {
    let timestamp = timestamp.ok_or(Unproven::Missing(TIMESTAMP))?;
    let signature = signature.ok_or(Unproven::Missing(SIGNATURE))?;
    let seconds: u64 = timestamp.parse().map_err(|_| Unproven::NoTime)?;
    let away = seconds.abs_diff(now.0 / 1000);
    if away > BELIEVED_FOR.0 / 1000 {
        return Err(Unproven::TooOld { away });
    }
    let given = signature.strip_prefix(VERSION).map(hex::decode);
    let Some(Ok(given)) = given else {
        return Err(Unproven::Wrong);
    };
    mac(secret, timestamp, body)
        .verify_slice(&given)
        .map_err(|_| Unproven::Wrong)
}

fn mac(secret: &SecretString, timestamp: &str, body: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes())
        .expect("HMAC takes keys of any length");
    mac.update(timestamp.as_bytes());
    mac.update(b".");
    mac.update(body);
    mac
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: Millis = Millis(1_795_164_610_765);
    const BODY: &[u8] = b"{\"a\":1}";
    const TIME: &str = "1795164610";
    /// Computed with Python: `hmac.new(b"0123456789abcdef", b'1795164610.{"a":1}', hashlib.sha256).hexdigest()`.
    const SIGNED: &str = "v1=102f97abfc4a3d2fef2baf5a7eda6cd832f48fdb593fe9405386a0301176faad";

    fn secret() -> SecretString {
        SecretString::from("0123456789abcdef")
    }

    #[test]
    fn the_signature_is_that_of_another_implementation() {
        let expected = (TIME.to_owned(), SIGNED.to_owned());
        assert_eq!(sign(&secret(), NOW, BODY), expected);
        assert_eq!(
            check(&secret(), Some(TIME), Some(SIGNED), BODY, NOW),
            Ok(())
        );
    }

    #[test]
    fn what_is_missing_wrong_or_for_another_body_is_refused() {
        let refused = |timestamp, signature, body| {
            check(&secret(), timestamp, signature, body, NOW).expect_err("refused")
        };
        let both = (Some(TIME), Some(SIGNED));
        assert_eq!(refused(None, both.1, BODY), Unproven::Missing(TIMESTAMP));
        assert_eq!(refused(both.0, None, BODY), Unproven::Missing(SIGNATURE));
        assert_eq!(refused(both.0, both.1, b"{\"a\":2}"), Unproven::Wrong);
        // The same moment, but not the text that was signed.
        assert_eq!(refused(Some("01795164610"), both.1, BODY), Unproven::Wrong);
        for no_time in ["", "now", "-1", "1795164610.5", " 1795164610"] {
            assert_eq!(refused(Some(no_time), both.1, BODY), Unproven::NoTime);
        }
        for wrong in [
            "",
            "v1=",
            "v1=10",
            "v1=xx",
            "v2=102f97abfc4a3d2fef2baf5a7eda6cd832f48fdb593fe9405386a0301176faad",
            "102f97abfc4a3d2fef2baf5a7eda6cd832f48fdb593fe9405386a0301176faad",
            "v1=102f97abfc4a3d2fef2baf5a7eda6cd832f48fdb593fe9405386a0301176faae",
        ] {
            assert_eq!(refused(both.0, Some(wrong), BODY), Unproven::Wrong);
        }
        let other = SecretString::from("fedcba9876543210");
        assert_eq!(
            check(&other, both.0, both.1, BODY, NOW),
            Err(Unproven::Wrong)
        );
    }

    #[test]
    fn five_minutes_are_near_enough_on_both_sides() {
        let (timestamp, signature) = sign(&secret(), NOW, BODY);
        let at = |now| check(&secret(), Some(&timestamp), Some(&signature), BODY, now);
        let begin_of_second = Millis(1_795_164_610_000);
        assert_eq!(at(begin_of_second.plus(Millis(300_999))), Ok(()));
        assert_eq!(
            at(begin_of_second.plus(Millis(301_000))),
            Err(Unproven::TooOld { away: 301 })
        );
        assert_eq!(at(Millis(begin_of_second.0 - 300_000)), Ok(()));
        assert_eq!(
            at(Millis(begin_of_second.0 - 300_001)),
            Err(Unproven::TooOld { away: 301 })
        );
        assert_eq!(
            Unproven::TooOld { away: 301 }.to_string(),
            "the header X-Cuecard-Timestamp is 301 s away from this server's clock, expected at most 300 s"
        );
    }

    proptest! {
        #[test]
        fn what_was_signed_is_believed_and_nothing_else(body: Vec<u8>, other: Vec<u8>, now in 0..u64::from(u32::MAX)) {
            let now = Millis(now);
            let (timestamp, signature) = sign(&secret(), now, &body);
            let check = |body| check(&secret(), Some(&timestamp), Some(&signature), body, now);
            prop_assert_eq!(check(&body), Ok(()));
            prop_assert_eq!(check(&other).is_ok(), body == other);
        }
    }
}
