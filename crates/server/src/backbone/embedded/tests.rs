//! The store against a simple model in memory: whatever happens in whatever order, both say the same.

mod accounts;
mod clients;
mod migration;
mod model;
mod opening;
mod posting;
mod posts;
mod queues;
mod schedules;

use std::collections::BTreeSet;

use cuecard_protocol::{
    Action, ActionId, ActionKind, AgentId, Alert, AlertLevel, Card, CardBody, CardId,
    InteractionId, Millis, RemovalReason, Seq,
};
use proptest::prelude::*;
use tokio::sync::broadcast::Receiver;

use super::Embedded;
use crate::backbone::publications::State;
use crate::backbone::{Appended, Backbone as _, Reading, Recorded};
use crate::clock::Clock;
use model::Model;

const START: Millis = Millis(1_800_000_000_000);
const AGENTS: [&str; 2] = ["AGT-1", "AGT-2"];

#[derive(Debug, Clone)]
enum Op {
    Append {
        agent: usize,
        card: u8,
        interaction: u8,
        level: AlertLevel,
        ttl: Millis,
        /// So long after it was published.
        late: Millis,
    },
    Remove {
        agent: usize,
        card: u8,
        reason: RemovalReason,
    },
    Record {
        agent: usize,
        id: u8,
        card: u8,
        kind: ActionKind,
    },
    Reported {
        agent: usize,
        id: u8,
    },
    Read {
        agent: usize,
        after: u64,
        limit: usize,
    },
    Once {
        key: u8,
        ttl: Millis,
    },
    Advance(Millis),
    Expire,
    Reopen,
}

/// Few ids, so that they meet; times around those that matter.
fn op() -> impl Strategy<Value = Op> {
    let agent = 0..AGENTS.len();
    let (card, id) = (0..5_u8, 0..8_u8);
    let level = prop_oneof![Just(AlertLevel::High), Just(AlertLevel::Critical)];
    let reason = prop_oneof![
        Just(RemovalReason::Accepted),
        Just(RemovalReason::Dismissed),
        Just(RemovalReason::Expired)
    ];
    let kind = prop_oneof![
        Just(ActionKind::Rendered),
        Just(ActionKind::Accepted),
        Just(ActionKind::Dismissed)
    ];
    let span = prop_oneof![
        Just(Millis(0)),
        Just(Millis(1)),
        Just(Millis::from_secs(60)),
        Just(super::RETENTION),
        Just(super::REPORT_WITHIN),
    ];
    let late =
        prop_oneof![3 => Just(Millis(0)), 1 => Just(Millis(1)), 1 => Just(Millis::from_secs(90))];
    prop_oneof![
        6 => (agent.clone(), card.clone(), 0..2_u8, level, span.clone(), late)
            .prop_map(|(agent, card, interaction, level, ttl, late)| Op::Append { agent, card, interaction, level, ttl, late }),
        2 => (agent.clone(), card.clone(), reason).prop_map(|(agent, card, reason)| Op::Remove { agent, card, reason }),
        6 => (agent.clone(), id.clone(), card, kind)
            .prop_map(|(agent, id, card, kind)| Op::Record { agent, id, card, kind }),
        2 => (agent.clone(), id).prop_map(|(agent, id)| Op::Reported { agent, id }),
        3 => (agent, 0..12_u64, 0..4_usize).prop_map(|(agent, after, limit)| Op::Read { agent, after, limit }),
        2 => (0..2_u8, span.clone()).prop_map(|(key, ttl)| Op::Once { key, ttl }),
        2 => span.prop_map(Op::Advance),
        3 => Just(Op::Expire),
        1 => Just(Op::Reopen),
    ]
}

fn agent(index: usize) -> AgentId {
    AgentId::parse(AGENTS[index]).unwrap()
}

fn card(id: u8, interaction: u8, level: AlertLevel, now: Millis, ttl: Millis) -> Card {
    Card {
        id: CardId::parse(format!("c{id}")).unwrap(),
        interaction_id: InteractionId::parse(format!("INT-{interaction}")).unwrap(),
        published_at: now,
        received_at: now,
        expires_at: now.plus(ttl),
        body: CardBody::Alert(Alert {
            level,
            title: "t".into(),
            score: Some(0.9),
            html: "<p>h</p>".into(),
        }),
    }
}

