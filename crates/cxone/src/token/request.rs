//! One token request: what is sent, and what the answer means.
//!
//! Pure but for [`send`], which makes the one round trip. Retries and caching are not here.

use std::time::Duration;

use http::StatusCode;
use reqwest::{Client, header};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize as _;

use super::error::TokenError;
use crate::{
    clock,
    http::{BodyError, describe, read},
    platform::{ClientAuth, Grant, Platform},
    retry_after,
    wire::oauth::{TokenError as Refusal, TokenErrorCode, TokenRequest, TokenResponse},
};

/// No token answer is larger; what is, is not read to its end.
const LONGEST_ANSWER: usize = 64 * 1024;
/// How much of the platform's own words an error repeats, in characters.
const LONGEST_REASON: usize = 200;

/// The form of the request, in the field order of the recorded clients.
fn form(platform: &Platform) -> TokenRequest {
    let in_body = platform.client_auth == ClientAuth::Body;
    let (grant_type, username, password) = match &platform.grant {
        Grant::ClientCredentials => ("client_credentials", None, None),
        Grant::Password {
            access_key_id,
            access_key_secret,
        } => (
            "password",
            Some(access_key_id.clone()),
            Some(access_key_secret.clone()),
        ),
    };
    TokenRequest {
        grant_type: grant_type.to_owned(),
        client_id: in_body.then(|| platform.client_id.clone()),
        client_secret: in_body.then(|| platform.client_secret.clone()),
        username,
        password,
        scope: Some(platform.scope.clone()).filter(|scope| !scope.is_empty()),
    }
}

/// Asks once.
pub(super) async fn send(http: &Client, platform: &Platform) -> Result<TokenResponse, TokenError> {
    let mut request = http
        .post(platform.token_url.as_url().clone())
        .header(header::ACCEPT, "application/json")
        .form(&form(platform));
    if platform.client_auth == ClientAuth::Basic {
        request = request.basic_auth(
            &platform.client_id,
            Some(platform.client_secret.expose_secret()),
        );
    }
    let unreachable = |error| TokenError::Unreachable {
        reason: describe(error),
    };
    let response = request.send().await.map_err(unreachable)?;
    let status = response.status();
    let wait = retry_after::from_headers(response.headers(), clock::wall());
    let body = read(response, LONGEST_ANSWER)
        .await
        .map_err(|error| match error {
            BodyError::Broken(reason) => TokenError::Unreachable { reason },
            BodyError::TooLong(_) => TokenError::Unreadable {
                reason: error.to_string(),
            },
        })?;
    if status.is_success() {
        granted(&body)
    } else {
        Err(refused(status, wait, &body, platform))
    }
}

/// A success is one only with a token that can be sent.
fn granted(body: &[u8]) -> Result<TokenResponse, TokenError> {
    let unreadable = |error: serde_json::Error| TokenError::Unreadable {
        // Data errors of the parser repeat a value, and that value could be the token: only expires_in may be told.
        reason: match error.to_string() {
            text if text.starts_with("expires_in ") || text.starts_with("missing field") => text,
            _ => format!(
                "not a token response in JSON (line {}, column {})",
                error.line(),
                error.column()
            ),
        },
    };
    // By way of an object, because serde would also read the fields from an array.
    let object: serde_json::Map<String, serde_json::Value> =
        serde_json::from_slice(body).map_err(unreadable)?;
    let answer =
        TokenResponse::deserialize(serde_json::Value::Object(object)).map_err(unreadable)?;
    let token = answer.access_token.expose_secret();
    if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        let reason = "access_token is empty or not plain visible ASCII".to_owned();
        return Err(TokenError::Unreadable { reason });
    }
    Ok(answer)
}

/// What a refusal means.
fn refused(
    status: StatusCode,
    wait: Option<Duration>,
    body: &[u8],
    platform: &Platform,
) -> TokenError {
    let refusal: Option<Refusal> = serde_json::from_slice(body).ok();
    let code = refusal.as_ref().map(|refusal| refusal.error);
    let reason = refusal.map_or_else(
        || "no reason given".to_owned(),
        |refusal| explain(&refusal, platform),
    );
    let (number, scope) = (status.as_u16(), platform.scope.clone());
    match (number, code) {
        (429, _) => TokenError::RateLimited {
            retry_after: wait.unwrap_or_default(),
        },
        (500.., _) => TokenError::Unavailable {
            status: number,
            retry_after: wait,
        },
        (403, _) | (400, Some(TokenErrorCode::InvalidScope)) => TokenError::Forbidden {
            status: number,
            scope,
            reason,
        },
        (401, _) | (400, Some(TokenErrorCode::InvalidClient | TokenErrorCode::InvalidGrant)) => {
            TokenError::Unauthorized {
                status: number,
                reason,
            }
        }
        _ => TokenError::Refused {
            status: number,
            reason,
        },
    }
}

/// The platform's code and words, on one line, and without our secrets should it echo them.
fn explain(refusal: &Refusal, platform: &Platform) -> String {
    let code = serde_json::to_value(refusal.error)
        .ok()
        .and_then(|code| code.as_str().map(str::to_owned));
    let mut reason = code.unwrap_or_default();
    if let Some(words) = &refusal.error_description {
        let mut words = words.replace(char::is_control, " ");
        for secret in secrets(platform) {
            if !secret.expose_secret().is_empty() {
                words = words.replace(secret.expose_secret(), "[redacted]");
            }
        }
        reason.push_str(": ");
        reason.extend(words.chars().take(LONGEST_REASON));
    }
    reason
}

