//! Which origins may talk to the broker, and who may embed it.

use http::HeaderMap;
use http::header::{HOST, ORIGIN};
use url::Url;

use crate::config::Origin;
use crate::config::origin::is_this_machine;
use crate::config::server::Server;
use crate::refusal::{Reason, Refusal};

/// The origins of the configuration.
#[derive(Debug, Clone)]
pub struct Origins {
    public: Option<Origin>,
    foreign: Vec<Origin>,
}

impl Origins {
    /// Those of a configuration.
    pub fn new(server: &Server) -> Self {
        let foreign = server.allowed_origins.iter().chain(&server.embed_origins);
        Self {
            public: server.public_url.as_ref().map(Origin::of),
            foreign: foreign.cloned().collect(),
        }
    }

    /// Whether the configuration names this origin; then it may read answers across origins.
    pub fn names(&self, origin: &Origin) -> bool {
        self.foreign.contains(origin)
    }

    /// The origin a request comes from, if it may come from there; `None` if it names none, as only programs that are
    /// no browsers do where it matters.
    pub fn check(&self, headers: &HeaderMap) -> Result<Option<Origin>, Refusal> {
        let Some(value) = headers.get(ORIGIN) else {
            return Ok(None);
        };
        let text = String::from_utf8_lossy(value.as_bytes());
        let known = Origin::parse(&text)
            .filter(|origin| self.names(origin) || self.is_own(origin, headers));
        known.map(Some).ok_or_else(|| {
            let shown: String = text.chars().take(128).collect();
            Reason::WRONG_ORIGIN.because(format!(
                "origin {shown:?} is neither the server's own nor in server.allowed_origins or server.embed_origins"
            ))
        })
    }

    /// The same, where an origin is a must.
    pub fn require(&self, headers: &HeaderMap) -> Result<Origin, Refusal> {
        self.check(headers)?.ok_or_else(|| {
            Reason::WRONG_ORIGIN.because("the request has no Origin header; a browser sends one")
        })
    }

    fn is_own(&self, origin: &Origin, headers: &HeaderMap) -> bool {
        match &self.public {
            Some(public) => origin == public,
            None => local_url(headers).is_some_and(|url| &Origin::of(&url) == origin),
        }
    }

    /// Where the WebSocket is, as the browser must write it; the address has nothing secret.
    pub fn socket_url(&self, headers: &HeaderMap) -> Result<String, Refusal> {
        let own = match &self.public {
            Some(public) => Url::parse(public.as_str()).ok(),
            None => local_url(headers),
        };
        let mut url = own.ok_or_else(|| {
            Reason::BAD_REQUEST
                .because("the Host header is not this machine's, and server.public_url is not set")
        })?;
        let scheme = if url.scheme() == "https" { "wss" } else { "ws" };
        // Cannot fail: both pairs are special schemes.
        let _ = url.set_scheme(scheme);
        url.set_path("/api/ws");
        Ok(url.into())
    }
}

/// The server as the request addressed it, if that is a name of this machine. Other names are not believed: whoever
/// owns a domain can let it lead here, and would be the server's "own" origin then (DNS rebinding).
fn local_url(headers: &HeaderMap) -> Option<Url> {
    let host = headers.get(HOST)?.to_str().ok()?;
    let url = Url::parse(&format!("http://{host}")).ok()?;
    (is_this_machine(&url) && url.path() == "/").then_some(url)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;
    use crate::config::Config;

    fn origins(lines: &str) -> Origins {
        let config = Config::from_toml(&format!("[server]\ndev_mode = true\n{lines}")).unwrap();
        Origins::new(&config.server)
    }

    fn headers(host: &str, origin: Option<&str>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, HeaderValue::from_str(host).unwrap());
        if let Some(origin) = origin {
            headers.insert(ORIGIN, HeaderValue::from_str(origin).unwrap());
        }
        headers
    }

    #[test]
    fn without_a_public_url_only_names_of_this_machine_are_its_own() {
        let origins = origins("");
        for (host, origin, is_taken) in [
            ("127.0.0.1:8080", "http://127.0.0.1:8080", true),
            ("localhost:8080", "http://localhost:8080", true),
            ("[::1]:8080", "http://[::1]:8080", true),
            ("127.0.0.1:8080", "http://127.0.0.1:8081", false),
            ("127.0.0.1:8080", "https://127.0.0.1:8080", false),
            ("127.0.0.1:8080", "http://localhost:8080", false),
            ("evil.example:8080", "http://evil.example:8080", false),
            ("evil.example", "https://evil.example", false),
            ("127.0.0.1:8080", "null", false),
            ("127.0.0.1:8080", "", false),
        ] {
            let checked = origins.check(&headers(host, Some(origin)));
            assert_eq!(checked.is_ok(), is_taken, "{host} {origin}");
        }
    }

    #[test]
    fn with_a_public_url_the_host_header_counts_for_nothing() {
        let origins = origins(
            "public_url = 'https://cards.example.com'\nallowed_origins = ['https://desk.example.com']\n\
             embed_origins = ['https://crm.example.net']",
        );
        for (origin, is_taken) in [
            ("https://cards.example.com", true),
            ("https://desk.example.com", true),
            ("https://crm.example.net", true),
            ("http://127.0.0.1:8080", false),
            ("https://desk.example.com.evil.example", false),
            ("https://sub.desk.example.com", false),
        ] {
            let checked = origins.check(&headers("127.0.0.1:8080", Some(origin)));
            assert_eq!(checked.is_ok(), is_taken, "{origin}");
        }
        assert_eq!(
            origins.socket_url(&headers("127.0.0.1:8080", None)),
            Ok("wss://cards.example.com/api/ws".to_owned())
        );
    }

    #[test]
    fn a_request_without_origin_is_a_programs_and_no_socket_is_opened_for_it() {
        let origins = origins("");
        let headers = headers("127.0.0.1:8080", None);
        assert_eq!(origins.check(&headers), Ok(None));
        assert_eq!(
            origins.require(&headers).unwrap_err().reason.code,
            "wrong_origin"
        );
        assert_eq!(
            origins.socket_url(&headers),
            Ok("ws://127.0.0.1:8080/api/ws".to_owned())
        );
    }

    #[test]
    fn the_refusal_names_the_origin_and_what_was_expected() {
        let refusal = origins("")
            .check(&headers("127.0.0.1", Some("https://evil.example")))
            .unwrap_err();
        assert_eq!(
            refusal.to_string(),
            "wrong_origin: origin \"https://evil.example\" is neither the server's own nor in server.allowed_origins \
             or server.embed_origins"
        );
    }
}
