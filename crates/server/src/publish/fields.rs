//! Reading foreign JSON field by field, so that a refusal names the field and never repeats its value: values can be
//! customers' words, and refusals are logged.

use serde_json::Value;

/// A field that is missing or of the wrong type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("field {path} is {found}, expected {expected}")]
pub struct FieldError {
    path: &'static str,
    found: &'static str,
    expected: &'static str,
}

/// The text at `path` (`a.b` is field `b` of field `a`).
pub fn text<'a>(object: &'a Value, path: &'static str) -> Result<&'a str, FieldError> {
    let value = at(object, path);
    value
        .and_then(Value::as_str)
        .ok_or_else(|| wrong(path, value, "text"))
}

/// The number at `path`.
pub fn number(object: &Value, path: &'static str) -> Result<f64, FieldError> {
    let value = at(object, path);
    value
        .and_then(Value::as_f64)
        .ok_or_else(|| wrong(path, value, "a number"))
}

/// The list of texts at `path`.
pub fn texts(object: &Value, path: &'static str) -> Result<Vec<String>, FieldError> {
    let value = at(object, path);
    let list = value
        .and_then(Value::as_array)
        .ok_or_else(|| wrong(path, value, "a list of texts"))?;
    list.iter()
        .map(|item| {
            item.as_str()
                .map(str::to_owned)
                .ok_or_else(|| wrong(path, Some(item), "texts only inside the list"))
        })
        .collect()
}

fn at<'a>(object: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.')
        .try_fold(object, |value, name| value.get(name))
}

fn wrong(path: &'static str, value: Option<&Value>, expected: &'static str) -> FieldError {
    FieldError {
        path,
        found: value.map_or("missing", json_type),
        expected,
    }
}

/// What a JSON value is, in words.
pub const fn json_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_wrong_field_is_named_and_its_value_is_not() {
        let object = json!({"a": {"b": "secret", "n": 1}, "list": ["x", 2], "none": null});
        assert_eq!(text(&object, "a.b"), Ok("secret"));
        assert_eq!(number(&object, "a.n"), Ok(1.0));
        for (error, expected) in [
            (
                number(&object, "a.b").unwrap_err(),
                "field a.b is text, expected a number",
            ),
            (
                text(&object, "a.c").unwrap_err(),
                "field a.c is missing, expected text",
            ),
            (
                text(&object, "list.c").unwrap_err(),
                "field list.c is missing, expected text",
            ),
            (
                text(&object, "none").unwrap_err(),
                "field none is null, expected text",
            ),
            (
                texts(&object, "a").unwrap_err(),
                "field a is an object, expected a list of texts",
            ),
            (
                texts(&object, "list").unwrap_err(),
                "field list is a number, expected texts only inside the list",
            ),
            (
                text(&json!([1]), "a").unwrap_err(),
                "field a is missing, expected text",
            ),
        ] {
            assert_eq!(error.to_string(), expected);
        }
    }
}
