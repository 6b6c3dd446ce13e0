//! What went wrong in a browser, for the page it was sent to.

use axum::extract::State;
use serde_json::{Value, json};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use crate::http::blocking::App;
use crate::http::document::Document;
use crate::http::failure::Failure;
use crate::http::query::Query;
use crate::service::flow_errors;

/// The id of a sample that is always there, for whoever makes an error page.
const SAMPLE: &str = "stub:500";

/// The routes of errors.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(get))
}

/// An error that a browser was sent away with.
#[utoipa::path(
    get, path = "/self-service/errors", operation_id = "getFlowError", tag = "frontend",
    params(("id" = String, Query, description = "The error's id; `stub:500` is a sample.")),
    responses(
        (status = 200, description = "The error."),
        (status = 404, description = "There is no such error, or its time is over.")
    )
)]
async fn get(State(app): State<App>, query: Query) -> Result<Document, Failure> {
    let text = query.first("id").unwrap_or_default();
    if text == SAMPLE {
        return Ok(Document::ok(json!({"id": SAMPLE, "error": sample()})));
    }
    let id = Uuid::parse_str(text).map_err(|_| Failure::missing())?;
    let found = app.call(move |d| flow_errors::find(d, id)).await??;
    Ok(Document::ok(json!({
        "id": found.id,
        "error": found.error,
        "created_at": found.created_at,
        "updated_at": found.created_at,
    })))
}

fn sample() -> Value {
    json!({
        "code": 500,
        "status": "Internal Server Error",
        "reason": "This is a sample.",
        "message": "An internal server error occurred, please contact the system administrator",
    })
}
