//! The API's description for programs.

use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

use super::answer::{self, Keep};
use super::problem::Problem;
use super::{classify, images, reviewed, shelves, uploads};

/// The description: `OpenAPI` 3.1.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "lookbook",
        description = "A catalogue of clothing photos: shelves, photos, and what people say of them.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    paths(
        shelves::all,
        shelves::one,
        images::row_documentation,
        images::photo_documentation,
        images::review_documentation,
        classify::photo,
        uploads::ticket,
        uploads::take,
        reviewed::reviewed,
        reviewed::changes,
    ),
    modifiers(&Token),
)]
pub struct Description;

struct Token;

impl Modify for Token {
    fn modify(&self, api: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("The token whose SHA-256 is set"))
            .build();
        let parts = api.components.get_or_insert_default();
        parts.add_security_scheme("token", SecurityScheme::Http(scheme));
    }
}

pub(super) async fn document(asked: HeaderMap) -> Result<Response, Problem> {
    answer::json(&Description::openapi(), &asked, Keep::Ask.header(true))
}

/// What every answer says to browsers, whatever it is: only what is ours is loaded and run.
pub(super) const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; img-src 'self' data: blob: https:; style-src 'self'; script-src 'self'; \
     connect-src 'self' https:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
);
