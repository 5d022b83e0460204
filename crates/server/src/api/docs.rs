//! `GET /openapi.json`: the description of the API. `GET /docs`: a page to read it and try it, all of it from here.

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use http::header::{
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderValue, StatusCode};
use tower_http::set_header::SetResponseHeaderLayer;
use utoipa_swagger_ui::{Config, serve};

use super::openapi;

const DESCRIPTION: &str = "/openapi.json";

/// The page is not ours and styles its elements by hand; it gets no code, connection or frame from elsewhere.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
    connect-src 'self'; font-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// The routes of this module.
pub fn router() -> Router {
    let description: Arc<str> = openapi::json().into();
    let settings = Arc::new(
        Config::from(DESCRIPTION)
            .try_it_out_enabled(true)
            .validator_url("none"),
    );
    let file = {
        let settings = Arc::clone(&settings);
        async move |Path(path): Path<String>| page(&path, &settings)
    };
    let header =
        |name, value| SetResponseHeaderLayer::overriding(name, HeaderValue::from_static(value));
    Router::new()
        .route("/docs", get(async || Redirect::permanent("/docs/")))
        .route("/docs/", get(async move || page("", &settings)))
        .route("/docs/{*path}", get(file))
        .route(
            DESCRIPTION,
            get(async move || {
                (
                    [(CONTENT_TYPE, "application/json")],
                    description.to_string(),
                )
            }),
        )
        .layer(header(CONTENT_SECURITY_POLICY, POLICY))
        .layer(header(X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(header(REFERRER_POLICY, "no-referrer"))
}

fn page(path: &str, settings: &Arc<Config<'static>>) -> Response {
    match serve(path, Arc::clone(settings)) {
        Ok(Some(file)) => {
            ([(CONTENT_TYPE, file.content_type)], file.bytes.into_owned()).into_response()
        }
        Ok(None) => (StatusCode::NOT_FOUND, "there is nothing here\n").into_response(),
        Err(error) => {
            tracing::error!(error, "a file of the page cannot be made");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}
