//! Brings what becomes of suggestions to those who injected them: the [`Desk`] with an outbox for each connection.
//!
//! What a connection could not be told any more goes to another one of its client or is kept. Start with
//! [`Injectors::report`].

use std::collections::BTreeMap;

use cuecard_cxone::wire::notification::OutcomeKind;
use cuecard_cxone::wire::suggestions::ServerFrame;
use cuecard_protocol::rules::suggestion::Refusal;
use cuecard_protocol::{CardId, InteractionId, Millis};
use tokio::sync::mpsc;

use crate::delivery::ConnectionId;
use crate::suggestion_desk::{Desk, Injector, Sending};
use crate::suggestion_rules::Suggested;

/// The receiving end of a connection's outbox. It has no bound of its own: a connection that does not read is dropped
/// within seconds, and what its suggestions came to is two frames for each.
pub type Outbox = mpsc::UnboundedReceiver<ServerFrame>;

/// The desk and the outboxes.
#[derive(Debug, Default)]
pub struct Injectors {
    desk: Desk,
    inlets: BTreeMap<ConnectionId, mpsc::UnboundedSender<ServerFrame>>,
}

impl Injectors {
    /// A client has authenticated: its outbox, in which lies what was kept for it.
    pub fn open(&mut self, injector: &Injector, now: Millis) -> Outbox {
        let (sender, receiver) = mpsc::unbounded_channel();
        self.inlets.insert(injector.connection, sender);
        let connection = injector.connection;
        let kept = self.desk.connected(injector, now).into_iter();
        self.dispatch(kept.map(|frame| Sending { connection, frame }).collect());
        receiver
    }

    /// Closes a connection's outbox and takes back what it had not delivered: `unsent` and what is in the outbox.
    pub fn close(
        &mut self,
        injector: &Injector,
        unsent: Option<ServerFrame>,
        mut outbox: Outbox,
        now: Millis,
    ) {
        self.inlets.remove(&injector.connection);
        let mut undelivered: Vec<ServerFrame> = unsent.into_iter().collect();
        while let Ok(frame) = outbox.try_recv() {
            undelivered.push(frame);
        }
        let sendings = self.desk.disconnected(injector, undelivered, now);
        self.dispatch(sendings);
    }

    /// Takes a suggestion if it keeps the rules.
    ///
    /// # Errors
    ///
    /// Which rule it breaks.
    pub fn offer(
        &mut self,
        injector: &Injector,
        suggested: &Suggested,
        now: Millis,
    ) -> Result<(), Refusal> {
        let Suggested {
            interaction,
            offer,
            sent_at,
            ..
        } = suggested;
        self.desk.offer(injector, interaction, offer, *sent_at, now)
    }

    /// A desktop reports on a suggestion: its injector is told.
    pub fn report(
        &mut self,
        kind: OutcomeKind,
        interaction: &InteractionId,
        id: &CardId,
        now: Millis,
    ) {
        let sendings = self.desk.report(kind, interaction, id, now);
        self.dispatch(sendings);
    }

    fn dispatch(&mut self, sendings: Vec<Sending>) {
        for Sending { connection, frame } in sendings {
            // The desk names connections that are open here, and an outbox ends only after its inlet.
            if let Some(inlet) = self.inlets.get(&connection) {
                let _ = inlet.send(frame);
            }
        }
    }
}
