//! The built page as static files: precompressed, and cached for ever where the name has the content's hash.

use std::path::Path;

use axum::Router;
use axum::extract::Request;
use axum::http::{StatusCode, Uri};
use axum::middleware::{self, Next};
use axum::response::{Html, IntoResponse as _, Response};
use http::HeaderValue;
use http::header::CACHE_CONTROL;
use tower_http::services::ServeDir;

/// For names with a hash: another content has another name.
const FOREVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// For all others: kept, but asked for each time.
const ASK: HeaderValue = HeaderValue::from_static("no-cache");

/// Fewest hexadecimal digits that count as a hash in a name; Trunk writes 16.
const HASH_DIGITS: usize = 8;

const NOT_BUILT: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Cuecard</title>\
    <h1>No page here</h1><p>This server has no page to serve: <code>server.assets_dir</code> is not set. \
    Set it to the directory with the built panel. The API under <code>/api</code> works.</p></html>\n";

/// The files of `assets_dir`, or a page that says why there are none.
pub fn router(assets_dir: Option<&Path>) -> Router {
    let Some(dir) = assets_dir else {
        return Router::new().fallback(async |uri: Uri| missing(&uri));
    };
    let files = ServeDir::new(dir).precompressed_br().precompressed_gzip();
    Router::new()
        .fallback_service(files)
        .layer(middleware::from_fn(cache))
}

fn missing(uri: &Uri) -> Response {
    if uri.path() == "/" {
        (StatusCode::NOT_FOUND, Html(NOT_BUILT)).into_response()
    } else {
        (StatusCode::NOT_FOUND, "server.assets_dir is not set\n").into_response()
    }
}

async fn cache(request: Request, next: Next) -> Response {
    let has_hash = request.uri().path().split('/').any(is_hashed);
    let mut response = next.run(request).await;
    let status = response.status();
    let lasts = has_hash && (status.is_success() || status == StatusCode::NOT_MODIFIED);
    response
        .headers_mut()
        .insert(CACHE_CONTROL, if lasts { FOREVER } else { ASK });
    response
}

/// Whether one part of a path carries a hash, as in `cuecard-0123456789abcdef_bg.wasm`.
fn is_hashed(segment: &str) -> bool {
    segment.split(['-', '_', '.']).skip(1).any(|part| {
        part.len() >= HASH_DIGITS
            && part
                .bytes()
                .all(|byte| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_with_a_hash_are_kept_for_ever() {
        for (name, expected) in [
            ("cuecard-0123456789abcdef.js", true),
            ("cuecard-0123456789abcdef_bg.wasm", true),
            ("style.0a1b2c3d.css", true),
            ("index.html", false),
            ("0123456789abcdef.js", false),
            ("cuecard-latest.js", false),
            ("purify-3.2.js", false),
        ] {
            assert_eq!(is_hashed(name), expected, "{name}");
        }
    }
}
