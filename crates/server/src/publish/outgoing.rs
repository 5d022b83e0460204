//! What was posted, on its way to the platform: handed to the publish sockets until it has arrived, also after a restart;
//! and what the platform says of it, taken down.
//!
//! The store is the queue: [`crate::backbone::publications::Publications::unsettled`] says what is left. Retrying and
//! order are the sockets'. Start at [`Outgoing::run`] and [`follow`].

use std::collections::BTreeSet;
use std::collections::btree_map::{BTreeMap, Entry};
use std::mem::take;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cuecard_cxone::alerts::AlertPublisher;
use cuecard_cxone::prompts::PromptPublisher;
use cuecard_cxone::publisher::{CAPACITY, Dialect, Loss, PublishError, PublishEvent, Publisher};
use cuecard_cxone::suggestions::Injector;
use cuecard_cxone::wire::error_frame::ErrorCode;
use cuecard_protocol::CardId;
use futures_util::future::join_all;
use metrics::counter;
use serde_json::{Map, Value, json};
use tokio::sync::{Notify, mpsc};
use tokio::time::{Instant, sleep, sleep_until};

use super::Sources;
use super::ingest::Ingest;
use crate::App;
use crate::audit::Event;
use crate::backbone::publications::{Kind, Publication, Report};

/// So many of a kind are in hand at once: well below what a socket keeps, which drops its oldest then. The alerts of risk
/// sources need room there, too.
const IN_HAND: usize = CAPACITY / 4;
/// So much of what the platform says is taken down at once.
const NOTES: usize = 128;
/// What is left is looked at again after this, also if nobody says that it has changed.
const EVERY: Duration = Duration::from_secs(30);
/// And after this, if it could not be read, or handed over.
const RETRY: Duration = Duration::from_secs(1);
/// Waits between tries to take down what the platform says: it says so once.
const NOTE_WAITS: [Duration; 2] = [Duration::from_millis(200), Duration::from_secs(1)];

/// What the sockets have from us, and the bell that says that publications have changed. Clones are the same.
#[derive(Debug, Clone, Default)]
pub struct Outgoing(Arc<Desk>);

#[derive(Debug, Default)]
struct Desk {
    bell: Notify,
    in_hand: Mutex<BTreeMap<CardId, Kind>>,
    /// What of that is to be handed over again.
    again: Mutex<BTreeSet<CardId>>,
}

/// The publish sockets that there are.
pub(super) struct Sockets {
    pub(super) alerts: AlertPublisher,
    pub(super) suggestions: Option<Injector>,
    pub(super) prompts: Option<PromptPublisher>,
}

impl Outgoing {
    /// Something was posted, has moved on, or was taken back.
    pub fn nudge(&self) {
        self.0.bell.notify_one();
    }

    /// Any delivery may have been lost. What has not come through the platform is handed over again, which brings it, or
    /// [makes up](Ingest::make_up_for) for it.
    pub(super) fn all_again(&self) {
        let all: Vec<_> = self.in_hand().keys().cloned().collect();
        held(&self.0.again).extend(all);
        self.nudge();
    }

    /// The delivery of this card was lost: it could not be kept.
    pub(super) fn again(&self, card: &CardId) {
        held(&self.0.again).insert(card.clone());
        self.nudge();
    }

    /// Hands over what is left, and then whatever comes. Runs until it is dropped, or the sockets have stopped.
    pub(super) async fn run(&self, app: &App, sockets: &Sockets) {
        let mut look_at = Instant::now();
        loop {
            tokio::select! {
                () = self.0.bell.notified() => {}
                () = sleep_until(look_at) => {}
            }
            look_at = Instant::now() + EVERY;
            let again = take(&mut *held(&self.0.again));
            if self.take_back(again, sockets) == Err(PublishError::Stopped) {
                return;
            }
            for kind in [Kind::Alert, Kind::Suggestion, Kind::Prompt] {
                match app.backbone.unsettled(kind, IN_HAND).await {
                    Ok(left) => match self.hand_over(kind, left, sockets) {
                        Ok(()) => {}
                        Err(PublishError::Crowded) => look_at = Instant::now() + RETRY,
                        Err(PublishError::Stopped) => return,
                    },
                    Err(error) => {
                        tracing::error!(%error, "what is to be published cannot be read");
                        look_at = Instant::now() + RETRY;
                    }
                }
            }
        }
    }

