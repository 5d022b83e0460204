//! Which inline style declarations a card body may carry, and in which form they travel.
//!
//! The grammar is an allow-list: known properties, and values made of plain words, numbers, units and colours. So
//! no `url(`, `var(`, `expression(`, comment or escape can pass, whatever a CSS parser would make of it.

/// Properties that may be set. `width` takes percentages only; `background` plain colours only.
pub const PROPERTIES: &[&str] = &[
    "padding",
    "padding-top",
    "padding-right",
    "padding-bottom",
    "padding-left",
    "margin",
    "margin-top",
    "margin-right",
    "margin-bottom",
    "margin-left",
    "border",
    "border-top",
    "border-right",
    "border-bottom",
    "border-left",
    "border-color",
    "border-style",
    "border-width",
    "border-radius",
    "background",
    "background-color",
    "color",
    "font",
    "font-family",
    "font-size",
    "font-style",
    "font-weight",
    "text-align",
    "width",
];

/// Longest `style` that is looked at, in bytes; the rest of a longer one is dropped.
pub const MAX_STYLE_BYTES: usize = 2048;

/// One allowed declaration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Declaration<'a> {
    /// A name out of [`PROPERTIES`].
    pub property: &'static str,
    /// A value within the grammar, trimmed.
    pub value: &'a str,
}

/// The allowed declarations of a `style` value, in order; all others are left out.
pub fn declarations(style: &str) -> impl Iterator<Item = Declaration<'_>> {
    let end = (0..=MAX_STYLE_BYTES.min(style.len()))
        .rev()
        .find(|&at| style.is_char_boundary(at))
        .unwrap_or(0);
    style[..end].split(';').filter_map(declaration)
}

/// The allowed declarations as one text, `name:value` joined by `;`, or none if nothing is allowed.
pub fn canonical(style: &str) -> Option<String> {
    let mut text = String::new();
    for Declaration { property, value } in declarations(style) {
        if !text.is_empty() {
            text.push(';');
        }
        text.push_str(property);
        text.push(':');
        text.push_str(value);
    }
    (!text.is_empty()).then_some(text)
}

fn declaration(text: &str) -> Option<Declaration<'_>> {
    let (name, value) = text.split_once(':')?;
    let (name, value) = (name.trim(), value.trim());
    let property = PROPERTIES
        .iter()
        .find(|known| known.eq_ignore_ascii_case(name))?;
    is_allowed_value(property, value).then_some(Declaration { property, value })
}

fn is_allowed_value(property: &str, value: &str) -> bool {
    if value.is_empty()
        || !value
            .bytes()
            .all(|c| c.is_ascii_alphanumeric() || b" #%.,()-'\"".contains(&c))
    {
        return false;
    }
    // Every parenthesis belongs to a colour function.
    let functions_are_colours = value.split('(').rev().skip(1).all(|before| {
        let name = before.rsplit([' ', ',', '(', ')']).next().unwrap_or("");
        ["rgb", "rgba", "hsl", "hsla"]
            .iter()
            .any(|colour| colour.eq_ignore_ascii_case(name))
    });
    let is_balanced = value.matches('(').count() == value.matches(')').count();
    // A quote is only of use in a font's name.
    let quotes_are_fine = !value.contains(['\'', '"'])
        || (property.starts_with("font")
            && value.matches('\'').count().is_multiple_of(2)
            && value.matches('"').count().is_multiple_of(2));
    let is_negative_margin = property.starts_with("margin") && value.contains('-');
    let fits_property = match property {
        "width" => value.strip_suffix('%').is_some_and(is_at_most_hundred),
        "background" | "background-color" | "color" | "border-color" => is_colour(value),
        "text-align" => ["left", "right", "center", "justify", "start", "end"].contains(&value),
        _ => true,
    };
    functions_are_colours && is_balanced && quotes_are_fine && !is_negative_margin && fits_property
}

// Not as a float: the standard library's exact reader is 15 kB that every page would load for this line.
fn is_at_most_hundred(number: &str) -> bool {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    fraction.bytes().all(|digit| digit.is_ascii_digit())
        && whole.bytes().all(|digit| digit.is_ascii_digit())
        && whole.parse::<u8>().is_ok_and(|whole| {
            whole < 100 || (whole == 100 && fraction.bytes().all(|digit| digit == b'0'))
        })
}

fn is_colour(value: &str) -> bool {
    let is_hex = value.strip_prefix('#').is_some_and(|hex| {
        [3, 4, 6, 8].contains(&hex.len()) && hex.chars().all(|c| c.is_ascii_hexdigit())
    });
    let is_name = value.chars().all(|c| c.is_ascii_alphabetic());
    let is_function = value.ends_with(')')
        && value.matches('(').count() == 1
        && ["rgb(", "rgba(", "hsl(", "hsla("].iter().any(|start| {
            value
                .get(..start.len())
                .is_some_and(|s| s.eq_ignore_ascii_case(start))
        });
    is_hex || is_name || is_function
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(style: &str, expected: Option<&str>) {
        assert_eq!(canonical(style).as_deref(), expected, "{style:?}");
    }

    #[test]
    fn the_platforms_own_alert_keeps_its_look() {
        check(
            "padding: 12px; background: #fff3cd; border-left: 4px solid #ffc107;",
            Some("padding:12px;background:#fff3cd;border-left:4px solid #ffc107"),
        );
        check("margin-top: 8px;", Some("margin-top:8px"));
        check(
            "COLOR: rgb(1, 2, 3); font-family: 'Segoe UI', sans-serif",
            Some("color:rgb(1, 2, 3);font-family:'Segoe UI', sans-serif"),
        );
    }

    #[test]
    fn a_width_is_a_part_of_the_card() {
        for good in ["0%", "33.3%", "100%", "100.0%"] {
            check(&format!("width:{good}"), Some(&format!("width:{good}")));
        }
        for bad in [
            "100.1%", "101%", "999%", "-1%", "%", ".%", "1.2.3%", "+5%", "5",
        ] {
            check(&format!("width:{bad}"), None);
        }
    }

    #[test]
    fn what_could_fetch_move_or_run_is_dropped() {
        for bad in [
            "background: url(https://evil/x)",
            "background: URL (x)",
            "background:#fff url(x)",
            "position: fixed",
            "z-index: 9",
            "color: expression(alert(1))",
            "color: v\\61r(--x)",
            "color:/**/red",
            "margin: -99px",
            "width: 200%",
            "width: 10px",
            "animation: a 1s",
            "color: var(--x)",
            "behavior: a",
            "-moz-binding: a",
            "background: image-set(x)",
            "font: 12px url(x)",
            "background: element(x)",
            "display: none",
            "color:",
            "border: attr(x)",
            "color: red)",
            "width: NaN%",
            "width: 1e999%",
        ] {
            check(bad, None);
        }
    }

    proptest! {
        #[test]
        fn canonical_is_stable_and_never_names_a_function_but_colours(style in ".{0,200}") {
            if let Some(once) = canonical(&style) {
                prop_assert_eq!(canonical(&once), Some(once.clone()));
                let lower = once.to_ascii_lowercase();
                prop_assert!(!lower.contains("url("), "{}", once);
                prop_assert!(!lower.contains('\\') && !lower.contains("/*"), "{}", once);
            }
        }
    }
}
