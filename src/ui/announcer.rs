//! The live regions. They are mounted empty, before there is anything to say: a region that comes with its text stays silent.

use cuecard_panel::Politeness;
use wasm_bindgen::JsValue;
use web_sys::Element;

/// Makes a text differ from the same text before, so that it is said again.
const REPEATED: char = '\u{a0}';

/// The live regions of a panel.
pub struct Announcer {
    polite: Element,
    assertive: Element,
}

impl Announcer {
    /// Those of this panel.
    pub fn of(panel: &Element) -> Result<Self, JsValue> {
        let region = |selector| {
            let region = panel.query_selector(selector)?;
            region.ok_or_else(|| JsValue::from("no live region"))
        };
        Ok(Self {
            polite: region(".panel > [aria-live=polite]")?,
            assertive: region(".panel > [aria-live=assertive]")?,
        })
    }

    /// Says this.
    pub fn say(&self, politeness: Politeness, mut text: String) {
        let region = match politeness {
            Politeness::Polite => &self.polite,
            Politeness::Assertive => &self.assertive,
        };
        if region.text_content().as_ref() == Some(&text) {
            text.push(REPEATED);
        }
        region.set_text_content(Some(&text));
    }
}
