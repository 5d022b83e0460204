//! The command line: `serve`, `audit verify`, `api-key new` and [`jobs`].
//!
//! On stdout is only what programs read: the ready line, the result of a check. Everything else goes to stderr.
//! Exit codes: 0 done, 1 failed (or the trail has a fault), 2 the command line or the settings are wrong.

mod jobs;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use cuecard_server::api::key;
use cuecard_server::audit::verify::verify;
use cuecard_server::clock::Clock;
use cuecard_server::config::api::Scope;
use cuecard_server::config::{Config, Flags};
use cuecard_server::{StartError, start, telemetry};
use tokio::signal::unix::{SignalKind, signal};

/// How long the process stays for work that is of no use to anybody any more.
const LAST_WORK: Duration = Duration::from_secs(10);

const FAILED: u8 = 1;
const WRONG_SETTINGS: u8 = 2;

#[derive(Parser)]
#[command(
    name = "cuecard-server",
    version,
    about = "Cards for agents: broker, backbone, publishers, audit"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the server.
    Serve(Serve),
    /// Look at an audit trail.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Keys of the HTTP API.
    #[command(subcommand)]
    ApiKey(ApiKeyCommand),
    /// Look at the durable queues.
    #[command(subcommand)]
    Jobs(jobs::JobsCommand),
}

#[derive(Args)]
struct Serve {
    /// The settings (TOML); the environment (`CUECARD_SECTION__KEY`) wins over it.
    #[arg(long)]
    config: Option<PathBuf>,
    /// Address and port, instead of `server.listen`; port 0 takes a free one.
    #[arg(long)]
    listen: Option<String>,
    /// Only say whether the settings are right.
    #[arg(long)]
    check_config: bool,
}

#[derive(Subcommand)]
enum AuditCommand {
    /// Find any change, deletion or reordering in a trail.
    Verify {
        /// The trail.
        file: PathBuf,
    },
}

#[derive(Subcommand)]
enum ApiKeyCommand {
    /// Make a key: prints it, this once, and the lines of the settings that admit it.
    New {
        /// The client's name in cards, metrics and the audit trail: 1 to 32 of `a-z 0-9 _ -`.
        #[arg(long, default_value = "model")]
        name: String,
    },
}

/// Does what the command line says.
pub(crate) fn run() -> ExitCode {
    match Cli::parse().command {
        Command::Serve(args) => serve(&args),
        Command::Audit(AuditCommand::Verify { file }) => check_trail(&file),
        Command::ApiKey(ApiKeyCommand::New { name }) => new_key(&name),
        Command::Jobs(command) => jobs::run(&command),
    }
}

fn serve(args: &Serve) -> ExitCode {
    let flags = Flags {
        listen: args.listen.clone(),
    };
    let config = match Config::load(args.config.as_deref(), &flags) {
        Ok(config) => config,
        Err(error) => return say(&error, WRONG_SETTINGS),
    };
    if args.check_config {
        return print("ok");
    }
    telemetry::init_logs(&config.log);
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return say(&error, FAILED),
    };
    let ended = runtime.block_on(until_signal(config));
    // Not for as long as a name server may stay silent to a request that nobody waits for any more.
    runtime.shutdown_timeout(LAST_WORK);
    match ended {
        Ok(code) => code,
        // What the settings name cannot be used: to the operator that is the same as a wrong setting.
        Err(error) => say(&error, WRONG_SETTINGS),
    }
}

async fn until_signal(config: Config) -> Result<ExitCode, StartError> {
    // Before the ready line, so that whoever reads it may send a signal at once.
    let (mut term, mut int) = match (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
    ) {
        (Ok(term), Ok(int)) => (term, int),
        (Err(error), _) | (_, Err(error)) => return Ok(say(&error, FAILED)),
    };
    let running = start(config).await?;
    let ready = serde_json::json!({ "listening": format!("http://{}", running.address) });
    let printed = print(&ready.to_string());
    let code = tokio::select! {
        _ = term.recv() => printed,
        _ = int.recv() => printed,
        // A part has failed.
        () = running.app.shutdown.draining() => ExitCode::from(FAILED),
    };
    running.shutdown().await;
    Ok(code)
}

fn check_trail(file: &Path) -> ExitCode {
    match verify(file) {
        Ok(Ok(sound)) => print(&format!(
            "ok: {} lines, last hash {}",
            sound.lines, sound.hash
        )),
        Ok(Err(fault)) => say(&format!("{}: {fault}", file.display()), FAILED),
        Err(error) => say(
            &format!(
                "{}: expected a file that can be read ({error})",
                file.display()
            ),
            WRONG_SETTINGS,
        ),
    }
}

fn new_key(name: &str) -> ExitCode {
    let key = key::new(&Clock::system());
    let lines = key::settings(name, &key, &Scope::ALL);
    // What the settings would refuse is refused here, before anybody has copied it.
    let settings = format!("[server]\ndev_mode = true\n{lines}");
    if let Err(error) = Config::from_toml(&settings) {
        return say(&error, WRONG_SETTINGS);
    }
    print(&format!(
        "{key}\n\n# In the settings, which keep nothing but its hash:\n{lines}"
    ))
}

/// A reader that has gone away is no reason to fail.
fn print(line: &str) -> ExitCode {
    let _ = writeln!(std::io::stdout(), "{line}");
    ExitCode::SUCCESS
}

fn say(error: &dyn std::fmt::Display, code: u8) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "{error}");
    ExitCode::from(code)
}
