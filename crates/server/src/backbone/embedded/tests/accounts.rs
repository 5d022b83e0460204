//! What becomes of posted cards, step by step.

use cuecard_protocol::rules::suggestion::Acceptance;
use cuecard_protocol::{ActionKind, Millis, RemovalReason, Seq};
use serde_json::json;

use super::posts::{
    CLIENT, Desk, QUEUE, WINDOW, act, delivered, id, interaction, publish, suggestion,
};
use super::{START, agent, run};
use crate::backbone::jobs::Jobs as _;
use crate::backbone::publications::{
    Conversation, Kind, Publication, Publications as _, Published, Report, State,
};
use crate::backbone::{Appended, Backbone as _, Recorded};

async fn state(desk: &Desk, card: &str) -> State {
    let status = desk.store.status(CLIENT, &id(card)).await.unwrap();
    status.expect("a publication").state
}

#[test]
fn a_suggestion_from_post_to_acceptance() {
    run(async {
        let desk = Desk::new();
        let (store, agent) = (&desk.store, agent(0));
        let mut told = store.follow_outcomes(CLIENT);
        let posted = suggestion("c1", 1, START);
        let taken = Published::Taken {
            relevance: Some(0.8),
            superseded: None,
            stale: vec![],
        };
        assert_eq!(publish(store, posted.clone()).await, taken);
        let left = async || store.unsettled(Kind::Suggestion, 9).await.unwrap();
        assert_eq!(left().await, vec![posted.clone()]);
        assert!(store.note(&posted.id, Report::Sent).await.unwrap());
        assert!(!store.note(&posted.id, Report::Sent).await.unwrap());
        let card = delivered(&posted);
        assert_eq!(
            store.append(&agent, card.clone()).await.unwrap(),
            Appended::New {
                seq: Seq(1),
                superseded: None
            }
        );
        assert_eq!(left().await, []);
        desk.clock.advance(Millis(50));
        for action in [
            act("a1", "c1", ActionKind::Rendered, START.plus(Millis(40))),
            act("a2", "c1", ActionKind::Accepted, START.plus(Millis(45))),
        ] {
            let recorded = store.record(&agent, &action).await.unwrap();
            assert!(matches!(recorded, Recorded::New { .. }), "{recorded:?}");
            assert_eq!(
                store.record(&agent, &action).await.unwrap(),
                Recorded::Repeat
            );
        }
        // What the platform makes of our report only confirms.
        for report in [Report::Acknowledged, Report::Accepted] {
            assert!(store.note(&posted.id, report.clone()).await.unwrap());
            assert!(!store.note(&posted.id, report).await.unwrap());
        }
        let status = store.status(CLIENT, &posted.id).await.unwrap().unwrap();
        assert_eq!(status.publication, posted);
        assert_eq!(status.state, State::Accepted);
        let now = desk.now();
        assert_eq!(
            status.platform,
            [
                ("acknowledged".to_owned(), now),
                ("accepted".to_owned(), now)
            ]
        );
        let outcome = |n: u64, outcome: &str, after: u64| {
            json!({
                "n": n, "card_id": "c1", "kind": "suggestion", "outcome": outcome,
                "at": START.0 + after, "agent_id": "AGT-1", "interaction_id": "INT-1",
                "reason": null, "snippet_id": null, "published_at": START.0, "client": "model",
            })
        };
        assert_eq!(
            serde_json::to_value(&status.outcomes).unwrap(),
            json!([
                outcome(1, "sent", 0),
                outcome(2, "delivered", 0),
                outcome(3, "rendered", 40),
                outcome(4, "accepted", 45),
            ])
        );
        assert_eq!(store.outcomes(CLIENT, 0, 9).await.unwrap(), status.outcomes);
        assert_eq!(
            store.outcomes(CLIENT, 2, 1).await.unwrap(),
            status.outcomes[2..3]
        );
        assert_eq!(store.outcomes("other", 0, 9).await.unwrap(), []);
        assert_eq!(store.status("other", &posted.id).await.unwrap(), None);
        assert_eq!(*told.borrow_and_update(), 4);
        let jobs = store.jobs(Some(QUEUE), None, 9).await.unwrap();
        let payloads: Vec<_> = jobs.iter().map(|job| &job.payload).collect();
        assert_eq!(payloads, [&outcome(4, "accepted", 45)]);
        assert_eq!(
            store.conversation(&posted.interaction).await.unwrap(),
            Conversation {
                agent: Some(agent),
                revision: None,
                active: 0,
                acceptance: Acceptance {
                    accepted: 1,
                    decided: 1
                },
                outcomes: ["accepted", "delivered", "rendered", "sent"]
                    .map(|outcome| (Kind::Suggestion, outcome.to_owned(), 1))
                    .to_vec(),
            }
        );
    });
}

