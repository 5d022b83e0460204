//! The host page, as far as the panel speaks to it: events on the element. They bubble and cross shadow roots.
//!
//! | Event | `detail` | |
//! |---|---|---|
//! | `cuecard:accept` | `card_id`, `interaction_id`, `kind` | the agent took a suggestion up, or has done a task |
//! | `cuecard:dismiss` | `card_id`, `interaction_id`, `kind`, `reason` (text or null) | a dismissal is final |
//! | `cuecard:insert` | `card_id`, `interaction_id`, `snippet_id`, `text` | cancelable: who takes the text calls `preventDefault()` |
//! | `cuecard:task` | `card_id`, `task_id` (text or null), `interaction_id` | the agent wants to see the conversation of a task; cancelable: who shows it calls `preventDefault()`, or the panel opens the address of the attribute `interaction-url` |
//! | `cuecard:send` | `text` | the agent sent this from the panel's own composer |
//! | `cuecard:snooze` | `card_id`, `interaction_id`, `kind` | a task has left, and comes back |
//! | `cuecard:card` | `card_id`, `interaction_id`, `kind`, `priority` | a card has come on the list |
//! | `cuecard:status` | `status`, `reason` (text or null) | `connecting`, `connected`, `reconnecting` or `stopped` |
//! | `cuecard:error` | `code`, `message`, `card_id` (text or null) | something has stopped the panel, or does not count; in English, for logs |
//!
//! `kind` is the card's: `alert`, `suggestion`, `prompt` or `task`; `priority` is `pinned`, `critical`, `high` or `normal`.
//! A card that comes is told at once, not with the next frame: a hidden page has none, and may want to ring.

use cuecard_panel::{Decided, HandOver, News, Status, TaskLink};
use cuecard_protocol::order::Rank;
use cuecard_protocol::{ActionKind, CardId};
use wasm_bindgen::JsValue;
use web_sys::{CustomEvent, CustomEventInit, Element};

use super::object::object;

/// The element that the host page put the panel into.
#[derive(Debug)]
pub struct Host {
    element: Element,
}

impl Host {
    /// The host behind this element.
    pub const fn new(element: Element) -> Self {
        Self { element }
    }

    /// The element itself.
    pub const fn element(&self) -> &Element {
        &self.element
    }

    /// Tells what was decided.
    pub fn decided(&self, decided: &Decided) {
        let name = match decided.kind {
            ActionKind::Accepted => "cuecard:accept",
            ActionKind::Dismissed => "cuecard:dismiss",
            ActionKind::Snoozed => "cuecard:snooze",
            ActionKind::Rendered | ActionKind::Adopted => return,
        };
        let reason = text_or_null(decided.reason.as_deref());
        let (card, interaction, kind) = (
            decided.card_id.as_str().into(),
            decided.interaction_id.as_str().into(),
            decided.card_kind.into(),
        );
        let mut fields = vec![
            ("card_id", &card),
            ("interaction_id", &interaction),
            ("kind", &kind),
        ];
        if decided.kind == ActionKind::Dismissed {
            fields.push(("reason", &reason));
        }
        // A host that throws in its listener does so in its own name.
        let _ = self.dispatch(name, &fields);
    }

    /// Tells what has happened.
    pub fn news(&self, news: &News) {
        // A host that throws in its listener does so in its own name.
        let _ = match news {
            News::Card(card) => {
                let priority = match Rank::of(card) {
                    Rank::Pinned => "pinned",
                    Rank::Critical => "critical",
                    Rank::High => "high",
                    Rank::Rest => "normal",
                };
                let fields = [
                    ("card_id", &card.id.as_str().into()),
                    ("interaction_id", &card.true_interaction_id().into()),
                    ("kind", &card.kind().into()),
                    ("priority", &priority.into()),
                ];
                self.dispatch("cuecard:card", &fields)
            }
            News::Status(status) => {
                let (word, reason) = match status {
                    Status::Connecting => ("connecting", None),
                    Status::Connected => ("connected", None),
                    Status::Reconnecting { .. } => ("reconnecting", None),
                    Status::Stopped { reason } => ("stopped", Some(reason.in_english())),
                };
                let fields = [
                    ("status", &word.into()),
                    ("reason", &text_or_null(reason.as_deref())),
                ];
                self.dispatch("cuecard:status", &fields)
            }
            News::Error {
                code,
                message,
                card_id,
            } => {
                let card_id = card_id.as_ref().map(CardId::as_str);
                let fields = [
                    ("code", &(*code).into()),
                    ("message", &message.as_str().into()),
                    ("card_id", &text_or_null(card_id)),
                ];
                self.dispatch("cuecard:error", &fields)
            }
        };
    }

    /// Tells what the agent sends.
    pub fn message(&self, text: &str) {
        let _ = self.dispatch("cuecard:send", &[("text", &text.into())]);
    }

    /// Offers a task's conversation to show; opens it in a tab of its own if the host does not, and has said where.
    pub fn open_task(&self, link: &TaskLink) {
        let fields = [
            ("card_id", &link.card_id.as_str().into()),
            ("task_id", &text_or_null(link.task_id.as_deref())),
            ("interaction_id", &link.interaction_id.as_str().into()),
        ];
        let is_shown = self
            .dispatch("cuecard:task", &fields)
            .is_ok_and(|event| event.default_prevented());
        let template = self.element.get_attribute("interaction-url");
        if let Some(url) = template.and_then(|template| address(&template, &link.interaction_id))
            && !is_shown
            && let Some(window) = web_sys::window()
        {
            // Fails only where the page may open no other.
            let _ = window.open_with_url_and_target_and_features(&url, "_blank", "noopener");
        }
    }

    /// Offers a snippet; true if the host took it.
    pub fn takes(&self, offer: &HandOver) -> bool {
        let fields = [
            ("card_id", &offer.card_id.as_str().into()),
            ("interaction_id", &offer.interaction_id.as_str().into()),
            ("snippet_id", &offer.snippet_id.as_str().into()),
            ("text", &offer.text.as_str().into()),
        ];
        self.dispatch("cuecard:insert", &fields)
            .is_ok_and(|event| event.default_prevented())
    }

    fn dispatch(&self, name: &str, fields: &[(&str, &JsValue)]) -> Result<CustomEvent, JsValue> {
        let init = CustomEventInit::new();
        init.set_bubbles(true);
        init.set_composed(true);
        init.set_cancelable(matches!(name, "cuecard:insert" | "cuecard:task"));
        init.set_detail(&object(fields)?.into());
        let event = CustomEvent::new_with_event_init_dict(name, &init)?;
        self.element.dispatch_event(&event)?;
        Ok(event)
    }
}

fn text_or_null(text: Option<&str>) -> JsValue {
    text.map_or(JsValue::NULL, JsValue::from_str)
}

/// The address of a conversation: `{id}` stands for its id, whatever that consists of. None if it is not a safe one.
fn address(template: &str, id: &str) -> Option<String> {
    // These two are no names in a path, however they are written.
    let is_name = id != "." && id != "..";
    let encoded = String::from(js_sys::encode_uri_component(id));
    (template.starts_with("https://") && is_name).then(|| template.replace("{id}", &encoded))
}
