//! Random schedules of posts, decisions, repeats, restarts: each decision counts once, no place is lost, and a reader
//! who polls meanwhile misses nothing.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use cuecard_protocol::rules::suggestion::MAX_ACTIVE;
use cuecard_protocol::{ActionKind, CardId, Millis};
use proptest::prelude::*;

use super::posts::{
    CLIENT, QUEUE, act, delivered, id, interaction, open, outcomes, publish, suggestion,
};
use super::{START, agent, run};
use crate::backbone::embedded::Embedded;
use crate::backbone::jobs::Jobs as _;
use crate::backbone::publications::{
    Kind, Outcome, Publication, Publications as _, Published, Report, State,
};
use crate::backbone::{Backbone as _, Recorded};
use crate::clock::Clock;

const INTERACTIONS: u8 = 2;

#[derive(Debug, Clone)]
enum Op {
    Post {
        card: u8,
        interaction: u8,
        seconds: u64,
        supersedes: Option<u8>,
        revision: Option<u64>,
    },
    /// One of the cards that were ever posted comes from the platform.
    Arrive(prop::sample::Index),
    Note {
        card: u8,
        report: Report,
    },
    Record {
        action: u8,
        card: u8,
        kind: ActionKind,
    },
    Withdraw(u8),
    MoveOn {
        interaction: u8,
        revision: u64,
    },
    Advance(u64),
    Expire,
    Reopen,
}

fn op() -> impl Strategy<Value = Op> {
    let card = 0..16_u8;
    let report = prop_oneof![
        3 => Just(Report::Sent),
        2 => Just(Report::Acknowledged),
        2 => Just(Report::Accepted),
        2 => Just(Report::Dismissed),
        1 => Just(Report::Refused { code: "buffer_limit".to_owned() }),
        1 => Just(Report::Known),
        1 => Just(Report::Lost { reason: "r".to_owned() }),
    ];
    let kind = prop_oneof![
        Just(ActionKind::Rendered),
        Just(ActionKind::Accepted),
        Just(ActionKind::Dismissed)
    ];
    let revision = || prop::option::weighted(0.3, 0..4_u64);
    prop_oneof![
        8 => (card.clone(), 0..INTERACTIONS, 1..40_u64, prop::option::weighted(0.2, card.clone()), revision())
            .prop_map(|(card, interaction, seconds, supersedes, revision)| {
                Op::Post { card, interaction, seconds, supersedes, revision }
            }),
        8 => any::<prop::sample::Index>().prop_map(Op::Arrive),
        5 => (card.clone(), report).prop_map(|(card, report)| Op::Note { card, report }),
        8 => (0..30_u8, card.clone(), kind).prop_map(|(action, card, kind)| Op::Record { action, card, kind }),
        1 => card.prop_map(Op::Withdraw),
        1 => (0..INTERACTIONS, 0..4_u64).prop_map(|(interaction, revision)| Op::MoveOn { interaction, revision }),
        3 => (0..9_000_u64).prop_map(Op::Advance),
        2 => Just(Op::Expire),
        1 => Just(Op::Reopen),
    ]
}

fn name(card: u8) -> String {
    format!("c{card}")
}

/// The store, and what the test itself knows.
struct Play {
    dir: tempfile::TempDir,
    clock: Clock,
    store: Arc<Embedded>,
    posted: Vec<Publication>,
    /// What was decided, as it was told to the one who decided first.
    decided: BTreeMap<(CardId, Millis), &'static str>,
}

impl Play {
    fn new() -> Self {
        let (dir, clock) = (tempfile::tempdir().unwrap(), Clock::manual(START));
        let store = Arc::new(open(&dir, &clock));
        Self {
            dir,
            clock,
            store,
            posted: Vec::new(),
            decided: BTreeMap::new(),
        }
    }

    async fn apply(&mut self, op: Op) {
        let (store, now) = (Arc::clone(&self.store), self.clock.now());
        match op {
            Op::Post {
                card,
                interaction,
                seconds,
                supersedes,
                revision,
            } => {
                // Two posts in one millisecond would be one card.
                self.clock.advance(Millis(2));
                let now = self.clock.now();
                let publication = Publication {
                    expires_at: now.plus(Millis::from_secs(seconds)),
                    supersedes: supersedes.map(|card| id(&name(card))),
                    revision,
                    ..suggestion(&name(card), interaction, now)
                };
                if let Published::Taken { .. } = publish(&store, publication.clone()).await {
                    self.posted.push(publication);
                }
            }
            Op::Arrive(which) => {
                if !self.posted.is_empty() {
                    let card = delivered(which.get(&self.posted));
                    store.append(&agent(0), card).await.unwrap();
                }
            }
            Op::Note { card, report } => {
                let card = id(&name(card));
                let before = store.status(CLIENT, &card).await.unwrap();
                let is_news = store.note(&card, report.clone()).await.unwrap();
                let word = match report {
                    Report::Accepted => "accepted",
                    Report::Dismissed => "dismissed",
                    _ => return,
                };
                if let Some(before) = before.filter(|before| is_news && !before.state.is_over()) {
                    let key = (card, before.publication.published_at);
                    assert_eq!(self.decided.insert(key, word), None, "decided twice");
                }
            }
            Op::Record { action, card, kind } => {
                let action = act(&format!("a{action}"), &name(card), kind, now);
                let recorded = store.record(&agent(0), &action).await.unwrap();
                if let Recorded::New { card, .. } = recorded
                    && kind.is_decision()
                {
                    let key = (card.id, card.published_at);
                    assert_eq!(
                        self.decided.insert(key, kind.as_str()),
                        None,
                        "decided twice"
                    );
                }
            }
            Op::Withdraw(card) => {
                store.withdraw(CLIENT, &id(&name(card))).await.unwrap();
            }
            Op::MoveOn {
                interaction: n,
                revision,
            } => {
                store.advance(&interaction(n), revision).await.unwrap();
            }
            Op::Advance(span) => self.clock.advance(Millis(span)),
            Op::Expire => {
                store.expire(now).await.unwrap();
            }
            Op::Reopen => self.reopen(store),
        }
    }

