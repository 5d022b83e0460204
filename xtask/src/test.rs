//! All tests with one command: native, in a browser, and end to end. Each suite streams its own report; the last line is the sum.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};

use crate::counts::Counts;
use crate::paths::Workspace;
use crate::setup::{self, Scope, Testing, Tools};
use crate::{binaries, package, process, proxy};

/// What `cargo xtask test` takes.
#[derive(Args)]
pub struct Options {
    /// Run one suite only
    #[arg(long, value_enum)]
    only: Option<Suite>,
    /// Run the end-to-end suite this many times
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    repeat: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Suite {
    /// `cargo test` of all crates but the widget
    Native,
    /// The widget in Chromium, by wasm-bindgen-test
    Browser,
    /// The real server and simulator with the page in Chromium, by Playwright
    E2e,
}

/// Runs the suites that are asked for.
pub fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let tools = setup::ensure(workspace, Scope::Everything)?;
    let testing = tools
        .testing
        .as_ref()
        .context("the setup did not say where the browser is")?;
    let wanted = |suite| options.only.is_none_or(|only| only == suite);
    let mut outcomes = Vec::new();
    if wanted(Suite::Native) {
        outcomes.push(("native".to_owned(), native(workspace)?));
    }
    if wanted(Suite::Browser) {
        outcomes.push(("browser".to_owned(), browser(workspace, &tools, testing)?));
    }
    if wanted(Suite::E2e) {
        let package = package::build(workspace, &tools)?;
        binaries::build(workspace)?;
        for round in 1..=options.repeat {
            let name = if options.repeat == 1 {
                "end to end".to_owned()
            } else {
                format!("end to end {round}/{}", options.repeat)
            };
            outcomes.push((name, end_to_end(workspace, &tools, testing, &package)?));
        }
    }

    let mut all = Counts::default();
    println!();
    for (name, counts) in outcomes {
        println!("{name}: {counts}");
        all += counts;
    }
    println!("{all}");
    if all.failed > 0 {
        bail!("{} failed", all.failed);
    }
    Ok(())
}

fn native(workspace: &Workspace) -> Result<Counts> {
    println!("\ntest: native");
    // The widget runs in a browser only.
    let arguments = [
        "test",
        "--workspace",
        "--exclude",
        "cuecard",
        "--no-fail-fast",
    ];
    counted(
        binaries::cargo()
            .args(arguments)
            .current_dir(workspace.root()),
    )
}

/// How often the browser tests are begun before they count as failed.
const TRIES: u32 = 3;

fn browser(workspace: &Workspace, tools: &Tools, testing: &Testing) -> Result<Counts> {
    println!("\ntest: browser");
    let settings = with_proxy(workspace, proxy::start()?)?;
    let mut counts = Counts::BROKEN;
    for _ in 0..TRIES {
        let run = run_counted(
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
                .env("WASM_BINDGEN_TEST_TIMEOUT", "120"),
        )?;
        counts = run.counts();
        if !run.broke() {
            break;
        }
        // The runner's own small web server leaves a script unanswered now and then, and no test begins.
        println!("test: the runner ended without a result");
    }
    Ok(counts)
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

fn end_to_end(
    workspace: &Workspace,
    tools: &Tools,
    testing: &Testing,
    package: &Path,
) -> Result<Counts> {
    println!("\ntest: end to end");
    let report = workspace.notes().join("e2e.tap");
    fs::create_dir_all(workspace.notes())
        .with_context(|| format!("cannot create {}", workspace.notes().display()))?;
    let _ = fs::remove_file(&report);
    let specs = specs(workspace)?;
    let status = process::Group::start(
        tools
            .command("node")
            .args([
                "--test",
                "--test-reporter=spec",
                "--test-reporter-destination=stdout",
                "--test-reporter=tap",
            ])
            .arg(format!("--test-reporter-destination={}", report.display()))
            .args(&specs)
            .current_dir(workspace.join("e2e"))
            .env("SERVER_BINARY", binaries::path(workspace, binaries::SERVER))
            .env(
                "SIMULATOR_BINARY",
                binaries::path(workspace, binaries::SIMULATOR),
            )
            .env("PAGE_DIST", workspace.dist())
            .env("NPM_PACKAGE", package)
            .env("CHROMIUM", &testing.browser.chromium)
            .env("SCHEMATHESIS", &testing.schemathesis),
    )?
    .wait()?;
    let counts = fs::read_to_string(&report)
        .ok()
        .and_then(|tap| Counts::of_node_report(&tap));
    let success = status.success();
    Ok(Run { counts, success }.counts())
}

fn specs(workspace: &Workspace) -> Result<Vec<PathBuf>> {
    let folder = workspace.join("e2e/specs");
    let mut specs = Vec::new();
    for entry in
        fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))?
    {
        let path = entry?.path();
        if path.to_string_lossy().ends_with(".test.mjs") {
            specs.push(path);
        }
    }
    if specs.is_empty() {
        bail!("there is no *.test.mjs in {}", folder.display());
    }
    specs.sort();
    Ok(specs)
}

fn counted(command: &mut Command) -> Result<Counts> {
    Ok(run_counted(command)?.counts())
}

fn run_counted(command: &mut Command) -> Result<Run> {
    let mut counts: Option<Counts> = None;
    let status = process::run_lines(command, |line| {
        if let Some(found) = Counts::of_rust_summary(line) {
            *counts.get_or_insert_default() += found;
        }
    })?;
    Ok(Run {
        counts,
        success: status.success(),
    })
}

/// How a runner ended.
#[derive(Debug, Clone, Copy)]
struct Run {
    /// What its summaries say, if there is one.
    counts: Option<Counts>,
    success: bool,
}

impl Run {
    /// A runner that fails without a failed test, or ends without a summary, did not do its work.
    fn broke(self) -> bool {
        self.counts
            .is_none_or(|counts| !self.success && counts.failed == 0)
    }

    fn counts(self) -> Counts {
        let mut counts = self.counts.unwrap_or_default();
        if self.broke() {
            counts += Counts::BROKEN;
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_runner_that_breaks_is_a_failure() {
        let good = Counts {
            passed: 3,
            failed: 0,
        };
        let bad = Counts {
            passed: 3,
            failed: 2,
        };
        let run = |counts, success| Run { counts, success };
        assert_eq!(run(Some(good), true).counts(), good);
        assert_eq!(
            run(Some(good), false).counts(),
            Counts {
                passed: 3,
                failed: 1
            }
        );
        assert_eq!(run(Some(bad), false).counts(), bad);
        assert_eq!(run(None, true).counts(), Counts::BROKEN);
        assert_eq!(run(None, false).counts(), Counts::BROKEN);
        // A failed test is a result, and is not tried again.
        let broke = [
            (Some(good), true),
            (Some(bad), false),
            (Some(good), false),
            (None, true),
        ]
        .map(|(counts, success)| run(counts, success).broke());
        assert_eq!(broke, [false, false, true, true]);
    }
}
