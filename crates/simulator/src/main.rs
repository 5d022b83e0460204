//! The simulator's binary: flags, one line of JSON when ready, and an orderly end. Everything else is in the library.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use cuecard_cxone::platform::HttpUrl;
use cuecard_simulator::{Options, RateLimit, RetryAfterForm, Scenario, Simulator};
use secrecy::SecretString;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

/// A stand-in for the platform, with switchable faults.
///
/// Prints one line of JSON with its addresses when it is ready. Logs go to stderr; `RUST_LOG` sets how much.
#[derive(Debug, Parser)]
#[command(version)]
struct Flags {
    /// Where the platform listens; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:8090")]
    listen: SocketAddr,
    /// Where the admin API listens, on the loopback; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:8091")]
    admin: SocketAddr,
    /// The one OAuth client there is.
    #[arg(long, default_value = "cid")]
    client_id: String,
    /// Its secret.
    #[arg(long, default_value = "csecret")]
    client_secret: SecretString,
    /// A scenario file (JSON or TOML), or "none"; without it a built-in call plays for AGT-1 and INT-1.
    #[arg(long)]
    scenario: Option<String>,
    /// Seed of the faults: the same seed and the same calls give the same faults.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Lifetime of tokens in seconds.
    #[arg(long, default_value_t = 1800)]
    token_ttl: u32,
    /// How often a client may call a route: `ROUTE=PER_SECOND:BURST`, for example typing=2:5; may be repeated.
    #[arg(long = "rate-limit")]
    rate_limits: Vec<RateLimit>,
    /// Those limits answer Retry-After as an HTTP date instead of seconds.
    #[arg(long)]
    retry_after_date: bool,
    /// Where the webhook goes when a scenario's call is over; without it nowhere.
    #[arg(long, value_parser = HttpUrl::parse)]
    webhook_url: Option<HttpUrl>,
    /// The secret that signs webhooks; without it they are not signed.
    #[arg(long)]
    webhook_secret: Option<SecretString>,
}

impl Flags {
    fn options(self) -> Result<Options, cuecard_simulator::scenario::ScenarioError> {
        let scenario = match self.scenario.as_deref() {
            None => Scenario::builtin(),
            Some("none") => Scenario::none(),
            Some(path) => Scenario::from_file(Path::new(path))?,
        };
        Ok(Options {
            listen: self.listen,
            admin: self.admin,
            client_id: self.client_id,
            client_secret: self.client_secret,
            scenario,
            seed: self.seed,
            token_ttl: Duration::from_secs(self.token_ttl.into()),
            rate_limits: self.rate_limits,
            rate_limit_form: if self.retry_after_date {
                RetryAfterForm::Date
            } else {
                RetryAfterForm::Seconds
            },
            webhook_url: self.webhook_url,
            webhook_secret: self.webhook_secret,
            ..Options::default()
        })
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    let options = match Flags::parse().options() {
        Ok(options) => options,
        Err(error) => {
            tracing::error!("{error}");
            return ExitCode::from(2);
        }
    };
    match run(options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: Options) -> Result<(), Box<dyn std::error::Error>> {
    // Before the line is printed: who reads it may signal at once.
    let (mut interrupt, mut terminate) = (
        signal(SignalKind::interrupt())?,
        signal(SignalKind::terminate())?,
    );
    let simulator = Simulator::spawn(options).await?;
    let ready =
        serde_json::json!({"listening": simulator.base_url(), "admin": simulator.admin_url()});
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{ready}")?;
    stdout.flush()?;
    drop(stdout);
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    tracing::info!("stopping");
    simulator.shutdown().await;
    Ok(())
}
