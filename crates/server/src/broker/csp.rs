//! The headers that fence the page in: content security policy and its company.

use http::header::{CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderName, HeaderValue};

use crate::config::{Config, Origin};

/// What the page may never use, whoever embeds it.
const PERMISSIONS: &str = "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), \
    magnetometer=(), microphone=(), midi=(), payment=(), usb=()";

/// The policy of the page: code, styles and connections from here only, images from allow-listed origins, no inline
/// code or styles, no string that becomes code or markup, and frames only where the panel may be embedded. The one
/// policy for such strings is DOMPurify's own, which it needs to parse in browsers without `Element.setHTML`.
pub fn policy(config: &Config) -> String {
    let images = join("'self'", &config.cards.image_origins);
    let ancestors = if config.server.embed_origins.is_empty() {
        "'none'".to_owned()
    } else {
        join("'self'", &config.server.embed_origins)
    };
    format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; font-src 'self'; \
         connect-src 'self'; img-src {images}; frame-ancestors {ancestors}; base-uri 'none'; form-action 'none'; \
         require-trusted-types-for 'script'; trusted-types dompurify"
    )
}

fn join(first: &str, origins: &[Origin]) -> String {
    origins
        .iter()
        .fold(first.to_owned(), |list, origin| format!("{list} {origin}"))
}

/// The headers of every answer.
pub fn headers(config: &Config) -> Vec<(HeaderName, HeaderValue)> {
    let resource = if config.server.embed_origins.is_empty() {
        "same-origin"
    } else {
        "cross-origin"
    };
    let mut headers = vec![
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            HeaderValue::from_static("same-origin"),
        ),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            HeaderValue::from_static(resource),
        ),
        (
            HeaderName::from_static("permissions-policy"),
            HeaderValue::from_static(PERMISSIONS),
        ),
    ];
    // Origins are ASCII by construction, so the policy always is a header.
    headers.extend(
        HeaderValue::from_str(&policy(config)).map(|value| (CONTENT_SECURITY_POLICY, value)),
    );
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(lines: &str) -> Config {
        Config::from_toml(&format!("[server]\ndev_mode = true\n{lines}")).unwrap()
    }

    #[test]
    fn by_default_nothing_comes_from_elsewhere_and_nobody_embeds() {
        assert_eq!(
            policy(&config("")),
            "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; font-src 'self'; \
             connect-src 'self'; img-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; \
             require-trusted-types-for 'script'; trusted-types dompurify"
        );
    }

    #[test]
    fn allow_listed_origins_stand_where_they_belong_and_nowhere_else() {
        let config = config(
            "embed_origins = ['https://crm.example.net']\n[cards]\nimage_origins = ['https://img.example.com']",
        );
        let policy = policy(&config);
        assert!(policy.contains("img-src 'self' https://img.example.com; frame-ancestors 'self' https://crm.example.net;"));
        assert_eq!(policy.matches("https://").count(), 2);
    }
}
