//! Values as columns of the tables: ids and names as text, times as integers, the rest as JSON.

use cuecard_protocol::Millis;
use rusqlite::types::Type;
use rusqlite::{Error, Row};
use serde::Serialize;
use serde::de::{DeserializeOwned, IntoDeserializer as _};

use super::failed;
use crate::backbone::BackboneError;

/// SQLite's integers are signed; a time beyond them is the end of time.
pub(super) fn stored(time: Millis) -> i64 {
    i64::try_from(time.0).unwrap_or(i64::MAX)
}

/// A limit as SQLite wants it.
pub(super) fn most(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// A value that is written as one word or id.
pub(super) fn word<T: DeserializeOwned>(row: &Row<'_>, column: &str) -> rusqlite::Result<T> {
    let text: String = row.get(column)?;
    read_word(column, text)
}

/// [`word`], or nothing.
pub(super) fn word_or_none<T: DeserializeOwned>(
    row: &Row<'_>,
    column: &str,
) -> rusqlite::Result<Option<T>> {
    let text: Option<String> = row.get(column)?;
    text.map(|text| read_word(column, text)).transpose()
}

fn read_word<T: DeserializeOwned>(column: &str, text: String) -> rusqlite::Result<T> {
    T::deserialize(text.into_deserializer()).map_err(|error: serde::de::value::Error| {
        let reason = format!("column {column}: {error}");
        Error::FromSqlConversionFailure(0, Type::Text, reason.into())
    })
}

/// A time.
pub(super) fn time(row: &Row<'_>, column: &str) -> rusqlite::Result<Millis> {
    row.get(column).map(Millis)
}

/// A time, or none.
pub(super) fn time_or_none(row: &Row<'_>, column: &str) -> rusqlite::Result<Option<Millis>> {
    let time: Option<u64> = row.get(column)?;
    Ok(time.map(Millis))
}

/// A value that is kept as JSON.
pub(super) fn json<T: DeserializeOwned>(row: &Row<'_>, column: &str) -> rusqlite::Result<T> {
    let text: String = row.get(column)?;
    serde_json::from_str(&text).map_err(|error| {
        let reason = format!("column {column}: {error}");
        Error::FromSqlConversionFailure(0, Type::Text, reason.into())
    })
}

pub(super) fn to_json(value: &impl Serialize) -> Result<String, BackboneError> {
    serde_json::to_string(value).map_err(|error| failed("serialize", error))
}

pub(super) fn from_json<T: DeserializeOwned>(text: &str) -> Result<T, BackboneError> {
    serde_json::from_str(text).map_err(|error| failed("read what was stored", error))
}
