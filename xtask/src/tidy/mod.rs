//! What the architecture promises, checked. Each check is a pure function from what it reads to a list of [`Finding`]s, so that a test
//! can show that it fails; this module only collects what they read.

mod dependencies;
mod lockfiles;
mod pins;
mod sources;

use std::fmt;
use std::fs;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::binaries;
use crate::paths::Workspace;
use crate::process;

/// Something that is not as promised.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// Where, relative to the root; with a line where there is one.
    pub place: String,
    /// What is wrong, and what is expected.
    pub what: String,
    /// Whether it must be mended before a commit.
    pub fatal: bool,
}

impl Finding {
    fn error(place: impl Into<String>, what: impl Into<String>) -> Self {
        Self {
            place: place.into(),
            what: what.into(),
            fatal: true,
        }
    }

    fn warning(place: impl Into<String>, what: impl Into<String>) -> Self {
        Self {
            place: place.into(),
            what: what.into(),
            fatal: false,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.fatal { "error" } else { "warning" };
        write!(formatter, "{kind}: {}: {}", self.place, self.what)
    }
}

/// A text file of the project.
#[derive(Debug, Clone)]
pub struct TextFile {
    /// Relative to the root, with `/`.
    pub path: String,
    /// Its contents.
    pub text: String,
}

/// Runs every check and fails when one finds an error.
pub fn run(workspace: &Workspace) -> Result<()> {
    let files = text_files(workspace)?;
    let mut findings = Vec::new();
    for file in &files {
        findings.extend(sources::check(file));
        findings.extend(lockfiles::check(file));
    }
    findings.extend(pins::check(&files));
    for platform in ["wasm32-unknown-unknown", "x86_64-unknown-linux-gnu"] {
        findings.extend(dependencies::check(&metadata(workspace, platform)?)?);
    }
    findings.sort();
    findings.dedup();

    for finding in &findings {
        println!("{finding}");
    }
    let errors = findings.iter().filter(|finding| finding.fatal).count();
    println!(
        "tidy: {} files, {errors} errors, {} warnings",
        files.len(),
        findings.len() - errors
    );
    if errors > 0 {
        bail!("tidy found {errors} errors");
    }
    Ok(())
}

/// Everything git tracks or would track, as far as it is text.
fn text_files(workspace: &Workspace) -> Result<Vec<TextFile>> {
    let listed = process::quiet(
        Command::new("git")
            .args([
                "ls-files",
                "-z",
                "--cached",
                "--others",
                "--exclude-standard",
            ])
            .current_dir(workspace.root()),
    )?;
    let mut files = Vec::new();
    for path in listed.split('\0').filter(|path| !path.is_empty()) {
        let absolute = workspace.join(path);
        // A file may be deleted but still tracked.
        if !absolute.is_file() {
            continue;
        }
        let bytes = fs::read(&absolute).with_context(|| format!("cannot read {path}"))?;
        if let Ok(text) = String::from_utf8(bytes) {
            files.push(TextFile {
                path: path.to_owned(),
                text,
            });
        }
    }
    Ok(files)
}

fn metadata(workspace: &Workspace, platform: &str) -> Result<String> {
    process::quiet(
        binaries::cargo()
            .args([
                "metadata",
                "--format-version",
                "1",
                "--locked",
                "--filter-platform",
                platform,
            ])
            .current_dir(workspace.root()),
    )
}
