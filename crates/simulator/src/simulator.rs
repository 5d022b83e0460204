//! A running simulator: starting it, steering it from Rust, stopping it.
//!
//! Each steering method does what the admin call of the same name does. Start with [`Simulator::spawn`].

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use cuecard_cxone::http::ClientError;
use cuecard_cxone::platform::HttpUrl;
use cuecard_cxone::wire::risk::RiskScore;
use cuecard_cxone::wire::tasks::InteractionCompleted;
use cuecard_protocol::Millis;
use cuecard_protocol::rules::suggestion::CLOCK_SKEW;
use secrecy::SecretString;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::auto_outcome::Outcome;
use crate::faults::{FaultRule, RetryAfterForm, RuleError};
use crate::follow_up::Record;
use crate::listener::{Peer, SwitchListener};
use crate::platform::{Platform, Settings};
use crate::rate_limits::RateLimit;
use crate::scenario::Scenario;
use crate::seen::{SeenEntry, SeenKind};
use crate::sockets::{ABRUPT, SocketName};
use crate::webchat::Shown;
use crate::webhooks::{self, Receiver, Webhook};
use crate::{admin, clock, routes};

/// How long connections have to end when the simulator is shut down.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(2);

/// How a simulator starts. The default is the binary's, but on free ports.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where the platform listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where the admin API listens; port 0 takes a free one.
    pub admin: SocketAddr,
    /// The one OAuth client there is.
    pub client_id: String,
    /// Its secret.
    pub client_secret: SecretString,
    /// What is played.
    pub scenario: Scenario,
    /// Seed of the faults.
    pub seed: u64,
    /// Lifetime of tokens.
    pub token_ttl: Duration,
    /// A socket whose client is silent for so long is dropped (platform wire, section 14.3: 60 s).
    pub idle_limit: Duration,
    /// A client of the suggestions socket that has not authenticated for so long is dropped (platform wire, section
    /// 14.4: 30 s).
    pub auth_limit: Duration,
    /// A prompt may come from a clock that is ahead by so much (2 s).
    pub clock_skew: Duration,
    /// A guest without a socket lives for so long after its last call (platform wire, section 14.10: 30 min).
    pub guest_ttl: Duration,
    /// How often routes may be called (platform wire, section 14.11).
    pub rate_limits: Vec<RateLimit>,
    /// How those limits write `Retry-After`.
    pub rate_limit_form: RetryAfterForm,
    /// Where a scenario's call that is over is told.
    pub webhook_url: Option<HttpUrl>,
    /// What signs webhooks; without it they are not signed.
    pub webhook_secret: Option<SecretString>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            admin: SocketAddr::from(([127, 0, 0, 1], 0)),
            client_id: "cid".into(),
            client_secret: "csecret".into(),
            scenario: Scenario::builtin(),
            seed: 0,
            token_ttl: Duration::from_mins(30),
            idle_limit: Duration::from_mins(1),
            auth_limit: Duration::from_secs(30),
            clock_skew: Duration::from_millis(CLOCK_SKEW.0),
            guest_ttl: Duration::from_mins(30),
            rate_limits: Vec::new(),
            rate_limit_form: RetryAfterForm::Seconds,
            webhook_url: None,
            webhook_secret: None,
        }
    }
}

/// It could not start.
#[derive(Debug, thiserror::Error)]
pub enum SpawnError {
    /// An address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Bind {
        /// Which.
        address: SocketAddr,
        /// Why not.
        source: std::io::Error,
    },
    /// The admin API has no authentication.
    #[error("the admin address is {0}, expected one on the loopback")]
    AdminNotLoopback(SocketAddr),
}

/// A running simulator. Dropping it stops it.
#[derive(Debug)]
#[must_use = "dropping it stops it"]
pub struct Simulator {
    platform: Arc<Platform>,
    listening: SocketAddr,
    admin: SocketAddr,
    stop: watch::Sender<bool>,
    servers: Vec<JoinHandle<()>>,
}

