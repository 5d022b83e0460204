//! Debian's packages, installed when this runs as root on a machine that has apt; else the caller says what is missing.

use std::env;
use std::process::Command;

use anyhow::Result;
use rustix::process::geteuid;

use crate::process;

/// Whether packages can be installed here.
pub fn can_install() -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    geteuid().is_root() && process::find_program("apt-get", &path).is_some()
}

/// Installs packages, without questions and without what they merely recommend.
pub fn install(packages: &[&str]) -> Result<()> {
    let apt = |arguments: &[&str]| {
        process::run(
            Command::new("apt-get")
                .args(arguments)
                .env("DEBIAN_FRONTEND", "noninteractive"),
        )
    };
    apt(&["update", "-qq"])?;
    apt(&[
        &["install", "-y", "-qq", "--no-install-recommends"],
        packages,
    ]
    .concat())
}
