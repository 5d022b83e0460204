//! Work that waits for the browser. All of it is one type, because a task for each kind would be compiled by itself, and
//! every page would have to load that.

use std::pin::Pin;

use wasm_bindgen_futures::spawn_local;

/// What is to be done.
pub type Task = Pin<Box<dyn Future<Output = ()>>>;

/// Does it, from the next microtask on.
pub fn spawn(task: Task) {
    spawn_local(task);
}
