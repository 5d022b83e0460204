//! What every part of the server shares: one cheap handle. No behaviour lives here.

use std::ops::Deref;
use std::sync::Arc;

use crate::audit::Audit;
use crate::backbone::Backbone;
use crate::clock::Clock;
use crate::config::Config;
use crate::publish::{Outgoing, Presence, Reporter, Sources};
use crate::shutdown::Shutdown;
use crate::telemetry::Metrics;
use crate::typing::Typing;

/// The running server as its parts see it; a clone is the same server.
#[derive(Clone)]
pub struct App(Arc<Shared>);

/// The fields of [`App`], which derefs to them.
pub struct Shared {
    /// The checked settings.
    pub config: Config,
    /// What is kept.
    pub backbone: Arc<dyn Backbone>,
    /// The trail of what happened.
    pub audit: Audit,
    /// Time and randomness.
    pub clock: Clock,
    /// What `/metrics` shows.
    pub metrics: Metrics,
    /// Whether the server is going away.
    pub shutdown: Shutdown,
    /// Who is here.
    pub presence: Presence,
    /// To be told of recorded actions.
    pub reports: Reporter,
    /// To be told of posted cards.
    pub outgoing: Outgoing,
    /// Which risk source published which alert, for metrics.
    pub sources: Sources,
    /// Who types.
    pub typing: Typing,
}

impl App {
    /// The handle of a server with these parts.
    pub fn new(shared: Shared) -> Self {
        Self(Arc::new(shared))
    }
}

impl Deref for App {
    type Target = Shared;
    fn deref(&self) -> &Shared {
        &self.0
    }
}
