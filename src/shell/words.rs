//! The words of one panel in the language of its agent. English stands in the source; a language is a file of `lang/`,
//! loaded only where it is used. Numbers, units, days and dates are written by the browser's `Intl`, which knows how for
//! every language: no library for that, and no data, is a part of the page.
//!
//! Start at [`Words`]. `words.js` chooses the language and asks `Intl`.

use cuecard_panel::{Text, text};
use cuecard_protocol::Millis;
use js_sys::Promise;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_futures::JsFuture;
use web_sys::Element;

/// The languages of `lang/`, with spaces between them; `build.rs` lists them.
const LANGUAGES: &str = include_str!(concat!(env!("OUT_DIR"), "/languages"));

#[wasm_bindgen(module = "/src/shell/words.js")]
extern "C" {
    /// The language of one panel, for modules in JavaScript.
    #[derive(Debug, Clone)]
    pub type Language;
    #[wasm_bindgen(constructor)]
    fn new(element: &Element, known: &str) -> Language;
    #[wasm_bindgen(method, getter, js_name = isEnglish)]
    fn is_english(this: &Language) -> bool;
    #[wasm_bindgen(method, getter, js_name = isRightToLeft)]
    fn is_right_to_left(this: &Language) -> bool;
    #[wasm_bindgen(method, getter)]
    fn tag(this: &Language) -> String;
    #[wasm_bindgen(method)]
    fn load(this: &Language) -> Promise;
    #[wasm_bindgen(method)]
    fn say(this: &Language, words: &str) -> String;
    #[wasm_bindgen(method)]
    fn form(this: &Language, words: &str, count: f64) -> String;
    #[wasm_bindgen(method)]
    fn number(this: &Language, value: f64) -> String;
    #[wasm_bindgen(method)]
    fn percent(this: &Language, share: f64) -> String;
    #[wasm_bindgen(method)]
    fn unit(this: &Language, value: f64, unit: &str) -> String;
    #[wasm_bindgen(method)]
    fn day(this: &Language, ahead: f64) -> String;
    #[wasm_bindgen(method)]
    fn hour(this: &Language, at: f64) -> String;
    #[wasm_bindgen(method)]
    fn date(this: &Language, at: f64) -> String;

    #[wasm_bindgen(js_name = spoken)]
    fn spoken_of(tag: &str, known: &str) -> JsValue;
}

/// The language whose texts are for this tag: `de` for `de-AT`; undefined if there is none.
pub fn spoken(tag: &str) -> JsValue {
    spoken_of(tag, LANGUAGES)
}

/// What stands around a part that may run the other way than the text: it has a direction of its own (Unicode, UAX 9).
const ISOLATED: [&str; 2] = ["\u{2068}", "\u{2069}"];

/// The language of one panel.
#[derive(Debug, Clone)]
pub struct Words {
    language: Language,
    /// Nothing has to be looked up.
    is_english: bool,
    is_right_to_left: bool,
}

impl Words {
    /// Those of the panel in this element, if nothing has to be loaded for them.
    pub fn at_once(element: &Element) -> Option<Self> {
        let words = Self::of(Language::new(element, LANGUAGES));
        words.is_english.then_some(words)
    }

    /// Those of the panel in this element; in English if the language cannot be loaded.
    pub async fn load(element: &Element) -> Self {
        let language = Language::new(element, LANGUAGES);
        // It never rejects.
        let _ = JsFuture::from(language.load()).await;
        Self::of(language)
    }

    fn of(language: Language) -> Self {
        Self {
            is_english: language.is_english(),
            is_right_to_left: language.is_right_to_left(),
            language,
        }
    }

    /// For modules in JavaScript.
    pub const fn language(&self) -> &Language {
        &self.language
    }

    /// The language of the texts, as the attribute `lang` has it.
    pub fn tag(&self) -> String {
        self.language.tag()
    }

    /// Where its lines begin, as the attribute `dir` has it.
    pub fn direction(&self) -> &'static str {
        if self.is_right_to_left { "rtl" } else { "ltr" }
    }

    /// These words in the language.
    pub fn say(&self, words: &'static str) -> String {
        if self.is_english {
            words.to_owned()
        } else {
            self.language.say(words)
        }
    }

    /// These words, with parts in the places `{0}`, `{1}`.
    pub fn fill(&self, words: &'static str, parts: &[&str]) -> String {
        self.put(&self.say(words), parts)
    }

    /// Words that depend on a number, which has the first place: `"{0} card|{0} cards"`.
    pub fn count(&self, words: &'static str, count: usize) -> String {
        self.counted(words, count, &[])
    }

    /// What the core says.
    pub fn tell(&self, text: &Text) -> String {
        match text {
            Text::Literal(words) => words.clone(),
            Text::Words {
                words,
                count,
                parts,
            } => {
                let said: Vec<String> = parts.iter().map(|part| self.tell(part)).collect();
                let said: Vec<&str> = said.iter().map(String::as_str).collect();
                match count {
                    Some(count) => self.counted(words, *count, &said),
                    None => self.fill(words, &said),
                }
            }
        }
    }

    fn counted(&self, words: &'static str, count: usize, parts: &[&str]) -> String {
        let number = self.quantity(count);
        let parts: Vec<&str> = [number.as_str()]
            .into_iter()
            .chain(parts.iter().copied())
            .collect();
        let form = self.language.form(words, exact(count));
        self.put(&form, &parts)
    }

    /// In a text that runs one way throughout, nothing needs to be set apart.
    fn put(&self, words: &str, parts: &[&str]) -> String {
        let is_mixed = self.is_right_to_left || parts.iter().any(|part| part.contains(runs_left));
        text::fill(words, parts, if is_mixed { ISOLATED } else { [""; 2] })
    }

    /// How many.
    pub fn quantity(&self, count: usize) -> String {
        self.number(exact(count))
    }

    /// A number.
    pub fn number(&self, value: f64) -> String {
        self.language.number(value)
    }

    /// A share of 0 to 1.
    pub fn percent(&self, share: f64) -> String {
        self.language.percent(share)
    }

    /// A number of minutes or whatever unit `Intl` knows, such as "5 min".
    pub fn unit(&self, value: u64, unit: &str) -> String {
        #[expect(clippy::cast_precision_loss, reason = "exact for the spans of a panel")]
        let value = value as f64;
        self.language.unit(value, unit)
    }

    /// "tomorrow", "in 3 days".
    pub fn day(&self, ahead: i32) -> String {
        self.language.day(ahead.into())
    }

    /// The time of day.
    pub fn hour(&self, at: Millis) -> String {
        self.language.hour(time(at))
    }

    /// Date and time of day.
    pub fn date(&self, at: Millis) -> String {
        self.language.date(time(at))
    }
}

/// Whether a letter is written from right to left: it is of one of the blocks that Unicode keeps for those.
const fn runs_left(letter: char) -> bool {
    matches!(letter, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefe}' | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
}

#[expect(clippy::cast_precision_loss, reason = "there are never so many")]
const fn exact(count: usize) -> f64 {
    count as f64
}

#[expect(clippy::cast_precision_loss, reason = "exact until the year 287396")]
const fn time(at: Millis) -> f64 {
    at.0 as f64
}