    /// Brings a socket up to date with what is left of its kind.
    ///
    /// What is no longer left is taken back: it is over, or in an agent's log, and so need not be sent again, though
    /// nobody has acknowledged it.
    fn hand_over(
        &self,
        kind: Kind,
        left: Vec<Publication>,
        sockets: &Sockets,
    ) -> Result<(), PublishError> {
        let mut in_hand = self.in_hand();
        let stays: BTreeSet<&CardId> = left.iter().map(|one| &one.id).collect();
        let gone: Vec<CardId> = in_hand
            .iter()
            .filter(|(card, of)| **of == kind && !stays.contains(card))
            .map(|(card, _)| card.clone())
            .collect();
        for card in gone {
            sockets.withdraw(&card, kind)?;
            in_hand.remove(&card);
        }
        for publication in left {
            let card = publication.id.clone();
            if let Entry::Vacant(place) = in_hand.entry(card) {
                sockets.hand_over(publication)?;
                place.insert(kind);
            }
        }
        Ok(())
    }

    /// Takes these back, so that they are handed over anew.
    fn take_back(&self, cards: BTreeSet<CardId>, sockets: &Sockets) -> Result<(), PublishError> {
        let mut in_hand = self.in_hand();
        for card in cards {
            if let Some(kind) = in_hand.remove(&card) {
                sockets.withdraw(&card, kind)?;
            }
        }
        Ok(())
    }

    /// A socket has dropped a card. If it had it from us, it gets it again.
    fn dropped(&self, card: &CardId) -> bool {
        let was_in_hand = self.in_hand().remove(card).is_some();
        if was_in_hand {
            self.nudge();
        }
        was_in_hand
    }

    fn in_hand(&self) -> MutexGuard<'_, BTreeMap<CardId, Kind>> {
        held(&self.0.in_hand)
    }
}

/// Whoever panicked left nothing half done.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Sockets {
    fn hand_over(&self, publication: Publication) -> Result<(), PublishError> {
        let Publication { kind, frame, .. } = publication;
        match kind {
            Kind::Alert => hand_over(Some(&self.alerts), frame),
            Kind::Suggestion => hand_over(self.suggestions.as_ref(), frame),
            Kind::Prompt => hand_over(self.prompts.as_ref(), frame),
            // Nobody posts these.
            Kind::Task => Ok(()),
        }
    }

    fn withdraw(&self, card: &CardId, kind: Kind) -> Result<(), PublishError> {
        match kind {
            Kind::Alert => withdraw(Some(&self.alerts), card),
            Kind::Suggestion => withdraw(self.suggestions.as_ref(), card),
            Kind::Prompt => withdraw(self.prompts.as_ref(), card),
            Kind::Task => Ok(()),
        }
    }
}

/// Hands a frame to its socket, as one that may have been sent before: so it may, before a restart, or before the socket
/// dropped it. One whose socket is no longer configured waits for its end in the store.
fn hand_over<D: Dialect>(socket: Option<&Publisher<D>>, frame: Value) -> Result<(), PublishError>
where
    D::Content: serde::de::DeserializeOwned,
{
    let Some(socket) = socket else { return Ok(()) };
    match serde_json::from_value(frame) {
        Ok(frame) => socket.publish_again(frame),
        Err(error) => {
            // Made by us; only a store of another version could hold it.
            tracing::error!(%error, "a kept frame cannot be read");
            Ok(())
        }
    }
}

/// Takes back what may still wait.
fn withdraw<D: Dialect>(socket: Option<&Publisher<D>>, card: &CardId) -> Result<(), PublishError> {
    socket.map_or(Ok(()), |socket| socket.withdraw(card.as_str()))
}

/// Takes down what becomes of what was published on one socket, until that has ended. The client has logged and counted
/// it for itself.
///
/// What has come meanwhile is taken down together, because each write waits for the disk; of one card in its order.
pub(super) async fn follow(
    app: &App,
    ingest: &Ingest,
    kind: Kind,
    mut events: mpsc::Receiver<PublishEvent>,
) {
    let mut batch = Vec::with_capacity(NOTES);
    while events.recv_many(&mut batch, NOTES).await > 0 {
        let mut of_cards: BTreeMap<String, Vec<Report>> = BTreeMap::new();
        for (id, report) in batch.drain(..).filter_map(|event| heard(app, kind, event)) {
            of_cards.entry(id).or_default().push(report);
        }
        let notes = of_cards
            .iter()
            .map(|(id, reports)| note(app, ingest, kind, id, reports));
        join_all(notes).await;
    }
}

