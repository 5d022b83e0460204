//! Python packages: a virtual environment for each version of the list of what is in it, in the cache.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::{debian, report, versions};
use crate::{process, stamp};

const LABEL: &str = "Python packages of e2e";
const PACKAGES: [&str; 2] = ["python3", "python3-venv"];

/// Installs what `requirements` lists and returns the folder with its programs.
pub fn ensure(cache: &Path, requirements: &Path) -> Result<PathBuf> {
    let hash = stamp::Inputs::default().path(requirements)?.finish();
    let home = cache.join("tools").join(format!("python-{}", &hash[..16]));
    let done = home.join(".cuecard-complete");
    let programs = home.join("bin");
    if stamp::is_current(&done, &hash) {
        report(LABEL, "present");
        return Ok(programs);
    }
    let python = interpreter()?;
    report(LABEL, "missing or old, installing");
    // What an interrupted installation left.
    let _ = fs::remove_dir_all(&home);
    process::run(Command::new(python).args(["-m", "venv"]).arg(&home))?;
    process::run(
        Command::new(programs.join("python"))
            .args(["-m", "pip", "install", "--quiet", "--no-deps"])
            .args(["--disable-pip-version-check", "--requirement"])
            .arg(requirements),
    )?;
    stamp::note(&done, &hash)?;
    Ok(programs)
}

fn interpreter() -> Result<PathBuf> {
    if let Some(python) = usable() {
        return Ok(python);
    }
    let (major, minor) = versions::PYTHON;
    let wanted = format!("Python {major}.{minor} or newer with the module venv");
    if !debian::can_install() {
        bail!(
            "{wanted} is not on PATH as python3; install it (on Debian: `apt-get install {}`)",
            PACKAGES.join(" ")
        );
    }
    report(LABEL, "no Python, installing Debian's packages");
    debian::install(&PACKAGES)?;
    usable().with_context(|| {
        format!(
            "the packages {} are installed, but {wanted} is not on PATH as python3",
            PACKAGES.join(" and ")
        )
    })
}

/// The python3 on PATH, if it is new enough and can make environments.
fn usable() -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let python = process::find_program("python3", &path)?;
    let (major, minor) = versions::PYTHON;
    let question =
        format!("import sys, venv, ensurepip; sys.exit(sys.version_info < ({major}, {minor}))");
    process::quiet(Command::new(&python).args(["-c", &question])).ok()?;
    Some(python)
}
