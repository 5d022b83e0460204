//! All tests with one command: native, in a browser, and end to end. Each suite streams its own report; the last line is the sum.
//!
//! Each suite has a module of its own; [`run`] has what they share: how a runner ended, and the second try.

mod browser;
mod counts;
mod end_to_end;
mod native;
mod run;

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};

use self::counts::Counts;
use self::run::{Outcome, Run};
use crate::paths::Workspace;
use crate::setup::{self, Scope};
use crate::{binaries, package};

/// What `cargo xtask test` takes.
#[derive(Args)]
pub struct Options {
    /// Run one suite only
    #[arg(long, value_enum)]
    only: Option<Suite>,
    /// Run the end-to-end suite this many times
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    repeat: u32,
    /// Run a suite that failed once more (end to end: the files that failed), and name what passed then
    #[arg(long)]
    second_try: bool,
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
    let finish = |first: Run, again: &dyn Fn(&[String]) -> Result<Run>| {
        if options.second_try {
            first.tried_again(again)
        } else {
            Ok(first.outcome())
        }
    };
    let mut outcomes = Vec::new();
    if wanted(Suite::Native) {
        let first = native::run(workspace)?;
        let outcome = finish(first, &|_| native::run(workspace))?;
        outcomes.push(("native".to_owned(), outcome));
    }
    if wanted(Suite::Browser) {
        let first = browser::run(workspace, &tools, testing)?;
        let outcome = finish(first, &|_| browser::run(workspace, &tools, testing))?;
        outcomes.push(("browser".to_owned(), outcome));
    }
    if wanted(Suite::E2e) {
        let package = package::build(workspace, &tools)?;
        binaries::build(workspace)?;
        let stage = end_to_end::Stage {
            workspace,
            tools: &tools,
            testing,
            package: &package,
        };
        for round in 1..=options.repeat {
            let name = if options.repeat == 1 {
                "end to end".to_owned()
            } else {
                format!("end to end {round}/{}", options.repeat)
            };
            let first = stage.run(&[])?;
            outcomes.push((name, finish(first, &|specs| stage.run(specs))?));
        }
    }
    sum(outcomes)
}

fn sum(outcomes: Vec<(String, Outcome)>) -> Result<()> {
    let mut all = Counts::default();
    println!();
    for (name, Outcome { counts, unsteady }) in outcomes {
        println!("{name}: {counts}");
        for failed in unsteady {
            println!("{name}: failed at first and passed at the second try: {failed}");
        }
        all += counts;
    }
    println!("{all}");
    if all.failed > 0 {
        bail!("{} failed", all.failed);
    }
    Ok(())
}
