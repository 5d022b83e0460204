//! The pinned versions of the tools. `cargo xtask tidy` compares them with the manifests that must agree.

/// A program that cargo installs.
#[derive(Debug)]
pub struct CargoTool {
    /// The package in the registry.
    pub package: &'static str,
    /// The exact version.
    pub version: &'static str,
    /// The program that is asked for its version, and those that must be next to it.
    pub programs: &'static [&'static str],
}

/// Must be exactly the version of the `wasm-bindgen` crate: the two share a private format.
pub const WASM_BINDGEN: CargoTool = CargoTool {
    package: "wasm-bindgen-cli",
    version: "0.2.129",
    programs: &["wasm-bindgen", "wasm-bindgen-test-runner"],
};

/// 0.22 needs a newer Rust than this workspace.
pub const TRUNK: CargoTool = CargoTool {
    package: "trunk",
    version: "0.21.14",
    programs: &["trunk"],
};

/// Runs the widget's tests in a browser.
pub const WASM_PACK: CargoTool = CargoTool {
    package: "wasm-pack",
    version: "0.15.1",
    programs: &["wasm-pack"],
};

/// wasm-opt comes with this npm package. Version 108, which Debian ships, breaks our output at run time.
pub const BINARYEN: &str = "132.0.0";
/// npm package of esbuild, as `e2e/package-lock.json` pins it.
pub const ESBUILD: &str = "0.28.2";

/// The oldest Node.js that runs the end-to-end tests: Vite wants it.
pub const NODE: (u32, u32) = (20, 19);

/// The oldest Python that runs the schema tester, as (major, minor).
pub const PYTHON: (u32, u32) = (3, 10);
