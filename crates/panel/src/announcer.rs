//! What a screen reader says, and when: critical alerts at once, everything else when there is time, in few words, and
//! nothing twice. Nothing here is visible.

use std::rc::Rc;

use cuecard_protocol::order::Rank;
use cuecard_protocol::{Card, CardBody, Millis};

use crate::{Announcement, Effect, Politeness, Status};

/// Least time between two polite texts; the later one would cut the earlier off.
const POLITE_EVERY: Millis = Millis::from_secs(3);

/// Least time between two assertive texts. What comes in between is said as one.
const ASSERTIVE_EVERY: Millis = Millis::from_secs(1);

/// Most remarks kept for the next polite text; more would not be listened to.
const MAX_REMARKS: usize = 3;

/// The announcer.
#[derive(Debug, Default)]
pub(crate) struct Announcer {
    critical: Group,
    others: Group,
    remarks: Vec<String>,
    connection: Option<String>,
    outage: Outage,
    was_connected: bool,
    polite_from: Millis,
    assertive_from: Millis,
}

/// Cards not yet announced.
#[derive(Debug, Default)]
struct Group {
    count: usize,
    newest: Option<Rc<Card>>,
}

/// What the agent has been told about the connection.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Outage {
    #[default]
    None,
    /// Will be said with the next polite text.
    Unsaid,
    Said,
}

impl Announcer {
    /// A card came. One that replaces a card with the same title says nothing new and is not announced.
    pub(crate) fn card(&mut self, card: &Rc<Card>, replaced: Option<&Card>) {
        if replaced.is_some_and(|older| title(older) == title(card)) {
            return;
        }
        let group = match Rank::of(card) {
            Rank::Critical => &mut self.critical,
            Rank::High | Rank::Rest => &mut self.others,
        };
        group.count += 1;
        group.newest = Some(card.clone());
    }

    /// Something the agent did had no effect.
    pub(crate) fn remark(&mut self, text: String) {
        if self.remarks.len() < MAX_REMARKS && !self.remarks.contains(&text) {
            self.remarks.push(text);
        }
    }

    /// The status line changed.
    pub(crate) fn status(&mut self, status: &Status) {
        match status {
            Status::Connecting => {}
            Status::Connected => {
                self.connection = (self.outage == Outage::Said).then(|| {
                    if self.was_connected {
                        "Connection restored.".to_owned()
                    } else {
                        "Connected.".to_owned()
                    }
                });
                self.outage = Outage::None;
                self.was_connected = true;
            }
            Status::Reconnecting { .. } => {
                if self.outage == Outage::None {
                    self.outage = Outage::Unsaid;
                    self.connection = Some(if self.was_connected {
                        "Connection lost. Reconnecting.".to_owned()
                    } else {
                        "No connection yet. Trying again.".to_owned()
                    });
                }
            }
            Status::Stopped { reason } => {
                self.outage = Outage::Unsaid;
                self.connection = Some(reason.clone());
            }
        }
    }

    /// Says what may be said at `now`.
    pub(crate) fn tick(&mut self, now: Millis, effects: &mut Vec<Effect>) {
        if self.assertive_from <= now
            && let Some(text) = self.critical.take("Critical alert", "critical alerts")
        {
            self.assertive_from = now.plus(ASSERTIVE_EVERY);
            effects.push(announce(Politeness::Assertive, text));
        }
        if self.polite_from <= now && self.has_polite() {
            self.polite_from = now.plus(POLITE_EVERY);
            let mut parts: Vec<String> = self.connection.take().into_iter().collect();
            if self.outage == Outage::Unsaid {
                self.outage = Outage::Said;
            }
            parts.append(&mut self.remarks);
            parts.extend(self.others.take("New alert", "new alerts"));
            effects.push(announce(Politeness::Polite, parts.join(" ")));
        }
    }

    /// When something can be said that waits.
    pub(crate) fn deadline(&self) -> Option<Millis> {
        let assertive = (self.critical.count > 0).then_some(self.assertive_from);
        let polite = self.has_polite().then_some(self.polite_from);
        assertive.into_iter().chain(polite).min()
    }

    /// Another agent: what waits is not for these ears.
    pub(crate) fn forget_cards(&mut self) {
        self.critical = Group::default();
        self.others = Group::default();
        self.remarks.clear();
    }

    fn has_polite(&self) -> bool {
        self.others.count > 0 || !self.remarks.is_empty() || self.connection.is_some()
    }
}

impl Group {
    fn take(&mut self, one: &str, many: &str) -> Option<String> {
        let newest = self.newest.take()?;
        let count = std::mem::take(&mut self.count);
        Some(if count == 1 {
            format!("{one}: {}", title(&newest))
        } else {
            format!("{count} {many}. Newest: {}", title(&newest))
        })
    }
}

fn title(card: &Card) -> &str {
    match &card.body {
        CardBody::Alert(alert) => &alert.title,
    }
}

fn announce(politeness: Politeness, text: String) -> Effect {
    Effect::Announce(Announcement { politeness, text })
}
