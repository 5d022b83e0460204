//! The token endpoint (platform wire, section 2), the same behind all three paths.
//!
//! Client authentication in the body or by HTTP Basic, never both; grants `client_credentials` and `password`; errors
//! after RFC 6749 section 5.2. A request without `scope` is granted every scope. The password grant takes the access
//! key of [`ACCESS_KEY_ID`]. Start with [`token`].

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cuecard_cxone::wire::oauth::{TokenError, TokenErrorCode, TokenResponse};
use jiff::Timestamp;
use secrecy::ExposeSecret;
use serde_json::json;

use crate::clock;
use crate::fault_layer::Noted;
use crate::platform::{Platform, Settings};
use crate::tokens::{Grant, Scopes};

/// The three paths.
pub const PATHS: [&str; 3] = ["/oauth/token", "/oauth2/token", "/api/v1/oauth/token"];
/// The access key id that the password grant takes as `username`.
pub const ACCESS_KEY_ID: &str = "access-key-id";
/// The access key secret that the password grant takes as `password`.
pub const ACCESS_KEY_SECRET: &str = "access-key-secret";

/// The endpoint.
pub async fn token(
    State(platform): State<Arc<Platform>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let now = clock::now();
    let mut noted = json!({});
    let mut answer = match grant(&platform.settings, &headers, &body, now, &mut noted) {
        Ok(grant) => {
            let token = clock::fresh_token();
            platform.tokens().issue(token.clone(), grant, now);
            Json(TokenResponse {
                access_token: token.into(),
                token_type: Some("Bearer".into()),
                expires_in: Some(platform.settings.token_ttl.as_secs()),
                scope: None,
            })
            .into_response()
        }
        Err(refusal) => refusal.into_response(),
    };
    answer.headers_mut().insert(
        header::CACHE_CONTROL,
        header::HeaderValue::from_static("no-store"),
    );
    answer.extensions_mut().insert(Noted(noted));
    answer
}

/// What a fault or a limit answers here: the status in the shape of this endpoint.
pub fn fault_answer(status: StatusCode, description: &str) -> Response {
    let code = match status.as_u16() {
        401 => TokenErrorCode::InvalidClient,
        403 => TokenErrorCode::UnauthorizedClient,
        400..=428 => TokenErrorCode::InvalidRequest,
        _ => {
            let body =
                json!({"error": "temporarily_unavailable", "error_description": description});
            return (status, Json(body)).into_response();
        }
    };
    Refusal {
        status,
        code,
        description: description.into(),
        challenge: false,
    }
    .into_response()
}

#[derive(Debug)]
struct Refusal {
    status: StatusCode,
    code: TokenErrorCode,
    description: String,
    /// The client used HTTP Basic, so a 401 must say so (RFC 6749, section 5.2).
    challenge: bool,
}

impl Refusal {
    fn bad(code: TokenErrorCode, description: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            code,
            description: description.into(),
            challenge: false,
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = TokenError {
            error: self.code,
            error_description: Some(self.description),
        };
        let mut answer = (self.status, Json(body)).into_response();
        if self.challenge {
            let value = header::HeaderValue::from_static("Basic realm=\"cuecard-simulator\"");
            answer.headers_mut().insert(header::WWW_AUTHENTICATE, value);
        }
        answer
    }
}

fn grant(
    settings: &Settings,
    headers: &HeaderMap,
    body: &[u8],
    now: Timestamp,
    noted: &mut serde_json::Value,
) -> Result<Grant, Refusal> {
    let form = read_form(headers, body)?;
    noted["grant_type"] = json!(form.get("grant_type"));
    noted["scope"] = json!(form.get("scope"));
    noted["auth"] = json!(if headers.contains_key(header::AUTHORIZATION) {
        "basic"
    } else {
        "body"
    });
    let client_id = authenticate(settings, headers, &form)?;
    noted["client_id"] = json!(client_id);
    match form.get("grant_type").map(String::as_str) {
        Some("client_credentials") => {}
        Some("password") => check_access_key(&form)?,
        Some(other) => {
            return Err(Refusal::bad(
                TokenErrorCode::UnsupportedGrantType,
                format!("grant_type is {other:?}, expected client_credentials or password"),
            ));
        }
        None => {
            return Err(Refusal::bad(
                TokenErrorCode::InvalidRequest,
                "grant_type is missing",
            ));
        }
    }
    let scopes = match form.get("scope") {
        None => Scopes::all(),
        Some(list) => Scopes::parse(list).map_err(|scope| {
            Refusal::bad(
                TokenErrorCode::InvalidScope,
                format!("there is no scope {scope:?}"),
            )
        })?,
    };
    let expires = now
        .checked_add(settings.token_ttl)
        .unwrap_or(Timestamp::MAX);
    Ok(Grant {
        client_id,
        scopes,
        expires,
    })
}

