//! The identity schemas, which both listeners show to everybody.

use axum::extract::{OriginalUri, Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::blocking::App;
use super::document::Document;
use super::failure::Failure;
use super::paging::Counted;
use super::query::Query;
use crate::service::schemas;

/// Their routes.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(get))
}

/// A schema with its id.
#[derive(Serialize, ToSchema)]
#[schema(as = identitySchemaContainer)]
struct SchemaDocument<'a> {
    id: &'a str,
    #[schema(value_type = Object)]
    schema: &'a Value,
}

/// All schemas.
#[utoipa::path(
    get, path = "/schemas", operation_id = "listIdentitySchemas", tag = "identity",
    params(
        ("page_size" = Option<u64>, Query, description = "1 to 1000; 250 when nothing is said."),
        ("page_token" = Option<String>, Query, description = "From the Link header."),
        ("page" = Option<u64>, Query, description = "Counted from 0; for older clients."),
        ("per_page" = Option<u64>, Query, description = "With `page`: 1 to 1000.")
    ),
    responses((status = 200, description = "The schemas.", body = Vec<SchemaDocument>))
)]
async fn list(
    State(app): State<App>,
    OriginalUri(uri): OriginalUri,
    query: Query,
) -> Result<Response, Failure> {
    Ok(app
        .call(move |d| {
            let page = Counted::read(&query);
            let (found, total) = schemas::list(d, page.slice().offset, page.slice().limit.into());
            let shown: Vec<_> =
                found.map(|one| SchemaDocument { id: one.id(), schema: one.document() }).collect();
            (page.headers(&uri, total), Document::ok(shown)).into_response()
        })
        .await?)
}

/// One schema, as it was configured.
#[utoipa::path(
    get, path = "/schemas/{id}", operation_id = "getIdentitySchema", tag = "identity",
    params(("id" = String, Path, description = "The schema's id, plain or in base64url.")),
    responses(
        (status = 200, description = "The schema.", body = Object),
        (status = 404, description = "There is no such schema.")
    )
)]
async fn get(State(app): State<App>, Path(id): Path<String>) -> Result<Response, Failure> {
    app.call(move |d| {
        let decoded = URL_SAFE_NO_PAD.decode(id.trim_end_matches('=')).ok();
        let decoded = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
        let found = schemas::find(d, &id).or_else(|| schemas::find(d, &decoded?));
        let Some(schema) = found else {
            let id: String = id.chars().take(100).collect();
            return Err(Failure::new(StatusCode::NOT_FOUND)
                .reason(format!("Identity schema `{id}` could not be found.")));
        };
        Ok(Document::ok(schema.document()).into_response())
    })
    .await?
}
