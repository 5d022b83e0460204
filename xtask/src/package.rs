//! The npm package: the page's own script and module under stable names, with types and a manifest, and its tarball.
//! Skipped when neither the built page nor what is in `npm/` has changed. Only the form that a package needs is made here;
//! what makes the widget small is in [`crate::shrink`].

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::paths::Workspace;
use crate::setup::{self, Tools};
use crate::{insights, page, process, shrink, stamp};

/// The package's version, which is the workspace's.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Files that go into the package as they are, relative to the root, and their names there.
const WRITTEN: [(&str, &str); 11] = [
    ("docs/embedding.md", "README.md"),
    ("docs/frame.md", "frame.md"),
    ("docs/theming.md", "theming.md"),
    ("npm/cuecard.d.ts", "cuecard.d.ts"),
    ("npm/react.js", "react.js"),
    ("npm/react.d.ts", "react.d.ts"),
    ("npm/bridge.d.ts", "bridge.d.ts"),
    ("npm/custom-elements.json", "custom-elements.json"),
    ("page/bridge.js", "bridge.js"),
    ("LICENSE-APACHE", "LICENSE-APACHE"),
    ("LICENSE-MIT", "LICENSE-MIT"),
];

/// How an address beside the script is written: bundlers take the file at such an address along.
const ADDRESS: &str = "new URL(\"";
const OF_SCRIPT: &str = "\",import.meta.url)";
/// What `npm/package.json` says instead of a version.
const NO_VERSION: &str = "\"version\": \"0.0.0\"";
const MODULE: &str = "cuecard_bg.wasm";
const VENDOR: &str = "./vendor/";
/// The languages' folder, and how the page's script writes the address of one, around the name that it has for it.
const LANGUAGES: &str = "lang";
const ADDRESS_OF_LANGUAGE: [&str; 2] = ["new URL(`./lang/${", "}.json`,import.meta.url)"];

/// Builds page and package when they are not up to date, and returns the path of the tarball.
pub fn build(workspace: &Workspace, tools: &Tools) -> Result<PathBuf> {
    page::build(workspace, tools)?;
    let (dist, sources) = (workspace.dist(), workspace.join("npm"));
    let (script, module) = shrink::script_and_module(&dist)?;
    let output = workspace.target().join("npm");
    let tarball = output.join("cuecard-panel.tgz");
    let noted = workspace.notes().join("package.stamp");
    let built = [
        &script,
        &module,
        &dist.join("vendor"),
        &dist.join(insights::NAME),
        &dist.join(LANGUAGES),
        &sources.join("cuecard.js"),
        &sources.join("package.json"),
        &workspace.join("xtask/src/package.rs"),
    ];
    let written = WRITTEN.map(|(from, _)| workspace.join(from));
    let inputs = built.into_iter().chain(&written).try_fold(
        stamp::Inputs::default()
            .word(&setup::fingerprint())
            .word(VERSION),
        |inputs, path| inputs.path(path),
    )?;
    let inputs = inputs.finish();
    if stamp::is_current(&noted, &with_tarball(&inputs, &tarball)?) {
        println!("package: up to date in {}", tarball.display());
        return Ok(tarball);
    }
    println!("package: building");
    empty(&output)?;
    let folder = output.join("package");
    fs::create_dir_all(folder.join("vendor"))
        .with_context(|| format!("cannot create {}", folder.display()))?;
    let languages = copy_languages(workspace, &folder)?;
    let vendored = join_script(&script, &languages, &sources, &folder, &tools.esbuild)?;
    copy(&dist.join(&vendored), &folder.join(&vendored))?;
    copy(&module, &folder.join(MODULE))?;
    copy(&dist.join(insights::NAME), &folder.join(insights::NAME))?;
    for (from, name) in WRITTEN {
        copy(&workspace.join(from), &folder.join(name))?;
    }
    write_manifest(&sources.join("package.json"), &folder.join("package.json"))?;
    process::run(
        tools
            .command("npm")
            .args(["pack", "--ignore-scripts", "--silent"])
            .arg("--pack-destination")
            .arg(&output)
            .current_dir(&folder),
    )?;
    // A name without the version, so that what installs it does not change with every release.
    let packed = output.join(format!("cuecard-panel-{VERSION}.tgz"));
    fs::rename(&packed, &tarball)
        .with_context(|| format!("npm pack has not made {}", packed.display()))?;
    println!("package: in {}", tarball.display());
    stamp::note(&noted, &with_tarball(&inputs, &tarball)?)?;
    Ok(tarball)
}

fn with_tarball(inputs: &str, tarball: &Path) -> Result<String> {
    let inputs = stamp::Inputs::default().word(inputs).path(tarball)?;
    Ok(inputs.finish())
}

/// Makes `cuecard.js` of the package's door and the widget's script; returns where the fallback sanitiser is that it loads.
fn join_script(
    script: &Path,
    languages: &[String],
    sources: &Path,
    folder: &Path,
    esbuild: &Path,
) -> Result<PathBuf> {
    let text =
        fs::read_to_string(script).with_context(|| format!("cannot read {}", script.display()))?;
    let (text, vendored) = for_bundlers(&text, languages)?;
    let widget = folder.with_file_name("widget.js");
    fs::write(&widget, text).with_context(|| format!("cannot write {}", widget.display()))?;
    process::run(
        shrink::bundle(esbuild)
            .arg(format!("--alias:widget={}", widget.display()))
            .arg(format!("--external:{VENDOR}*"))
            .arg(format!("--external:./{}", insights::NAME))
            .arg(format!("--outfile={}", folder.join("cuecard.js").display()))
            .arg(sources.join("cuecard.js")),
    )?;
    fs::remove_file(&widget).with_context(|| format!("cannot remove {}", widget.display()))?;
    Ok(Path::new("vendor").join(vendored))
}

