//! One WebSocket to the platform, as the sockets' shells use it: connecting, reading, writing, closing.
//!
//! It decides nothing: when to connect and what to send is told by a machine. Everything that can go wrong comes out
//! of [`Link::next`] as a [`LinkEvent`], also a write that failed. Start there.

use std::{future::pending, time::Duration};

use futures_util::{FutureExt as _, SinkExt as _, StreamExt as _, future::BoxFuture};
use http::{HeaderName, HeaderValue, StatusCode};
use secrecy::ExposeSecret as _;
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async_with_config,
    tungstenite::{
        Error, Message,
        client::IntoClientRequest as _,
        error::CapacityError,
        protocol::{CloseFrame, WebSocketConfig, frame::coding::CloseCode},
    },
};
use url::Url;

use crate::{
    clock,
    http::{chain, choose_tls},
    outage::Outage,
    platform::{SocketUrl, missing_scope},
    publisher::dialect::Authentication,
    retry_after,
    token::{AccessToken, TokenSource},
};

/// The largest message that is taken. Far more than a card may hold: a message above it costs the connection, and the
/// platform, which has not seen it arrive, might deliver it again for as long as it lives.
pub const LONGEST_MESSAGE: usize = 4 * 1024 * 1024;
/// How long an upgrade may take (platform wire, section 5.1).
const UPGRADE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long one write may take before the connection counts as dead.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a frame may wait for a fresh token; after that it is sent with the connection's own.
const TOKEN_PATIENCE: Duration = Duration::from_secs(10);

type Stream = WebSocketStream<MaybeTlsStream<TcpStream>>;
type Connecting = BoxFuture<'static, (Option<AccessToken>, Result<Stream, Outage>)>;

/// Where a link goes, and how.
#[derive(Clone)]
pub(crate) struct Target {
    /// The socket.
    pub url: SocketUrl,
    /// Whether, and how, the upgrade carries the token.
    pub authentication: Authentication,
    /// Headers of the upgrade.
    pub headers: &'static [(&'static str, &'static str)],
    /// The scopes it needs, to be named after a 403.
    pub scope: &'static str,
}

/// What happened on the link.
#[derive(Debug)]
pub(crate) enum LinkEvent {
    /// It is open.
    Opened,
    /// It could not be opened.
    Failed(Outage),
    /// A text message.
    Text(String),
    /// A binary message of this many bytes, which no protocol here has.
    Binary(usize),
    /// The answer to [`Link::probe`].
    Pong(u64),
    /// It is over. Clean when both sides said so.
    Ended { clean: bool, reason: String },
}

enum State {
    Down,
    Connecting(Connecting),
    Up(Box<Stream>),
    /// A write failed; told by the next [`Link::next`].
    Broken(String),
}

/// One connection at a time, and the token it was made with.
pub(crate) struct Link {
    target: Target,
    tokens: TokenSource,
    token: Option<AccessToken>,
    state: State,
    closing: bool,
}

impl Link {
    /// A link that is down.
    pub(crate) fn new(target: Target, tokens: TokenSource) -> Self {
        choose_tls();
        Self {
            target,
            tokens,
            token: None,
            state: State::Down,
            closing: false,
        }
    }

    /// Starts a connection; [`Link::next`] tells the outcome.
    pub(crate) fn connect(&mut self) {
        self.closing = false;
        self.state = State::Connecting(connect(self.target.clone(), self.tokens.clone()).boxed());
    }

    /// The token of the last try is not used again.
    pub(crate) fn discard_token(&mut self) {
        if let Some(token) = self.token.take() {
            self.tokens.rejected(&token);
        }
    }

    /// The token that the connection was made with.
    pub(crate) fn token(&self) -> Option<&AccessToken> {
        self.token.as_ref()
    }

