//! The view of the session, `insights.js`, beside the script of the page that Trunk has built: one module with its charts and
//! its style sheet, under a name that stays. It is loaded on demand, so it is no part of the script.

use std::path::Path;

use anyhow::Result;

use crate::{process, shrink};

/// What the widget's script imports, and what it is made of in the folder `insights`.
pub const NAME: &str = "insights.js";
const ENTRY: &str = "view.js";

/// Bundles the folder `insights` into `dist`. `packages` is the `node_modules` with the libraries that it uses.
pub fn add(sources: &Path, packages: &Path, dist: &Path, esbuild: &Path) -> Result<()> {
    process::run(
        shrink::bundle(esbuild)
            .env("NODE_PATH", packages)
            .arg("--loader:.css=text")
            .arg(format!("--outfile={}", dist.join(NAME).display()))
            .arg(sources.join(ENTRY)),
    )
}
