//! What survives a reload, in sessionStorage: so it is this tab's alone, and gone with it.

use cuecard_panel::Stored;
use web_sys::Storage;

use super::json;

/// The place of one panel. Where storage is forbidden (a sandboxed frame, private modes) it keeps nothing.
#[derive(Debug)]
pub struct Store {
    key: String,
    storage: Option<Storage>,
}

impl Store {
    /// The place for this broker and agent, and, where several panels of a page are one agent's, for the element's id.
    pub fn new(broker: &str, label: &str, id: &str) -> Self {
        let storage = web_sys::window().and_then(|window| window.session_storage().ok().flatten());
        Self {
            key: format!("cuecard:{broker}:{label}:{id}"),
            storage,
        }
    }

    /// What was kept last, if it can still be read.
    pub fn load(&self) -> Option<Stored> {
        let text = self.storage.as_ref()?.get_item(&self.key).ok().flatten()?;
        json::read(&text.into())
    }

    /// Keeps this instead of what was there. A full storage keeps the old.
    pub fn save(&self, stored: &Stored) {
        if let (Some(storage), Ok(text)) = (&self.storage, serde_json::to_string(stored)) {
            let _ = storage.set_item(&self.key, &text);
        }
    }
}
