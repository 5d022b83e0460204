//! What follows a finished interaction: its form is read, and a poor score becomes one task for its agent, announced on
//! the platform's desktop and shown as a card.
//!
//! - [`webhook`]: the platform says that an interaction is over. Stored before it is answered. Start here.
//! - [`rules`] and [`score`]: whether a form makes a task. [`evaluation`]: how far one has come, and what is next.
//! - [`evaluator`]: does the next step until nothing is left, or until a step fails. [`platform`]: who is called.
//! - [`snooze`]: task cards that an agent has put off come back. [`observe`]: metrics, log and audit trail.
//!
//! An interaction is evaluated once, however often the platform delivers the event: while its job is there it is known by
//! the job, and afterwards by a mark. Whatever is asked of the platform is asked in the same words and with the same
//! idempotency key until it is answered, and the answer is kept before the next step begins.

pub mod evaluation;
mod evaluator;
mod observe;
mod platform;
pub mod rules;
pub mod score;
mod snooze;
#[cfg(test)]
mod stage;
mod webhook;

use cuecard_cxone::platform::Platform;
use cuecard_cxone::tasks::{TaskError, Tasks};
use cuecard_cxone::token::{TokenError, TokenSource};
use cuecard_protocol::Millis;

use crate::App;
use crate::config::Config;
use crate::work;

pub use self::observe::describe;
pub use self::webhook::router;

/// The queue of interactions that are over.
pub const QUEUE: &str = "interaction-completed";

/// An evaluated interaction is remembered for so long; nobody delivers an event again after a year.
const REMEMBERED: Millis = Millis::from_secs(366 * 24 * 3600);

/// Most interactions that are evaluated at once.
const AT_ONCE: usize = 8;

/// The once-key of an evaluated interaction.
fn evaluated(interaction: &str) -> String {
    format!("evaluated:{interaction}")
}

/// Starts the workers; they end with the drain.
pub fn start(app: &App) -> Result<(), TaskError> {
    app.shutdown.run("snoozed tasks", snooze::run(app.clone()));
    if app
        .config
        .webhooks
        .as_ref()
        .is_some_and(|webhooks| webhooks.accept_unsigned)
    {
        tracing::warn!(
            "webhooks.accept_unsigned is on: whoever reaches this server can set off tasks"
        );
    }
    if let Some(platform) = configured(&app.config)? {
        let owned = app.clone();
        app.shutdown.run("tasks", async move {
            work::run(&owned, QUEUE, AT_ONCE, |job| {
                evaluator::evaluate(&owned, &platform, job)
            })
            .await;
        });
    }
    Ok(())
}

fn configured(config: &Config) -> Result<Option<Tasks>, TaskError> {
    let Some((platform, calls)) = config.platform.clone().zip(config.tasks.calls.clone()) else {
        return Ok(None);
    };
    // Tokens of its own: a client that may not make tasks must not lose its cards.
    let tokens = TokenSource::new(Platform {
        scope: calls.scope,
        ..platform
    })
    .map_err(TokenError::from)?;
    Tasks::new(tokens, &calls.base_url).map(Some)
}
