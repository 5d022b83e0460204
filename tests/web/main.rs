//! The widget in a real browser. One test program (and one for what a strict policy forbids), because linking is what
//! takes the time.
//!
//! `wasm-pack test --headless --chrome`, or `cargo test --target wasm32-unknown-unknown -p cuecard`.

#![cfg(target_arch = "wasm32")]

mod announcer;
mod api;
mod composer;
mod decisions;
mod element;
mod feed;
mod filter;
mod host;
mod json;
mod keys;
mod kinds;
mod languages;
mod notices;
mod reading;
mod sanitize;
mod shell;
mod support;
mod tabs;
mod tasks;
mod variables;

wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);
