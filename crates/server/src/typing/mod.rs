//! The typing indicator: what agents' panels tell becomes what customers see, with as few calls as possible.
//!
//! - [`Typing`]: the handle that the broker tells. Start here.
//! - [`desk`]: who types where, and whose panels are here; pure.
//! - [`gate`]: what is done about one guest, and when; pure. [`guests`] carries it out.
//! - [`marks`]: what survives a crash. [`observe`]: metrics and audit.
//!
//! The platform's calls are `cuecard_cxone::typing`'s. What the agent types never comes here, only that.

pub mod desk;
pub mod gate;
mod guests;
mod marks;
mod observe;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cuecard_cxone::token::TokenSource;
use cuecard_cxone::typing::{self, Indicator, SenderActions, TypingError};
use cuecard_protocol::AgentId;
use cuecard_protocol::typing::TypingRequest;
use tokio::sync::Notify;
use tokio::time::{Duration, Instant, sleep, sleep_until};

use self::desk::{Desk, Told};
use self::guests::Guests;
pub(crate) use self::observe::describe;
use crate::App;
use crate::config::Config;
use crate::config::typing::Adapter;

/// The store is asked again this much later if it cannot say what an earlier run left on.
const RETRY: Duration = Duration::from_secs(1);

/// Who types, as the panels tell. Clones share it.
#[derive(Debug, Clone)]
pub struct Typing(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    desk: Mutex<Desk>,
    changed: Notify,
}

/// While one lives, its agent has a panel. A gateway holds one for each socket.
#[must_use = "dropping it lets the agent go"]
#[derive(Debug)]
pub struct AtDesk {
    typing: Typing,
    agent: AgentId,
    life: Option<String>,
    /// It was told that nothing comes any more.
    is_silent: bool,
}

impl Typing {
    /// Each agent may tell so often a second, and twice as often at once.
    pub fn new(requests_per_second: u64) -> Self {
        Self(Arc::new(Shared {
            desk: Mutex::new(Desk::new(requests_per_second)),
            changed: Notify::new(),
        }))
    }

    /// A panel tells whether its agent types.
    pub fn tell(&self, app: &App, agent: &AgentId, request: &TypingRequest) -> Told {
        let told = self
            .desk()
            .tell(agent, request, Instant::now(), app.clock.now());
        observe::told(request, told);
        self.0.changed.notify_one();
        told
    }

    /// A panel of the agent has connected.
    pub fn joined(&self, agent: &AgentId) -> AtDesk {
        self.desk().join(agent, Instant::now());
        AtDesk {
            typing: self.clone(),
            agent: agent.clone(),
            life: None,
            is_silent: false,
        }
    }

    /// Brings the platform's indicators to what the desk says; without an indicator the desk is only kept tidy. Ends
    /// with the drain, when all are to be off.
    async fn run(&self, app: &App, indicator: Option<Arc<dyn Indicator>>) {
        let mut guests = indicator.map(|indicator| Guests::new(app.clone(), indicator));
        if let Some(guests) = &mut guests {
            guests.take_over(left_behind(app).await);
        }
        loop {
            let (changes, deadline) = self.desk().turn(Instant::now());
            if let Some(guests) = &mut guests {
                for (interaction, agent) in changes {
                    guests.want(interaction, agent);
                }
            }
            tokio::select! {
                () = app.shutdown.draining() => {
                    // Nobody who looks after a guest hears anything more, and so turns it off.
                    self.desk().close();
                    return;
                }
                () = self.0.changed.notified() => {}
                () = sleep_until(deadline.unwrap_or_else(Instant::now)), if deadline.is_some() => {}
            }
        }
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        // Every change of the desk is complete when it returns.
        self.0.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AtDesk {
    /// The panel has named its life; only the first name counts.
    pub fn named(&mut self, life: String) {
        if self.life.is_none() {
            // A silent panel is not at the desk; it is named when it is back.
            if !self.is_silent {
                self.typing.desk().name(&self.agent, &life, Instant::now());
            }
            self.life = Some(life);
            self.typing.0.changed.notify_one();
        }
    }

    /// Whether the agent types with this panel, as far as is known: before it has named its life, with any.
    pub fn is_typing(&self) -> bool {
        self.typing
            .desk()
            .is_typing(&self.agent, self.life.as_deref())
    }

    /// Nothing has come from the panel for so long: it is taken to have gone then.
    pub fn silent(&mut self, quiet: Duration) {
        if !std::mem::replace(&mut self.is_silent, true) {
            let now = Instant::now();
            self.leave(now.checked_sub(quiet).unwrap_or(now));
        }
    }

    /// Something came from the panel after all.
    pub fn back(&mut self) {
        if std::mem::take(&mut self.is_silent) {
            let now = Instant::now();
            let mut desk = self.typing.desk();
            desk.join(&self.agent, now);
            if let Some(life) = &self.life {
                desk.name(&self.agent, life, now);
            }
            drop(desk);
            self.typing.0.changed.notify_one();
        }
    }

    fn leave(&self, since: Instant) {
        let life = self.life.as_deref();
        self.typing.desk().leave(&self.agent, life, since);
        self.typing.0.changed.notify_one();
    }
}

impl Drop for AtDesk {
    fn drop(&mut self) {
        if !self.is_silent {
            self.leave(Instant::now());
        }
    }
}

async fn left_behind(app: &App) -> Vec<marks::Mark> {
    loop {
        match marks::kept(&*app.backbone).await {
            Ok(marks) => return marks,
            Err(error) => {
                tracing::error!(%error, "what an earlier run left on cannot be read yet");
                tokio::select! {
                    () = app.shutdown.draining() => return Vec::new(),
                    () = sleep(RETRY) => {}
                }
            }
        }
    }
}

/// Starts the indicator that is configured; without one, what panels tell is heard and forgotten.
pub fn start(app: &App) -> Result<(), TypingError> {
    start_with(app, configured(&app.config)?);
    Ok(())
}

fn configured(config: &Config) -> Result<Option<Arc<dyn Indicator>>, TypingError> {
    let Some((platform, settings)) = config.platform.clone().zip(config.typing.adapter.clone())
    else {
        return Ok(None);
    };
    // Tokens of its own: a client that may not type must not lose its cards.
    let tokens = TokenSource::new(cuecard_cxone::platform::Platform {
        scope: settings.scope,
        ..platform
    })
    .map_err(cuecard_cxone::token::TokenError::from)?;
    Ok(Some(match settings.adapter {
        Adapter::Guests => Arc::new(typing::Guests::new(tokens, &settings.base_url)?),
        Adapter::SenderActions { channel_id } => {
            Arc::new(SenderActions::new(tokens, &settings.base_url, channel_id)?)
        }
    }))
}

/// Starts this indicator.
fn start_with(app: &App, indicator: Option<Arc<dyn Indicator>>) {
    let owned = app.clone();
    let run = async move { owned.typing.run(&owned, indicator).await };
    app.shutdown.run("typing", run);
}
