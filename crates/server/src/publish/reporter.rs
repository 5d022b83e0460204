//! What agents did, on its way to the platform: every action that is recorded is reported until it is confirmed, also
//! after a restart.
//!
//! The record itself is the queue: [`crate::backbone::Backbone::unreported`] says what is left. Retrying within one
//! connection, order within one card, and the wire are the notification socket's. Start at [`Reporter`].

use std::{collections::BTreeSet, future::Future, sync::Arc, time::Duration};

use cuecard_cxone::{
    notifications::{NotificationSocket, ReportError},
    wire::notification::{OutcomeKind, OutcomeReport},
};
use cuecard_protocol::{ActionId, ActionKind, AgentId, Millis};
use futures_util::{StreamExt as _, stream::FuturesUnordered};
use metrics::counter;
use tokio::{
    sync::Notify,
    time::{Instant, sleep_until},
};

use crate::timestamp;
use crate::{App, audit::Event, backbone::Unreported};

/// So many reports may be under way at once.
const LIMIT: usize = 512;
/// After a failure, what is left is looked at again this much later.
const RETRY: Duration = Duration::from_secs(5);
/// The platform keeps outcomes for this long (platform wire, section 14.6). A report of an older action that it
/// refuses again and again is given up: it no longer knows the card.
const GIVE_UP: Millis = Millis::from_secs(600);

/// The bell that says that there is something to report. Clones ring the same.
#[derive(Debug, Clone, Default)]
pub struct Reporter(Arc<Notify>);

/// Who takes reports to the platform; the notification socket, or a test's stand-in.
pub(super) trait Platform: Sync {
    /// Returns when the platform has the report.
    fn report(
        &self,
        kind: OutcomeKind,
        report: OutcomeReport,
    ) -> impl Future<Output = Result<(), ReportError>> + Send;
}

impl Platform for NotificationSocket {
    async fn report(&self, kind: OutcomeKind, report: OutcomeReport) -> Result<(), ReportError> {
        NotificationSocket::report(self, kind, report).await
    }
}

impl Reporter {
    /// An action has been recorded.
    pub fn nudge(&self) {
        self.0.notify_one();
    }

    /// Reports what is left, and then whatever comes. Runs until it is dropped.
    pub(super) async fn run(&self, app: &App, platform: &impl Platform) {
        let mut under_way = FuturesUnordered::new();
        let mut known: BTreeSet<(AgentId, ActionId)> = BTreeSet::new();
        let mut look_at = Some(Instant::now());
        // A full batch may hide others behind it; they are looked for as long as that gets anywhere.
        let (mut is_full, mut has_settled) = (false, false);
        loop {
            tokio::select! {
                () = self.0.notified() => {
                    let now = Instant::now();
                    look_at = Some(look_at.map_or(now, |at| at.min(now)));
                }
                () = sleep_until(look_at.unwrap_or_else(Instant::now)), if look_at.is_some() => {
                    look_at = None;
                    match app.backbone.unreported(LIMIT).await {
                        Ok(left) => {
                            (is_full, has_settled) = (left.len() >= LIMIT, false);
                            for action in left {
                                if known.insert(key(&action)) {
                                    under_way.push(report(app, platform, action));
                                }
                            }
                        }
                        Err(error) => {
                            tracing::error!(%error, "what is to be reported cannot be read");
                            look_at = Some(Instant::now() + RETRY);
                        }
                    }
                }
                Some((action, is_settled)) = under_way.next(), if !under_way.is_empty() => {
                    known.remove(&key(&action));
                    has_settled |= is_settled;
                    if !is_settled {
                        look_at.get_or_insert_with(|| Instant::now() + RETRY);
                    }
                    if is_full && known.is_empty() && has_settled {
                        look_at = Some(Instant::now());
                    }
                }
            }
        }
    }
}

fn key(left: &Unreported) -> (AgentId, ActionId) {
    (left.agent.clone(), left.action.id.clone())
}

/// Reports one action; whether it need not be reported again.
async fn report(app: &App, platform: &impl Platform, left: Unreported) -> (Unreported, bool) {
    let kind = match left.action.kind {
        ActionKind::Rendered => OutcomeKind::Rendered,
        // The platform has no word for the use of a snippet.
        ActionKind::Accepted | ActionKind::Adopted => OutcomeKind::Accepted,
        // Nothing that is snoozed is reported: tasks are the server's own.
        ActionKind::Dismissed | ActionKind::Snoozed => OutcomeKind::Dismissed,
    };
    let body = OutcomeReport {
        object_id: left.action.card_id.to_string(),
        contact_id: left.interaction.to_string(),
        agent_id: left.agent.to_string(),
        at: timestamp::write(left.action.at),
        reason: left.action.reason.clone(),
    };
    let result = platform.report(kind, body).await;
    let outcome = match result {
        Ok(()) => "confirmed",
        Err(ReportError::Unanswered) if app.clock.now().since(left.action.at) >= GIVE_UP => {
            "given_up"
        }
        Err(error) => {
            counter!("cuecard_reports_total", "kind" => left.action.kind.as_str(), "outcome" => "failed").increment(1);
            tracing::warn!(card = %left.action.card_id, kind = left.action.kind.as_str(), %error, "a report will be tried again");
            return (left, false);
        }
    };
    counter!("cuecard_reports_total", "kind" => left.action.kind.as_str(), "outcome" => outcome)
        .increment(1);
    if outcome == "given_up" {
        tracing::warn!(card = %left.action.card_id, kind = left.action.kind.as_str(), "a report is given up");
        app.audit.record(Event {
            event: "refused",
            actor: left.agent.to_string(),
            interaction: Some(left.interaction.to_string()),
            card: Some(left.action.card_id.to_string()),
            outcome: "report_unanswered",
            ..Event::default()
        });
    }
    let is_settled = match app.backbone.reported(&left.agent, &left.action).await {
        Ok(()) => true,
        Err(error) => {
            // The platform takes the repeat for what it is.
            tracing::error!(card = %left.action.card_id, %error, "a confirmed report cannot be noted");
            false
        }
    };
    (left, is_settled)
}

#[cfg(test)]
#[path = "reporter_tests.rs"]
mod tests;
