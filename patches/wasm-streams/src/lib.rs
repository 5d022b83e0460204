//! Takes the place of the crate `wasm-streams`, which Leptos brings along for server functions. We have none, but the
//! classes of that crate are exported to JavaScript, so they and all that they call would be in every page.
//!
//! What stands here compiles where `server_fn` names it, and is never run.

use futures_util::stream::{self, Empty, Stream};
use wasm_bindgen::JsValue;

/// A stream that is never made.
#[derive(Debug)]
pub struct ReadableStream(web_sys::ReadableStream);

impl ReadableStream {
    /// Wraps.
    pub fn from_raw(raw: web_sys::ReadableStream) -> Self {
        Self(raw)
    }

    /// Would read the stream.
    pub fn from_stream<St>(_: St) -> Self
    where
        St: Stream<Item = Result<JsValue, JsValue>> + 'static,
    {
        unreachable!("there are no server functions")
    }

    /// Unwraps.
    pub fn into_raw(self) -> web_sys::ReadableStream {
        self.0
    }

    /// Reads nothing.
    pub fn into_stream(self) -> Empty<Result<JsValue, JsValue>> {
        stream::empty()
    }
}
