//! Once a second: cards whose time is over leave, and the metrics that nobody's action moves are brought up to date.

use std::time::Duration;

use metrics::counter;
use tokio::time::{MissedTickBehavior, interval};

use crate::app::App;
use crate::audit::Event;
use crate::backbone::Expired;
use crate::backbone::publications::State;

const EVERY: Duration = Duration::from_secs(1);
/// The exporter wants its histograms emptied now and then; it suggests 5 s.
const UPKEEP_TICKS: u32 = 5;

/// Starts it. A drain ends it, and waits until it has let go of the store: that is the next server's then.
pub(crate) fn start(app: &App) {
    let (owned, hold) = (app.clone(), app.shutdown.hold());
    app.shutdown.run("sweep", async move {
        run(&owned).await;
        drop((owned, hold));
    });
}

async fn run(app: &App) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut count: u32 = 0;
    loop {
        tokio::select! {
            () = app.shutdown.draining() => return,
            _ = ticks.tick() => {}
        }
        count = count.wrapping_add(1);
        if count.is_multiple_of(UPKEEP_TICKS) {
            app.metrics.upkeep();
            measure(app).await;
        }
        match app.backbone.expire(app.clock.now()).await {
            Ok(expired) => expired.into_iter().for_each(|expired| note(app, expired)),
            // The next second tries again; the cards stay live until then.
            Err(error) => tracing::error!(%error, "expired cards stay for now"),
        }
    }
}

async fn measure(app: &App) {
    match app.backbone.live_count().await {
        // A gauge is a float; so many cards that it would matter there are not.
        #[expect(clippy::cast_precision_loss, reason = "a count of cards")]
        Ok(count) => metrics::gauge!("cuecard_live_cards").set(count as f64),
        Err(error) => tracing::error!(%error, "live cards cannot be counted"),
    }
}

fn note(app: &App, expired: Expired) {
    let (kind, seen) = (expired.kind.as_str(), expired.seen);
    let source = app.sources.name(&expired.card, expired.client);
    if expired.state == State::Lost {
        counter!("cuecard_publications_total", "kind" => kind, "source" => source, "outcome" => "lost")
            .increment(1);
    } else {
        let seen = if seen { "true" } else { "false" };
        counter!("cuecard_cards_expired_total", "kind" => kind, "source" => source, "seen" => seen)
            .increment(1);
    }
    app.audit.record(Event {
        event: expired.state.as_str(),
        actor: expired.agent.to_string(),
        interaction: Some(expired.interaction.to_string()),
        card: Some(expired.card.to_string()),
        outcome: if seen { "seen" } else { "unseen" },
        ..Event::default()
    });
}

#[cfg(test)]
mod tests {
    use cuecard_protocol::{CardId, InteractionId};
    use futures_util::FutureExt as _;
    use serde_json::json;

    use super::*;
    use crate::backbone::publications::Kind;
    use crate::publish::stage::{Stage, agent};

    #[tokio::test]
    async fn a_drain_waits_until_the_store_is_let_go() {
        let stage = Stage::new();
        start(&stage.app);
        let idle = stage.app.shutdown.idle().now_or_never();
        assert!(idle.is_none(), "nothing keeps the server");
        stage.app.shutdown.begin();
        stage.app.shutdown.idle().await;
    }

    #[tokio::test]
    async fn what_nobody_ever_had_is_noted_too() {
        let stage = Stage::new();
        let expired = |card: &str, state, seen, client: Option<&str>| Expired {
            agent: agent(),
            card: CardId::parse(card).unwrap(),
            interaction: InteractionId::parse("INT-1").unwrap(),
            kind: Kind::Prompt,
            state,
            seen,
            client: client.map(str::to_owned),
        };
        for one in [
            expired("a", State::Expired, true, None),
            expired("b", State::Expired, false, Some("sweep-test")),
            expired("c", State::Lost, false, Some("sweep-test")),
        ] {
            note(&stage.app, one);
        }
        let line = |event: &str, card: &str, outcome: &str| {
            json!([event, "AGT-1", "INT-1", card, outcome, null])
        };
        assert_eq!(
            stage.audited().await,
            [
                line("expired", "a", "seen"),
                line("expired", "b", "unseen"),
                line("lost", "c", "unseen"),
            ]
        );
        let metrics = stage.app.metrics.render();
        for counted in [
            "cuecard_cards_expired_total{kind=\"prompt\",source=\"sweep-test\",seen=\"false\"} 1",
            "cuecard_publications_total{kind=\"prompt\",source=\"sweep-test\",outcome=\"lost\"} 1",
        ] {
            assert!(metrics.contains(counted), "{counted} is not in {metrics}");
        }
    }
}