    /// As after a crash: nothing is told to the store before it is gone.
    fn reopen(&mut self, store: Arc<Embedded>) {
        drop(store);
        let elsewhere = tempfile::tempdir().unwrap();
        let here = std::mem::replace(&mut self.store, Arc::new(open(&elsewhere, &self.clock)));
        // Whoever reads from it meanwhile lets go soon.
        let mut here = Some(here);
        while let Some(store) = here.take() {
            here = Arc::try_unwrap(store).err();
            std::thread::yield_now();
        }
        self.store = Arc::new(open(&self.dir, &self.clock));
    }

    /// What holds at any time.
    async fn check(&self) {
        let told = outcomes(&self.store).await;
        let mut ends: BTreeMap<(CardId, Millis), &str> = BTreeMap::new();
        let mut seen = std::collections::BTreeSet::new();
        for outcome in &told {
            let key = (outcome.card_id.clone(), outcome.published_at);
            assert!(
                seen.insert((key.clone(), &outcome.outcome)),
                "twice: {outcome:?}"
            );
            let is_end = !["sent", "delivered", "rendered"].contains(&outcome.outcome.as_str());
            if is_end {
                assert_eq!(
                    ends.insert(key, &outcome.outcome),
                    None,
                    "two ends: {outcome:?}"
                );
            }
        }
        let decided: BTreeMap<_, _> = ends
            .iter()
            .filter(|(_, end)| ["accepted", "dismissed"].contains(end))
            .map(|(key, end)| (key.clone(), *end))
            .collect();
        assert_eq!(
            decided, self.decided,
            "each decision counts once, and nothing else does"
        );
        for n in 0..INTERACTIONS {
            let conversation = self.store.conversation(&interaction(n)).await.unwrap();
            assert!(conversation.active <= MAX_ACTIVE as u64, "{conversation:?}");
        }
        let jobs = self
            .store
            .jobs(Some(QUEUE), None, usize::MAX)
            .await
            .unwrap();
        let queued: Vec<Outcome> = jobs
            .into_iter()
            .map(|job| serde_json::from_value(job.payload).unwrap())
            .collect();
        let wanted = ["accepted", "dismissed", "expired"];
        let expected: Vec<_> = told
            .into_iter()
            .filter(|outcome| wanted.contains(&outcome.outcome.as_str()))
            .collect();
        assert_eq!(queued, expected, "one job for each outcome that is wanted");
    }

    /// Later everything is over, each card in one way, and every place is free.
    async fn finish(&self) {
        self.clock.advance(Millis::from_secs(60));
        self.store.expire(self.clock.now()).await.unwrap();
        self.check().await;
        let ended = |outcome: &&Outcome| {
            serde_json::from_value::<State>(outcome.outcome.clone().into())
                .unwrap()
                .is_over()
        };
        let told = outcomes(&self.store).await;
        assert_eq!(told.iter().filter(ended).count(), self.posted.len());
        for n in 0..INTERACTIONS {
            assert_eq!(
                self.store
                    .conversation(&interaction(n))
                    .await
                    .unwrap()
                    .active,
                0
            );
        }
        assert_eq!(self.store.unsettled(Kind::Suggestion, 9).await.unwrap(), []);
        assert_eq!(self.store.live_count().await.unwrap(), 0);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn each_decision_counts_once_and_no_place_is_lost(ops in prop::collection::vec(op(), 1..70)) {
        run(async {
            let mut play = Play::new();
            for op in ops {
                play.apply(op).await;
                play.check().await;
            }
            play.finish().await;
        });
    }

    #[test]
    fn a_reader_who_polls_meanwhile_misses_nothing(ops in prop::collection::vec(op(), 20..90)) {
        run(async {
            let mut play = Play::new();
            let is_done = Arc::new(AtomicBool::new(false));
            let reader = tokio::spawn({
                let (store, is_done) = (Arc::clone(&play.store), Arc::clone(&is_done));
                async move {
                    let mut read: Vec<Outcome> = Vec::new();
                    loop {
                        let was_done = is_done.load(Ordering::SeqCst);
                        let after = read.last().map_or(0, |outcome| outcome.n);
                        let news = store.outcomes(CLIENT, after, 3).await.unwrap();
                        if news.is_empty() && was_done {
                            return read;
                        }
                        read.extend(news);
                        tokio::task::yield_now().await;
                    }
                }
            });
            let (posts, others): (Vec<_>, Vec<_>) = ops
                .into_iter()
                .filter(|op| !matches!(op, Op::Reopen))
                .partition(|op| matches!(op, Op::Post { .. }));
            for post in posts {
                play.apply(post).await;
            }
            for op in others {
                play.apply(op).await;
            }
            is_done.store(true, Ordering::SeqCst);
            assert_eq!(reader.await.unwrap(), outcomes(&play.store).await);
        });
    }
}
