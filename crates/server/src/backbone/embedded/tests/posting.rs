//! What may be posted, and what leaves for it.

use cuecard_protocol::rules::suggestion::{Acceptance, Refusal};
use cuecard_protocol::{ActionKind, Millis, RemovalReason};
use serde_json::json;

use super::posts::{CLIENT, Desk, WINDOW, act, delivered, id, interaction, publish, suggestion};
use super::{START, agent, run};
use crate::backbone::jobs::Jobs as _;
use crate::backbone::publications::{
    Idempotency, Kind, Publication, Publications as _, Published, Report, Stale, State, Withdrawn,
};
use crate::backbone::{Appended, Backbone as _};

fn taken() -> Published {
    Published::Taken {
        relevance: Some(0.8),
        superseded: None,
        stale: vec![],
    }
}

async fn state(desk: &Desk, card: &str) -> State {
    let status = desk.store.status(CLIENT, &id(card)).await.unwrap();
    status.expect("a publication").state
}

#[test]
fn a_request_that_is_repeated_is_one_publication() {
    run(async {
        let desk = Desk::new();
        let key = |digest: &str| {
            Some(Idempotency {
                key: "k".to_owned(),
                digest: digest.to_owned(),
                until: START.plus(Millis(100)),
            })
        };
        let post = async |card: &str, digest| {
            let posted = suggestion(card, 1, desk.now());
            desk.store
                .publish(posted, key(digest), false)
                .await
                .unwrap()
        };
        assert_eq!(post("c1", "d").await, taken());
        assert_eq!(post("c2", "d").await, Published::Repeat(id("c1")));
        assert_eq!(post("c2", "other").await, Published::KeyReused);
        desk.clock.advance(Millis(100));
        assert_eq!(post("c2", "other").await, taken());
        // A refusal is not remembered: the next try may do better.
        let refused = Publication {
            relevance: Some(0.1),
            ..suggestion("c3", 1, desk.now())
        };
        let later = Some(Idempotency {
            until: START.plus(WINDOW),
            key: "r".to_owned(),
            digest: "d".to_owned(),
        });
        assert_eq!(
            desk.store
                .publish(refused, later.clone(), false)
                .await
                .unwrap(),
            Published::Refused(Refusal::Relevance { relevance: 0.1 })
        );
        let better = suggestion("c3", 1, desk.now());
        assert_eq!(
            desk.store.publish(better, later, false).await.unwrap(),
            taken()
        );
    });
}

#[test]
fn five_places_whoever_takes_them_and_each_is_freed() {
    run(async {
        let desk = Desk::new();
        let store = &desk.store;
        // Another publisher's, which came through the platform.
        let foreign = delivered(&suggestion("f1", 1, START));
        store.append(&agent(1), foreign).await.unwrap();
        for card in ["c1", "c2", "c3"] {
            desk.take(suggestion(card, 1, START)).await;
        }
        let short = Publication {
            expires_at: START.plus(Millis(10)),
            ..suggestion("c4", 1, START)
        };
        desk.take(short).await;
        let full = |active| {
            Published::Refused(Refusal::BufferLimit {
                interaction: "INT-1".to_owned(),
                active,
            })
        };
        let post = async |card| publish(store, suggestion(card, 1, desk.now())).await;
        let is_taken = async |card| matches!(post(card).await, Published::Taken { .. });
        assert_eq!(post("c5").await, full(5));
        assert_eq!(publish(store, suggestion("c6", 2, START)).await, taken());
        // By time, even before anybody swept.
        desk.clock.advance(Millis(10));
        assert!(is_taken("c5").await);
        assert_eq!(post("c7").await, full(5));
        // By its client, by another publisher's agent, by the platform.
        assert_eq!(
            store.withdraw(CLIENT, &id("c1")).await.unwrap(),
            Withdrawn::Now
        );
        assert!(is_taken("c7").await);
        store
            .remove(&agent(1), "f1", RemovalReason::Dismissed)
            .await
            .unwrap();
        assert!(is_taken("c8").await);
        store.note(&id("c2"), Report::Dismissed).await.unwrap();
        assert!(is_taken("c9").await);
        assert_eq!(post("d1").await, full(5));
    });
}

#[test]
fn an_id_is_one_card_as_long_as_anything_is_known_of_it() {
    run(async {
        let desk = Desk::new();
        let store = &desk.store;
        let prompt = |card| Publication {
            kind: Kind::Prompt,
            relevance: None,
            ..suggestion(card, 1, desk.now())
        };
        let others = Publication {
            client: "other".to_owned(),
            ..suggestion("c1", 2, START)
        };
        let replaced = Publication {
            supersedes: Some(id("c1")),
            ..suggestion("c1", 1, START)
        };
        desk.take(suggestion("c1", 1, START)).await;
        for again in [suggestion("c1", 1, START), prompt("c1"), others, replaced] {
            assert_eq!(publish(store, again).await, Published::Duplicate);
        }
        // After its end, too: whatever is still said of it would be taken for the next one's.
        store.withdraw(CLIENT, &id("c1")).await.unwrap();
        desk.clock.advance(Millis::from_secs(3_600));
        store.expire(desk.now()).await.unwrap();
        assert_eq!(
            publish(store, suggestion("c1", 1, desk.now())).await,
            Published::Duplicate
        );
        desk.clock.advance(super::super::OVER_FOR);
        store.expire(desk.now()).await.unwrap();
        desk.take(suggestion("c1", 1, desk.now())).await;
        // Another publisher's.
        let foreign = delivered(&suggestion("f1", 1, desk.now()));
        store.append(&agent(1), foreign).await.unwrap();
        assert_eq!(publish(store, prompt("f1")).await, Published::Duplicate);
    });
}

