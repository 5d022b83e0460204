//! The notification socket (platform wire, sections 13, 14.5 and 14.6): how a desktop receives cards and reports on
//! them.
//!
//! The upgrade needs no credentials; `CONNECT` and `SUBSCRIBE` do, and are where an ended token is noticed. A refused
//! command is answered `ERROR` and the socket stays open. What an outcome means to its publisher is decided in
//! `suggestion_desk`.
//! Start with [`upgrade`].

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{ConnectInfo, State};
use axum::response::Response;
use cuecard_cxone::wire::notification::{
    AppElement, Empty, MessageBody, OutcomeKind, OutcomeReport, Received, ServerFrame,
    ServerHeaders, Topic, agent_topic,
};
use cuecard_protocol::{CardId, InteractionId};
use serde_json::json;

use super::{Connection, Ended, Input, SocketName, accept};
use crate::clock;
use crate::commands::{self, Command, Refusal};
use crate::delivery::Delivery;
use crate::exchange::Outbox;
use crate::fault_layer::GARBAGE;
use crate::faults::{Fault, FaultRoute, Moment};
use crate::listener::Peer;
use crate::platform::Platform;

/// Where it is.
pub const PATH: &str = "/agent-assist-notifications/notifications/ws";
/// `agentAssistSource` of what is delivered.
pub const SOURCE: &str = "agent-assist";
/// How long a card that shall change places with its successor waits for it.
const REORDER_LIMIT: Duration = Duration::from_millis(500);

/// The upgrade.
pub async fn upgrade(
    State(platform): State<Arc<Platform>>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    accept(
        platform,
        SocketName::Notifications,
        peer,
        upgrade,
        |connection| Desktop::new(connection).serve(),
    )
}

/// A desktop on the other end.
struct Desktop {
    connection: Connection,
    outbox: Outbox,
    /// What was kept and comes before anything in the outbox.
    pending: VecDeque<Arc<Delivery>>,
    /// The platform's name for the connection.
    name: String,
    connected: bool,
    topics: BTreeSet<String>,
}

impl Desktop {
    fn new(connection: Connection) -> Self {
        let outbox = connection.platform.exchange().open(connection.id);
        let name = clock::fresh_id();
        Self {
            connection,
            outbox,
            pending: VecDeque::new(),
            name,
            connected: false,
            topics: BTreeSet::new(),
        }
    }

    async fn serve(mut self) {
        let ended = loop {
            let input = tokio::select! {
                input = self.connection.next() => input,
                delivery = self.outbox.next() => {
                    self.pending.push_back(delivery);
                    match self.deliver_pending().await {
                        Ok(()) => continue,
                        Err(ended) => break ended,
                    }
                }
            };
            let handled = match input {
                Input::Text(text) => self.command(&text).await,
                Input::Binary(bytes) => {
                    self.connection
                        .note_frame(bytes, None, Some("binary frame"));
                    let refusal = Refusal::malformed(format!(
                        "a binary frame of {bytes} bytes, expected text"
                    ));
                    self.refuse(refusal).await
                }
                Input::Ended(ended) => break ended,
            };
            if let Err(ended) = handled {
                break ended;
            }
        };
        let Self {
            connection,
            outbox,
            pending,
            ..
        } = self;
        connection
            .platform
            .exchange()
            .close(connection.id, pending.into(), outbox);
        connection.finish(ended).await;
    }

    async fn command(&mut self, text: &str) -> Result<(), Ended> {
        let (masked, command) = commands::read(text);
        let answer = command.and_then(|command| self.obey(command));
        let error = answer.as_ref().err().map(|refusal| refusal.text.clone());
        self.connection
            .note_frame(text.len(), masked.as_ref(), error.as_deref());
        match answer {
            Ok(frame) => {
                self.send(&frame).await?;
                self.deliver_pending().await
            }
            Err(refusal) => self.refuse(refusal).await,
        }
    }

