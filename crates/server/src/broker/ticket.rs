//! `POST /api/ticket`: leave to open one WebSocket, for 30 seconds, once, from this session and this origin.
//!
//! A ticket is random and signed with the server's key; session and origin are in the signature but not in the ticket.
//! So nothing is kept until it is used, and then only its hash, as a once-key.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cuecard_protocol::session::TicketInfo;
use cuecard_protocol::{Millis, TICKET_LIFETIME};
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::HeaderMap;
use sha2::{Digest as _, Sha256};

use super::Broker;
use super::session::cookie::Session;
use super::session::key::Key;
use crate::config::Origin;
use crate::refusal::{Reason, Refusal};

/// Keeps these signatures apart from everything else that the key signs.
const PURPOSE: &[u8] = b"cuecard ticket v1\n";
const NONCE: usize = 16;
const UNTIL: usize = NONCE + 8;
const LENGTH: usize = UNTIL + 32;

/// Makes and checks tickets.
#[derive(Clone)]
pub struct Tickets {
    key: Key,
}

/// A ticket that is genuine and in time; whether it was used before is the store's to say.
#[derive(Debug, PartialEq, Eq)]
pub struct Checked {
    /// What the store remembers of it: its hash.
    pub once_key: String,
    /// How long it must remember.
    pub until: Millis,
}

impl Tickets {
    /// With the server's key.
    pub const fn new(key: Key) -> Self {
        Self { key }
    }

    /// A ticket made at `now` from random bytes.
    pub fn issue(
        &self,
        session: &Session,
        origin: &Origin,
        now: Millis,
        random: [u8; 32],
    ) -> String {
        let mut ticket = Vec::with_capacity(LENGTH);
        ticket.extend_from_slice(&random[..NONCE]);
        ticket.extend_from_slice(&now.plus(TICKET_LIFETIME).0.to_be_bytes());
        let signature = self.mac(&ticket, session, origin).finalize();
        ticket.extend_from_slice(&signature.into_bytes());
        URL_SAFE_NO_PAD.encode(ticket)
    }

    /// Whether the ticket was made here for this session and origin, and is in time.
    pub fn check(
        &self,
        ticket: &str,
        session: &Session,
        origin: &Origin,
        now: Millis,
    ) -> Result<Checked, Refusal> {
        let bytes = URL_SAFE_NO_PAD
            .decode(ticket)
            .ok()
            .filter(|bytes| bytes.len() == LENGTH);
        let bytes = bytes.ok_or_else(|| {
            Reason::NO_TICKET.because("the subprotocol ticket.<value> carries no ticket")
        })?;
        let (signed, signature) = bytes.split_at(UNTIL);
        self.mac(signed, session, origin)
            .verify_slice(signature)
            .map_err(|_| {
                Reason::FOREIGN_TICKET.because("expected one of this session, made for this origin")
            })?;
        let mut until = [0; 8];
        until.copy_from_slice(&signed[NONCE..]);
        let until = Millis(u64::from_be_bytes(until));
        if until <= now {
            let late = now.since(until);
            return Err(
                Reason::EXPIRED_TICKET.because(format!("it was good for 30 s and is {late} late"))
            );
        }
        let once_key = format!("ticket:{}", hex::encode(Sha256::digest(&bytes)));
        Ok(Checked { once_key, until })
    }

    fn mac(&self, signed: &[u8], session: &Session, origin: &Origin) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.key.expose())
            .expect("HMAC takes keys of any length");
        for part in [
            PURPOSE,
            signed,
            session.id.as_bytes(),
            b"\n",
            origin.as_str().as_bytes(),
        ] {
            mac.update(part);
        }
        mac
    }
}

