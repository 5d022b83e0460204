//! Whatever comes and leaves while somebody reads: no card is lost, none is out of order, and none moves another.

use cuecard_panel::{CardView, Event};
use cuecard_protocol::card::AlertLevel;
use cuecard_protocol::{Card, CardId, RemovalReason, Resume, Seq, ServerMessage};
use proptest::prelude::*;

use crate::desk::{Desk, alert, came, dismiss, prompt, snapshot, suggestion, welcome};

/// What can happen. Numbers choose among what is on the list.
#[derive(Debug, Clone, Copy)]
enum Happening {
    Alert { interaction: u8, critical: bool },
    Suggest,
    Prompt { pinned: bool },
    Remove(usize),
    Dismiss(usize),
    Resync,
    Read,
    Leave,
    ShowNew,
    Wait(u64),
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        8 => (0_u8..5, any::<bool>())
            .prop_map(|(interaction, critical)| Happening::Alert { interaction, critical }),
        4 => Just(Happening::Suggest),
        2 => any::<bool>().prop_map(|pinned| Happening::Prompt { pinned }),
        3 => any::<usize>().prop_map(Happening::Remove),
        3 => any::<usize>().prop_map(Happening::Dismiss),
        1 => Just(Happening::Resync),
        6 => Just(Happening::Read),
        1 => Just(Happening::Leave),
        1 => Just(Happening::ShowNew),
        6 => (1_u64..8_000).prop_map(Happening::Wait),
    ]
}

/// Two panels that are told the same, before one of which somebody reads.
struct Twins {
    reads: Desk,
    other: Desk,
    seq: u64,
    /// Since when nobody has moved anything; none while nobody reads.
    still: Option<u64>,
    /// For how long the list of the one who reads has not been empty.
    filled: u64,
}

impl Twins {
    fn new() -> Self {
        Self {
            reads: Desk::connected(),
            other: Desk::connected(),
            seq: 0,
            still: None,
            filled: 0,
        }
    }

    fn happen(&mut self, happening: Happening) {
        let now = self.reads.server_now();
        let id = format!("card-{}", self.seq + 1);
        match happening {
            Happening::Alert {
                interaction,
                critical,
            } => {
                let level = if critical {
                    AlertLevel::Critical
                } else {
                    AlertLevel::High
                };
                self.comes(&alert(&id, &format!("i{interaction}"), level, now));
            }
            Happening::Suggest => self.comes(&suggestion(&id, "Offer it", now)),
            Happening::Prompt { pinned } => self.comes(&prompt(&id, &[("s", "s")], pinned, now)),
            Happening::Remove(n) => {
                // Those that wait are withdrawn as well.
                if let Some(card_id) = pick(&self.other, n) {
                    self.seq += 1;
                    self.say(&ServerMessage::Removed {
                        seq: Seq(self.seq),
                        card_id,
                        reason: RemovalReason::Withdrawn,
                    });
                }
            }
            Happening::Dismiss(n) => {
                if let Some(card_id) = pick(&self.reads, n) {
                    self.step(&dismiss(card_id));
                }
            }
            Happening::Resync => self.resync(),
            Happening::Read => {
                self.reads.step(Event::Reading(true));
                self.still = Some(0);
            }
            Happening::Leave => {
                self.reads.step(Event::Reading(false));
                self.still = None;
            }
            Happening::ShowNew => {
                self.reads.step(Event::ShowNew);
            }
            Happening::Wait(ms) => {
                self.reads.wait(ms);
                self.other.wait(ms);
                self.still = self.still.map(|still| still + ms);
                self.filled += ms;
            }
        }
    }

    fn comes(&mut self, card: &Card) {
        self.seq += 1;
        self.say(&came(self.seq, card.clone()));
    }

    /// The connection breaks, and comes back with all that is live.
    fn resync(&mut self) {
        let live = self.other.panel.view(self.other.now).cards;
        let live: Vec<_> = live.iter().map(|row| (self.seq, &*row.card)).collect();
        let whole = snapshot(&live, true);
        self.step(&Event::SocketClosed { code: 4408 });
        self.reads.reopen();
        self.other.reopen();
        self.say(&welcome(self.seq, Resume::Gap));
        self.say(&whole);
    }

    fn say(&mut self, message: &ServerMessage) {
        self.reads.say(message);
        self.other.say(message);
    }

    fn step(&mut self, event: &Event) {
        self.reads.step(event.clone());
        self.other.step(event.clone());
    }

    /// Whether the list may take a new card where it likes.
    fn is_free(&self) -> bool {
        self.filled <= 1_000 || self.still.is_none_or(|still| still >= 30_000)
    }
}

fn list(desk: &Desk) -> Vec<CardView> {
    desk.panel.view(desk.now).cards
}

fn pick(desk: &Desk, n: usize) -> Option<CardId> {
    let list = list(desk);
    let at = n.checked_rem(list.len())?;
    Some(list[at].card.id.clone())
}

/// Whether a row stands where this one does now: the same card, or the one that it replaced.
fn stood(row: &CardView, before: &[CardView]) -> bool {
    before.iter().any(|older| is_in_place_of(older, row))
}

fn is_in_place_of(older: &CardView, row: &CardView) -> bool {
    older.card.id == row.card.id || older.card.shares_slot_with(&row.card)
}

/// Whether `after` is `before`, some of it gone or replaced where it stands.
fn is_quiet(before: &[CardView], after: &[CardView]) -> bool {
    let mut rest = before.iter();
    let mut follows = |row| rest.any(|older| is_in_place_of(older, row));
    after.iter().all(&mut follows)
}

/// Whether `part` is `whole` with some left out.
fn is_part(part: &[CardView], whole: &[CardView]) -> bool {
    let mut rest = whole.iter();
    part.iter().all(|row| rest.any(|other| other == row))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn nothing_moves_and_nothing_is_lost(happenings in prop::collection::vec(happening(), 1..80)) {
        let mut twins = Twins::new();
        for happening in happenings {
            let before = list(&twins.reads);
            twins.happen(happening);
            let after = list(&twins.reads);
            // A list that has run empty fills with what waited.
            if !after.iter().any(|row| stood(row, &before)) {
                twins.filled = 0;
            } else if !twins.is_free() && !matches!(happening, Happening::ShowNew) {
                prop_assert!(is_quiet(&before, &after), "{happening:?}: {before:#?} became {after:#?}");
            }
            let whole = list(&twins.other);
            prop_assert!(is_part(&after, &whole), "{after:#?} is not part of {whole:#?}");
            let waiting = twins.reads.panel.view(twins.reads.now).waiting;
            prop_assert_eq!(after.len() + waiting, whole.len());
        }
        twins.happen(Happening::Leave);
        prop_assert_eq!(list(&twins.reads), list(&twins.other));
    }
}
