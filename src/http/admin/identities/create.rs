//! Creating identities.

use axum::extract::{OriginalUri, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::{self, IdentityBody};
use crate::app::Deps;
use crate::http::asked::Asked;
use crate::http::blocking::App;
use crate::http::content::Content;
use crate::http::document::Document;
use crate::http::failure::Failure;
use crate::http::view::identity::{IdentityDocument, Show, identity};
use crate::service::identities;

/// The routes.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(post))
}

/// Creates an identity, with credentials from elsewhere if need be.
#[utoipa::path(
    post, path = "/identities", operation_id = "createIdentity", tag = "identity",
    request_body = IdentityBody,
    responses(
        (status = 201, description = "The identity.", body = IdentityDocument,
            headers(("Location" = String, description = "Where it is."))),
        (status = 400, description = "The request is malformed, or breaks the schema."),
        (status = 409, description = "Another identity has something that only one can have.")
    )
)]
async fn post(
    State(app): State<App>,
    asked: Asked,
    OriginalUri(uri): OriginalUri,
    content: Content,
) -> Result<Response, Failure> {
    let request = content.read_strictly::<IdentityBody>(&body::CREATE)?.create()?;
    let hashes = request.password.is_some();
    let job = move |d: &Deps| {
        let made = identities::create(d, &asked.admin(), request)?.identity;
        let place = format!("{}/{}", uri.path().trim_end_matches('/'), made.id);
        let base_url = d.options.base_url();
        let shown = identity(&base_url, d.clock.now(), &made, Show::Created);
        Ok(([(header::LOCATION, place)], Document(StatusCode::CREATED, shown)).into_response())
    };
    if hashes { app.hash(job).await? } else { app.call(job).await? }
}
