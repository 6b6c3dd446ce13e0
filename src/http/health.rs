//! Whether the service lives, whether it can work, and what it is.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use super::blocking::App;
use crate::service;

/// The routes both listeners have.
pub fn routes(app: App) -> Router {
    Router::new()
        .route("/health/alive", get(alive))
        .route("/health/ready", get(ready))
        .route("/version", get(version))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .with_state(app)
}

/// The process answers.
async fn alive() -> Response {
    answer(StatusCode::OK, json!({"status": "ok"}))
}

/// The store can be read and written right now.
async fn ready(State(app): State<App>) -> Response {
    let problem = match app.call(service::health::ready).await {
        Ok(Ok(())) => return answer(StatusCode::OK, json!({"status": "ok"})),
        Ok(Err(error)) => {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            tracing::error!(%error, cause, "the store cannot be used");
            error.message().to_owned()
        }
        Err(error) => error.to_string(),
    };
    answer(StatusCode::SERVICE_UNAVAILABLE, json!({"errors": {"database": problem}}))
}

async fn version() -> Response {
    answer(StatusCode::OK, json!({"version": env!("CARGO_PKG_VERSION")}))
}

async fn not_found() -> Response {
    refused(StatusCode::NOT_FOUND, "The requested resource could not be found")
}

async fn method_not_allowed() -> Response {
    refused(StatusCode::METHOD_NOT_ALLOWED, "This resource does not have that method")
}

fn refused(status: StatusCode, message: &str) -> Response {
    let reason = status.canonical_reason().unwrap_or_default();
    answer(
        status,
        json!({"error": {"code": status.as_u16(), "status": reason, "message": message}}),
    )
}

fn answer(status: StatusCode, body: Value) -> Response {
    // The state of a moment: nobody may keep it.
    (status, [(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
}
