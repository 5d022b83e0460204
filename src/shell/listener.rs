//! An event listener that lives as long as its owner.

use wasm_bindgen::convert::FromWasmAbi;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::EventTarget;

/// Listens until it is dropped.
#[must_use = "the listener is removed when this is dropped"]
#[derive(Debug)]
pub struct Listener<E: FromWasmAbi + 'static> {
    target: EventTarget,
    name: &'static str,
    callback: Closure<dyn FnMut(E)>,
}

impl<E: FromWasmAbi + JsCast + 'static> Listener<E> {
    /// Calls `callback` for each event of this name.
    pub fn add(
        target: &EventTarget,
        name: &'static str,
        callback: impl FnMut(E) + 'static,
    ) -> Result<Self, JsValue> {
        let callback = Closure::<dyn FnMut(E)>::new(callback);
        target.add_event_listener_with_callback(name, callback.as_ref().unchecked_ref())?;
        Ok(Self {
            target: target.clone(),
            name,
            callback,
        })
    }
}

impl<E: FromWasmAbi + 'static> Drop for Listener<E> {
    fn drop(&mut self) {
        // Fails only for a callback that is no function.
        let _ = self
            .target
            .remove_event_listener_with_callback(self.name, self.callback.as_ref().unchecked_ref());
    }
}