impl Simulator {
    /// Starts a simulator on the current tokio runtime; when this returns, it answers.
    ///
    /// # Errors
    ///
    /// [`SpawnError`] when an address cannot be used.
    pub async fn spawn(options: Options) -> Result<Self, SpawnError> {
        if !options.admin.ip().is_loopback() {
            return Err(SpawnError::AdminNotLoopback(options.admin));
        }
        let (listener, listening) = bind(options.listen).await?;
        let (admin_listener, admin) = bind(options.admin).await?;
        let settings = Settings {
            client_id: options.client_id,
            client_secret: options.client_secret,
            token_ttl: options.token_ttl,
            idle_limit: options.idle_limit,
            auth_limit: options.auth_limit,
            clock_skew: Millis(u64::try_from(options.clock_skew.as_millis()).unwrap_or(u64::MAX)),
            guest_ttl: options.guest_ttl,
            rate_limits: options.rate_limits,
            rate_limit_form: options.rate_limit_form,
            webhook_url: options.webhook_url,
            webhook_secret: options.webhook_secret,
        };
        let platform = Arc::new(Platform::new(settings, &options.scenario, options.seed));
        let (stop, stopped) = watch::channel(false);
        let service = routes::router(&platform).into_make_service_with_connect_info::<Peer>();
        let platform_server = axum::serve(SwitchListener(listener), service)
            .with_graceful_shutdown(until(stopped.clone()));
        let admin_server = axum::serve(admin_listener, admin::router(Arc::clone(&platform)))
            .with_graceful_shutdown(until(stopped));
        // Serving ends with the stop signal and not otherwise; axum retries what fails in between.
        let servers = vec![
            tokio::spawn(async move { drop(platform_server.await) }),
            tokio::spawn(async move { drop(admin_server.await) }),
        ];
        Ok(Self {
            platform,
            listening,
            admin,
            stop,
            servers,
        })
    }

