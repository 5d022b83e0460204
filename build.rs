//! Puts the style sheet together, without its comments and indentation, which every page would load.

use std::path::Path;
use std::{env, fs};

/// One for each file of `src/ui`, the theming surface first.
const SHEETS: [&str; 7] = [
    "tokens",
    "panel",
    "status",
    "feed",
    "card",
    "undo",
    "announcer",
];

fn main() {
    println!("cargo::rerun-if-changed=style");
    let sheet: String = SHEETS.iter().map(|name| small(&read(name))).collect();
    let out = env::var_os("OUT_DIR").expect("cargo sets OUT_DIR");
    fs::write(Path::new(&out).join("style.css"), sheet).expect("OUT_DIR can be written");
}

fn read(name: &str) -> String {
    let path = format!("style/{name}.css");
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("cannot read {path}: {error}"))
}

fn small(css: &str) -> String {
    let mut parts = css.split("/*");
    let first = parts.next().unwrap_or_default().to_owned();
    let bare = parts.fold(first, |text, part| {
        text + part.split_once("*/").map_or("", |(_, rest)| rest)
    });
    bare.lines().map(str::trim).collect()
}
