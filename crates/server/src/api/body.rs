//! Reading a request, above all its body: its media type, its size, its JSON, its fields. What is wrong is named without repeating
//! what could be somebody's words.

use std::fmt;
use std::marker::PhantomData;

use axum::RequestExt as _;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{self, FromRequestParts, Request};
use http::request::Parts;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::error::Category;
use serde_path_to_error::{Path, Segment};
use sha2::{Digest as _, Sha256};

use crate::body::{CUT_SHORT, require_json, unreadable};
use crate::publish::fields::json_type;
use crate::refusal::{Reason, Refusal, shown};

/// Largest body of a request, in bytes; the router's limit. It takes a prompt of 10,000 snippets, and the largest HTML with
/// every character escaped.
pub const MAX_BYTES: usize = 1024 * 1024;

/// A part of the path as text.
pub struct PathText(pub String);

impl<S: Send + Sync> FromRequestParts<S> for PathText {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let part = extract::Path::<String>::from_request_parts(parts, state).await;
        part.map(|extract::Path(text)| Self(text))
            .map_err(|_| Reason::BAD_REQUEST.because("the path is no text, expected UTF-8"))
    }
}

/// A body that was read.
pub struct Body<T> {
    /// What it says.
    pub value: T,
    /// SHA-256 of the path and the body, in hexadecimal: what makes two requests the same.
    pub digest: String,
}

/// Reads the body of a request.
pub async fn read<T: DeserializeOwned>(request: Request) -> Result<Body<T>, Refusal> {
    require_json(request.headers())?;
    let path = request.uri().path().to_owned();
    let bytes: Bytes = request
        .extract()
        .await
        .map_err(|error: BytesRejection| unreadable(error.status(), MAX_BYTES, CUT_SHORT))?;
    let mut hash = Sha256::new();
    hash.update(&path);
    hash.update([0]);
    hash.update(&bytes);
    Ok(Body {
        value: parse(&bytes)?,
        digest: hex::encode(hash.finalize()),
    })
}

/// An object and nothing else: derived readers would take a list of the fields' values as well.
#[derive(Debug)]
pub struct Object<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(OfObject(PhantomData))
    }
}

struct OfObject<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for OfObject<T> {
    type Value = Object<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Object)
    }
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Refusal> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let parsed = serde_path_to_error::deserialize(&mut reader);
    let Object(value) = parsed.map_err(|error| {
        let path = error.path().clone();
        refusal(&path, error.inner(), bytes)
    })?;
    reader.end().map_err(|error| no_json(&error))?;
    Ok(value)
}

fn no_json(error: &serde_json::Error) -> Refusal {
    // The parser's words can repeat the body.
    Reason::BAD_REQUEST.because(format!(
        "the body is no JSON (line {}, column {}), expected a JSON object",
        error.line(),
        error.column()
    ))
}

/// What the deserializer says, without the values it repeats.
fn refusal(path: &Path, error: &serde_json::Error, bytes: &[u8]) -> Refusal {
    let body = serde_json::from_slice::<Value>(bytes);
    let body = match (error.classify(), body) {
        (Category::Data, Ok(body)) => body,
        // A field can be wrong before the JSON ends.
        (_, Err(error)) => return no_json(&error),
        (_, Ok(_)) => return no_json(error),
    };
    let message = error.to_string();
    let message = message
        .rsplit_once(" at line ")
        .map_or(message.as_str(), |(message, _)| message);
    let expected = message
        .rsplit_once("expected ")
        .map_or("something else", |(_, expected)| expected);
    let field = written(path);
    let named = |prefix: &str| {
        let (_, rest) = message.split_once(prefix)?;
        rest.split('`').next()
    };
    if let Some(name) = named("missing field `") {
        return Reason::INVALID_FIELD.field(join(&field, name), "missing", "a value");
    }
    if message.starts_with("unknown field") {
        let name = if field.is_empty() {
            "the body".to_owned()
        } else {
            field
        };
        let known = expected.replace('`', "");
        return Reason::INVALID_FIELD.field(name, "not a known field", known);
    }
    if let Some(name) = named("duplicate field `") {
        return Reason::INVALID_FIELD.field(join(&field, name), "there twice", "once");
    }
    let found = describe(path, at(&body, path));
    let name = if field.is_empty() {
        "the body".to_owned()
    } else {
        field
    };
    Reason::INVALID_FIELD.field(name, found, in_words(expected))
}

/// What Rust calls a type, as JSON calls it.
fn in_words(expected: &str) -> String {
    match expected {
        "a string" => "text".to_owned(),
        "u64" | "u32" => "a whole number, at least 0".to_owned(),
        "u8" => "a whole number, 0 to 255".to_owned(),
        "f64" => "a number".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "a sequence" => "a list".to_owned(),
        other => other.replace('`', ""),
    }
}

fn written(path: &Path) -> String {
    path.iter()
        .fold(String::new(), |text, segment| match segment {
            Segment::Seq { index } => format!("{text}[{index}]"),
            Segment::Map { key } => join(&text, key),
            Segment::Enum { variant } => join(&text, variant),
            Segment::Unknown => text,
        })
}

fn join(path: &str, name: &str) -> String {
    let name: String = name.chars().take(64).collect();
    if path.is_empty() {
        name
    } else {
        format!("{path}.{name}")
    }
}

fn at<'a>(body: &'a Value, path: &Path) -> Option<&'a Value> {
    path.iter().try_fold(body, |value, segment| match segment {
        Segment::Seq { index } => value.get(index),
        Segment::Map { key } => value.get(key),
        Segment::Enum { .. } | Segment::Unknown => Some(value),
    })
}

/// Fields that hold somebody's words: their values are named by length.
const WORDS: [&str; 7] = [
    "title", "html", "text", "content", "topics", "tags", "source",
];

fn describe(path: &Path, value: Option<&Value>) -> String {
    let of_words = path
        .iter()
        .any(|segment| matches!(segment, Segment::Map { key } if WORDS.contains(&key.as_str())));
    match value {
        Some(Value::String(text)) if of_words => {
            format!("text of {} characters", text.chars().count())
        }
        Some(Value::String(text)) => shown(text),
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::Bool(value)) => value.to_string(),
        Some(value) => json_type(value).to_owned(),
        None => "missing".to_owned(),
    }
}
