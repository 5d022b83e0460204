//! The names by which the built module and its script know each other. wasm-bindgen's are long and end in digits that do not
//! compress. wasm-opt gives the module short ones; here the script gets the same, while it still is as wasm-bindgen wrote it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Result, bail};

use crate::page::replace_once;
use crate::process;
use crate::setup::Tools;

/// Under this the script hands its functions to the module; and what wasm-opt calls it.
const SCRIPT: (&str, &str) = ("\"./cuecard_bg.js\"", "\"a\"");

/// What the module may use: all that wasm-opt knows but imports in a form that no browser reads without being told.
const FEATURES: [&str; 2] = ["--all-features", "--disable-compact-imports"];

/// What stands in the script before the name of something that the module exports.
const MODULE: &str = "wasm.";

/// An export that every script uses.
const MEMORY: &str = "memory";

/// Long names and their short forms.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Names {
    imports: BTreeMap<String, String>,
    exports: BTreeMap<String, String>,
}

impl Names {
    /// Makes the names in a module short.
    pub fn shorten(module: &Path, tools: &Tools) -> Result<Self> {
        let said = process::quiet(
            tools
                .command("wasm-opt")
                .args(FEATURES)
                .arg("--minify-imports-and-exports-and-modules")
                .arg(module)
                .arg("-o")
                .arg(module),
        )?;
        Self::read(&said)
    }

    /// Reads what wasm-opt says: a line for each name, as `["./cuecard_bg.js", "long", "short"],` or `["long", "short"],`.
    fn read(said: &str) -> Result<Self> {
        let mut names = Self::default();
        for line in said.lines().filter(|line| line.contains('"')) {
            let words: Vec<&str> = line.split('"').skip(1).step_by(2).collect();
            match words[..] {
                [_, long, short] => names.imports.insert(long.to_owned(), short.to_owned()),
                [long, short] => names.exports.insert(long.to_owned(), short.to_owned()),
                // "imports" and "exports", the headings.
                [_] => None,
                _ => bail!("wasm-opt says {line:?}, expected a name and its short form"),
            };
        }
        Ok(names)
    }

    /// The script with the short names.
    pub fn use_in(&self, script: &str) -> Result<String> {
        let is_of_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '$';
        let mut text = String::with_capacity(script.len());
        let mut missing: BTreeSet<&str> = self.imports.keys().map(String::as_str).collect();
        missing.insert(MEMORY);
        let mut rest = script;
        while let Some(start) = rest.find(is_of_name) {
            let (between, from_word) = rest.split_at(start);
            text.push_str(between);
            let end = from_word.find(|c| !is_of_name(c));
            let (word, after) = from_word.split_at(end.unwrap_or(from_word.len()));
            let names = if text.ends_with(MODULE) {
                &self.exports
            } else {
                &self.imports
            };
            let short = names.get(word);
            if short.is_some() {
                missing.remove(word);
            }
            text.push_str(short.map_or(word, String::as_str));
            rest = after;
        }
        text.push_str(rest);
        if let Some(name) = missing.first() {
            bail!(
                "the script does not name {name}, expected all that the module takes from it, and its {MEMORY}"
            );
        }
        replace_once(&text, SCRIPT.0, SCRIPT.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = r#"{
 "imports": [
  ["./cuecard_bg.js", "__wbg_get_0123456789abcdef", "a"],
  ["./cuecard_bg.js", "__wbg_get_fedcba9876543210", "$"]
 ],
 "exports": [
  ["memory", "b"],
  ["start", "c"]
 ]
}"#;

    const GLUE: &str = r#"import0 = {
    __wbg_get_0123456789abcdef: (at) => start(wasm.memory.buffer, at),
    __wbg_get_fedcba9876543210() { wasm.start("memory"); },
};
return { "./cuecard_bg.js": import0 };"#;

    #[test]
    fn both_sides_get_the_same_names_and_nothing_else_changes() {
        let names = Names::read(SAID).expect("is what wasm-opt says");
        assert_eq!(
            names.use_in(GLUE).expect("names all"),
            r#"import0 = {
    a: (at) => start(wasm.b.buffer, at),
    $() { wasm.c("memory"); },
};
return { "a": import0 };"#
        );
    }

    #[test]
    fn a_script_that_does_not_fit_the_module_is_refused() {
        let names = Names::read(SAID).expect("is what wasm-opt says");
        for (script, word) in [
            (
                GLUE.replace("get_fedc", "put_fedc"),
                "__wbg_get_fedcba9876543210",
            ),
            // As a minifier would write it.
            (GLUE.replace("wasm.", "w."), "memory"),
            (GLUE.replace("./cuecard_bg.js", "./wbg"), "0 times"),
        ] {
            let error = names.use_in(&script).expect_err("does not fit");
            assert!(error.to_string().contains(word), "{error}");
        }
    }
}