    /// A token for a frame: a fresh one, or failing that the one that the connection was made with, which the
    /// platform may still take.
    // Exclusive, so that the future can go to another thread: a link cannot be shared between threads.
    pub(crate) async fn frame_token(&mut self) -> Option<AccessToken> {
        match timeout(TOKEN_PATIENCE, self.tokens.token()).await {
            Ok(Ok(token)) => Some(token),
            _ => self.token.clone(),
        }
    }

    /// The next event. Waits for ever on a link that is down. Cancelling it loses nothing.
    pub(crate) async fn next(&mut self) -> LinkEvent {
        loop {
            let event = match &mut self.state {
                State::Down => pending().await,
                State::Connecting(connecting) => {
                    let (token, result) = connecting.await;
                    self.token = token;
                    match result {
                        Ok(stream) => {
                            self.state = State::Up(Box::new(stream));
                            return LinkEvent::Opened;
                        }
                        Err(outage) => LinkEvent::Failed(outage),
                    }
                }
                State::Broken(reason) => LinkEvent::Ended {
                    clean: false,
                    reason: std::mem::take(reason),
                },
                State::Up(stream) => match read(stream, self.closing).await {
                    Some(event @ LinkEvent::Ended { .. }) => event,
                    Some(event) => return event,
                    None => continue,
                },
            };
            self.state = State::Down;
            return event;
        }
    }

    /// Sends a text message.
    pub(crate) async fn send(&mut self, text: String) {
        self.write(Message::text(text)).await;
    }

    /// Sends a WebSocket ping. Its [`LinkEvent::Pong`] says that the peer has read everything that was sent before.
    pub(crate) async fn probe(&mut self, number: u64) {
        self.write(Message::Ping(number.to_be_bytes().to_vec().into()))
            .await;
    }

    /// Begins the close handshake with 1000; [`LinkEvent::Ended`] follows when the peer answers.
    pub(crate) async fn close(&mut self, reason: &'static str) {
        self.closing = true;
        self.write(Message::Close(Some(CloseFrame {
            code: CloseCode::Normal,
            reason: reason.into(),
        })))
        .await;
    }

    /// Drops the connection, or the try to make one, as it is.
    pub(crate) fn abort(&mut self) {
        self.state = State::Down;
    }

    async fn write(&mut self, message: Message) {
        let State::Up(stream) = &mut self.state else {
            return;
        };
        let failure = match timeout(WRITE_TIMEOUT, stream.send(message)).await {
            Ok(Ok(())) => return,
            Ok(Err(error)) => describe(&error),
            Err(_) => format!("a write took longer than {} s", WRITE_TIMEOUT.as_secs()),
        };
        self.state = State::Broken(failure);
    }
}

/// Gets a token and opens the socket.
async fn connect(
    target: Target,
    tokens: TokenSource,
) -> (Option<AccessToken>, Result<Stream, Outage>) {
    let token = match tokens.token().await {
        Ok(token) => token,
        Err(error) => return (None, Err(Outage::NoToken(error))),
    };
    let opened = match timeout(UPGRADE_TIMEOUT, upgrade(&target, &token)).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) => Err(outage(
            error,
            &target,
            token.scope().unwrap_or(tokens.scope()),
        )),
        Err(_) => Err(Outage::Silent {
            after: UPGRADE_TIMEOUT,
        }),
    };
    (Some(token), opened)
}

/// Where the upgrade goes, with the token if that is where it belongs.
fn address(target: &Target, token: &str) -> Url {
    let mut url = target.url.as_url().clone();
    match target.authentication {
        Authentication::Query => {
            url.query_pairs_mut().append_pair("access_token", token);
        }
        Authentication::RawQuery => {
            let given = url.query().map(|query| format!("{query}&"));
            let query = format!("{}access_token={token}", given.unwrap_or_default());
            url.set_query(Some(&query));
        }
        Authentication::Frame => {}
    }
    url
}