/// The handler.
pub async fn issue(State(broker): State<Broker>, headers: HeaderMap) -> Result<Response, Refusal> {
    broker.refuse_while_draining()?;
    let origin = broker.origins.require(&headers)?;
    let session = broker.session(&headers).await?;
    let clock = &broker.app.clock;
    let ticket = broker
        .tickets
        .issue(&session, &origin, clock.now(), clock.random_bytes());
    let info = TicketInfo {
        ticket,
        url: broker.origins.socket_url(&headers)?,
        expires_in: TICKET_LIFETIME.0 / 1_000,
        session: Some(name_of(&session)),
    };
    Ok(Json(info).into_response())
}

/// What panels call a session, to share a socket with those of the same one only. The id itself stays in the cookie.
fn name_of(session: &Session) -> String {
    let hash = Sha256::digest(format!("cuecard session {}", session.id));
    hex::encode(&hash[..8])
}

#[cfg(test)]
mod tests {
    use cuecard_protocol::AgentId;

    use super::*;

    const NOW: Millis = Millis(1_800_000_000_000);

    fn session(id: &str) -> Session {
        Session {
            id: id.into(),
            agent: AgentId::parse("A-1").unwrap(),
            expires_at: NOW.plus(Millis::from_secs(3600)),
        }
    }

    fn origin(text: &str) -> Origin {
        Origin::parse(text).unwrap()
    }

    #[test]
    fn a_ticket_is_good_for_its_session_its_origin_and_its_time() {
        let tickets = Tickets::new(Key::from_bytes([7; 32]));
        let (here, there) = (origin("https://a.example"), origin("https://b.example"));
        let ticket = tickets.issue(&session("s1"), &here, NOW, [9; 32]);
        let code = |ticket: &str, session: &Session, origin: &Origin, now: Millis| {
            tickets
                .check(ticket, session, origin, now)
                .err()
                .map(|refusal| refusal.reason.code)
        };
        let last = NOW.plus(Millis(29_999));
        assert_eq!(code(&ticket, &session("s1"), &here, NOW), None);
        assert_eq!(code(&ticket, &session("s1"), &here, last), None);
        assert_eq!(
            code(&ticket, &session("s1"), &here, last.plus(Millis(1))),
            Some("expired_ticket")
        );
        assert_eq!(
            code(&ticket, &session("s2"), &here, NOW),
            Some("foreign_ticket")
        );
        assert_eq!(
            code(&ticket, &session("s1"), &there, NOW),
            Some("foreign_ticket")
        );
        assert_eq!(code("", &session("s1"), &here, NOW), Some("no_ticket"));
        assert_eq!(
            code("nonsense", &session("s1"), &here, NOW),
            Some("no_ticket")
        );
        let other = Tickets::new(Key::from_bytes([8; 32]));
        assert_eq!(
            other
                .check(&ticket, &session("s1"), &here, NOW)
                .unwrap_err()
                .reason
                .code,
            "foreign_ticket"
        );
    }

    #[test]
    fn every_changed_bit_is_found() {
        let tickets = Tickets::new(Key::from_bytes([7; 32]));
        let here = origin("https://a.example");
        let ticket = tickets.issue(&session("s1"), &here, NOW, [9; 32]);
        let bytes = URL_SAFE_NO_PAD.decode(&ticket).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let changed = URL_SAFE_NO_PAD.encode(changed);
            assert!(
                tickets.check(&changed, &session("s1"), &here, NOW).is_err(),
                "bit {bit}"
            );
        }
    }

    #[test]
    fn the_store_sees_the_hash_only() {
        let tickets = Tickets::new(Key::from_bytes([7; 32]));
        let here = origin("https://a.example");
        let ticket = tickets.issue(&session("s1"), &here, NOW, [9; 32]);
        let checked = tickets.check(&ticket, &session("s1"), &here, NOW).unwrap();
        assert_eq!(checked.until, NOW.plus(TICKET_LIFETIME));
        assert_eq!(checked.once_key.len(), "ticket:".len() + 64);
        assert!(!checked.once_key.contains(&ticket));
    }
}
