//! Making the built page smaller. Its scripts become one file without dead code, and the names by which script and module
//! know each other become short.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::names::Names;
use crate::page::replace_once;
use crate::process;
use crate::setup::Tools;

/// What is loaded on demand, as the files of `src/shell` name it from the folders that the build puts them into; and where it
/// is for the one script.
const ON_DEMAND: [(&str, &str); 3] = [
    ("../../../../../vendor/", "./vendor/"),
    ("../../../../insights.js", "./insights.js"),
    ("../../../../lang/", "./lang/"),
];

/// Shrinks what Trunk has left in `dist`.
pub fn shrink(dist: &Path, tools: &Tools) -> Result<()> {
    let (script, module) = script_and_module(dist)?;
    let text = Names::shorten(&module, tools)?.use_in(&read(&script)?)?;
    write(&script, &text)?;
    process::run(
        bundle(&tools.esbuild)
            .arg("--allow-overwrite")
            .arg(format!("--outfile={}", script.display()))
            .arg(&script),
    )?;
    fs::remove_dir_all(dist.join("snippets")).context("cannot remove the bundled snippets")?;

    let mut text = read(&script)?;
    for (from_snippet, from_root) in ON_DEMAND {
        text = replace_once(&text, from_snippet, from_root).context("in the bundled script")?;
    }
    write(&script, &text)?;
    let start = one_file(dist, "start-", ".js")?;
    minify(&tools.esbuild, &start, &start)
}

/// Makes one script or style sheet small by itself.
pub fn minify(esbuild: &Path, input: &Path, output: &Path) -> Result<()> {
    process::run(
        Command::new(esbuild)
            .args([
                "--minify",
                "--format=esm",
                "--target=esnext",
                "--log-level=warning",
                "--allow-overwrite",
            ])
            .arg(format!("--outfile={}", output.display()))
            .arg(input),
    )
}

/// esbuild, told to make one small module of a script and all that it imports.
pub fn bundle(esbuild: &Path) -> Command {
    let mut command = Command::new(esbuild);
    command.args([
        "--bundle",
        "--minify",
        "--format=esm",
        "--log-level=warning",
    ]);
    command
}

/// The widget's script and its module in `dist`, whose names have a hash.
pub fn script_and_module(dist: &Path) -> Result<(PathBuf, PathBuf)> {
    Ok((
        one_file(dist, "cuecard-", ".js")?,
        one_file(dist, "cuecard-", "_bg.wasm")?,
    ))
}

/// The one file whose name begins and ends so, with a hash between.
fn one_file(dist: &Path, start: &str, ending: &str) -> Result<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dist).with_context(|| format!("cannot list {}", dist.display()))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with(start) && name.ends_with(ending) {
            found.push(path);
        }
    }
    match <[PathBuf; 1]>::try_from(found) {
        Ok([path]) => Ok(path),
        Err(found) => bail!(
            "{} files {start}*{ending} in {}, expected 1",
            found.len(),
            dist.display()
        ),
    }
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unexpected_build_is_refused() {
        let dist = tempfile::tempdir().expect("a folder");
        let error = one_file(dist.path(), "cuecard-", ".js").expect_err("nothing there");
        assert!(
            error.to_string().starts_with("0 files cuecard-*.js in "),
            "{error}"
        );
    }
}
