//! `POST /api/ticket`: the permission to open one WebSocket.

use cuecard_panel::{Event, Failure};
use cuecard_protocol::session::TicketInfo;
use web_sys::AbortSignal;

use super::{Broker, json, request};

/// Fetches a ticket.
pub async fn fetch(broker: Broker, signal: AbortSignal) -> Event {
    match try_fetch(&broker, signal).await {
        Ok(ticket) => Event::TicketIssued(ticket),
        Err(failure) => Event::TicketFailed(failure),
    }
}

async fn try_fetch(broker: &Broker, signal: AbortSignal) -> Result<TicketInfo, Failure> {
    let url = broker.endpoint("/api/ticket");
    let text = request::post(url.clone(), None, signal).await?;
    json::read(&text).ok_or_else(|| request::unreadable(&url))
}