fn action(id: u8, card: u8, kind: ActionKind, at: Millis) -> Action {
    Action {
        id: ActionId::parse(format!("a{id}")).unwrap(),
        card_id: CardId::parse(format!("c{card}")).unwrap(),
        kind,
        at,
        reason: None,
        snippet_id: None,
        until: None,
    }
}

struct Both {
    dir: tempfile::TempDir,
    clock: Clock,
    store: Embedded,
    followed: Receiver<AgentId>,
    model: Model,
    log_id: String,
}

impl Both {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Clock::manual(START);
        let store = Embedded::open(&dir.path().join("store.db"), clock.clone()).unwrap();
        let (followed, log_id) = (store.follow(), store.log_id().to_owned());
        Self {
            dir,
            clock,
            store,
            followed,
            model: Model::default(),
            log_id,
        }
    }

    async fn apply(&mut self, op: Op) {
        let now = self.clock.now();
        let (store, model) = (&self.store, &mut self.model);
        match op {
            Op::Append {
                agent: a,
                card: c,
                interaction,
                level,
                ttl,
                late,
            } => {
                let mut card = card(c, interaction, level, now, ttl);
                card.published_at = now.since(late);
                assert_eq!(
                    store.append(&agent(a), card.clone()).await.unwrap(),
                    model.append(&agent(a), card, now)
                );
            }
            Op::Remove {
                agent: a,
                card: c,
                reason,
            } => {
                let id = format!("c{c}");
                let removed = store.remove(&agent(a), &id, reason).await.unwrap();
                assert_eq!(removed, model.remove(&agent(a), &id, reason, now));
            }
            Op::Record {
                agent: a,
                id,
                card,
                kind,
            } => {
                let action = action(id, card, kind, now);
                let recorded = match store.record(&agent(a), &action).await.unwrap() {
                    Recorded::Refused { .. } => None,
                    recorded => Some(recorded),
                };
                assert_eq!(recorded, model.record(&agent(a), &action, now));
            }
            Op::Reported { agent: a, id } => {
                let action = action(id, 0, ActionKind::Rendered, now);
                store.reported(&agent(a), &action).await.unwrap();
                model.reported(&agent(a), &action.id);
            }
            Op::Read {
                agent: a,
                after,
                limit,
            } => {
                let reading = store.read(&agent(a), Seq(after), limit).await.unwrap();
                assert_eq!(reading, model.read(&agent(a), Seq(after), limit));
            }
            Op::Once { key, ttl } => {
                let key = format!("k{key}");
                assert_eq!(
                    store.is_spent(&key, now).await.unwrap(),
                    model.is_spent(&key, now)
                );
                let first = store.once(&key, now, now.plus(ttl)).await.unwrap();
                assert_eq!(first, model.once(&key, now, now.plus(ttl)));
            }
            Op::Advance(span) => self.clock.advance(span),
            Op::Expire => assert_eq!(store.expire(now).await.unwrap(), model.expire(now)),
            Op::Reopen => self.reopen(),
        }
    }

    fn reopen(&mut self) {
        // In memory for a moment: the file can be opened again only when its first owner is gone.
        let elsewhere =
            Embedded::open(&self.dir.path().join("elsewhere.db"), self.clock.clone()).unwrap();
        drop(std::mem::replace(&mut self.store, elsewhere));
        let store = Embedded::open(&self.dir.path().join("store.db"), self.clock.clone()).unwrap();
        self.followed = store.follow();
        self.model.grown.clear();
        self.store = store;
    }

    async fn compare(&mut self) {
        assert_eq!(self.store.log_id(), self.log_id);
        let mut grown = BTreeSet::new();
        while let Ok(agent) = self.followed.try_recv() {
            grown.insert(agent);
        }
        assert_eq!(
            grown,
            std::mem::take(&mut self.model.grown),
            "who was announced"
        );
        let mut live_count = 0;
        for index in 0..AGENTS.len() {
            let agent = agent(index);
            let (head, live) = self.store.live(&agent).await.unwrap();
            assert_eq!(head, self.store.head(&agent).await.unwrap());
            live_count += live.len() as u64;
            assert_eq!((head, live), self.model.live(&agent));
            let begin = self.model.dropped(&agent);
            let reading = self.store.read(&agent, begin, usize::MAX).await.unwrap();
            assert_eq!(reading, self.model.read(&agent, begin, usize::MAX));
            let Reading::Entries(entries) = reading else {
                panic!("expected entries from {begin}, got a gap")
            };
            let places: Vec<u64> = entries.iter().map(|(seq, _)| seq.0).collect();
            assert_eq!(
                places,
                (begin.0 + 1..=head.0).collect::<Vec<_>>(),
                "entries without holes up to the head"
            );
        }
        assert_eq!(self.store.live_count().await.unwrap(), live_count);
        assert_eq!(
            self.store.unreported(usize::MAX).await.unwrap(),
            self.model.unreported()
        );
    }
}