/// What an event means for a card, if it is one to be taken down.
fn heard(app: &App, kind: Kind, event: PublishEvent) -> Option<(String, Report)> {
    match event {
        PublishEvent::Arrived { id } => Some((id, Report::Sent)),
        PublishEvent::Acknowledged { id, .. } => Some((id, Report::Acknowledged)),
        PublishEvent::Accepted { id } => Some((id, Report::Accepted)),
        PublishEvent::Dismissed { id } => Some((id, Report::Dismissed)),
        // Our own rules let no other card with this id pass: it is there since a send whose answer was lost.
        PublishEvent::Known { id }
        | PublishEvent::Rejected {
            code: ErrorCode::Duplicate,
            id: Some(id),
        } => Some((id, Report::Known)),
        PublishEvent::Rejected { code, id } => {
            let code = json!(code).as_str().unwrap_or("unknown").to_owned();
            failed(app, id.as_deref(), "rejected", &code);
            counter!("cuecard_refused_total", "reason" => "platform").increment(1);
            id.map(|id| (id, Report::Refused { code }))
        }
        PublishEvent::Lost { id, loss } => lost(app, kind, id, loss),
        PublishEvent::Deferred { .. } => {
            counter!("cuecard_publications_deferred_total").increment(1);
            None
        }
        PublishEvent::Connected
        | PublishEvent::Disconnected { .. }
        | PublishEvent::Unreadable { .. } => None,
    }
}

/// What a loss means. What the store has is not lost while it can still be handed over: by the next look, or after the
/// next start.
fn lost(app: &App, kind: Kind, id: String, loss: Loss) -> Option<(String, Report)> {
    let is_kept = |card: CardId| match loss {
        Loss::Crowded => app.outgoing.dropped(&card),
        Loss::Stopped => app.outgoing.in_hand().contains_key(&card),
        Loss::Expired | Loss::Stale => false,
    };
    if CardId::parse(id.as_str()).is_ok_and(is_kept) {
        return None;
    }
    if kind == Kind::Alert {
        counter!("cuecard_alerts_lost_total").increment(1);
    }
    failed(app, Some(&id), "lost", loss.as_str());
    let reason = loss.as_str().to_owned();
    (loss != Loss::Stopped).then_some((id, Report::Lost { reason }))
}

fn failed(app: &App, card: Option<&str>, outcome: &'static str, why: &str) {
    app.audit.record(Event {
        event: "publish_failed",
        card: card.map(str::to_owned),
        outcome,
        detail: Map::from_iter([("detail".to_owned(), json!(why))]),
        ..Event::default()
    });
}

/// Has the store take down what the platform says of a card. Cards that were not posted here it does not know.
async fn note(app: &App, ingest: &Ingest, kind: Kind, id: &str, reports: &[Report]) {
    let Ok(card) = CardId::parse(id) else {
        tracing::debug!("the platform speaks of a card that cannot be ours");
        return;
    };
    for report in reports {
        if keep(app, &card, report).await {
            tell(app, kind, &card, report).await;
        }
    }
    if reports.contains(&Report::Known) {
        ingest.make_up_for(&card).await;
    }
    // Its place in hand may be free.
    app.outgoing.nudge();
}

/// Whether it is kept now, and is news.
async fn keep(app: &App, card: &CardId, report: &Report) -> bool {
    let mut waits = NOTE_WAITS.iter();
    loop {
        match app.backbone.note(card, report.clone()).await {
            Ok(is_news) => return is_news,
            Err(error) => {
                let what = word(report);
                tracing::error!(%card, what, %error, "what the platform says is not kept");
                let Some(wait) = waits.next() else {
                    return false;
                };
                sleep(*wait).await;
            }
        }
    }
}

/// Counts and audits what the platform has said.
async fn tell(app: &App, kind: Kind, card: &CardId, report: &Report) {
    let source = Sources::of(app, card).await;
    counter!("cuecard_publications_total", "kind" => kind.as_str(), "source" => source, "outcome" => word(report))
        .increment(1);
    app.audit.record(Event {
        event: word(report),
        actor: crate::config::api::PLATFORM.to_owned(),
        card: Some(card.to_string()),
        outcome: "ok",
        detail: Map::from_iter([("kind".to_owned(), json!(kind))]),
        ..Event::default()
    });
}

/// A report as the audit trail and metrics name it.
const fn word(report: &Report) -> &'static str {
    match report {
        Report::Sent | Report::Known => "sent",
        Report::Acknowledged => "acknowledged",
        Report::Accepted => "platform_accepted",
        Report::Dismissed => "platform_dismissed",
        Report::Refused { .. } => "refused",
        Report::Lost { .. } => "lost",
    }
}

#[cfg(test)]
#[path = "outgoing_tests.rs"]
mod tests;
