//! Once a second: cards whose time is over leave, and the metrics that nobody's action moves are brought up to date.

use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use crate::app::App;
use crate::audit::Event;
use crate::backbone::Expired;

const EVERY: Duration = Duration::from_secs(1);
/// The exporter wants its histograms emptied now and then; it suggests 5 s.
const UPKEEP_TICKS: u32 = 5;

/// Runs until the drain begins.
pub(crate) async fn run(app: App) {
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
            measure(&app).await;
        }
        match app.backbone.expire(app.clock.now()).await {
            Ok(expired) => expired.into_iter().for_each(|expired| note(&app, expired)),
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

fn note(app: &App, Expired { agent, card, seen }: Expired) {
    metrics::counter!("cuecard_cards_expired_total", "seen" => if seen { "true" } else { "false" })
        .increment(1);
    app.audit.record(Event {
        event: "expired",
        actor: agent.to_string(),
        interaction: Some(card.interaction_id.to_string()),
        card: Some(card.id.to_string()),
        outcome: if seen { "seen" } else { "unseen" },
        ..Event::default()
    });
}