    /// Does what a command wants; its answer.
    fn obey(&mut self, command: Command) -> Result<ServerFrame, Refusal> {
        let (platform, now, headers) = (&self.connection.platform, clock::now(), self.headers());
        if !self.connected && !matches!(command, Command::Connect { .. }) {
            return Err(Refusal::not_connected());
        }
        Ok(match command {
            Command::Connect { token } => {
                platform
                    .tokens()
                    .check(&token, now)
                    .map_err(|refusal| Refusal::token("CONNECT", refusal))?;
                self.connected = true;
                ServerFrame::Connected {
                    headers,
                    body: Empty {},
                }
            }
            Command::Subscribe {
                token,
                topic,
                agent,
            } => {
                let context = format!("SUBSCRIBE {topic}");
                platform
                    .tokens()
                    .check(&token, now)
                    .map_err(|refusal| Refusal::token(&context, refusal))?;
                if agent.is_some_and(|agent| !platform.directory().knows(&agent)) {
                    return Err(Refusal::unknown_agent(&topic));
                }
                self.pending.extend(
                    platform
                        .exchange()
                        .subscribe(self.connection.id, &topic, now),
                );
                self.topics.insert(topic.clone());
                ServerFrame::Subscribed {
                    headers,
                    body: Topic { topic },
                }
            }
            Command::Unsubscribe { topic } => {
                platform
                    .exchange()
                    .hub
                    .unsubscribe(self.connection.id, &topic);
                self.topics.remove(&topic);
                ServerFrame::Unsubscribed {
                    headers,
                    body: Topic { topic },
                }
            }
            Command::Heartbeat => ServerFrame::HeartbeatAck {
                headers,
                body: Empty {},
            },
            Command::Outcome { kind, report } => {
                take_report(platform, kind, &report);
                ServerFrame::Received {
                    headers,
                    body: Received {
                        object_id: report.object_id,
                    },
                }
            }
        })
    }

    async fn refuse(&mut self, refusal: Refusal) -> Result<(), Ended> {
        let frame = ServerFrame::Error {
            headers: self.headers(),
            body: refusal.into_body(),
        };
        self.send(&frame).await
    }

    async fn deliver_pending(&mut self) -> Result<(), Ended> {
        while let Some(delivery) = self.pending.front() {
            if !self.topics.contains(&agent_topic(&delivery.card.agent_id)) {
                // Unsubscribed while it was on its way.
                if let Some(delivery) = self.pending.pop_front() {
                    self.connection.platform.exchange().hub.take_back(delivery);
                }
                continue;
            }
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
                Some(Fault::Duplicate) => self.deliver(0).await?,
                Some(Fault::Reorder) => {
                    if self.pending.len() < 2
                        && let Ok(successor) =
                            tokio::time::timeout(REORDER_LIMIT, self.outbox.next()).await
                    {
                        self.pending.push_back(successor);
                    }
                    if self.pending.len() > 1 {
                        self.deliver(1).await?;
                        self.pending.remove(1);
                    }
                }
                Some(Fault::Status { .. }) | None => {}
            }
            self.deliver(0).await?;
            self.pending.pop_front();
        }
        Ok(())
    }

    /// Sends a pending card. It stays pending until it has been written, so that one that cannot be is taken back.
    async fn deliver(&mut self, index: usize) -> Result<(), Ended> {
        let Some(delivery) = self.pending.get(index) else {
            return Ok(());
        };
        let card = &delivery.card;
        let now = clock::now();
        if now >= card.expires {
            return Ok(());
        }
        let element = AppElement::custom_card(&card.object_id, card.content.clone());
        let body = MessageBody {
            agent_assist_source: SOURCE.into(),
            contact_id: card.contact_id.clone(),
            utc_timestamp: clock::iso(now),
            acp_app_elements: vec![element],
            message_type: None,
        };
        let frame = ServerFrame::Message {
            headers: self.headers(),
            body,
        };
        self.send(&frame).await
    }

    fn headers(&self) -> ServerHeaders {
        ServerHeaders {
            connection_id: self.name.clone(),
        }
    }

    async fn send(&mut self, frame: &ServerFrame) -> Result<(), Ended> {
        self.connection.send(json!(frame).to_string()).await
    }
}

/// Takes a report down once. If it is about a suggestion, its injector is told.
fn take_report(platform: &Platform, kind: OutcomeKind, report: &OutcomeReport) {
    let now = clock::now();
    let OutcomeReport {
        object_id,
        contact_id,
        agent_id,
        at,
        ..
    } = report;
    let is_new = platform
        .exchange()
        .hub
        .first_report(kind, object_id, at, now);
    if !is_new {
        return;
    }
    tracing::debug!(object_id, agent_id, ?kind, "outcome");
    // Ids that cannot be a suggestion's are those of other cards.
    if let (Ok(interaction), Ok(id)) = (
        InteractionId::parse(contact_id.as_str()),
        CardId::parse(object_id.as_str()),
    ) {
        platform
            .injectors()
            .report(kind, &interaction, &id, clock::millis(now));
    }
}
