//! The suggestions socket (platform wire, section 4): `/ws/v1`.
//!
//! The upgrade needs no credentials; the first frame brings them, and what comes before it is held. Suggestions are
//! checked and sent to the desktops of the agent who holds the interaction; what becomes of them comes back on the
//! socket. What is refused gets an error frame and the socket stays open. Start with [`upgrade`].

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{Utf8Bytes, WebSocketUpgrade};
use axum::extract::{ConnectInfo, State};
use axum::response::Response;
use cuecard_cxone::wire::error_frame::{ErrorCode, ErrorFrame};
use cuecard_cxone::wire::suggestions::ServerFrame;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep_until};

use super::query_token::allow;
use super::{Connection, Ended, Input, SocketName, accept};
use crate::auto_outcome;
use crate::clock;
use crate::delivery::Card;
use crate::fault_layer::GARBAGE;
use crate::faults::{Fault, FaultRoute, Moment};
use crate::frame_rules::{self, refuse, shown};
use crate::injectors::Outbox;
use crate::listener::Peer;
use crate::platform::Platform;
use crate::suggestion_desk::Injector;
use crate::suggestion_rules::{self, Suggested, SuggestionsFrame};
use crate::tokens::Grant;

/// Where it is.
pub const PATH: &str = "/ws/v1";
/// The scope a suggestion needs; without it it is `forbidden`.
pub const SUGGEST_SCOPE: &str = "agentassist:write";
/// The close code of a client that has not authenticated in time (platform wire, section 14.4).
pub const NO_AUTH: u16 = 4401;
/// Frames held at most until a client has authenticated (platform wire, section 14.4).
pub const MAX_HELD: usize = 64;

/// The upgrade.
pub async fn upgrade(
    State(platform): State<Arc<Platform>>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    accept(
        platform,
        SocketName::Suggestions,
        peer,
        upgrade,
        |connection| Client::new(connection).serve(),
    )
}

/// A client on the other end.
struct Client {
    connection: Connection,
    auth: Auth,
}

/// Whether the client has said who it is.
enum Auth {
    /// Not yet: what it sent is held, up to the deadline.
    Awaited {
        held: VecDeque<Utf8Bytes>,
        deadline: Instant,
    },
    /// It has failed to: what it sends is refused, up to the deadline or until it succeeds.
    Failed { deadline: Instant },
    /// It has.
    Granted(Granted),
}

struct Granted {
    grant: Grant,
    injector: Injector,
    outbox: Outbox,
}

enum Event {
    Input(Input),
    Outcome(ServerFrame),
}

impl Client {
    fn new(connection: Connection) -> Self {
        let deadline = Instant::now() + connection.platform.settings.auth_limit;
        let held = VecDeque::new();
        let auth = Auth::Awaited { held, deadline };
        Self { connection, auth }
    }

    async fn serve(mut self) {
        // What the client could not be told any more.
        let mut unsent = None;
        let ended = loop {
            let handled = match self.next().await {
                Event::Input(Input::Text(text)) => self.text(text).await,
                Event::Input(Input::Binary(bytes)) => {
                    self.connection
                        .note_frame(bytes, None, Some("invalid_json"));
                    self.connection.refuse(&frame_rules::binary(bytes)).await
                }
                Event::Input(Input::Ended(ended)) => break ended,
                Event::Outcome(frame) => {
                    let told = self.tell(&frame).await;
                    if told.is_err() {
                        unsent = Some(frame);
                    }
                    told
                }
            };
            if let Err(ended) = handled {
                break ended;
            }
        };
        let Self { connection, auth } = self;
        match auth {
            Auth::Granted(granted) => close(&connection.platform, granted, unsent),
            Auth::Awaited { held, .. } => {
                for text in held {
                    note_refused(&connection, &text);
                }
            }
            Auth::Failed { .. } => {}
        }
        connection.finish(ended).await;
    }

    async fn next(&mut self) -> Event {
        match &mut self.auth {
            Auth::Awaited { deadline, .. } | Auth::Failed { deadline } => tokio::select! {
                input = self.connection.next() => Event::Input(input),
                () = sleep_until(*deadline) => Event::Input(Input::Ended(Ended::ByUs(NO_AUTH, "no auth"))),
            },
            // What was kept for the client goes first: its next ping is answered behind that, so it knows by the pong
            // what was decided before it repeats anything.
            Auth::Granted(Granted { outbox, .. }) => tokio::select! {
                biased;
                Some(frame) = outbox.recv() => Event::Outcome(frame),
                input = self.connection.next() => Event::Input(input),
            },
        }
    }

    /// Authenticates, or takes, holds or refuses what is no `auth`.
    async fn text(&mut self, text: Utf8Bytes) -> Result<(), Ended> {
        let parsed = frame_rules::parse(&text);
        if let Ok(frame) = &parsed
            && let Ok(SuggestionsFrame::Auth(token)) = suggestion_rules::read(frame)
        {
            return self.authenticate(&token, frame, text.len()).await;
        }
        match &mut self.auth {
            Auth::Granted(_) => self.take(&text).await,
            Auth::Awaited { held, .. } if held.len() < MAX_HELD => {
                held.push_back(text);
                Ok(())
            }
            Auth::Awaited { .. } => {
                note_refused(&self.connection, &text);
                let message = format!("more than {MAX_HELD} frames before auth");
                let error = refuse(ErrorCode::Protocol, message, None);
                self.connection.refuse(&error).await
            }
            Auth::Failed { .. } => {
                note_refused(&self.connection, &text);
                let message = "the client has not authenticated".to_owned();
                self.send(&ServerFrame::AuthFailure { message }).await
            }
        }
    }