fn secrets(platform: &Platform) -> impl Iterator<Item = &SecretString> {
    let key = match &platform.grant {
        Grant::ClientCredentials => None,
        Grant::Password {
            access_key_secret, ..
        } => Some(access_key_secret),
    };
    [Some(&platform.client_secret), key].into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::{HttpUrl, SocketUrl};

    fn platform() -> Platform {
        Platform {
            token_url: HttpUrl::parse("http://127.0.0.1:1/oauth/token").expect("a URL"),
            alerts_url: SocketUrl::parse("ws://127.0.0.1:1/a").expect("a URL"),
            suggestions_url: None,
            prompts_url: None,
            notifications_url: SocketUrl::parse("ws://127.0.0.1:1/n").expect("a URL"),
            grant: Grant::ClientCredentials,
            client_auth: ClientAuth::Body,
            client_id: "cid".into(),
            client_secret: "csecret".into(),
            scope: "agentassist:content:write realtime:agentassist:publish".into(),
        }
    }

    fn body(platform: &Platform) -> String {
        let request = Client::new()
            .post("http://127.0.0.1:1")
            .form(&form(platform))
            .build()
            .expect("a request");
        String::from_utf8(
            request
                .body()
                .and_then(|body| body.as_bytes())
                .expect("a body")
                .to_vec(),
        )
        .expect("text")
    }

    #[test]
    fn the_body_is_the_recorded_one() {
        crate::http::choose_tls();
        let mut platform = platform();
        assert_eq!(
            body(&platform),
            "grant_type=client_credentials&client_id=cid&client_secret=csecret&scope=agentassist%3Acontent%3Awrite+realtime%3Aagentassist%3Apublish"
        );
        platform.client_auth = ClientAuth::Basic;
        platform.scope = "webchat.guest webchat.message".into();
        assert_eq!(
            body(&platform),
            "grant_type=client_credentials&scope=webchat.guest+webchat.message"
        );
        platform.grant = Grant::Password {
            access_key_id: "key".into(),
            access_key_secret: "a&b".into(),
        };
        assert_eq!(
            body(&platform),
            "grant_type=password&username=key&password=a%26b&scope=webchat.guest+webchat.message"
        );
    }

    fn refusal(status: u16, body: &str) -> TokenError {
        let status = StatusCode::from_u16(status).expect("a status");
        refused(
            status,
            Some(Duration::from_secs(7)),
            body.as_bytes(),
            &platform(),
        )
    }

    #[test]
    fn refusals_say_what_to_do() {
        let cases = [
            (
                refusal(
                    401,
                    r#"{"error":"invalid_client","error_description":"unknown client"}"#,
                ),
                "the token endpoint refused our credentials with 401 (invalid_client: unknown client)",
                false,
                None,
            ),
            (
                refusal(403, r#"{"error":"invalid_scope"}"#),
                "the token endpoint refused the scope \"agentassist:content:write realtime:agentassist:publish\" with 403 (invalid_scope); grant it to the client",
                false,
                None,
            ),
            (
                refusal(429, ""),
                "the token endpoint asks us to wait 7 s (429)",
                true,
                Some(7),
            ),
            (
                refusal(503, "<html>"),
                "the token endpoint answered 503",
                true,
                Some(7),
            ),
            (
                refusal(302, "x"),
                "the token endpoint answered 302 (no reason given), expected 2xx",
                false,
                None,
            ),
        ];
        for (error, text, retryable, wait) in cases {
            assert_eq!(error.to_string(), text);
            assert_eq!(error.is_retryable(), retryable, "{text}");
            assert_eq!(error.retry_after(), wait.map(Duration::from_secs), "{text}");
        }
    }

    #[test]
    fn an_echoed_secret_is_not_repeated() {
        let error = refusal(
            401,
            r#"{"error":"invalid_client","error_description":"no client with csecret\n"}"#,
        );
        let text = format!("{error} {error:?}");
        assert!(!text.contains("csecret"), "{text}");
        assert!(text.contains("no client with [redacted]"), "{text}");
    }

    #[test]
    fn nonsense_in_a_success_is_refused_without_repeating_a_token() {
        let reason = |body: &str| granted(body.as_bytes()).expect_err(body).to_string();
        let prefix = "the token endpoint's answer is of no use: ";
        assert_eq!(
            reason("{}"),
            format!("{prefix}missing field `access_token`")
        );
        assert_eq!(
            reason(r#"{"access_token":""}"#),
            format!("{prefix}access_token is empty or not plain visible ASCII")
        );
        assert!(reason(r#"{"access_token":"tok\r\nX: y"}"#).starts_with(prefix));
        assert!(
            reason(r#"{"access_token":"tok-1","expires_in":"soon"}"#)
                .contains("expires_in is \"soon\"")
        );
        for body in [
            "[\"tok-1\"]",
            "\"tok-1\"",
            "{\"access_token\":\"tok-1\"",
            "<html>",
            "\u{0}",
        ] {
            let text = reason(body);
            assert!(!text.contains("tok-1"), "{text}");
        }
    }
}
