//! Tools that cargo installs, one folder for each version in the shared cache, so that neither `~/.cargo/bin` nor another clone's
//! version is ever overwritten. A tool of exactly the right version that is on PATH already is used as it is.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::report;
use super::versions::CargoTool;
use crate::{binaries, process};

/// Build settings of the caller that must not leak into the build of a tool.
const FOREIGN_SETTINGS: [&str; 5] = [
    "RUSTFLAGS",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_BUILD_TARGET",
    "RUSTC_WRAPPER",
    "RUSTC_WORKSPACE_WRAPPER",
];

/// Tools run for seconds but some are tuned for minutes of link time; this halves the wait of a first setup.
const FASTER_BUILD: [(&str, &str); 4] = [
    ("CARGO_PROFILE_RELEASE_LTO", "off"),
    ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16"),
    ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1"),
    ("CARGO_PROFILE_RELEASE_DEBUG", "false"),
];

/// The folder that holds the tool's programs, after installing it when it is nowhere.
pub fn ensure(cache: &Path, tool: &CargoTool) -> Result<PathBuf> {
    let name = format!("{} {}", tool.package, tool.version);
    let root = cache
        .join("tools")
        .join(format!("{}-{}", tool.package, tool.version));
    let folder = root.join("bin");
    if tool
        .programs
        .iter()
        .all(|program| folder.join(program).is_file())
    {
        report(&name, "present");
        return Ok(folder);
    }
    if let Some(folder) = on_path(tool, &env::var_os("PATH").unwrap_or_default()) {
        report(&name, &format!("present in {}", folder.display()));
        return Ok(folder);
    }
    report(
        &name,
        &format!(
            "missing, installing into {} (minutes, once)",
            root.display()
        ),
    );
    process::run(&mut install(cache, &root, tool))?;
    if let Some(missing) = tool
        .programs
        .iter()
        .find(|program| !folder.join(program).is_file())
    {
        bail!(
            "{name} was installed, but there is no {missing} in {}",
            folder.display()
        );
    }
    Ok(folder)
}

/// Removes what the builds left, which is far more than the tools themselves.
pub fn discard_build_output(cache: &Path) -> Result<()> {
    let output = build_output(cache);
    match fs::remove_dir_all(&output) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", output.display()))
        }
        _ => Ok(()),
    }
}

fn build_output(cache: &Path) -> PathBuf {
    cache.join("build")
}

fn install(cache: &Path, root: &Path, tool: &CargoTool) -> Command {
    let mut command = binaries::cargo();
    command
        .args(["install", "--locked", "--quiet", "--root"])
        .arg(root)
        .arg(format!("{}@{}", tool.package, tool.version))
        // Outside the workspace, so that its .cargo/config.toml and rust-toolchain.toml do not apply; the toolchain is the running one.
        .current_dir(cache)
        .env("CARGO_TARGET_DIR", build_output(cache))
        .envs(FASTER_BUILD);
    for setting in FOREIGN_SETTINGS {
        command.env_remove(setting);
    }
    command
}

/// A folder of `path` with the tool in exactly the right version.
fn on_path(tool: &CargoTool, path: &OsStr) -> Option<PathBuf> {
    let main = process::find_program(tool.programs.first()?, path)?;
    let folder = main.parent()?.to_owned();
    let complete = tool
        .programs
        .iter()
        .all(|program| folder.join(program).is_file());
    let printed = process::quiet(Command::new(&main).arg("--version")).ok()?;
    (complete && is_version(&printed, tool.version)).then_some(folder)
}

// "wasm-bindgen 0.2.129", "trunk 0.21.14", "wasm-pack 0.15.1"
fn is_version(printed: &str, version: &str) -> bool {
    printed.split_whitespace().nth(1) == Some(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOOL: CargoTool = CargoTool {
        package: "hammer",
        version: "1.2.3",
        programs: &["hammer", "hammer-claw"],
    };

    fn program(folder: &Path, name: &str, version: &str) {
        fs::create_dir_all(folder).expect("creates");
        // Written by another process: a child that another test forks meanwhile would hold this one's file open for
        // writing, and what is open for writing cannot be started.
        let script = r#"printf '#!/bin/sh\necho %s\n' "$1" >"$0" && chmod 755 "$0""#;
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", script]).arg(folder.join(name));
        process::quiet(shell.arg(format!("{name} {version}"))).expect("writes");
    }

    #[test]
    fn only_the_exact_version_on_path_counts() {
        let folder = tempfile::tempdir().expect("a folder");
        program(folder.path(), "hammer-claw", "1.2.3");
        for (version, found) in [
            ("1.2.3", true),
            ("1.2.30", false),
            ("1.2.3-rc1", false),
            ("1.2", false),
        ] {
            program(folder.path(), "hammer", version);
            assert_eq!(
                on_path(&TOOL, folder.path().as_os_str()).is_some(),
                found,
                "{version}"
            );
        }
    }

    #[test]
    fn a_tool_without_its_companion_is_not_used() {
        let folder = tempfile::tempdir().expect("a folder");
        program(folder.path(), "hammer", "1.2.3");
        assert_eq!(on_path(&TOOL, folder.path().as_os_str()), None);
    }

    #[test]
    fn the_cached_tool_of_this_version_is_taken_without_starting_it() {
        let cache = tempfile::tempdir().expect("a folder");
        let bin = cache.path().join("tools/hammer-1.2.3/bin");
        program(&bin, "hammer", "prints nonsense");
        program(&bin, "hammer-claw", "");
        assert_eq!(ensure(cache.path(), &TOOL).expect("present"), bin);
    }

    #[test]
    fn installing_does_not_touch_the_callers_folders() {
        let command = install(
            Path::new("/cache"),
            Path::new("/cache/tools/hammer-1.2.3"),
            &TOOL,
        );
        let words: Vec<_> = command
            .get_args()
            .map(|word| word.to_string_lossy().into_owned())
            .collect();
        assert_eq!(
            words,
            [
                "install",
                "--locked",
                "--quiet",
                "--root",
                "/cache/tools/hammer-1.2.3",
                "hammer@1.2.3"
            ]
        );
        assert_eq!(command.get_current_dir(), Some(Path::new("/cache")));
        let target = command
            .get_envs()
            .find(|(key, _)| *key == "CARGO_TARGET_DIR")
            .and_then(|(_, value)| value);
        assert_eq!(target, Some(OsStr::new("/cache/build")));
        assert!(
            command
                .get_envs()
                .any(|(key, value)| key == "RUSTFLAGS" && value.is_none())
        );
    }
}
