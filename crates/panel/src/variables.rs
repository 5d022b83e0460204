//! `{{variables}}` in the text of a snippet: found, filled, and named where their value is not known.

/// Longest name, in bytes; between braces further apart it is text.
const MAX_NAME: usize = 64;

/// Fills every variable of `text`. Where values are missing or empty: the names, in order, each once.
pub(crate) fn fill<'a>(
    text: &str,
    value_of: impl Fn(&str) -> Option<&'a str>,
) -> Result<String, Vec<String>> {
    let mut filled = String::with_capacity(text.len());
    let mut missing: Vec<String> = Vec::new();
    let mut rest = text;
    while let Some(at) = find(rest, b'{') {
        let Some((name, after)) = variable(&rest[at..]) else {
            filled.push_str(&rest[..=at]);
            rest = &rest[at + 1..];
            continue;
        };
        filled.push_str(&rest[..at]);
        rest = after;
        match value_of(name) {
            Some(value) if !value.is_empty() => filled.push_str(value),
            _ if missing.iter().any(|known| is_same(known, name)) => {}
            _ => missing.push(name.to_owned()),
        }
    }
    filled.push_str(rest);
    if missing.is_empty() {
        Ok(filled)
    } else {
        Err(missing)
    }
}

/// Whether two names mean the same variable: the case of plain letters does not count.
pub(crate) fn is_same(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

/// The name of the variable that the text begins with, and what comes after it.
fn variable(text: &str) -> Option<(&str, &str)> {
    let text = text.get(2..)?;
    let end = find(text, b'}')?;
    let (name, after) = (text[..end].trim(), &text[end + 2..]);
    let is_text = |byte| matches!(byte, b'{' | b'}' | b'\n' | b'\r');
    let is_name = !name.is_empty() && name.len() <= MAX_NAME && !name.bytes().any(is_text);
    is_name.then_some((name, after))
}

/// Where a brace stands twice. By hand, because the search for any text is more than a page should load for this.
fn find(text: &str, brace: u8) -> Option<usize> {
    let mut pairs = text.as_bytes().windows(2);
    pairs.position(|pair| pair == [brace, brace])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn known(name: &str) -> Option<&'static str> {
        [
            ("customer_name", "Ada {{x}}"),
            ("Agent", "Bo"),
            ("empty", ""),
        ]
        .iter()
        .find(|(known, _)| is_same(known, name))
        .map(|(_, value)| *value)
    }

    #[test]
    fn variables_are_filled_in_any_case_and_once() {
        for (text, filled) in [
            ("Hello {{customer_name}}!", "Hello Ada {{x}}!"),
            ("{{ CUSTOMER_NAME }}, {{agent}}", "Ada {{x}}, Bo"),
            (
                "no braces, {one}, {{}}, {{ }}, {{a",
                "no braces, {one}, {{}}, {{ }}, {{a",
            ),
            ("{{{agent}}} {{{{agent}}", "{Bo} {{Bo"),
            ("{{a\nb}} ü {{agent}}", "{{a\nb}} ü Bo"),
            ("", ""),
        ] {
            assert_eq!(fill(text, known), Ok(filled.to_owned()), "{text:?}");
        }
    }

    #[test]
    fn what_is_missing_is_named_in_order_and_once() {
        assert_eq!(
            fill("{{Order}} {{agent}} {{empty}} {{ORDER}} {{date}}", known),
            Err(vec!["Order".into(), "empty".into(), "date".into()])
        );
    }

    proptest! {
        #[test]
        fn text_without_variables_is_kept(text in "[{}a \u{e9}\n]{0,40}") {
            let filled = fill(&text, |_| None);
            prop_assert!(filled.is_err() || filled == Ok(text));
        }
    }
}
