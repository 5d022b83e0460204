//! What a screen reader says, and when: critical alerts at once, everything else when there is time, in few words, and
//! nothing twice. Nothing here is visible.

use std::rc::Rc;

use cuecard_protocol::order::Rank;
use cuecard_protocol::{Card, CardBody, Millis};

use crate::{Announcement, Effect, Politeness, Status, Text, title};

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
    remarks: Vec<Text>,
    connection: Option<Text>,
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
    /// Whether there are several kinds among them.
    is_mixed: bool,
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
            Rank::Pinned | Rank::High | Rank::Rest => &mut self.others,
        };
        group.is_mixed |= group
            .newest
            .as_ref()
            .is_some_and(|other| other.kind() != card.kind());
        group.count += 1;
        group.newest = Some(card.clone());
    }

    /// What became of something the agent did, that it is done or why it had no effect; or what they see beside the cards.
    pub(crate) fn remark(&mut self, text: Text) {
        if self.remarks.len() < MAX_REMARKS && !self.remarks.contains(&text) {
            self.remarks.push(text);
        }
    }

    /// Leaves out a remark that does not hold any more, if it was not said yet.
    pub(crate) fn unsay(&mut self, text: &Text) {
        self.remarks.retain(|remark| remark != text);
    }

    /// The status line changed.
    pub(crate) fn status(&mut self, status: &Status) {
        match status {
            Status::Connecting => {}
            Status::Connected => {
                self.connection = (self.outage == Outage::Said).then(|| {
                    Text::plain(if self.was_connected {
                        "Connection restored."
                    } else {
                        "Connected."
                    })
                });
                self.outage = Outage::None;
                self.was_connected = true;
            }
            Status::Reconnecting { .. } => {
                if self.outage == Outage::None {
                    self.outage = Outage::Unsaid;
                    self.connection = Some(Text::plain(if self.was_connected {
                        "Connection lost. Reconnecting."
                    } else {
                        "No connection yet. Trying again."
                    }));
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
            && let Some(text) = self.critical.take()
        {
            self.assertive_from = now.plus(ASSERTIVE_EVERY);
            effects.push(announce(Politeness::Assertive, vec![text]));
        }
        if self.polite_from <= now && self.has_polite() {
            self.polite_from = now.plus(POLITE_EVERY);
            if self.outage == Outage::Unsaid {
                self.outage = Outage::Said;
            }
            let mut texts = Vec::from_iter(self.connection.take());
            texts.append(&mut self.remarks);
            texts.extend(self.others.take());
            effects.push(announce(Politeness::Polite, texts));
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
    fn take(&mut self) -> Option<Text> {
        let Self {
            count,
            newest,
            is_mixed,
        } = std::mem::take(self);
        let newest = newest?;
        let (one, several) = words(&newest);
        let title = vec![title(&newest)];
        Some(match count {
            1 => Text::with(one, title),
            _ if is_mixed => Text::counted(SEVERAL_KINDS, count, title),
            _ => Text::counted(several, count, title),
        })
    }
}

/// How cards of several kinds are said.
const SEVERAL_KINDS: &str = "{0} new card. Newest: {1}|{0} new cards. Newest: {1}";

/// How one card of this kind is said, and how several are.
fn words(card: &Card) -> (&'static str, &'static str) {
    match &card.body {
        CardBody::Alert(_) if Rank::of(card) == Rank::Critical => (
            "Critical alert: {0}",
            "{0} critical alert. Newest: {1}|{0} critical alerts. Newest: {1}",
        ),
        CardBody::Alert(_) => (
            "New alert: {0}",
            "{0} new alert. Newest: {1}|{0} new alerts. Newest: {1}",
        ),
        CardBody::Suggestion(_) => (
            "New suggestion: {0}",
            "{0} new suggestion. Newest: {1}|{0} new suggestions. Newest: {1}",
        ),
        CardBody::Prompt(_) => (
            "New prompt: {0}",
            "{0} new prompt. Newest: {1}|{0} new prompts. Newest: {1}",
        ),
        CardBody::Task(_) => (
            "New task: {0}",
            "{0} new task. Newest: {1}|{0} new tasks. Newest: {1}",
        ),
    }
}

fn announce(politeness: Politeness, texts: Vec<Text>) -> Effect {
    Effect::Announce(Announcement { politeness, texts })
}