    /// Takes a frame of a client that has authenticated.
    async fn take(&mut self, text: &Utf8Bytes) -> Result<(), Ended> {
        let Auth::Granted(granted) = &self.auth else {
            return Ok(());
        };
        let parsed = frame_rules::parse(text);
        let outcome = parsed.as_ref().map_err(Clone::clone).and_then(|frame| {
            match suggestion_rules::read(frame)? {
                SuggestionsFrame::Suggest(suggested) => {
                    publish(&self.connection, granted, &suggested, frame, text.len())
                }
                SuggestionsFrame::Auth(_) => Ok(()),
            }
        });
        let masked = parsed.as_ref().ok().map(masked);
        self.connection
            .note_outcome(text.len(), masked.as_deref(), &outcome);
        match outcome {
            Ok(()) => Ok(()),
            Err(error) => self.connection.refuse(&error).await,
        }
    }

    async fn authenticate(
        &mut self,
        token: &str,
        frame: &Value,
        bytes: usize,
    ) -> Result<(), Ended> {
        let platform = Arc::clone(&self.connection.platform);
        let now = clock::now();
        let checked = platform.tokens().check(token, now).cloned();
        let error = checked.as_ref().err().map(|_| "unauthorized");
        let details = masked(frame);
        self.connection.note_frame(bytes, Some(&details), error);
        let limit = platform.settings.auth_limit;
        let deadline = Instant::now() + limit;
        let before = std::mem::replace(&mut self.auth, Auth::Failed { deadline });
        let held = match before {
            Auth::Granted(granted) => {
                close(&platform, granted, None);
                VecDeque::new()
            }
            Auth::Awaited { held, .. } => held,
            Auth::Failed { .. } => VecDeque::new(),
        };
        let grant = match checked {
            Ok(grant) => grant,
            Err(refusal) => {
                for text in held {
                    note_refused(&self.connection, &text);
                }
                let message = refusal.to_string();
                return self.send(&ServerFrame::AuthFailure { message }).await;
            }
        };
        let injector = Injector {
            connection: self.connection.id,
            client: grant.client_id.clone(),
        };
        // Its outbox opens first, so that an outcome that comes meanwhile is not kept for longer than it must.
        let outbox = platform.injectors().open(&injector, clock::millis(now));
        self.auth = Auth::Granted(Granted {
            grant,
            injector,
            outbox,
        });
        self.send(&ServerFrame::AuthSuccess {}).await?;
        for text in held {
            self.take(&text).await?;
        }
        Ok(())
    }

    /// Tells what became of a suggestion.
    async fn tell(&mut self, frame: &ServerFrame) -> Result<(), Ended> {
        let decision = self
            .connection
            .platform
            .decide(FaultRoute::Sockets, Moment::Delivery);
        if decision.delay_ms > 0 {
            tokio::time::sleep(Duration::from_millis(decision.delay_ms)).await;
        }
        match decision.fault {
            Some(Fault::Reset) => return Err(Ended::ByUs(super::ABRUPT, "fault")),
            Some(Fault::Garbage) => self.connection.send(GARBAGE.to_owned()).await?,
            Some(Fault::Duplicate) => self.send(frame).await?,
            // An ack and its outcome never change places.
            Some(Fault::Reorder | Fault::Status { .. }) | None => {}
        }
        self.send(frame).await
    }

    async fn send(&mut self, frame: &ServerFrame) -> Result<(), Ended> {
        self.connection.send(json!(frame).to_string()).await
    }
}

fn publish(
    connection: &Connection,
    granted: &Granted,
    suggested: &Suggested,
    frame: &Value,
    bytes: usize,
) -> Result<(), ErrorFrame> {
    let platform = &connection.platform;
    let Suggested {
        interaction, offer, ..
    } = suggested;
    let id = &offer.id;
    allow(&granted.grant, &[SUGGEST_SCOPE], Some(id.as_str()))?;
    let holder = platform
        .directory()
        .holder(interaction.as_str())
        .map(str::to_owned);
    let Some(agent_id) = holder else {
        let message = format!("nobody holds interaction {:?}", shown(interaction.as_str()));
        return Err(refuse(ErrorCode::UnknownAgent, message, Some(id.as_str())));
    };
    platform
        .injectors()
        .offer(&granted.injector, suggested, clock::millis(clock::now()))
        .map_err(|refusal| suggestion_rules::broken(&refusal, id))?;
    let is_present = platform.exchange().hub.is_present(&agent_id);
    if !is_present && let Some(outcome) = platform.auto_outcome().next() {
        auto_outcome::play(platform, interaction.clone(), id.clone(), outcome);
        return Ok(());
    }
    platform.publish(Card {
        object_id: id.to_string(),
        contact_id: interaction.to_string(),
        agent_id,
        content: frame.clone(),
        bytes,
        expires: suggested.expires,
    });
    Ok(())
}

fn close(platform: &Platform, granted: Granted, unsent: Option<ServerFrame>) {
    let now = clock::millis(clock::now());
    let Granted {
        injector, outbox, ..
    } = granted;
    platform.injectors().close(&injector, unsent, outbox, now);
}

/// Writes a frame down that came from a client nobody knows.
fn note_refused(connection: &Connection, text: &Utf8Bytes) {
    let frame = frame_rules::parse(text).ok();
    let masked = frame.as_ref().map(masked);
    connection.note_frame(text.len(), masked.as_deref(), Some("unauthorized"));
}

/// What may be written down of a frame: a misspelt `auth` brings a token too.
fn masked(frame: &Value) -> Cow<'_, Value> {
    if frame.get("token").is_none_or(|token| token == "") {
        return Cow::Borrowed(frame);
    }
    let mut masked = frame.clone();
    masked["token"] = "***".into();
    Cow::Owned(masked)
}
