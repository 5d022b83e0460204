//! Puts the style sheet together, without its comments and spaces, which every page would load; and lists the languages.

use std::path::Path;
use std::{env, fs};

/// One for each file of `src/ui`, the theming surface first.
const SHEETS: [&str; 14] = [
    "tokens",
    "panel",
    "status",
    "feed",
    "card",
    "suggestion",
    "prompt",
    "undo",
    "task",
    "decided",
    "find",
    "composer",
    "keys",
    "announcer",
];

fn main() {
    println!("cargo::rerun-if-changed=style");
    let sheet: String = SHEETS.iter().map(|name| small(&read(name))).collect();
    let out = env::var_os("OUT_DIR").expect("cargo sets OUT_DIR");
    let out = Path::new(&out);
    fs::write(out.join("style.css"), sheet).expect("OUT_DIR can be written");
    fs::write(out.join("languages"), languages()).expect("OUT_DIR can be written");
}

/// The languages that there are files of.
fn languages() -> String {
    println!("cargo::rerun-if-changed=lang");
    let files = fs::read_dir("lang").expect("there is a folder lang");
    let mut names: Vec<String> = files
        .filter_map(|file| {
            file.expect("lang can be listed")
                .path()
                .file_stem()?
                .to_str()
                .map(str::to_owned)
        })
        .collect();
    names.sort();
    names.join(" ")
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
    let lines: String = bare.lines().map(str::trim).collect();
    // What stands in quotation marks is as it is meant.
    let parts = lines.split('"').enumerate().map(|(number, part)| {
        if number % 2 == 0 {
            tight(part)
        } else {
            part.to_owned()
        }
    });
    parts.collect::<Vec<_>>().join("\"")
}

/// Without the spaces that only people need; those of `calc(a + b)` and of selectors stay.
fn tight(css: &str) -> String {
    let css = css.replace(": ", ":").replace(", ", ",").replace(" {", "{");
    css.replace("{ ", "{").replace("; ", ";").replace(";}", "}")
}
