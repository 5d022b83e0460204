//! A field that the agent writes in, of the host or our own: a text area, an input, or anything `contenteditable`.

use std::cell::RefCell;

use js_sys::{JsString, Reflect};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Document, Event, EventInit, HtmlElement, Node, Range, Selection};

#[wasm_bindgen]
extern "C" {
    /// What text areas and inputs have in common.
    type TextControl;
    #[wasm_bindgen(method, getter, js_name = selectionStart)]
    fn selection_start(this: &TextControl) -> Option<u32>;
    #[wasm_bindgen(method, getter, js_name = selectionEnd)]
    fn selection_end(this: &TextControl) -> Option<u32>;
    #[wasm_bindgen(method, catch, js_name = setRangeText)]
    fn set_range_text(
        this: &TextControl,
        text: &str,
        start: u32,
        end: u32,
        select: &str,
    ) -> Result<(), JsValue>;

    /// A document with the one function that keeps the undo history of a field; web-sys has it for HTML documents only.
    #[wasm_bindgen(extends = Document)]
    type Editing;
    #[wasm_bindgen(method, catch, js_name = execCommand)]
    fn exec_command(this: &Editing, command: &str, ui: bool, value: &str) -> Result<bool, JsValue>;
}

/// From here on stand the scripts of East Asia, most of which put no spaces between words.
const FIRST_UNSPACED: char = '\u{2e80}';

/// A field.
#[derive(Debug)]
pub struct Field {
    element: HtmlElement,
    /// Where its text is: kept, so that a keystroke makes no new string.
    text: JsValue,
    /// The cursor of a `contenteditable` when it was left. Text areas and inputs keep their own.
    left_at: RefCell<Option<Range>>,
}

impl Field {
    /// The field that this element is.
    pub fn new(element: HtmlElement) -> Self {
        let text = if is_control(&element) {
            "value"
        } else {
            "textContent"
        };
        Self {
            element,
            text: text.into(),
            left_at: RefCell::default(),
        }
    }

    /// The element.
    pub const fn element(&self) -> &HtmlElement {
        &self.element
    }

    /// Whether nothing is written in it. Looks at the length alone: the text itself stays where it is.
    pub fn is_empty(&self) -> bool {
        Reflect::get(&self.element, &self.text)
            .ok()
            .and_then(|text| text.dyn_into::<JsString>().ok())
            .is_none_or(|text| text.length() == 0)
    }

    /// Remembers the cursor; to be called when the field is left.
    pub fn remember_cursor(&self) {
        if !is_control(&self.element)
            && let Some(selection) = selection()
            && selection.range_count() > 0
            && let Ok(range) = selection.get_range_at(0)
            && self.has(&range)
        {
            self.left_at.replace(Some(range.clone_range()));
        }
    }

    /// Writes a text where the cursor is, as the agent could, behind a space if it needs one: it can be undone, the host hears
    /// of it, the cursor is behind it, and the keyboard is there. False if the field takes nothing.
    pub fn insert(&self, text: &str) -> bool {
        if self.element.focus().is_err() || !self.has_focus() {
            return false;
        }
        self.restore_cursor();
        let gap = if self.is_behind_a_word() { " " } else { "" };
        let text = &format!("{gap}{text}");
        let document = self.element.owner_document();
        let is_done = document.is_some_and(|document| {
            document
                .unchecked_ref::<Editing>()
                .exec_command("insertText", false, text)
                .unwrap_or(false)
        });
        is_done || (is_control(&self.element) && self.insert_into_control(text).is_ok())
    }

    /// Whether the cursor stands right behind a word or the mark that ends it, in a script that puts spaces between words.
    fn is_behind_a_word(&self) -> bool {
        let before = |text: JsString, cursor: u32| {
            let last = cursor.checked_sub(1)?;
            String::from(text.char_at(last)).chars().next()
        };
        let last = if is_control(&self.element) {
            let cursor = self
                .element
                .unchecked_ref::<TextControl>()
                .selection_start();
            let text = Reflect::get(&self.element, &self.text).ok();
            text.and_then(|text| before(text.dyn_into().ok()?, cursor?))
        } else {
            let range = selection().and_then(|selection| selection.get_range_at(0).ok());
            range.and_then(|range| {
                let text = range.start_container().ok()?.node_value()?;
                before(text.into(), range.start_offset().ok()?)
            })
        };
        last.is_some_and(|last| {
            let is_mark = last.is_ascii_punctuation() && !".,:;!?)%'\"".contains(last);
            last < FIRST_UNSPACED && !last.is_whitespace() && !is_mark
        })
    }

    /// Where the browser does not edit for us; undo may not know of it.
    fn insert_into_control(&self, text: &str) -> Result<(), JsValue> {
        if ["readOnly", "disabled"].iter().any(|name| self.is(name)) {
            return Err("the field is not to be changed".into());
        }
        let control = self.element.unchecked_ref::<TextControl>();
        let start = control.selection_start().ok_or("no cursor")?;
        let end = control.selection_end().unwrap_or(start);
        control.set_range_text(text, start, end, "end")?;
        let init = EventInit::new();
        init.set_bubbles(true);
        let event = Event::new_with_event_init_dict("input", &init)?;
        self.element.dispatch_event(&event).map(drop)
    }

    fn is(&self, property: &str) -> bool {
        Reflect::get(&self.element, &property.into()).is_ok_and(|value| value.is_truthy())
    }

    fn has_focus(&self) -> bool {
        self.element.matches(":focus").unwrap_or(false)
    }

    fn has(&self, range: &Range) -> bool {
        let node: Option<Node> = range.common_ancestor_container().ok();
        self.element.contains(node.as_ref())
    }

    /// What had the focus meanwhile may have taken the cursor of a `contenteditable` along.
    fn restore_cursor(&self) {
        if let Some(range) = self.left_at.take()
            && self.has(&range)
            && let Some(selection) = selection()
            && selection.remove_all_ranges().is_ok()
        {
            // Fails only without a document.
            let _ = selection.add_range(&range);
        }
    }
}

fn is_control(element: &HtmlElement) -> bool {
    element.matches("input, textarea").unwrap_or(false)
}

fn selection() -> Option<Selection> {
    web_sys::window()?.get_selection().ok().flatten()
}
