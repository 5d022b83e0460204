//! `cargo test` of all crates but the widget, which runs in a browser only.

use anyhow::Result;

use super::run::Run;
use crate::binaries;
use crate::paths::Workspace;

/// Runs them all.
pub fn run(workspace: &Workspace) -> Result<Run> {
    println!("\ntest: native");
    let arguments = [
        "test",
        "--workspace",
        "--exclude",
        "cuecard",
        "--no-fail-fast",
    ];
    Run::of(
        binaries::cargo()
            .args(arguments)
            .current_dir(workspace.root()),
    )
}
