//! The one place that builds the HTTP client, and that chooses the TLS implementation for sockets and requests.

use std::{sync::Once, time::Duration};

use reqwest::{Client, Response, redirect::Policy};

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

/// A body that could not be read to its end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BodyError {
    /// The connection broke.
    #[error("{0}")]
    Broken(String),
    /// It is longer than so many bytes.
    #[error("longer than {0} bytes")]
    TooLong(usize),
}

/// Reads a body of at most `longest` bytes.
pub(crate) async fn read(mut response: Response, longest: usize) -> Result<Vec<u8>, BodyError> {
    let mut body = Vec::new();
    let broken = |error| BodyError::Broken(describe(error));
    while let Some(chunk) = response.chunk().await.map_err(broken)? {
        if body.len() + chunk.len() > longest {
            return Err(BodyError::TooLong(longest));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
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
