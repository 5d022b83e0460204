//! The token endpoint (platform wire, section 2): the form that is posted and the JSON that answers it.
//!
//! Whether the client authenticates in the body or by HTTP Basic is a matter of which fields are filled; how tokens
//! are cached and refreshed is not said here.

use secrecy::SecretString;
use serde::{Deserialize, Deserializer, Serialize};

/// The form body of a token request, its fields in the order the platform's clients send them.
///
/// With HTTP Basic, `client_id` and `client_secret` stay `None` and go into the header. `username` and `password`
/// belong to the password grant only.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TokenRequest {
    /// `client_credentials` or `password`.
    pub grant_type: String,
    /// The client's id, when it authenticates in the body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// The client's secret, when it authenticates in the body.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "super::exposed_option"
    )]
    pub client_secret: Option<SecretString>,
    /// The access key id of the password grant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// The access key secret of the password grant.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "super::exposed_option"
    )]
    pub password: Option<SecretString>,
    /// The scopes asked for, separated by single spaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
}

/// The answer to a granted token request.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TokenResponse {
    /// The bearer token: letters, digits and `-._~` only, so that it is safe in a query as it stands.
    #[serde(serialize_with = "super::exposed")]
    pub access_token: SecretString,
    /// `Bearer`; no known client looks at it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_type: Option<String>,
    /// Lifetime in whole seconds. A number on the wire; numeric text is read too, because deployed clients survive
    /// it. `None` when the platform does not say, and then the token must not be cached.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "seconds"
    )]
    pub expires_in: Option<u64>,
    /// The scopes granted, when they are told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
}

/// A refused token request (RFC 6749, section 5.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenError {
    /// What kind of refusal.
    pub error: TokenErrorCode,
    /// The refusal in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_description: Option<String>,
}

/// The error codes of RFC 6749, section 5.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenErrorCode {
    /// A parameter is missing, repeated or malformed.
    InvalidRequest,
    /// Client authentication failed; the status is 401.
    InvalidClient,
    /// The grant (the access key of the password grant) is wrong or expired.
    InvalidGrant,
    /// This client may not use this grant.
    UnauthorizedClient,
    /// The grant is not known.
    UnsupportedGrantType,
    /// A scope is unknown or not allowed to this client.
    InvalidScope,
    /// A code this version does not know.
    #[serde(other)]
    Unknown,
}

/// Reads seconds from a number or from numeric text; fractions are rounded down, so a token is never used too long.
fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Shape {
        Whole(u64),
        Fraction(f64),
        Text(String),
    }
    let number = match Option::<Shape>::deserialize(deserializer)? {
        None => return Ok(None),
        Some(Shape::Whole(whole)) => return Ok(Some(whole)),
        Some(Shape::Fraction(fraction)) => fraction,
        Some(Shape::Text(text)) => text.trim().parse().map_err(|_| {
            serde::de::Error::custom(format!(
                "expires_in is {text:?}, expected a number of seconds"
            ))
        })?,
    };
    if !number.is_finite() || number < 0.0 {
        return Err(serde::de::Error::custom(format!(
            "expires_in is {number}, expected seconds, 0 or more"
        )));
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked above to be finite and not negative; rounding down is wanted and huge values saturate"
    )]
    Ok(Some(number as u64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    #[test]
    fn request_fields_keep_the_order_of_the_recorded_clients() {
        let request = TokenRequest {
            grant_type: "client_credentials".into(),
            client_id: Some("cid".into()),
            client_secret: Some("csecret".into()),
            username: None,
            password: None,
            scope: Some("agentassist:content:write realtime:agentassist:publish".into()),
        };
        assert_eq!(
            serde_json::to_string(&request).unwrap(),
            r#"{"grant_type":"client_credentials","client_id":"cid","client_secret":"csecret","scope":"agentassist:content:write realtime:agentassist:publish"}"#
        );
        assert!(!format!("{request:?}").contains("csecret"));
    }

    #[test]
    fn response_is_read_and_written() {
        let json = r#"{"access_token":"tok-1","token_type":"Bearer","expires_in":1800}"#;
        let response: TokenResponse = serde_json::from_str(json).unwrap();
        assert_eq!(response.access_token.expose_secret(), "tok-1");
        assert_eq!(response.expires_in, Some(1800));
        assert_eq!(serde_json::to_string(&response).unwrap(), json);
        assert!(!format!("{response:?}").contains("tok-1"));
    }

    #[test]
    fn expires_in_is_read_leniently_but_not_blindly() {
        let read = |value: &str| {
            serde_json::from_str::<TokenResponse>(&format!(
                r#"{{"access_token":"t","expires_in":{value}}}"#
            ))
            .map(|response| response.expires_in)
            .map_err(|error| error.to_string())
        };
        assert_eq!(read("1799.9"), Ok(Some(1799)));
        assert_eq!(read(r#""1800""#), Ok(Some(1800)));
        assert_eq!(read("null"), Ok(None));
        assert!(read("-1").unwrap_err().contains("expires_in is -1"));
        assert!(
            read(r#""soon""#)
                .unwrap_err()
                .contains(r#"expires_in is "soon""#)
        );
        assert!(
            serde_json::from_str::<TokenResponse>(r#"{"access_token":"t"}"#)
                .unwrap()
                .expires_in
                .is_none()
        );
    }

    #[test]
    fn errors_follow_rfc_6749() {
        let json = r#"{"error":"invalid_client","error_description":"unknown client"}"#;
        let error: TokenError = serde_json::from_str(json).unwrap();
        assert_eq!(error.error, TokenErrorCode::InvalidClient);
        assert_eq!(serde_json::to_string(&error).unwrap(), json);
        let later: TokenError =
            serde_json::from_str(r#"{"error":"temporarily_unavailable"}"#).unwrap();
        assert_eq!(later.error, TokenErrorCode::Unknown);
    }
}
