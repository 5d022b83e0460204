//! The page for frames, `frame.html`, beside the one that Trunk has built, and `bridge.js` for the pages around: both under names that
//! stay. What the frame loads has its hash in its name, and the module is the same.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::page::replace_once;
use crate::shrink::minify;
use crate::stamp;

/// Where the module's tags go in `page/frame.html`.
const PLACE: &str = "<!-- module -->";
/// The tags that Trunk has written: the module's names, and two that load it early.
const TAGS: usize = 3;
/// Hexadecimal digits of a hash in a name, as Trunk writes them.
const HASH_DIGITS: usize = 16;

/// Puts the frame's files from `page` into `dist`, in which Trunk has built the other page.
pub fn add(page: &Path, dist: &Path, esbuild: &Path) -> Result<()> {
    let mut html = read(&page.join("frame.html"))?;
    let tags = module_tags(&read(&dist.join("index.html"))?)?;
    html = replace_once(&html, PLACE, &tags)?;
    for (stem, ending) in [("frame", "css"), ("frame", "js")] {
        let plain = format!("{stem}.{ending}");
        let output = dist.join(&plain);
        minify(esbuild, &page.join(&plain), &output)?;
        let hash = stamp::Inputs::default().word(&read(&output)?).finish();
        let hashed = format!("{stem}-{}.{ending}", &hash[..HASH_DIGITS]);
        fs::rename(&output, dist.join(&hashed)).context("cannot give a file its name")?;
        html = replace_once(&html, &plain, &hashed)?;
    }
    fs::write(dist.join("frame.html"), html).context("cannot write frame.html")?;
    fs::copy(page.join("bridge.js"), dist.join("bridge.js")).context("cannot copy bridge.js")?;
    Ok(())
}

/// The tags of the built page that name the module.
fn module_tags(html: &str) -> Result<String> {
    let tags: Vec<&str> = html
        .split_inclusive('>')
        .filter_map(|text| Some(&text[text.rfind('<')?..]))
        .filter(|tag| tag.starts_with("<meta ") || tag.starts_with("<link "))
        .filter(|tag| tag.contains("/cuecard-"))
        .collect();
    if tags.len() != TAGS {
        bail!(
            "the built page has {} tags that name the module, expected {TAGS}",
            tags.len()
        );
    }
    Ok(tags.concat())
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const META: &str =
        "<meta content=/cuecard-1.js data-wasm=/cuecard-1_bg.wasm name=cuecard-module>";
    const SCRIPT: &str = "<link crossorigin href=/cuecard-1.js rel=modulepreload>";
    const WASM: &str = "<link as=fetch crossorigin href=/cuecard-1_bg.wasm rel=preload>";

    #[test]
    fn the_tags_that_name_the_module_are_taken_and_no_others() {
        let page = format!(
            "<title>Cuecard</title><link href=/page-1.css rel=stylesheet>{META}<script src=/start-1.js></script>\
             {SCRIPT}{WASM}</head><body><cuecard-panel></cuecard-panel>"
        );
        assert_eq!(
            module_tags(&page).expect("three tags"),
            [META, SCRIPT, WASM].concat()
        );
        let error = module_tags(&page.replace(WASM, "")).expect_err("one is missing");
        assert_eq!(
            error.to_string(),
            "the built page has 2 tags that name the module, expected 3"
        );
    }

    #[test]
    fn a_page_without_the_place_is_refused() {
        assert_eq!(replace_once("a <b> c", "<b>", "d").expect("once"), "a d c");
        let error = replace_once("a", PLACE, "b").expect_err("not there");
        assert_eq!(
            error.to_string(),
            "found \"<!-- module -->\" 0 times, expected it once"
        );
    }
}
