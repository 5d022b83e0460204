//! What is in hand, and what the store makes of what the sockets tell.

use std::time::Duration as Span;

use cuecard_cxone::alerts::{self, alerts};
use cuecard_cxone::publisher::machine::Machine;
use cuecard_cxone::publisher::step::{Effect, Event as Step, Frame, Offer};
use cuecard_cxone::suggestions::suggestions;
use cuecard_cxone::token::TokenSource;
use cuecard_cxone::wire::error_frame::{ErrorCode, ErrorFrame};
use cuecard_protocol::{Card, CardBody, InteractionId, Millis, Suggestion};
use tokio::time::timeout;

use super::*;
use crate::backbone::publications::{Published, State, Status};
use crate::config::Config;
use crate::publish::ingest::Ingest;
use crate::publish::normalise::Delivery;
use crate::publish::stage::{START, Stage, agent};

const CLIENT: &str = "model";
/// Nothing in these tests takes so long unless it never comes.
const PATIENCE: Span = Span::from_mins(2);

fn publication(n: usize, kind: Kind) -> Publication {
    let frame = match kind {
        Kind::Alert => json!({
            "contentId": format!("c{n}"), "title": "t", "content": "<p>h</p>", "type": "html",
            "metadata": {"interactionId": format!("INT-{n}"), "agentId": "AGT-1", "riskLevel": "HIGH", "timestamp": "2026-11-20T08:50:10.765Z"},
        }),
        _ => json!({
            "type": "agentassist.suggest", "interactionId": format!("INT-{n}"),
            "suggestion": {
                "id": format!("c{n}"), "content": "Offer it", "priority": "HIGH", "relevanceScore": 0.9,
                "contextWindow": {"start": "2026-11-20T08:50:10.765Z", "end": "2026-11-20T09:50:10.765Z"},
                "injectedAt": "2026-11-20T08:50:10.765Z",
            },
        }),
    };
    Publication {
        id: CardId::parse(format!("c{n}")).unwrap(),
        client: CLIENT.to_owned(),
        kind,
        agent: agent(),
        interaction: InteractionId::parse(format!("INT-{n}")).unwrap(),
        relevance: (kind == Kind::Suggestion).then_some(0.9),
        starts_at: START,
        published_at: START.plus(Millis(n as u64)),
        expires_at: START.plus(Millis::from_secs(3_600)),
        supersedes: None,
        revision: None,
        frame,
    }
}

async fn post(stage: &Stage, kind: Kind, numbers: std::ops::Range<usize>) {
    for n in numbers {
        let post = publication(n, kind);
        let published = stage.app.backbone.publish(post, None, false).await.unwrap();
        assert!(
            matches!(published, Published::Taken { .. }),
            "{published:?}"
        );
    }
}

async fn status(stage: &Stage, n: usize) -> Status {
    let id = publication(n, Kind::Alert).id;
    let status = stage.app.backbone.status(CLIENT, &id).await.unwrap();
    status.expect("it was posted")
}

async fn told(stage: &Stage, n: usize) -> Vec<String> {
    let outcomes = status(stage, n).await.outcomes.into_iter();
    outcomes.map(|outcome| outcome.outcome).collect()
}

/// Tells all of this, and waits until it is taken down.
async fn hear(stage: &Stage, kind: Kind, events: impl IntoIterator<Item = PublishEvent>) {
    let (sender, receiver) = mpsc::channel(64);
    let telling = async {
        for event in events {
            sender.send(event).await.unwrap();
        }
        drop(sender);
    };
    let ingest = Ingest::new(stage.app.clone());
    tokio::join!(telling, follow(&stage.app, &ingest, kind, receiver));
}

/// Runs the hand-over to sockets that send nothing, until the one is done.
async fn with_sockets(stage: &Stage, work: impl Future<Output = ()>) {
    let config = Config::from_toml(
        "[server]\ndev_mode = true\n[platform]\nclient_id = 'c'\nclient_secret = 's'\n\
         token_url = 'http://127.0.0.1:1/t'\nalerts_url = 'ws://127.0.0.1:1/a'\n\
         suggestions_url = 'ws://127.0.0.1:1/s'\nnotifications_url = 'ws://127.0.0.1:1/n'\n",
    );
    let platform = config.unwrap().platform.unwrap();
    let tokens = TokenSource::new(platform.clone()).unwrap();
    let (publisher, _alerts) = alerts(platform.alerts_url, tokens.clone());
    let (injector, _suggestions) = suggestions(platform.suggestions_url.unwrap(), tokens);
    let sockets = Sockets {
        alerts: publisher,
        suggestions: Some(injector),
        prompts: None,
    };
    tokio::select! {
        () = stage.app.outgoing.run(&stage.app, &sockets) => panic!("the sockets stopped"),
        () = work => {}
    }
}

