//! The settings of a connection to the platform: where it is, and how we prove who we are.
//!
//! Types carry the preconditions: a [`HttpUrl`] or [`SocketUrl`] that exists has the right scheme and no password in
//! it. Nothing here connects. Start at [`Platform`].

use std::fmt;

use secrecy::SecretString;
use serde::{Deserialize, Deserializer, de};
use url::{Host, Url};

/// Everything needed to reach one tenant of the platform.
///
/// The dialects differ in path, grant and client authentication (platform wire, sections 2, 3 and 13), so all
/// of them are settings and none has a default that could be right by accident.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Platform {
    /// Where tokens come from, for example `https://api.niceincontact.com/oauth/token`.
    pub token_url: HttpUrl,
    /// The publisher socket for alerts, for example `wss://…/api/v2/agentassist/realtime/ws`.
    pub alerts_url: SocketUrl,
    /// The publisher socket for suggestions, for example `wss://…/ws/v1`; without it none are published.
    pub suggestions_url: Option<SocketUrl>,
    /// The publisher socket for prompts, for example `wss://…/realtime/v1`; without it none are published.
    pub prompts_url: Option<SocketUrl>,
    /// The notification socket, for example `wss://…/agent-assist-notifications/notifications/ws`.
    pub notifications_url: SocketUrl,
    /// Which grant the token endpoint expects.
    #[serde(default)]
    pub grant: Grant,
    /// How the client proves itself to the token endpoint.
    #[serde(default)]
    pub client_auth: ClientAuth,
    /// The OAuth client.
    pub client_id: String,
    /// Its secret.
    pub client_secret: SecretString,
    /// The scopes to ask for, separated by spaces; see [`needed_scope`].
    #[serde(default = "default_scope")]
    pub scope: String,
}

/// What publishing alerts needs (platform wire, section 2).
pub const ALERTS_SCOPE: &str = "agentassist:content:write realtime:agentassist:publish";

/// What publishing suggestions needs (platform wire, section 2).
pub const SUGGESTIONS_SCOPE: &str = "agentassist:write interaction:read";

/// What publishing prompts needs (platform wire, section 2).
pub const PROMPTS_SCOPE: &str = "realtime:read agentassist:write interactions:read";

/// What receiving agent-assist content needs (platform wire, section 5, for the real-time attachment).
pub const NOTIFICATIONS_SCOPE: &str = "realtime:read";

fn default_scope() -> String {
    needed_scope(false, false)
}

/// What the sockets need together, because one token serves them all: alerts and notifications always, suggestions
/// and prompts where they are published.
pub fn needed_scope(with_suggestions: bool, with_prompts: bool) -> String {
    let mut needed = vec![ALERTS_SCOPE, NOTIFICATIONS_SCOPE];
    needed.extend(with_suggestions.then_some(SUGGESTIONS_SCOPE));
    needed.extend(with_prompts.then_some(PROMPTS_SCOPE));
    let mut scopes: Vec<&str> = Vec::new();
    for scope in needed.iter().flat_map(|needed| needed.split(' ')) {
        if !scopes.contains(&scope) {
            scopes.push(scope);
        }
    }
    scopes.join(" ")
}

/// The OAuth grant (platform wire, sections 2 and 13).
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Grant {
    /// The client speaks for itself.
    #[default]
    ClientCredentials,
    /// The client speaks for a user or a back-end app, whose access key takes the place of name and password.
    Password {
        /// Access key id, sent as `username`.
        access_key_id: String,
        /// Access key secret, sent as `password`.
        access_key_secret: SecretString,
    },
}

/// Where the token request carries the client's id and secret (platform wire, section 2).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientAuth {
    /// As form fields.
    #[default]
    Body,
    /// As `Authorization: Basic`.
    Basic,
}

/// An absolute `http` or `https` URL without credentials in it.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpUrl(Url);

/// An absolute `ws` or `wss` URL without credentials in it.
#[derive(Clone, PartialEq, Eq)]
pub struct SocketUrl(Url);

