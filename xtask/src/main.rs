//! Developer commands: `cargo xtask setup | build-page | package | demo | test | bench | tidy`.
//!
//! Only the command line lives here. Each command has a module of its own; what they share is in [`paths`], [`process`] and [`stamp`].
//! Nothing of the product lives in this crate, and nothing of the product depends on it.

mod bench;
mod binaries;
mod demo;
mod frame;
mod insights;
mod names;
mod package;
mod page;
mod paths;
mod process;
mod proxy;
mod service;
mod setup;
mod shrink;
mod stamp;
mod test;
mod tidy;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The commands a developer of Cuecard needs.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Install what is missing: the wasm target, the pinned tools, the npm packages and the browser
    Setup,
    /// Build the page into dist/ and compress its files next to them
    BuildPage,
    /// Build the npm package and its tarball into target/npm/
    Package,
    /// Start the simulator, the server and the page, and play a scripted call until Ctrl-C
    Demo(demo::Options),
    /// Run the native, the browser and the end-to-end tests
    Test(test::Options),
    /// Measure the page against its peers
    Bench(bench::Options),
    /// Check what the architecture promises
    Tidy,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = paths::Workspace::find().and_then(|workspace| {
        process::watch_for_signals()?;
        match arguments.command {
            Command::Setup => setup::ensure(&workspace, setup::Scope::Everything).map(drop),
            Command::BuildPage => {
                let tools = setup::ensure(&workspace, setup::Scope::Page)?;
                page::build(&workspace, &tools)
            }
            Command::Package => {
                let tools = setup::ensure(&workspace, setup::Scope::Page)?;
                package::build(&workspace, &tools).map(drop)
            }
            Command::Demo(options) => demo::run(&workspace, &options),
            Command::Test(options) => test::run(&workspace, &options),
            Command::Bench(options) => bench::run(&workspace, &options),
            Command::Tidy => tidy::run(&workspace),
        }
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn command_line_is_consistent() {
        super::Arguments::command().debug_assert();
    }
}
