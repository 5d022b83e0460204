//! The widget in a real browser. One test program (and one for what a strict policy forbids), because linking is what
//! takes the time.
//!
//! `wasm-pack test --headless --chrome`, or `cargo test --target wasm32-unknown-unknown -p cuecard`.

#![cfg(target_arch = "wasm32")]

mod announcer;
mod element;
mod feed;
mod sanitize;
mod shell;
mod support;

wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);
