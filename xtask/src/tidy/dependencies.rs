//! Dependencies point one way, and the pure crates stay pure: read from `cargo metadata`, all levels deep, without dev-dependencies.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use serde::Deserialize;

use super::Finding;

/// Crates that decide but never act, and what would let them act: a browser, a runtime, a clock, a source of chance.
const PURE: [&str; 2] = ["cuecard-panel", "cuecard-protocol"];
const IMPURE: [&str; 14] = [
    "leptos",
    "web-sys",
    "js-sys",
    "wasm-bindgen",
    "gloo-net",
    "gloo-timers",
    "tokio",
    "async-std",
    "chrono",
    "time",
    "instant",
    "web-time",
    "rand",
    "getrandom",
];

/// Our crates, and those of ours that each may depend on.
const ALLOWED: [(&str, &[&str]); 7] = [
    ("cuecard-protocol", &[]),
    ("cuecard-panel", &["cuecard-protocol"]),
    ("cuecard", &["cuecard-panel", "cuecard-protocol"]),
    ("cuecard-cxone", &[]),
    ("cuecard-server", &["cuecard-cxone", "cuecard-protocol"]),
    ("cuecard-simulator", &["cuecard-cxone", "cuecard-protocol"]),
    ("xtask", &[]),
];

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    workspace_members: Vec<String>,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    deps: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    pkg: String,
    dep_kinds: Vec<Kind>,
}

#[derive(Deserialize)]
struct Kind {
    /// `None` is an ordinary dependency; else `dev` or `build`.
    kind: Option<String>,
}

/// Everything that is wrong in the output of `cargo metadata`.
pub fn check(metadata: &str) -> Result<Vec<Finding>> {
    let metadata: Metadata =
        serde_json::from_str(metadata).context("cargo metadata printed something unexpected")?;
    let names: BTreeMap<&str, &str> = metadata
        .packages
        .iter()
        .map(|package| (package.id.as_str(), package.name.as_str()))
        .collect();
    let name_of = |id: &str| names.get(id).copied().unwrap_or_default().to_owned();
    let edges: BTreeMap<&str, Vec<&str>> = metadata
        .resolve
        .nodes
        .iter()
        .map(|node| (node.id.as_str(), ordinary(node)))
        .collect();
    let members: BTreeSet<String> = metadata
        .workspace_members
        .iter()
        .map(|id| name_of(id))
        .collect();

    let mut findings = Vec::new();
    for id in &metadata.workspace_members {
        let name = name_of(id);
        let Some((_, allowed)) = ALLOWED.iter().find(|(member, _)| *member == name) else {
            findings.push(Finding::error(&name, "is not on the list of crates in xtask/src/tidy/dependencies.rs, expected its place in the order"));
            continue;
        };
        for direct in edges
            .get(id.as_str())
            .into_iter()
            .flatten()
            .map(|id| name_of(id))
        {
            if members.contains(&direct) && !allowed.contains(&direct.as_str()) {
                findings.push(Finding::error(
                    &name,
                    format!("depends on {direct}, expected at most {allowed:?}"),
                ));
            }
        }
        if PURE.contains(&name.as_str()) {
            let reached = reachable(id, &edges);
            let impure = reached
                .iter()
                .map(|id| name_of(id))
                .filter(|reached| IMPURE.contains(&reached.as_str()));
            findings.extend(impure.map(|impure| {
                Finding::error(
                    &name,
                    format!(
                        "reaches {impure}, expected neither browser, runtime, clock nor chance"
                    ),
                )
            }));
        }
    }
    Ok(findings)
}

fn ordinary(node: &Node) -> Vec<&str> {
    let is_ordinary =
        |dependency: &&Dependency| dependency.dep_kinds.iter().any(|kind| kind.kind.is_none());
    node.deps
        .iter()
        .filter(is_ordinary)
        .map(|dependency| dependency.pkg.as_str())
        .collect()
}

fn reachable<'a>(start: &'a str, edges: &BTreeMap<&'a str, Vec<&'a str>>) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut open = vec![start];
    while let Some(id) = open.pop() {
        for next in edges.get(id).into_iter().flatten() {
            if reached.insert(*next) {
                open.push(next);
            }
        }
    }
    reached
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Metadata of `members` with edges `(from, to, kind)`.
    fn metadata(members: &[&str], edges: &[(&str, &str, Option<&str>)]) -> String {
        let all: BTreeSet<&str> = members
            .iter()
            .copied()
            .chain(edges.iter().flat_map(|(from, to, _)| [*from, *to]))
            .collect();
        let deps = |name: &str| -> Vec<_> {
            let of_name = edges.iter().filter(|(from, ..)| *from == name);
            of_name.map(|(_, to, kind)| json!({"pkg": format!("id+{to}"), "dep_kinds": [{"kind": kind, "target": null}]})).collect()
        };
        json!({
            "packages": all.iter().map(|name| json!({"id": format!("id+{name}"), "name": name})).collect::<Vec<_>>(),
            "workspace_members": members.iter().map(|name| format!("id+{name}")).collect::<Vec<_>>(),
            "resolve": {"nodes": all.iter().map(|name| json!({"id": format!("id+{name}"), "deps": deps(name)})).collect::<Vec<_>>()},
        })
        .to_string()
    }

    fn found(members: &[&str], edges: &[(&str, &str, Option<&str>)]) -> Vec<String> {
        check(&metadata(members, edges))
            .expect("is metadata")
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn the_promised_order_has_no_findings() {
        let edges = [
            ("cuecard", "cuecard-panel", None),
            ("cuecard-panel", "cuecard-protocol", None),
            ("cuecard-server", "cuecard-cxone", None),
            ("cuecard-server", "cuecard-simulator", Some("dev")),
            ("cuecard-server", "tokio", None),
            ("cuecard-panel", "rand", Some("dev")),
        ];
        assert_eq!(
            found(
                &[
                    "cuecard",
                    "cuecard-panel",
                    "cuecard-protocol",
                    "cuecard-server",
                    "cuecard-cxone",
                    "cuecard-simulator"
                ],
                &edges
            ),
            [""; 0]
        );
    }

    #[test]
    fn a_dependency_against_the_order_is_found() {
        assert_eq!(
            found(
                &["cuecard-server", "cuecard-simulator"],
                &[("cuecard-server", "cuecard-simulator", None)]
            ),
            [
                r#"error: cuecard-server: depends on cuecard-simulator, expected at most ["cuecard-cxone", "cuecard-protocol"]"#
            ]
        );
        assert_eq!(
            found(&["cuecard", "xtask"], &[("xtask", "cuecard", None)]).len(),
            1
        );
    }

    #[test]
    fn an_impure_crate_is_found_however_deep() {
        for impure in IMPURE {
            assert_eq!(
                found(
                    &["cuecard-panel"],
                    &[("cuecard-panel", "middle", None), ("middle", impure, None)]
                ),
                [format!(
                    "error: cuecard-panel: reaches {impure}, expected neither browser, runtime, clock nor chance"
                )]
            );
        }
    }

    #[test]
    fn a_crate_without_a_place_in_the_order_is_found() {
        assert_eq!(found(&["cuecard-extra"], &[]).len(), 1);
    }

    #[test]
    fn something_else_than_metadata_is_an_error() {
        assert!(check("{}").is_err());
    }
}
