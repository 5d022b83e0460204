//! The whole product on this machine with one command: simulator, server and page, a scripted call, and a clean end.

use std::fs::{self, File};
use std::io::Read as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{self as std_process, Command};
use std::thread;

use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::paths::Workspace;
use crate::service::Service;
use crate::setup::{self, Scope};
use crate::{binaries, page, process};

/// The agent whose call the simulator plays.
const AGENT: &str = "AGT-1";
/// The call.
const INTERACTION: &str = "INT-1";

/// Everything that the HTTP API allows.
const API_SCOPES: [&str; 7] = [
    "alerts:write",
    "suggestions:write",
    "prompts:write",
    "cards:read",
    "cards:write",
    "outcomes:read",
    "interactions:write",
];

/// What `cargo xtask demo` takes.
#[derive(Args)]
pub struct Options {
    /// Port of the page and the server; without it 8080, or a free one when that is taken
    #[arg(long)]
    port: Option<u16>,
    /// Port of the simulated platform; without it 8090, or a free one when that is taken
    #[arg(long)]
    simulator_port: Option<u16>,
    /// Port of the simulator's admin API; without it 8091, or a free one when that is taken
    #[arg(long)]
    admin_port: Option<u16>,
    /// Take the page and the binaries as they are
    #[arg(long)]
    no_build: bool,
}

/// Runs the demo until Ctrl-C, or until a part of it ends.
pub fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let port = choose_port("--port", options.port, 8080)?;
    let simulator_port = choose_port("--simulator-port", options.simulator_port, 8090)?;
    let admin_port = choose_port("--admin-port", options.admin_port, 8091)?;
    if !options.no_build {
        let tools = setup::ensure(workspace, Scope::Page)?;
        page::build(workspace, &tools)?;
        binaries::build(workspace)?;
    }
    let folder = fresh_folder(&workspace.run())?;

    // The platform calls the server back, so the server's port is settled first.
    let port = settled(port)?;
    let (key, webhook_secret) = (fresh_secret("cck_")?, fresh_secret("")?);
    let mut simulator = Command::new(binaries::path(workspace, binaries::SIMULATOR));
    simulator.args([
        "--listen",
        &loopback(simulator_port),
        "--admin",
        &loopback(admin_port),
        "--webhook-url",
        &format!("http://{}/webhooks/interaction-completed", loopback(port)),
        "--webhook-secret",
        &webhook_secret,
    ]);
    let (simulator, ready) = Service::start(
        "simulator",
        simulator.env("RUST_LOG", "info").current_dir(&folder),
        &folder,
    )?;
    let platform = address(&ready, "listening")?;
    let admin = address(&ready, "admin")?;

    let config = folder.join("server.toml");
    let text = server_config(
        port,
        &platform,
        &workspace.dist(),
        &folder,
        &key,
        &webhook_secret,
    )?;
    fs::write(&config, text).with_context(|| format!("cannot write {}", config.display()))?;
    let mut server = Command::new(binaries::path(workspace, binaries::SERVER));
    server.args(["serve", "--config"]).arg(&config);
    let (server, ready) = Service::start(
        "server",
        server.env("RUST_LOG", "info").current_dir(&folder),
        &folder,
    )?;
    let page = address(&ready, "listening")?;

    println!();
    println!("    Open  {page}/?agent={AGENT}&interaction={INTERACTION}");
    println!();
    println!("Push a card of your own (the whole API: {page}/docs):");
    println!(
        "  curl {page}/v1/suggestions -H 'authorization: Bearer {key}' -H 'content-type: application/json' \\"
    );
    println!(
        "    -d '{{\"interaction_id\":\"{INTERACTION}\",\"content\":\"Offer a call back\",\"relevance\":0.9}}'"
    );
    println!("simulator   {platform}, steered at {admin}");
    println!(
        "logs        {} and {}",
        server.log().display(),
        simulator.log().display()
    );
    println!("Ctrl-C ends it all.");
    let outcome = watch(&mut [server, simulator]);
    println!("demo: stopped");
    outcome
}

/// Waits for a signal, which is a good end, or for a service to end, which is not.
fn watch(services: &mut [Service]) -> Result<()> {
    while !process::interrupted() {
        for service in &mut *services {
            if let Some(status) = service.ended()? {
                bail!(
                    "the {} ended with {status}; the end of {}:\n{}",
                    service.name(),
                    service.log().display(),
                    service.last_words()
                );
            }
        }
        thread::sleep(process::POLL);
    }
    Ok(())
}

/// The wanted port if it is free; without a wish the usual one, or 0 (any) when that is taken.
fn choose_port(option: &str, wanted: Option<u16>, usual: u16) -> Result<u16> {
    let is_free = |port| TcpListener::bind(("127.0.0.1", port)).map(drop);
    match wanted {
        Some(port) => match is_free(port) {
            Ok(()) => Ok(port),
            Err(error) => bail!(
                "{option} {port} cannot be used on 127.0.0.1: {error}; leave the option out for a free port"
            ),
        },
        None if is_free(usual).is_ok() => Ok(usual),
        None => Ok(0),
    }
}

fn loopback(port: u16) -> String {
    format!("127.0.0.1:{port}")
}

fn address(ready: &Value, key: &str) -> Result<String> {
    let address = ready[key]
        .as_str()
        .with_context(|| format!("{ready} has no text {key:?}, expected an address"))?;
    Ok(address.to_owned())
}

