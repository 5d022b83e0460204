//! Versions that are written in two places and must agree: the wasm-bindgen crate with its command line, and Trunk's idea of its tools
//! with ours.

use serde_json::Value as Json;
use toml::{Table, Value};

use super::{Finding, TextFile};
use crate::setup::versions;

/// Compares every pair among `files`.
pub fn check(files: &[TextFile]) -> Vec<Finding> {
    let read = |path: &str| {
        files
            .iter()
            .find(|file| file.path == path)
            .map(|file| file.text.as_str())
    };
    let wanted = versions::WASM_BINDGEN.version;
    let manifest = toml_value(
        read("Cargo.toml"),
        &["workspace", "dependencies", "wasm-bindgen"],
    );
    let trunk = |tool| toml_value(read("Trunk.toml"), &["tools", tool]);
    let binaryen = versions::BINARYEN.split('.').next().unwrap_or_default();
    [
        agree(
            "Cargo.toml",
            "workspace.dependencies.wasm-bindgen",
            manifest,
            &format!("={wanted}"),
        ),
        agree(
            "Cargo.lock",
            "the package wasm-bindgen",
            locked(read("Cargo.lock"), "wasm-bindgen"),
            wanted,
        ),
        agree(
            "Trunk.toml",
            "tools.wasm_bindgen",
            trunk("wasm_bindgen"),
            wanted,
        ),
        agree(
            "Trunk.toml",
            "tools.wasm_opt",
            trunk("wasm_opt"),
            &format!("version_{binaryen}"),
        ),
        agree(
            "e2e/package-lock.json",
            "node_modules/binaryen",
            package(read("e2e/package-lock.json"), "binaryen"),
            versions::BINARYEN,
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn agree(path: &str, what: &str, found: Option<String>, expected: &str) -> Option<Finding> {
    let found = found.unwrap_or_else(|| "absent".to_owned());
    (found != expected).then(|| {
        Finding::error(
            path,
            format!("{what} is {found}, expected {expected} as in xtask/src/setup/versions.rs"),
        )
    })
}

fn toml_value(text: Option<&str>, path: &[&str]) -> Option<String> {
    let mut value = Value::Table(text?.parse::<Table>().ok()?);
    for key in path {
        value = value.get(key)?.clone();
    }
    // `name = "1"` or `name = { version = "1", … }`
    value
        .get("version")
        .unwrap_or(&value)
        .as_str()
        .map(ToOwned::to_owned)
}

fn locked(text: Option<&str>, name: &str) -> Option<String> {
    let lockfile = text?.parse::<Table>().ok()?;
    let packages = lockfile.get("package")?.as_array()?;
    let package = packages
        .iter()
        .find(|package| package.get("name").and_then(Value::as_str) == Some(name))?;
    Some(package.get("version")?.as_str()?.to_owned())
}

fn package(text: Option<&str>, name: &str) -> Option<String> {
    let lockfile: Json = serde_json::from_str(text?).ok()?;
    Some(
        lockfile["packages"][format!("node_modules/{name}")]["version"]
            .as_str()?
            .to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files() -> Vec<TextFile> {
        let bindgen = versions::WASM_BINDGEN.version;
        let binaryen = versions::BINARYEN;
        let major = binaryen.split('.').next().expect("has a first part");
        let file = |path: &str, text: String| TextFile {
            path: path.to_owned(),
            text,
        };
        vec![
            file(
                "Cargo.toml",
                format!(
                    "[workspace.dependencies]\nwasm-bindgen = {{ version = \"={bindgen}\" }}\n"
                ),
            ),
            file(
                "Cargo.lock",
                format!("[[package]]\nname = \"wasm-bindgen\"\nversion = \"{bindgen}\"\n"),
            ),
            file(
                "Trunk.toml",
                format!("[tools]\nwasm_bindgen = \"{bindgen}\"\nwasm_opt = \"version_{major}\"\n"),
            ),
            file(
                "e2e/package-lock.json",
                format!(
                    "{{\"packages\": {{\"node_modules/binaryen\": {{\"version\": \"{binaryen}\"}}}}}}"
                ),
            ),
        ]
    }

    #[test]
    fn versions_that_agree_have_no_findings() {
        assert_eq!(check(&files()), []);
    }

    #[test]
    fn each_version_that_differs_is_found() {
        for (index, findings) in [(0, 1), (1, 1), (2, 2), (3, 1)] {
            let mut files = files();
            let file = &mut files[index];
            file.text = file.text.replace("0.2.", "0.3.").replace("132", "108");
            let found = check(&files);
            assert_eq!(found.len(), findings, "{found:?}");
            assert!(
                found
                    .iter()
                    .all(|finding| finding.place == files[index].path && finding.fatal),
                "{found:?}"
            );
        }
    }

    #[test]
    fn a_missing_pin_is_found() {
        let mut files = files();
        files[0].text.clear();
        let found: Vec<_> = check(&files).iter().map(ToString::to_string).collect();
        let wanted = versions::WASM_BINDGEN.version;
        assert_eq!(
            found,
            [format!(
                "error: Cargo.toml: workspace.dependencies.wasm-bindgen is absent, expected ={wanted} as in xtask/src/setup/versions.rs"
            )]
        );
    }
}
