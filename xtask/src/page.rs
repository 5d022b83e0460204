//! Building the page: Trunk into `dist/`, made smaller there, then every file compressed next to itself, so that the server has nothing to compress.
//! Skipped when neither the sources nor the output have changed.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::thread;

use anyhow::{Context, Result, bail};
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::paths::Workspace;
use crate::setup::{self, Tools};
use crate::{frame, insights, process, shrink, stamp};

/// What the page is built from, relative to the root.
const SOURCES: [&str; 18] = [
    "build.rs",
    "Cargo.toml",
    "Cargo.lock",
    "Trunk.toml",
    "rust-toolchain.toml",
    ".cargo/config.toml",
    "index.html",
    "src",
    "style",
    "page",
    "vendor",
    "patches",
    "insights",
    "lang",
    "crates/panel",
    "crates/protocol",
    "xtask/src/names.rs",
    "xtask/src/shrink.rs",
];

/// The highest that brotli has; takes seconds once and saves about 15 % over what a server would do on the fly.
const BROTLI_QUALITY: i32 = 11;
/// Window of 2^22 bytes, the most that browsers must accept.
const BROTLI_WINDOW: i32 = 22;

/// Builds the page when it is not up to date.
pub fn build(workspace: &Workspace, tools: &Tools) -> Result<()> {
    let dist = workspace.dist();
    let noted = workspace.notes().join("page.stamp");
    let sources = SOURCES.iter().try_fold(
        stamp::Inputs::default().word(&setup::fingerprint()),
        |inputs, source| inputs.path(&workspace.join(source)),
    )?;
    let sources = sources.finish();
    if stamp::is_current(&noted, &with_output(&sources, &dist)?) {
        println!("page: up to date in {}", dist.display());
        return Ok(());
    }
    println!("page: building");
    process::run(
        tools
            .command(&tools.trunk)
            .args([
                "build",
                "--release",
                "--offline",
                "--skip-version-check",
                "--dist",
            ])
            .arg(&dist)
            .current_dir(workspace.root())
            // Trunk takes NO_COLOR for an option of its own that must be `true` or `false`.
            .env_remove("NO_COLOR"),
    )?;
    let page = dist.join("index.html");
    if !page.is_file() {
        bail!(
            "Trunk ended without an error, but there is no {}",
            page.display()
        );
    }
    shrink::shrink(&dist, tools)?;
    insights::add(
        &workspace.join("insights"),
        &workspace.join("e2e/node_modules"),
        &dist,
        &tools.esbuild,
    )?;
    frame::add(&workspace.join("page"), &dist, &tools.esbuild)?;
    compress_all(&dist)?;
    stamp::note(&noted, &with_output(&sources, &dist)?)
}

// Somebody may have run Trunk by hand, which leaves another output of the same sources.
fn with_output(sources: &str, dist: &Path) -> Result<String> {
    stamp::files_below(dist)?
        .iter()
        .try_fold(stamp::Inputs::default().word(sources), |inputs, file| {
            let length = file
                .metadata()
                .with_context(|| format!("cannot look at {}", file.display()))?
                .len();
            Ok(inputs
                .word(&file.to_string_lossy())
                .word(&length.to_string()))
        })
        .map(stamp::Inputs::finish)
}

fn compress_all(dist: &Path) -> Result<()> {
    let files = stamp::files_below(dist)?;
    thread::scope(|scope| {
        let jobs: Vec<_> = files
            .iter()
            .filter(|file| !is_compressed(file))
            .map(|file| scope.spawn(move || compress(file)))
            .collect();
        let mut sums = [0; 3];
        for job in jobs {
            let sizes = job
                .join()
                .map_err(|_| anyhow::anyhow!("a compression thread panicked"))??;
            for (sum, size) in sums.iter_mut().zip(sizes) {
                *sum += size;
            }
        }
        println!(
            "page: {} bytes, {} with gzip, {} with brotli",
            sums[0], sums[1], sums[2]
        );
        Ok(())
    })
}

/// Writes `file.br` and `file.gz`; returns the three sizes in bytes: as it is, gzip, brotli.
fn compress(file: &Path) -> Result<[usize; 3]> {
    let raw = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(&raw).context("gzip")?;
    let gzip = gzip.finish().context("gzip")?;
    let parameters = brotli::enc::BrotliEncoderParams {
        quality: BROTLI_QUALITY,
        lgwin: BROTLI_WINDOW,
        size_hint: raw.len(),
        ..Default::default()
    };
    let mut brotli = Vec::new();
    brotli::BrotliCompress(&mut raw.as_slice(), &mut brotli, &parameters).context("brotli")?;
    for (ending, bytes) in [("gz", &gzip), ("br", &brotli)] {
        let path = beside(file, ending);
        fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok([raw.len(), gzip.len(), brotli.len()])
}

fn beside(file: &Path, ending: &str) -> std::path::PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    name.into()
}

fn is_compressed(file: &Path) -> bool {
    file.extension()
        .is_some_and(|ending| ending == "br" || ending == "gz")
}

/// Replaces what must stand in a built or written file exactly once.
pub fn replace_once(text: &str, from: &str, to: &str) -> Result<String> {
    match text.matches(from).count() {
        1 => Ok(text.replace(from, to)),
        count => bail!("found {from:?} {count} times, expected it once"),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn both_compressed_files_give_the_original_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("page.js");
        let text = "export const answer = 42;\n".repeat(500);
        fs::write(&file, &text).expect("writes");
        compress_all(folder.path()).expect("compresses");

        let mut from_gzip = String::new();
        let gzip = fs::File::open(folder.path().join("page.js.gz")).expect("is there");
        flate2::read::GzDecoder::new(gzip)
            .read_to_string(&mut from_gzip)
            .expect("is gzip");
        assert_eq!(from_gzip, text);
        let mut from_brotli = Vec::new();
        let mut brotli = fs::File::open(folder.path().join("page.js.br")).expect("is there");
        brotli::BrotliDecompress(&mut brotli, &mut from_brotli).expect("is brotli");
        assert_eq!(from_brotli, text.as_bytes());
    }

    #[test]
    fn compressed_files_are_not_compressed_again() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("page.js"), "x").expect("writes");
        compress_all(folder.path()).expect("compresses");
        compress_all(folder.path()).expect("compresses");
        assert_eq!(stamp::files_below(folder.path()).expect("lists").len(), 3);
    }

    #[test]
    fn another_output_of_the_same_sources_is_noticed() {
        let dist = tempfile::tempdir().expect("a folder");
        fs::write(dist.path().join("index.html"), "built").expect("writes");
        let before = with_output("sources", dist.path()).expect("lists");
        assert_eq!(with_output("sources", dist.path()).expect("lists"), before);
        fs::write(dist.path().join("index.html"), "by hand").expect("writes");
        assert_ne!(with_output("sources", dist.path()).expect("lists"), before);
        assert_ne!(
            with_output("other sources", dist.path()).expect("lists"),
            before
        );
    }
}
