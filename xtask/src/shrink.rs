//! Making the built page smaller. Its scripts become one file without dead code, and the random part of the names by
//! which script and module know each other, which does not compress, becomes a count.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process;

/// How wasm-bindgen's names begin, and how long the random part at their end is.
const NAME: &str = "__wb";
const RANDOM: usize = 16;

/// The fallback sanitiser as `src/shell/sanitize/purify.js` names it, from the folder that the build puts it into.
const VENDOR_FROM_SNIPPET: &str = "../../../../../vendor/";
const VENDOR_FROM_ROOT: &str = "./vendor/";

/// Shrinks what Trunk has left in `dist`.
pub fn shrink(dist: &Path, esbuild: &Path) -> Result<()> {
    let script = one_file(dist, ".js")?;
    let module = one_file(dist, "_bg.wasm")?;
    process::run(
        Command::new(esbuild)
            .args([
                "--bundle",
                "--minify",
                "--format=esm",
                "--log-level=warning",
            ])
            .arg("--allow-overwrite")
            .arg(format!("--outfile={}", script.display()))
            .arg(&script),
    )?;
    fs::remove_dir_all(dist.join("snippets")).context("cannot remove the bundled snippets")?;

    let text = read(&script)?;
    let text = String::from_utf8(text).context("the bundled script is not UTF-8")?;
    if text.matches(VENDOR_FROM_SNIPPET).count() != 1 {
        bail!("the bundled script does not name {VENDOR_FROM_SNIPPET:?} once, as expected");
    }
    let mut text = text.replace(VENDOR_FROM_SNIPPET, VENDOR_FROM_ROOT);
    let mut bytes = read(&module)?;
    for (name, short) in short_names(&text) {
        text = text.replace(&name, &short);
        replace(&mut bytes, name.as_bytes(), short.as_bytes());
    }
    write(&script, text.as_bytes())?;
    write(&module, &bytes)
}

/// The one file of the module, by the end of its name.
fn one_file(dist: &Path, ending: &str) -> Result<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dist).with_context(|| format!("cannot list {}", dist.display()))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with("cuecard-") && name.ends_with(ending) {
            found.push(path);
        }
    }
    match <[PathBuf; 1]>::try_from(found) {
        Ok([path]) => Ok(path),
        Err(found) => bail!(
            "{} files cuecard-*{ending} in {}, expected 1",
            found.len(),
            dist.display()
        ),
    }
}

/// Each name with a random end, and the name of the same length that takes its place.
fn short_names(script: &str) -> Vec<(String, String)> {
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '$';
    let names: BTreeSet<&str> = script
        .match_indices(NAME)
        .filter_map(|(at, _)| script[at..].split(|c| !is_of_name(c)).next())
        .collect();
    let mut taken = BTreeMap::new();
    let with_random_end = names.into_iter().filter_map(|name| {
        let (stem, random) = name.split_at_checked(name.len().checked_sub(RANDOM)?)?;
        let is_random = stem.ends_with('_') && random.chars().all(|c| c.is_ascii_hexdigit());
        is_random.then_some((name, stem))
    });
    with_random_end
        .map(|(name, stem)| {
            let count = taken.entry(stem).or_insert(0);
            let short = format!("{stem}{count:0RANDOM$}");
            *count += 1;
            (name.to_owned(), short)
        })
        .collect()
}

/// Replaces every occurrence by as many bytes.
fn replace(bytes: &mut [u8], from: &[u8], to: &[u8]) {
    assert_eq!(
        from.len(),
        to.len(),
        "lengths in the module must not change"
    );
    let mut at = 0;
    while at + from.len() <= bytes.len() {
        if bytes[at..].starts_with(from) {
            bytes[at..at + to.len()].copy_from_slice(to);
            at += from.len();
        } else {
            at += 1;
        }
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_ends_become_counts_of_the_same_length() {
        let script = "a.__wbg_get_0123456789abcdef=b;c.__wbg_get_fedcba9876543210(__wbindgen_throw);__wbg_get_0123456789abcdef";
        assert_eq!(
            short_names(script),
            [
                ("__wbg_get_0123456789abcdef", "__wbg_get_0000000000000000"),
                ("__wbg_get_fedcba9876543210", "__wbg_get_0000000000000001"),
            ]
            .map(|(name, short)| (name.to_owned(), short.to_owned()))
        );
    }

    #[test]
    fn every_occurrence_is_replaced_and_nothing_moves() {
        let mut bytes = b"--abc-abcabc".to_vec();
        replace(&mut bytes, b"abc", b"xyz");
        assert_eq!(bytes, b"--xyz-xyzxyz");
    }

    #[test]
    fn an_unexpected_build_is_refused() {
        let dist = tempfile::tempdir().expect("a folder");
        let error = one_file(dist.path(), ".js").expect_err("nothing there");
        assert!(
            error.to_string().starts_with("0 files cuecard-*.js in "),
            "{error}"
        );
    }
}