fn read_form(headers: &HeaderMap, body: &[u8]) -> Result<BTreeMap<String, String>, Refusal> {
    let content_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("");
    let essence = content_type.split(';').next().unwrap_or("").trim();
    if !essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(Refusal::bad(
            TokenErrorCode::InvalidRequest,
            format!("content type is {content_type:?}, expected application/x-www-form-urlencoded"),
        ));
    }
    let mut form = BTreeMap::new();
    for (name, value) in url::form_urlencoded::parse(body) {
        if form
            .insert(name.clone().into_owned(), value.into_owned())
            .is_some()
        {
            return Err(Refusal::bad(
                TokenErrorCode::InvalidRequest,
                format!("{name} is given more than once"),
            ));
        }
    }
    Ok(form)
}

fn authenticate(
    settings: &Settings,
    headers: &HeaderMap,
    form: &BTreeMap<String, String>,
) -> Result<String, Refusal> {
    let by_basic = headers.get(header::AUTHORIZATION);
    let by_body = form.get("client_id").zip(form.get("client_secret"));
    let (id, secret) = match (by_basic, by_body) {
        (Some(_), Some(_)) => {
            return Err(Refusal::bad(
                TokenErrorCode::InvalidRequest,
                "the client authenticates in the body and by HTTP Basic, expected one of them",
            ));
        }
        (Some(value), None) => value.to_str().ok().and_then(basic).ok_or_else(|| Refusal {
            challenge: true,
            ..denied("the Authorization header is not HTTP Basic with id:secret in base64")
        })?,
        (None, Some((id, secret))) => (id.clone(), secret.clone()),
        (None, None) => return Err(denied("the client does not authenticate")),
    };
    let good = |id: &str, secret: &str| {
        id == settings.client_id && secret == settings.client_secret.expose_secret()
    };
    // RFC 6749 wants both parts form-encoded inside Basic; deployed clients send them as they are. Both are taken.
    if good(&id, &secret)
        || (by_basic.is_some() && good(&form_decoded(&id), &form_decoded(&secret)))
    {
        Ok(settings.client_id.clone())
    } else {
        Err(Refusal {
            challenge: by_basic.is_some(),
            ..denied("client id or secret is wrong")
        })
    }
}

fn denied(description: &str) -> Refusal {
    Refusal {
        status: StatusCode::UNAUTHORIZED,
        code: TokenErrorCode::InvalidClient,
        description: description.into(),
        challenge: false,
    }
}

fn basic(header: &str) -> Option<(String, String)> {
    let (scheme, credentials) = header.split_once(' ')?;
    let decoded = STANDARD
        .decode(credentials.trim())
        .ok()
        .filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
    let text = String::from_utf8(decoded).ok()?;
    let (id, secret) = text.split_once(':')?;
    Some((id.to_owned(), secret.to_owned()))
}

fn form_decoded(text: &str) -> String {
    url::form_urlencoded::parse(format!("v={}", text.replace('&', "%26")).as_bytes())
        .next()
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

fn check_access_key(form: &BTreeMap<String, String>) -> Result<(), Refusal> {
    for field in ["username", "password"] {
        if !form.contains_key(field) {
            return Err(Refusal::bad(
                TokenErrorCode::InvalidRequest,
                format!("{field} is missing"),
            ));
        }
    }
    let is = |field: &str, wanted: &str| form.get(field).is_some_and(|value| value == wanted);
    if is("username", ACCESS_KEY_ID) && is("password", ACCESS_KEY_SECRET) {
        Ok(())
    } else {
        Err(Refusal::bad(
            TokenErrorCode::InvalidGrant,
            "the access key is wrong",
        ))
    }
}
