//! Where things are: the workspace, its build output, and the cache that all clones share.
//! No file is read or written here.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The checkout this command works on.
#[derive(Debug, Clone)]
pub struct Workspace {
    root: PathBuf,
}

impl Workspace {
    /// The workspace this binary was built from.
    pub fn find() -> Result<Self> {
        // `cargo run` sets the variable, so a moved checkout is found where it is now, not where it was compiled.
        let manifest = env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = manifest.parent().with_context(|| {
            format!(
                "{} has no parent folder, expected it to be <workspace>/xtask",
                manifest.display()
            )
        })?;
        Ok(Self {
            root: root.to_owned(),
        })
    }

    /// The folder with the root `Cargo.toml`.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A path below the root.
    pub fn join(&self, relative: impl AsRef<Path>) -> PathBuf {
        self.root.join(relative)
    }

    /// The built page.
    pub fn dist(&self) -> PathBuf {
        self.join("dist")
    }

    /// Cargo's output folder.
    pub fn target(&self) -> PathBuf {
        env::var_os("CARGO_TARGET_DIR")
            .map_or_else(|| self.join("target"), |target| self.root.join(target))
    }

    /// Our own notes between runs (stamps, derived settings).
    pub fn notes(&self) -> PathBuf {
        self.target().join("xtask")
    }

    /// Configurations, databases and logs of what runs right now.
    pub fn run(&self) -> PathBuf {
        self.join(".run")
    }
}

/// `$XDG_CACHE_HOME/cuecard`, or `~/.cache/cuecard`.
pub fn cache() -> Result<PathBuf> {
    let base = match env::var_os("XDG_CACHE_HOME").filter(|value| Path::new(value).is_absolute()) {
        Some(cache) => PathBuf::from(cache),
        None => env::home_dir()
            .context("neither XDG_CACHE_HOME nor a home folder is set, and the tools need a place")?
            .join(".cache"),
    };
    Ok(base.join("cuecard"))
}