/// A URL that cannot be used. No variant holds a user name or password, which would end up in logs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// It is no URL at all.
    #[error("{value} is not a URL ({reason}); expected {expected}")]
    Unreadable {
        /// What was given, as [`shown`] shows it.
        value: String,
        /// What the parser says.
        reason: String,
        /// What would do.
        expected: &'static str,
    },
    /// It is one, of another scheme.
    #[error("{value} has another scheme; expected {expected}")]
    Scheme {
        /// What was given, as [`shown`] shows it.
        value: String,
        /// What would do.
        expected: &'static str,
    },
    /// It has a user name or password in it, whatever else is wrong with it.
    #[error("the URL carries a user name or password; expected {expected} without them")]
    Credentials {
        /// What would do.
        expected: &'static str,
    },
}

/// What was given for a URL, as errors show it: in quotes, or `(hidden)` where a user name or password may be in it.
///
/// Any `@` hides it. A parser finds none in `jane:hush@example.com`, where the scheme was forgotten, and cannot tell
/// where the password ends in what it cannot read.
pub fn shown(value: &str) -> String {
    if value.contains('@') {
        "(hidden)".to_owned()
    } else {
        format!("{value:?}")
    }
}

fn parse(value: &str, schemes: [&str; 2], expected: &'static str) -> Result<Url, UrlError> {
    let url = Url::parse(value).map_err(|error| UrlError::Unreadable {
        value: shown(value),
        reason: error.to_string(),
        expected,
    })?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(UrlError::Credentials { expected });
    }
    if !schemes.contains(&url.scheme()) {
        return Err(UrlError::Scheme {
            value: shown(value),
            expected,
        });
    }
    Ok(url)
}

fn is_exposed(url: &Url, plain: &str) -> bool {
    let loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    url.scheme() == plain && !loopback
}

macro_rules! url_type {
    ($name:ident, $plain:literal, $tls:literal) => {
        impl $name {
            /// Reads an absolute URL.
            pub fn parse(value: &str) -> Result<Self, UrlError> {
                parse(
                    value,
                    [$plain, $tls],
                    concat!("an absolute ", $plain, ":// or ", $tls, ":// URL"),
                )
                .map(Self)
            }

            /// The URL.
            pub fn as_url(&self) -> &Url {
                &self.0
            }

            /// Whether what is sent there can be read on the way: no TLS, and not this machine.
            pub fn is_exposed(&self) -> bool {
                is_exposed(&self.0, $plain)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.0.as_str())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.0.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::parse(&String::deserialize(deserializer)?).map_err(de::Error::custom)
            }
        }
    };
}

url_type!(HttpUrl, "http", "https");
url_type!(SocketUrl, "ws", "wss");

impl HttpUrl {
    /// Scheme, host and port alone: where the platform's REST is, beside the token endpoint.
    #[must_use]
    pub fn origin(&self) -> Self {
        let mut url = self.0.clone();
        url.set_path("/");
        url.set_query(None);
        url.set_fragment(None);
        Self(url)
    }
}

/// Says which of the `needed` scopes (separated by spaces) are missing from `held`, or all of the needed ones when
/// none is: then the platform refuses although the token names them, and the client lacks the permission itself.
pub fn missing_scope(needed: &str, held: &str) -> String {
    lacking_scope(needed, held).unwrap_or_else(|| needed.to_owned())
}

