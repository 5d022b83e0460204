//! The programs of this workspace that the demo and the end-to-end tests start, in the dev profile.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::paths::Workspace;
use crate::process;

/// The broker.
pub const SERVER: &str = "cuecard-server";
/// The stand-in for the platform.
pub const SIMULATOR: &str = "cuecard-simulator";

/// Brings both up to date; quick when they are.
pub fn build(workspace: &Workspace) -> Result<()> {
    process::run(
        cargo()
            .args(["build", "--package", SERVER, "--package", SIMULATOR])
            .current_dir(workspace.root()),
    )
}

/// Where one of them is after [`build`].
pub fn path(workspace: &Workspace, name: &str) -> PathBuf {
    workspace.target().join("debug").join(name)
}

/// The cargo that runs this command, so that its toolchain is used for everything.
pub fn cargo() -> Command {
    Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}
