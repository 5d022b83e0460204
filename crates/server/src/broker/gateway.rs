//! `GET /api/ws`: the upgrade, and the loop that carries out what [`connection`](super::connection) decides.
//!
//! One task for each socket. It waits for the browser, the store, the clock and the server's end at once, and decides
//! nothing itself.

mod carry;
mod goodbye;
mod observe;
mod questions;
mod replay;

use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::response::Response;
use cuecard_protocol::{MAX_MESSAGE_BYTES, SUBPROTOCOL, TICKET_SUBPROTOCOL_PREFIX};
use http::{HeaderMap, HeaderValue};

use self::carry::Carrier;
pub use self::replay::replay;
use super::Broker;
use crate::refusal::{Reason, Refusal};

/// What a socket reads into. The library's default of 128 KiB for each socket would be most of the server's memory.
const READ_BUFFER_BYTES: usize = 4 * 1024;

/// Messages are gathered up to here before they are written.
const WRITE_BUFFER_BYTES: usize = 8 * 1024;

/// The handler.
pub async fn upgrade(
    State(broker): State<Broker>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Refusal> {
    broker.refuse_while_draining()?;
    let origin = broker.origins.require(&headers)?;
    let upgrade =
        upgrade.map_err(|rejection| Reason::BAD_REQUEST.because(rejection.body_text()))?;
    let now = broker.app.clock.now();
    let claimed = broker.cookies.read(&headers, now).ok_or_else(|| {
        Reason::NO_SESSION.because("expected the cookie of a session that is not over")
    })?;
    // The seat comes before the look whether the session was ended: so an end in between reaches one of the two.
    let seat = broker.hub.join(&claimed.agent, &claimed.id);
    let session = broker.session(&headers).await?;
    let ticket = offered_ticket(&upgrade)?;
    let checked = broker.tickets.check(&ticket, &session, &origin, now)?;
    if !broker
        .app
        .backbone
        .once(&checked.once_key, now, checked.until)
        .await?
    {
        return Err(Reason::USED_TICKET.because("expected a new ticket for each connection"));
    }
    let mut upgrade = upgrade
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(WRITE_BUFFER_BYTES)
        .max_message_size(MAX_MESSAGE_BYTES)
        .max_frame_size(MAX_MESSAGE_BYTES);
    upgrade.set_selected_protocol(HeaderValue::from_static(SUBPROTOCOL));
    let hold = broker.app.shutdown.hold();
    Ok(upgrade.on_upgrade(async move |socket| {
        Carrier::new(broker, session, seat, socket).run().await;
        drop(hold);
    }))
}

/// The ticket among the offered subprotocols, if ours is offered beside it.
fn offered_ticket(upgrade: &WebSocketUpgrade) -> Result<String, Refusal> {
    let offered: Vec<&str> = upgrade
        .requested_protocols()
        .filter_map(|value| value.to_str().ok())
        .collect();
    if !offered.contains(&SUBPROTOCOL) {
        return Err(Reason::BAD_REQUEST.because(format!(
            "expected the subprotocols {SUBPROTOCOL} and ticket.<value>"
        )));
    }
    let ticket = offered
        .iter()
        .find_map(|value| value.strip_prefix(TICKET_SUBPROTOCOL_PREFIX));
    ticket.map(str::to_owned).ok_or_else(|| {
        Reason::NO_TICKET.because("expected the subprotocol ticket.<value> beside cuecard.v1")
    })
}