/// Which of the `needed` scopes (separated by spaces) are missing from `held`; `None` when none is.
pub fn lacking_scope(needed: &str, held: &str) -> Option<String> {
    let missing: Vec<_> = needed
        .split(' ')
        .filter(|scope| !held.split(' ').any(|other| other == *scope))
        .collect();
    (!missing.is_empty()).then(|| missing.join(" "))
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;
    use serde_json::json;

    use super::*;

    #[test]
    fn the_least_settings_are_enough_and_plain_urls_are_allowed() {
        let platform: Platform = serde_json::from_value(json!({
            "token_url": "http://127.0.0.1:8090/oauth/token",
            "alerts_url": "ws://127.0.0.1:8090/api/v2/agentassist/realtime/ws",
            "notifications_url": "wss://example.com/notifications/ws",
            "client_id": "cid",
            "client_secret": "csecret",
        }))
        .expect("complete settings");
        assert!(matches!(platform.grant, Grant::ClientCredentials));
        assert_eq!(platform.client_auth, ClientAuth::Body);
        assert_eq!(
            platform.scope,
            "agentassist:content:write realtime:agentassist:publish realtime:read"
        );
        assert_eq!(
            (&platform.suggestions_url, &platform.prompts_url),
            (&None, &None)
        );
        assert!(!platform.token_url.is_exposed(), "loopback");
        assert!(!format!("{platform:?}").contains("csecret"));
    }

    #[test]
    fn each_scope_is_asked_for_once() {
        assert_eq!(
            needed_scope(true, true),
            "agentassist:content:write realtime:agentassist:publish realtime:read agentassist:write interaction:read interactions:read"
        );
    }

    #[test]
    fn the_password_grant_carries_its_access_key() {
        let grant: Grant = serde_json::from_value(
            json!({"password": {"access_key_id": "key", "access_key_secret": "hush"}}),
        )
        .expect("a grant");
        assert!(!format!("{grant:?}").contains("hush"));
        let Grant::Password {
            access_key_id,
            access_key_secret,
        } = grant
        else {
            panic!("expected the password grant, got {grant:?}");
        };
        assert_eq!(
            (access_key_id.as_str(), access_key_secret.expose_secret()),
            ("key", "hush")
        );
    }

    #[test]
    fn a_wrong_url_is_refused_with_what_would_do() {
        let text =
            |result: Result<HttpUrl, UrlError>| result.expect_err("must be refused").to_string();
        assert_eq!(
            text(HttpUrl::parse("api.example.com")),
            "\"api.example.com\" is not a URL (relative URL without a base); expected an absolute http:// or https:// URL"
        );
        assert_eq!(
            text(HttpUrl::parse("https://example.com:port/a")),
            "\"https://example.com:port/a\" is not a URL (invalid port number); expected an absolute http:// or https:// URL"
        );
        assert_eq!(
            text(HttpUrl::parse("wss://example.com")),
            "\"wss://example.com\" has another scheme; expected an absolute http:// or https:// URL"
        );
        assert!(SocketUrl::parse("https://example.com").is_err());
    }

    #[test]
    fn no_error_repeats_a_user_name_or_password() {
        let expected = "expected an absolute ws:// or wss:// URL";
        let carries = format!("the URL carries a user name or password; {expected} without them");
        let unreadable = |reason: &str| format!("(hidden) is not a URL ({reason}); {expected}");
        let another_scheme = format!("(hidden) has another scheme; {expected}");
        for (url, text) in [
            ("wss://jane:hush@example.com", carries.clone()),
            ("https://jane:hush@example.com/a", carries.clone()),
            ("https://jane@example.com", carries.clone()),
            ("htps://jane:hush@example.com/", carries),
            (
                "wss://jane:hush@example.com:port/",
                unreadable("invalid port number"),
            ),
            (
                "//jane:hush@example.com",
                unreadable("relative URL without a base"),
            ),
            // To the parser these have the schemes "jane" and "https", and nobody's name in them.
            ("jane:hush@example.com/a", another_scheme.clone()),
            ("https://https://jane:hush@example.com", another_scheme),
        ] {
            let error = SocketUrl::parse(url).expect_err(url);
            assert_eq!(error.to_string(), text, "{url}");
            let told = format!("{error} {error:?}");
            assert!(!told.contains("hush") && !told.contains("jane"), "{told}");
        }
    }

    #[test]
    fn only_unencrypted_traffic_that_leaves_the_machine_is_exposed() {
        for (url, exposed) in [
            ("http://localhost:1", false),
            ("http://127.0.0.9", false),
            ("http://[::1]:8", false),
            ("https://example.com", false),
            ("http://example.com", true),
            ("http://10.0.0.1", true),
        ] {
            assert_eq!(
                HttpUrl::parse(url).expect("a URL").is_exposed(),
                exposed,
                "{url}"
            );
        }
    }

    #[test]
    fn an_origin_keeps_scheme_host_and_port() {
        for (url, origin) in [
            (
                "https://example.com/oauth/token?a=b#c",
                "https://example.com/",
            ),
            (
                "http://127.0.0.1:8090/oauth/token",
                "http://127.0.0.1:8090/",
            ),
            ("http://[::1]:8", "http://[::1]:8/"),
        ] {
            let url = HttpUrl::parse(url).expect("a URL");
            assert_eq!(url.origin().to_string(), origin);
        }
    }

    #[test]
    fn a_missing_scope_is_named() {
        assert_eq!(missing_scope("a:read b:write", "a:read"), "b:write");
        assert_eq!(lacking_scope("a:read", "a:read b:write"), None);
        assert_eq!(missing_scope("a:read b:write", ""), "a:read b:write");
        assert_eq!(
            missing_scope("a:read b:write", "b:write a:read c"),
            "a:read b:write"
        );
    }
}
