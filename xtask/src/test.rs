//! All tests with one command: native, in a browser, and end to end. Each suite streams its own report; the last line is the sum.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};

use crate::counts::Counts;
use crate::paths::Workspace;
use crate::setup::{self, Scope, Testing, Tools};
use crate::{binaries, page, process};

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
        page::build(workspace, &tools)?;
        binaries::build(workspace)?;
        for round in 1..=options.repeat {
            let name = if options.repeat == 1 {
                "end to end".to_owned()
            } else {
                format!("end to end {round}/{}", options.repeat)
            };
            outcomes.push((name, end_to_end(workspace, &tools, testing)?));
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

fn browser(workspace: &Workspace, tools: &Tools, testing: &Testing) -> Result<Counts> {
    println!("\ntest: browser");
    counted(
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
            .env("WASM_BINDGEN_TEST_TIMEOUT", "120"),
    )
}

fn end_to_end(workspace: &Workspace, tools: &Tools, testing: &Testing) -> Result<Counts> {
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
            .env("CHROMIUM", &testing.browser.chromium),
    )?
    .wait()?;
    let counts = fs::read_to_string(&report)
        .ok()
        .and_then(|tap| Counts::of_node_report(&tap));
    Ok(settle(counts, status.success()))
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
    let mut counts: Option<Counts> = None;
    let status = process::run_lines(command, |line| {
        if let Some(found) = Counts::of_rust_summary(line) {
            *counts.get_or_insert_default() += found;
        }
    })?;
    Ok(settle(counts, status.success()))
}

/// A runner that fails without a failed test, or ends without a summary, did not do its work.
fn settle(counts: Option<Counts>, success: bool) -> Counts {
    let mut counts = counts.unwrap_or(Counts::BROKEN);
    if !success && counts.failed == 0 {
        counts += Counts::BROKEN;
    }
    counts
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
        assert_eq!(settle(Some(good), true), good);
        assert_eq!(
            settle(Some(good), false),
            Counts {
                passed: 3,
                failed: 1
            }
        );
        assert_eq!(settle(Some(bad), false), bad);
        assert_eq!(settle(None, true), Counts::BROKEN);
        assert_eq!(settle(None, false), Counts::BROKEN);
    }
}
