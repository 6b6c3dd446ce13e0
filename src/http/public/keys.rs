//! The keys with which others check what we sign.

use axum::extract::State;
use serde_json::Value;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::blocking::App;
use crate::http::document::Document;
use crate::http::failure::Failure;
use crate::service::sessions;

/// The route of the keys.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(get))
}

/// The public half of the key that signs tokens of sessions (RFC 7517).
#[utoipa::path(
    get, path = "/.well-known/jwks.json", operation_id = "discoverJsonWebKeys", tag = "wellknown",
    responses((status = 200, description = "A JSON Web Key Set."))
)]
async fn get(State(app): State<App>) -> Result<Document<Value>, Failure> {
    Ok(Document::ok(app.call(sessions::key_set).await??))
}
