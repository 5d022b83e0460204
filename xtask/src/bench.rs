//! `cargo xtask bench size|render|typing`: builds the page, then hands over to the scripts in `bench/`.

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};

use crate::paths::Workspace;
use crate::setup::{self, Scope};
use crate::{page, process};

/// What `cargo xtask bench` takes.
#[derive(Args)]
pub struct Options {
    /// What to measure
    #[arg(value_enum)]
    measure: Measure,
    /// Passed on to the script
    #[arg(last = true)]
    arguments: Vec<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Measure {
    /// Bytes of everything the page loads: raw, gzip, brotli
    Size,
    /// Cost of a frame in Chromium, next to hand-written pages and React
    Render,
    /// Cost of a keystroke in the composer, next to lodash's debounce
    Typing,
}

/// Runs `bench/<measure>.mjs`.
pub fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let tools = setup::ensure(workspace, Scope::Bench)?;
    page::build(workspace, &tools)?;
    let script = match options.measure {
        Measure::Size => "size.mjs",
        Measure::Render => "render.mjs",
        Measure::Typing => "typing.mjs",
    };
    let testing = tools
        .testing
        .as_ref()
        .context("the setup did not say where the browser is")?;
    process::run(
        tools
            .command("node")
            .arg(workspace.join("bench").join(script))
            .args(&options.arguments)
            .current_dir(workspace.root())
            .env("PAGE_DIST", workspace.dist())
            .env("CHROMIUM", &testing.browser.chromium),
    )
}
