//! Chromium and its driver: what is on PATH, else Debian's packages when this runs as root, else a clear word on what to install.

use std::env;
use std::path::PathBuf;

use anyhow::{Result, bail};

use super::{debian, report};
use crate::process;

const PACKAGES: [&str; 2] = ["chromium", "chromium-driver"];

/// A Chromium and the driver that fits it.
#[derive(Debug)]
pub struct Browser {
    /// The browser.
    pub chromium: PathBuf,
    /// The `WebDriver` server.
    pub chromedriver: PathBuf,
}

/// Finds the browser, after installing it when that is possible.
pub fn ensure() -> Result<Browser> {
    if let Some(browser) = find() {
        report(
            "Chromium and ChromeDriver",
            &format!("present ({})", browser.chromium.display()),
        );
        return Ok(browser);
    }
    if !debian::can_install() {
        bail!(
            "Chromium or ChromeDriver is missing; install both (on Debian: `apt-get install {}`), or set CHROMIUM and CHROMEDRIVER to their paths",
            PACKAGES.join(" ")
        );
    }
    report(
        "Chromium and ChromeDriver",
        "missing, installing Debian's packages",
    );
    debian::install(&PACKAGES)?;
    match find() {
        Some(browser) => Ok(browser),
        None => bail!(
            "the packages {} are installed, but chromium or chromedriver is not on PATH",
            PACKAGES.join(" and ")
        ),
    }
}

fn find() -> Option<Browser> {
    let path = env::var_os("PATH").unwrap_or_default();
    let locate = |variable: &str, names: &[&str]| {
        let set = env::var_os(variable)
            .map(PathBuf::from)
            .filter(|set| set.is_file());
        set.or_else(|| {
            names
                .iter()
                .find_map(|name| process::find_program(name, &path))
        })
    };
    Some(Browser {
        chromium: locate(
            "CHROMIUM",
            &["chromium", "chromium-browser", "google-chrome"],
        )?,
        chromedriver: locate("CHROMEDRIVER", &["chromedriver"])?,
    })
}
