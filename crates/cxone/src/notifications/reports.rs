//! The outcome reports that are under way: in order, one at a time for each card, until the platform has each.
//!
//! Pure, a part of [`super::machine`]. `RECEIVED` names a card but not which of its reports it answers (platform
//! wire, section 14.6), and `ERROR` names nothing. So of one card only one report is sent at a time, answers are
//! matched to what was sent in its order, and when the answer to a later heartbeat comes first, none will come.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use super::{
    ReportError,
    step::{Beat, Command, Effect},
};
use crate::{
    backoff::Moment,
    wire::notification::{OutcomeKind, OutcomeReport},
};

/// The platform keeps an outcome for this long, and so do we (platform wire, section 14.6).
pub const LIFETIME: Duration = Duration::from_mins(10);
/// So many reports may be under way.
pub const CAPACITY: usize = 10_000;
/// So often a report may be sent in vain on a living connection before it counts as refused.
pub const ATTEMPTS: u32 = 3;

/// Names one who waits for a report.
pub(crate) type Waiter = u64;

/// Where a report stands in the order of all: oldest first.
type Place = (Moment, u64);

#[derive(Debug, Clone)]
struct Report {
    kind: OutcomeKind,
    body: OutcomeReport,
    waiters: Vec<Waiter>,
    place: Place,
    /// How often it was sent on this connection in vain.
    refused: u32,
}

/// The reports of one card.
#[derive(Debug, Clone, Default)]
struct Card {
    /// In the order they were made; only the first is sent.
    reports: VecDeque<Report>,
    /// What was sent on this connection and may still be answered: which report, and after which heartbeat.
    sent: VecDeque<(Place, Beat)>,
}

/// All reports under way, by card.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reports {
    cards: BTreeMap<String, Card>,
    /// The card of each report.
    places: BTreeMap<Place, String>,
    next: u64,
}

impl Reports {
    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    /// When the oldest has been under way for too long.
    pub(crate) fn expire_at(&self) -> Option<Moment> {
        self.places
            .keys()
            .next()
            .map(|(since, _)| *since + LIFETIME)
    }

    /// Gives up what has been under way for too long.
    pub(crate) fn expire(&mut self, now: Moment, effects: &mut Vec<Effect>) {
        while let Some(oldest) = self
            .places
            .first_entry()
            .filter(|oldest| now.saturating_sub(oldest.key().0) >= LIFETIME)
        {
            let (place, object_id) = oldest.remove_entry();
            let Some(card) = self.cards.get_mut(&object_id) else {
                continue;
            };
            if let Some(index) = card.reports.iter().position(|report| report.place == place)
                && let Some(report) = card.reports.remove(index)
            {
                effects.push(Effect::Resolve {
                    waiters: report.waiters,
                    result: Err(ReportError::Expired),
                });
            }
            if card.is_done() {
                self.cards.remove(&object_id);
            }
        }
    }

    /// Gives up everything.
    pub(crate) fn stop(&mut self, effects: &mut Vec<Effect>) {
        self.places.clear();
        for report in std::mem::take(&mut self.cards)
            .into_values()
            .flat_map(|card| card.reports)
        {
            effects.push(Effect::Resolve {
                waiters: report.waiters,
                result: Err(ReportError::Stopped),
            });
        }
    }

    /// Takes a report. The same outcome of the same card joins the one under way.
    pub(crate) fn add(
        &mut self,
        waiter: Waiter,
        kind: OutcomeKind,
        body: OutcomeReport,
        now: Moment,
        effects: &mut Vec<Effect>,
    ) {
        let known = self
            .cards
            .get_mut(&body.object_id)
            .map(|card| &mut card.reports);
        if let Some(report) =
            known.and_then(|reports| reports.iter_mut().find(|report| report.kind == kind))
        {
            report.waiters.push(waiter);
        } else if self.len() >= CAPACITY {
            effects.push(Effect::Resolve {
                waiters: vec![waiter],
                result: Err(ReportError::Crowded),
            });
        } else {
            let place = (now, self.next);
            self.next += 1;
            self.places.insert(place, body.object_id.clone());
            let reports = &mut self
                .cards
                .entry(body.object_id.clone())
                .or_default()
                .reports;
            reports.push_back(Report {
                kind,
                body,
                waiters: vec![waiter],
                place,
                refused: 0,
            });
        }
    }

    /// Sends the card's first report, unless it is under way.
    pub(crate) fn send_next(&mut self, object_id: &str, beat: Beat, effects: &mut Vec<Effect>) {
        if let Some(card) = self.cards.get_mut(object_id) {
            card.send_next(beat, effects);
        }
    }

    /// Sends the first report of each card.
    pub(crate) fn send_all(&mut self, beat: Beat, effects: &mut Vec<Effect>) {
        for card in self.cards.values_mut() {
            card.send_next(beat, effects);
        }
    }

    /// The platform has taken something down for this card. The next follows if there is a connection to send it on.
    pub(crate) fn received(
        &mut self,
        object_id: &str,
        beat: Option<Beat>,
        effects: &mut Vec<Effect>,
    ) {
        let Some(card) = self.cards.get_mut(object_id) else {
            return;
        };
        let Some((place, _)) = card.sent.pop_front() else {
            return;
        };
        if let Some(report) = card.reports.pop_front_if(|report| report.place == place) {
            self.places.remove(&place);
            effects.push(Effect::Resolve {
                waiters: report.waiters,
                result: Ok(()),
            });
        }
        if let Some(beat) = beat {
            card.send_next(beat, effects);
        }
        if card.is_done() {
            self.cards.remove(object_id);
        }
    }

    /// The connection is gone, and with it every answer that was still to come.
    pub(crate) fn disconnected(&mut self) {
        self.cards.retain(|_, card| {
            card.sent.clear();
            for report in &mut card.reports {
                report.refused = 0;
            }
            !card.is_done()
        });
    }

    /// What was sent before heartbeat `answered` is answered or never will be: sends it again, or gives it up.
    pub(crate) fn settle(&mut self, answered: Beat, beat: Beat, effects: &mut Vec<Effect>) {
        let places = &mut self.places;
        self.cards.retain(|_, card| {
            while let Some((place, _)) = card.sent.pop_front_if(|(_, sent)| *sent < answered) {
                let Some(report) = card
                    .reports
                    .front_mut()
                    .filter(|report| report.place == place)
                else {
                    continue;
                };
                report.refused += 1;
                if let Some(report) = card
                    .reports
                    .pop_front_if(|report| report.refused >= ATTEMPTS)
                {
                    places.remove(&place);
                    effects.push(Effect::Resolve {
                        waiters: report.waiters,
                        result: Err(ReportError::Unanswered),
                    });
                }
            }
            card.send_next(beat, effects);
            !card.is_done()
        });
    }
}

impl Card {
    fn is_done(&self) -> bool {
        self.reports.is_empty() && self.sent.is_empty()
    }

    fn send_next(&mut self, beat: Beat, effects: &mut Vec<Effect>) {
        if let Some(report) = self.reports.front()
            && self.sent.iter().all(|(place, _)| *place != report.place)
        {
            self.sent.push_back((report.place, beat));
            effects.push(Effect::Send(Command::Report(
                report.kind,
                report.body.clone(),
            )));
        }
    }
}