async fn upgrade(target: &Target, token: &AccessToken) -> Result<Stream, Error> {
    let url = address(target, token.secret().expose_secret());
    let mut request = url.as_str().into_client_request()?;
    for (name, value) in target.headers {
        request.headers_mut().insert(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
    }
    let config = WebSocketConfig::default()
        .max_message_size(Some(LONGEST_MESSAGE))
        .max_frame_size(Some(LONGEST_MESSAGE))
        .read_buffer_size(16 * 1024);
    // The library traces the request, and so the token, to the `log` facade; this workspace connects nothing to that.
    // Frames are small and each is wanted at once, hence no Nagle.
    Ok(connect_async_with_config(request, Some(config), true)
        .await?
        .0)
}

/// One read; `None` for what needs no reaction (pings are answered by the library).
async fn read(stream: &mut Stream, closing: bool) -> Option<LinkEvent> {
    let ended = |clean, reason| Some(LinkEvent::Ended { clean, reason });
    match stream.next().await {
        Some(Ok(Message::Text(text))) => Some(LinkEvent::Text(text.as_str().to_owned())),
        Some(Ok(Message::Binary(bytes))) => Some(LinkEvent::Binary(bytes.len())),
        Some(Ok(Message::Pong(payload))) => payload
            .as_ref()
            .try_into()
            .ok()
            .map(u64::from_be_bytes)
            .map(LinkEvent::Pong),
        Some(Ok(Message::Ping(_) | Message::Frame(_))) => None,
        Some(Ok(Message::Close(frame))) => {
            // The library has queued the answer; this sends it.
            drop(timeout(WRITE_TIMEOUT, stream.flush()).await);
            let reason = frame.map_or_else(
                || "closed without a code (1005)".to_owned(),
                |frame| {
                    format!(
                        "closed with {} {:?}",
                        u16::from(frame.code),
                        frame.reason.as_str()
                    )
                },
            );
            ended(closing, reason)
        }
        Some(Err(error)) => ended(false, describe(&error)),
        None => ended(false, "no close frame (1006)".to_owned()),
    }
}

/// What a failed upgrade means. The URL is in none of the texts, because it carries the token.
fn outage(error: Error, target: &Target, held: &str) -> Outage {
    let Error::Http(response) = error else {
        return Outage::Unreachable {
            reason: describe(&error),
        };
    };
    match response.status() {
        StatusCode::UNAUTHORIZED => Outage::Unauthorized,
        StatusCode::FORBIDDEN => Outage::Forbidden {
            scope: missing_scope(target.scope, held),
        },
        status => Outage::Refused {
            status: status.as_u16(),
            retry_after: retry_after::from_headers(response.headers(), clock::wall()),
        },
    }
}

fn describe(error: &Error) -> String {
    match error {
        Error::Capacity(CapacityError::MessageTooLong { size, max_size }) => {
            format!("a message of {size} bytes, expected at most {max_size}")
        }
        Error::Utf8(_) => "a text message that is not UTF-8".to_owned(),
        // Both can repeat the URL.
        Error::Url(_) | Error::HttpFormat(_) => "the URL cannot be requested".to_owned(),
        Error::WriteBufferFull(_) => "the write buffer is full".to_owned(),
        error => chain(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_is_where_the_dialect_has_it() {
        let address = |url: &str, authentication| {
            let target = Target {
                url: SocketUrl::parse(url).expect("a URL"),
                authentication,
                headers: &[],
                scope: "",
            };
            address(&target, "a~b/c").to_string()
        };
        let (query, raw) = (Authentication::Query, Authentication::RawQuery);
        assert_eq!(
            address("ws://h/p", query),
            "ws://h/p?access_token=a%7Eb%2Fc"
        );
        assert_eq!(address("ws://h/p", raw), "ws://h/p?access_token=a~b/c");
        assert_eq!(
            address("ws://h/p?v=1", raw),
            "ws://h/p?v=1&access_token=a~b/c"
        );
        assert_eq!(address("ws://h/p", Authentication::Frame), "ws://h/p");
    }
}