#[test]
fn a_newer_card_and_a_later_state_of_the_conversation_take_cards_back() {
    run(async {
        let desk = Desk::new();
        let (store, now) = (&desk.store, START);
        let at = |card, revision| Publication {
            revision: Some(revision),
            ..suggestion(card, 1, now)
        };
        desk.show(at("c1", 1)).await;
        desk.show(at("c2", 1)).await;
        desk.show(suggestion("c3", 1, now)).await;
        let unknown = Publication {
            supersedes: Some(id("nobodys")),
            ..at("c4", 1)
        };
        assert_eq!(publish(store, unknown).await, Published::UnknownSuperseded);
        let newer = Publication {
            supersedes: Some(id("c1")),
            ..at("c4", 2)
        };
        assert_eq!(
            publish(store, newer.clone()).await,
            Published::Taken {
                relevance: Some(0.8),
                superseded: Some(id("c1")),
                stale: vec![id("c2")],
            }
        );
        assert_eq!(publish(store, at("c5", 1)).await, Published::Stale(2));
        assert_eq!(store.advance(&interaction(1), 1).await.unwrap(), []);
        let gone = store.advance(&interaction(1), 3).await.unwrap();
        assert_eq!(
            gone,
            [Stale {
                card: id("c4"),
                client: CLIENT.to_owned()
            }]
        );
        assert_eq!(
            store.conversation(&interaction(1)).await.unwrap().revision,
            Some(3)
        );
        let (_, live) = store.live(&agent(0)).await.unwrap();
        assert_eq!(
            live.iter()
                .map(|live| live.card.id.as_str())
                .collect::<Vec<_>>(),
            ["c3"]
        );
        assert_eq!(
            desk.told().await,
            [
                "c1 sent",
                "c1 delivered",
                "c2 sent",
                "c2 delivered",
                "c3 sent",
                "c3 delivered",
                "c1 superseded",
                "c2 stale",
                "c4 stale"
            ]
        );
        // The platform keeps places for them.
        let gone = [
            "c1 dismissed superseded",
            "c2 dismissed stale",
            "c4 dismissed stale",
        ];
        assert_eq!(desk.to_report().await, gone);
        assert_eq!(
            store.jobs(None, None, 9).await.unwrap(),
            [],
            "nobody decided"
        );
        // One that comes all the same is not shown, and the platform hears of it again.
        let late = delivered(&newer);
        assert_eq!(
            store.append(&agent(0), late).await.unwrap(),
            Appended::Over(State::Stale)
        );
        assert_eq!(desk.to_report().await.last().unwrap(), "c4 dismissed stale");
        assert_eq!(desk.to_report().await.len(), 4);
        for left in store.unreported(9).await.unwrap() {
            store.reported(&left.agent, &left.action).await.unwrap();
        }
        assert_eq!(desk.to_report().await, Vec::<String>::new());
        assert_eq!(
            store
                .conversation(&interaction(1))
                .await
                .unwrap()
                .acceptance,
            Acceptance::default()
        );
    });
}

#[test]
fn a_superseded_or_stale_card_makes_room_in_the_same_step() {
    run(async {
        let desk = Desk::new();
        for card in ["c1", "c2", "c3", "c4", "c5"] {
            let revision = (card == "c5").then_some(1);
            desk.take(Publication {
                revision,
                ..suggestion(card, 1, START)
            })
            .await;
        }
        desk.take(Publication {
            supersedes: Some(id("c1")),
            ..suggestion("c6", 1, START)
        })
        .await;
        desk.take(Publication {
            revision: Some(2),
            ..suggestion("c7", 1, START)
        })
        .await;
        assert_eq!(
            desk.store
                .conversation(&interaction(1))
                .await
                .unwrap()
                .active,
            5
        );
        // A refused post takes nothing back.
        let refused = Publication {
            supersedes: Some(id("c2")),
            revision: Some(9),
            relevance: Some(2.0),
            ..suggestion("c8", 1, START)
        };
        let refusal = Refusal::Relevance { relevance: 2.0 };
        assert_eq!(
            publish(&desk.store, refused).await,
            Published::Refused(refusal)
        );
        assert_eq!(state(&desk, "c2").await, State::Queued);
        assert_eq!(
            desk.store
                .conversation(&interaction(1))
                .await
                .unwrap()
                .revision,
            None,
            "a post moves nobody else's conversation on"
        );
    });
}

#[test]
fn relevance_goes_out_as_the_interactions_acceptance_adjusts_it() {
    run(async {
        let desk = Desk::new();
        let (store, agent) = (&desk.store, agent(0));
        desk.show(suggestion("c1", 1, START)).await;
        let accepted = act("a1", "c1", ActionKind::Accepted, START);
        store.record(&agent, &accepted).await.unwrap();
        let published = publish(store, suggestion("c2", 1, START)).await;
        let Published::Taken {
            relevance: Some(relevance),
            ..
        } = published
        else {
            panic!("expected it to be taken, got {published:?}")
        };
        assert!((relevance - 0.85).abs() < 1e-9);
        let kept = &store.unsettled(Kind::Suggestion, 9).await.unwrap()[0];
        assert_eq!(kept.relevance, Some(0.8));
        assert_eq!(
            kept.frame,
            json!({"suggestion": {"relevanceScore": relevance}})
        );
    });
}
