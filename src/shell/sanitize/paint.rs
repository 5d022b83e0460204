//! Styles that travel as data are set property by property through the CSSOM, which a strict content security policy
//! permits. Their authors thought of a white page; here they must be readable in the light and in the dark.

use std::fmt::Write;

use cuecard_protocol::html::STYLE_ATTRIBUTE;
use cuecard_protocol::style::{Declaration, declarations};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, HtmlElement};

use super::{Colour, elements};

/// Sets the allowed declarations of every element below `root`, and removes the attributes that carried them.
pub fn paint(root: &Element) -> Result<(), JsValue> {
    // Document order, so the last one that contains an element is the nearest.
    let mut backgrounds: Vec<(Element, Backdrop)> = Vec::new();
    for element in elements(root, "[data-style]") {
        let style = element.get_attribute(STYLE_ATTRIBUTE).unwrap_or_default();
        element.remove_attribute(STYLE_ATTRIBUTE)?;
        let behind = backgrounds
            .iter()
            .rev()
            .find(|(ancestor, _)| ancestor.contains(Some(&element)));
        let (text, own) = readable(
            &style,
            behind.map_or(Backdrop::Themed, |(_, backdrop)| *backdrop),
        );
        if !text.is_empty()
            && let Some(element) = element.dyn_ref::<HtmlElement>()
        {
            element.style().set_css_text(&text);
        }
        if let Some(own) = own {
            backgrounds.push((element, own));
        }
    }
    Ok(())
}

/// What a text stands on.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Backdrop {
    /// Light in the light theme, dark in the dark.
    Themed,
    /// The same in both.
    Fixed(Colour),
}

impl Backdrop {
    fn shows(self, text: Colour) -> bool {
        match self {
            Self::Themed => {
                text.is_readable_on(Colour::LIGHT_CARD) && text.is_readable_on(Colour::DARK_CARD)
            }
            Self::Fixed(colour) => text.is_readable_on(colour),
        }
    }
}

/// The declarations to set on an element that stands on `behind`, and the backdrop that it makes itself.
///
/// A pale background without a text colour is a tint: as it is in the light theme, a hint of it in the dark. Any other
/// background without a text colour gets one. A text colour stays only where it can be read, and a colour that cannot
/// be judged is left out.
fn readable(style: &str, behind: Backdrop) -> (String, Option<Backdrop>) {
    let last = |names: &[&str]| {
        declarations(style)
            .filter(|d| names.contains(&d.property))
            .last()
            .and_then(|d| Colour::parse(d.value))
    };
    let background = last(&["background", "background-color"]);
    let wanted = last(&["color"]);
    let own = background.map(|colour| {
        let fixed = Backdrop::Fixed(colour);
        if colour.is_pale() && !wanted.is_some_and(|text| fixed.shows(text)) {
            Backdrop::Themed
        } else {
            fixed
        }
    });
    let text_colour = wanted.filter(|text| own.unwrap_or(behind).shows(*text));
    let mut text = String::new();
    for Declaration { property, value } in declarations(style) {
        // Writing to a String cannot fail.
        let _ = match property {
            "background" | "background-color" if Colour::parse(value).is_none() => continue,
            "background" | "background-color" if own == Some(Backdrop::Themed) => write!(
                text,
                "background-color:light-dark({value},color-mix(in srgb,{value} 12%,var(--_card)));"
            ),
            "color" if text_colour.is_none() => continue,
            _ => write!(text, "{property}:{value};"),
        };
    }
    match (own, text_colour) {
        (Some(Backdrop::Fixed(colour)), None) => {
            let _ = write!(text, "color:{};", colour.ink());
        }
        // What is around it may have set a colour for another backdrop.
        (Some(Backdrop::Themed), None) => text.push_str("color:var(--_text);"),
        _ => {}
    }
    (text, own)
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    fn check(style: &str, behind: Option<&str>, expected: &str) {
        let behind = behind.map_or(Backdrop::Themed, |colour| {
            Backdrop::Fixed(Colour::parse(colour).unwrap())
        });
        assert_eq!(readable(style, behind).0, expected, "{style:?}");
    }

    #[test]
    fn a_pale_background_is_a_tint() {
        check(
            "background:#fff3cd",
            None,
            "background-color:light-dark(#fff3cd,color-mix(in srgb,#fff3cd 12%,var(--_card)));color:var(--_text);",
        );
    }

    #[test]
    fn any_other_background_gets_a_text_colour() {
        check(
            "background-color:navy",
            None,
            "background-color:navy;color:#fff;",
        );
        check(
            "background:#ffc107",
            None,
            "background:#ffc107;color:#16181d;",
        );
    }

    #[test]
    fn the_authors_pair_stays_if_it_can_be_read() {
        check(
            "background:#fff3cd;color:#664d03",
            None,
            "background:#fff3cd;color:#664d03;",
        );
        check(
            "background:navy;color:#001",
            None,
            "background:navy;color:#fff;",
        );
    }

    #[test]
    fn a_text_colour_must_be_readable_on_what_is_behind_it() {
        check("color:#721c24", None, "");
        check("color:#d9534f", None, "color:#d9534f;");
        check("color:#721c24", Some("#f8d7da"), "color:#721c24;");
        check("color:#fff", Some("#f8d7da"), "");
    }

    #[test]
    fn what_cannot_be_judged_is_left_out() {
        check("background:transparent;padding:4px", None, "padding:4px;");
        check("background:rgba(0,0,0,.5)", None, "");
        check("color:currentcolor", None, "");
    }
}
