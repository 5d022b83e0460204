//! `[platform]`: how the platform is reached. The checked form is the platform client's own.

use std::path::PathBuf;

use cuecard_cxone::platform::{
    ClientAuth, Grant, HttpUrl, Platform, SocketUrl, UrlError, needed_scope,
};
use secrecy::SecretString;
use serde::Deserialize;

use super::Problems;
use super::problem::{Problem, quoted};
use super::source::{self, Source};

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Raw {
    token_url: String,
    alerts_url: String,
    notifications_url: String,
    suggestions_url: Option<String>,
    prompts_url: Option<String>,
    grant: GrantName,
    client_auth: ClientAuth,
    client_id: String,
    client_secret: Option<SecretString>,
    client_secret_file: Option<PathBuf>,
    username: Option<String>,
    password: Option<SecretString>,
    password_file: Option<PathBuf>,
    scope: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum GrantName {
    #[default]
    ClientCredentials,
    Password,
}

pub(super) fn read(source: &Source, problems: &mut Problems) -> Option<Platform> {
    let raw: Raw = source.section("platform", problems)?;
    if !source.has("platform") {
        return None;
    }
    let token_url = url("token_url", &raw.token_url, HttpUrl::parse, problems);
    let alerts_url = url("alerts_url", &raw.alerts_url, SocketUrl::parse, problems);
    let notifications_url = url(
        "notifications_url",
        &raw.notifications_url,
        SocketUrl::parse,
        problems,
    );
    let socket = |key, value: Option<String>, problems: &mut Problems| {
        value.and_then(|value| url(key, &value, SocketUrl::parse, problems))
    };
    let suggestions_url = socket("suggestions_url", raw.suggestions_url, problems);
    let prompts_url = socket("prompts_url", raw.prompts_url, problems);
    if raw.client_id.is_empty() {
        problems.missing("platform.client_id", "the OAuth client's id");
    }
    let secret_given = raw.client_secret.is_some() || raw.client_secret_file.is_some();
    let client_secret = source::secret(
        "platform",
        "client_secret",
        raw.client_secret,
        raw.client_secret_file.as_deref(),
        problems,
    );
    if !secret_given {
        problems.missing(
            "platform.client_secret",
            "the OAuth client's secret, here or in platform.client_secret_file",
        );
    }
    let password_given = raw.password.is_some() || raw.password_file.is_some();
    let password = source::secret(
        "platform",
        "password",
        raw.password,
        raw.password_file.as_deref(),
        problems,
    );
    let grant = match raw.grant {
        GrantName::ClientCredentials => {
            if let Some(name) = &raw.username {
                problems.wrong(
                    "platform.username",
                    quoted(name),
                    "none, or platform.grant = \"password\"",
                );
            }
            if password_given {
                problems.wrong(
                    "platform.password",
                    "(hidden)",
                    "none, or platform.grant = \"password\"",
                );
            }
            Some(Grant::ClientCredentials)
        }
        GrantName::Password => {
            if raw.username.is_none() {
                problems.missing(
                    "platform.username",
                    "the access key's id, for the password grant",
                );
            }
            if !password_given {
                problems.missing(
                    "platform.password",
                    "the access key's secret, for the password grant",
                );
            }
            raw.username
                .zip(password)
                .map(|(access_key_id, access_key_secret)| Grant::Password {
                    access_key_id,
                    access_key_secret,
                })
        }
    };
    Some(Platform {
        token_url: token_url?,
        alerts_url: alerts_url?,
        notifications_url: notifications_url?,
        grant: grant?,
        client_auth: raw.client_auth,
        client_id: raw.client_id,
        client_secret: client_secret?,
        scope: raw
            .scope
            .unwrap_or_else(|| needed_scope(suggestions_url.is_some(), prompts_url.is_some())),
        suggestions_url,
        prompts_url,
    })
}

fn url<T>(
    key: &str,
    value: &str,
    parse: impl Fn(&str) -> Result<T, UrlError>,
    problems: &mut Problems,
) -> Option<T> {
    let key = format!("platform.{key}");
    if value.is_empty() {
        problems.missing(&key, "the platform's URL");
        return None;
    }
    problems.take(parse(value).map_err(|error| {
        let (value, expected) = match error {
            UrlError::Unreadable {
                value, expected, ..
            }
            | UrlError::Scheme { value, expected } => (value, expected.to_owned()),
            UrlError::Credentials { expected } => (
                "(hidden) a URL with a user name or password".to_owned(),
                format!("{expected} without them"),
            ),
        };
        Problem {
            key,
            value: Some(value),
            expected,
        }
    }))
}
