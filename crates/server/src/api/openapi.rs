//! The description of the API (`OpenAPI` 3.1), made from the types that are read and written.

use http::StatusCode;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{Components, ContentBuilder, HeaderBuilder, Ref, ResponseBuilder};
use utoipa::openapi::{ObjectBuilder, Type};
use utoipa::{Modify, OpenApi};

use super::{alerts, cards, interactions, outcomes, prompts, suggestions};
use crate::refusal::Problem;

/// The API.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Cuecard",
        description = "Cards for agents: post alerts, suggestions and prompts, and learn what became of them. \
            Everything needs an API key (`cuecard-server api-key new`) in `Authorization: Bearer`.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    paths(
        alerts::post, suggestions::post, prompts::post, cards::read, cards::withdraw,
        outcomes::follow, interactions::read, interactions::change,
    ),
    components(schemas(Problem)),
    modifiers(&Common),
)]
struct Description;

/// The description as JSON.
pub fn json() -> String {
    // The document is ours alone and has a JSON form; a test reads it.
    Description::openapi().to_json().unwrap_or_default()
}

/// What all endpoints share: the key, and the problems that any of them may answer with.
struct Common;

/// Answers of every endpoint.
const ALWAYS: [(StatusCode, &str); 5] = [
    (StatusCode::UNAUTHORIZED, "No key, or none that is known"),
    (StatusCode::FORBIDDEN, "The key lacks the scope"),
    (StatusCode::METHOD_NOT_ALLOWED, "Another method"),
    (
        StatusCode::TOO_MANY_REQUESTS,
        "More requests than the key is allowed",
    ),
    (
        StatusCode::SERVICE_UNAVAILABLE,
        "The server is going away, its store failed, or the platform is not configured for this",
    ),
];

/// Answers of endpoints that take a body.
const WITH_BODY: [(StatusCode, &str); 3] = [
    (StatusCode::BAD_REQUEST, "The body is no JSON"),
    (
        StatusCode::PAYLOAD_TOO_LARGE,
        "The body is larger than 1 MiB",
    ),
    (
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "The body is not application/json",
    ),
];

/// Answers of endpoints that take a value that can be wrong.
const UNPROCESSABLE: (StatusCode, &str) = (
    StatusCode::UNPROCESSABLE_ENTITY,
    "A field, header or parameter is not as it should be; the problem names it",
);

/// And of all, because a path may hold bytes that are no text.
const UNREADABLE: (StatusCode, &str) = (StatusCode::BAD_REQUEST, "The request cannot be read");

impl Modify for Common {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        env!("CARGO_PKG_VERSION").clone_into(&mut openapi.info.version);
        let key = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        openapi
            .components
            .get_or_insert_with(Components::default)
            .add_security_scheme("api_key", key);
        for item in openapi.paths.paths.values_mut() {
            let operations = [
                &mut item.get,
                &mut item.put,
                &mut item.post,
                &mut item.delete,
            ];
            for operation in operations.into_iter().flatten() {
                complete(operation);
            }
        }
    }
}

fn complete(operation: &mut Operation) {
    let with_body: &[_] = if operation.request_body.is_some() {
        &WITH_BODY
    } else {
        &[]
    };
    let shared = ALWAYS
        .iter()
        .chain(with_body)
        .chain([&UNPROCESSABLE, &UNREADABLE]);
    for (status, description) in shared {
        let status = status.as_u16().to_string();
        if operation.responses.responses.contains_key(&status) {
            continue;
        }
        let mut content = ContentBuilder::new();
        content = content.schema(Some(Ref::from_schema_name("Problem")));
        let mut response = ResponseBuilder::new()
            .description(*description)
            .content("application/problem+json", content.build());
        if status == "429" || status == "503" {
            response = response.header("Retry-After", seconds());
        }
        if status == "401" {
            let scheme = ObjectBuilder::new().schema_type(Type::String).build();
            response = response.header(
                "WWW-Authenticate",
                HeaderBuilder::new().schema(Some(scheme)).build(),
            );
        }
        operation
            .responses
            .responses
            .insert(status, response.build().into());
    }
}

fn seconds() -> utoipa::openapi::Header {
    let schema = ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(Some(1))
        .build();
    HeaderBuilder::new()
        .description(Some("Seconds until the next try"))
        .schema(Some(schema))
        .build()
}
