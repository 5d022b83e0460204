//! Setting up what is missing, once. Each step looks first, and prints one line of what it found or did.
//!
//! Nothing outside the cache folder and `node_modules` is written, except that Debian's Chromium is installed when this runs as root.
//! Versions are in [`versions`]; start there to change one.

mod browser;
mod cargo_tool;
mod debian;
mod npm;
mod python;
pub mod versions;
mod wasm_target;

use std::env;
use std::ffi::OsString;
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::paths::{self, Workspace};
use crate::stamp;
use browser::Browser;

/// How much has to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// What builds the page.
    Page,
    /// And what tests it in a browser.
    Everything,
    /// And the packages of the peers that we measure against.
    Bench,
}

/// Where the tools are.
#[derive(Debug)]
pub struct Tools {
    /// Trunk, which builds the page.
    pub trunk: PathBuf,
    /// esbuild, which makes one small script of the page's.
    pub esbuild: PathBuf,
    /// wasm-pack, the browser and the schema tester; only from [`Scope::Everything`] on.
    pub testing: Option<Testing>,
    path: OsString,
}

/// What runs tests.
#[derive(Debug)]
pub struct Testing {
    /// wasm-pack, which builds and runs the widget's browser tests.
    pub wasm_pack: PathBuf,
    /// Chromium and its driver.
    pub browser: Browser,
    /// Tests the HTTP API against its own description.
    pub schemathesis: PathBuf,
}

impl Tools {
    /// A command that finds our versions of the tools before any other on the machine.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env("PATH", &self.path);
        command
    }
}

/// Makes sure that everything in `scope` is there, and says where.
pub fn ensure(workspace: &Workspace, scope: Scope) -> Result<Tools> {
    let cache = paths::cache()?;
    fs::create_dir_all(&cache).with_context(|| format!("cannot create {}", cache.display()))?;
    // Two clones that are set up at the same time would install the same tool into the same place.
    let guard = cache.join("setup.lock");
    let lock =
        File::create(&guard).with_context(|| format!("cannot create {}", guard.display()))?;
    lock.lock()
        .with_context(|| format!("cannot lock {}", guard.display()))?;

    wasm_target::ensure(workspace)?;
    let wasm_bindgen = cargo_tool::ensure(&cache, &versions::WASM_BINDGEN)?;
    let trunk = cargo_tool::ensure(&cache, &versions::TRUNK)?;
    let packages = npm::ensure(&workspace.join("e2e"))?;
    let wasm_opt = npm::wasm_opt(&packages)?;

    let mut first = vec![wasm_bindgen, wasm_opt, trunk.clone()];
    let testing = if scope >= Scope::Everything {
        let wasm_pack = cargo_tool::ensure(&cache, &versions::WASM_PACK)?;
        let browser = browser::ensure()?;
        first.push(wasm_pack.clone());
        Some(Testing {
            wasm_pack: wasm_pack.join("wasm-pack"),
            browser,
            schemathesis: python::ensure(&cache, &workspace.join("e2e/requirements.txt"))?
                .join("schemathesis"),
        })
    } else {
        None
    };
    let bench = workspace.join("bench");
    if scope >= Scope::Bench && bench.join("package-lock.json").is_file() {
        npm::ensure(&bench)?;
    }
    cargo_tool::discard_build_output(&cache)?;

    first.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
    let path = env::join_paths(first).context("a folder on PATH has a colon in its name")?;
    Ok(Tools {
        trunk: trunk.join("trunk"),
        esbuild: packages.join(".bin/esbuild"),
        testing,
        path,
    })
}

/// One line of progress.
fn report(what: &str, outcome: &str) {
    println!("setup: {what:<28} {outcome}");
}

/// Hash of what decides which tools are used; part of every stamp of something that they built.
pub fn fingerprint() -> String {
    let inputs = stamp::Inputs::default()
        .word(versions::BINARYEN)
        .word(versions::ESBUILD);
    [&versions::WASM_BINDGEN, &versions::TRUNK]
        .iter()
        .fold(inputs, |inputs, tool| {
            inputs.word(tool.package).word(tool.version)
        })
        .finish()
}
