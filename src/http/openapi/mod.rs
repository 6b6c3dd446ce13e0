//! The description of the HTTP API (`OpenAPI` 3.1), made from the handlers themselves.

mod common;

use std::sync::OnceLock;

use axum::http::header;
use axum::response::{IntoResponse, Response};
use utoipa::openapi::{Info, License, OpenApi, OpenApiBuilder};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::blocking::App;
use super::document::JSON;
use super::{admin, routes};

/// What the public listener answers.
#[must_use]
pub fn public_part() -> OpenApi {
    let described = routes::public_routes().into_openapi();
    common::complete(base(), described, common::Listener::Public)
}

/// What the admin listener answers. The same paths work without the prefix `/admin`.
#[must_use]
pub fn admin_part() -> OpenApi {
    let below = OpenApiRouter::new().nest("/admin", admin::routes());
    let described = routes::metadata_routes().merge(below).into_openapi();
    common::complete(base(), described, common::Listener::Admin)
}

/// Both: the document that is published.
#[must_use]
pub fn whole() -> OpenApi {
    common::join(admin_part(), public_part())
}

/// The public listener's own route.
pub fn public_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(public_document))
}

/// The admin listener's own route.
pub fn admin_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(whole_document))
}

/// This document, as far as it is about this listener.
#[utoipa::path(
    get, path = "/openapi.json", operation_id = "getOpenApi", tag = "metadata",
    responses((status = 200, description = "OpenAPI 3.1.", body = Object))
)]
async fn public_document() -> Response {
    static TEXT: OnceLock<String> = OnceLock::new();
    answer(TEXT.get_or_init(|| text(&public_part())))
}

/// This document.
#[utoipa::path(
    get, path = "/openapi.json", operation_id = "getOpenApi", tag = "metadata",
    responses((status = 200, description = "OpenAPI 3.1.", body = Object))
)]
async fn whole_document() -> Response {
    static TEXT: OnceLock<String> = OnceLock::new();
    answer(TEXT.get_or_init(|| text(&whole())))
}

fn answer(text: &'static str) -> Response {
    ([(header::CONTENT_TYPE, JSON)], text).into_response()
}

/// The document as text, indented, with a newline at its end.
#[must_use]
pub fn text(document: &OpenApi) -> String {
    let mut text = document.to_pretty_json().unwrap_or_else(|error| {
        tracing::error!(%error, "the description of the API cannot be written");
        "{}".to_owned()
    });
    text.push('\n');
    text
}

fn base() -> OpenApi {
    let mut license = License::new("Apache-2.0");
    license.identifier = Some("Apache-2.0".to_owned());
    let mut info = Info::new("Doorward", env!("CARGO_PKG_VERSION"));
    info.description = Some(
        "An identity provider. Paths, documents and operation ids are those of Ory Kratos, so that \
         its clients work unchanged; what is below `/admin/doorward` is beyond it."
            .to_owned(),
    );
    info.license = Some(license);
    OpenApiBuilder::new().info(info).build()
}