#[test]
fn a_suggestions_id_may_come_again_from_another_publisher_as_another_card() {
    run(async {
        let desk = Desk::new();
        let (store, agent) = (&desk.store, agent(0));
        let first = desk.show(suggestion("c1", 1, START)).await;
        let accept = |action: &str, at| act(action, "c1", ActionKind::Accepted, at);
        store.record(&agent, &accept("a1", START)).await.unwrap();
        desk.clock.advance(Millis(5_000));
        let second = delivered(&suggestion("c1", 1, desk.now()));
        let repeat = Appended::Repeat { seq: Seq(1) };
        assert_eq!(
            store.append(&agent, delivered(&first)).await.unwrap(),
            repeat
        );
        assert_eq!(
            store.append(&agent, second).await.unwrap(),
            Appended::New {
                seq: Seq(3),
                superseded: None
            }
        );
        // A panel that was offline tells only now what was done with the first.
        for kind in [
            ActionKind::Rendered,
            ActionKind::Accepted,
            ActionKind::Dismissed,
        ] {
            let late = act("late", "c1", kind, START.plus(Millis(2_999)));
            assert_eq!(
                store.record(&agent, &late).await.unwrap(),
                Recorded::Refused {
                    message: "the action is of 1800000002999 ms, and card \"c1\" was published at 1800000005000 ms; \
                              expected one made after that"
                        .to_owned(),
                    left_by: None,
                },
            );
        }
        // A panel's clock is only nearly ours.
        let now = accept("a2", START.plus(Millis(3_000)));
        let recorded = store.record(&agent, &now).await.unwrap();
        assert!(
            matches!(
                recorded,
                Recorded::New {
                    removed: Some(Seq(4)),
                    ..
                }
            ),
            "{recorded:?}"
        );
        assert_eq!(
            store
                .record(&agent, &accept("a3", desk.now()))
                .await
                .unwrap(),
            Recorded::Repeat
        );
        assert_eq!(
            desk.told().await,
            ["c1 sent", "c1 delivered", "c1 accepted"]
        );
        assert_eq!(desk.to_report().await, ["c1 accepted -", "c1 accepted -"]);
    });
}

#[test]
fn a_decision_on_another_desktop_counts_once_and_takes_the_card_from_ours() {
    run(async {
        let desk = Desk::new();
        let (store, agent) = (&desk.store, agent(0));
        desk.show(suggestion("c1", 1, START)).await;
        assert!(store.note(&id("c1"), Report::Dismissed).await.unwrap());
        assert_eq!(store.live(&agent).await.unwrap(), (Seq(2), vec![]));
        let ours = act("a1", "c1", ActionKind::Accepted, START);
        assert_eq!(
            store.record(&agent, &ours).await.unwrap(),
            Recorded::Refused {
                message: "card \"c1\" is no longer live (dismissed); expected a live card"
                    .to_owned(),
                left_by: Some(RemovalReason::Dismissed),
            }
        );
        // Before it came to us at all.
        desk.take(suggestion("c2", 1, START)).await;
        store.note(&id("c2"), Report::Accepted).await.unwrap();
        let late = delivered(&suggestion("c2", 1, START));
        assert_eq!(
            store.append(&agent, late).await.unwrap(),
            Appended::Over(State::Accepted)
        );
        assert_eq!(
            desk.told().await,
            ["c1 sent", "c1 delivered", "c1 dismissed", "c2 accepted"]
        );
        assert_eq!(
            desk.to_report().await,
            Vec::<String>::new(),
            "the platform knows"
        );
        assert_eq!(store.jobs(Some(QUEUE), None, 9).await.unwrap().len(), 2);
    });
}

#[test]
fn what_the_platform_refuses_or_never_gets_is_over() {
    run(async {
        let desk = Desk::new();
        let store = &desk.store;
        let refused = |code: &str| Report::Refused {
            code: code.to_owned(),
        };
        for card in ["c1", "c2", "c3"] {
            desk.take(suggestion(card, 1, START)).await;
        }
        assert!(
            store
                .note(&id("c1"), refused("context_window"))
                .await
                .unwrap()
        );
        assert!(
            !store
                .note(&id("c1"), refused("context_window"))
                .await
                .unwrap()
        );
        // A send whose answer was lost had arrived.
        assert!(store.note(&id("c2"), Report::Known).await.unwrap());
        // That it was read says nothing: the platform may be slow to refuse.
        desk.take(suggestion("c4", 1, START)).await;
        assert!(store.note(&id("c4"), Report::Sent).await.unwrap());
        assert!(!store.note(&id("c4"), Report::Known).await.unwrap());
        assert!(
            store
                .note(&id("c4"), refused("unknown_agent"))
                .await
                .unwrap()
        );
        // What was delivered was not refused, whatever is said of a repeat.
        desk.show(suggestion("c5", 1, START)).await;
        assert!(!store.note(&id("c5"), refused("relevance")).await.unwrap());
        let lost = Report::Lost {
            reason: "stale".to_owned(),
        };
        assert!(store.note(&id("c3"), lost).await.unwrap());
        assert!(!store.note(&id("unknown"), Report::Sent).await.unwrap());
        assert_eq!(
            desk.told().await,
            [
                "c1 refused context_window",
                "c2 sent",
                "c4 sent",
                "c4 refused unknown_agent",
                "c5 sent",
                "c5 delivered",
                "c3 lost stale"
            ]
        );
        assert_eq!(state(&desk, "c2").await, State::Sent);
        let late = delivered(&suggestion("c3", 1, START));
        assert_eq!(
            store.append(&agent(0), late).await.unwrap(),
            Appended::Over(State::Lost)
        );
        assert_eq!(desk.to_report().await, ["c3 dismissed lost"]);
    });
}

