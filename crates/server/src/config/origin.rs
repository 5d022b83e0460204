//! An origin of the web: scheme, host and port, compared as browsers write them.

use std::fmt;

use cuecard_cxone::platform::shown;
use url::Url;

/// An origin in the form of the `Origin` header, for example `https://desk.example.com`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin(String);

/// What an origin must look like.
pub const EXPECTED: &str =
    "an origin such as https://desk.example.com (http only on this machine), without a path";

impl Origin {
    /// Reads an origin, whatever its case and with or without its default port. `None` if it is none, or if it could
    /// be read and changed on the way.
    pub fn parse(text: &str) -> Option<Self> {
        let url = Url::parse(text).ok()?;
        let plain = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        let anonymous = url.username().is_empty() && url.password().is_none();
        let sound = match url.scheme() {
            "https" => true,
            "http" => is_this_machine(&url),
            _ => false,
        };
        // A star is a valid character of a host name to the parser, but nobody who writes one means it so.
        let literal = !text.contains('*');
        (plain && anonymous && sound && literal).then(|| Self(url.origin().ascii_serialization()))
    }

    /// The origin of a URL.
    pub fn of(url: &Url) -> Self {
        Self(url.origin().ascii_serialization())
    }

    /// As a browser writes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a URL leads to this machine.
pub fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Reads a list of origins and notes each that is none.
pub(super) fn list(key: &str, values: &[String], problems: &mut super::Problems) -> Vec<Origin> {
    let mut origins = Vec::with_capacity(values.len());
    for (index, value) in values.iter().enumerate() {
        match Origin::parse(value) {
            Some(origin) => origins.push(origin),
            None => problems.wrong(&format!("{key}[{index}]"), shown(value), EXPECTED),
        }
    }
    origins
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_read_as_browsers_write_them() {
        for (text, expected) in [
            ("https://Desk.Example.com", Some("https://desk.example.com")),
            (
                "https://desk.example.com:443/",
                Some("https://desk.example.com"),
            ),
            (
                "https://desk.example.com:8443",
                Some("https://desk.example.com:8443"),
            ),
            ("http://127.0.0.1:8080", Some("http://127.0.0.1:8080")),
            ("http://[::1]:8080", Some("http://[::1]:8080")),
            ("http://desk.example.com", None),
            ("https://desk.example.com/path", None),
            ("https://user@desk.example.com", None),
            ("https://*.example.com", None),
            ("desk.example.com", None),
            ("null", None),
            ("*", None),
        ] {
            assert_eq!(
                Origin::parse(text).as_ref().map(Origin::as_str),
                expected,
                "{text}"
            );
        }
    }
}
