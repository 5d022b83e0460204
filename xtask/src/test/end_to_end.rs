//! The real server and simulator with the page in Chromium, by Playwright and node's test runner.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::counts::{Counts, failed_specs};
use super::run::Run;
use crate::paths::Workspace;
use crate::setup::{Testing, Tools};
use crate::{binaries, process};

/// A file that takes so many milliseconds hangs. The slowest takes a quarter of that on a quiet machine.
const TIMEOUT: &str = "--test-timeout=1800000";

/// What the specs run on.
pub struct Stage<'a> {
    pub workspace: &'a Workspace,
    pub tools: &'a Tools,
    pub testing: &'a Testing,
    /// The packed npm package.
    pub package: &'a Path,
}

impl Stage<'_> {
    /// Runs these files, or all specs when there is none.
    pub fn run(&self, specs: &[String]) -> Result<Run> {
        println!("\ntest: end to end");
        let report = self.workspace.notes().join("e2e.tap");
        fs::create_dir_all(self.workspace.notes())
            .with_context(|| format!("cannot create {}", self.workspace.notes().display()))?;
        let _ = fs::remove_file(&report);
        let mut command = self.tools.command("node");
        command
            .args([
                "--test",
                // Some measure time, so they have the machine to themselves.
                "--test-concurrency=1",
                TIMEOUT,
                "--test-reporter=spec",
                "--test-reporter-destination=stdout",
                "--test-reporter=tap",
            ])
            .arg(format!("--test-reporter-destination={}", report.display()))
            .current_dir(self.workspace.join("e2e"))
            .env(
                "SERVER_BINARY",
                binaries::path(self.workspace, binaries::SERVER),
            )
            .env(
                "SIMULATOR_BINARY",
                binaries::path(self.workspace, binaries::SIMULATOR),
            )
            .env("PAGE_DIST", self.workspace.dist())
            .env("NPM_PACKAGE", self.package)
            .env("CHROMIUM", &self.testing.browser.chromium)
            .env("SCHEMATHESIS", &self.testing.schemathesis);
        if specs.is_empty() {
            command.args(all_specs(self.workspace)?);
        } else {
            command.args(specs);
        }
        let success = process::Group::start(&mut command)?.wait()?.success();
        let tap = fs::read_to_string(&report).unwrap_or_default();
        Ok(Run {
            counts: Counts::of_node_report(&tap),
            success,
            failed: failed_specs(&tap),
            // Node ends a file that hangs, and names it.
            hung: false,
        })
    }
}

fn all_specs(workspace: &Workspace) -> Result<Vec<PathBuf>> {
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
