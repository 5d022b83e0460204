//! Where the settings come from: file, environment and flags merged, and read section by section.

use std::path::Path;

use cuecard_cxone::platform;
use figment::error::Kind;
use figment::providers::Serialized;
use figment::value::{Dict, Value};
use figment::{Figment, Profile};
use secrecy::{ExposeSecret as _, SecretString};
use serde::de::DeserializeOwned;

use super::problem::quoted;
use super::{ConfigError, Flags, Problem, Problems};

const ENV_PREFIX: &str = "CUECARD_";

/// The last parts of keys whose values are never shown.
const SECRETS: [&str; 4] = ["secret", "sha256", "password", "eddsa_public_key_pem"];

/// The merged settings, not yet checked.
pub struct Source(Figment);

/// Reads the settings file.
pub fn read_file(path: &Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(path).map_err(|error| {
        ConfigError::one(
            "--config",
            Some(quoted(path.display())),
            format!("a file that can be read ({error})"),
        )
    })
}

impl Source {
    /// Merges; later ones win. An environment variable is text, or a list if it begins with `[`.
    pub fn merge(
        toml: Option<&str>,
        env: impl Iterator<Item = (String, String)>,
        flags: &Flags,
    ) -> Result<Self, ConfigError> {
        let mut figment = Figment::new();
        if let Some(text) = toml {
            figment = figment.merge(Serialized::from(parse(text)?, Profile::Default));
        }
        for (name, value) in env {
            let Some(key) = name
                .strip_prefix(ENV_PREFIX)
                .filter(|key| key.contains("__"))
            else {
                continue;
            };
            let key = key.to_ascii_lowercase().replace("__", ".");
            let value = if value.starts_with('[') {
                value.parse().unwrap_or(Value::from(value))
            } else {
                Value::from(value)
            };
            figment = figment.merge(Serialized::default(&key, value));
        }
        if let Some(listen) = &flags.listen {
            figment = figment.merge(Serialized::default("server.listen", listen));
        }
        Ok(Self(figment))
    }

    /// Whether a section is there.
    pub fn has(&self, section: &str) -> bool {
        self.0.contains(section)
    }

    /// Whether a switch is on; one that cannot be read is not. Whoever reads its section says so.
    pub fn is_set(&self, key: &str) -> bool {
        self.0.extract_inner_lossy(key).unwrap_or(false)
    }

    /// Notes every section that is not one of ours.
    pub fn refuse_unknown_sections(&self, known: &[&str], problems: &mut Problems) {
        let sections: Dict = self.0.extract().unwrap_or_default();
        for section in sections
            .keys()
            .filter(|section| !known.contains(&section.as_str()))
        {
            problems.wrong(
                section,
                "not a known section",
                format!("one of {}", known.join(", ")),
            );
        }
    }

    /// Reads a section as it is written; one that is not there has its defaults.
    pub fn section<T: DeserializeOwned + Default>(
        &self,
        name: &str,
        problems: &mut Problems,
    ) -> Option<T> {
        if !self.has(name) {
            return Some(T::default());
        }
        problems.take(
            self.0
                .extract_inner_lossy(name)
                .map_err(|error| self.explain(name, &error)),
        )
    }

    fn explain(&self, section: &str, error: &figment::Error) -> Problem {
        // The path is that within the section, with the section's own name behind it.
        let within = error.path.iter().take(error.path.len().saturating_sub(1));
        let key = within.fold(section.to_owned(), |key, part| {
            if part.parse::<usize>().is_ok() {
                format!("{key}[{part}]")
            } else {
                format!("{key}.{part}")
            }
        });
        match &error.kind {
            Kind::UnknownField(_, known) => Problem {
                key,
                value: Some("not a known key".to_owned()),
                expected: format!("one of {}", known.join(", ")),
            },
            Kind::MissingField(field) => Problem {
                key: format!("{key}.{field}"),
                value: None,
                expected: "a value".to_owned(),
            },
            kind => {
                let expected = match kind {
                    Kind::InvalidType(_, expected) | Kind::InvalidValue(_, expected) => {
                        in_words(expected).to_owned()
                    }
                    Kind::UnknownVariant(_, known) => format!("one of {}", known.join(", ")),
                    Kind::ISizeOutOfRange(_) | Kind::USizeOutOfRange(_) => {
                        "a number in range".to_owned()
                    }
                    _ => "a value of the right type".to_owned(),
                };
                Problem {
                    value: Some(self.shown(&key)),
                    expected,
                    key,
                }
            }
        }
    }

