//! How a webhook is signed; pure (platform wire, section 14.9). Start with [`sign`].

use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::Sha256;

/// Header: when it was sent, in seconds since the epoch.
pub const TIMESTAMP: &str = "X-Cuecard-Timestamp";
/// Header: the signature.
pub const SIGNATURE: &str = "X-Cuecard-Signature";
/// Header: a UUID, the same on every redelivery.
pub const DELIVERY: &str = "X-Cuecard-Delivery";

/// `v1=` and the HMAC-SHA256 over `<timestamp>.<body>` in hex.
pub fn sign(secret: &SecretString, timestamp: i64, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes())
        .expect("HMAC takes keys of any length");
    mac.update(format!("{timestamp}.").as_bytes());
    mac.update(body);
    format!("v1={}", hex::encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed with `printf '1795164610.{"a":1}' | openssl dgst -sha256 -hmac 0123456789abcdef`.
    #[test]
    fn the_signature_is_that_of_another_implementation() {
        assert_eq!(
            sign(&"0123456789abcdef".into(), 1_795_164_610, b"{\"a\":1}"),
            "v1=102f97abfc4a3d2fef2baf5a7eda6cd832f48fdb593fe9405386a0301176faad"
        );
    }
}