#[test]
fn time_ends_what_nobody_decided() {
    run(async {
        let desk = Desk::new();
        let (store, agent) = (&desk.store, agent(0));
        for card in ["seen", "unseen"] {
            desk.show(suggestion(card, 1, START)).await;
        }
        for card in ["queued", "sent", "elsewhere"] {
            desk.take(suggestion(card, 1, START)).await;
        }
        store.note(&id("sent"), Report::Sent).await.unwrap();
        store
            .note(&id("elsewhere"), Report::Acknowledged)
            .await
            .unwrap();
        let rendered = act("a1", "seen", ActionKind::Rendered, START);
        store.record(&agent, &rendered).await.unwrap();
        desk.clock.advance(WINDOW);
        let late = act("a2", "seen", ActionKind::Accepted, START);
        assert_eq!(
            store.record(&agent, &late).await.unwrap(),
            Recorded::Refused {
                message: "card \"seen\" is no longer live (expired); expected a live card"
                    .to_owned(),
                left_by: Some(RemovalReason::Expired),
            },
            "even before anybody swept"
        );
        let expired = store.expire(desk.now()).await.unwrap();
        let expired: Vec<_> = expired
            .iter()
            .map(|gone| {
                assert_eq!(gone.client.as_deref(), Some(CLIENT));
                (gone.card.as_str(), gone.state, gone.seen)
            })
            .collect();
        assert_eq!(
            expired,
            [
                ("seen", State::Expired, true),
                ("unseen", State::Expired, false),
                ("elsewhere", State::Expired, true),
                ("queued", State::Lost, false),
                ("sent", State::Expired, false)
            ]
        );
        let told = desk.told().await;
        assert_eq!(
            told[told.len() - 5..],
            [
                "seen expired seen",
                "unseen expired unseen",
                "elsewhere expired seen",
                "queued lost its time was over before the platform had it",
                "sent expired unseen",
            ]
        );
        store.expire(desk.now()).await.unwrap();
        assert_eq!(desk.told().await, told);
        // Kept as long as promised, and not longer.
        desk.clock.advance(super::super::OVER_FOR);
        store.expire(desk.now()).await.unwrap();
        assert_eq!(store.status(CLIENT, &id("seen")).await.unwrap(), None);
        assert_eq!(desk.told().await, told);
        desk.clock.advance(super::super::OUTCOMES_FOR);
        store.expire(desk.now()).await.unwrap();
        assert_eq!(desk.told().await, Vec::<String>::new());
        assert_eq!(*store.follow_outcomes(CLIENT).borrow(), told.len() as u64);
    });
}

#[test]
fn a_snippet_is_adopted_once_and_the_prompt_stays() {
    run(async {
        let desk = Desk::new();
        let (store, agent) = (&desk.store, agent(0));
        let prompt = Publication {
            kind: Kind::Prompt,
            relevance: None,
            ..suggestion("p1", 1, START)
        };
        desk.show(prompt).await;
        let adopt = |action: &str, snippet: &str| cuecard_protocol::Action {
            snippet_id: Some(snippet.to_owned()),
            ..act(action, "p1", ActionKind::Adopted, START)
        };
        let mut news = Vec::new();
        for action in [
            adopt("a1", "s1"),
            adopt("a2", "s1"),
            adopt("a3", "s2"),
            adopt("a3", "s2"),
        ] {
            let recorded = store.record(&agent, &action).await.unwrap();
            news.push(matches!(recorded, Recorded::New { removed: None, .. }));
        }
        assert_eq!(news, [true, false, true, false]);
        assert_eq!(store.live(&agent).await.unwrap().1.len(), 1);
        assert_eq!(
            desk.told().await,
            ["p1 sent", "p1 delivered", "p1 adopted s1", "p1 adopted s2"]
        );
        let jobs = store.jobs(Some(QUEUE), None, 9).await.unwrap();
        let snippets: Vec<_> = jobs.iter().map(|job| &job.payload["snippet_id"]).collect();
        assert_eq!(snippets, ["s1", "s2"]);
        assert_eq!(
            store.conversation(&interaction(1)).await.unwrap().agent,
            Some(agent)
        );
    });
}