    /// The value under a key as errors name it, also within a list: `api.keys[0].name`.
    fn find(&self, key: &str) -> Option<Value> {
        let mut parts = key.split(['.', '[', ']']).filter(|part| !part.is_empty());
        let mut value = self.0.find_value(parts.next()?).ok()?;
        for part in parts {
            value = match value {
                Value::Dict(_, mut table) => table.remove(part)?,
                Value::Array(_, list) => list.into_iter().nth(part.parse().ok()?)?,
                _ => return None,
            };
        }
        Some(value)
    }

    fn shown(&self, key: &str) -> String {
        if SECRETS.iter().any(|secret| key.ends_with(secret)) {
            return "(hidden)".to_owned();
        }
        match self.find(key) {
            // It may stand where a list of URLs is expected.
            Some(Value::String(_, text)) => platform::shown(&text),
            Some(Value::Num(_, number)) => number.to_i128().map_or_else(
                || format!("{:?}", number.to_f64()),
                |number| number.to_string(),
            ),
            Some(Value::Bool(_, value)) => value.to_string(),
            Some(Value::Array(..)) => "a list".to_owned(),
            Some(Value::Dict(..)) => "a table".to_owned(),
            _ => "something else".to_owned(),
        }
    }
}

/// What Rust calls a type, as the file calls it.
fn in_words(expected: &str) -> &str {
    match expected {
        "u64" => "a whole number, at least 0",
        "f64" => "a number",
        "a boolean" => "true or false",
        "a sequence" => "a list",
        name if name.starts_with("struct ") => "a table",
        other => other,
    }
}

/// The parser's own text would repeat the line, and that line could hold a secret.
fn parse(text: &str) -> Result<toml::Table, ConfigError> {
    toml::from_str(text).map_err(|error: toml::de::Error| {
        let line = error.span().map_or(1, |span| {
            text[..span.start.min(text.len())].matches('\n').count() + 1
        });
        let reason = error.message().lines().next().unwrap_or_default();
        ConfigError::one(
            "--config",
            Some(format!("not TOML in line {line}")),
            format!("TOML ({reason})"),
        )
    })
}

/// Fewest characters of a secret that signs webhooks.
const SHORTEST_SIGNER: usize = 16;

/// Notes a secret that is too short to sign webhooks.
pub fn require_signer(key: &str, secret: &SecretString, problems: &mut Problems) {
    let length = secret.expose_secret().chars().count();
    if length < SHORTEST_SIGNER {
        problems.wrong(
            key,
            format!("(hidden) {length} characters long"),
            format!("at least {SHORTEST_SIGNER} characters, random"),
        );
    }
}

/// A secret that stands under `key`, or in the file that `key_file` names (its last line break is not part of it).
pub fn secret(
    section: &str,
    key: &str,
    value: Option<SecretString>,
    file: Option<&Path>,
    problems: &mut Problems,
) -> Option<SecretString> {
    let (key, file_key) = (format!("{section}.{key}"), format!("{section}.{key}_file"));
    match (value, file) {
        (Some(_), Some(file)) => {
            problems.wrong(
                &file_key,
                quoted(file.display()),
                format!("only one of it and {key}"),
            );
            None
        }
        (Some(value), None) => Some(value),
        (None, Some(file)) => match std::fs::read_to_string(file) {
            Ok(text) => Some(text.trim_end_matches(['\r', '\n']).into()),
            Err(error) => {
                problems.wrong(
                    &file_key,
                    quoted(file.display()),
                    format!("a file that can be read ({error})"),
                );
                None
            }
        },
        (None, None) => None,
    }
}
