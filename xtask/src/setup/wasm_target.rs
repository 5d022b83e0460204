//! The standard library for `wasm32-unknown-unknown`, by rustup.

use std::env;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::report;
use crate::paths::Workspace;
use crate::process;

const TARGET: &str = "wasm32-unknown-unknown";

/// Adds the target to the toolchain in use when it is not there.
pub fn ensure(workspace: &Workspace) -> Result<()> {
    if is_installed()? {
        report(TARGET, "present");
        return Ok(());
    }
    if process::find_program("rustup", &env::var_os("PATH").unwrap_or_default()).is_none() {
        bail!(
            "the Rust target {TARGET} is missing and rustup is not on PATH; install the target the way Rust was installed"
        );
    }
    report(TARGET, "missing, installing with rustup");
    process::run(
        Command::new("rustup")
            .args(["target", "add", TARGET])
            .current_dir(workspace.root()),
    )
}

// Asking rustup takes longer than looking where rustc keeps it.
fn is_installed() -> Result<bool> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let root = process::quiet(Command::new(rustc).args(["--print", "sysroot"]))
        .context("cannot find the Rust toolchain")?;
    Ok(Path::new(root.trim())
        .join("lib/rustlib")
        .join(TARGET)
        .join("lib")
        .is_dir())
}