    /// The platform's address, `http://127.0.0.1:<port>`.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.listening)
    }

    /// The same for sockets, `ws://127.0.0.1:<port>`.
    pub fn ws_url(&self) -> String {
        format!("ws://{}", self.listening)
    }

    /// The admin API's address, `http://127.0.0.1:<port>`.
    pub fn admin_url(&self) -> String {
        format!("http://{}", self.admin)
    }

    /// Sets what the risk API answers, in turn, over and over.
    pub fn set_risk(&self, answers: &[RiskScore]) {
        self.set_raw_risk(
            answers
                .iter()
                .map(|answer| serde_json::json!(answer))
                .collect(),
        );
    }

    /// Sets what the risk API answers, be it right or wrong.
    pub fn set_raw_risk(&self, answers: Vec<Value>) {
        self.platform.set_risk(answers);
    }

    /// Tells who holds an interaction.
    pub fn set_interaction(&self, interaction_id: &str, agent_id: &str) {
        self.platform
            .directory()
            .learn(interaction_id.to_owned(), agent_id.to_owned());
    }

    /// Delivers a published frame to an agent, or keeps it; to how many connections it goes.
    pub fn push(&self, agent_id: &str, frame: Value) -> usize {
        admin::push(&self.platform, agent_id.to_owned(), frame).1
    }

    /// Plays the desktop for agents nobody has subscribed: what becomes of suggestions, and how long after the `ack`.
    pub fn set_auto_outcome(&self, outcome: Outcome, delay: Duration) {
        self.platform.auto_outcome().set(outcome, delay);
    }

    /// Replaces all fault rules.
    ///
    /// # Errors
    ///
    /// [`RuleError`] for the first rule that cannot be meant; then the old rules stay.
    pub fn set_faults(&self, rules: Vec<FaultRule>) -> Result<(), RuleError> {
        self.platform.faults().set(rules)
    }

    /// Removes all fault rules.
    pub fn clear_faults(&self) {
        self.platform.faults().clear();
    }

    /// Drops the connections of one socket, or all; how many. 1006 ends them abruptly.
    ///
    /// # Panics
    ///
    /// With a code that cannot be sent: a mistake in the test that asks for it.
    pub fn drop_sockets(&self, socket: Option<SocketName>, code: u16) -> usize {
        if let Err(reason) = admin::check_code(code) {
            panic!("{reason}");
        }
        self.platform.sockets().drop_all(socket, code)
    }

    /// Refuses every token issued so far; how many.
    pub fn expire_tokens(&self) -> usize {
        self.platform.tokens().revoke_all()
    }

    /// Ends all guests; how many lived.
    pub fn expire_guests(&self) -> usize {
        self.platform.webchat().expire_all(clock::now())
    }

    /// What the customer of a guest, or of a thread (`<channelId>/<threadId>`), saw of the indicator: changes only.
    pub fn typing(&self, guest: &str) -> Vec<Shown> {
        self.platform.webchat().view(guest, clock::now())
    }

    /// What all customers saw, by guest or thread.
    pub fn all_typing(&self) -> BTreeMap<String, Vec<Shown>> {
        self.platform.webchat().views(clock::now())
    }

    /// Sets the form of an interaction, be it right or wrong; `None` takes it away.
    pub fn set_form(&self, interaction_id: &str, form: Option<Value>) {
        let mut follow_up = self.platform.follow_up();
        match form {
            Some(form) => follow_up.set_form(interaction_id.to_owned(), form),
            None => follow_up.remove_form(interaction_id),
        }
    }

    /// The tasks that were made, oldest first.
    pub fn tasks(&self) -> Vec<Record> {
        self.platform.follow_up().tasks.records()
    }

    /// The agent notifications that were made, oldest first.
    pub fn notifications(&self) -> Vec<Record> {
        self.platform.follow_up().notifications.records()
    }

    /// Sends a webhook until it was answered 2xx `wanted` times, signed if there is a secret; the id of its delivery.
    ///
    /// # Errors
    ///
    /// When there is no HTTP client.
    pub fn send_webhook(
        &self,
        url: HttpUrl,
        secret: Option<SecretString>,
        event: InteractionCompleted,
        wanted: u32,
    ) -> Result<String, ClientError> {
        webhooks::send(&self.platform, Receiver { url, secret }, event, wanted)
    }

    /// What is known of the webhooks, oldest first.
    pub fn webhooks(&self) -> Vec<Webhook> {
        self.platform.webhooks().known()
    }

    /// What arrived after entry `after`, of one kind or of all, oldest first.
    pub fn seen(&self, after: u64, kind: Option<SeenKind>) -> Vec<SeenEntry> {
        self.platform.seen.after(after, kind)
    }

    /// Waits until an entry after `after` satisfies `wanted`, and returns it; `None` when `limit` is over first.
    pub async fn await_seen(
        &self,
        after: u64,
        limit: Duration,
        mut wanted: impl FnMut(&SeenEntry) -> bool,
    ) -> Option<SeenEntry> {
        let mut newest = self.platform.seen.follow();
        let mut after = after;
        timeout(limit, async {
            loop {
                newest.mark_unchanged();
                for entry in self.platform.seen.after(after, None) {
                    after = entry.n;
                    if wanted(&entry) {
                        return Some(entry);
                    }
                }
                newest.changed().await.ok()?;
            }
        })
        .await
        .ok()
        .flatten()
    }

    /// Closes all sockets with 1001, answers what is under way and stops; takes at most two seconds.
    pub async fn shutdown(mut self) {
        self.stop.send_replace(true);
        self.platform.sockets().close_for_good(1001);
        let servers = std::mem::take(&mut self.servers);
        let mut live = self.platform.open_sockets();
        let aborts: Vec<_> = servers.iter().map(JoinHandle::abort_handle).collect();
        let all = async {
            for server in servers {
                let _ = server.await;
            }
            // An upgraded connection is no longer its server's; without this the process could end before a close
            // frame is written.
            let _ = live.wait_for(|live| *live == 0).await;
        };
        if timeout(SHUTDOWN_LIMIT, all).await.is_err() {
            tracing::warn!("connections were still busy when the simulator stopped");
            aborts.iter().for_each(tokio::task::AbortHandle::abort);
        }
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        self.platform.sockets().close_for_good(ABRUPT);
        self.platform.webhooks().stop();
        for server in &self.servers {
            server.abort();
        }
    }
}

async fn bind(address: SocketAddr) -> Result<(TcpListener, SocketAddr), SpawnError> {
    let failed = |source| SpawnError::Bind { address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}

async fn until(mut stopped: watch::Receiver<bool>) {
    // An error means that the simulator is gone, which is as good.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}