/// Waits until exactly these are in hand.
async fn in_hand(stage: &Stage, numbers: impl Iterator<Item = usize>) {
    let wanted: BTreeSet<String> = numbers.map(|n| format!("c{n}")).collect();
    let is_so = async || {
        loop {
            let found: BTreeSet<String> = {
                let in_hand = stage.app.outgoing.in_hand();
                in_hand.keys().map(ToString::to_string).collect()
            };
            if found == wanted {
                return;
            }
            sleep(Span::from_millis(5)).await;
        }
    };
    let came = timeout(PATIENCE, is_so()).await;
    assert!(
        came.is_ok(),
        "expected {wanted:?}, found {:?}",
        stage.app.outgoing
    );
}

#[tokio::test]
async fn no_more_is_in_hand_than_a_socket_keeps_and_more_follows_as_it_settles() {
    let stage = Stage::new();
    let all = IN_HAND + 20;
    post(&stage, Kind::Alert, 0..all).await;
    with_sockets(&stage, async {
        in_hand(&stage, 0..IN_HAND).await;
        let arrived = |n: usize| PublishEvent::Arrived {
            id: format!("c{n}"),
        };
        hear(&stage, Kind::Alert, (0..15).map(arrived)).await;
        in_hand(&stage, 15..IN_HAND + 15).await;
        hear(&stage, Kind::Alert, (15..all).map(arrived)).await;
        // They may come through the platform yet; there is room for the newest.
        in_hand(&stage, all - IN_HAND..all).await;
    })
    .await;
}

#[tokio::test]
async fn a_suggestion_stays_in_hand_until_it_is_in_a_log() {
    let stage = Stage::new();
    post(&stage, Kind::Suggestion, 0..2).await;
    let ingest = Ingest::new(stage.app.clone());
    with_sockets(&stage, async {
        in_hand(&stage, 0..2).await;
        let arrived = |n: usize| PublishEvent::Arrived {
            id: format!("c{n}"),
        };
        hear(&stage, Kind::Suggestion, (0..2).map(arrived)).await;
        let posted = publication(0, Kind::Suggestion);
        let card = Card {
            id: posted.id,
            interaction_id: posted.interaction,
            published_at: posted.published_at,
            received_at: posted.published_at,
            expires_at: posted.expires_at,
            body: CardBody::Suggestion(Suggestion {
                content: "Offer it".to_owned(),
                priority: None,
                relevance: 0.9,
                source: None,
            }),
        };
        let delivery = Delivery {
            agent: agent(),
            card,
            is_cut: false,
        };
        ingest.deliver(delivery).await;
        in_hand(&stage, 1..2).await;
    })
    .await;
    assert_eq!(told(&stage, 0).await, ["sent", "delivered"]);
}

/// The platform wrote it to a socket that nobody read any more, and does not write it again.
#[tokio::test]
async fn what_the_platform_has_but_no_log_is_taken_from_the_post() {
    for kind in [Kind::Alert, Kind::Suggestion] {
        let stage = Stage::new();
        post(&stage, kind, 1..4).await;
        let known = |n: usize| PublishEvent::Known {
            id: format!("c{n}"),
        };
        let duplicate = PublishEvent::Rejected {
            code: ErrorCode::Duplicate,
            id: Some("c2".to_owned()),
        };
        hear(&stage, kind, [known(1), duplicate, known(1)]).await;
        let (_, live) = stage.app.backbone.live(&agent()).await.unwrap();
        let live: BTreeSet<_> = live.iter().map(|one| one.card.id.as_str()).collect();
        assert_eq!(live, BTreeSet::from(["c1", "c2"]), "{kind:?}");
        assert_eq!(told(&stage, 1).await, ["sent", "delivered"]);
        assert_eq!(told(&stage, 3).await, [] as [&str; 0]);
    }
}

#[tokio::test]
async fn what_is_over_is_not_made_up_for() {
    let stage = Stage::new();
    post(&stage, Kind::Suggestion, 0..2).await;
    let withdrawn = publication(0, Kind::Suggestion).id;
    stage
        .app
        .backbone
        .withdraw(CLIENT, &withdrawn)
        .await
        .unwrap();
    stage.app.clock.advance(Millis::from_secs(3_600));
    let known = |n: usize| PublishEvent::Known {
        id: format!("c{n}"),
    };
    hear(&stage, Kind::Suggestion, [known(0), known(1)]).await;
    let (_, live) = stage.app.backbone.live(&agent()).await.unwrap();
    assert_eq!(live, []);
}