/// The script as a package needs it, and the name of the fallback sanitiser's file. The page gives the module's address
/// itself, and must hide what is loaded on demand from the bundling of its script; a host's bundler has to see all of it.
fn for_bundlers(script: &str, languages: &[String]) -> Result<(String, String)> {
    let own = format!("{ADDRESS}{MODULE}{OF_SCRIPT}");
    let beside = format!("{ADDRESS}./{MODULE}{OF_SCRIPT}");
    let script = page::replace_once(script, &own, &beside)?;
    let start = format!("{ADDRESS}{VENDOR}");
    let name = script
        .split_once(&start)
        .and_then(|(_, rest)| rest.split_once(OF_SCRIPT))
        .map(|(name, _)| name.to_owned())
        .with_context(|| format!("the page's script does not have {start:?}, as expected"))?;
    let script = page::replace_once(
        &script,
        &format!("{start}{name}{OF_SCRIPT}"),
        &format!("\"{VENDOR}{name}\""),
    )?;
    let view = insights::NAME;
    let script = page::replace_once(
        &script,
        &format!("{ADDRESS}./{view}{OF_SCRIPT}"),
        &format!("\"./{view}\""),
    )?;
    Ok((with_languages(&script, languages)?, name))
}

/// The script with one address for each language instead of one that is put together.
fn with_languages(script: &str, languages: &[String]) -> Result<String> {
    let [start, end] = ADDRESS_OF_LANGUAGE;
    let chosen = script
        .split_once(start)
        .and_then(|(_, rest)| rest.split_once(end))
        .map(|(chosen, _)| chosen)
        .with_context(|| format!("the page's script does not have {start:?}, as expected"))?;
    let address = |tag: &String| format!("\"{tag}\":{ADDRESS}./{LANGUAGES}/{tag}.json{OF_SCRIPT}");
    let addresses: Vec<String> = languages.iter().map(address).collect();
    page::replace_once(
        script,
        &format!("{start}{chosen}{end}"),
        &format!("({{{}}})[{chosen}]", addresses.join(",")),
    )
}

/// Copies the files of the languages and returns their names.
fn copy_languages(workspace: &Workspace, folder: &Path) -> Result<Vec<String>> {
    let target = folder.join(LANGUAGES);
    fs::create_dir_all(&target).with_context(|| format!("cannot create {}", target.display()))?;
    let mut languages = Vec::new();
    for file in stamp::files_below(&workspace.join(LANGUAGES))? {
        let name = file.file_stem().unwrap_or_default().to_string_lossy();
        copy(&file, &target.join(format!("{name}.json")))?;
        languages.push(name.into_owned());
    }
    languages.sort();
    Ok(languages)
}

/// The manifest with the workspace's version. As text, because the order of its `exports` counts.
fn write_manifest(from: &Path, to: &Path) -> Result<()> {
    let text =
        fs::read_to_string(from).with_context(|| format!("cannot read {}", from.display()))?;
    let text = page::replace_once(&text, NO_VERSION, &format!("\"version\": \"{VERSION}\""))?;
    fs::write(to, text).with_context(|| format!("cannot write {}", to.display()))
}

fn empty(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", folder.display()))
        }
        _ => Ok(()),
    }
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::copy(from, to)
        .map(drop)
        .with_context(|| format!("cannot copy {} to {}", from.display(), to.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCRIPT: &str = r#"import(new URL("./vendor/purify-1.js",import.meta.url));import(new URL("./insights.js",import.meta.url));fetch(new URL("cuecard_bg.wasm",import.meta.url));fetch(new URL(`./lang/${t}.json`,import.meta.url))"#;

    #[test]
    fn a_bundler_sees_the_module_and_what_is_loaded_on_demand() {
        let languages = ["ar", "pt-BR"].map(str::to_owned);
        let (script, vendored) = for_bundlers(SCRIPT, &languages).expect("is a script of ours");
        assert_eq!(
            script,
            r#"import("./vendor/purify-1.js");import("./insights.js");fetch(new URL("./cuecard_bg.wasm",import.meta.url));fetch(({"ar":new URL("./lang/ar.json",import.meta.url),"pt-BR":new URL("./lang/pt-BR.json",import.meta.url)})[t])"#
        );
        assert_eq!(vendored, "purify-1.js");
    }

    #[test]
    fn a_script_of_another_form_is_refused() {
        for (script, words) in [
            (SCRIPT.replace("cuecard_bg", "other_bg"), "0 times"),
            (SCRIPT.repeat(2), "2 times"),
            (SCRIPT.replace("vendor", "other"), "does not have"),
            (SCRIPT.replace("/lang/", "/other/"), "does not have"),
        ] {
            let error = for_bundlers(&script, &[]).expect_err("must be refused");
            assert!(error.to_string().contains(words), "{error}");
        }
    }

    #[test]
    fn the_manifest_gets_the_workspaces_version_and_keeps_the_rest() {
        let folder = tempfile::tempdir().expect("a folder");
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        fs::write(&from, r#"{"name": "x", "version": "0.0.0", "exports": {}}"#).expect("writes");
        write_manifest(&from, &to).expect("writes");
        assert_eq!(
            fs::read_to_string(&to).expect("is there"),
            format!(r#"{{"name": "x", "version": "{VERSION}", "exports": {{}}}}"#)
        );
    }
}