/// A folder for this run alone; those of runs that are over are removed.
fn fresh_folder(run: &Path) -> Result<PathBuf> {
    let folder = run.join(format!("demo-{}", std_process::id()));
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    for entry in fs::read_dir(run).with_context(|| format!("cannot list {}", run.display()))? {
        let path = entry?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let Some(owner) = name.strip_prefix("demo-") else {
            continue;
        };
        if owner != std_process::id().to_string() && !Path::new("/proc").join(owner).exists() {
            fs::remove_dir_all(&path)
                .with_context(|| format!("cannot remove {}", path.display()))?;
        }
    }
    Ok(folder)
}

/// The port, or a free one for 0.
fn settled(port: u16) -> Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", port)).context("cannot listen on 127.0.0.1")?;
    Ok(listener
        .local_addr()
        .context("the listener has no address")?
        .port())
}

/// A secret for this run alone.
fn fresh_secret(prefix: &str) -> Result<String> {
    let mut bytes = [0; 16];
    File::open("/dev/urandom")
        .and_then(|mut source| source.read_exact(&mut bytes))
        .context("cannot read /dev/urandom")?;
    Ok(format!("{prefix}{}", hex::encode(bytes)))
}

/// The settings of a server that takes the simulator for the platform and keeps everything in `folder`.
fn server_config(
    port: u16,
    platform: &str,
    dist: &Path,
    folder: &Path,
    key: &str,
    webhook_secret: &str,
) -> Result<String> {
    let socket = platform.replacen("http", "ws", 1);
    let settings = json!({
        "server": {"listen": loopback(port), "assets_dir": dist, "dev_mode": true},
        "platform": {
            "token_url": format!("{platform}/oauth/token"),
            "alerts_url": format!("{socket}/api/v2/agentassist/realtime/ws"),
            "suggestions_url": format!("{socket}/ws/v1"),
            "prompts_url": format!("{socket}/realtime/v1"),
            "notifications_url": format!("{socket}/agent-assist-notifications/notifications/ws"),
            // The simulator's defaults, which open nothing else.
            "client_id": "cid",
            "client_secret": "csecret",
        },
        "risk": {"sources": [{"name": "demo", "url": format!("{platform}/v1/score")}]},
        "api": {"keys": [{
            "name": "demo",
            "sha256": hex::encode(Sha256::digest(key)),
            "scopes": API_SCOPES,
        }]},
        "webhooks": {"secret": webhook_secret},
        "storage": {"path": folder.join("cuecard.db")},
        "audit": {"path": folder.join("audit.jsonl")},
    });
    toml::to_string(&settings).context("the server's settings cannot be written as TOML")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_an_error_only_when_it_was_asked_for() {
        let holder = TcpListener::bind("127.0.0.1:0").expect("binds");
        let taken = holder.local_addr().expect("has an address").port();
        let error = choose_port("--port", Some(taken), 1)
            .expect_err("is taken")
            .to_string();
        assert!(
            error.starts_with(&format!("--port {taken} cannot be used on 127.0.0.1:")),
            "{error}"
        );
        assert_eq!(
            choose_port("--port", None, taken).expect("another will do"),
            0
        );
        // Somebody else may take a free port at any time.
        let is_taken_when_free = (0..50).any(|_| {
            let port = settled(0).expect("a free port");
            choose_port("--port", None, port).expect("chooses") == port
        });
        assert!(is_taken_when_free);
    }

    #[test]
    fn folders_of_past_runs_are_removed_and_others_are_kept() {
        let run = tempfile::tempdir().expect("a folder");
        // The highest id that Linux gives is below this one.
        for name in ["demo-99999999", "demo-1", "something"] {
            fs::create_dir(run.path().join(name)).expect("creates");
        }
        let own = fresh_folder(run.path()).expect("creates");
        let mut left: Vec<_> = fs::read_dir(run.path())
            .expect("lists")
            .map(|entry| entry.expect("entry").path())
            .collect();
        left.sort();
        let mut expected = vec![run.path().join("demo-1"), own, run.path().join("something")];
        expected.sort();
        assert_eq!(left, expected);
    }

    #[test]
    fn the_server_gets_the_simulators_addresses() {
        let text = server_config(
            8080,
            "http://127.0.0.1:8090",
            Path::new("/w/dist"),
            Path::new("/w/.run/demo-1"),
            "abc",
            "a secret for webhooks",
        );
        let settings: toml::Table = text.expect("can be written").parse().expect("is TOML");
        assert_eq!(
            settings["server"]["listen"].as_str(),
            Some("127.0.0.1:8080")
        );
        assert_eq!(
            settings["platform"]["token_url"].as_str(),
            Some("http://127.0.0.1:8090/oauth/token")
        );
        let socket = "ws://127.0.0.1:8090/agent-assist-notifications/notifications/ws";
        assert_eq!(
            settings["platform"]["notifications_url"].as_str(),
            Some(socket)
        );
        assert_eq!(
            settings["risk"]["sources"][0]["url"].as_str(),
            Some("http://127.0.0.1:8090/v1/score")
        );
        // The key itself is in no file.
        assert_eq!(
            settings["api"]["keys"][0]["sha256"].as_str(),
            Some("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        );
        assert_eq!(
            settings["storage"]["path"].as_str(),
            Some("/w/.run/demo-1/cuecard.db")
        );
    }

    #[test]
    fn an_answer_without_an_address_is_shown() {
        let error = address(&serde_json::json!({"port": 1}), "listening")
            .expect_err("must fail")
            .to_string();
        assert_eq!(
            error,
            r#"{"port":1} has no text "listening", expected an address"#
        );
    }
}