fn run(future: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(future);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn the_store_does_what_the_model_does(ops in prop::collection::vec(op(), 1..60)) {
        run(async {
            let mut both = Both::new();
            for op in ops {
                both.apply(op).await;
                both.compare().await;
            }
            both.reopen();
            both.compare().await;
        });
    }
}

#[test]
fn writes_at_the_same_time_share_a_batch_and_each_gets_its_own_answer() {
    run(async {
        let both = Both::new();
        let store = std::sync::Arc::new(both.store);
        let tasks: Vec<_> = (0..200_u8)
            .map(|n| {
                let store = std::sync::Arc::clone(&store);
                // Two of each card, on interactions of their own.
                let card = card(n / 2, n / 2, AlertLevel::High, START, Millis(1));
                tokio::spawn(async move { store.append(&agent(0), card).await.unwrap() })
            })
            .collect();
        let (mut new, mut repeats) = (BTreeSet::new(), BTreeSet::new());
        for task in tasks {
            match task.await.unwrap() {
                Appended::New {
                    seq,
                    superseded: None,
                } => assert!(new.insert(seq), "{seq} twice"),
                Appended::Repeat { seq } => assert!(repeats.insert(seq), "{seq} twice"),
                other => {
                    panic!("expected a new card or a repeat, got {other:?}")
                }
            }
        }
        assert_eq!(new, (1..=100).map(Seq).collect());
        assert_eq!(repeats, new);
    });
}

#[test]
fn a_place_beyond_all_places_is_a_gap() {
    run(async {
        let both = Both::new();
        assert_eq!(
            both.store.read(&agent(0), Seq(u64::MAX), 9).await.unwrap(),
            Reading::Gap
        );
        assert_eq!(
            both.store.read(&agent(0), Seq(1), 9).await.unwrap(),
            Reading::Gap
        );
        assert_eq!(
            both.store.read(&agent(0), Seq::ZERO, 9).await.unwrap(),
            Reading::Entries(vec![])
        );
    });
}

#[test]
fn a_refusal_says_what_is_wrong_with_the_card() {
    run(async {
        let both = Both::new();
        let refused = async |id| match both
            .store
            .record(&agent(0), &action(id, 1, ActionKind::Accepted, START))
            .await
        {
            Ok(Recorded::Refused { message, .. }) => message,
            other => panic!("expected a refusal, got {other:?}"),
        };
        assert_eq!(
            refused(1).await,
            "card \"c1\" is not known for this agent; expected a live card"
        );
        both.store
            .append(&agent(0), card(1, 1, AlertLevel::High, START, Millis(9)))
            .await
            .unwrap();
        both.store
            .append(&agent(0), card(2, 1, AlertLevel::High, START, Millis(9)))
            .await
            .unwrap();
        assert_eq!(
            refused(1).await,
            "card \"c1\" is no longer live (superseded); expected a live card"
        );
        both.store
            .remove(&agent(0), "c2", RemovalReason::Dismissed)
            .await
            .unwrap();
    });
}

#[test]
fn an_alert_that_comes_late_does_not_replace_a_newer_one() {
    run(async {
        let both = Both::new();
        let (store, agent) = (&both.store, agent(0));
        let alert = |id: u8, at: Millis| card(id, 0, AlertLevel::Critical, at, Millis(90_000));
        let (older, newer) = (alert(1, START), alert(2, START.plus(Millis(1))));
        store.append(&agent, newer.clone()).await.unwrap();
        for _ in 0..2 {
            assert_eq!(
                store.append(&agent, older.clone()).await.unwrap(),
                Appended::Over(State::Superseded)
            );
        }
        let (head, live) = store.live(&agent).await.unwrap();
        assert_eq!(head, Seq(1));
        assert_eq!(
            live.into_iter().map(|one| one.card).collect::<Vec<_>>(),
            [newer]
        );
        // Of another level it has a place of its own.
        let high = card(3, 0, AlertLevel::High, START, Millis(90_000));
        let appended = store.append(&agent, high).await.unwrap();
        assert!(matches!(
            appended,
            Appended::New {
                superseded: None,
                ..
            }
        ));
    });
}
