//! The widget's tests in Chromium, by wasm-pack and wasm-bindgen-test.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context, Result};

use super::run::Run;
use crate::paths::Workspace;
use crate::proxy;
use crate::setup::{Testing, Tools};

/// How often the tests are begun before they count as failed.
const TRIES: u32 = 3;

/// Runs them all.
pub fn run(workspace: &Workspace, tools: &Tools, testing: &Testing) -> Result<Run> {
    println!("\ntest: browser");
    let settings = with_proxy(workspace, proxy::start()?)?;
    let mut tries = 0;
    loop {
        let run = Run::of(
            tools
                .command(&testing.wasm_pack)
                .args([
                    "test",
                    "--headless",
                    "--chrome",
                    "--mode",
                    "no-install",
                    "--chromedriver",
                ])
                .arg(&testing.browser.chromedriver)
                .arg(workspace.root())
                .current_dir(workspace.root())
                .env("WASM_BINDGEN_TEST_WEBDRIVER_JSON", &settings)
                .env("WASM_BINDGEN_TEST_TIMEOUT", "600"),
        )?;
        tries += 1;
        if !run.broke() || tries == TRIES {
            return Ok(run);
        }
        // The runner's own small web server leaves a script unanswered now and then, and no test begins.
        println!("test: the runner ended without a result");
    }
}

/// The browser's settings with a proxy in them, also for the loopback; where they are.
fn with_proxy(workspace: &Workspace, proxy: SocketAddr) -> Result<PathBuf> {
    let path = workspace.join("webdriver.json");
    let text =
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut settings: serde_json::Value =
        serde_json::from_str(&text).with_context(|| format!("{} is not JSON", path.display()))?;
    let arguments = settings["goog:chromeOptions"]["args"]
        .as_array_mut()
        .with_context(|| format!("{} has no goog:chromeOptions.args", path.display()))?;
    arguments.push(format!("--proxy-server={proxy}").into());
    arguments.push("--proxy-bypass-list=<-loopback>".into());
    let output = workspace.notes().join("webdriver.json");
    fs::create_dir_all(workspace.notes())
        .with_context(|| format!("cannot create {}", workspace.notes().display()))?;
    fs::write(&output, settings.to_string())
        .with_context(|| format!("cannot write {}", output.display()))?;
    Ok(output)
}
