//! The one place that builds the HTTP client, and that chooses the TLS implementation for sockets and requests.

use std::{sync::Once, time::Duration};

use reqwest::{Client, redirect::Policy};

/// How long a TCP and TLS connection may take to be made.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a whole request may take (platform wire, section 2: the one client that has a limit uses 10 s).
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// The HTTP client could not be built, for example because the system has no root certificates.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the HTTP client could not be built: {0}")]
pub struct ClientError(String);

/// A client that gives up after [`REQUEST_TIMEOUT`] and follows no redirects: a redirect could carry a token to a
/// host that nobody configured.
pub fn client() -> Result<Client, ClientError> {
    choose_tls();
    Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(REQUEST_TIMEOUT)
        .redirect(Policy::none())
        .user_agent(concat!("cuecard/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| ClientError(chain(&error)))
}

/// Makes *ring* the process's TLS implementation, once. A choice that the program made before stays.
pub fn choose_tls() {
    static CHOSEN: Once = Once::new();
    CHOSEN.call_once(|| {
        // An error means that one is installed already, which is all that is wanted.
        drop(rustls::crypto::ring::default_provider().install_default());
    });
}

/// An error with its causes, in one line. The client's own errors say little without them.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

/// [`chain`] without the request's URL, which may carry a token.
pub fn describe(error: reqwest::Error) -> String {
    chain(&error.without_url())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_can_be_built_more_than_once() {
        assert!(client().is_ok());
        assert!(client().is_ok());
        assert!(rustls::crypto::CryptoProvider::get_default().is_some());
    }
}
