//! Whether the service lives, whether it can work, and what it is.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::blocking::App;
use super::document::Document;
use super::failure::Failure;

/// The routes both listeners have.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(alive)).routes(routes!(ready)).routes(routes!(version))
}

/// Whether the process answers.
#[utoipa::path(
    get, path = "/health/alive", operation_id = "isAlive", tag = "metadata",
    responses((status = 200, description = "The process answers."))
)]
async fn alive() -> Document {
    Document::ok(json!({"status": "ok"}))
}

/// Whether the store can be read and written right now.
#[utoipa::path(
    get, path = "/health/ready", operation_id = "isReady", tag = "metadata",
    responses(
        (status = 200, description = "Everything that is needed works."),
        (status = 503, description = "Something does not; `errors` says what.")
    )
)]
async fn ready(State(app): State<App>) -> Document {
    match app.problem().await {
        None => Document::ok(json!({"status": "ok"})),
        Some(problem) => {
            let body = json!({"errors": {"database": problem}});
            Document(StatusCode::SERVICE_UNAVAILABLE, body)
        }
    }
}

/// Which release this is.
#[utoipa::path(
    get, path = "/version", operation_id = "getVersion", tag = "metadata",
    responses((status = 200, description = "The version."))
)]
async fn version() -> Document {
    Document::ok(json!({"version": env!("CARGO_PKG_VERSION")}))
}

/// No such route; not the envelope, by which clients tell a row that is not there.
pub(super) async fn not_found() -> Response {
    (StatusCode::NOT_FOUND, "404 page not found\n").into_response()
}

pub(super) async fn method_not_allowed() -> Failure {
    Failure::new(StatusCode::METHOD_NOT_ALLOWED).message("This resource does not have that method")
}
