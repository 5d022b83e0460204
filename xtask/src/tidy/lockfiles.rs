//! Lockfiles name versions and hashes, never the place a package happened to be downloaded from; and no file names a registry's host.

use serde_json::Value;

use super::{Finding, TextFile};

/// Parts of addresses that show that a machine's own registry has leaked into a file.
const HOSTS: [&str; 6] = [
    concat!("registry.", "npmjs.org"),
    concat!("registry.", "yarnpkg.com"),
    concat!("index.", "crates.io"),
    concat!("static.", "crates.io"),
    concat!("arti", "factory"),
    concat!("files.", "pythonhosted.org"),
];

/// Everything that is wrong with one file.
pub fn check(file: &TextFile) -> Vec<Finding> {
    let mut findings = Vec::new();
    if file.path.ends_with("package-lock.json") {
        match serde_json::from_str::<Value>(&file.text) {
            Ok(lockfile) => findings.extend(addresses(&file.path, &lockfile)),
            Err(error) => {
                findings.push(Finding::error(&file.path, format!("is not JSON: {error}")));
            }
        }
    }
    for (index, line) in file.text.lines().enumerate() {
        for host in HOSTS.iter().filter(|host| line.contains(*host)) {
            findings.push(Finding::error(
                format!("{}:{}", file.path, index + 1),
                format!("names a registry's host ({host}); leave it to the machine's settings"),
            ));
        }
    }
    findings
}

fn addresses(path: &str, lockfile: &Value) -> Vec<Finding> {
    let packages = lockfile["packages"].as_object().into_iter().flatten();
    packages
        .filter_map(|(name, package)| Some((name, package.get("resolved")?)))
        .map(|(name, address)| {
            Finding::error(
                path,
                format!(
                    "{name} holds the download address {address}; the .npmrc beside it must omit it"
                ),
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<String> {
        check(&TextFile {
            path: path.to_owned(),
            text: text.to_owned(),
        })
        .iter()
        .map(ToString::to_string)
        .collect()
    }

    #[test]
    fn a_lockfile_with_a_download_address_is_found() {
        let text = r#"{"packages": {"": {"name": "x"}, "node_modules/a": {"version": "1.0.0", "resolved": "https://mirror.example/a.tgz"}}}"#;
        assert_eq!(
            found("e2e/package-lock.json", text),
            [
                r#"error: e2e/package-lock.json: node_modules/a holds the download address "https://mirror.example/a.tgz"; the .npmrc beside it must omit it"#
            ]
        );
        assert_eq!(
            found(
                "e2e/package-lock.json",
                r#"{"packages": {"node_modules/a": {"version": "1.0.0"}}}"#
            ),
            [""; 0]
        );
        assert_eq!(found("e2e/package-lock.json", "{").len(), 1);
    }

    #[test]
    fn every_registry_host_is_found_and_the_index_of_cargo_is_not() {
        for host in HOSTS {
            assert_eq!(
                found("README.md", &format!("first\nhttps://{host}/a\n")).len(),
                1,
                "{host}"
            );
        }
        assert_eq!(
            found(
                "Cargo.lock",
                "source = \"registry+https://github.com/rust-lang/crates.io-index\"\n"
            ),
            [""; 0]
        );
    }
}
