//! npm packages: `npm ci` in a folder with a lockfile, again only when the lockfile has changed.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::{report, versions};
use crate::{process, stamp};

/// Installs the packages of `folder` and returns its `node_modules`.
pub fn ensure(folder: &Path) -> Result<PathBuf> {
    let label = format!(
        "npm packages of {}",
        folder.file_name().unwrap_or_default().to_string_lossy()
    );
    let lockfile = folder.join("package-lock.json");
    let modules = folder.join("node_modules");
    let noted = modules.join(".cuecard-lockfile");
    let hash = stamp::Inputs::default().path(&lockfile)?.finish();
    if stamp::is_current(&noted, &hash) {
        report(&label, "present");
        return Ok(modules);
    }
    check_node()?;
    report(&label, "missing or old, installing");
    process::run(
        Command::new("npm")
            .args([
                "ci",
                "--ignore-scripts",
                "--no-audit",
                "--no-fund",
                "--loglevel=error",
            ])
            .current_dir(folder),
    )?;
    stamp::note(&noted, &hash)?;
    Ok(modules)
}

/// The folder with wasm-opt of the pinned version. It must be this one: see [`versions::BINARYEN`].
pub fn wasm_opt(modules: &Path) -> Result<PathBuf> {
    let manifest = modules.join("binaryen/package.json");
    let text = fs::read_to_string(&manifest)
        .with_context(|| format!("cannot read {}", manifest.display()))?;
    let found: Value = serde_json::from_str(&text)
        .with_context(|| format!("{} is not JSON", manifest.display()))?;
    if found["version"] != versions::BINARYEN {
        bail!(
            "{} has version {}, expected {:?}",
            manifest.display(),
            found["version"],
            versions::BINARYEN
        );
    }
    let folder = modules.join("binaryen/bin");
    if !folder.join("wasm-opt").is_file() {
        bail!("there is no wasm-opt in {}", folder.display());
    }
    report(&format!("wasm-opt {}", versions::BINARYEN), "present");
    Ok(folder)
}

fn check_node() -> Result<()> {
    let path = env::var_os("PATH").unwrap_or_default();
    let (major, minor) = versions::NODE;
    let oldest = format!("{major}.{minor}");
    for program in ["node", "npm"] {
        if process::find_program(program, &path).is_none() {
            bail!("{program} is not on PATH; install Node.js {oldest} or newer with npm");
        }
    }
    let printed = process::quiet(Command::new("node").arg("--version"))?;
    match version(&printed) {
        Some(found) if found >= versions::NODE => Ok(()),
        _ => bail!("node is {}, expected v{oldest} or newer", printed.trim()),
    }
}

// "v20.20.2"
fn version(printed: &str) -> Option<(u32, u32)> {
    let mut numbers = printed.trim().strip_prefix('v')?.split('.');
    let major = numbers.next()?.parse().ok()?;
    Some((major, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn node_versions_are_read() {
        assert_eq!(version("v20.20.2\n"), Some((20, 20)));
        assert_eq!(version("20.20.2"), None);
        assert_eq!(version("v20"), None);
        assert_eq!(version(""), None);
    }

    #[test]
    fn another_wasm_opt_is_refused_with_both_versions() {
        let modules = tempfile::tempdir().expect("a folder");
        let package = modules.path().join("binaryen");
        fs::create_dir_all(package.join("bin")).expect("creates");
        fs::write(package.join("package.json"), r#"{"version": "108.0.0"}"#).expect("writes");
        let error = wasm_opt(modules.path())
            .expect_err("must be refused")
            .to_string();
        assert!(
            error.ends_with(r#"has version "108.0.0", expected "132.0.0""#),
            "{error}"
        );
    }

    #[test]
    fn packages_of_a_known_lockfile_are_not_installed_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let lockfile = folder.path().join("package-lock.json");
        fs::write(&lockfile, "{}").expect("writes");
        let hash = stamp::Inputs::default()
            .path(&lockfile)
            .expect("readable")
            .finish();
        stamp::note(&folder.path().join("node_modules/.cuecard-lockfile"), &hash).expect("writes");
        assert_eq!(
            ensure(folder.path()).expect("present"),
            folder.path().join("node_modules")
        );
    }
}
