//! One REST call with a bearer token: a rejected token is replaced once, and the whole call has a time limit.
//!
//! What an answer means is its caller's business. Start at [`Rest::call`].

use std::time::Duration;

use http::{HeaderName, Method, StatusCode};
use reqwest::Client;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use tokio::time::timeout;
use url::Url;

use crate::{
    clock,
    http::{BodyError, ClientError, client, describe, read},
    platform::HttpUrl,
    retry_after, segment,
    token::{TokenError, TokenSource},
    unreadable::complaint,
};

/// No answer that we need is larger, unless its caller says so; what is, is not read to its end.
const LONGEST_ANSWER: usize = 64 * 1024;
/// The longest error code that is repeated.
const LONGEST_CODE: usize = 64;
/// How much of the platform's own words is repeated, in characters.
const LONGEST_WORDS: usize = 300;
/// Says that calls with the same value are one call, made again. The platform's wire does not know it (section 6.3);
/// whoever does, does not carry out a repeat.
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Where calls go and with whose tokens.
#[derive(Debug)]
pub(crate) struct Rest {
    http: Client,
    tokens: TokenSource,
    base: Url,
    limit: Duration,
    longest_answer: usize,
}

/// What came back, whatever its status.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    /// The wait that was asked for.
    pub(crate) retry_after: Option<Duration>,
    /// The scopes of the token that was used, as far as known.
    pub(crate) scope: String,
    /// Kept to take it out of what is repeated.
    token: SecretString,
    body: Result<Vec<u8>, BodyError>,
}

/// Nothing came back.
pub(crate) enum CallError {
    Token(TokenError),
    Unreachable(String),
}

/// The code of an error body (platform wire, section 14.8). It tells no more than it says.
#[derive(Deserialize)]
struct ErrorCode {
    error: String,
}

/// The words of an error body, which may repeat anything that was sent.
#[derive(Deserialize)]
struct ErrorWords {
    message: String,
}

impl Rest {
    /// Calls below `base` that take no longer than `limit`, token included.
    pub(crate) fn new(
        tokens: TokenSource,
        base: &HttpUrl,
        limit: Duration,
    ) -> Result<Self, ClientError> {
        Ok(Self {
            http: client()?,
            tokens,
            base: base.as_url().clone(),
            limit,
            longest_answer: LONGEST_ANSWER,
        })
    }

    /// The same, with another limit.
    pub(crate) fn with_limit(self, limit: Duration) -> Self {
        Self { limit, ..self }
    }

    /// The same, for answers of up to so many bytes.
    pub(crate) fn with_longest_answer(self, longest_answer: usize) -> Self {
        Self {
            longest_answer,
            ..self
        }
    }

    /// Makes one call. `path` is percent-encoded segment by segment; a segment must not be `.` or `..`. Calls with the
    /// same `key` are one call, made again.
    pub(crate) async fn call(
        &self,
        method: Method,
        path: &[&str],
        body: Option<&Value>,
        key: Option<&str>,
    ) -> Result<Answer, CallError> {
        timeout(self.limit, self.try_twice(method, path, body, key))
            .await
            .unwrap_or_else(|_| {
                let reason = format!("no answer within {} s", self.limit.as_secs());
                Err(CallError::Unreachable(reason))
            })
    }

    async fn try_twice(
        &self,
        method: Method,
        path: &[&str],
        body: Option<&Value>,
        key: Option<&str>,
    ) -> Result<Answer, CallError> {
        let mut renewed = false;
        loop {
            let token = self.tokens.token().await.map_err(CallError::Token)?;
            let mut request = self
                .http
                .request(method.clone(), self.url(path))
                .bearer_auth(token.secret().expose_secret());
            if let Some(body) = body {
                request = request.json(body);
            }
            if let Some(key) = key {
                request = request.header(IDEMPOTENCY_KEY, key);
            }
            let response = request
                .send()
                .await
                .map_err(|error| CallError::Unreachable(describe(error)))?;
            let status = response.status();
            if status == StatusCode::UNAUTHORIZED {
                self.tokens.rejected(&token);
                if !renewed {
                    renewed = true;
                    continue;
                }
            }
            return Ok(Answer {
                status,
                retry_after: retry_after::from_headers(response.headers(), clock::wall()),
                scope: token.scope().unwrap_or(self.tokens.scope()).to_owned(),
                token: token.secret().clone(),
                body: read(response, self.longest_answer).await,
            });
        }
    }

