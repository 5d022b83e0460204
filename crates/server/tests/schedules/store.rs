//! The model of what the server keeps: publications under the rules, the agent's log, decisions, and the reports that
//! are still to be made. All of it survives a restart.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use cuecard_cxone::wire::notification::OutcomeKind;
use cuecard_protocol::rules::suggestion::{Offer, check};
use cuecard_protocol::{
    Action, ActionKind, Card, CardBody, CardId, InteractionId, Millis, RemovalReason, Suggestion,
};

/// Where a publication stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Open,
    Decided(ActionKind),
    Expired,
    Withdrawn,
    Refused,
}

#[derive(Debug)]
pub struct Publication {
    pub offer: Offer,
    pub state: State,
    pub is_acknowledged: bool,
    pub is_live: bool,
}

#[derive(Default)]
pub struct Store {
    pub publications: BTreeMap<CardId, Publication>,
    /// How often each decision counted.
    pub counted: BTreeMap<CardId, u32>,
    /// What the platform is still to be told.
    pub reports: VecDeque<(OutcomeKind, CardId)>,
    rendered: BTreeSet<CardId>,
}

pub fn interaction() -> InteractionId {
    InteractionId::parse("INT-1").unwrap()
}

impl Store {
    /// Keeps a suggestion if the rules allow it.
    pub fn publish(&mut self, offer: Offer, now: Millis) -> bool {
        let active: Vec<CardId> = self.active();
        if check(&interaction(), &offer, &active, now).is_err() {
            return false;
        }
        let publication = Publication {
            offer: offer.clone(),
            state: State::Open,
            is_acknowledged: false,
            is_live: false,
        };
        self.publications.insert(offer.id, publication);
        true
    }

    /// The suggestions that hold a slot.
    pub fn active(&self) -> Vec<CardId> {
        let open = self
            .publications
            .iter()
            .filter(|(_, one)| one.state == State::Open);
        open.map(|(id, _)| id.clone()).collect()
    }

    /// What the platform may not have.
    pub fn unsettled(&self) -> Vec<Offer> {
        let open = self
            .publications
            .values()
            .filter(|one| one.state == State::Open && !one.is_acknowledged);
        open.map(|one| one.offer.clone()).collect()
    }

    /// The platform delivers a card; what is new to the log.
    pub fn deliver(&mut self, id: &CardId, now: Millis) -> Option<Card> {
        let publication = self.publications.get_mut(id)?;
        if publication.state != State::Open {
            self.reports.push_back((OutcomeKind::Dismissed, id.clone()));
            return None;
        }
        if publication.is_live {
            return None;
        }
        publication.is_live = true;
        Some(card(id, publication.offer.end, now))
    }

    /// The cards in the agent's log.
    pub fn live(&self, now: Millis) -> Vec<Card> {
        let live = self
            .publications
            .iter()
            .filter(|(_, one)| one.is_live && one.state == State::Open);
        live.map(|(id, one)| card(id, one.offer.end, now)).collect()
    }

    /// Takes an action of the panel; whether it is acknowledged as recorded, and whether the card leaves.
    pub fn act(&mut self, action: &Action) -> (bool, Option<RemovalReason>) {
        let id = &action.card_id;
        let Some(publication) = self.publications.get_mut(id) else {
            return (false, None);
        };
        let (report, reason) = match action.kind {
            ActionKind::Rendered => {
                if self.rendered.insert(id.clone()) {
                    self.reports.push_back((OutcomeKind::Rendered, id.clone()));
                }
                return (true, None);
            }
            ActionKind::Accepted => (OutcomeKind::Accepted, RemovalReason::Accepted),
            ActionKind::Dismissed => (OutcomeKind::Dismissed, RemovalReason::Dismissed),
            ActionKind::Adopted => unreachable!("suggestions have no snippets"),
            ActionKind::Snoozed => unreachable!("only tasks can be snoozed"),
        };
        if publication.state == State::Decided(action.kind) {
            return (true, None);
        }
        if publication.state != State::Open {
            return (false, None);
        }
        publication.state = State::Decided(action.kind);
        *self.counted.entry(id.clone()).or_default() += 1;
        self.reports.push_back((report, id.clone()));
        (true, Some(reason))
    }

    /// The platform's own word on a decision: counts only if it is news.
    pub fn confirmed(&mut self, id: &CardId, kind: ActionKind) -> bool {
        let Some(publication) = self.publications.get_mut(id) else {
            return false;
        };
        if publication.state != State::Open {
            return false;
        }
        publication.state = State::Decided(kind);
        *self.counted.entry(id.clone()).or_default() += 1;
        true
    }

    /// The publisher takes a card back; whether it leaves the log.
    pub fn withdraw(&mut self, id: &CardId) -> bool {
        let Some(publication) = self.publications.get_mut(id) else {
            return false;
        };
        if publication.state != State::Open {
            return false;
        }
        publication.state = State::Withdrawn;
        self.reports.push_back((OutcomeKind::Dismissed, id.clone()));
        publication.is_live
    }

    /// Ends what is over; the cards that leave the log.
    pub fn expire(&mut self, now: Millis) -> Vec<CardId> {
        let mut left = Vec::new();
        for (id, publication) in &mut self.publications {
            if publication.state == State::Open && publication.offer.end <= now {
                publication.state = State::Expired;
                if publication.is_live {
                    left.push(id.clone());
                }
            }
        }
        left
    }
}

fn card(id: &CardId, expires_at: Millis, now: Millis) -> Card {
    Card {
        id: id.clone(),
        interaction_id: interaction(),
        published_at: now,
        received_at: now,
        expires_at,
        body: CardBody::Suggestion(Suggestion {
            content: "Offer it".to_owned(),
            priority: None,
            relevance: 0.9,
            source: None,
        }),
    }
}
