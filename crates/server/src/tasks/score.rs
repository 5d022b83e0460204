//! The score in a form's field, which is a number or text. Pure; start at [`read`].

use serde_json::Value;

/// The number that the value begins with, as the platform's own clients read it with JavaScript's `parseFloat` (platform
/// wire, section 6.2): "2 of 5" is 2, and so is "2,5", because a comma is no part of a number there. None if it begins
/// with no number; infinity is none either.
pub fn read(value: &Value) -> Option<f64> {
    let number = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => leading_number(text)?,
        _ => return None,
    };
    // Adding zero makes the negative zero the other one, which is written without a sign.
    Some(number + 0.0).filter(|number| number.is_finite())
}

fn leading_number(text: &str) -> Option<f64> {
    let text = text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    let bytes = text.as_bytes();
    let digits = |from: usize| {
        let rest = bytes.get(from..).unwrap_or_default();
        from + rest.iter().take_while(|byte| byte.is_ascii_digit()).count()
    };
    let is_at = |place: usize, any: &[u8]| bytes.get(place).is_some_and(|byte| any.contains(byte));

    let start = usize::from(is_at(0, b"+-"));
    let mut end = digits(start);
    let mut has_digits = end > start;
    if is_at(end, b".") {
        let fraction = digits(end + 1);
        has_digits |= fraction > end + 1;
        end = fraction;
    }
    if is_at(end, b"eE") {
        let exponent = end + 1 + usize::from(is_at(end + 1, b"+-"));
        let after = digits(exponent);
        // Without digits the letter is what follows the number.
        if after > exponent {
            end = after;
        }
    }
    has_digits.then(|| text[..end].parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// Each line was compared with `parseFloat` of Node.js.
    #[test]
    fn text_is_read_as_parse_float_reads_it() {
        for (text, number) in [
            ("2.9", Some(2.9)),
            ("3", Some(3.0)),
            ("2,5", Some(2.0)),
            ("  4 stars", Some(4.0)),
            ("\u{feff}\u{a0}4", Some(4.0)),
            ("+3.5", Some(3.5)),
            ("-1", Some(-1.0)),
            (".5", Some(0.5)),
            ("5.", Some(5.0)),
            ("-.5e1x", Some(-5.0)),
            ("1e2", Some(100.0)),
            ("1e", Some(1.0)),
            ("1e+", Some(1.0)),
            ("1E-1", Some(0.1)),
            ("0x10", Some(0.0)),
            ("1_000", Some(1.0)),
            ("3.9.1", Some(3.9)),
            ("2/5", Some(2.0)),
            ("n/a", None),
            ("NaN", None),
            ("", None),
            (" ", None),
            (".", None),
            ("-", None),
            ("+-1", None),
            ("- 1", None),
            ("e1", None),
            (".e1", None),
            ("\u{663}", None),
            ("\u{ff13}", None),
        ] {
            assert_eq!(read(&json!(text)), number, "{text:?}");
        }
        // `parseFloat` says infinity, which is no score.
        for text in ["Infinity", "-Infinity", "1e999"] {
            assert_eq!(read(&json!(text)), None, "{text:?}");
        }
    }

    #[test]
    fn numbers_are_themselves_and_nothing_else_is_one() {
        assert_eq!(read(&json!(0)), Some(0.0));
        assert_eq!(read(&json!(11)), Some(11.0));
        assert_eq!(read(&json!(2.5)), Some(2.5));
        for zero in [json!(-0.0), json!("-0")] {
            assert_eq!(read(&zero).unwrap().to_string(), "0");
        }
        for none in [json!(null), json!(true), json!([2]), json!({"value": 2})] {
            assert_eq!(read(&none), None, "{none}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(text in ".{0,20}") {
            if let Some(number) = read(&json!(text)) {
                prop_assert!(number.is_finite());
            }
        }

        #[test]
        fn a_number_is_read_whatever_follows_it(number in -1e9f64..1e9, rest in "[^0-9.eE].*") {
            let text = format!("{number}{rest}");
            prop_assert_eq!(read(&json!(text)), Some(number));
        }
    }
}