    fn url(&self, path: &[&str]) -> Url {
        let mut url = self.base.clone();
        let mut whole = url.path().trim_end_matches('/').to_owned();
        for part in path {
            segment::push(&mut whole, part);
        }
        url.set_path(&whole);
        url
    }
}

impl Answer {
    /// The body as an object of this type, or what is wrong with it.
    pub(crate) fn object<T: DeserializeOwned>(&self) -> Result<T, String> {
        let body = self.body.as_ref().map_err(ToString::to_string)?;
        // By way of an object, because serde would also read the fields from an array.
        let object: Map<String, Value> =
            serde_json::from_slice(body).map_err(|error| complaint(&error))?;
        T::deserialize(Value::Object(object)).map_err(|error| complaint(&error))
    }

    /// Whether the body is there and empty.
    pub(crate) fn is_empty(&self) -> bool {
        self.body.as_ref().is_ok_and(Vec::is_empty)
    }

    /// The error code of the body, if it has one that looks like a code.
    pub(crate) fn code(&self) -> Option<String> {
        let is_code = |code: &String| {
            (1..=LONGEST_CODE).contains(&code.len())
                && code
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        };
        let body: ErrorCode = self.object().ok()?;
        Some(body.error).filter(is_code)
    }

    /// The platform's words in the body of an error, on one line, cut, and without our token should they repeat it.
    /// Only for calls that carry nothing of a customer's: the words may repeat all of it.
    pub(crate) fn words(&self) -> Option<String> {
        let body: ErrorWords = self.object().ok()?;
        let words = body
            .message
            .replace(self.token.expose_secret(), "[redacted]")
            .replace(char::is_control, " ");
        let words: String = words.chars().take(LONGEST_WORDS).collect();
        Some(words).filter(|words| !words.trim().is_empty())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn answer(body: &[u8]) -> Answer {
        Answer {
            status: StatusCode::OK,
            retry_after: None,
            scope: String::new(),
            token: "tok-1".into(),
            body: Ok(body.to_vec()),
        }
    }

    #[test]
    fn only_what_looks_like_a_code_is_repeated() {
        let code = |body: &str| answer(body.as_bytes()).code();
        assert_eq!(
            code(r#"{"error":"guest_expired","message":"guest Jane"}"#).as_deref(),
            Some("guest_expired")
        );
        for body in [
            "",
            "[]",
            r#"["guest_expired"]"#,
            r#"{"error":""}"#,
            r#"{"error":{"code":"x"}}"#,
            r#"{"error":"Bearer sim-1"}"#,
        ] {
            assert_eq!(code(body), None, "{body}");
        }
        assert_eq!(
            code(&format!(
                r#"{{"error":"{}"}}"#,
                "a".repeat(LONGEST_CODE + 1)
            )),
            None
        );
    }

    #[test]
    fn words_are_cut_and_carry_no_token_and_no_line_breaks() {
        let words = |body: Value| answer(body.to_string().as_bytes()).words();
        assert_eq!(
            words(json!({"error": "forbidden", "message": "line\nBearer tok-1, tok-1"})).as_deref(),
            Some("line Bearer [redacted], [redacted]")
        );
        let long = words(json!({"message": "ä".repeat(LONGEST_WORDS + 1)}));
        assert_eq!(long, Some("ä".repeat(LONGEST_WORDS)));
        for nothing in [
            json!({}),
            json!([]),
            json!({"message": 1}),
            json!({"message": " "}),
        ] {
            assert_eq!(words(nothing.clone()), None, "{nothing}");
        }
    }

    #[test]
    fn segments_are_encoded_and_a_base_keeps_its_path() {
        let url = |base: &str, path: &[&str]| {
            let base = HttpUrl::parse(base).expect("a URL");
            let platform = json!({
                "token_url": base.to_string(), "alerts_url": "ws://127.0.0.1:1", "notifications_url": "ws://127.0.0.1:1",
                "client_id": "cid", "client_secret": "csecret",
            });
            let tokens = TokenSource::new(serde_json::from_value(platform).expect("settings"));
            let tokens = tokens.expect("an HTTP client");
            let rest = Rest::new(tokens, &base, Duration::from_secs(1)).expect("an HTTP client");
            rest.url(path).to_string()
        };
        assert_eq!(
            url("http://127.0.0.1:1", &["a", "b/../c?d#e f%", "typing"]),
            "http://127.0.0.1:1/a/b%2F..%2Fc%3Fd%23e%20f%25/typing"
        );
        assert_eq!(
            url("https://example.com/org/1/", &["a"]),
            "https://example.com/org/1/a"
        );
    }
}
