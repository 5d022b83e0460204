//! What is wrong with JSON that cannot be read, told without what it says: that may be a token, or a customer's words.

use serde_json::{Error, error::Category};

/// The parser's complaint, without the value it complains about.
pub(crate) fn complaint(error: &Error) -> String {
    let text = error.to_string();
    if error.classify() != Category::Data || text.starts_with("missing field") {
        return text;
    }
    match text.rsplit_once(", expected ") {
        Some((_, expected)) => format!("a value of the wrong type, expected {expected}"),
        None => "a value that is not allowed".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_value_is_left_out() {
        let text =
            |json: &str| complaint(&serde_json::from_str::<Vec<bool>>(json).expect_err(json));
        assert_eq!(text("[true"), "EOF while parsing a list at line 1 column 5");
        assert_eq!(
            text(r#"["4111, expected to be secret"]"#),
            "a value of the wrong type, expected a boolean at line 1 column 30"
        );
    }
}