#[tokio::test]
async fn new_posts_have_a_place_in_hand_before_what_was_sent() {
    let stage = Stage::new();
    post(&stage, Kind::Suggestion, 0..IN_HAND).await;
    with_sockets(&stage, async {
        let arrived = |n: usize| PublishEvent::Arrived {
            id: format!("c{n}"),
        };
        hear(&stage, Kind::Suggestion, (0..IN_HAND).map(arrived)).await;
        in_hand(&stage, 0..IN_HAND).await;
        post(&stage, Kind::Suggestion, IN_HAND..IN_HAND + 2).await;
        stage.app.outgoing.nudge();
        in_hand(&stage, 2..IN_HAND + 2).await;
    })
    .await;
}

#[tokio::test]
async fn what_the_store_has_is_not_lost_while_it_can_be_handed_over_again() {
    let stage = Stage::new();
    post(&stage, Kind::Alert, 0..3).await;
    let lost = |id: &str, loss| PublishEvent::Lost {
        id: id.to_owned(),
        loss,
    };
    with_sockets(&stage, async {
        in_hand(&stage, 0..3).await;
        hear(
            &stage,
            Kind::Alert,
            [
                lost("c0", Loss::Crowded),
                lost("c1", Loss::Stopped),
                lost("c2", Loss::Expired),
                lost("risk", Loss::Crowded),
                lost("risk", Loss::Stopped),
            ],
        )
        .await;
        in_hand(&stage, 0..2).await;
    })
    .await;
    let states = [
        status(&stage, 0).await,
        status(&stage, 1).await,
        status(&stage, 2).await,
    ];
    assert_eq!(
        states.map(|one| one.state),
        [State::Queued, State::Queued, State::Lost]
    );
    let failed =
        |card: &str, why: &str| json!(["publish_failed", "", null, card, "lost", {"detail": why}]);
    assert_eq!(
        stage.audited().await,
        [
            failed("c2", "expired"),
            failed("risk", "crowded"),
            failed("risk", "stopped"),
            json!(["lost", "platform", null, "c2", "ok", {"kind": "alert"}]),
        ]
    );
}

#[tokio::test]
async fn what_is_refused_for_its_token_alone_is_sent_again_and_not_over() {
    let stage = Stage::new();
    post(&stage, Kind::Alert, 0..1).await;
    let mut machine = Machine::new(alerts::RULES);
    let frame = Frame {
        id: "c0".to_owned(),
        text: "{}".to_owned(),
    };
    let offer = Offer {
        frame: frame.clone(),
        from: Span::ZERO,
        until: Span::from_mins(1),
    };
    let mut sends = 0;
    for step in [
        Step::Start,
        Step::Opened,
        Step::Publish {
            offer,
            is_repeat: true,
        },
        Step::Error(ErrorFrame {
            code: ErrorCode::Unauthorized,
            message: "the token is not good".to_owned(),
            reference: Some("c0".to_owned()),
        }),
        Step::Timer,
        Step::Opened,
        Step::Pong(2),
    ] {
        for effect in machine.step(step, Span::ZERO, 0.0) {
            match effect {
                Effect::Emit(event) => hear(&stage, Kind::Alert, [event]).await,
                Effect::Send(sent) => {
                    assert_eq!(sent, frame);
                    assert_eq!(status(&stage, 0).await.state, State::Queued);
                    sends += 1;
                }
                _ => {}
            }
        }
    }
    assert_eq!(sends, 2);
    assert_eq!(told(&stage, 0).await, ["sent"]);
}

#[tokio::test]
async fn what_the_platform_says_of_a_card_is_taken_down_in_its_order() {
    let stage = Stage::new();
    post(&stage, Kind::Suggestion, 0..200).await;
    let of = |n: usize| {
        let id = format!("c{n}");
        let (sent, latency) = (id.clone(), Span::ZERO);
        [
            PublishEvent::Arrived { id: sent },
            PublishEvent::Acknowledged {
                id: id.clone(),
                latency,
            },
            PublishEvent::Accepted { id },
        ]
    };
    hear(&stage, Kind::Suggestion, (0..200).flat_map(of)).await;
    for n in 0..200 {
        assert_eq!(told(&stage, n).await, ["sent", "rendered", "accepted"]);
    }
}
