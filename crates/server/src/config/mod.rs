//! The settings: a TOML file, over it the environment (`CUECARD_SECTION__KEY`), over that the command line.
//!
//! Each section has its file, with the keys as they are written (`…Raw`) and the checked form that the server uses.
//! [`source`] reads, [`problem`] says what is wrong. A key that nobody knows is an error.

pub mod api;
pub mod audit;
pub mod callbacks;
pub mod cards;
pub mod log;
pub mod origin;
pub mod platform;
pub mod problem;
pub mod risk;
pub mod server;
pub mod session;
pub mod source;
pub mod storage;
pub mod tasks;
pub mod typing;
pub mod webhooks;

use std::path::Path;

pub use origin::Origin;
pub use problem::{ConfigError, Problem};

use problem::Problems;
use source::Source;

/// The checked settings. Its `Debug` shows no secret.
#[derive(Debug, Clone)]
pub struct Config {
    /// `[server]`
    pub server: server::Server,
    /// `[session]`
    pub session: session::Session,
    /// `[platform]`; without it no card comes and no outcome goes.
    pub platform: Option<cuecard_cxone::platform::Platform>,
    /// `[risk]`
    pub risk: risk::Risk,
    /// `[cards]`
    pub cards: cards::Cards,
    /// `[api]`
    pub api: api::Api,
    /// `[callbacks]`
    pub callbacks: callbacks::Callbacks,
    /// `[typing]`
    pub typing: typing::Typing,
    /// `[webhooks]`; without it none are taken.
    pub webhooks: Option<webhooks::Webhooks>,
    /// `[tasks]`
    pub tasks: tasks::Tasks,
    /// `[storage]`
    pub storage: storage::Storage,
    /// `[audit]`
    pub audit: audit::Audit,
    /// `[log]`
    pub log: log::Log,
}

/// Flags of the command line that win over file and environment.
#[derive(Debug, Clone, Default)]
pub struct Flags {
    /// `--listen`
    pub listen: Option<String>,
}

const SECTIONS: [&str; 13] = [
    "server",
    "session",
    "platform",
    "risk",
    "cards",
    "api",
    "callbacks",
    "typing",
    "webhooks",
    "tasks",
    "storage",
    "audit",
    "log",
];

impl Config {
    /// Reads and checks the settings of this process.
    pub fn load(file: Option<&Path>, flags: &Flags) -> Result<Self, ConfigError> {
        let text = file.map(source::read_file).transpose()?;
        // Variables that are no text are none of ours.
        let env = std::env::vars_os()
            .filter_map(|(key, value)| Some((key.into_string().ok()?, value.into_string().ok()?)));
        Self::from_parts(text.as_deref(), env, flags)
    }

    /// Reads and checks settings given as text, without the environment: for tests.
    pub fn from_toml(text: &str) -> Result<Self, ConfigError> {
        Self::from_parts(Some(text), std::iter::empty(), &Flags::default())
    }

    /// Reads and checks the settings. All that is wrong is reported at once, as far as it can be seen.
    pub fn from_parts(
        toml: Option<&str>,
        env: impl Iterator<Item = (String, String)>,
        flags: &Flags,
    ) -> Result<Self, ConfigError> {
        let source = Source::merge(toml, env, flags)?;
        let mut problems = Problems::default();
        source.refuse_unknown_sections(&SECTIONS, &mut problems);
        let server = server::read(&source, &mut problems);
        let development = source.is_set("server.dev_mode");
        let session = session::read(&source, development, &mut problems);
        let platform = platform::read(&source, &mut problems);
        let risk = risk::read(&source, source.has("platform"), &mut problems);
        let cards = cards::read(&source, development, &mut problems);
        let api = api::read(&source, &mut problems);
        let callbacks = callbacks::read(&source, &mut problems);
        let typing = typing::read(&source, platform.as_ref(), &mut problems);
        let webhooks = webhooks::read(&source, &mut problems);
        let tasks = tasks::read(&source, platform.as_ref(), &mut problems);
        let storage = storage::read(&source, &mut problems);
        let audit = audit::read(&source, &mut problems);
        let log = log::read(&source, &mut problems);
        let config = (|| {
            Some(Self {
                server: server?,
                session: session?,
                platform: if source.has("platform") {
                    Some(platform?)
                } else {
                    None
                },
                risk: risk?,
                cards: cards?,
                api: api?,
                callbacks: callbacks?,
                typing: typing?,
                webhooks: if source.has("webhooks") {
                    Some(webhooks?)
                } else {
                    None
                },
                tasks: tasks?,
                storage: storage?,
                audit: audit?,
                log: log?,
            })
        })();
        problems.settle(config)
    }
}

#[cfg(test)]
mod tests;
